import type { OpenClawClient, Run, RunItem, RunResult, SavedRun } from '@openclaw-runtime/client';
import { NO_USAGE, OpenClawError } from '@openclaw-runtime/protocol';
import { describe, expect, test } from 'vitest';
import { follow } from '../src/agent/follow.ts';
import { lastRun, latestSnapshot } from '../src/agent/snapshots.ts';
import type { Server } from '../src/house/server.ts';
import { createManualClock } from './manual-clock.ts';

const RUN = 'r'.repeat(22);
const lost = (): OpenClawError => new OpenClawError('STREAM_DISCONNECTED', 'It is gone.');
const item = (seq: number, kind = 'text', data: unknown = 'x'): RunItem => ({ kind, seq, step: 1, attempt: 1, data }) as RunItem;

interface Course {
  readonly items: readonly RunItem[];
  /** What it ends with; absent: it goes on until it is cancelled. */
  readonly end?: 'completed' | OpenClawError;
}

interface Seen {
  readonly attached: (string | SavedRun)[];
  cancelled: number;
  detached: number;
}

function fakeRun({ items, end }: Course, seen: Seen): Run {
  const over = Promise.withResolvers<RunResult>();
  over.promise.catch(() => undefined);
  let seq = 0;
  const finish = (status: RunResult['status']): void => over.resolve({ status, text: 'said', usage: NO_USAGE } as unknown as RunResult);
  if (end instanceof OpenClawError) over.reject(end);
  else if (end) finish(end);
  return {
    id: RUN,
    started: Promise.resolve(RUN),
    save: () => (seq > 0 ? { run: RUN, epoch: 1, seq } : undefined),
    result: () => over.promise,
    async cancel() {
      seen.cancelled++;
      finish('cancelled');
    },
    detach() {
      seen.detached++;
      over.reject(lost());
    },
    async *[Symbol.asyncIterator]() {
      for (const one of items) {
        seq = one.seq;
        yield one;
      }
      await over.promise;
    },
  } as unknown as Run;
}

/** A server whose client follows these courses, one after the other. */
function fakeServer(courses: readonly Course[]) {
  const clock = createManualClock();
  const seen: Seen = { attached: [], cancelled: 0, detached: 0 };
  const left = [...courses];
  const next = (): Run => fakeRun(left.shift() ?? { items: [], end: lost() }, seen);
  const client = {
    run: next,
    attach(from: string | SavedRun) {
      seen.attached.push(from);
      return next();
    },
  } as unknown as OpenClawClient;
  const server = { ports: { clock, decode: JSON.parse }, client: async () => client } as unknown as Server;
  let losses = 0;
  const house = { reach: async () => server, lost: () => void losses++ };
  const items: number[] = [];
  const start = (timeoutMs?: number) =>
    follow((at) => at.run({ input: 'x' }), {
      house,
      streaming: true,
      timeoutMs,
      see: ({ seq }) => items.push(seq),
      late: (run) => new OpenClawError('AGENT_HUNG', `Run ${run} is late.`),
    });
  return { clock, seen, server, items, start, losses: () => losses };
}

