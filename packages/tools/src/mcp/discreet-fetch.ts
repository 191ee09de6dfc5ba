import type { McpPorts } from './ports.ts';

/** Of a request for a token, what nobody but the authorization server should read. */
const SECRETS = ['refresh_token', 'client_secret', 'client_assertion', 'assertion', 'subject_token', 'code', 'code_verifier'];
const LEAST_CHARS = 8;

/** A fetch whose answers that are errors, which others print, say nothing secret of the request back. */
export function discreetFetch(fetch: McpPorts['fetch']): McpPorts['fetch'] {
  return async (url, init = {}) => {
    const answer = await fetch(url, init);
    const secrets = answer.status < 400 ? [] : secretsOf(init);
    if (secrets.length === 0) return answer;
    let text = await answer.text();
    for (const secret of secrets) text = text.replaceAll(secret, '[secret]');
    const { status, statusText, headers } = answer;
    return new Response(text, { status, statusText, headers: [...headers].filter(([name]) => name !== 'content-length') });
  };
}

/** Each as it is, as JSON has it and as a form has it. */
function secretsOf({ body, headers }: RequestInit): readonly string[] {
  const params = new URLSearchParams(typeof body === 'string' || body instanceof URLSearchParams ? body : '');
  const [, basic = ''] = /^Basic (.+)$/.exec(new Headers(headers).get('authorization') ?? '') ?? [];
  const pair = Buffer.from(basic, 'base64').toString();
  const password = pair.slice(pair.indexOf(':') + 1);
  const values = [...SECRETS.map((name) => params.get(name) ?? ''), basic, password].filter((value) => value.length >= LEAST_CHARS);
  return [...new Set(values.flatMap((value) => [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value)]))];
}
