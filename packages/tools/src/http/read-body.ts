import { pipeline, Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { WebAnswer } from './port.ts';

export interface ReadBody {
  readonly bytes: Uint8Array;
  /** There was more. */
  readonly cut: boolean;
}

/** The first `maxBytes` of a body after decompression, which stops there: what a small body would grow to is never held. */
export async function readBody({ headers, body }: WebAnswer, maxBytes: number): Promise<ReadBody> {
  const chunks: Uint8Array[] = [];
  let left = maxBytes;
  for await (const chunk of decoded(body, headers['content-encoding'])) {
    if (chunk.length > left) {
      chunks.push(chunk.subarray(0, left));
      return { bytes: Buffer.concat(chunks), cut: true };
    }
    chunks.push(chunk);
    left -= chunk.length;
  }
  return { bytes: Buffer.concat(chunks), cut: false };
}

/** An encoding we did not ask for is left as it is. */
function decoded(body: AsyncIterable<Uint8Array>, encoding = 'identity'): AsyncIterable<Uint8Array> {
  const decoder = decoderOf(encoding.trim().toLowerCase());
  if (!decoder) return body;
  // Errors arrive at whoever reads: `pipeline` destroys both ends with them.
  return pipeline(Readable.from(body), decoder, () => {});
}

function decoderOf(encoding: string): ReturnType<typeof createGunzip> | undefined {
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip();
  if (encoding === 'deflate') return createInflate();
  if (encoding === 'br') return createBrotliDecompress();
  return undefined;
}
