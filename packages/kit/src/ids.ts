import type { Random } from './random.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** What {@link newId} and {@link encodeId} give, as the source of a regular expression. */
export const ID_PATTERN = '[A-Za-z0-9_-]{22}';

const ID = new RegExp(`^${ID_PATTERN}$`);

/** Whether it has the form of an id. */
export function isId(text: string): boolean {
  return ID.test(text);
}

/** 128 random bits as 22 characters that are safe in URLs and file names. */
export function newId(random: Random): string {
  return encodeId(random.bytes(16));
}

/** The first 16 bytes as 22 base64url characters. */
export function encodeId(bytes: Uint8Array): string {
  let out = '';
  for (let i = 0; i < 16; i += 3) {
    const word = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    out +=
      ALPHABET.charAt(word >>> 18) + ALPHABET.charAt((word >>> 12) & 63) + ALPHABET.charAt((word >>> 6) & 63) + ALPHABET.charAt(word & 63);
  }
  return out.slice(0, 22);
}
