import { afterAll, afterEach, expect, test } from 'vitest';
import { startProvider } from '../../../tests/provider/server.ts';
import type { ModelBroker, OpenAiConfig } from '../src/index.ts';
import { ask, brokerFor, failure, never } from './fixtures/brokers.ts';
import { createCollectingSink } from './fixtures/sinks.ts';

const provider = await startProvider();
const brokers: ModelBroker[] = [];

afterEach(async () => {
  await Promise.all(brokers.splice(0).map((broker) => broker.close()));
  provider.reset();
});
afterAll(() => provider.close());

function broker(config: Partial<OpenAiConfig> = {}): ModelBroker {
  const made = brokerFor({ baseUrl: provider.url, ...config });
  brokers.push(made);
  return made;
}

/** The text of an undisturbed call. */
async function wholeText(model: string): Promise<string> {
  const sink = createCollectingSink();
  await broker().stream(ask(model), sink, never());
  return sink.deltas.join('');
}

async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await new Promise((resolve) => setImmediate(resolve));
}

test('cancelling closes the provider’s socket within 100 ms and rejects with the reason', async () => {
  /** How long it took. */
  const cancel = async (model: string): Promise<number> => {
    provider.reset();
    const controller = new AbortController();
    const sink = createCollectingSink();
    const done = broker()
      .stream(ask(model), sink, controller.signal)
      .catch((reason: unknown) => reason);
    if (model === 'text?gap=5' || model === 'text?stall=3') await sink.reached(2);
    else await until(() => provider.stats().requests === 1);
    const reason = new Error('enough');
    const begin = performance.now();
    controller.abort(reason);
    expect(await done).toBe(reason);
    await until(() => provider.stats().open === 0);
    const tookMs = performance.now() - begin;
    expect(sink.retries).toEqual([]);
    return tookMs;
  };
  for (const model of ['text?gap=5', 'text?stall=3', 'text?ttft=60000', 'text?drip=5']) {
    // One time in five the machine has to be awake.
    let tookMs = await cancel(model);
    for (let tries = 1; tries < 5 && tookMs >= 100; tries++) tookMs = await cancel(model);
    expect(tookMs).toBeLessThan(100);
  }
});

test('the provider counts the aborted socket', async () => {
  const controller = new AbortController();
  const sink = createCollectingSink();
  const done = broker()
    .stream(ask('text?gap=5'), sink, controller.signal)
    .catch(() => {});
  await sink.reached(3);
  controller.abort();
  await done;
  await until(() => provider.stats().clientAborted === 1);
  expect(provider.ledger()[0]?.status).toBe('aborted');
});

test('a socket that is cut before content is asked again, after content it is not', async () => {
  const sink = createCollectingSink();
  await broker().stream(ask('text?cut=1&times=2'), sink, never());
  expect(sink.retries.map(({ error }) => error.code)).toEqual(['PROVIDER_FAILED', 'PROVIDER_FAILED']);
  expect(sink.deltas.join('')).toBe(await wholeText('text'));

  const cut = createCollectingSink();
  const error = await failure(broker().stream(ask('text?cut=5'), cut, never()));
  expect([error.code, cut.deltas.length, cut.retries]).toEqual(['PROVIDER_FAILED', 4, []]);
});

test('a silent provider is given up, by real time too', async () => {
  // Chunks come late on a busy machine: each time only one of these is short.
  const patient = { firstChunkMs: 10_000, betweenChunksMs: 10_000, totalMs: 30_000 };
  const within = (timeouts: Partial<typeof patient>): ModelBroker => broker({ timeouts: { ...patient, ...timeouts }, retries: { max: 0 } });
  const sink = createCollectingSink();
  const brief = within({ betweenChunksMs: 1_000 });
  const stalled = await failure(brief.stream(ask('text?stall=4'), sink, never()));
  expect([stalled.code, sink.deltas.length]).toEqual(['PROVIDER_TIMEOUT', 3]);
  expect((await failure(brief.stream(ask('text?stall=4&drip=5'), createCollectingSink(), never()))).message).toContain('betweenChunksMs');
  const early = within({ firstChunkMs: 60 });
  expect((await failure(early.stream(ask('text?drip=5'), createCollectingSink(), never()))).message).toContain('firstChunkMs');
  const whole = within({ totalMs: 400 });
  expect((await failure(whole.stream(ask('text?gap=30'), createCollectingSink(), never()))).message).toContain('totalMs');
  await until(() => provider.stats().open === 0);
});

