import { type Clock, seededRandom, systemClock } from '@openclaw-runtime/kit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBroker, simulatedText, simulatedTokens } from '../src/index.ts';
import { ask, failure, never, SEED } from './fixtures/brokers.ts';
import { createManualClock, hurry } from './fixtures/clocks.ts';
import { createCollectingSink } from './fixtures/sinks.ts';

function simulated(clock: Clock = createManualClock(), config: object = {}) {
  const random = seededRandom(SEED);
  return createBroker({
    providers: { sim: { kind: 'simulated', retries: { baseMs: 1, capMs: 1 }, ...config } },
    models: { simulated: { provider: 'sim' } },
    clock,
    random,
  });
}

test('the text is a function of prompt, length and variant', () => {
  const text = simulatedText('a prompt', 50);
  expect(simulatedText('a prompt', 50)).toBe(text);
  expect(simulatedText('another', 50)).not.toBe(text);
  expect(simulatedTokens('a prompt', 50).join('')).toBe(text);
  expect(text.startsWith(simulatedText('a prompt', 20))).toBe(true);
  expect(simulatedTokens('a prompt', 50).every((token) => /^[a-z]+ $/.test(token))).toBe(true);
  expect(simulatedTokens('a prompt', 50, 'k3f').every((token) => /^[a-z]+·k3f $/.test(token))).toBe(true);
});

test('without options the answer can be read and says that it is simulated', async () => {
  const clock = createManualClock();
  const sink = createCollectingSink();
  const before = clock.now();
  const end = await hurry(clock, simulated(clock).stream(ask('simulated'), sink, never()));
  expect(sink.deltas.join('')).toMatch(/^This is the simulated model of OpenClaw Runtime/);
  expect(sink.deltas.length).toBeGreaterThan(50);
  expect((clock.now() - before) / sink.deltas.length).toBeCloseTo(1000 / 30, 0);
  expect(end).toMatchObject({ finish: 'stop', usage: { outputTokens: sink.deltas.length }, toolCalls: [] });
});

test('tokens come one by one, evenly over the time', async () => {
  const clock = createManualClock();
  const times: number[] = [];
  const begin = clock.now();
  const sink = createCollectingSink({ text: () => times.push(clock.now() - begin) });
  await hurry(clock, simulated(clock).stream(ask('simulated?tokens=20&ms=200'), sink, never()));
  expect(times.length).toBe(20);
  for (const [i, ms] of times.entries()) {
    expect(ms).toBeGreaterThanOrEqual((i + 1) * 10);
    expect(ms).toBeLessThanOrEqual((i + 1) * 10 + 4);
  }
});

test('the first token comes after ttft, where it is given', async () => {
  const clock = createManualClock();
  const times: number[] = [];
  const begin = clock.now();
  const sink = createCollectingSink({ text: () => times.push(clock.now() - begin) });
  await hurry(clock, simulated(clock).stream(ask('simulated?tokens=4&ms=40&ttft=500'), sink, never()));
  expect(times[0]).toBeGreaterThanOrEqual(500);
  expect(times[3]).toBeLessThanOrEqual(534);
});

test('a turn that comes late sends all that is due, and no more', async () => {
  const clock = createManualClock();
  const sink = createCollectingSink();
  let now = clock.now();
  const late: Clock = { ...clock, now: () => now };
  const done = simulated(late).stream(ask('simulated?tokens=20&ms=200'), sink, never());
  now += 105;
  clock.step();
  expect(sink.deltas.length).toBe(10);
  now += 10_000;
  await hurry(clock, done);
  expect(sink.deltas.join('')).toBe(simulatedText('hello', 20));
});

test('it goes on from any prefix of its answer to the same text', async () => {
  const whole = simulatedText('hello', 12);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: whole.length }), async (at) => {
      const clock = createManualClock();
      const sink = createCollectingSink();
      const prefix = whole.slice(0, at);
      await hurry(clock, simulated(clock).stream({ ...ask('simulated?tokens=12&ms=1&thinking=2'), prefix }, sink, never()));
      expect(prefix + sink.deltas.join('')).toBe(whole);
      expect(sink.deltas).not.toContain('');
      expect(sink.thoughts.length).toBe(at === 0 ? 2 : 0);
    }),
    { numRuns: 60, seed: SEED },
  );
});

test('with vary no two calls share a token, and none goes on from a prefix', async () => {
  const clock = createManualClock();
  const broker = simulated(clock);
  const sinks = [createCollectingSink(), createCollectingSink()] as const;
  for (const sink of sinks) await hurry(clock, broker.stream(ask('simulated?tokens=10&ms=1&vary=1'), sink, never()));
  const [a, b] = sinks.map(({ deltas }) => new Set(deltas)) as [Set<string>, Set<string>];
  expect(a.isDisjointFrom(b)).toBe(true);
  const variant = /·(\w+) /.exec(sinks[0].deltas[0] as string)?.[1] as string;
  expect(sinks[0].deltas.join('')).toBe(simulatedText('hello', 10, variant));
  const error = await failure(broker.stream({ ...ask('simulated?vary=1'), prefix: 'x' }, createCollectingSink(), never()));
  expect(error.code).toBe('BAD_REQUEST');
});

test('thinking comes before the text and is counted', async () => {
  const clock = createManualClock();
  const sink = createCollectingSink();
  const end = await hurry(clock, simulated(clock).stream(ask('simulated?tokens=3&ms=3&thinking=5'), sink, never()));
  expect([sink.thoughts.length, sink.deltas.length]).toEqual([5, 3]);
  expect(end.usage).toMatchObject({ outputTokens: 8, reasoningTokens: 5 });
});

