import { createChance } from './chance.ts';

/**
 * `safety`: anything breaks at any time, and what is said must be right. `liveness`: the same, then everything heals and all must come to its end soon.
 * `swizzle`: links are clogged one after another and unclogged in another order.
 */
export type Mode = 'safety' | 'liveness' | 'swizzle';

export interface Plan {
  readonly seed: number;
  readonly mode: Mode;
  readonly users: readonly UserPlan[];
  /** Of answers, at most. */
  readonly tokens: number;
  readonly gapMs: number;
  readonly latencyMs: readonly [number, number];
  readonly faults: readonly Fault[];
  /** No fault begins after that. */
  readonly healAtMs: number;
}

export interface UserPlan {
  readonly name: string;
  /** Takes each answer in one piece, when it is complete. */
  readonly hold: boolean;
  /** Of its own text; 0 is as it comes. */
  readonly paceMs: number;
  readonly asks: readonly Ask[];
}

/** One run that a user asks for, or another's that it looks at. */
export interface Ask {
  readonly atMs: number;
  readonly idem: string;
  readonly prompt: string;
  readonly model: 'vary' | 'prefix' | 'think';
  /** Absent: one without tools. */
  readonly agent?: 'handy';
  readonly operation?: 'count';
  readonly session?: string;
  readonly tokenInterval?: number;
  /** Sent this long after the run was acknowledged. */
  readonly commands: readonly PlannedCommand[];
  /** It is another's run: asked for with the same key and the same words. */
  readonly views: boolean;
}

export interface PlannedCommand {
  readonly afterMs: number;
  readonly kind: 'cancel' | 'feedback' | 'queue' | 'steer' | 'interrupt';
  readonly text: string;
}

export type Fault =
  | { readonly t: 'kill-server' | 'drain-server' | 'power-loss' | 'restore-older'; readonly atMs: number; readonly downMs: number }
  | { readonly t: 'kill-user'; readonly atMs: number; readonly user: string; readonly downMs: number }
  | { readonly t: 'cut'; readonly atMs: number; readonly user: string; readonly how: 'reset' | 'half-open' }
  | { readonly t: 'clog'; readonly atMs: number; readonly user: string; readonly forMs: number }
  | { readonly t: 'disk-full' | 'disk-slow' | 'provider-faulty'; readonly atMs: number; readonly forMs: number }
  | { readonly t: 'disk-fails' | 'compaction'; readonly atMs: number }
  | { readonly t: 'clock-jumps'; readonly atMs: number; readonly user: string; readonly byMs: number };

/** Everything that is chance about a schedule is decided here, so that faults can be left out one by one. */
export function planSchedule(seed: number, mode: Mode): Plan {
  const chance = createChance(seed * 3 + ['safety', 'liveness', 'swizzle'].indexOf(mode));
  const agents = chance.branch('agents');
  const spanMs = chance.pick([400, 1_500, 4_000]);
  const names = ['ann', 'bob', 'cyd'].slice(0, 1 + chance.below(3));
  const asks: Ask[] = [];
  const users = names.map((name): UserPlan => {
    const own = Array.from({ length: 1 + chance.below(2) }, (_, n): Ask => {
      const other = n === 0 && asks.length > 0 && chance.may(0.3) ? chance.pick(asks) : undefined;
      const atMs = chance.below(spanMs * 0.6);
      if (other) return { ...other, atMs, commands: [], views: true };
      return {
        atMs,
        idem: `${name}-${n}`,
        prompt: `${name} asks ${n}`,
        model: chance.pick(['vary', 'vary', 'prefix', 'think'] as const),
        ...(agents.may(0.25) ? { agent: 'handy' as const, ...(agents.may(0.3) ? { operation: 'count' as const } : {}) } : {}),
        ...(chance.may(0.35) ? { session: `s${chance.below(2)}` } : {}),
        ...(chance.may(0.5) ? { tokenInterval: chance.pick([0, 10, 100]) } : {}),
        commands: commandsOf(`${name}-${n}`),
        views: false,
      };
    });
    asks.push(...own.filter(({ views }) => !views));
    return { name, hold: chance.may(0.08), paceMs: chance.may(0.3) ? 30 : 0, asks: own };
  });

  function commandsOf(to: string): PlannedCommand[] {
    if (!chance.may(0.4)) return [];
    return Array.from({ length: 1 + chance.below(3) }, (_, n) => ({
      afterMs: chance.below(600),
      kind: chance.pick(['cancel', 'feedback', 'queue', 'steer', 'interrupt', 'queue'] as const),
      text: `word ${n} to ${to}`,
    }));
  }

  const faults = mode === 'swizzle' ? swizzle() : mixed();
  function mixed(): Fault[] {
    return Array.from({ length: chance.below(7) }, (): Fault => {
      const atMs = chance.below(spanMs);
      const user = chance.pick(names);
      const downMs = 20 + chance.below(chance.may(0.2) ? 3_000 : 200);
      const forMs = 20 + chance.below(chance.may(0.2) ? 3_000 : 400);
      const roll = chance.below(100);
      if (roll < 24) return { t: 'kill-server', atMs, downMs };
      if (roll < 30) return { t: 'drain-server', atMs, downMs };
      if (roll < 38) return { t: 'power-loss', atMs, downMs };
      if (roll < 42) return { t: 'restore-older', atMs, downMs };
      if (roll < 54) return { t: 'kill-user', atMs, user, downMs };
      if (roll < 66) return { t: 'cut', atMs, user, how: chance.pick(['reset', 'half-open']) };
      if (roll < 74) return { t: 'clog', atMs, user, forMs };
      if (roll < 78) return { t: 'disk-full', atMs, forMs };
      if (roll < 83) return { t: 'disk-slow', atMs, forMs };
      if (roll < 86) return { t: 'disk-fails', atMs };
      if (roll < 92) return { t: 'provider-faulty', atMs, forMs };
      if (roll < 97) return { t: 'compaction', atMs };
      return {
        t: 'clock-jumps',
        atMs,
        user: chance.pick([...names, 'server']),
        byMs: chance.pick([3_600_000, -3_600_000, 315_360_000_000]),
      };
    });
  }

  /** Clogs a part of the links one after another, and unclogs them in another order: messages of before and after meet. */
  function swizzle(): Fault[] {
    const rounds = 1 + chance.below(3);
    return Array.from({ length: rounds }).flatMap((_, round): Fault[] => {
      const from = (spanMs * round) / rounds;
      const ends = names.map(() => from + chance.below(spanMs / rounds + 400));
      const clogs = names.map((user, i): Fault => {
        const atMs = Math.floor(from + chance.below(100) * (i + 1));
        return { t: 'clog', user, atMs, forMs: Math.max(5, Math.floor((ends[i] as number) - atMs)) };
      });
      const killed: Fault[] = chance.may(0.5) ? [{ t: 'kill-server', atMs: Math.floor(from + chance.below(400)), downMs: 50 }] : [];
      return [...clogs, ...killed];
    });
  }

  return {
    seed,
    mode,
    users,
    ...(chance.may(0.04) ? { tokens: 1_200, gapMs: 1 } : { tokens: chance.pick([6, 20, 60]), gapMs: chance.pick([2, 10, 40]) }),
    latencyMs: chance.pick([
      [0.1, 1],
      [1, 10],
      [5, 80],
    ] as const),
    faults: faults.sort((a, b) => a.atMs - b.atMs),
    healAtMs: spanMs + 500,
  };
}
