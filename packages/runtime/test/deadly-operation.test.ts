import { encodeRecord, type Payloads } from '@openclaw-runtime/protocol';
import { createMemoryStore, runKey, type Store } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import { encodedOf, leftBehind } from './crash.ts';
import { kindsOf, openTestHouse, recordsOf, said } from './house.ts';
import { type Context, coded, createThreads } from './threads.ts';

const key = runKey('t', 'left');
const created = encodeRecord('run.created', 0, 0, { agent: 'worker', input: 'x', operation: 'work', at: Date.now(), fingerprint: 'f' });

/** One life of a process that dies once `isEnough` says so of the log, or that ends the run: what it leaves. */
async function live(store: Store, work: (context: Context) => unknown, isEnough: (kinds: readonly string[], starts: number) => boolean) {
  let starts = 0;
  const operations = {
    work: (context: Context) => {
      starts++;
      return work(context);
    },
  };
  const agents = [coded('worker', { operations: [{ name: 'work' }] })];
  const house = await openTestHouse([() => said], { store, runtime: { agents, threads: createThreads({ operations }) } });
  let records = await recordsOf(store, key);
  await expect
    .poll(async () => {
      records = await recordsOf(store, key);
      const kinds = kindsOf(records);
      return kinds.at(-1) === 'run.finished' || isEnough(kinds, starts);
    })
    .toBe(true);
  await house.runtime.drain(0);
  return records;
}

const never = (): Promise<never> => new Promise(() => undefined);

/** As the next process finds it. */
async function storeOf(left: readonly string[]): Promise<Store> {
  if (left.length > 1) return leftBehind(key, left);
  const store = createMemoryStore();
  await store.runs.create(key, created, 'f');
  return store;
}

/** `lives` processes, one after another. */
async function dying(lives: number, work: (context: Context) => unknown, isEnough: Parameters<typeof live>[2]) {
  let left = [created];
  for (let i = 0; i < lives; i++) left = encodedOf(await live(await storeOf(left), work, isEnough));
  return left.map((record) => (JSON.parse(record) as readonly [string, number, number, unknown])[3]);
}

describe('an operation that each of its processes dies of', () => {
  test('is left at last', async () => {
    const left = await dying(6, never, (_kinds, starts) => starts > 0);
    expect(left.at(-1)).toMatchObject({ status: 'failed', error: { code: 'AGENT_CRASHED', message: expect.stringContaining('5 times') } });
    expect(left.slice(1, -1)).toMatchObject([1, 2, 3, 4, 5].map((restarts) => ({ restarts })));
  });

  test('goes on as long as it comes to something', async () => {
    const work = async (context: Context): Promise<void> => {
      for (let i = 0; ; i++) await context.step(`${i}`, () => (context.job.pieces.length === i ? i : never()));
    };
    let before = 0;
    const left = await dying(8, work, (kinds) => {
      const done = kinds.filter((kind) => kind === 'piece.done').length;
      const isMore = done > before;
      before = Math.max(before, done);
      return isMore;
    });
    expect(left.filter((data) => (data as Partial<Payloads['piece.done']>).what === 'step')).toHaveLength(8);
  });

  test('goes on as long as it waits for a person', async () => {
    const ask = (context: Context): Promise<unknown> =>
      context.ask('ask', 'p', (n) => ({ do: 'person', name: 'p', n, text: 'Really?', timeoutMs: 3_600_000 }));
    let life = 0;
    const left = await dying(8, ask, (kinds, starts) => {
      if (!kinds.includes('approval.asked') || starts === 0) return false;
      life++;
      return true;
    });
    expect(life).toBe(8);
    expect(left.some((data) => (data as { readonly status?: string }).status !== undefined)).toBe(false);
  });

  test('is known to have been begun though it left nothing', async () => {
    const records = await live(
      await storeOf([created]),
      () => 1,
      () => false,
    );
    expect(kindsOf(records)).toEqual(['run.created', 'thread.lost', 'run.finished']);
  });
});
