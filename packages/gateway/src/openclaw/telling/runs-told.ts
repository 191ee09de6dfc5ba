import { SlotMap } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { type RunKey, runOf } from '@openclaw-runtime/store';
import type { GatewayContext } from '../../admission/options.ts';
import type { ShownApproval } from './approvals.ts';
import { type Listener, tellRun } from './tell-run.ts';
import { RunTeller } from './teller.ts';
import type { AboutRun, Shows, Told } from './told.ts';

/** The runs that one connection is told, side by side. */
export interface RunsTold {
  readonly count: number;
  tell(key: RunKey, about: AboutRun, from: number): void;
  readonly approvals: readonly ShownApproval[];
  /** Up to which record it knows a run; `undefined`: it is not told it. */
  reached(key: RunKey): number | undefined;
}

export interface RunsListener {
  room(): Promise<void>;
  hear(told: Told): void;
  /** The run's end was told. */
  ended(about: AboutRun): void;
  failed(about: AboutRun, error: unknown): void;
}

export function createRunsTold(context: GatewayContext, listener: RunsListener, shows: Shows, gone: AbortSignal): RunsTold {
  const tellers = new SlotMap<RunKey, RunTeller>();
  const told: Listener = { hear: (news) => listener.hear(news), room: () => listener.room() };
  return {
    get approvals() {
      return [...tellers.values()].flatMap(({ approvals }) => approvals);
    },
    get count() {
      return tellers.size;
    },
    tell(key, about, from) {
      if (tellers.has(key) || gone.aborted) return;
      const teller = new RunTeller(runOf(key), about, shows);
      tellers.set(key, teller);
      tellRun(context, key, teller, from, told, gone)
        .then(() => teller.outcome && !gone.aborted && listener.ended(about))
        .catch((error: unknown) => {
          // It was deleted while it was told: nobody is left to ask for it.
          if (!gone.aborted && !(error instanceof OpenClawError && error.code === 'NOT_FOUND')) listener.failed(about, error);
        })
        .finally(() => tellers.delete(key));
    },
    reached: (key) => tellers.get(key)?.seq,
  };
}
