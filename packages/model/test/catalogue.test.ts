import { seededRandom } from '@openclaw-runtime/kit';
import { expect, test } from 'vitest';
import { nearest } from '../src/failure/nearest.ts';
import { type BrokerOptions, type Capabilities, createBroker, resolveProvider } from '../src/index.ts';
import { ask, failure, never, SEED } from './fixtures/brokers.ts';
import { createManualClock } from './fixtures/clocks.ts';
import { createScriptedHttp, events, finish } from './fixtures/http.ts';
import { createCollectingSink } from './fixtures/sinks.ts';

const http = createScriptedHttp([events(finish('stop'))]);
const options: BrokerOptions = {
  providers: {
    main: { kind: 'openai', baseUrl: 'http://p.test' },
    deepseek: { kind: 'openai', baseUrl: 'https://api.deepseek.com' },
    sim: { kind: 'simulated' },
  },
  models: {
    fast: { provider: 'main', name: 'fast-2026-01' },
    mine: { provider: 'main', prefix: 'assistant' },
    thinker: { provider: 'deepseek', name: 'deepseek-chat' },
    simulated: { provider: 'sim' },
    quick: { provider: 'sim', name: 'simulated?tokens=3&ms=1' },
  },
  clock: createManualClock(),
  random: seededRandom(SEED),
  http: () => http,
};
const broker = createBroker(options);

function able(prefix: boolean, reasoning: Capabilities['reasoning'] = [1, 2, 3, 4]): Capabilities {
  return { prefix, attach: false, tools: true, reasoning };
}

test('the list has every configured model with what it can', () => {
  expect(broker.list()).toEqual([
    { name: 'fast', provider: 'main', simulated: false, capabilities: able(false, []), fallbacks: [] },
    { name: 'mine', provider: 'main', simulated: false, capabilities: able(true, []), fallbacks: [] },
    { name: 'thinker', provider: 'deepseek', simulated: false, capabilities: able(true), fallbacks: [] },
    { name: 'simulated', provider: 'sim', simulated: true, capabilities: able(true), fallbacks: [] },
    { name: 'quick', provider: 'sim', simulated: true, capabilities: able(true), fallbacks: [] },
  ]);
});

test('options after the name belong to the call', () => {
  expect(broker.info('simulated?vary=1')).toEqual({
    name: 'simulated?vary=1',
    provider: 'sim',
    simulated: true,
    capabilities: able(false),
    fallbacks: [],
  });
  expect(broker.info('quick?vary=1').capabilities.prefix).toBe(false);
});

test('the provider is asked for its own name of the model, options included', async () => {
  await broker.stream(ask('fast'), createCollectingSink(), never());
  await broker.stream(ask('fast?gap=1'), createCollectingSink(), never());
  const models = http.requests.map(({ body }) => JSON.parse(body ?? '').model);
  expect(models).toEqual(['fast-2026-01', 'fast-2026-01?gap=1']);
});

test('an unknown model is an error with the known names and the nearest one', async () => {
  const error = await failure(broker.stream(ask('simulatd'), createCollectingSink(), never()));
  expect(error.code).toBe('NOT_FOUND');
  expect(error.message).toBe('There is no model "simulatd". Did you mean "simulated"? Known: fast, mine, thinker, simulated, quick.');
  expect(() => broker.info('')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
});

test('a model’s fallbacks are told, whatever options the caller adds', () => {
  const models = { ...options.models, careful: { provider: 'main', fallback: ['fast', 'quick?ms=2'] } };
  const chained = createBroker({ ...options, models });
  expect(chained.info('careful?x=1').fallbacks).toEqual(['fast', 'quick?ms=2']);
});

test('with a default provider every other name goes there as it is', () => {
  const open = createBroker({ ...options, defaultProvider: 'main' });
  expect(open.info('whatever?gap=2')).toMatchObject({ name: 'whatever?gap=2', provider: 'main' });
  expect(open.info('quick').provider).toBe('sim');
});

test('a provider that is not configured is an error at once', () => {
  const models = { x: { provider: 'nobody' } };
  expect(() => createBroker({ ...options, models })).toThrow(
    expect.objectContaining({ code: 'BAD_CONFIG', message: expect.stringContaining('nobody') }),
  );
  expect(() => createBroker({ ...options, defaultProvider: 'nobody' })).toThrow(expect.objectContaining({ code: 'BAD_CONFIG' }));
});

test('wrong options of a configured model are an error at once', () => {
  const models = { x: { provider: 'sim', name: 'simulated?tokns=3' } };
  expect(() => createBroker({ ...options, models })).toThrow(
    expect.objectContaining({ code: 'BAD_CONFIG', message: expect.stringContaining('models.x') }),
  );
});

test('what the configuration leaves out is filled in, in one place', () => {
  expect(resolveProvider('main', { kind: 'openai', baseUrl: 'http://p.test', timeouts: { totalMs: 5 } })).toMatchObject({
    timeouts: { totalMs: 5, firstChunkMs: 60_000, betweenChunksMs: 30_000 },
    retries: { max: 4, baseMs: 250, capMs: 10_000 },
    circuit: { failures: 8, openMs: 10_000 },
    connections: 256,
    api: 'chat',
  });
  expect(() => resolveProvider('main', { kind: 'simulated', retries: { max: -1 } })).toThrow(
    expect.objectContaining({ code: 'BAD_CONFIG', message: expect.stringContaining('providers.main.retries.max') }),
  );
});

test('a word that is nothing like any other has no nearest one', () => {
  expect(nearest('gpt-4', ['simulated', 'fast'])).toBe(undefined);
  expect(nearest('FASTT', ['simulated', 'fast'])).toBe('fast');
});
