import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  encodeRecord,
  foldText,
  OpenClawError,
  type Payloads,
  type RunRecord,
  type RunRequest,
  type SendMode,
} from '@openclaw-runtime/protocol';
import { type Lease, openSqliteStore, type RunKey, runKey, type Store } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import { type Act, foldOf, kindsOf, openTestHouse, recordsOf, said } from './house.ts';

const say =
  (...deltas: string[]): Act =>
  (_request, sink) => {
    for (const delta of deltas) sink.text(delta);
    return said;
  };

/** Says something, tells that it did, and goes on when it may, or breaks off as it is told. */
function pausing(first: string, rest: string): { readonly act: Act; readonly paused: Promise<void>; goOn(): void } {
  const paused = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  return {
    act: async (_request, sink, signal) => {
      if (first !== '') sink.text(first);
      paused.resolve();
      const aborted = Promise.withResolvers<never>();
      signal.addEventListener('abort', () => aborted.reject(signal.reason), { once: true });
      await Promise.race([gate.promise, aborted.promise]);
      sink.text(rest);
      return said;
    },
    paused: paused.promise,
    goOn: () => gate.resolve(),
  };
}

const send = (store: Store, key: RunKey, id: string, mode: SendMode, text = id): Promise<{ readonly dup: boolean }> =>
  store.inbox.put(key, { id, kind: 'send', data: { text, mode } });

/** Resolves when the log has a record of this kind. */
async function until(store: Store, key: RunKey, kind: string): Promise<void> {
  for (;;) {
    const advance = Promise.withResolvers<void>();
    const stop = store.runs.follow(key, () => advance.resolve());
    const isThere = kindsOf(await recordsOf(store, key)).includes(kind);
    if (!isThere) await advance.promise;
    stop();
    if (isThere) return;
  }
}

/** Of each step its messages, and how it ended. */
function stepsOf(records: readonly RunRecord[]): string[] {
  return records.flatMap(({ kind, step, data }) => {
    if (kind === 'step.started') return [`${step} answers ${((data as Payloads['step.started']).answers ?? []).join() || 'the input'}`];
    return kind === 'step.ended' ? [`${step} ${(data as Payloads['step.ended']).finish}`] : [];
  });
}

const user = (content: string): object => ({ role: 'user', content });
const assistant = (content: string): object => ({ role: 'assistant', content });

