import { crc32 } from 'node:zlib';
import { OpenClawError } from '@openclaw-runtime/protocol';

/** The checksum that stands in a row beside the fields it covers. */
export function sealOf(...fields: readonly (string | number)[]): number {
  return crc32(fields.join('\t'));
}

export function isDamage(error: unknown): boolean {
  return error instanceof OpenClawError && error.code === 'DATA_DAMAGED';
}

/** Whether SQLite or its driver could not make sense of what it read. */
export function isUnreadable(error: unknown): boolean {
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown };
  return code === 'ERR_OUT_OF_RANGE' || (typeof errcode === 'number' && UNREADABLE.has(errcode & 0xff));
}

/** SQLite's codes for pages that are none, and for values that are too long. */
const UNREADABLE: ReadonlySet<number> = new Set([11, 18]);

export function damaged(path: string, what: string): OpenClawError {
  return new OpenClawError(
    'DATA_DAMAGED',
    `${path}: ${what} failed its checksum. Nothing of it was given out; claw verify says what else is damaged, claw restore brings back a backup.`,
  );
}
