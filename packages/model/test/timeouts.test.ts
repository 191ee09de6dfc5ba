import { expect, test } from 'vitest';
import { ask, brokerFor, never } from './fixtures/brokers.ts';
import { createManualClock } from './fixtures/clocks.ts';
import { createScriptedHttp } from './fixtures/http.ts';
import { createCollectingSink } from './fixtures/sinks.ts';

const TIMEOUTS = { totalMs: 10_000, firstChunkMs: 1_000, betweenChunksMs: 500 };
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A call to a provider that sends what the test says, when it says so. */
function call(full?: () => Promise<void> | undefined) {
  const clock = createManualClock();
  let wake = (): void => {};
  const queue: string[] = [];
  let aborted = false;
  const http = createScriptedHttp([
    ({ signal }) => ({
      status: 200,
      headers: {},
      body: (async function* () {
        const gone = new Promise<never>((_, reject) =>
          signal.addEventListener('abort', () => {
            aborted = true;
            reject(signal.reason);
          }),
        );
        // Nobody waits for it while the sink is full.
        gone.catch(() => {});
        for (;;) {
          while (queue.length > 0) yield new TextEncoder().encode(queue.shift());
          await Promise.race([gone, new Promise<void>((resolve) => (wake = resolve))]);
        }
      })(),
    }),
  ]);
  const broker = brokerFor({ baseUrl: 'http://provider.test', retries: { max: 0 }, timeouts: TIMEOUTS }, clock, http);
  const sink = createCollectingSink(full ? { full } : {});
  let outcome: unknown;
  const done = broker.stream(ask('m'), sink, never()).catch((error: unknown) => error);
  void done.then((value) => {
    outcome = value;
  });
  return {
    clock,
    sink,
    done,
    wasAborted: () => aborted,
    send(line: string) {
      queue.push(line);
      wake();
      return turn();
    },
    async pass(ms: number) {
      await turn();
      clock.advance(ms);
      await turn();
      return outcome;
    },
  };
}

const chunk = (delta: object) => `data: ${JSON.stringify({ choices: [{ delta }] })}\n\n`;
const finished = `data: ${JSON.stringify({ choices: [{ delta: {}, finish_reason: 'stop' }] })}\n\n`;
const late = (what: string) => expect.objectContaining({ code: 'PROVIDER_TIMEOUT', message: expect.stringContaining(what) });

test('no content in time for the first chunk', async () => {
  const { pass, wasAborted, clock } = call();
  expect(await pass(999)).toBe(undefined);
  expect(await pass(1)).toEqual(late('firstChunkMs'));
  expect(wasAborted()).toBe(true);
  expect(clock.pending()).toBe(0);
});

test('comments, pings and empty deltas are no content', async () => {
  const { pass, send } = call();
  for (const line of [
    ': ping\n\n',
    'event: ping\ndata: {"choices":[]}\n\n',
    chunk({ role: 'assistant', content: '' }),
    chunk({ content: null }),
  ]) {
    expect(await pass(240)).toBe(undefined);
    await send(line);
  }
  expect(await pass(40)).toEqual(late('firstChunkMs'));
});

test('each delta of text, thinking or a tool call gives the next one its time', async () => {
  const { pass, send, sink } = call();
  const call1 = { tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: '' } }] };
  const call2 = { tool_calls: [{ index: 0, function: { arguments: '{' } }] };
  for (const delta of [{ content: 'a' }, { reasoning_content: 'b' }, call1, call2]) {
    await send(chunk(delta));
    expect(await pass(499)).toBe(undefined);
  }
  expect([sink.deltas, sink.thoughts]).toEqual([['a'], ['b']]);
  await send(': ping\n\n');
  expect(await pass(1)).toEqual(late('betweenChunksMs'));
});

test('the time between chunks counts from the first one, however much time that one had left', async () => {
  const { pass, send } = call();
  await send(chunk({ content: 'a' }));
  expect(await pass(499)).toBe(undefined);
  expect(await pass(1)).toEqual(late('betweenChunksMs'));
});

test('the total ends an answer that never stops', async () => {
  const { pass, send } = call();
  for (let i = 0; i < 24; i++) {
    await send(chunk({ content: 'a' }));
    expect(await pass(400)).toBe(undefined);
  }
  await send(chunk({ content: 'a' }));
  expect(await pass(400)).toEqual(late('totalMs'));
});

test('while the sink is full the provider is not late, and nothing more is read', async () => {
  let release = (): void => {};
  let full: Promise<void> | undefined;
  const { pass, send, sink } = call(() => full);
  full = new Promise((resolve) => (release = resolve));
  await send(chunk({ content: 'a' }));
  await send(chunk({ content: 'b' }));
  expect(await pass(5_000)).toBe(undefined);
  expect(sink.deltas).toEqual(['a']);
  full = undefined;
  release();
  expect(await pass(499)).toBe(undefined);
  expect(sink.deltas).toEqual(['a', 'b']);
  expect(await pass(1)).toEqual(late('betweenChunksMs'));
});

test('a sink that stays full does not outlast the total', async () => {
  const { pass, send } = call(() => new Promise(() => {}));
  await send(chunk({ content: 'a' }));
  expect(await pass(9_999)).toBe(undefined);
  expect(await pass(1)).toEqual(late('totalMs'));
});

test('after the finish, silence ends the answer in a second, and the socket with it', async () => {
  const { pass, send, wasAborted, clock } = call();
  await send(chunk({ content: 'a' }));
  await send(finished);
  expect(await pass(600)).toBe(undefined);
  await send(': ping\n\n');
  expect(await pass(399)).toBe(undefined);
  expect(await pass(1)).toMatchObject({ finish: 'stop' });
  expect([wasAborted(), clock.pending()]).toEqual([true, 0]);
});

test('usage that comes in that second counts', async () => {
  const { pass, send } = call();
  await send(finished);
  expect(await pass(900)).toBe(undefined);
  await send('data: {"usage":{"prompt_tokens":3}}\n\n');
  expect(await pass(100)).toMatchObject({ finish: 'stop', usage: { inputTokens: 3 } });
});

test('content after the finish gives the end another second', async () => {
  const { pass, send, sink } = call();
  await send(finished);
  expect(await pass(900)).toBe(undefined);
  await send(chunk({ content: 'more' }));
  expect(await pass(999)).toBe(undefined);
  expect(await pass(1)).toMatchObject({ finish: 'stop' });
  expect(sink.deltas).toEqual(['more']);
});

test('a finished answer whose total runs out ends all the same, with the sink full or not', async () => {
  for (const full of [() => undefined, () => new Promise<void>(() => {})]) {
    const { pass, send } = call(full);
    await pass(900);
    await send(chunk({ content: 'a' }) + finished);
    const outcome = (await pass(9_099)) ?? (await pass(1));
    expect(outcome).toMatchObject({ finish: 'stop' });
  }
});
