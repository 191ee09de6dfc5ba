import { readFileSync } from 'node:fs';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Upkeep } from '../contract/store.ts';
import { type Frozen, openBackup } from './backup.ts';
import type { Rest } from './checkpoints.ts';
import { keyFileOf } from './key-file.ts';
import { runVerify } from './run-verify.ts';

export interface CopyingParts {
  /** The database's. */
  readonly path: string;
  /** Its file, open for reading as long as the database is: to close one descriptor of a file lets go of all locks that the process has on it. */
  readonly fd: number;
  wallMs(): number;
  freeze(): Promise<Rest>;
  thaw(rest: Rest): Promise<boolean>;
}

export interface Copying extends Pick<Upkeep, 'backup' | 'verify'> {
  /** Ends what is under way. */
  stop(): void;
}

/** Reads the database's file from outside, while its owner lets it rest: commits go on in its log meanwhile. */
export function createCopying(parts: CopyingParts): Copying {
  const stopping = new AbortController();
  const busy = new Set<'backup' | 'verify'>();

  const enter = (what: 'backup' | 'verify'): void => {
    stopping.signal.throwIfAborted();
    if (busy.has(what))
      throw new OpenClawError('RATE_LIMITED', `A ${what} is under way. Try again when it is done.`, { retryAfterMs: 5_000 });
    busy.add(what);
  };
  const freeze = async (what: 'backup' | 'verify'): Promise<Frozen> => {
    const rest = await parts.freeze();
    let thawed: Promise<boolean> | undefined;
    const thaw = (): Promise<boolean> => (thawed ??= parts.thaw(rest).finally(() => busy.delete(what)));
    return { bytes: rest.bytes, thaw };
  };

  return {
    async backup() {
      enter('backup');
      try {
        const key = readFileSync(keyFileOf(parts.path), 'utf8');
        return await openBackup({ fd: parts.fd, key, wallMs: parts.wallMs(), signal: stopping.signal, freeze: () => freeze('backup') });
      } catch (error) {
        busy.delete('backup');
        throw error;
      }
    },
    async verify({ signal, onProgress } = {}) {
      enter('verify');
      try {
        const frozen = await freeze('verify');
        const until = signal ? AbortSignal.any([signal, stopping.signal]) : stopping.signal;
        try {
          const report = await runVerify(parts.path, { isFrozen: true, signal: until, ...(onProgress ? { onProgress } : {}) });
          if (await frozen.thaw()) return report;
          throw new OpenClawError('RATE_LIMITED', 'So much came in that the verification was given up. Try again at a quieter time.');
        } finally {
          await frozen.thaw();
        }
      } finally {
        busy.delete('verify');
      }
    },
    stop: () => stopping.abort(new OpenClawError('SHUTTING_DOWN', 'The store is closed.')),
  };
}
