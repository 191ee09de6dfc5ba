/** Runs that wait for people leave their threads and memory, and go on when they are answered. */
import type { PersonAnswer } from '@openclaw-runtime/agent';
import { decodeState } from '@openclaw-runtime/agent';
import { seededRandom } from '@openclaw-runtime/kit';
import {
  type Approval,
  encodeRecord,
  type OpenClawError,
  type Payloads,
  type RunRecord,
  type RunRequest,
  type ToolCall,
} from '@openclaw-runtime/protocol';
import { createMemoryStore, type Lease, type RunKey, runKey, type Store } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import { type Act, kindsOf, openTestHouse, recordsOf, said, type TestHouse } from './house.ts';
import { createFakeClock, type FakeClock } from './pool-clock.ts';
import { type Code, type Context, coded, createThreads, toolCard } from './threads.ts';

const AFTER_MS = 10_000;
const pay: ToolCall = { id: 'c', name: 'pay', arguments: '{}' };
const calling: Act = () => ({ ...said, finish: 'tool_calls', toolCalls: [pay] });
const echo: Act = (request, sink) => {
  sink.text(`re: ${request.messages.map(({ content }) => content).join('|')}`);
  return said;
};
const person = (context: Context, text: string, more: object = {}): Promise<PersonAnswer> =>
  context.ask('ask', 'p', (n) => ({ do: 'person', name: 'p', n, text, ...more }));
const dataOf = <K extends RunRecord['kind']>(records: readonly RunRecord[], kind: K): Payloads[K][] =>
  records.filter((record) => record.kind === kind).map((record) => record.data as Payloads[K]);

interface Parkable {
  readonly house: TestHouse;
  readonly clock: FakeClock;
  readonly starts: string[];
  /** Begins a run of the worker's at the clock's time. */
  start(name: string, request?: Partial<RunRequest>): Promise<RunKey>;
  /** Lets so much time pass that what waits for people is parked, until so many are. */
  park(count: number): Promise<void>;
}

/** A house whose time stands still. `starts` has a line for each start of an operation or tool. */
async function parkable(
  code: Code,
  options: {
    acts?: readonly Act[];
    runMs?: number;
    timeoutMs?: number;
    wallBackMs?: () => number;
    maxConcurrentRuns?: number;
    /** What of a lease is another way than the store has it. */
    overlay?: (lease: Lease) => Partial<Lease>;
  } = {},
): Promise<Parkable> {
  const fake = createFakeClock();
  const { wallBackMs = () => 0 } = options;
  const clock = { ...fake, wall: () => fake.wall() - wallBackMs() };
  const starts: string[] = [];
  const threads = createThreads(code);
  const limit = options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs };
  const card = {
    operations: Object.keys(code.operations ?? {}).map((name) => ({ name, ...limit })),
    tools: Object.keys(code.tools ?? {}).map((name) => toolCard(name, { needsApproval: true })),
  };
  const house = await openTestHouse(options.acts ?? [echo], {
    store: overlaid(createMemoryStore({ clock }), options.overlay),
    limits: {
      parkAfterMs: AFTER_MS,
      runMs: options.runMs ?? 24 * 3_600_000,
      ...(options.maxConcurrentRuns && { maxConcurrentRuns: options.maxConcurrentRuns }),
    },
    runtime: {
      clock,
      agents: [coded('worker', card), { name: 'default' }],
      threads: {
        ...threads,
        call(call, signal) {
          starts.push(call.job.run.run);
          return threads.call(call, signal);
        },
      },
    },
  });
  return {
    house,
    clock,
    starts,
    async start(name, request = { operation: 'work' }) {
      const key = runKey('t', name);
      const created = { agent: 'worker', input: name, ...request, at: clock.wall(), fingerprint: name };
      await house.store.runs.create(key, encodeRecord('run.created', 0, 0, created), name);
      return key;
    },
    async park(count) {
      clock.advance(AFTER_MS + 1_000);
      await expect.poll(() => house.runtime.parked, { timeout: 15_000 }).toBe(count);
      // Its records leave memory.
      for (let i = 0; i < 50; i++) await Promise.resolve();
    },
  };
}

