import type { Clock } from '@openclaw-runtime/kit';

/**
 * How hard it is for the process to do what it does, from 0 (it is not) to 4. Each level gives up something: new work of nobody in particular, then new
 * sessions, then new runs, then all but what ends work or goes on with it.
 */
export type Level = 0 | 1 | 2 | 3 | 4;

export interface PressureOptions {
  readonly clock: Clock;
  /** The part of its memory that the process has, 0 to 1; absent: nobody looks. */
  readonly memory?: () => number;
  /** Once for each change. */
  onLevel?(level: Level, why: string): void;
}

export interface Pressure {
  readonly level: Level;
  stop(): void;
}

const TICK_MS = 20;
const MEMORY_MS = 500;
const MEMORY_STEPS = [0.7, 0.8, 0.9, 0.95] as const;
const LAG_STEPS = [50, 100, 200] as const;
/** A loop that came in time once in so many looks, or within so long, is under no pressure: pauses, bursts and a machine that others use too are not ours to shed for. */
const LOOKS = 10;
const SUSTAINED_MS = 3_000;
/** A level is left when its cause has been clearly below it for so long. */
const CALM_MS = 1_000;
const ABOVE = { memory: 1, lag: 1 };
const BELOW = { memory: 0.95, lag: 0.8 };

export function startPressure({ clock, memory, onLevel }: PressureOptions): Pressure {
  const lags = new Float64Array(LOOKS);
  let looks = 0;
  let share = 0;
  /** For each step, when the loop was last less late than that. */
  const fineAt = LAG_STEPS.map(() => clock.now());
  let level: Level = 0;
  let calmSince: number | undefined;
  let due = clock.now() + TICK_MS;
  let memoryAt = Number.NEGATIVE_INFINITY;
  let cancel: () => void = () => undefined;

  const judge = (now: number): void => {
    const steady = Math.min(...lags);
    const sustained = LAG_STEPS.filter((step, i) => steady >= step && now - (fineAt[i] as number) >= SUSTAINED_MS).at(-1) ?? 0;
    const above = levelOf(share, sustained, ABOVE);
    if (above > level) return change(above, steady);
    if (level === 0 || levelOf(share, steady, BELOW) >= level) {
      calmSince = undefined;
      return;
    }
    calmSince ??= now;
    if (now - calmSince >= CALM_MS) change(Math.max(above, level - 1) as Level, steady);
  };

  const change = (to: Level, steady: number): void => {
    if (to === level) return;
    level = to;
    calmSince = undefined;
    onLevel?.(to, `memory ${Math.round(share * 100)} %, event loop ${Math.round(steady)} ms late`);
  };

  const tick = (): void => {
    const now = clock.now();
    const lagMs = Math.max(now - due, 0);
    lags[looks++ % LOOKS] = lagMs;
    LAG_STEPS.forEach((step, i) => {
      if (lagMs < step) fineAt[i] = now;
    });
    if (memory && now - memoryAt >= MEMORY_MS) {
      memoryAt = now;
      share = memory();
    }
    judge(now);
    due = now + TICK_MS;
    cancel = clock.after(TICK_MS, tick);
  };
  cancel = clock.after(TICK_MS, tick);

  return {
    get level() {
      return level;
    },
    stop: () => cancel(),
  };
}

/** `scale`: below 1 the steps lie lower. */
function levelOf(share: number, lagMs: number, scale: typeof ABOVE): Level {
  const byMemory = MEMORY_STEPS.filter((step) => share >= step * scale.memory).length;
  const byLag = LAG_STEPS.filter((step) => lagMs >= step * scale.lag).length;
  return Math.max(byMemory, byLag) as Level;
}
