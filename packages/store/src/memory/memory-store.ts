import { type Clock, type Random, systemClock, systemRandom } from '@openclaw-runtime/kit';
import type { Store } from '../contract/store.ts';
import { type EngineMeter, meteredPersister } from '../hall/engine-meter.ts';
import { createHall } from '../hall/hall.ts';
import { createMemoryPersister } from './memory-persister.ts';

export interface MemoryOptions {
  readonly clock?: Clock;
  readonly random?: Random;
  /** Hears what the engine does; absent: nothing is measured. */
  readonly meter?: EngineMeter;
}

/** The engine that keeps nothing: for tests, and for runs whose end nobody would miss. Logs stay in memory until it is closed. */
export function createMemoryStore({ clock = systemClock, random = systemRandom, meter }: MemoryOptions = {}): Store {
  const persister = createMemoryPersister();
  return createHall({
    persister: meter ? meteredPersister(persister, meter, clock) : persister,
    recovered: { runs: [], nextId: 1, firstId: 0, chars: 0, regressed: false, epoch: 1, found: [] },
    secret: random.bytes(32),
    clock,
    gap: { minMs: 0, maxMs: 0 },
    cacheChars: 2 * 1024 * 1024,
    maxAliveChars: Number.POSITIVE_INFINITY,
    meter,
  });
}
