/** Responses that a provider keeps, against one that does so over HTTP. */
import { systemClock } from '@openclaw-runtime/kit';
import { afterAll, afterEach, expect, test } from 'vitest';
import { startProvider } from '../../../tests/provider/server.ts';
import { ask, brokerOf, failure, never } from './fixtures/brokers.ts';
import { createCollectingSink } from './fixtures/sinks.ts';

const provider = await startProvider();
const broker = brokerOf({ kind: 'openai', baseUrl: provider.url, api: 'responses' }, systemClock);

afterEach(() => provider.reset());
afterAll(async () => {
  await broker.close();
  await provider.close();
});

async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await new Promise((resolve) => setImmediate(resolve));
}

test('it goes on there while nobody reads, and is then read whole, although each question has another answer', async () => {
  const model = 'text?vary=1&cut=20&times=1';
  const sink = createCollectingSink();
  expect((await failure(broker.stream(ask(model), sink, never()))).code).toBe('PROVIDER_FAILED');
  const [response] = sink.responses;
  const again = createCollectingSink();
  expect((await broker.stream({ ...ask(model), attach: response ?? '' }, again, never())).finish).toBe('stop');
  const [first, second] = provider.ledger();
  expect(again.deltas.join('')).toBe(first?.full);
  expect(again.deltas.slice(0, sink.deltas.length)).toEqual(sink.deltas);
  expect(second).toMatchObject({ again: true, response, nonce: first?.nonce, status: 'finished' });
});

test('one that is still being made is read up to its end', async () => {
  const model = 'length?gap=3&cut=6&times=1';
  const sink = createCollectingSink();
  await failure(broker.stream(ask(model), sink, never()));
  const again = createCollectingSink();
  const end = await broker.stream({ ...ask(model), attach: sink.responses[0] ?? '' }, again, never());
  expect([end.finish, again.deltas.join('')]).toEqual(['length', provider.ledger()[0]?.full]);
});

test('what the provider does not know, or forgot, is NOT_FOUND and no fault of its', async () => {
  for (let i = 0; i < 10; i++) {
    const error = await failure(broker.stream({ ...ask('text'), attach: 'resp_unknown' }, createCollectingSink(), never()));
    expect([error.code, error.message]).toEqual(['NOT_FOUND', expect.stringContaining('"resp_unknown"')]);
  }
  expect((await broker.stream(ask('text'), createCollectingSink(), never())).finish).toBe('stop');
  const sink = createCollectingSink();
  await failure(broker.stream(ask('text?forget=1&cut=10&times=1'), sink, never()));
  const gone = broker.stream({ ...ask('text?forget=1'), attach: sink.responses[0] ?? '' }, createCollectingSink(), never());
  expect((await failure(gone)).code).toBe('NOT_FOUND');
});

test('who aborts cancels it there, also while it is read again', async () => {
  const model = 'text?gap=5&cut=8&times=1';
  const first = createCollectingSink();
  await failure(broker.stream(ask(model), first, never()));
  const response = first.responses[0] ?? '';
  const controller = new AbortController();
  const sink = createCollectingSink();
  const done = broker.stream({ ...ask(model), attach: response }, sink, controller.signal).catch((reason: unknown) => reason);
  await sink.reached(3);
  controller.abort('enough');
  expect(await done).toBe('enough');
  await until(() => provider.stats().cancelled === 1 && provider.stats().open === 0);
  expect(provider.requests().at(-1)?.path).toBe(`/v1/responses/${response}/cancel`);
  const late = createCollectingSink();
  expect((await failure(broker.stream({ ...ask(model), attach: response }, late, never()))).code).toBe('NOT_FOUND');
  expect(late.deltas.length).toBeLessThan(50);
});

test('a reader may begin after an event that it has', async () => {
  const sink = createCollectingSink();
  await broker.stream(ask('text'), sink, never());
  const answer = await fetch(`${provider.url}/v1/responses/${sink.responses[0]}?stream=true&starting_after=53`);
  const numbers = [...(await answer.text()).matchAll(/"sequence_number":(\d+)/g)].map(([, number]) => Number(number));
  expect(numbers).toEqual([54, 55, 56, 57]);
});
