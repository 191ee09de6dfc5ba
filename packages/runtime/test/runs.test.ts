import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeRecord, foldText, OpenClawError, type RunRequest } from '@openclaw-runtime/protocol';
import { type Command, createMemoryStore, type Lease, openSqliteStore, runKey, type Store } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import type { RunLimits } from '../src/index.ts';
import { type Act, foldOf, kindsOf, openTestHouse, said } from './house.ts';

const broke = new OpenClawError('PROVIDER_FAILED', 'broke off');
const say =
  (...deltas: string[]): Act =>
  (_request, sink) => {
    for (const delta of deltas) sink.text(delta);
    return said;
  };
const breakAfter =
  (...deltas: string[]): Act =>
  (_request, sink) => {
    for (const delta of deltas) sink.text(delta);
    throw broke;
  };

describe('a run', () => {
  test('is created, stepped, said and ended, in this order', async () => {
    await using house = await openTestHouse([say('Hello', ' world')]);
    const records = await house.ended(await house.run('hi'));
    expect(kindsOf(records)).toEqual(['run.created', 'step.started', 'text', 'text', 'step.ended', 'run.finished']);
    expect(foldText(foldOf(records))).toBe('Hello world');
    expect(records.at(-1)?.data).toEqual({ status: 'completed', reason: 'stop', usage: said.usage });
  });

  test('gives the model the agent’s instructions, then the input', async () => {
    await using house = await openTestHouse([say('Arr')]);
    await house.ended(await house.run('hi', { agent: 'pirate' }));
    expect(house.requests[0]?.messages).toEqual([
      { role: 'system', content: 'Talk like a pirate.' },
      { role: 'user', content: 'hi' },
    ]);
  });

  test('ends as completed with tool_calls when the model calls a tool', async () => {
    const call = { id: 'c', name: 'weather', arguments: '{"city":"Bern"}' };
    await using house = await openTestHouse([() => ({ ...said, finish: 'tool_calls', toolCalls: [call] })]);
    const records = await house.ended(await house.run('hi'));
    expect(records.find((record) => record.kind === 'tool.called')?.data).toEqual(call);
    expect(records.at(-1)?.data).toMatchObject({ status: 'completed', reason: 'tool_calls' });
  });

  test('of an unknown agent ends as failed, with the known names', async () => {
    await using house = await openTestHouse([say('x')]);
    const records = await house.ended(await house.run('hi', { agent: 'nobody' }));
    expect(records.at(-1)?.data).toMatchObject({
      status: 'failed',
      error: { code: 'NOT_FOUND', message: expect.stringContaining('default, pirate') },
    });
  });

  test('that takes too long ends as timed_out', async () => {
    const never: Act = (_request, _sink, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    await using house = await openTestHouse([never], { limits: { runMs: 10 } });
    expect((await house.ended(await house.run('hi'))).at(-1)?.data).toMatchObject({ status: 'timed_out' });
  });
});

describe('a provider that breaks off', () => {
  test('is gone on with from the prefix, in the same attempt, where it can', async () => {
    await using house = await openTestHouse([breakAfter('one ', 'two '), say('three')], { prefix: true });
    const records = await house.ended(await house.run('hi'));
    expect(house.requests[1]?.prefix).toBe('one two ');
    expect(foldText(foldOf(records))).toBe('one two three');
    expect(records.filter((record) => record.kind === 'text').every((record) => record.attempt === 1)).toBe(true);
    expect(records.find((record) => record.kind === 'step.resumed')?.data).toEqual({ by: 'continue' });
  });

  test('is asked again elsewhere, silently while it says the same', async () => {
    await using house = await openTestHouse([breakAfter('one ', 'two '), say('one two', ' three')]);
    const records = await house.ended(await house.run('hi'));
    expect(house.requests[1]?.prefix).toBeUndefined();
    expect(records.filter((record) => record.kind === 'step.started')).toHaveLength(1);
    expect(foldText(foldOf(records))).toBe('one two three');
  });

  test('and then says something else is superseded from the common prefix on', async () => {
    await using house = await openTestHouse([breakAfter('one ', 'two '), say('one three')]);
    const records = await house.ended(await house.run('hi'));
    expect(records.filter((record) => record.kind === 'step.started')[1]).toMatchObject({
      attempt: 2,
      data: { supersedes: 1, keep: 5, keepThinking: 0 },
    });
    expect(foldText(foldOf(records))).toBe('one three');
  });

  test('again and again at the same place ends as NO_PROGRESS', async () => {
    await using house = await openTestHouse([breakAfter('one ')], { limits: { noProgressAttempts: 2 } });
    const records = await house.ended(await house.run('hi'));
    expect(records.at(-1)?.data).toMatchObject({ status: 'failed', error: { code: 'NO_PROGRESS' } });
    expect(house.requests).toHaveLength(3);
  });

  test('before it said anything is not asked again here: the broker did that', async () => {
    await using house = await openTestHouse([breakAfter()]);
    expect((await house.ended(await house.run('hi'))).at(-1)?.data).toMatchObject({ status: 'failed', error: { code: 'PROVIDER_FAILED' } });
    expect(house.requests).toHaveLength(1);
  });
});

describe('a run that a dead owner left', () => {
  const started = encodeRecord('step.started', 1, 1, { model: 'scripted' });
  const key = runKey('t', 'left');

  /** A folder in which a run has these records and no end. */
  async function leave(records: readonly string[], request: Partial<RunRequest> = {}, command?: Command): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), 'openclaw-left-'));
    const store = await openSqliteStore({ folder });
    const lease = await new Promise<Lease>((resolve) => {
      store.queue.consume('dead', 1, { leased: resolve, command: () => undefined, lost: () => undefined });
      void store.runs.create(
        key,
        encodeRecord('run.created', 0, 0, { agent: 'default', input: 'hi', ...request, at: 0, fingerprint: 'f' }),
        'f',
      );
    });
    if (records.length > 0) lease.append(records, 'process');
    await lease.settled();
    if (command) await store.inbox.put(key, command);
    await store.close();
    return folder;
  }

  async function recover(folder: string, acts: readonly Act[], options: { prefix?: boolean; limits?: Partial<RunLimits> } = {}) {
    try {
      await using house = await openTestHouse(acts, { ...options, store: await openSqliteStore({ folder }) });
      return { records: await house.ended(key), requests: house.requests, defects: house.defects };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  test('before it began is begun', async () => {
    const { records } = await recover(await leave([]), [say('all')]);
    expect(foldText(foldOf(records))).toBe('all');
  });

  test('in the middle of an answer goes on from it, or says it again and goes on', async () => {
    const left = [started, encodeRecord('text', 1, 1, 'one ')];
    const continued = await recover(await leave(left), [say('two')], { prefix: true });
    expect(continued.requests[0]?.prefix).toBe('one ');
    expect(foldText(foldOf(continued.records))).toBe('one two');
    const again = await recover(await leave(left), [say('one two')]);
    expect(foldText(foldOf(again.records))).toBe('one two');
    const other = await recover(await leave(left), [say('other')]);
    expect(foldText(foldOf(other.records))).toBe('other');
    expect(foldOf(other.records).steps[0]?.attempt).toBe(2);
  });

  test('after its step had ended does not ask the model again', async () => {
    const ended = encodeRecord('step.ended', 1, 1, { finish: 'length', usage: said.usage });
    const { records, requests } = await recover(await leave([started, encodeRecord('text', 1, 1, 'all'), ended]), [say('never')]);
    expect(requests).toHaveLength(0);
    expect(records.at(-1)?.data).toEqual({ status: 'completed', reason: 'length', usage: said.usage });
  });

  test('with a cancellation in its inbox, or accepted in its log, ends as cancelled without asking the model', async () => {
    const waiting = await recover(await leave([started], {}, { id: 'stop', kind: 'cancel' }), [say('never')]);
    expect(kindsOf(waiting.records).slice(-2)).toEqual(['cancel.requested', 'run.finished']);
    const accepted = await recover(
      await leave([started, encodeRecord('cancel.requested', 0, 0, { command: 'stop' })], {}, { id: 'stop', kind: 'cancel' }),
      [say('never')],
    );
    expect(kindsOf(accepted.records).filter((kind) => kind === 'cancel.requested')).toHaveLength(1);
    for (const { records, requests } of [waiting, accepted]) {
      expect(records.at(-1)?.data).toMatchObject({ status: 'cancelled', by: 'stop' });
      expect(requests).toHaveLength(0);
    }
  });

  test('that killed its owners again and again comes to an end', async () => {
    const deaths = Array.from({ length: 3 }, () => encodeRecord('step.resumed', 1, 1, { by: 'continue' }));
    const { records } = await recover(await leave([started, encodeRecord('text', 1, 1, 'one '), ...deaths]), [breakAfter('one ')], {
      limits: { noProgressAttempts: 4 },
    });
    expect(records.at(-1)?.data).toMatchObject({ status: 'failed', error: { code: 'NO_PROGRESS' } });
  });

  test('goes on with the model that began it, also when another is the default by now', async () => {
    const begun = encodeRecord('step.started', 1, 1, { model: 'began' });
    const { requests } = await recover(await leave([begun, encodeRecord('text', 1, 1, 'one ')]), [say('two')], { prefix: true });
    expect(requests[0]?.model).toBe('began');
  });

  test('that dies each time before the first word comes to an end too', async () => {
    const deaths = Array.from({ length: 5 }, () => encodeRecord('step.resumed', 1, 1, { by: 'fresh' }));
    const { records, requests } = await recover(await leave([started, ...deaths]), [say('never')], { limits: { noProgressAttempts: 5 } });
    expect(records.at(-1)?.data).toMatchObject({ status: 'failed', error: { code: 'NO_PROGRESS' } });
    expect(requests).toHaveLength(0);
  });

  test('in a session says what it said to the session once', async () => {
    const ended = encodeRecord('step.ended', 1, 1, { finish: 'stop', usage: said.usage });
    const folder = await leave([started, encodeRecord('text', 1, 1, 'all'), ended], { session: 's' });
    const store = await openSqliteStore({ folder });
    await store.state.put(
      't',
      'session/s',
      JSON.stringify({
        messages: [
          { role: 'user', content: 'hi' },
          { role: 'assistant', content: 'all' },
        ],
        last: 'left',
      }),
      0,
    );
    await store.close();
    const after = await openSqliteStore({ folder });
    await using house = await openTestHouse([say('never')], { store: after });
    expect((await house.ended(key)).at(-1)?.data).toMatchObject({ status: 'completed' });
    expect((await after.state.get('t', 'session/s'))?.rev).toBe(1);
  });
});