test('junk in the stream is PROVIDER_MALFORMED and shows what came', async () => {
  const sink = createCollectingSink();
  const error = await failure(broker().stream(ask('text?junk=3'), sink, never()));
  expect([error.code, sink.deltas.length]).toEqual(['PROVIDER_MALFORMED', 2]);
  expect(error.message).toContain('oops, no JSON');
  await until(() => provider.stats().open === 0);
});

test('a delta of a megabyte passes, a line over 16 MiB does not', async () => {
  const sink = createCollectingSink();
  await broker().stream(ask('text?bigtoken=1000000'), sink, never());
  expect(sink.deltas[0]?.length).toBe(1_000_000);
  const huge = await failure(broker({ retries: { max: 0 } }).stream(ask('text?bigtoken=17000000'), createCollectingSink(), never()));
  expect([huge.code, huge.message]).toEqual(['PROVIDER_MALFORMED', expect.stringContaining('16 MiB')]);
});

test('packets of one byte give the same deltas', async () => {
  const whole = createCollectingSink();
  const torn = createCollectingSink();
  const end = await broker().stream(ask('unicode'), whole, never());
  expect(await broker().stream(ask('unicode?split=1'), torn, never())).toEqual(end);
  expect(torn.deltas).toEqual(whole.deltas);
});

test('a model that the provider does not have is NOT_FOUND with what the provider says', async () => {
  const error = await failure(broker().stream(ask('nothing'), createCollectingSink(), never()));
  expect([error.code, error.message]).toEqual(['NOT_FOUND', expect.stringContaining("There is no model 'nothing' here")]);
});

test('it goes on from a prefix, and asks a provider that varies anew', async () => {
  const whole = await wholeText('text');
  const going = broker({ prefix: 'continue_final_message' });
  for (const at of [1, 7, 100, whole.length - 1]) {
    const sink = createCollectingSink();
    const end = await going.stream({ ...ask('text'), prefix: whole.slice(0, at) }, sink, never());
    expect(whole.slice(0, at) + sink.deltas.join('')).toBe(whole);
    expect(end.finish).toBe('stop');
  }
  expect(provider.ledger().at(-1)).toMatchObject({
    prefix: whole.slice(0, -1),
    continued: true,
    full: whole.slice(-1),
    sent: whole.slice(-1),
    status: 'finished',
  });
  const [first, second] = [await wholeText('text?vary=1'), await wholeText('text?vary=1')];
  expect(first).not.toBe(second);
  expect(
    provider
      .ledger()
      .slice(-2)
      .map(({ full }) => full),
  ).toEqual([first, second]);
});

test('nobody at the address, and nobody says so for long', async () => {
  const gone = await startProvider();
  await gone.close();
  const sink = createCollectingSink();
  const error = await failure(broker({ baseUrl: gone.url }).stream(ask('text'), sink, never()));
  expect([error.code, sink.retries.length]).toEqual(['PROVIDER_FAILED', 4]);
  expect(error.message).toContain(gone.url);
  expect(error.message).toContain('ECONNREFUSED');
});

test('calls one after another use one connection, so the end of a stream costs none', async () => {
  const before = provider.connections();
  const one = broker();
  for (let i = 0; i < 5; i++) {
    await one.stream(ask('text'), createCollectingSink(), never());
    // The connection is free a moment after the end mark.
    await until(() => provider.stats().open === 0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    // Time alone may pass without the loop having read anything.
    for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(provider.connections() - before).toBe(1);
});

test('connections are limited; calls beyond them wait their turn', async () => {
  const before = provider.connections();
  const narrow = broker({ connections: 2 });
  const sinks = Array.from({ length: 6 }, () => createCollectingSink());
  await Promise.all(sinks.map((sink) => narrow.stream(ask('length'), sink, never())));
  expect(new Set(sinks.map(({ deltas }) => deltas.join(''))).size).toBe(1);
  expect(provider.connections() - before).toBeLessThanOrEqual(4);
});

test('a full sink holds the provider back', async () => {
  let release = (): void => {};
  let full: Promise<void> | undefined = new Promise((resolve) => (release = resolve));
  const sink = createCollectingSink({ full: () => full });
  const big = 'text?bigtoken=15000000';
  const done = broker().stream(ask(big), sink, never());
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(provider.stats().finished).toBe(0);
  full = undefined;
  release();
  await done;
  expect(provider.stats().finished).toBe(1);
});

test('closing the broker breaks off what still runs', async () => {
  const one = broker();
  const sink = createCollectingSink();
  const done = failure(one.stream(ask('text?gap=5'), sink, never()));
  await sink.reached(2);
  await one.close();
  expect((await done).code).toBe('SHUTTING_DOWN');
  await until(() => provider.stats().open === 0);
});
