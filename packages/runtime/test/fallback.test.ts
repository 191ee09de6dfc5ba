import { seededRandom, systemClock } from '@openclaw-runtime/kit';
import { createBroker, simulatedText } from '@openclaw-runtime/model';
import { foldText, NO_USAGE, OpenClawError } from '@openclaw-runtime/protocol';
import { describe, expect, test } from 'vitest';
import { createArena, Died, type Models, type Play } from './arena.ts';
import { foldOf, openTestHouse, said } from './house.ts';

const broke = new OpenClawError('PROVIDER_FAILED', 'broke off');
const refused = (status: number) => new OpenClawError('PROVIDER_REFUSED', `answered ${status}`, { cause: { status } });
const chain: Models = { a: { fallbacks: ['b', 'c'], prefix: true }, b: {}, c: {} };

/** What each model does at each of its calls; its last deed repeats. A string is said, an error thrown. */
type Deed = string | Error;
const script = (deeds: Readonly<Record<string, readonly (readonly Deed[])[]>>): Play => {
  const calls = new Map<string, number>();
  return ({ model }, sink) => {
    const all = deeds[model] ?? [];
    const n = calls.get(model) ?? 0;
    calls.set(model, n + 1);
    for (const deed of all[Math.min(n, all.length - 1)] ?? []) {
      if (typeof deed !== 'string') throw deed;
      sink.text(deed);
    }
    return said;
  };
};

const outages = [
  'PROVIDER_FAILED',
  'PROVIDER_TIMEOUT',
  'PROVIDER_RATE_LIMITED',
  'PROVIDER_MALFORMED',
  'CIRCUIT_OPEN',
  'RATE_LIMITED',
] as const;

describe('before anything was delivered', () => {
  test.each(outages)('%s has the next model asked, in the same attempt', async (code) => {
    const arena = createArena(script({ a: [[new OpenClawError(code, 'no')]], b: [['hello']] }), { models: chain });
    expect(await arena.run()).toMatchObject({ text: 'hello', attempt: 1 });
    expect(arena.requests.map(({ model }) => model)).toEqual(['a', 'b']);
    const kinds = arena.records().map(({ kind }) => kind);
    expect(kinds).toEqual(['run.created', 'step.started', 'step.retried', 'text']);
    expect(arena.records()[2]?.data).toEqual({ error: { code, message: 'no' }, delayMs: 0, model: 'b' });
  });

  test.each([
    ['a key that is not taken', refused(401)],
    ['an account that may not', refused(403)],
    ['an address that is none', refused(404)],
    ['a model that is not there', new OpenClawError('NOT_FOUND', 'no such model')],
  ])('%s has the next model asked too', async (_what, error) => {
    const arena = createArena(script({ a: [[error]], b: [['hello']] }), { models: chain });
    expect(await arena.run()).toMatchObject({ text: 'hello' });
  });

  test.each([refused(400), refused(422), new OpenClawError('PROVIDER_REFUSED', 'no status'), new OpenClawError('BAD_REQUEST', 'no')])(
    'a request at fault is not asked elsewhere: %s',
    async (error) => {
      const arena = createArena(script({ a: [[error]], b: [['hello']] }), { models: chain });
      expect(await arena.run()).toBe(error);
      expect(arena.requests).toHaveLength(1);
    },
  );

  test('each is asked once, and the last one’s error is the step’s', async () => {
    const arena = createArena(script({ a: [[broke]], b: [[refused(401)]], c: [[new OpenClawError('PROVIDER_TIMEOUT', 'late')]] }), {
      models: chain,
    });
    expect(await arena.run()).toMatchObject({ code: 'PROVIDER_TIMEOUT' });
    expect(arena.requests.map(({ model }) => model)).toEqual(['a', 'b', 'c']);
  });
});

describe('after something was delivered', () => {
  test('the next model takes its place with its first word, and keeps nothing of it', async () => {
    const arena = createArena(script({ a: [['one ', broke], [broke]], b: [[broke]], c: [['one other', ' thing']] }), { models: chain });
    expect(await arena.run()).toMatchObject({ text: 'one other thing', attempt: 2 });
    expect(arena.requests.map(({ model, prefix }) => [model, prefix])).toEqual([
      ['a', undefined],
      ['a', 'one '],
      ['b', undefined],
      ['c', undefined],
    ]);
    const records = arena.records();
    const at = records.findIndex(({ kind, attempt }) => kind === 'step.started' && attempt === 2);
    expect(records[at]?.data).toEqual({ model: 'c', supersedes: 1, keep: 0, keepThinking: 0 });
    // Nothing was taken away before there was something better.
    expect(records[at + 1]).toMatchObject({ kind: 'text', attempt: 2, data: 'one other' });
    expect(foldText(arena.fold())).toBe('one other thing');
  });

  test('when none answers, the one that spoke goes on once it can', async () => {
    const arena = createArena(script({ a: [['one ', broke], [broke], ['two']], b: [[broke]], c: [[broke]] }), { models: chain });
    expect(await arena.run()).toMatchObject({ text: 'one two', attempt: 1 });
    expect(arena.requests.map(({ model }) => model)).toEqual(['a', 'a', 'b', 'c', 'a']);
    expect(arena.requests.at(-1)?.prefix).toBe('one ');
  });

  test('a model that breaks off at the same place again and again gives way, for good', async () => {
    const arena = createArena(
      script({
        a: [['one ', broke]],
        b: [
          ['two ', broke],
          ['two ', 'three'],
        ],
      }),
      {
        models: { a: { fallbacks: ['b'] }, b: {} },
        limits: { noProgressAttempts: 2 },
      },
    );
    expect(await arena.run()).toMatchObject({ text: 'two three' });
    expect(arena.requests.map(({ model }) => model)).toEqual(['a', 'a', 'a', 'b', 'b']);
  });

  test('and all of them do, it ends as NO_PROGRESS', async () => {
    const deeds = { a: [['one ', broke]], b: [['two ', broke]], c: [[broke]] };
    const arena = createArena(script(deeds), { models: { ...chain, a: { fallbacks: ['b', 'c'] } } });
    expect(await arena.run()).toMatchObject({ code: 'NO_PROGRESS' });
    expect(arena.requests.length).toBeLessThan(20);
  });

  test('a key that is taken back ends it where there is no other model', async () => {
    const arena = createArena(script({ a: [['one ', broke], [refused(401)]] }), { models: { a: {} } });
    expect(await arena.run()).toMatchObject({ code: 'PROVIDER_REFUSED' });
  });
});

