import { decodeRecords, encodeRecord, type Payloads, type RunRecord } from '@openclaw-runtime/protocol';
import { createMemoryStore, type Lease, type RunKey, runKey, type Store } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import { copyPast } from '../src/run/fork.ts';
import { type Act, foldOf, kindsOf, openTestHouse, recordsOf, said } from './house.ts';

const says =
  (text: string): Act =>
  (_request, sink) => {
    sink.text(text);
    return said;
  };

/** The run's records as they are stored. */
const bodyOf = async (store: Store, key: RunKey): Promise<string[]> => {
  const records: unknown[] = [];
  for (;;) {
    const { chunk } = await store.runs.read(key, records.length, 1_000_000);
    if (!chunk) return records.map((record) => JSON.stringify(record));
    records.push(...(JSON.parse(`[${chunk.body}]`) as unknown[]));
  }
};

const dataOf = <K extends RunRecord['kind']>(records: readonly RunRecord[], kind: K): Payloads[K][] =>
  records.filter((record) => record.kind === kind).map((record) => record.data as Payloads[K]);

describe('a forked run', () => {
  test('shares the past byte for byte, and answers what is said next with all of it before its eyes', async () => {
    await using house = await openTestHouse([says('First \u{1f600}.'), says('Second.')]);
    const source = await house.run('source');
    await house.ended(source);
    const end = (await recordsOf(house.store, source)).find(({ kind }) => kind === 'step.ended')?.seq ?? 0;
    const fork = await house.run('fork', { input: 'source', fork: { run: 'source', seq: end, text: 'Go on.' } });
    const records = await house.ended(fork);

    expect((await bodyOf(house.store, fork)).slice(1, end)).toEqual((await bodyOf(house.store, source)).slice(1, end));
    expect(kindsOf(records).slice(end)).toEqual(['message.given', 'step.started', 'text', 'step.ended', 'run.finished']);
    expect(dataOf(records, 'message.given')).toEqual([{ command: 'fork', mode: 'queue', text: 'Go on.' }]);
    expect(dataOf(records, 'step.started').at(-1)?.answers).toEqual(['fork']);
    expect(house.requests.at(-1)?.messages).toEqual([
      { role: 'user', content: 'source' },
      { role: 'assistant', content: 'First \u{1f600}.' },
      { role: 'user', content: 'Go on.' },
    ]);
    expect(foldOf(records).steps.map(({ text }) => text)).toEqual(['First \u{1f600}.', 'Second.']);
    expect(kindsOf(await recordsOf(house.store, source)).at(-1)).toBe('run.finished');
  });

  test('asks the last step again from where it began, another model if one is named', async () => {
    await using house = await openTestHouse([says('One.'), says('Another.')]);
    const source = await house.run('source');
    await house.ended(source);
    const fork = await house.run('fork', { input: 'source', model: 'other', fork: { run: 'source', seq: 1 } });
    const records = await house.ended(fork);
    expect(kindsOf(records)).toEqual(['run.created', 'step.started', 'text', 'step.ended', 'run.finished']);
    expect(foldOf(records).steps.map(({ text }) => text)).toEqual(['Another.']);
    expect(house.requests.at(-1)).toMatchObject({ model: 'other', messages: [{ role: 'user', content: 'source' }] });
  });

  test('goes on with a step that was open, by the ladder', async () => {
    await using house = await openTestHouse([says('Half and the rest.'), says(' the other rest.')], { prefix: true });
    const source = await house.run('source');
    const text = (await house.ended(source)).find(({ kind }) => kind === 'text')?.seq ?? 0;
    const fork = await house.run('fork', { input: 'source', fork: { run: 'source', seq: text } });
    const records = await house.ended(fork);
    expect(dataOf(records, 'step.resumed')).toEqual([{ by: 'continue' }]);
    expect(foldOf(records).steps).toMatchObject([{ attempt: 1, text: 'Half and the rest. the other rest.' }]);
  });

  test('whose source is not there, or of another tenant, ends with an error that says so', async () => {
    await using house = await openTestHouse([says('One.')]);
    const other = runKey('other', 'source');
    await house.store.runs.create(other, encodeRecord('run.created', 0, 0, { agent: 'default', input: 'x', at: 0, fingerprint: 'f' }), 'f');
    for (const [name, run] of [
      ['a', 'nowhere'],
      ['b', 'source'],
    ] as const) {
      const records = await house.ended(await house.run(name, { fork: { run, seq: 2 } }));
      expect(kindsOf(records)).toEqual(['run.created', 'run.finished']);
      expect(dataOf(records, 'run.finished')).toMatchObject([{ status: 'failed', error: { code: 'NOT_FOUND' } }]);
    }
  });
});

