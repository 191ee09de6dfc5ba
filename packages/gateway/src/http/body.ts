import type { IncomingMessage } from 'node:http';
import { LIMITS, OpenClawError, parseJson } from '@openclaw-runtime/protocol';

/** The request's body as JSON. Throws `TOO_LARGE` before it holds more than the limit, `BAD_FRAME` for what is not JSON in UTF-8. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const tooLarge = new OpenClawError('TOO_LARGE', `A body has at most ${LIMITS.maxBodyBytes} bytes.`);
  if (Number(request.headers['content-length'] ?? 0) > LIMITS.maxBodyBytes) throw tooLarge;
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of partsOf(request)) {
    bytes += part.length;
    if (bytes > LIMITS.maxBodyBytes) throw tooLarge;
    parts.push(part);
  }
  return parseJson(utf8(Buffer.concat(parts)));
}

/** Leaving early does not destroy the request: its connection still has to carry the answer. */
async function* partsOf(request: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  } catch (error) {
    throw new OpenClawError('BAD_FRAME', 'The body broke off.', { cause: error });
  }
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new OpenClawError('BAD_FRAME', 'The body is not UTF-8.', { cause: error });
  }
}
