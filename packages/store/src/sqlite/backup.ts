import { createHash } from 'node:crypto';
import { read } from 'node:fs';
import { promisify } from 'node:util';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Backup } from '../contract/store.ts';
import { encodeBackupHead, TRAILER_BYTES } from './backup-format.ts';

/** The database's file at rest: commits go into the write-ahead log, and stay there until it is let go. */
export interface Frozen {
  readonly bytes: number;
  /** Lets go of the file. `false` when that had to be done before, since the log had grown too long. */
  thaw(): Promise<boolean>;
}

export interface BackupSource {
  /** The database's file, open for reading. */
  readonly fd: number;
  /** The key file's text. */
  readonly key: string;
  readonly wallMs: number;
  readonly signal: AbortSignal;
  freeze(): Promise<Frozen>;
}

const PART_BYTES = 256 * 1024;
const readAt = promisify(read);

/** A copy of the file as it is now, while commits go on: no commit waits for it, and nothing is written but what is given out. */
export async function openBackup({ fd, key, wallMs, signal, freeze }: BackupSource): Promise<Backup> {
  const frozen = await freeze();
  const head = encodeBackupHead({ bytes: frozen.bytes, key, at: wallMs });

  async function* parts(): AsyncGenerator<Uint8Array, void, undefined> {
    const sum = createHash('sha256');
    let isAtRest = true;
    try {
      sum.update(head);
      yield head;
      for (let at = 0; at < frozen.bytes; ) {
        signal.throwIfAborted();
        const { bytesRead, buffer } = await readAt(fd, Buffer.allocUnsafe(PART_BYTES), 0, Math.min(PART_BYTES, frozen.bytes - at), at);
        if (bytesRead === 0) throw new OpenClawError('STORE_FAILED', 'The database became shorter while it was copied.');
        const part = buffer.subarray(0, bytesRead);
        sum.update(part);
        at += bytesRead;
        yield part;
      }
    } finally {
      isAtRest = await frozen.thaw();
    }
    if (!isAtRest) throw tooSlow();
    yield Buffer.from(`${sum.digest('hex')}\n`);
  }

  return { bytes: head.length + frozen.bytes + TRAILER_BYTES, parts: parts(), cancel: async () => void (await frozen.thaw()) };
}

function tooSlow(): OpenClawError {
  return new OpenClawError(
    'RATE_LIMITED',
    'The backup was read more slowly than new data came, and was given up. Try again at a quieter time.',
  );
}
