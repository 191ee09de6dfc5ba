import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';

export interface CircuitLimits {
  /** Failures in a row that open the circuit. */
  readonly failures: number;
  /** How long the provider is then left alone. */
  readonly openMs: number;
}

/**
 * | state     | enter                          | succeeded | failed              | abandoned    |
 * |-----------|--------------------------------|-----------|---------------------|--------------|
 * | closed    | passes                         | failures 0| one more, may open  | –            |
 * | open      | throws; after its time: probe  | –         | –                   | –            |
 * | half-open | throws                         | probe: closed | probe: open     | probe: open, already over |
 *
 * What calls from before the opening report later changes nothing.
 */
export type CircuitState =
  | { readonly kind: 'closed'; readonly failures: number }
  | { readonly kind: 'open'; readonly untilMs: number }
  | { readonly kind: 'half-open' };

export interface Circuit {
  readonly state: CircuitState;
  /** Throws as `enter` would, and does nothing else: for those that have to wait before they enter. */
  check(): void;
  /** Throws `CIRCUIT_OPEN`. Whoever got in reports how it went by exactly one of the pass's last three. */
  enter(): Pass;
}

export interface Pass {
  /** Content came: enough for a probe, no proof for others. */
  answered(): void;
  succeeded(): void;
  failed(): void;
  /** It ended for a reason that says nothing of the provider. */
  abandoned(): void;
}

export function createCircuit(who: string, limits: CircuitLimits, clock: Clock): Circuit {
  let state: CircuitState = { kind: 'closed', failures: 0 };
  const open = (ms: number): CircuitState => ({ kind: 'open', untilMs: clock.now() + ms });

  const plain: Pass = {
    answered() {},
    succeeded() {
      if (state.kind === 'closed' && state.failures > 0) state = { kind: 'closed', failures: 0 };
    },
    failed() {
      if (state.kind !== 'closed') return;
      const failures = state.failures + 1;
      state = failures >= limits.failures ? open(limits.openMs) : { kind: 'closed', failures };
    },
    abandoned() {},
  };

  const probe = (): Pass => {
    let decided = false;
    const decide = (next: CircuitState): void => {
      if (!decided) state = next;
      decided = true;
    };
    return {
      answered: () => decide({ kind: 'closed', failures: 0 }),
      succeeded: () => (decided ? plain.succeeded() : decide({ kind: 'closed', failures: 0 })),
      failed: () => (decided ? plain.failed() : decide(open(limits.openMs))),
      abandoned: () => decide(open(0)),
    };
  };

  const check = (): void => {
    if (state.kind === 'closed') return;
    const leftMs = state.kind === 'open' ? state.untilMs - clock.now() : limits.openMs;
    if (leftMs <= 0) return;
    const message = `${who} failed ${limits.failures} times in a row and is left alone for a while. Try again in ${Math.ceil(leftMs)} ms.`;
    throw new OpenClawError('CIRCUIT_OPEN', message, { retryAfterMs: Math.ceil(leftMs) });
  };

  return {
    get state() {
      return state;
    },
    check,
    enter() {
      check();
      if (state.kind === 'closed') return plain;
      state = { kind: 'half-open' };
      return probe();
    },
  };
}
