/** What the workload says between its writes: what it hands to the store, before it does, and what the store acknowledged, when it has. */
export type Mark =
  | { readonly t: 'opened'; readonly runId: string }
  | { readonly t: 'leased'; readonly key: string; readonly seq: number; readonly epoch: number }
  /** Records `first`, `first + 1`, … */
  | { readonly t: 'sent'; readonly key: string; readonly first: number; readonly records: readonly string[] }
  | { readonly t: 'durable'; readonly key: string; readonly seq: number; readonly epoch: number; readonly how: 'process' | 'disk' }
  | { readonly t: 'ended'; readonly key: string }
  | { readonly t: 'epoch'; readonly key: string; readonly epoch: number }
  | { readonly t: 'state sent'; readonly key: string; readonly rev: number; readonly value: string }
  | { readonly t: 'state'; readonly key: string; readonly rev: number }
  | { readonly t: 'command sent' | 'command'; readonly key: string; readonly id: string }
  | { readonly t: 'replay sent'; readonly key: string; readonly replay: string }
  /** The store said that it can write no more; or a call was refused. */
  | { readonly t: 'failed'; readonly code: string }
  | { readonly t: 'closed' };

/** What was promised about one run. */
export interface RunPromise {
  /** Every record that was handed over, by seq - 1. */
  readonly sent: string[];
  diskSeq: number;
  /** The last seq that was acknowledged at all, and the epoch it was acknowledged in. */
  seenSeq: number;
  epoch: number;
  ended: boolean;
  readonly commands: Set<string>;
  /** What its owner saved of itself. */
  readonly replays: Set<string>;
}

export interface Promises {
  runId: string | undefined;
  readonly runs: Map<string, RunPromise>;
  /** Values handed over by revision, and the revision that was acknowledged. */
  readonly states: Map<string, { readonly sent: Map<number, string>; rev: number }>;
  /** Acknowledgements after the store had said that it failed. */
  readonly afterFailure: Mark[];
  failed: string | undefined;
}

export function noPromises(): Promises {
  return { runId: undefined, runs: new Map(), states: new Map(), afterFailure: [], failed: undefined };
}

/** Takes one mark into account. */
export function heed(promises: Promises, mark: Mark): void {
  const acknowledges = mark.t === 'durable' || mark.t === 'ended' || mark.t === 'state' || mark.t === 'command' || mark.t === 'epoch';
  if (promises.failed !== undefined && acknowledges) promises.afterFailure.push(mark);
  switch (mark.t) {
    case 'opened':
      promises.runId ??= mark.runId;
      promises.failed = undefined;
      return;
    case 'leased': {
      const run = runOf(promises, mark.key);
      run.sent.length = Math.min(run.sent.length, mark.seq);
      run.epoch = Math.max(run.epoch, mark.epoch);
      return;
    }
    case 'sent': {
      const { sent } = runOf(promises, mark.key);
      sent.length = mark.first - 1;
      sent.push(...mark.records);
      return;
    }
    case 'durable': {
      const run = runOf(promises, mark.key);
      run.seenSeq = Math.max(run.seenSeq, mark.seq);
      run.epoch = Math.max(run.epoch, mark.epoch);
      if (mark.how === 'disk') run.diskSeq = Math.max(run.diskSeq, mark.seq);
      return;
    }
    case 'ended':
      runOf(promises, mark.key).ended = true;
      return;
    case 'epoch':
      runOf(promises, mark.key).epoch = mark.epoch;
      return;
    case 'state sent':
      stateOf(promises, mark.key).sent.set(mark.rev, mark.value);
      return;
    case 'state':
      stateOf(promises, mark.key).rev = mark.rev;
      return;
    case 'command':
      runOf(promises, mark.key).commands.add(mark.id);
      return;
    case 'replay sent':
      runOf(promises, mark.key).replays.add(mark.replay);
      return;
    case 'failed':
      promises.failed = mark.code;
      return;
    case 'command sent':
    case 'closed':
      return;
  }
}

function runOf(promises: Promises, key: string): RunPromise {
  const known = promises.runs.get(key);
  if (known) return known;
  const run: RunPromise = { sent: [], diskSeq: 0, seenSeq: 0, epoch: 1, ended: false, commands: new Set(), replays: new Set() };
  promises.runs.set(key, run);
  return run;
}

function stateOf(promises: Promises, key: string): { readonly sent: Map<number, string>; rev: number } {
  const known = promises.states.get(key);
  if (known) return known;
  const state = { sent: new Map<number, string>(), rev: 0 };
  promises.states.set(key, state);
  return state;
}