describe('a message to a run that goes on', () => {
  test('queued is answered by a further step, which is told all that was said before', async () => {
    const first = pausing('one', ' two');
    await using house = await openTestHouse([first.act, say('three')]);
    const key = await house.run('hi', { agent: 'pirate' });
    await first.paused;
    expect(await send(house.store, key, 'q1', 'queue', 'and then?')).toEqual({ dup: false });
    first.goOn();
    const records = await house.ended(key);
    expect(kindsOf(records)).toEqual([
      'run.created',
      'step.started',
      'text',
      'message.given',
      'text',
      'step.ended',
      'step.started',
      'text',
      'step.ended',
      'run.finished',
    ]);
    expect(records[3]?.data).toEqual({ command: 'q1', mode: 'queue', text: 'and then?' });
    expect(records[6]?.data).toMatchObject({ answers: ['q1'] });
    const system = { role: 'system', content: 'Talk like a pirate.' };
    expect(house.requests[1]?.messages).toEqual([system, user('hi'), assistant('one two'), user('and then?')]);
    expect(foldText(foldOf(records))).toBe('one twothree');
    expect(records.at(-1)?.data).toEqual({ status: 'completed', reason: 'stop', usage: { ...said.usage, outputTokens: 4 } });
  });

  test('waits for its turn: what steers goes first and together, the queue one by one', async () => {
    const first = pausing('one', '');
    await using house = await openTestHouse([first.act, say('two'), say('three'), say('four')]);
    const key = await house.run('hi');
    await first.paused;
    for (const id of ['q1', 's1', 'q2', 's2']) await send(house.store, key, id, id.startsWith('q') ? 'queue' : 'steer');
    first.goOn();
    const records = await house.ended(key);
    expect(stepsOf(records)).toEqual([
      '1 answers the input',
      '1 stop',
      '2 answers s1,s2',
      '2 stop',
      '3 answers q1',
      '3 stop',
      '4 answers q2',
      '4 stop',
    ]);
    expect(house.requests[3]?.messages).toEqual(
      ['hi', 'one', 's1', 's2', 'two', 'q1', 'three', 'q2'].map((text) => (/^(hi|[sq]\d)$/.test(text) ? user(text) : assistant(text))),
    );
  });

  test('that interrupts breaks the answer off: the model call is aborted, what was said stands, and what still comes of it is nobody’s', async () => {
    const first = pausing('one', ' never');
    let late: (delta: string) => void = () => undefined;
    const deaf: Act = (request, sink, signal) => {
      late = (delta) => sink.text(delta);
      return first.act(request, sink, signal);
    };
    const second = pausing('two', ' done');
    await using house = await openTestHouse([deaf, second.act]);
    const key = await house.run('hi');
    await first.paused;
    await send(house.store, key, 'i1', 'interrupt', 'stop, rather this');
    await second.paused;
    late('from the grave');
    second.goOn();
    const records = await house.ended(key);
    expect(stepsOf(records)).toEqual(['1 answers the input', '1 interrupted', '2 answers i1', '2 stop']);
    expect(foldOf(records).steps.map(({ text }) => text)).toEqual(['one', 'two done']);
    expect(house.requests[1]?.messages).toEqual([user('hi'), assistant('one'), user('stop, rather this')]);
    expect(records.at(-1)?.data).toMatchObject({ status: 'completed', reason: 'stop' });
  });

  test('that interrupts before anything was said, or twice, is answered with the ones that wait', async () => {
    const first = pausing('', '');
    const second = pausing('', '');
    await using house = await openTestHouse([first.act, second.act, say('at last')]);
    const key = await house.run('hi');
    await first.paused;
    await send(house.store, key, 'q1', 'queue');
    await send(house.store, key, 's1', 'steer');
    await send(house.store, key, 'i1', 'interrupt');
    await second.paused;
    await send(house.store, key, 'i2', 'interrupt');
    const records = await house.ended(key);
    expect(stepsOf(records).filter((text) => text.includes('answers'))).toEqual([
      '1 answers the input',
      '2 answers s1,i1',
      '3 answers i2',
      '4 answers q1',
    ]);
    expect(house.requests[2]?.messages).toEqual([user('hi'), user('s1'), user('i1'), user('i2')]);
  });

  test('that interrupts does not wait for a retry that is an hour away', async () => {
    const broken: Act = (_request, sink) => {
      sink.text('half');
      throw new OpenClawError('PROVIDER_FAILED', 'broke off', { retryAfterMs: 3_600_000 });
    };
    await using house = await openTestHouse([broken, say('whole')]);
    const key = await house.run('hi');
    await until(house.store, key, 'step.retried');
    await send(house.store, key, 'i1', 'interrupt');
    const records = await house.ended(key);
    expect(stepsOf(records)).toEqual(['1 answers the input', '1 interrupted', '2 answers i1', '2 stop']);
    expect(house.requests[1]?.messages).toEqual([user('hi'), assistant('half'), user('i1')]);
  });

  test('that comes before the first step steers it; one that queues comes behind the answer to the input', async () => {
    const first = pausing('first', '');
    await using house = await openTestHouse([first.act, say('second'), say('third')]);
    const one = await house.run('one', { session: 's' });
    await first.paused;
    const two = await house.run('two', { session: 's' });
    await send(house.store, two, 'q1', 'queue');
    await send(house.store, two, 'i1', 'interrupt');
    first.goOn();
    await house.ended(one);
    const records = await house.ended(two);
    expect(kindsOf(records).slice(0, 4)).toEqual(['run.created', 'message.given', 'message.given', 'step.started']);
    expect(stepsOf(records)).toEqual(['1 answers i1', '1 stop', '2 answers q1', '2 stop']);
    expect(house.requests[1]?.messages).toEqual([user('one'), assistant('first'), user('two'), user('i1')]);
  });

  test('does not keep a run from being cancelled: what waits stays unanswered, and is in the log', async () => {
    const first = pausing('one', '');
    await using house = await openTestHouse([first.act, say('never')]);
    const key = await house.run('hi');
    await first.paused;
    await Promise.all([
      send(house.store, key, 'q1', 'queue'),
      house.store.inbox.put(key, { id: 'c1', kind: 'cancel' }),
      send(house.store, key, 'q2', 'queue'),
    ]);
    const records = await house.ended(key);
    expect(kindsOf(records)).toEqual([
      'run.created',
      'step.started',
      'text',
      'message.given',
      'cancel.requested',
      'message.given',
      'run.finished',
    ]);
    expect(records.at(-1)?.data).toMatchObject({ status: 'cancelled', by: 'c1' });
    expect(house.requests).toHaveLength(1);
  });

  test('is accepted and answered, or refused with RUN_FINISHED, at whatever moment of the end it comes', async () => {
    const outcomes = new Set<string>();
    for (let turns = 0; turns < 40; turns++) {
      const first = pausing('one', '');
      await using house = await openTestHouse([first.act, say('two')]);
      const key = await house.run('hi');
      await first.paused;
      first.goOn();
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      const outcome = await send(house.store, key, 'q1', 'queue').then(
        () => 'accepted',
        (error: { readonly code: string }) => error.code,
      );
      outcomes.add(outcome);
      const records = await house.ended(key);
      const expected =
        outcome === 'accepted' ? ['1 answers the input', '1 stop', '2 answers q1', '2 stop'] : ['1 answers the input', '1 stop'];
      expect(stepsOf(records), `after ${turns} turns`).toEqual(expected);
      expect(kindsOf(records).filter((kind) => kind === 'message.given')).toHaveLength(outcome === 'accepted' ? 1 : 0);
    }
    expect([...outcomes].sort()).toEqual(['RUN_FINISHED', 'accepted']);
  });

  test('that comes when the process has let go of the run is left to the next owner, though the step came to its end', async () => {
    const begun = Promise.withResolvers<void>();
    const deaf: Act = (_request, _sink, signal) => {
      begun.resolve();
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(said), { once: true }));
    };
    await using house = await openTestHouse([deaf]);
    const key = await house.run('hi');
    await begun.promise;
    await house.runtime.drain(0);
    await send(house.store, key, 'q1', 'queue');
    const next = await house.store.queue.claim(key, 'next');
    expect(next.head.done).toBe(false);
    expect(next.commands.map(({ id }) => id)).toEqual(['q1']);
    expect(kindsOf(await recordsOf(house.store, key))).not.toContain('message.given');
  });

  test('sent again is the same message', async () => {
    const first = pausing('one', '');
    await using house = await openTestHouse([first.act, say('two')]);
    const key = await house.run('hi');
    await first.paused;
    const answers = await Promise.all([1, 2, 3].map(() => send(house.store, key, 'q1', 'queue')));
    expect(answers.filter(({ dup }) => dup)).toHaveLength(2);
    first.goOn();
    const records = await house.ended(key);
    expect(stepsOf(records)).toEqual(['1 answers the input', '1 stop', '2 answers q1', '2 stop']);
    expect(await send(house.store, key, 'q1', 'queue')).toEqual({ dup: true });
  });

  test('waits no more once a step answers it', async () => {
    const first = pausing('one', '');
    const second = pausing('two', '');
    await using house = await openTestHouse([first.act, second.act, say('three')]);
    const key = await house.run('hi');
    const put = (id: string): Promise<unknown> =>
      house.store.inbox.put(key, { id, kind: 'send', data: { text: id, mode: 'queue' } }, false, 1);
    await first.paused;
    await put('q1');
    await expect(put('q2')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await house.store.inbox.put(key, { id: 'f1', kind: 'feedback', data: 1 });
    first.goOn();
    await second.paused;
    await put('q2');
    second.goOn();
    expect(stepsOf(await house.ended(key)).at(-2)).toBe('3 answers q2');
  });
});

