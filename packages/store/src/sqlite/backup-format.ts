import { OpenClawError } from '@openclaw-runtime/protocol';

/**
 * A backup is one file: a line that names the format, a line of JSON, the database's bytes, and a line with the SHA-256 of all before it. So a copy that was
 * torn, or changed anywhere, is told from a whole one.
 */
export interface BackupHead {
  /** Of the database. */
  readonly bytes: number;
  /** The key file's text: run ids hang on it. */
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

const MAGIC = 'openclaw-backup 1\n';

/** Bytes of the last line. */
export const TRAILER_BYTES = 65;

/** Bytes in which the first two lines end. */
export const MAX_HEAD_BYTES = 1024;

export function encodeBackupHead(head: BackupHead): Buffer {
  return Buffer.from(`${MAGIC}${JSON.stringify(head)}\n`);
}

/** `start` is the file's first {@link MAX_HEAD_BYTES}, or all of it. Throws `BAD_REQUEST` for what is no backup, `DATA_DAMAGED` for one whose head is. */
export function parseBackupHead(start: Buffer): { readonly head: BackupHead; readonly length: number } {
  if (!start.subarray(0, MAGIC.length).equals(Buffer.from(MAGIC)))
    throw new OpenClawError('BAD_REQUEST', 'This file is no backup. Name one that claw backup wrote.');
  const end = start.indexOf('\n', MAGIC.length);
  try {
    const head = JSON.parse(start.subarray(MAGIC.length, end).toString()) as BackupHead;
    if (Number.isSafeInteger(head.bytes) && typeof head.key === 'string') return { head, length: end + 1 };
  } catch {
    // Said below, as for a head of another shape.
  }
  throw new OpenClawError('DATA_DAMAGED', 'The head of this backup is damaged. Use another copy.');
}
