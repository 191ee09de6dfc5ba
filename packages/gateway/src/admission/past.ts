import { type Clock, sleep } from '@openclaw-runtime/kit';
import { decodeRecords, OpenClawError, type Payloads, type RunRecord } from '@openclaw-runtime/protocol';
import { type RunKey, runOf, type Store } from '@openclaw-runtime/store';

/** What of a run's log another run can share. */
export interface Past {
  readonly source: string;
  readonly request: Payloads['run.created'];
  readonly steps: readonly StepSpan[];
  /** The text of its first step. */
  readonly firstText: string;
  /** The last record before its end, or before it was told to end. */
  readonly last: number;
}

/** The records of one step. */
export interface StepSpan {
  readonly start: number;
  /** Of its first call of a tool. */
  calls?: number;
  /** Absent while it is open. */
  end?: number;
  /** Where the first of its calls was carried out, or a person was asked for that. */
  begun?: number;
  /** Of the last call's result; absent while the model waits for one. */
  told?: number;
}

const PAGE_BYTES = 256 * 1024;

/** Reads a whole log, a piece at a time. Rejects with `NOT_FOUND` where there is none, or not all of it any more. */
export async function readPast(store: Store, key: RunKey, clock: Clock): Promise<Past> {
  const source = runOf(key);
  const steps: StepSpan[] = [];
  let request: Payloads['run.created'] | undefined;
  let firstText = '';
  let last = 0;
  /** Calls of the last step that have no result. */
  let waiting = 0;

  /** `false` at what no other run shares. */
  const see = (record: RunRecord): boolean => {
    const { seq } = record;
    const step = steps.at(-1);
    if (record.kind === 'run.finished' || record.kind === 'cancel.requested') return false;
    if (record.kind === 'run.created') request = record.data;
    else if (record.kind === 'step.started') {
      const { supersedes, keep } = record.data;
      waiting = 0;
      if (supersedes === undefined) steps.push({ start: seq });
      else if (steps.length === 1) firstText = firstText.slice(0, keep);
    } else if (record.kind === 'text' && steps.length === 1) firstText += record.data;
    else if (record.kind === 'tool.called' && step) {
      step.calls ??= seq;
      waiting++;
    } else if (step && isAtWork(record)) step.begun ??= seq;
    else if (record.kind === 'tool.result' && step) {
      if (--waiting === 0) step.told = seq;
    } else if (record.kind === 'step.ended' && step) step.end = seq;
    last = seq;
    return true;
  };

  for (let isAll = false; !isAll; ) {
    const { head, chunk, snapshot } = await store.runs.read(key, last, PAGE_BYTES);
    if (snapshot)
      throw new OpenClawError('NOT_FOUND', `Records of run ${source} are gone: a summary stands for them. It cannot be forked any more.`);
    if (!chunk) break;
    isAll = !decodeRecords(chunk.body, chunk.first).every(see);
    // A log in memory is read at once, and others want to be served.
    if (!isAll && last < head.seq) await sleep(clock, 0);
  }
  if (!request) throw new OpenClawError('NOT_FOUND', `There is no run ${source}.`);
  return { source, request, steps, firstText, last };
}

/** A call is being carried out, or a person was asked whether it may be. */
function isAtWork(record: RunRecord): boolean {
  return record.kind === 'tool.started' || (record.kind === 'approval.asked' && record.data.about === 'tool');
}