describe('an owner that died', () => {
  test('is followed by one that asks whoever spoke last', async () => {
    const arena = createArena(script({ a: [[broke]], b: [['one ', new Died()], ['one two']] }), { models: chain });
    expect(await arena.run()).toMatchObject({ text: 'one two', attempt: 1 });
    expect(arena.requests.map(({ model }) => model)).toEqual(['a', 'b', 'b']);
  });

  test('while it asked another than the one that spoke: the one that spoke goes on, and the log says so', async () => {
    const arena = createArena(script({ a: [['one ', broke], [broke], ['two']], b: [[new Died()]] }), { models: chain });
    expect(await arena.run()).toMatchObject({ text: 'one two', attempt: 1 });
    expect(arena.requests.map(({ model }) => model)).toEqual(['a', 'a', 'b', 'a']);
    const asked = arena.records().flatMap((record) => (record.kind === 'step.retried' && record.data.model ? [record.data.model] : []));
    expect(asked).toEqual(['b', 'a']);
  });

  test('of which the model is gone: the one that is wanted now takes the place of its words', async () => {
    const models: Record<string, Models[string]> = { a: { prefix: true }, b: { prefix: true } };
    const arena = createArena(
      (request, sink) => {
        if (request.model === 'b') {
          sink.text('other');
          return said;
        }
        sink.text('one ');
        delete models['a'];
        throw new Died();
      },
      { models },
    );
    expect(await arena.run()).toMatchObject({ text: 'other', attempt: 2 });
    expect(arena.requests[1]).not.toHaveProperty('prefix');
  });
});

test('what broken tries cost is counted where the provider says it', async () => {
  const usage = { ...NO_USAGE, inputTokens: 7, outputTokens: 1 };
  const arena = createArena(
    (_request, sink, call) => {
      sink.text(call === 1 ? 'one ' : 'one two');
      if (call > 1) return said;
      sink.spent?.(usage);
      throw broke;
    },
    { models: { a: {} } },
  );
  expect(await arena.run()).toMatchObject({ usage: { inputTokens: 7, outputTokens: 3 } });
});

test('a request names its tenant', async () => {
  const arena = createArena(script({ a: [['x']] }), { models: { a: {} } });
  await arena.run();
  expect(arena.requests[0]?.tenant).toBe('t');
});

describe('over the real broker', () => {
  const options = { clock: systemClock, random: seededRandom(1) };
  const sim = { kind: 'simulated', retries: { max: 1, baseMs: 1, capMs: 1 } } as const;

  test('a run whose model is down is answered by its fallback', async () => {
    const broker = createBroker({
      ...options,
      providers: { sim },
      models: {
        scripted: { provider: 'sim', name: 'simulated?status=500', fallback: ['spare'] },
        spare: { provider: 'sim', name: 'simulated?tokens=3&ms=3' },
      },
    });
    await using house = await openTestHouse([], { broker });
    const records = await house.ended(await house.run('hi'));
    expect(records.at(-1)?.data).toMatchObject({ status: 'completed' });
    const retries = records.flatMap((record) => (record.kind === 'step.retried' ? [record.data.model] : []));
    expect(retries).toEqual([undefined, 'spare']);
    expect(foldText(foldOf(records))).toBe(simulatedText('hi', 3));
  });

  test('a run that has to wait for its model says so, and then has its turn', async () => {
    const models = { scripted: { provider: 'sim', name: 'simulated?tokens=3&ms=1000', limits: { concurrency: 1 } } };
    await using house = await openTestHouse([], { broker: createBroker({ ...options, providers: { sim }, models }) });
    const keys = [await house.run('one'), await house.run('two'), await house.run('three')];
    const all = await Promise.all(keys.map((key) => house.ended(key)));
    expect(all.map((records) => records.at(-1)?.data)).toEqual(all.map(() => expect.objectContaining({ status: 'completed' })));
    const queued = all.map((records) => records.flatMap((record) => (record.kind === 'step.queued' ? [record.data] : [])));
    expect(queued).toEqual([[], [{ model: 'scripted', ahead: 0 }], [{ model: 'scripted', ahead: 1 }]]);
  });

  test('a run that waits for its model can be cancelled, and leaves its place to the next', async () => {
    const models = { scripted: { provider: 'sim', name: 'simulated?tokens=3&ms=1000', limits: { concurrency: 1 } } };
    await using house = await openTestHouse([], { broker: createBroker({ ...options, providers: { sim }, models }) });
    const [first, second, third] = [await house.run('one'), await house.run('two'), await house.run('three')];
    await house.store.inbox.put(second, { id: 'stop', kind: 'cancel' });
    expect((await house.ended(second)).at(-1)?.data).toMatchObject({ status: 'cancelled', by: 'stop' });
    for (const key of [first, third]) expect((await house.ended(key)).at(-1)?.data).toMatchObject({ status: 'completed' });
  });
});