test('it ends with a call to the tool, and answers once it has the result', async () => {
  const clock = createManualClock();
  const broker = simulated(clock);
  const request = ask('simulated?tokens=1&ms=1&tool=search', 'find "x"');
  const end = await hurry(clock, broker.stream(request, createCollectingSink(), never()));
  expect(end).toMatchObject({ finish: 'tool_calls', toolCalls: [{ name: 'search', arguments: '{"input":"find \\"x\\""}' }] });
  const toolCalls = end.toolCalls;
  const messages = [
    ...request.messages,
    { role: 'assistant', content: '', toolCalls },
    { role: 'tool', toolCallId: toolCalls[0]?.id as string, content: 'found' },
  ] as const;
  expect((await hurry(clock, broker.stream({ ...request, messages }, createCollectingSink(), never()))).toolCalls).toEqual([]);
});

test('cut breaks off after so many tokens', async () => {
  const clock = createManualClock();
  const sink = createCollectingSink();
  const error = await failure(hurry(clock, simulated(clock).stream(ask('simulated?tokens=9&ms=9&cut=4'), sink, never())));
  expect([error.code, sink.deltas.length]).toEqual(['PROVIDER_FAILED', 4]);
});

test('stall falls silent until the time-out, and leaves no timer behind when cancelled', async () => {
  const clock = createManualClock();
  const broker = simulated(clock, { timeouts: { firstChunkMs: 100, betweenChunksMs: 1_000 }, retries: { max: 0 } });
  const begin = clock.now();
  const sink = createCollectingSink();
  const error = await failure(hurry(clock, broker.stream(ask('simulated?tokens=9&ms=9&stall=4'), sink, never())));
  expect([error.code, sink.deltas.length]).toEqual(['PROVIDER_TIMEOUT', 4]);
  expect(clock.now() - begin).toBeGreaterThanOrEqual(1_000);

  const controller = new AbortController();
  const done = broker
    .stream(ask('simulated?tokens=9&ms=9&stall=0'), createCollectingSink(), controller.signal)
    .catch((reason: unknown) => reason);
  clock.advance(50);
  controller.abort('enough');
  expect(await done).toBe('enough');
  expect(clock.pending()).toBe(0);
});

test('status is retried like that of a real provider, and strikes only so many times', async () => {
  const clock = createManualClock();
  const broker = simulated(clock);
  const sink = createCollectingSink();
  await hurry(clock, broker.stream(ask('simulated?tokens=2&ms=2&status=429&retry=3&times=2'), sink, never()));
  expect(sink.retries.map(({ error, delayMs }) => [error.code, delayMs])).toEqual([
    ['PROVIDER_RATE_LIMITED', 3_000],
    ['PROVIDER_RATE_LIMITED', 3_000],
  ]);
  expect(sink.deltas.length).toBe(2);
  const refused = await failure(hurry(clock, broker.stream(ask('simulated?status=400'), createCollectingSink(), never())));
  expect(refused.code).toBe('PROVIDER_REFUSED');
});

test('a full sink is waited for', async () => {
  const clock = createManualClock();
  let release = (): void => {};
  let full: Promise<void> | undefined = new Promise((resolve) => (release = resolve));
  const sink = createCollectingSink({ full: () => full });
  const done = simulated(clock).stream(ask('simulated?tokens=20&ms=200'), sink, never());
  clock.advance(1_000);
  expect(sink.deltas.length).toBe(1);
  full = undefined;
  release();
  await hurry(clock, done);
  expect(sink.deltas.join('')).toBe(simulatedText('hello', 20));
});

test('cancelling ends it at once, closing ends the others', async () => {
  const clock = createManualClock();
  const broker = simulated(clock);
  const controller = new AbortController();
  const sinks = [createCollectingSink(), createCollectingSink()] as const;
  const cancelled = broker.stream(ask('simulated?tokens=20&ms=200'), sinks[0], controller.signal).catch((reason: unknown) => reason);
  const other = failure(broker.stream(ask('simulated?tokens=20&ms=200'), sinks[1], never()));
  clock.advance(100);
  controller.abort('enough');
  expect(await cancelled).toBe('enough');
  clock.advance(50);
  expect([sinks[0].deltas.length < 11, sinks[1].deltas.length > 12]).toEqual([true, true]);
  await broker.close();
  expect((await other).code).toBe('SHUTTING_DOWN');
  expect((await failure(broker.stream(ask('simulated'), createCollectingSink(), never()))).code).toBe('SHUTTING_DOWN');
});

test.each([
  ['simulated?tokns=3', 'Did you mean "tokens"?'],
  ['simulated?tokens=many', 'tokens is "many"'],
  ['simulated?tokens=-1', 'tokens is "-1"'],
  ['simulated?status=200', 'status is "200"'],
])('%s is refused with what was expected', async (model, says) => {
  const error = await failure(simulated().stream(ask(model), createCollectingSink(), never()));
  expect([error.code, error.message]).toEqual(['BAD_REQUEST', expect.stringContaining(says)]);
});

test('on the real clock many streams at once are whole and in time', async () => {
  const broker = simulated(systemClock);
  const sinks = Array.from({ length: 200 }, () => createCollectingSink());
  await Promise.all(sinks.map((sink, i) => broker.stream(ask('simulated?tokens=20&ms=100', `prompt ${i}`), sink, never())));
  for (const [i, sink] of sinks.entries()) expect(sink.deltas.join('')).toBe(simulatedText(`prompt ${i}`, 20));
});