describe('a session', () => {
  test('remembers the messages where they were answered', async () => {
    const first = pausing('one', '');
    await using house = await openTestHouse([first.act, say('two'), say('three')]);
    const key = await house.run('hi', { session: 's' });
    await first.paused;
    await send(house.store, key, 'q1', 'queue', 'more');
    first.goOn();
    await house.ended(key);
    await house.ended(await house.run('next', { session: 's' }));
    expect(house.requests[2]?.messages).toEqual([user('hi'), assistant('one'), user('more'), assistant('two'), user('next')]);
  });

  test('holds what waits behind a call to a tool for the run that brings the result', async () => {
    const call = { id: 'c', name: 'weather', arguments: '{}' };
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const calls: Act = async () => {
      begun.resolve();
      await gate.promise;
      return { ...said, finish: 'tool_calls', toolCalls: [call] };
    };
    await using house = await openTestHouse([calls, say('sunny, in French'), say('bye')]);
    const key = await house.run('hi', { session: 's' });
    await begun.promise;
    await send(house.store, key, 'q1', 'queue', 'in French');
    gate.resolve();
    const records = await house.ended(key);
    expect(stepsOf(records)).toEqual(['1 answers the input', '1 tool_calls']);
    expect(records.at(-1)?.data).toMatchObject({ status: 'completed', reason: 'tool_calls' });
    const result = { role: 'tool', toolCallId: 'c', content: 'sun' } as const;
    await house.ended(await house.run('two', { session: 's', input: [result] }));
    const until = [user('hi'), { role: 'assistant', content: '', toolCalls: [call] }, result, user('in French')];
    expect(house.requests[1]?.messages).toEqual(until);
    await house.ended(await house.run('three', { session: 's' }));
    expect(house.requests[2]?.messages).toEqual([...until, assistant('sunny, in French'), user('three')]);
  });

  test('that was told of a run by its dead owner is told anew when a message makes the run go on', async () => {
    const key = runKey('t', 'left');
    const folder = await leave(key, [started(), text('all'), ended(), given('q1', 'queue')], { session: 's' }, async (store) => {
      const found = { count: 1, held: [] };
      const messages = [user('before'), user('hi'), assistant('all')];
      await store.state.put('t', 'session/s', JSON.stringify({ messages, held: [], last: 'left', found }), 0);
    });
    await using house = await openTestHouse([say('more')], { store: await openSqliteStore({ folder }) });
    expect(stepsOf(await house.ended(key)).slice(-2)).toEqual(['2 answers q1', '2 stop']);
    expect(house.requests[0]?.messages).toEqual([user('before'), user('hi'), assistant('all'), user('q1')]);
    const state = JSON.parse((await house.store.state.get('t', 'session/s'))?.value ?? '{}') as { messages: object[] };
    expect(state.messages).toEqual([user('before'), user('hi'), assistant('all'), user('q1'), assistant('more')]);
    rmSync(folder, { recursive: true, force: true });
  });
});

