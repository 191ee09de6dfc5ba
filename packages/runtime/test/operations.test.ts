import { createHash } from 'node:crypto';
import { type ChildAnswer, decodeState, type ModelAnswer, type PersonAnswer } from '@openclaw-runtime/agent';
import { systemClock } from '@openclaw-runtime/kit';
import { OpenClawError, type Payloads, type RunRecord } from '@openclaw-runtime/protocol';
import { createMemoryStore, type RunKey, runKey, type Store } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import type { RuntimeOptions } from '../src/index.ts';
import { encodedOf, leftBehind } from './crash.ts';
import { type Act, foldOf, kindsOf, openTestHouse, recordsOf, said, type TestHouse } from './house.ts';
import { type Code, type Context, coded, createThreads } from './threads.ts';

const dataOf = <K extends RunRecord['kind']>(records: readonly RunRecord[], kind: K): Payloads[K][] =>
  records.filter((record) => record.kind === kind).map((record) => record.data as Payloads[K]);
const echo: Act = (request, sink) => {
  sink.text(`re: ${request.messages.at(-1)?.content}`);
  return said;
};
const stream = (context: Context, content: string): Promise<ModelAnswer> =>
  context.ask('stream', '', (n) => ({ do: 'stream', n, call: { messages: [{ role: 'user', content }] } }));
const generate = (context: Context, content: string): Promise<ModelAnswer> =>
  context.ask('generate', 'g', (n) => ({ do: 'generate', name: 'g', n, call: { messages: [{ role: 'user', content }] } }));
const person = (context: Context, text: string, timeoutMs?: number): Promise<PersonAnswer> =>
  context.ask('ask', 'p', (n) => ({ do: 'person', name: 'p', n, text, ...(timeoutMs !== undefined && { timeoutMs }) }));
const child = (context: Context, input: string, more: object = {}): Promise<ChildAnswer> =>
  context.ask('run', 'c', (n) => ({ do: 'run', name: 'c', n, child: { agent: 'default', input, ...more } }));

type Operations = NonNullable<Code['operations']>;

function operationHouse(
  operations: Operations,
  options: { acts?: readonly Act[]; store?: Store; runtime?: Partial<RuntimeOptions> } = {},
): Promise<TestHouse> {
  const card = { operations: Object.keys(operations).map((name) => ({ name })) };
  return openTestHouse(options.acts ?? [echo], {
    runtime: { agents: [coded('worker', card), { name: 'default' }], threads: createThreads({ operations }), ...options.runtime },
    ...(options.store && { store: options.store }),
  });
}

const start = (house: TestHouse, name: string, operation: string, more: object = {}): Promise<RunKey> =>
  house.run(name, { agent: 'worker', operation, input: operation, ...more });
const valueOf = (records: readonly RunRecord[]): unknown => {
  const [outcome] = dataOf(records, 'run.finished');
  return outcome?.status === 'completed' && outcome.value !== undefined ? decodeState(outcome.value) : outcome;
};