describe('a session', () => {
  test('a cancel that comes while a run learns what the session holds ends it before it asks anybody', async () => {
    const inner = createMemoryStore();
    const gate = Promise.withResolvers<void>();
    const reading = Promise.withResolvers<void>();
    const store: Store = {
      ...inner,
      state: {
        ...inner.state,
        async get(tenant, name) {
          if (name.startsWith('session/')) {
            reading.resolve();
            await gate.promise;
          }
          return inner.state.get(tenant, name);
        },
      },
    };
    await using house = await openTestHouse([() => Promise.resolve(said)], { store });
    const key = await house.run('one', { session: 's' });
    await reading.promise;
    await store.inbox.put(key, { id: 'c', kind: 'cancel' });
    gate.resolve();
    const records = await house.ended(key);
    expect(foldOf(records).outcome).toMatchObject({ status: 'cancelled', by: 'c' });
    expect(house.requests).toEqual([]);
  });

  test('lets its runs take turns and tells each what was said before; others do not wait', async () => {
    const gate = Promise.withResolvers<void>();
    const slow: Act = async (_request, sink) => {
      await gate.promise;
      sink.text('first answer');
      return said;
    };
    await using house = await openTestHouse([slow, say('other'), say('second answer')]);
    const first = await house.run('one', { session: 's' });
    const second = await house.run('two', { session: 's' });
    const other = await house.run('three', { session: 'another' });
    expect(kindsOf(await house.ended(other)).at(-1)).toBe('run.finished');
    expect(house.requests).toHaveLength(2);
    gate.resolve();
    await house.ended(first);
    await house.ended(second);
    expect(house.requests[2]?.messages).toEqual([
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'first answer' },
      { role: 'user', content: 'two' },
    ]);
  });

  test('does not hold up a cancellation of a run that waits', async () => {
    const never: Act = (_request, _sink, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    await using house = await openTestHouse([never]);
    const first = await house.run('one', { session: 's' });
    const second = await house.run('two', { session: 's' });
    await house.store.inbox.put(second, { id: 'stop', kind: 'cancel' });
    expect((await house.ended(second)).at(-1)?.data).toMatchObject({ status: 'cancelled' });
    await house.store.inbox.put(first, { id: 'stop', kind: 'cancel' });
    expect((await house.ended(first)).at(-1)?.data).toMatchObject({ status: 'cancelled' });
    const third = await house.run('three', { session: 's' });
    await house.store.inbox.put(third, { id: 'stop', kind: 'cancel' });
    expect((await house.ended(third)).at(-1)?.data).toMatchObject({ status: 'cancelled' });
  });
});