describe('a run that is followed', () => {
  test('goes on after the loss of its server from where it was, and each record is seen once', async () => {
    const at = fakeServer([
      { items: [item(1), item(2)], end: lost() },
      { items: [item(3)], end: 'completed' },
    ]);
    expect(await at.start()).toMatchObject({ run: RUN, status: 'completed', text: 'said' });
    expect(at.items).toEqual([1, 2, 3]);
    expect(at.seen.attached).toEqual([{ run: RUN, epoch: 1, seq: 2 }]);
    expect(at.losses()).toBe(1);
  });

  test('is begun again where it was never answered for, and given up after ten servers that told nothing', async () => {
    const at = fakeServer([
      { items: [], end: lost() },
      { items: [item(1)], end: 'completed' },
    ]);
    expect(await at.start()).toMatchObject({ status: 'completed' });
    expect(at.seen.attached).toEqual([]);
    const never = fakeServer([]);
    await expect(never.start()).rejects.toMatchObject({ code: 'STREAM_DISCONNECTED' });
    expect(never.losses()).toBe(10);
  });

  test('an error of another kind is its own', async () => {
    const at = fakeServer([{ items: [], end: new OpenClawError('NOT_FOUND', 'No such agent.') }]);
    await expect(at.start()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(at.losses()).toBe(0);
  });

  test('is cancelled when its time is over, and the error is that of being late', async () => {
    const at = fakeServer([{ items: [item(1)] }]);
    const ended = expect(at.start(1_000)).rejects.toMatchObject({ code: 'AGENT_HUNG', message: `Run ${RUN} is late.` });
    await at.clock.pass(999);
    expect(at.seen.cancelled).toBe(0);
    await at.clock.pass(1);
    await ended;
    expect(at.seen).toMatchObject({ cancelled: 1, detached: 0 });
  });

  test('that completes in time leaves no timer', async () => {
    const at = fakeServer([{ items: [item(1)], end: 'completed' }]);
    expect(await at.start(1_000)).toMatchObject({ status: 'completed' });
    await at.clock.pass(10_000);
    expect(at.seen).toMatchObject({ cancelled: 0, detached: 0 });
  });
});

describe('snapshots', () => {
  const created = (more: object): RunItem => item(1, 'run.created', { agent: 'a', input: 'x', ...more });
  const saved = (seq: number, state: unknown): RunItem => item(seq, 'state.saved', { version: 2, state: JSON.stringify(state) });
  const summary = (run: string, head: number, more: object = {}) => ({ run, agent: 'a', status: 'failed', head, createdMs: 5, ...more });

  function withRuns(logs: readonly (readonly RunItem[])[], runs: readonly object[]) {
    const at = fakeServer(logs.map((items) => ({ items })));
    const pages = [{ runs: runs.slice(0, 2), next: 9 }, { runs: runs.slice(2) }];
    Object.assign(at.server, {
      api: {
        list: async ({ before }: { before?: number }) => pages[before === undefined ? 0 : 1],
        request: async () => ({ operation: 'o' }),
      },
    });
    return at;
  }

  test('the latest is what the newest run that saved anything saved last; other agents are passed over', async () => {
    const logs = [
      [created({ operation: 'o' }), item(2)],
      [created({ operation: 'o' }), saved(2, 1), saved(3, { n: 2 }), item(4)],
    ];
    const at = withRuns(logs, [summary('x', 9, { agent: 'b' }), summary('new', 2), summary('old', 4)]);
    expect(await latestSnapshot(at.server, 'a')).toEqual({
      run: 'old',
      seq: 3,
      operation: 'o',
      version: 2,
      state: { n: 2 },
      at: 5,
    });
    expect(at.seen.attached).toEqual(['new', 'old']);
    expect(at.seen.detached).toBe(2);
  });

  test('the last run of an operation has its arguments and was started by nobody else', async () => {
    const logs = [
      [created({ operation: 'other' })],
      [created({ operation: 'o', args: { n: 2 } })],
      [created({ operation: 'o', args: { n: 1 }, parent: {} })],
      [created({ operation: 'o', args: { n: 1 } }), saved(2, 1), item(3)],
    ];
    const runs = [summary('1', 5), summary('2', 5), summary('3', 5), summary('4', 3, { status: 'cancelled' })];
    const at = withRuns(logs, runs);
    expect(await lastRun(at.server, 'a', { operation: 'o', args: { n: 1 } })).toEqual({
      run: '4',
      status: 'cancelled',
      savedAt: 2,
    });
    expect(await lastRun(withRuns([], []).server, 'a', { operation: 'o' })).toBeUndefined();
  });

  test('of a run that was compacted only a fold is left, which saved nothing; one that goes on may be told from a snapshot on', async () => {
    const logs = [[item(3, 'snapshot')], [item(3, 'snapshot'), saved(4, 1)]];
    const at = withRuns(logs, [summary('1', 3), summary('2', 4, { status: 'running' })]);
    expect(await latestSnapshot(at.server, 'a')).toMatchObject({ run: '2', seq: 4, operation: 'o' });
    const again = withRuns([[item(3, 'snapshot')]], [summary('2', 3, { status: 'running' })]);
    expect(await lastRun(again.server, 'a', { operation: 'o' })).toEqual({ run: '2', status: 'running' });
  });
});
