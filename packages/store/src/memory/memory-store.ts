import { type Clock, type Random, systemClock, systemRandom } from '@openclaw-runtime/kit';
import type { Store } from '../contract/store.ts';
import { createHall } from '../hall/hall.ts';
import { createMemoryPersister } from './memory-persister.ts';

export interface MemoryOptions {
  readonly clock?: Clock;
  readonly random?: Random;
}

/** The engine that keeps nothing: for tests, and for runs whose end nobody would miss. Logs stay in memory until it is closed. */
export function createMemoryStore({ clock = systemClock, random = systemRandom }: MemoryOptions = {}): Store {
  return createHall({
    persister: createMemoryPersister(),
    recovered: { runs: [], nextId: 1, firstId: 0, chars: 0, regressed: false, epoch: 1, found: [] },
    secret: random.bytes(32),
    clock,
    gap: { minMs: 0, maxMs: 0 },
    cacheChars: 2 * 1024 * 1024,
    maxAliveChars: Number.POSITIVE_INFINITY,
  });
}