describe('an operation', () => {
  test('is given its arguments, does its pieces, tells its viewers, saves its state, and returns', async () => {
    const work = async (context: Context, args: unknown): Promise<unknown> => {
      const doubled = await context.step('double', () => (args as { n: number }).n * 2);
      await context.emit('progress', { at: doubled });
      const shown = await stream(context, 'loud');
      await context.checkpoint({ doubled, at: new Date(5) });
      const quiet = await generate(context, 'silent');
      return { doubled, shown: shown.text, quiet: quiet.text, key: await context.secret('KEY') };
    };
    await using house = await operationHouse({ work }, { runtime: { secrets: (name, agent) => `${name} of ${agent}` } });
    const records = await house.ended(await start(house, 'hi', 'work', { args: { n: 4 } }));
    expect(kindsOf(records)).toEqual([
      'run.created',
      'piece.done',
      'event',
      'step.started',
      'text',
      'step.ended',
      'state.saved',
      'piece.done',
      'run.finished',
    ]);
    expect(valueOf(records)).toEqual({ doubled: 8, shown: 're: loud', quiet: 're: silent', key: 'KEY of worker' });
    expect(dataOf(records, 'event')).toEqual([{ name: 'progress', data: { at: 8 } }]);
    expect(decodeState(dataOf(records, 'state.saved')[0]?.state ?? '')).toEqual({ doubled: 8, at: new Date(5) });
    expect(foldOf(records).steps.map(({ text }) => text)).toEqual(['re: loud']);
    expect(records.at(-1)?.data).toMatchObject({ usage: { outputTokens: 4 } });
  });

  test('that throws ends the run as failed with its word; what only the store may say is its own failure', async () => {
    const fail = (code: 'AGENT_FAILED' | 'NONDETERMINISTIC' | 'FENCED') => () => {
      throw new OpenClawError(code, 'so it is');
    };
    await using house = await operationHouse({ a: fail('AGENT_FAILED'), b: fail('NONDETERMINISTIC'), c: fail('FENCED') });
    for (const [name, code] of Object.entries({ a: 'AGENT_FAILED', b: 'NONDETERMINISTIC', c: 'AGENT_FAILED' })) {
      const records = await house.ended(await start(house, name, name));
      expect(records.at(-1)?.data).toMatchObject({ status: 'failed', error: { code, message: 'so it is' } });
    }
  });

  test('that is none, of an agent that has none, or where there are no threads, ends with an error that says so', async () => {
    await using house = await operationHouse({ work: () => 1 });
    const unknown = await house.ended(await start(house, 'a', 'other'));
    expect(unknown.at(-1)?.data).toMatchObject({
      status: 'failed',
      error: { code: 'NOT_FOUND', message: expect.stringContaining('work') },
    });
    const plain = await house.ended(await house.run('b', { operation: 'work' }));
    expect(plain.at(-1)?.data).toMatchObject({ status: 'failed', error: { code: 'NOT_FOUND' } });
    await using bare = await openTestHouse([echo], { runtime: { agents: [coded('worker', { operations: [{ name: 'work' }] })] } });
    expect((await bare.ended(await start(bare, 'c', 'work'))).at(-1)?.data).toMatchObject({ error: { code: 'NOT_IMPLEMENTED' } });
  });

  test('is cancelled, and nothing follows the end', async () => {
    const begun = Promise.withResolvers<void>();
    const work = async (context: Context): Promise<void> => {
      void stream(context, 'x').catch(() => undefined);
      begun.resolve();
      await new Promise(() => undefined);
    };
    const never: Act = (_request, sink, signal) => {
      sink.text('half');
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    await using house = await operationHouse({ work }, { acts: [never] });
    const key = await start(house, 'hi', 'work');
    await begun.promise;
    await house.store.inbox.put(key, { id: 'stop', kind: 'cancel' });
    const records = await house.ended(key);
    expect(records.at(-1)?.data).toMatchObject({ status: 'cancelled', by: 'stop' });
    expect(house.defects).toEqual([]);
  });

  test('whose own time is up is timed out', async () => {
    const card = { operations: [{ name: 'work', timeoutMs: 10 }] };
    const threads = createThreads({ operations: { work: () => new Promise(() => undefined) } });
    await using house = await openTestHouse([echo], { runtime: { agents: [coded('worker', card)], threads } });
    expect((await house.ended(await start(house, 'hi', 'work'))).at(-1)?.data).toMatchObject({ status: 'timed_out' });
  });

  test('is scrubbed: pieces, events, state, value and error', async () => {
    const secret = 'top"secret';
    const work = async (context: Context): Promise<string> => {
      await context.step('s', () => ({ secret, pin: 12345678 }));
      await context.emit('e', [secret]);
      await context.checkpoint({ secret });
      await context.step('bad', () => secret);
      return secret;
    };
    const bad = (): never => {
      throw new OpenClawError('AGENT_FAILED', `no ${secret}`);
    };
    const scrub = (text: string): string => text.replaceAll(secret, '[secret]').replaceAll('12345678', '[secret]');
    await using house = await operationHouse({ work, bad }, { runtime: { scrub } });
    for (const name of ['work', 'bad']) {
      const records = await house.ended(await start(house, name, name));
      expect(JSON.stringify(records)).not.toMatch(/top.{0,3}"secret|12345678/);
      if (name === 'work') expect(valueOf(records)).toBe('[secret]');
    }
  });

  test('that asks a model in vain is told so, and goes on', async () => {
    const refuse: Act = () => {
      throw new OpenClawError('PROVIDER_REFUSED', 'no');
    };
    const work = async (context: Context): Promise<unknown> => {
      const first = await stream(context, 'one').catch((error: unknown) => (error as OpenClawError).code);
      return [first, (await stream(context, 'two')).text];
    };
    await using house = await operationHouse({ work }, { acts: [refuse, echo] });
    const records = await house.ended(await start(house, 'hi', 'work'));
    expect(valueOf(records)).toEqual(['PROVIDER_REFUSED', 're: two']);
    expect(foldOf(records).steps.map(({ step, ended, finish }) => ({ step, ended, finish }))).toEqual([
      { step: 1, ended: true, finish: 'interrupted' },
      { step: 2, ended: true, finish: 'stop' },
    ]);
  });
});

test('threads that are all taken are waited for; an operation that ends with what its model said is over', async () => {
  const busy = new OpenClawError('RATE_LIMITED', 'all threads are busy', { retryAfterMs: 1 });
  let starts = 0;
  const work = async (context: Context): Promise<unknown> => {
    if (++starts < 3) throw busy;
    return (await stream(context, 'x')).text;
  };
  const full: Act = () => {
    throw new OpenClawError('RATE_LIMITED', 'too many calls wait for the model', { retryAfterMs: 1 });
  };
  await using house = await operationHouse({ work }, { acts: [full] });
  const records = await house.ended(await start(house, 'hi', 'work'));
  expect(records.at(-1)?.data).toMatchObject({
    status: 'failed',
    error: { code: 'RATE_LIMITED', message: 'too many calls wait for the model' },
  });
  expect(starts).toBe(3);
});

describe('a thread that is lost', () => {
  const lost = (code: 'THREAD_LOST' | 'AGENT_CRASHED'): OpenClawError => new OpenClawError(code, 'gone');

  test('costs a start from the last state; what was done is not done again, what is on its way is joined', async () => {
    const gate = Promise.withResolvers<void>();
    const slow: Act = async (request, sink) => {
      await gate.promise;
      return echo(request, sink, new AbortController().signal);
    };
    const done: string[] = [];
    let starts = 0;
    const work = async (context: Context): Promise<unknown> => {
      starts++;
      const from = (context.state as { at: number } | undefined)?.at ?? 0;
      if (from === 0) {
        await context.step('a', () => void done.push('a'));
        await context.checkpoint({ at: 1 });
      }
      await context.step('b', () => void done.push('b'));
      await context.emit('e', 1);
      const answer = generate(context, 'x');
      if (starts < 3) throw lost(starts === 1 ? 'AGENT_CRASHED' : 'THREAD_LOST');
      gate.resolve();
      return [from, (await answer).text];
    };
    await using house = await operationHouse({ work }, { acts: [slow] });
    const records = await house.ended(await start(house, 'hi', 'work'));
    expect(valueOf(records)).toEqual([1, 're: x']);
    expect(done).toEqual(['a', 'b']);
    expect(house.requests).toHaveLength(1);
    expect(dataOf(records, 'event')).toHaveLength(1);
    expect(dataOf(records, 'thread.lost')).toMatchObject([
      { error: { code: 'AGENT_CRASHED' }, restarts: 1 },
      { error: { code: 'THREAD_LOST' }, restarts: 2 },
    ]);
  });

  test('ends the run when it is the agent’s own fault a fourth time in ten seconds', async () => {
    let starts = 0;
    let aheadMs = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
    const crash = (): never => {
      if (++starts === 3) aheadMs += 10_001;
      throw lost('AGENT_CRASHED');
    };
    await using house = await operationHouse({ crash }, { runtime: { clock } });
    const records = await house.ended(await start(house, 'hi', 'crash'));
    expect(records.at(-1)?.data).toMatchObject({ status: 'failed', error: { code: 'AGENT_CRASHED' } });
    expect(starts).toBe(6);
  });
});

describe('a person who is asked', () => {
  test('answers with a word and a text; a question that nobody answers is an error', async () => {
    const work = async (context: Context): Promise<unknown> => {
      const answer = await person(context, 'Really?');
      const late = await person(context, 'And?', 5).catch((error: unknown) => (error as OpenClawError).code);
      return [answer, late];
    };
    await using house = await operationHouse({ work });
    const key = await start(house, 'hi', 'work');
    await expect.poll(async () => dataOf(await recordsOf(house.store, key), 'approval.asked').length).toBe(1);
    const [asked] = dataOf(await recordsOf(house.store, key), 'approval.asked');
    expect(asked).toMatchObject({ about: 'question', name: 'p', text: 'Really?' });
    const data = { approval: asked?.id, hash: asked?.hash, answer: 'deny', text: 'No.' };
    await house.store.inbox.put(key, { id: 'x', kind: 'approve', data });
    const records = await house.ended(key);
    expect(valueOf(records)).toEqual([{ allowed: false, text: 'No.' }, 'EXPIRED']);
    expect(dataOf(records, 'approval.given')).toMatchObject([{ answer: 'deny', command: 'x' }, { answer: 'expired' }]);
  });
});

describe('a run that another starts', () => {
  test('is one of its own, whose end is an answer, also when it fails', async () => {
    const refuse: Act = () => {
      throw new OpenClawError('PROVIDER_REFUSED', 'no');
    };
    const work = async (context: Context): Promise<unknown> => {
      const good = await child(context, 'do');
      const bad = await child(context, 'fail');
      const value = await child(context, 'x', { agent: 'worker', operation: 'small', args: [1] });
      return [good, bad, value];
    };
    const small = (_context: Context, args: unknown): unknown => ({ args });
    await using house = await operationHouse({ work, small }, { acts: [echo, refuse] });
    const records = await house.ended(await start(house, 'hi', 'work'));
    const [good, bad, value] = valueOf(records) as readonly ChildAnswer[];
    expect(good).toMatchObject({ status: 'completed', text: 're: do' });
    expect(bad).toMatchObject({ status: 'failed', error: { code: 'PROVIDER_REFUSED' } });
    expect(value).toMatchObject({ status: 'completed', value: { args: [1] } });
    expect(dataOf(records, 'child.started').map(({ child }) => child)).toEqual([good?.run, bad?.run, value?.run]);
    expect(dataOf(records, 'child.finished').map(({ status }) => status)).toEqual(['completed', 'failed', 'completed']);
    const [created] = dataOf(await recordsOf(house.store, runKey('t', good?.run ?? '')), 'run.created');
    expect(created).toMatchObject({ agent: 'default', input: 'do', parent: { run: 'hi', name: 'c', depth: 1 } });
  });

  test('is another one after each checkpoint, though they are counted anew', async () => {
    const work = async (context: Context): Promise<unknown> => {
      const at = (context.state as number | undefined) ?? 0;
      const runs: string[] = [];
      for (let i = at; i < 3; i++) {
        runs.push((await child(context, `${i}`)).text);
        await context.checkpoint(i + 1);
      }
      return runs;
    };
    await using house = await operationHouse({ work });
    expect(valueOf(await house.ended(await start(house, 'hi', 'work')))).toEqual(['re: 0', 're: 1', 're: 2']);
  });

  test('is cancelled with its parent', async () => {
    const never: Act = (_request, _sink, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    await using house = await operationHouse({ work: (context) => child(context, 'long') }, { acts: [never] });
    const key = await start(house, 'hi', 'work');
    await expect.poll(() => house.requests.length).toBe(1);
    await house.store.inbox.put(key, { id: 'stop', kind: 'cancel' });
    const records = await house.ended(key);
    const [started] = dataOf(records, 'child.started');
    expect(records.at(-1)?.data).toMatchObject({ status: 'cancelled' });
    const end = (await house.ended(runKey('t', started?.child ?? ''))).at(-1);
    expect(end?.data).toMatchObject({ status: 'cancelled', by: 'parent hi' });
  });

  test('may not be too deep, nor too many at once', async () => {
    const codes = (all: readonly PromiseSettledResult<ChildAnswer>[]): string[] =>
      all.flatMap((each) =>
        each.status === 'rejected' ? [(each.reason as OpenClawError).code] : [each.value.error?.code ?? each.value.status],
      );
    const deep = async (context: Context): Promise<unknown> => {
      const { value, error } = await child(context, 'x', { agent: 'worker', operation: 'deep' });
      return error ?? (typeof value === 'number' ? value + 1 : value);
    };
    const wide = async (context: Context): Promise<unknown> =>
      codes(await Promise.allSettled(Array.from({ length: 18 }, (_, i) => child(context, `${i}`))));
    await using house = await operationHouse({ deep, wide });
    const fell = valueOf(await house.ended(await start(house, 'deep', 'deep')));
    expect(fell).toMatchObject({ code: 'TOO_DEEP' });
    expect(valueOf(await house.ended(await start(house, 'wide', 'wide')))).toEqual([
      ...Array.from({ length: 16 }, () => 'completed'),
      'TOO_DEEP',
      'TOO_DEEP',
    ]);
  });
});

describe('an owner that dies', () => {
  const key = runKey('t', 'left');

  test('at any record, twice: no step is done again, no model is asked for what it has said, and the end is the same', async () => {
    const work =
      (effects: string[]) =>
      async (context: Context): Promise<unknown> => {
        const state = (context.state as { sum: number; at: number } | undefined) ?? { sum: 0, at: 0 };
        for (; state.at < 2; state.at++) {
          const { at } = state;
          state.sum += await context.step('add', () => {
            effects.push(`add ${at}`);
            return 10;
          });
          await context.emit('at', at);
          const shown = await stream(context, `shown ${at}`);
          const kept = await generate(context, `kept ${at}`);
          const below = await child(context, `below ${at}`);
          state.sum += shown.text.length + kept.text.length + below.text.length;
          const failed = await context
            .ask('run', 'nobody', (n) => ({ do: 'run', name: 'nobody', n, child: { agent: 'nobody', input: '' } }))
            .catch((error: unknown) => (error as OpenClawError).code);
          expect(failed).toBe('NOT_FOUND');
          await context.checkpoint({ ...state, at: at + 1 });
        }
        return state.sum;
      };
    const carry = async (left: readonly string[] | undefined): Promise<string[]> => {
      const effects: string[] = [];
      const kept = left ? await leftBehind(key, left) : createMemoryStore();
      const store: Store = { ...kept, runId: (_tenant, place) => createHash('sha256').update(place).digest('base64url').slice(0, 22) };
      await using house = await operationHouse({ work: work(effects) }, { store });
      if (!left) await start(house, 'left', 'work');
      const records = await house.ended(key);
      expect(house.defects).toEqual([]);
      expect(valueOf(records)).toBe(2 * (10 + 're: shown 0'.length + 're: kept 0'.length + 're: below 0'.length));
      expect(foldOf(records).steps.map(({ step, text }) => `${step} ${text}`)).toEqual(['1 re: shown 0', '2 re: shown 1']);
      expect(dataOf(records, 'event').map(({ data }) => data)).toEqual([0, 1]);
      expect(dataOf(records, 'state.saved')).toHaveLength(2);
      expect(dataOf(records, 'child.started')).toHaveLength(2);
      expect(records.at(-1)?.data).toMatchObject({ usage: { outputTokens: 8 } });
      const before = left?.join('\n') ?? '';
      const pieces = before.split('\n').filter((record) => record.startsWith('["piece.done"'));
      expect(effects).toHaveLength(2 - pieces.filter((record) => record.includes('"what":"step"')).length);
      const asked = house.requests.map(({ messages }) => messages.at(-1)?.content ?? '');
      expect(new Set(asked).size).toBe(asked.length);
      const ends = before.split('\n').filter((record) => record.startsWith('["step.ended"')).length;
      expect(asked.filter((content) => content.startsWith('shown'))).toHaveLength(2 - ends);
      const silent = pieces.filter((record) => record.includes('"what":"generate"')).length;
      expect(asked.filter((content) => content.startsWith('kept'))).toHaveLength(2 - silent);
      return encodedOf(records);
    };
    // What a child came to is one append.
    const mayEnd = (left: readonly string[]): boolean => !left.at(-1)?.startsWith('["child.finished"');
    const whole = await carry(undefined);
    for (let cut = 1; cut < whole.length; cut++) {
      const left = whole.slice(0, cut);
      if (!mayEnd(left)) continue;
      const second = await carry(left);
      for (let again = cut + 1; again < second.length; again += 3) if (mayEnd(second.slice(0, again))) await carry(second.slice(0, again));
    }
  });

  test('while a person is asked leaves the question, which is answered once', async () => {
    const work = async (context: Context): Promise<unknown> => [await person(context, 'Really?'), await person(context, 'Sure?')];
    const answer = async (house: TestHouse, n: number): Promise<void> => {
      const asked = (): Promise<Payloads['approval.asked'][]> =>
        recordsOf(house.store, key).then((records) => dataOf(records, 'approval.asked'));
      await expect.poll(async () => (await asked()).length).toBe(n);
      const last = (await asked())[n - 1];
      const data = { approval: last?.id, hash: last?.hash, answer: 'allow', text: `${n}` };
      await house.store.inbox.put(key, { id: `answer ${n}`, kind: 'approve', data });
    };
    await using first = await operationHouse({ work });
    await start(first, 'left', 'work');
    await answer(first, 1);
    await answer(first, 2);
    const whole = await first.ended(key);
    const value = [
      { allowed: true, text: '1' },
      { allowed: true, text: '2' },
    ];
    expect(valueOf(whole)).toEqual(value);
    expect(kindsOf(whole).slice(1, -1)).toEqual([
      'approval.asked',
      'approval.given',
      'piece.done',
      'approval.asked',
      'approval.given',
      'piece.done',
    ]);
    for (let cut = 1; cut < whole.length; cut++) {
      const left = whole.slice(0, cut);
      await using house = await operationHouse({ work }, { store: await leftBehind(key, encodedOf(left)) });
      const given = dataOf(left, 'approval.given').length;
      for (let n = given + 1; n <= 2; n++) await answer(house, n);
      const records = await house.ended(key);
      expect(valueOf(records)).toEqual(value);
      expect(dataOf(records, 'approval.asked')).toHaveLength(2);
      expect(dataOf(records, 'approval.given')).toHaveLength(2);
    }
  });

  test('while a child is at work finds it again', async () => {
    const gate = Promise.withResolvers<void>();
    const slow: Act = async (request, sink, signal) => {
      await gate.promise;
      return echo(request, sink, signal);
    };
    const first = await operationHouse({ work: (context) => child(context, 'long') }, { acts: [slow] });
    const parent = await start(first, 'left', 'work');
    await expect.poll(() => first.requests.length).toBe(1);
    // The parent's owner dies, the child's does not.
    const lease = await first.store.queue.claim(parent, 'another');
    expect(lease.head.seq).toBe(2);
    const [started] = dataOf(await recordsOf(first.store, parent), 'child.started');
    const store: Store = {
      ...first.store,
      queue: {
        ...first.store.queue,
        consume: (_owner, _capacity, consumer) => {
          consumer.leased(lease);
          return () => undefined;
        },
      },
    };
    await using second = await operationHouse({ work: (context) => child(context, 'long') }, { store });
    gate.resolve();
    const records = await second.ended(parent);
    expect(valueOf(records)).toMatchObject({ run: started?.child, text: 're: long' });
    expect(dataOf(records, 'child.started')).toHaveLength(1);
    expect(second.requests).toHaveLength(0);
    await first.runtime.drain(0);
  });
});

test('a fork of an operation shares its past and does the rest itself', async () => {
  const done: string[] = [];
  const work = async (context: Context): Promise<unknown> => {
    const a = await context.step('a', () => done.push('a'));
    const b = await context.step('b', () => done.push('b'));
    return [a, b];
  };
  await using house = await operationHouse({ work });
  await house.ended(await start(house, 'source', 'work'));
  expect(done).toEqual(['a', 'b']);
  const records = await house.ended(await start(house, 'fork', 'work', { fork: { run: 'source', seq: 2 } }));
  expect(done).toEqual(['a', 'b', 'b']);
  expect(valueOf(records)).toEqual([1, 3]);
});

test('a fork of a run whose child is at work has a child of its own, and leaves the other alone', async () => {
  const gate = Promise.withResolvers<void>();
  const first: Act = async (request, sink, signal) => {
    const aborted = Promise.withResolvers<never>();
    signal.addEventListener('abort', () => aborted.reject(signal.reason), { once: true });
    await Promise.race([gate.promise, aborted.promise]);
    return echo(request, sink, signal);
  };
  await using house = await operationHouse({ work: (context) => child(context, 'long') }, { acts: [first, echo] });
  const source = await start(house, 'source', 'work');
  await expect.poll(() => house.requests.length).toBe(1);
  const fork = await house.ended(await start(house, 'fork', 'work', { fork: { run: 'source', seq: 2 } }));
  gate.resolve();
  const records = await house.ended(source);
  const [own] = dataOf(records, 'child.started');
  expect(valueOf(fork)).toMatchObject({ status: 'completed', text: 're: long' });
  expect(dataOf(fork, 'child.started').map(({ child }) => child === own?.child)).toEqual([true, false]);
  expect(valueOf(records)).toMatchObject({ run: own?.child, status: 'completed' });
});
