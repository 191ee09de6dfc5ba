import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { BEAT_CELLS, BEATS, CURRENT, type Down, decodeState, encodeState, type Job, type Up } from '../src/index.ts';

const module = new URL('./fixtures/counter.ts', import.meta.url).href;
const run = { run: 'r', tenant: 't', agent: 'counter' };
const open: Worker[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((worker) => worker.terminate()));
});

function start() {
  const cells = new Int32Array(new SharedArrayBuffer(4 * BEAT_CELLS));
  const worker = new Worker(new URL('../src/thread/main.ts', import.meta.url), { workerData: { beats: cells.buffer }, env: {} });
  open.push(worker);
  const ups: Up[] = [];
  let stir = (): void => {};
  worker.on('message', (batch: string) => {
    ups.push(...(JSON.parse(batch) as readonly Up[]));
    stir();
  });
  const until = async <T extends Up>(is: (up: Up) => up is T): Promise<T> => {
    for (;;) {
      const found = ups.find(is);
      if (found) return found;
      await new Promise<void>((resolve) => {
        stir = resolve;
      });
    }
  };
  const send = (...downs: readonly Down[]): void => worker.postMessage(JSON.stringify(downs));
  return {
    worker,
    cells,
    ups,
    send,
    loaded: () => {
      send({ t: 'load', agent: 'counter', module });
      return until((up) => up.t === 'loaded' || up.t === 'unloadable');
    },
    call: (id: number, job: Job) => send({ t: 'call', id, agent: 'counter', job }),
    ask: (id: number, n: number) => until((up): up is Up & { t: 'ask' } => up.t === 'ask' && up.id === id && up.n === n),
    end: (id: number) => until((up): up is Up & { t: 'done' | 'failed' } => (up.t === 'done' || up.t === 'failed') && up.id === id),
  };
}

function toolJob(tool: string, args: unknown = {}): Job {
  return { kind: 'tool', tool, arguments: JSON.stringify(args), key: 'k', run, secrets: { token: 'abcdef' } };
}

test('a module is loaded, its tools and operations run', async () => {
  const thread = start();
  expect(await thread.loaded()).toMatchObject({
    t: 'loaded',
    card: { instructions: 'Count.', operations: [{ name: 'count' }, { name: 'chat' }] },
  });
  thread.call(1, toolJob('add', { a: 2, b: 3 }));
  expect(await thread.end(1)).toEqual({ t: 'done', id: 1, value: encodeState('{"sum":5}') });
  thread.call(2, { kind: 'operation', operation: 'chat', pieces: [], run });
  expect((await thread.ask(2, 1)).request).toEqual({ do: 'stream', n: 0, call: { messages: [{ role: 'user', content: 'Hello' }] } });
  thread.send({ t: 'answer', id: 2, n: 1, value: encodeState({ text: 'hi', toolCalls: [], finish: 'stop', usage: {} }) });
  expect(await thread.end(2)).toEqual({ t: 'done', id: 2, value: '"HI"' });
  thread.call(3, toolJob('leak'));
  expect(await thread.end(3)).toMatchObject({ value: '"6 k"' });
});

test.each([
  ['exit', 'called process.exit(3)'],
  ['detach', 'nobody caught me'],
  ['callback', 'out of a timer'],
])('%s ends its thread and is blamed for it', async (name, words) => {
  const thread = start();
  await thread.loaded();
  const exited = once(thread.worker, 'exit');
  thread.call(1, toolJob('wait'));
  thread.call(2, toolJob(name));
  thread.call(3, toolJob('wait'));
  expect(await thread.end(2)).toMatchObject({ t: 'failed', error: { code: 'AGENT_CRASHED', message: expect.stringContaining(words) } });
  await exited;
  expect(thread.cells[CURRENT]).toBe(2);
  expect(thread.ups.filter((up) => up.t === 'failed')).toHaveLength(1);
});

test.each([false, true])('a call that spins (behind an await: %s) is named by the beats', async (later) => {
  const thread = start();
  await thread.loaded();
  thread.call(1, toolJob('wait'));
  thread.call(2, toolJob('spin', { later }));
  thread.call(3, toolJob('wait'));
  let beats = -1;
  // A machine that is busy holds a thread for a moment, too.
  const standsStill = (): boolean => {
    const before = beats;
    beats = Atomics.load(thread.cells, BEATS);
    return beats === before;
  };
  await expect.poll(() => [standsStill(), Atomics.load(thread.cells, CURRENT)], { interval: 300, timeout: 15_000 }).toEqual([true, 2]);
});

test('what agents print is told with its call, and cut', async () => {
  const thread = start();
  await thread.loaded();
  thread.call(1, toolJob('talk'));
  await thread.end(1);
  const said = thread.ups.filter((up) => up.t === 'said');
  const text = said.map((up) => up.text).join('');
  expect(text.slice(0, 8)).toBe('one\ntwo\n');
  expect(text).toHaveLength(64 * 1024);
  expect(said.reduce((sum, up) => sum + up.dropped, 0)).toBe(8 + 100_001 - 64 * 1024);
  expect(said.every((up) => up.id === 1)).toBe(true);
});

test('an operation goes on from its state and its pieces', async () => {
  const thread = start();
  await thread.loaded();
  thread.call(1, {
    kind: 'operation',
    operation: 'count',
    args: encodeState({ to: 4 }),
    state: { version: 1, value: encodeState({ count: 2 }) },
    pieces: [{ what: 'step', name: 'next', n: 0, value: '1' }],
    run,
  });
  expect((await thread.ask(1, 1)).request).toEqual({ do: 'checkpoint', version: 1, state: encodeState({ count: 3 }) });
  thread.send({ t: 'answer', id: 1, n: 1 });
  expect((await thread.ask(1, 2)).request).toMatchObject({ do: 'done', name: 'next', n: 0, value: '1' });
  thread.send({ t: 'answer', id: 1, n: 2 });
  await thread.ask(1, 3);
  thread.send({ t: 'answer', id: 1, n: 3 });
  const end = await thread.end(1);
  expect(end.t === 'done' && decodeState(end.value ?? '')).toBe(4);
});
