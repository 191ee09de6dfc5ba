import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LOADING, type OperationJob } from '@openclaw-runtime/agent';
import { systemClock } from '@openclaw-runtime/kit';
import { expect, test } from 'vitest';
import { createFrameReader, encodeFrame, encodeFrames } from '../src/pool/frames.ts';
import type { HostListener, Pulse, StartHost } from '../src/pool/host-port.ts';
import { createHostProcesses } from '../src/pool/host-process.ts';
import { createHosts } from '../src/pool/hosts.ts';
import type { Thread } from '../src/pool/thread.ts';
import { failure, forever, openRig, operationCall, toolCall } from './pool-rig.ts';

interface FakeHost {
  readonly one: Thread;
  readonly ends: (readonly [string, string])[];
  pulse(...pulses: readonly Partial<Pulse>[]): void;
  die(): void;
}

/** A host with the threads `one` and `two`, of which the first was told to load a module and then to go on with a call. */
function fakeHost(): FakeHost {
  const listeners: HostListener[] = [];
  const start: StartHost = (listener) => {
    listeners.push(listener);
    return { send: () => undefined, kill: () => undefined };
  };
  const hosts = createHosts({ count: 1, clock: systemClock, start });
  const ends: (readonly [string, string])[] = [];
  const spawnOne = (name: string): Thread =>
    hosts.spawn({ name, heapMiB: 64, folders: [] }, { heard: () => undefined, ended: ({ how }) => ends.push([name, how]) });
  const [one] = [spawnOne('one'), spawnOne('two')];
  one.post([
    { t: 'load', agent: 'a', module: 'file:///a' },
    { t: 'answer', id: 1, n: 1 },
  ]);
  return {
    one,
    ends,
    pulse(...pulses) {
      const threads = pulses.map((pulse, i) => ({ n: i + 1, beats: 1, current: 0, last: 0, taken: 0, outsideMiB: 0, ...pulse }));
      listeners[0]?.received({ t: 'pulse', threads });
    },
    die: () => listeners[0]?.ended({ how: 'host', message: 'its host process ended' }),
  };
}

test('who was told something that no pulse knows of yet is to blame for the end of its process', () => {
  const host = fakeHost();
  // The pulse was on its way, and the call that it names has ended.
  host.pulse({ taken: 1, current: 7 }, {});
  expect(host.one.current()).toBe(0);
  host.die();
  expect(host.ends).toEqual([
    ['one', 'error'],
    ['two', 'host'],
  ]);
});

test('who is known to have done all that it was told is not', () => {
  const host = fakeHost();
  host.pulse({ taken: 2 }, {});
  host.die();
  expect(host.ends.map(([, how]) => how)).toEqual(['host', 'host']);
});

test('a call that has ended and left code that holds the thread is still what holds it', () => {
  const host = fakeHost();
  for (let i = 0; i < 3; i++) host.pulse({ taken: 1, current: 7 }, {});
  expect(host.one.current()).toBe(7);
});

test('a module that holds its thread is not to blame for what another thread did', () => {
  const host = fakeHost();
  for (let i = 0; i < 3; i++) host.pulse({ taken: 0, current: LOADING }, {});
  host.die();
  expect(host.ends.map(([, how]) => how)).toEqual(['host', 'host']);
});

test('frames come whole however they are cut', () => {
  const messages = [{ a: 1 }, 'häß', [], { long: 'x'.repeat(70_000) }];
  const bytes = Buffer.concat(messages.map(encodeFrame));
  for (const size of [1, 3, 7, 1_000, bytes.length]) {
    const got: unknown[] = [];
    const read = createFrameReader(1 << 20, (message) => got.push(message));
    for (let i = 0; i < bytes.length; i += size) read(bytes.subarray(i, i + size));
    expect(got).toEqual(messages);
  }
  expect(() => createFrameReader(1 << 20, () => undefined)(Buffer.from([255, 255, 255, 255]))).toThrow(/bytes came/);
  expect(() => createFrameReader(1 << 20, () => undefined)(Buffer.from([0, 0, 0, 1, 0x7b]))).toThrow(/no JSON/);
});

