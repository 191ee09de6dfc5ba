import { type Clock, type Random, systemClock, systemRandom } from '@openclaw-runtime/kit';
import type { Snapshot, Store, Versioned } from '../contract/store.ts';
import { createHall } from '../hall/hall.ts';
import type { Persister, Row } from '../hall/persister.ts';

export interface MemoryOptions {
  readonly clock?: Clock;
  readonly random?: Random;
}

/** The engine that keeps nothing: for tests, and for runs whose end nobody would miss. Logs stay in memory until it is closed. */
export function createMemoryStore({ clock = systemClock, random = systemRandom }: MemoryOptions = {}): Store {
  return createHall({
    persister: createMemoryPersister(),
    recovered: { runs: [], nextId: 1, firstId: 0, chars: 0, regressed: false },
    secret: random.bytes(32),
    clock,
    gap: { minMs: 0, maxMs: 0 },
    cacheChars: Number.POSITIVE_INFINITY,
    maxAliveChars: Number.POSITIVE_INFINITY,
  });
}

function createMemoryPersister(): Persister {
  const commands = new Set<string>();
  const states = new Map<string, Versioned>();
  const snapshots = new Map<string, Snapshot>();

  const apply = (row: Row): boolean => {
    switch (row.op) {
      case 'command': {
        const name = `${row.key}\n${row.command.id}`;
        if (commands.has(name)) return false;
        commands.add(name);
        return true;
      }
      case 'state':
        if ((states.get(row.key)?.rev ?? 0) !== row.rev) return false;
        states.set(row.key, { value: row.value, rev: row.rev + 1 });
        return true;
      case 'snapshot':
        snapshots.set(row.key, row.snapshot);
        return true;
      case 'epoch':
        return true;
    }
  };

  return {
    loads: false,
    commit: (batch) => Promise.resolve({ ok: true, dups: [], applied: batch.rows.map(apply) }),
    load: () => Promise.resolve(undefined),
    snapshot: (key) => Promise.resolve(snapshots.get(key)),
    state: (key) => Promise.resolve(states.get(key)),
    hasCommand: (key, id) => Promise.resolve(commands.has(`${key}\n${id}`)),
    close: () => Promise.resolve(),
  };
}
