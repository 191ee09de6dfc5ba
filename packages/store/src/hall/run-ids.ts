import { hash } from 'node:crypto';
import { encodeId } from '@openclaw-runtime/kit';

/** Of SHA-256, in bytes. */
const BLOCK = 64;
const DIGEST = 32;

/**
 * The ids of runs that are known by a key of their caller: HMAC-SHA-256 of tenant and key, so that nobody can guess the id of another tenant's run. `secret`: at most 64
 * bytes. Out of two one-shot hashes, since an `Hmac` object for each costs three times as much.
 */
export function createRunIds(secret: Uint8Array): (tenant: string, idempotencyKey: string) => string {
  if (secret.length > BLOCK) throw new RangeError(`the secret of run ids has ${secret.length} bytes, at most ${BLOCK} are allowed`);
  let inner = padded(secret, 0x36, 1024);
  const outer = padded(secret, 0x5c, DIGEST);
  const digest = Buffer.alloc(DIGEST);
  return (tenant, idempotencyKey) => {
    const text = `${tenant}\n${idempotencyKey}`;
    if (text.length * 3 > inner.length - BLOCK) inner = padded(secret, 0x36, text.length * 3);
    const end = BLOCK + inner.write(text, BLOCK);
    outer.write(hash('sha256', inner.subarray(0, end), 'latin1'), BLOCK, 'latin1');
    digest.write(hash('sha256', outer, 'latin1'), 'latin1');
    return encodeId(digest);
  };
}

function padded(secret: Uint8Array, pad: number, room: number): Buffer {
  const bytes = Buffer.alloc(BLOCK + room, 0);
  for (let i = 0; i < BLOCK; i++) bytes[i] = pad ^ (secret[i] ?? 0);
  return bytes;
}