test('what is large goes as one frame for each of its messages', () => {
  const messages = [3 << 20, 1, 3 << 20].map((chars) => ({ t: 'said', id: 1, text: 'x'.repeat(chars), dropped: 0 }) as const);
  const got: unknown[] = [];
  const read = createFrameReader(4 << 20, (message) => got.push(message));
  for (const frame of encodeFrames({ t: 'heard', n: 1, messages })) read(frame);
  expect(got).toEqual(messages.map((one) => ({ t: 'heard', n: 1, messages: [one] })));
  expect(encodeFrames({ t: 'heard', n: 1, messages: [...messages.slice(1, 2), ...messages.slice(1, 2)] })).toHaveLength(1);
});

test('an operation that did much since its last checkpoint starts again in a host', async () => {
  const hosts = createHosts({ count: 1, start: createHostProcesses(), clock: systemClock });
  await using rig = openRig({ maxThreads: 1, spawn: hosts.spawn });
  const call = operationCall(await rig.agent('good'), 'emitting', '1', () => Promise.resolve(undefined));
  const value = JSON.stringify('x'.repeat(5 << 20));
  const pieces = Array.from({ length: 14 }, (_, n) => ({ what: 'step', name: 's', n, value }) as const);
  // It came that far: it is told that it takes another way now.
  expect(await failure(rig.pool.call({ ...call, job: { ...call.job, pieces } as OperationJob }, forever))).toMatchObject({
    code: 'NONDETERMINISTIC',
  });
  expect(rig.lost).toEqual([]);
  await hosts.close();
}, 60_000);

test('threads in a process of their own: calls, hangs, and native code that does not let go', async () => {
  const hosts = createHosts({ count: 1, start: createHostProcesses(), clock: systemClock, drainMs: 100 });
  {
    await using rig = openRig({ maxThreads: 2, spawn: hosts.spawn });
    const [good, hostile] = [await rig.agent('good'), await rig.agent('hostile')];
    expect(await rig.pool.call(toolCall(good, 'echo', { text: 'there' }), forever)).toBe('"there"');
    expect(hosts.size).toBe(2);
    expect(await failure(rig.pool.call(toolCall(hostile, 'loop'), forever))).toMatchObject({ code: 'AGENT_HUNG' });
    expect(rig.stuck).toEqual([]);
    const other = failure(rig.pool.call(toolCall(good, 'slowly', { text: 'late', ms: 30_000 }), forever));
    expect(await failure(rig.pool.call(toolCall(hostile, 'native'), forever))).toMatchObject({ code: 'AGENT_HUNG' });
    expect(await other).toMatchObject({ code: 'THREAD_LOST' });
    expect(await rig.pool.call(toolCall(good, 'echo', { text: 'on' }), forever)).toBe('"on"');
    await expect.poll(() => rig.pool.status.threads, { timeout: 15_000 }).toBeLessThanOrEqual(2);
  }
  await hosts.close();
  expect(hosts.size).toBe(0);
}, 60_000);

test('a host process ends with its pipe', async () => {
  const main = fileURLToPath(new URL('../src/pool/host-main.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=openclaw-source', main, '{}'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const order = { name: 'one', heapMiB: 512, folders: [] };
  const first = new Promise((resolve) => child.stdout.once('data', resolve));
  child.stdin.write(encodeFrame({ t: 'spawn', n: 1, order }));
  await first;
  const closed = new Promise((resolve) => child.once('close', (_code, signal) => resolve(signal)));
  child.stdin.end();
  expect(await closed).toBe('SIGKILL');
}, 60_000);

test('a process that is killed takes its calls along, and no more', async () => {
  const hosts = createHosts({ count: 2, start: createHostProcesses(), clock: systemClock });
  await using rig = openRig({ maxThreads: 2, spawn: hosts.spawn });
  const hostile = await rig.agent('hostile');
  const error = await failure(rig.pool.call(toolCall(hostile, 'kill'), forever));
  expect(error).toMatchObject({ code: 'AGENT_CRASHED', message: expect.stringContaining('tool "kill" of agent "hostile"') });
  expect(await rig.pool.call(toolCall(await rig.agent('good'), 'echo', { text: 'on' }), forever)).toBe('"on"');
  await hosts.close();
}, 60_000);