describe('an owner that dies while it copies', () => {
  const RECORDS = 12_000;
  const FORK = { run: 'source', seq: RECORDS - 5, text: 'Next.' };

  /** A run with many records, on which nobody works. */
  async function longSource(store: Store): Promise<RunKey> {
    const key = runKey('t', 'source');
    await store.runs.create(key, encodeRecord('run.created', 0, 0, { agent: 'default', input: 'x', at: 0, fingerprint: 'f' }), 'f');
    const lease = await store.queue.claim(key, 'test');
    const records = [encodeRecord('step.started', 1, 1, { model: 'scripted' })];
    for (let i = records.length + 1; i < RECORDS; i++) records.push(encodeRecord('text', 1, 1, `delta ${i} "\\ \u{1f600}\ud800`, [3, i]));
    lease.append(records, 'process');
    await lease.settled();
    return key;
  }

  const leaseOf = async (store: Store, key: RunKey): Promise<Lease> => store.queue.claim(key, 'another');

  test('leaves a log that the next one goes on with, wherever it stopped', async () => {
    const store = createMemoryStore();
    const source = await longSource(store);
    const fork = runKey('t', 'fork');
    await store.runs.create(
      fork,
      encodeRecord('run.created', 0, 0, { agent: 'default', input: 'x', fork: FORK, at: 0, fingerprint: 'g' }),
      'g',
    );
    const stops: number[] = [];
    for (let deaths = 0; ; deaths++) {
      const lease = await leaseOf(store, fork);
      let turns = 0;
      const copied = await copyPast(store, lease, FORK, () => {
        if (++turns > deaths % 3) throw new Error('died');
      }).catch(() => undefined);
      stops.push(lease.head.seq);
      if (copied === undefined) continue;
      expect(copied).toBe(FORK.seq + 1);
      expect(deaths).toBeGreaterThan(1);
      break;
    }
    expect(stops).toEqual(stops.toSorted((a, b) => a - b));
    const [mine, theirs] = [await bodyOf(store, fork), await bodyOf(store, source)];
    expect(mine.slice(1, FORK.seq).findIndex((record, i) => record !== theirs[i + 1])).toBe(-1);
    const { chunk } = await store.runs.read(fork, FORK.seq, 1_000_000);
    expect(decodeRecords(chunk?.body ?? '', FORK.seq + 1)).toMatchObject([{ kind: 'message.given', data: { text: 'Next.' } }]);
    const again = await leaseOf(store, fork);
    expect(await copyPast(store, again, FORK, () => undefined)).toBe(FORK.seq + 1);
    expect(again.head.seq).toBe(FORK.seq + 1);
    await store.close();
  });

  test('and is refused when it turns out to be alive', async () => {
    const store = createMemoryStore();
    await longSource(store);
    const fork = runKey('t', 'fork');
    await store.runs.create(
      fork,
      encodeRecord('run.created', 0, 0, { agent: 'default', input: 'x', fork: FORK, at: 0, fingerprint: 'g' }),
      'g',
    );
    const zombie = await leaseOf(store, fork);
    await leaseOf(store, fork);
    await expect(copyPast(store, zombie, FORK, () => undefined)).rejects.toMatchObject({ code: 'FENCED' });
    await store.close();
  });

  test('is told of a cancellation only when the past is whole', async () => {
    const store = createMemoryStore();
    await longSource(store);
    const waits: Act = (_request, _sink, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    await using house = await openTestHouse([waits], { store });
    const fork = await house.run('fork', { fork: { run: 'source', seq: FORK.seq } });
    await store.inbox.put(fork, { id: 'c', kind: 'cancel' });
    const { head } = await store.runs.read(fork, 0, 1);
    expect(head.seq).toBeLessThan(FORK.seq);
    for (let isDone = false; !isDone; )
      isDone = (await store.runs.read(fork, 0, 1)).head.done || (await new Promise((resolve) => setImmediate(() => resolve(false))));
    const [mine, theirs] = [await bodyOf(store, fork), await bodyOf(store, runKey('t', 'source'))];
    expect(mine.slice(1, FORK.seq).findIndex((record, i) => record !== theirs[i + 1])).toBe(-1);
    expect(mine.slice(FORK.seq).map((record) => record.slice(2, 18))).toEqual(['cancel.requested', 'run.finished",0,']);
  });
});