describe('a message whose run’s owner died', () => {
  const key = runKey('t', 'left');

  async function recover(records: readonly string[], acts: readonly Act[], inbox: readonly [id: string, mode: SendMode][] = []) {
    const folder = await leave(key, records, {}, async (store) => {
      for (const [id, mode] of inbox) await send(store, key, id, mode);
    });
    try {
      await using house = await openTestHouse(acts, { store: await openSqliteStore({ folder }) });
      return { records: await house.ended(key), requests: house.requests };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const givenOf = (records: readonly RunRecord[]): string[] =>
    records.flatMap((record) => (record.kind === 'message.given' ? [record.data.command] : []));

  test('that only the inbox knows is given and answered', async () => {
    const { records } = await recover([started(), text('one')], [say('one two'), say('three')], [['q1', 'queue']]);
    expect(givenOf(records)).toEqual(['q1']);
    expect(stepsOf(records)).toEqual(['1 answers the input', '1 stop', '2 answers q1', '2 stop']);
    expect(foldText(foldOf(records))).toBe('one twothree');
  });

  test('that the log knows and no step answers is answered once', async () => {
    const left = [started(), text('one'), given('q1', 'queue'), ended(), given('q2', 'queue')];
    const { records, requests } = await recover(
      left,
      [say('two'), say('three')],
      [
        ['q1', 'queue'],
        ['q2', 'queue'],
        ['q3', 'steer'],
      ],
    );
    expect(givenOf(records)).toEqual(['q1', 'q2', 'q3']);
    expect(stepsOf(records).slice(2)).toEqual(['2 answers q3', '2 stop', '3 answers q1', '3 stop', '4 answers q2', '4 stop']);
    expect(requests[0]?.messages).toEqual([user('hi'), assistant('one'), user('q3')]);
  });

  test('in the middle of its answer is gone on with, and the answer’s step is told the same again', async () => {
    const left = [started(), text('one'), given('q1', 'queue'), ended(), started(2, ['q1']), text('tw', 2)];
    const { records, requests } = await recover(left, [say('two')], [['q1', 'queue']]);
    expect(givenOf(records)).toEqual(['q1']);
    expect(stepsOf(records)).toEqual(['1 answers the input', '1 stop', '2 answers q1', '2 stop']);
    expect(requests.map(({ messages }) => messages)).toEqual([[user('hi'), assistant('one'), user('q1')]]);
    expect(foldOf(records).steps.map((step) => step.text)).toEqual(['one', 'two']);
  });

  test('that interrupts is not made to wait for the answer that it interrupts', async () => {
    const inLog = { left: [started(), text('one'), given('i1', 'interrupt')], inbox: [] };
    const inInbox = { left: [started(), text('one')], inbox: [['i1', 'interrupt']] satisfies [string, SendMode][] };
    for (const { left, inbox } of [inLog, inInbox]) {
      const { records, requests } = await recover(left, [say('two')], inbox);
      expect(stepsOf(records)).toEqual(['1 answers the input', '1 interrupted', '2 answers i1', '2 stop']);
      expect(requests.map(({ messages }) => messages)).toEqual([[user('hi'), assistant('one'), user('i1')]]);
    }
  });

  test('whose step had ended ends the run', async () => {
    const left = [started(), ended(), given('q1', 'queue'), started(2, ['q1']), text('two', 2), ended(2)];
    const { records, requests } = await recover(left, [say('never')], [['q1', 'queue']]);
    expect(requests).toHaveLength(0);
    expect(kindsOf(records).slice(7)).toEqual(['run.finished']);
  });

  test('meters count the attempts of one step, not of those before', async () => {
    const deaths = Array.from({ length: 4 }, () => encodeRecord('step.resumed', 1, 1, { by: 'fresh' }));
    const left = [started(), ...deaths, ended(), given('q1', 'queue'), started(2, ['q1'])];
    const { records } = await recover(left, [say('two')]);
    expect(records.at(-1)?.data).toMatchObject({ status: 'completed' });
  });
});

const started = (step = 1, answers?: readonly string[]): string =>
  encodeRecord('step.started', step, 1, answers ? { model: 'scripted', answers } : { model: 'scripted' });
const text = (words: string, step = 1): string => encodeRecord('text', step, 1, words);
const ended = (step = 1): string => encodeRecord('step.ended', step, 1, { finish: 'stop', usage: said.usage });
const given = (command: string, mode: SendMode): string => encodeRecord('message.given', 0, 0, { command, mode, text: command });

/** A folder in which a run has these records and no end, and whatever else is put there. */
async function leave(
  key: RunKey,
  records: readonly string[],
  request: Partial<RunRequest>,
  put: (store: Store) => Promise<void>,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'openclaw-messages-'));
  const store = await openSqliteStore({ folder });
  const created = encodeRecord('run.created', 0, 0, { agent: 'default', input: 'hi', ...request, at: 0, fingerprint: 'f' });
  const lease = await new Promise<Lease>((resolve) => {
    store.queue.consume('dead', 1, { leased: resolve, command: () => undefined, lost: () => undefined });
    void store.runs.create(key, created, 'f');
  });
  if (records.length > 0) lease.append(records, 'process');
  await lease.settled();
  await put(store);
  await store.close();
  return folder;
}
