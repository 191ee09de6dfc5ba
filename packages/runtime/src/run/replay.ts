import { applyRecord, decodeRecords, emptyFold, type RunFold, type RunRecord } from '@openclaw-runtime/protocol';
import type { RunKey, Store } from '@openclaw-runtime/store';
import { countAttempt, type Delivered, deliveredOf, type Meters, NO_ATTEMPTS } from './ladder.ts';

/** What an earlier owner left of a run. */
export interface Replay {
  readonly fold: RunFold;
  /** Ids of the commands that the log knows as accepted. */
  readonly accepted: ReadonlySet<string>;
  /** Id of the accepted cancellation that was not carried out. */
  readonly cancelled: string | undefined;
  /** The model that the last step began with. */
  readonly model: string | undefined;
  /** The meters of the last step. Dying counts as an attempt, so that a run which kills its process comes to an end. */
  readonly meters: Meters;
}

const PAGE_BYTES = 1024 * 1024;

export async function replayRun(store: Store, key: RunKey, seq: number): Promise<Replay> {
  const fold = emptyFold();
  const accepted = new Set<string>();
  let cancelled: string | undefined;
  let model: string | undefined;
  let meters = NO_ATTEMPTS;
  let before: Delivered = deliveredOf(undefined);

  const see = (record: RunRecord): void => {
    if (record.kind === 'step.resumed') {
      const now = deliveredOf(fold.steps.at(-1));
      meters = countAttempt(meters, record.data.by, before, now);
      before = now;
    } else if (record.kind === 'step.started') {
      ({ model } = record.data);
    } else if (record.kind === 'cancel.requested') {
      accepted.add(record.data.command);
      cancelled = record.data.command;
    } else if (record.kind === 'feedback.given') accepted.add(record.data.command);
    applyRecord(fold, record);
  };

  for (let after = 0; after < seq; ) {
    const { chunk } = await store.runs.read(key, after, PAGE_BYTES);
    if (!chunk) break;
    for (const record of decodeRecords(chunk.body, chunk.first)) see(record);
    after = chunk.first + chunk.count - 1;
  }
  return { fold, accepted, cancelled, model, meters: countAttempt(meters, 'continue', before, deliveredOf(fold.steps.at(-1))) };
}
