import { sleep } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { RunKey } from '@openclaw-runtime/store';
import type { GatewayContext } from '../../admission/options.ts';
import { followRun } from '../../openai/reading/follow.ts';
import type { RunTeller } from './teller.ts';
import type { Told } from './told.ts';

/** Who listens to a run. */
export interface Listener {
  hear(told: Told): void;
  /** Resolves when it has taken enough of what it was told, or is gone. */
  room(): Promise<void>;
}

/** Bytes of a page, of which each run that is told holds one. */
const PAGE_BYTES = 64 * 1024;
/** An event says all that was said so far: so many characters a millisecond, and no more events than one each so many milliseconds. */
const CHARS_A_MS = 256;
const LEAST_MS = 25;
const MOST_MS = 2_000;

/**
 * Tells a run from its log, behind record `from`, to its end or until nobody listens. What comes while the listener takes nothing is told as one. Rejects with what
 * reading rejects with.
 */
export async function tellRun(
  context: GatewayContext,
  key: RunKey,
  teller: RunTeller,
  from: number,
  listener: Listener,
  gone: AbortSignal,
): Promise<void> {
  const paced: GatewayContext = { ...context, limits: { ...context.limits, feedBytes: PAGE_BYTES } };
  for (;;) {
    try {
      return await follow(paced, key, teller, from, listener, gone);
    } catch (error) {
      if (gone.aborted) return;
      if (!(error instanceof OpenClawError && error.code === 'STREAM_DISCONNECTED')) throw error;
      teller.reset();
    }
  }
}

async function follow(
  context: GatewayContext,
  key: RunKey,
  teller: RunTeller,
  from: number,
  listener: Listener,
  gone: AbortSignal,
): Promise<void> {
  for await (const piece of followRun(context, key, gone)) {
    if (piece.kind === 'silence') continue;
    if (piece.kind === 'fold') {
      teller.takeFold(piece.fold, piece.created);
      if (teller.seq <= from) teller.skip();
    } else
      for (const record of piece.records) {
        teller.take(record);
        if (record.seq === from) teller.skip();
      }
    // More of it is there already: one event may stand for all.
    if (teller.seq < piece.head.seq) continue;
    await listener.room();
    if (gone.aborted) return;
    for (const told of teller.tell()) listener.hear(told);
    if (!teller.outcome) await sleep(context.clock, Math.min(Math.max(teller.saidChars / CHARS_A_MS, LEAST_MS), MOST_MS), gone);
  }
}