describe('an outage in the middle of an answer', () => {
  const open = new OpenClawError('CIRCUIT_OPEN', 'left alone', { retryAfterMs: 5 });
  const unavailable: Act = () => {
    throw broke;
  };

  test('is waited for: an open circuit is no attempt', async () => {
    const closed: Act = () => {
      throw open;
    };
    await using house = await openTestHouse([breakAfter('one '), unavailable, closed, closed, closed, say('one two')], {
      limits: { noProgressAttempts: 2 },
    });
    const records = await house.ended(await house.run('hi'));
    expect(foldText(foldOf(records))).toBe('one two');
    expect(records.at(-1)?.data).toMatchObject({ status: 'completed' });
  });

  test('that lasts ends by the meters', async () => {
    await using house = await openTestHouse([breakAfter('one '), unavailable], { limits: { noProgressAttempts: 2 } });
    expect((await house.ended(await house.run('hi'))).at(-1)?.data).toMatchObject({ status: 'failed', error: { code: 'NO_PROGRESS' } });
  });
});

test('a session remembers the tool calls of an answer, and no empty answer', async () => {
  const call = { id: 'c', name: 'weather', arguments: '{}' };
  await using house = await openTestHouse([() => ({ ...said, finish: 'tool_calls', toolCalls: [call] }), () => said, say('done')]);
  for (const name of ['one', 'two', 'three']) await house.ended(await house.run(name, { session: 's' }));
  expect(house.requests[2]?.messages).toEqual([
    { role: 'user', content: 'one' },
    { role: 'assistant', content: '', toolCalls: [call] },
    { role: 'user', content: 'two' },
    { role: 'user', content: 'three' },
  ]);
});

