import { OpenClawError } from '@openclaw-runtime/protocol';

/** Those that belong to the connection, or say where a request came from. */
const OURS =
  /^(?:host|connection|keep-alive|content-length|transfer-encoding|te|trailer|upgrade|expect|accept-encoding|proxy-.*|sec-.*|forwarded|x-forwarded-.*|via)$/;
const NAME = /^[a-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]{0,8192}$/;

/** Headers as a model wrote them, with ours. Throws `TOOL_FAILED` naming the one that cannot be sent. */
export function parseHeaders(given: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const headers = new Map([
    ['user-agent', 'openclaw-runtime'],
    ['accept', '*/*'],
  ]);
  for (const [key, value] of Object.entries(given)) {
    const name = key.toLowerCase();
    if (!NAME.test(name) || !VALUE.test(value))
      throw new OpenClawError('TOOL_FAILED', `http.fetch: ${JSON.stringify(key).slice(0, 100)} is no header that can be sent.`);
    if (OURS.test(name)) throw new OpenClawError('TOOL_FAILED', `http.fetch: the header ${name} cannot be set.`);
    headers.set(name, value);
  }
  headers.set('accept-encoding', 'gzip, deflate, br');
  return Object.fromEntries(headers);
}
