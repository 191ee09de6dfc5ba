import { hash, timingSafeEqual } from 'node:crypto';
import type { Random } from '@openclaw-runtime/kit';

/*
 * `claw_<id>_<secret>_<checksum>`: 64 bits that name it, 256 that prove it, and 32 by which a program that looks for leaked secrets, or a slip of the pen, is told
 * from a key without asking anybody. Letters and digits only, so that a double click takes all of it.
 */
const FORM = /^(claw_([0-9A-Za-z]{11})_[0-9A-Za-z]{43})_([0-9A-Za-z]{6})$/;
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

export interface MadeKey {
  readonly id: string;
  /** Shown once, kept nowhere. */
  readonly text: string;
  readonly hash: string;
}

/** A key; with the id of one that there is, another secret for it. */
export function makeKey(random: Random, id = letters(random.bytes(8), 11)): MadeKey {
  const body = `claw_${id}_${letters(random.bytes(32), 43)}`;
  const text = `${body}_${checksumOf(body)}`;
  return { id, text, hash: hashOf(text) };
}

/** A text that nobody guesses, 256 bits. */
export function makeSecret(random: Random): string {
  return letters(random.bytes(32), 43);
}

/** The id in a key; `undefined` for what is none. */
export function keyIdOf(text: string): string | undefined {
  const [, body = '', id, checksum] = FORM.exec(text) ?? [];
  return id !== undefined && checksumOf(body) === checksum ? id : undefined;
}

/** sha256, as 43 characters: all that is kept of a secret. */
export function hashOf(text: string): string {
  return hash('sha256', text, 'base64url');
}

/** Whether two hashes are equal, in a time that depends on neither. */
export function sameHash(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

function checksumOf(body: string): string {
  return letters(hash('sha256', body, 'buffer').subarray(0, 4), 6);
}

function letters(bytes: Uint8Array, length: number): string {
  let rest = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  let out = '';
  while (out.length < length) {
    out = DIGITS.charAt(Number(rest % 62n)) + out;
    rest /= 62n;
  }
  return out;
}