function overlaid(store: Store, overlay: (lease: Lease) => Partial<Lease> = () => ({})): Store {
  const over = (lease: Lease): Lease => {
    const own = overlay(lease);
    return new Proxy(lease, {
      get(target, key) {
        if (key in own) return Reflect.get(own, key);
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  };
  const consume: Store['queue']['consume'] = (name, capacity, consumer) =>
    store.queue.consume(name, capacity, { ...consumer, leased: (lease) => consumer.leased(over(lease)) });
  return { ...store, queue: { ...store.queue, consume } };
}

/** Lets everything go on that waits for no time. */
async function rest(): Promise<void> {
  for (let i = 0; i < 100; i++) await new Promise((resolve) => setImmediate(resolve));
}

async function askedOf({ store }: TestHouse, key: RunKey, n = 1): Promise<Approval> {
  for (;;) {
    const advance = Promise.withResolvers<void>();
    const stop = store.runs.follow(key, () => advance.resolve());
    const asked = dataOf(await recordsOf(store, key), 'approval.asked')[n - 1];
    if (!asked) await advance.promise;
    stop();
    if (asked) return asked;
  }
}

const approve = ({ store }: TestHouse, key: RunKey, { id, hash }: Approval, answer: 'allow' | 'deny' = 'allow') =>
  store.inbox.put(key, { id: `${key} ${id} ${answer}`, kind: 'approve', data: { approval: id, hash, answer } });
const valueOf = (records: readonly RunRecord[]): unknown => {
  const [outcome] = dataOf(records, 'run.finished');
  return outcome?.status === 'completed' && outcome.value !== undefined ? decodeState(outcome.value) : outcome;
};

test('an operation that waits for a person is parked, and goes on where it was when it is answered', async () => {
  const effects: string[] = [];
  const work = async (context: Context): Promise<unknown> => {
    const before = await context.step('before', () => effects.push('before'));
    const { allowed } = await person(context, 'May I?');
    const after = await context.step('after', () => effects.push('after'));
    return [before, allowed, after];
  };
  const { house, starts, park, start } = await parkable({ operations: { work } });
  await using _house = house;
  const key = await start('r');
  const asked = await askedOf(house, key);
  expect(house.runtime).toMatchObject({ active: 1, parked: 0 });
  await park(1);
  expect(house.runtime).toMatchObject({ active: 0, parked: 1 });
  expect(kindsOf(await recordsOf(house.store, key))).toEqual(['run.created', 'piece.done', 'approval.asked']);
  await approve(house, key, asked);
  const records = await house.ended(key);
  expect(valueOf(records)).toEqual([1, true, 2]);
  expect(effects).toEqual(['before', 'after']);
  expect(starts).toEqual(['r', 'r']);
  expect(kindsOf(records).slice(3)).toEqual(['approval.given', 'piece.done', 'piece.done', 'run.finished']);
  expect(house.runtime).toMatchObject({ active: 0, parked: 0 });
  expect(house.defects).toEqual([]);
});

test('a call that waits for a person is parked, made once when it is allowed, and parked again when the next one waits', async () => {
  const { house, starts, park, start } = await parkable({ tools: { pay: () => 'paid' } }, { acts: [calling, calling, echo] });
  await using _house = house;
  const key = await start('r', {});
  for (const n of [1, 2]) {
    const asked = await askedOf(house, key, n);
    await park(1);
    expect(starts).toHaveLength(n - 1);
    await approve(house, key, asked, n === 1 ? 'allow' : 'deny');
  }
  const records = await house.ended(key);
  expect(starts).toHaveLength(1);
  expect(dataOf(records, 'tool.result').map(({ content, error }) => error?.code ?? content)).toEqual(['paid', 'DENIED']);
  expect(records.at(-1)?.data).toMatchObject({ status: 'completed' });
});

test('what is not answered in time expires while the run is parked', async () => {
  const work = async (context: Context): Promise<unknown> => person(context, 'May I?', { timeoutMs: 3_600_000 }).catch(({ code }) => code);
  const { house, clock, park, start } = await parkable({ operations: { work } });
  await using _house = house;
  const key = await start('r');
  const asked = await askedOf(house, key);
  await park(1);
  clock.advance(asked.expiresAt - clock.wall() - 1);
  expect(house.runtime.parked).toBe(1);
  clock.advance(1);
  const records = await house.ended(key);
  expect(valueOf(records)).toBe('EXPIRED');
  expect(dataOf(records, 'approval.given')).toEqual([{ id: asked.id, answer: 'expired' }]);
});

test('a wall clock that is set back lengthens no question, parked or not', async () => {
  let backMs = 0;
  const work = async (context: Context): Promise<unknown> =>
    person(context, 'May I?', { timeoutMs: 600_000 }).catch(({ code }: { readonly code: string }) => code);
  const { house, clock, park, start } = await parkable({ operations: { work } }, { wallBackMs: () => backMs });
  await using _house = house;
  const parked = await start('parked');
  await askedOf(house, parked);
  await park(1);
  const waiting = await start('waiting');
  await askedOf(house, waiting);
  backMs = 3_600_000;
  clock.advance(590_000);
  for (const key of [parked, waiting])
    await expect
      .poll(async () => {
        clock.advance(1_000);
        return valueOf(await recordsOf(house.store, key));
      })
      .toBe('EXPIRED');
});

test('a parked run is cancelled at once', async () => {
  const work = (context: Context): Promise<unknown> => person(context, 'May I?');
  const { house, park, start } = await parkable({ operations: { work } });
  await using _house = house;
  const key = await start('r');
  await askedOf(house, key);
  await park(1);
  await house.store.inbox.put(key, { id: 'enough', kind: 'cancel' });
  expect((await house.ended(key)).at(-1)?.data).toMatchObject({ status: 'cancelled', by: 'enough' });
});

test.each([
  ['the run’s', { runMs: 600_000 }, 'The run took longer than 600000 ms'],
  ['its operation’s', { timeoutMs: 600_000 }, 'The operation took longer than 600000 ms'],
])('%s time goes on while it is parked, and is not lengthened by it', async (_whose, limits, message) => {
  const work = (context: Context): Promise<unknown> => person(context, 'May I?');
  const { house, clock, park, start } = await parkable({ operations: { work } }, limits);
  await using _house = house;
  const begunMs = clock.now();
  const key = await start('r');
  await house.store.inbox.put(key, { id: 'f', kind: 'feedback', data: '' });
  await askedOf(house, key);
  await park(1);
  clock.advance(30_000);
  await house.store.inbox.put(key, { id: 'g', kind: 'feedback', data: '' });
  await expect.poll(() => house.runtime.active).toBe(1);
  await expect.poll(async () => dataOf(await recordsOf(house.store, key), 'feedback.given')).toHaveLength(2);
  await expect
    .poll(() => {
      clock.advance(1_000);
      return house.runtime.parked;
    })
    .toBe(1);
  clock.advance(begunMs + 599_999 - clock.now());
  expect(house.runtime).toMatchObject({ active: 0, parked: 1 });
  clock.advance(1);
  await expect
    .poll(async () => {
      clock.advance(1_000);
      return kindsOf(await recordsOf(house.store, key)).at(-1);
    })
    .toBe('run.finished');
  expect((await house.ended(key)).at(-1)?.data).toMatchObject({
    status: 'timed_out',
    error: { message: expect.stringContaining(message) },
  });
});

test('a run of a session keeps its turn while it is parked', async () => {
  const { house, park, start } = await parkable({ tools: { pay: () => 'paid' } }, { acts: [calling, echo] });
  await using _house = house;
  const first = await start('first', { session: 's' });
  const asked = await askedOf(house, first);
  const second = await start('second', { agent: 'default', session: 's' });
  await park(1);
  expect(house.runtime.active).toBe(1);
  const third = await start('third', { agent: 'default', session: 's' });
  await approve(house, first, asked);
  await house.ended(first);
  await house.ended(second);
  await house.ended(third);
  const last = house.requests.at(-1)?.messages.map(({ content }) => content) ?? [];
  expect(last.filter((content) => ['first', 'second', 'third'].includes(content))).toEqual(['first', 'second', 'third']);
  expect(house.requests).toHaveLength(4);
});

test('a run in which anything else goes on is not parked', async () => {
  const gate = Promise.withResolvers<void>();
  const work = async (context: Context): Promise<unknown> => {
    const asked = person(context, 'May I?', { steps: 1 });
    await context.step('beside', () => gate.promise);
    return asked;
  };
  const child = (context: Context): Promise<unknown> =>
    Promise.all([
      person(context, 'May I?'),
      context.ask('run', 'c', (n) => ({ do: 'run', name: 'c', n, child: { agent: 'worker', operation: 'work', input: '' } })),
    ]);
  const { house, clock, park, start } = await parkable({ operations: { work, child } });
  await using _house = house;
  const key = await start('r', { operation: 'child' });
  const asked = await askedOf(house, key);
  for (let i = 0; i < 20; i++) {
    clock.advance(5_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(house.runtime).toMatchObject({ active: 2, parked: 0 });
  gate.resolve();
  const inner = dataOf(await recordsOf(house.store, key), 'child.started')[0]?.child;
  const innerKey = `t/${inner}` as RunKey;
  const innerAsked = await askedOf(house, innerKey);
  await expect.poll(async () => kindsOf(await recordsOf(house.store, innerKey)).at(-1)).toBe('piece.done');
  await park(1);
  await approve(house, innerKey, innerAsked);
  await house.ended(innerKey);
  await approve(house, key, asked);
  expect((await house.ended(key)).at(-1)?.data).toMatchObject({ status: 'completed' });
});

test('an answer that comes while the run is being parked is not left lying', async () => {
  const work = (context: Context): Promise<unknown> => person(context, 'May I?');
  const { house, clock, starts, start } = await parkable({ operations: { work } });
  await using _house = house;
  const key = await start('r');
  const asked = await askedOf(house, key);
  clock.advance(AFTER_MS);
  const put = approve(house, key, asked);
  clock.advance(1_000);
  await put;
  expect(valueOf(await house.ended(key))).toEqual({ allowed: true });
  expect(starts.length).toBeLessThanOrEqual(2);
});

test('1,000 that are parked at once and answered in any order end right, each once', async () => {
  const seed = 11;
  const random = seededRandom(seed);
  const effects: string[] = [];
  const work = async (context: Context): Promise<unknown> => {
    const { allowed } = await person(context, `May ${context.job.run.run}?`);
    return context.step('note', () => effects.push(`${context.job.run.run} ${allowed}`) > 0);
  };
  const { house, park, start } = await parkable({ operations: { work } });
  await using _house = house;
  const keys = await Promise.all(Array.from({ length: 1_000 }, (_, i) => start(`r${i}`)));
  const asked = await Promise.all(keys.map((key) => askedOf(house, key)));
  await park(1_000);
  expect(house.runtime.active).toBe(0);
  const order = keys.map((key, i) => ({ key, i, at: random.float() })).toSorted((a, b) => a.at - b.at);
  const answerOf = (i: number): 'allow' | 'deny' => (i % 3 === 0 ? 'deny' : 'allow');
  await Promise.all(order.map(({ key, i }) => approve(house, key, asked[i] as Approval, answerOf(i))));
  const ends = await Promise.all(keys.map((key) => house.ended(key)));
  expect(ends.every((records) => valueOf(records) === true)).toBe(true);
  expect(effects.toSorted()).toEqual(keys.map((_, i) => `r${i} ${answerOf(i) === 'allow'}`).toSorted());
  expect(house.runtime).toMatchObject({ active: 0, parked: 0 });
});

test('a drain does not wait for them, and they are not lost', async () => {
  const work = (context: Context): Promise<unknown> => person(context, 'May I?');
  const { house, park, start } = await parkable({ operations: { work } });
  await using _house = house;
  const key = await start('r');
  const asked = await askedOf(house, key);
  await start('s');
  await park(2);
  await askedOf(house, await start('t'));
  await house.runtime.drain(60_000);
  expect(house.runtime).toMatchObject({ active: 0, parked: 3 });
  await approve(house, key, asked);
  const kept = Promise.withResolvers<readonly string[]>();
  house.store.queue.consume('next', 1, {
    leased: ({ commands }) => kept.resolve(commands.map(({ kind }) => kind)),
    command: () => undefined,
    lost: () => undefined,
  });
  expect(await kept.promise).toEqual(['approve']);
});

const waits = (context: Context): Promise<unknown> =>
  person(context, 'May I?', { timeoutMs: 600_000 }).catch((error: OpenClawError) => error.code);

test('a question that expires while the next run of its session has the only place lets both go on', async () => {
  const { house, clock, park, start } = await parkable({ operations: { work: waits } }, { maxConcurrentRuns: 1 });
  await using _house = house;
  const first = await start('first', { operation: 'work', session: 's' });
  await askedOf(house, first);
  await park(1);
  const next = await start('next', { agent: 'default', session: 's' });
  await rest();
  clock.advance(600_000);
  await expect.poll(async () => kindsOf(await recordsOf(house.store, next)).at(-1)).toBe('run.finished');
  expect(valueOf(await recordsOf(house.store, first))).toBe('EXPIRED');
});

test('a parked run that is found damaged leaves its seat in its session', async () => {
  const leased: string[] = [];
  const { house, park, start } = await parkable(
    { operations: { work: waits } },
    {
      overlay({ key }) {
        leased.push(key);
        return leased.filter((each) => each === key).length > 1 ? { damage: 'its first record is lost' } : {};
      },
    },
  );
  await using _house = house;
  const first = await start('first', { operation: 'work', session: 's' });
  await askedOf(house, first);
  await park(1);
  const next = await start('next', { agent: 'default', session: 's' });
  await rest();
  await house.store.inbox.put(first, { id: 'x', kind: 'cancel' });
  await expect.poll(async () => kindsOf(await recordsOf(house.store, next)).at(-1)).toBe('run.finished');
});

test('a run is not parked before what it asked is durable', async () => {
  const durable = Promise.withResolvers<void>();
  const { house, clock, start } = await parkable({ operations: { work: waits } }, { overlay: () => ({ settled: () => durable.promise }) });
  await using _house = house;
  await askedOf(house, await start('first'));
  clock.advance(AFTER_MS + 1_000);
  await rest();
  expect(house.runtime.parked).toBe(0);
  durable.resolve();
  await expect.poll(() => house.runtime.parked).toBe(1);
});
