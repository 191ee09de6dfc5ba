import type { Clock } from '@openclaw-runtime/kit';
import type { Peer } from './peer.ts';

/** Reads a peer more slowly that says more than it may. */
export interface Holding {
  hold(ms: number): void;
  /** Goes on reading, unless it is held. */
  resume(): void;
}

const MOST_MS = 10_000;

export function createHolding(clock: Clock, peer: Pick<Peer, 'pause' | 'resume'>): Holding {
  let until = Number.NEGATIVE_INFINITY;
  const resume = (): void => {
    if (clock.now() >= until) peer.resume();
  };
  return {
    hold(ms) {
      if (ms <= 0) return;
      const forMs = Math.min(ms, MOST_MS);
      until = clock.now() + forMs;
      peer.pause();
      clock.after(forMs, resume);
    },
    resume,
  };
}
