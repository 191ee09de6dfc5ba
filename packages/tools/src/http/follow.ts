import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Web, WebAnswer } from './port.ts';
import { addressesOf, type HttpRules, parseTarget } from './rules.ts';

const MAX_REDIRECTS = 5;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** What another origin is told too. The rest may say who asks, under whatever name: it is for the origin that it was given for. */
const HARMLESS: readonly string[] = ['accept', 'accept-encoding', 'accept-language', 'content-type', 'range', 'user-agent'];

export interface Wanted {
  readonly method: string;
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Fetched extends WebAnswer {
  /** After redirects. */
  readonly url: URL;
}

/** Sends a request and goes after redirects; each hop is judged like the first. */
export async function follow(wanted: Wanted, rules: HttpRules, web: Web, signal: AbortSignal): Promise<Fetched> {
  let { method, body, headers } = wanted;
  let url = parseTarget(wanted.url, rules);
  for (let redirects = 0; ; redirects++) {
    const addresses = await addressesOf(url, rules, web);
    signal.throwIfAborted();
    const answer = await web.send({ method, url, addresses, headers, signal, ...(body === undefined ? {} : { body }) });
    const location = REDIRECTS.includes(answer.status) ? answer.headers.location : undefined;
    if (location === undefined) return { ...answer, url };
    await answer.close();
    if (redirects === MAX_REDIRECTS) throw new OpenClawError('TOOL_FAILED', `http.fetch: more than ${MAX_REDIRECTS} redirects.`);
    const next = parseTarget(location, rules, url);
    if (next.origin !== url.origin) headers = chosen(headers, (name) => HARMLESS.includes(name));
    if (answer.status === 303 ? method !== 'HEAD' : answer.status <= 302 && method === 'POST') {
      method = 'GET';
      body = undefined;
      headers = chosen(headers, (name) => name !== 'content-type');
    }
    url = next;
  }
}

function chosen(headers: Readonly<Record<string, string>>, stays: (name: string) => boolean): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => stays(name)));
}
