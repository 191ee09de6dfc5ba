import type { Clock } from '@openclaw-runtime/kit';
import type { RunKey, Store } from '@openclaw-runtime/store';
import { Pace } from './pace.ts';

/** Runs that were created here and that nobody works on yet. */
export interface Backlog {
  /** It was just created. Runs of sessions are none of them: those wait for each other, not for the server. */
  born(key: RunKey): void;
  /** Milliseconds that a run begun now would wait, as those before it fared; 0 while hardly any wait. `hopes`: a pause was one, and is over. */
  waitMs(hopes: boolean): number;
  /** They wait for places, all of which are taken; else for whatever a run needs to begin: the processor, a thread, the disk. */
  readonly full: boolean;
  readonly waiting: number;
}

/** Fewer are no queue, however slowly they begin. */
const FEW = 128;
/** By then whoever asks for less than three quarters of what can be done has caught up. */
const MOST_BEHIND = 4;

export function createBacklog(clock: Clock, { runs, queue }: Pick<Store, 'runs' | 'queue'>): Backlog {
  let waiting = 0;
  /** When the last one began, or the first began to wait. */
  let movedAt = 0;
  const begun = new Pace();
  const placed = new Pace();
  const { line } = queue;
  let passed = line.passed;
  /** What was there before this process is no queue of those who come now, nor are they while they wait behind it. */
  const inherited = line.waiting;
  let isCatchingUp = inherited > 0;
  const before = passed;

  const look = (now: number): void => {
    placed.add(line.passed - passed, now);
    passed = line.passed;
    if (!isCatchingUp) return;
    const since = passed - before;
    isCatchingUp = since < inherited || (waiting >= FEW && since < inherited * MOST_BEHIND);
  };

  return {
    born(key) {
      const now = clock.now();
      if (waiting++ === 0) movedAt = now;
      look(now);
      let isWaiting = true;
      const begin = (): void => {
        if (!isWaiting) return;
        isWaiting = false;
        waiting--;
        movedAt = clock.now();
        begun.add(1, movedAt);
        unfollow();
      };
      const unfollow = runs.follow(key, begin);
      // It may have begun, or ended, before it was followed.
      const page = runs.read(key, Number.MAX_SAFE_INTEGER, 0);
      if (page instanceof Promise || page.head.seq > 1) begin();
      if (page instanceof Promise) page.catch(() => undefined);
    },
    waitMs(hopes) {
      if (waiting < FEW) return 0;
      const now = clock.now();
      look(now);
      if (isCatchingUp) return 0;
      return (line.waiting > 0 ? placed : begun).msFor(waiting, now, hopes) ?? now - movedAt;
    },
    get full() {
      return line.waiting > 0;
    },
    get waiting() {
      return waiting;
    },
  };
}
