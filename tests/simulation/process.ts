import type { Clock } from '@openclaw-runtime/kit';
import type { Kernel } from './kernel.ts';

/** A process of the simulation. Once it is dead nothing wakes it: its timers, its sockets and its disk stay silent. */
export interface Process {
  readonly name: string;
  readonly alive: boolean;
  readonly clock: Clock;
  /** Calls `fn` unless the process is dead by then. */
  after(ms: number, fn: () => void): () => void;
  /** Called when it dies, in the order of their registration. */
  onDeath(fn: () => void): void;
  kill(): void;
}

/** 2026-01-01. */
const EPOCH_MS = 1_767_225_600_000;

/** `skewMs()` is how far its wall clock is off, now; clocks of people's machines jump. */
export function startProcess(kernel: Kernel, name: string, skewMs: () => number): Process {
  const born = kernel.now;
  const mourners: (() => void)[] = [];
  let alive = true;
  const after = (ms: number, fn: () => void): (() => void) =>
    kernel.after(ms, () => {
      if (alive) fn();
    });
  return {
    name,
    get alive() {
      return alive;
    },
    // Each process counts from its own start.
    clock: { now: () => kernel.now - born, wall: () => Math.floor(EPOCH_MS + kernel.now + skewMs()), after },
    after,
    onDeath: (fn) => void mourners.push(fn),
    kill() {
      if (!alive) return;
      alive = false;
      for (const fn of mourners) fn();
    },
  };
}
