import { crc32 } from 'node:zlib';
import { OpenClawError } from '@openclaw-runtime/protocol';

/** The checksum that stands in a row beside the fields it covers. */
export function sealOf(...fields: readonly (string | number)[]): number {
  return crc32(fields.join('\t'));
}

export function isDamage(error: unknown): boolean {
  return error instanceof OpenClawError && error.code === 'DATA_DAMAGED';
}

export function damaged(path: string, what: string): OpenClawError {
  return new OpenClawError(
    'DATA_DAMAGED',
    `${path}: ${what} failed its checksum. Nothing of it was given out; claw verify says what else is damaged, claw restore brings back a backup.`,
  );
}
