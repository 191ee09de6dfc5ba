import type { Fetched } from './follow.ts';
import type { ReadBody } from './read-body.ts';

const SHOWN: readonly string[] = ['content-type', 'location', 'last-modified', 'etag', 'retry-after', 'link', 'allow'];

/** What a model is told of an answer: the status, where it came from, a few headers, the text. */
export function tellAnswer({ status, url, headers }: Fetched, body: ReadBody): string {
  const head = SHOWN.flatMap((name) => (headers[name] === undefined ? [] : [`${name}: ${headers[name].slice(0, 1_000)}`]));
  return [`${status} ${url.href}`, ...head, '', textOf(body, headers['content-type'] ?? '')].join('\n');
}

function textOf({ bytes, cut }: ReadBody, contentType: string): string {
  if (isBinary(bytes, contentType)) return `[${cut ? 'more than ' : ''}${bytes.length} bytes that are no text]`;
  const text = decoderOf(contentType).decode(bytes);
  return cut ? `${text}\n[cut: the first ${bytes.length} bytes are shown]` : text;
}

function isBinary(bytes: Uint8Array, contentType: string): boolean {
  if (/^(?:image|audio|video|font)\/(?!svg)/i.test(contentType)) return true;
  return !/utf-16/i.test(contentType) && bytes.subarray(0, 1_024).includes(0);
}

function decoderOf(contentType: string): TextDecoder {
  const [, charset = 'utf-8'] = /charset=["']?([\w-]{1,40})/i.exec(contentType) ?? [];
  try {
    return new TextDecoder(charset);
  } catch {
    return new TextDecoder();
  }
}
