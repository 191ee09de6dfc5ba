import type { RunRecord } from '@openclaw-runtime/protocol';
import type { RunKey } from '@openclaw-runtime/store';
import type { GatewayContext } from '../../admission/options.ts';
import { readRun } from './follow.ts';

/** How much of what is already in a log stands: words that were superseded before anybody was told them need not be told. */
export interface Cuts {
  /** Characters of a step's text and thinking that survive what comes behind record `seq`; `attempts`: whether that record's attempt does. */
  of(step: number, seq: number): Cut;
}

export interface Cut {
  readonly text: number;
  readonly thinking: number;
  readonly isVoid: boolean;
}

interface Superseded {
  readonly seq: number;
  readonly keep: number;
  readonly keepThinking: number;
}

const NONE: Cut = { text: Number.POSITIVE_INFINITY, thinking: Number.POSITIVE_INFINITY, isVoid: false };
export const NO_CUTS: Cuts = { of: () => NONE };

/** What was superseded behind record `after`, as of now. */
export async function readCuts(context: Pick<GatewayContext, 'store' | 'limits'>, key: RunKey, after: number): Promise<Cuts> {
  const steps = new Map<number, Superseded[]>();
  for await (const piece of readRun(context, key)) {
    if (piece.kind !== 'records') continue;
    for (const record of piece.records) if (record.seq > after) note(steps, record);
  }
  if (steps.size === 0) return NO_CUTS;
  return {
    of(step, seq) {
      const later = steps.get(step)?.filter((each) => each.seq > seq) ?? [];
      if (later.length === 0) return NONE;
      return {
        text: Math.min(...later.map(({ keep }) => keep)),
        thinking: Math.min(...later.map(({ keepThinking }) => keepThinking)),
        isVoid: true,
      };
    },
  };
}

function note(steps: Map<number, Superseded[]>, { kind, seq, step, data }: RunRecord): void {
  if (kind !== 'step.started' || data.supersedes === undefined) return;
  const { keep = 0, keepThinking = 0 } = data;
  steps.set(step, [...(steps.get(step) ?? []), { seq, keep, keepThinking }]);
}