test('a session whose state cannot be read ends the run as needs_attention and lets the next one have its turn', async () => {
  await using house = await openTestHouse([say('x')]);
  const get = house.store.state.get;
  let reads = 0;
  Object.assign(house.store.state, {
    get: (tenant: string, key: string) => (reads++ === 0 ? Promise.reject(new OpenClawError('DATA_DAMAGED', 'no')) : get(tenant, key)),
  });
  const [first, second] = [await house.run('one', { session: 's' }), await house.run('two', { session: 's' })];
  expect((await house.ended(first)).at(-1)?.data).toMatchObject({ status: 'needs_attention', error: { code: 'DATA_DAMAGED' } });
  expect((await house.ended(second)).at(-1)?.data).toMatchObject({ status: 'completed' });
});

test('a defect in one run is reported and leaves the others alone', async () => {
  const defect: Act = (_request, sink) => {
    sink.text('x');
    throw new TypeError('a defect');
  };
  await using house = await openTestHouse([defect, say('fine')]);
  const last = (await house.ended(await house.run('one'))).at(-1);
  expect(last?.data).toMatchObject({ status: 'failed', error: { code: 'INTERNAL', message: expect.not.stringContaining('a defect') } });
  expect(house.defects).toEqual([expect.objectContaining({ message: 'a defect' })]);
  expect((await house.ended(await house.run('two'))).at(-1)?.data).toMatchObject({ status: 'completed' });
});
