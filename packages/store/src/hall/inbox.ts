import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Command, Inbox, RunKey } from '../contract/store.ts';
import type { Committer } from './committer.ts';
import type { EngineMeter } from './engine-meter.ts';
import type { Entry } from './entry.ts';
import type { Leases } from './leases.ts';
import type { Persister } from './persister.ts';

export interface InboxHouse {
  readonly committer: Committer;
  readonly leases: Leases;
  readonly persister: Persister;
  readonly meter?: EngineMeter | undefined;
  /** The run, where it is in memory. */
  cached(key: RunKey): Entry | undefined;
  /** The same after whatever is under way; without an entry the run has ended. Rejects with `NOT_FOUND`. */
  find(key: RunKey): Promise<Entry | undefined>;
  /** Throws `NOT_FOUND` while the run is being erased. */
  check(key: RunKey): void;
}

/**
 * Commands to runs, against their ends: either the command is counted as incoming before the end is appended, and the owner waits for it; or the end is on its
 * way before the command is, and the command waits for the end.
 */
export function createInbox({ committer, leases, persister, meter, cached, find, check }: InboxHouse): Inbox {
  const accept = async (entry: Entry, command: Command, maxWaiting: number): Promise<{ readonly dup: boolean }> => {
    if (entry.commands.length + entry.incoming >= maxWaiting) {
      if (await persister.hasCommand(entry.key, command.id)) return { dup: true };
      throw tooMany(maxWaiting);
    }
    check(entry.key as RunKey);
    entry.incoming++;
    try {
      const applied = await committer.row({ op: 'command', key: entry.key, command });
      if (applied) {
        entry.commands.push(command);
        leases.command(entry, command);
      }
      return { dup: !applied };
    } finally {
      if (--entry.incoming === 0) hush(entry);
    }
  };

  return {
    async put(key, command, late = false, maxWaiting = Number.POSITIVE_INFINITY) {
      meter?.command?.(command.kind);
      const entry = cached(key) ?? (await find(key));
      if (entry && !entry.ending) return accept(entry, command, maxWaiting);
      if (entry && !entry.head.done) {
        committer.check();
        await ended(entry);
      }
      if (await persister.hasCommand(key, command.id)) return { dup: true };
      if (!late)
        throw new OpenClawError('RUN_FINISHED', 'The run has ended and takes no more commands. Start another in the same session.');
      check(key);
      const applied = await committer.row({ op: 'command', key, command, late: true });
      if (applied) leases.late(key, command);
      else {
        // It was put twice at once, or the run was deleted meanwhile, and perhaps made again.
        const found = await find(key);
        if (found && !found.ending) return accept(found, command, maxWaiting);
      }
      return { dup: !applied };
    },
  };
}

/** Resolves when the end that is on its way is durable; rejects when the disk is full, or the store has failed. */
function ended(entry: Entry): Promise<void> {
  return new Promise((resolve, reject) => (entry.waiters ??= []).push({ seq: entry.seq, hurried: true, resolve, reject }));
}

/** No command is on its way any more. */
function hush(entry: Entry): void {
  const waiting = entry.quiet ?? [];
  entry.quiet = undefined;
  for (const resolve of waiting) resolve();
}

function tooMany(maxWaiting: number): OpenClawError {
  const message = `${maxWaiting} commands wait to be handled by this run. Try again when it has answered some.`;
  return new OpenClawError('RATE_LIMITED', message, { retryAfterMs: 1_000 });
}
