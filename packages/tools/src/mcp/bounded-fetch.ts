import type { McpPorts } from './ports.ts';

/** Of one answer of the server, which may be a stream of events. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** Of what anybody else answers: descriptions, keys and tokens. */
const MAX_AUTH_BYTES = 1024 * 1024;

export interface BoundedFetch {
  readonly fetch: McpPorts['fetch'];
  /** The token that a request of ours went out with. */
  readonly sentWith: (response: Response) => string | undefined;
  /** The text without the tokens that were sent lately. */
  readonly hide: (text: string) => string;
}

/** How many tokens are remembered. */
const MAX_TOKENS = 8;
/** Shorter ones could be any word. */
const LEAST_CHARS = 8;

/**
 * A fetch for one server and whoever it names for logging in. Headers, their values asked for each time, go to the server's origin only; others are asked over
 * TLS, unless both are on this machine. A redirection to another origin fails, answers that never end are ended.
 */
export function createBoundedFetch(
  fetch: McpPorts['fetch'],
  server: URL,
  headers: () => Promise<Readonly<Record<string, string>>>,
): BoundedFetch {
  const tokens = new WeakMap<Response, string>();
  const sent = new Set<string>();
  return {
    hide: (text) => [...sent].reduce((rest, token) => rest.replaceAll(token, '[secret]'), text),
    sentWith: (response) => tokens.get(response),
    async fetch(url, init = {}) {
      const to = new URL(url);
      const own = to.origin === server.origin;
      if (!own && !isTrusted(to, server))
        throw new Error(`it names ${to.origin}, which is neither https nor on the machine that the server is on`);
      const all = new Headers(init.headers);
      for (const [name, value] of Object.entries(own ? await headers() : {})) if (!all.has(name)) all.set(name, value);
      const [, token] = /^Bearer (.+)$/.exec(all.get('authorization') ?? '') ?? [];
      if (token !== undefined && token.length >= LEAST_CHARS) remember(sent, token);
      const answer = bounded(
        checked(await fetch(url, { ...init, headers: all, redirect: 'manual' }), to),
        own ? MAX_ANSWER_BYTES : MAX_AUTH_BYTES,
      );
      if (token !== undefined) tokens.set(answer, token);
      return answer;
    },
  };
}

function remember(sent: Set<string>, token: string): void {
  sent.add(token);
  const [oldest] = sent;
  if (sent.size > MAX_TOKENS && oldest !== undefined) sent.delete(oldest);
}

function isTrusted(to: URL, server: URL): boolean {
  return to.protocol === 'https:' || (to.protocol === 'http:' && isLoopback(to) && isLoopback(server));
}

export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}

/** Whoever follows a redirection follows it within the origin, or from a host to its own TLS. */
function checked(answer: Response, from: URL): Response {
  const location = answer.status >= 300 && answer.status < 400 ? answer.headers.get('location') : null;
  if (location === null) return answer;
  const to = URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (to?.origin === from.origin) return answer;
  if (to?.protocol === 'https:' && from.protocol === 'http:' && to.hostname === from.hostname && to.port === '' && from.port === '')
    return answer;
  throw new Error(`${from.origin} points to ${to?.origin ?? 'somewhere'}, which is another origin and is not followed`);
}

function bounded(answer: Response, maxBytes: number): Response {
  if (!answer.body || (answer.status >= 300 && answer.status < 400)) return answer;
  const { status, statusText, headers } = answer;
  return new Response(answer.body.pipeThrough(limited(maxBytes)), { status, statusText, headers: [...headers] });
}

function limited(maxBytes: number): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let left = maxBytes;
  return new TransformStream({
    transform(chunk, controller) {
      left -= chunk.length;
      if (left < 0) controller.error(new Error(`the answer has more than ${maxBytes} bytes`));
      else controller.enqueue(chunk);
    },
  });
}
