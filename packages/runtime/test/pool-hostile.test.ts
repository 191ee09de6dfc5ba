import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CodedAgent } from '@openclaw-runtime/agent';
import { expect, test } from 'vitest';
import type { AgentThreads } from '../src/pool/threads.ts';
import { createWorkers } from '../src/pool/worker.ts';
import { failure, forever, openRig, toolCall } from './pool-rig.ts';

const NEIGHBOURS = 10;
/** Near its limit a heap is swept for long: that is not to be taken for a hang here. */
const PATIENT = { timeouts: { lookMs: 5_000 } };

/** Longer than any thread here lives: no neighbour ends before the thread does, and none is the last that ran. */
const STILL_MS = 200_000;

/** Calls that share the hostile one's thread; each is called again when its thread is lost, as a run would. */
async function neighbours(pool: AgentThreads, good: CodedAgent, firstMs = STILL_MS): Promise<number> {
  let restarts = 0;
  const one = async (i: number): Promise<void> => {
    for (let tries = 0; tries < 3; tries++) {
      try {
        const ms = tries === 0 ? firstMs : 100;
        expect(await pool.call(toolCall(good, 'slowly', { text: `n${i}`, ms }, `tenant-${i % 3}`), forever)).toBe(`"n${i}"`);
        return;
      } catch (error) {
        expect(error).toMatchObject({ code: 'THREAD_LOST' });
        restarts++;
      }
    }
    throw new Error(`n${i} was lost too often`);
  };
  await Promise.all(Array.from({ length: NEIGHBOURS }, (_, i) => one(i)));
  return restarts;
}

test.each([
  ['loop', 'AGENT_HUNG', /tool "loop" of agent "hostile" held its thread for \d+ ms/],
  ['regex', 'AGENT_HUNG', /regex/],
  ['exit', 'AGENT_CRASHED', /process\.exit/],
  ['rejection', 'AGENT_CRASHED', /nobody listens/],
  ['exception', 'AGENT_CRASHED', /out of a timer/],
  ['heap', 'AGENT_MEMORY', /memory/],
  ['buffers', 'AGENT_MEMORY', /memory/],
  ['post', 'AGENT_CRASHED', /parent port/],
  ['never', 'TOOL_TIMEOUT', /300 ms/],
])('%s: %s, and its neighbours start again', { timeout: 180_000 }, async (tool, code, words) => {
  await using rig = openRig({ maxThreads: 1, ...(tool === 'heap' && PATIENT) });
  const [good, hostile] = [await rig.agent('good'), await rig.agent('hostile')];
  const others = neighbours(rig.pool, good);
  others.catch(() => undefined);
  const error = await failure(rig.pool.call(toolCall(hostile, tool), forever));
  expect(error).toMatchObject({ code });
  expect(error.message).toMatch(words);
  expect(await others).toBe(NEIGHBOURS);
  expect(rig.lost).toMatchObject([{ code, agent: 'hostile', run: `run-${tool}` }]);
  expect(rig.pool.status.queued).toBe(0);
});

test.each([
  ['stack', /call stack/],
  ['worker', /restricted/],
  ['process', /restricted/],
  ['signal', /restricted/],
  ['database', /restricted/],
  ['attach', /not authorized/],
  ['environ', /restricted/],
  ['passwd', /restricted/],
  ['folder', /restricted/],
])('%s: refused, and nobody else sees anything of it', async (tool, words) => {
  await using rig = openRig({ maxThreads: 1 });
  const [good, hostile] = [await rig.agent('good'), await rig.agent('hostile')];
  const others = neighbours(rig.pool, good, 100);
  const error = await failure(rig.pool.call(toolCall(hostile, tool), forever));
  expect(error).toMatchObject({ code: 'TOOL_FAILED' });
  expect(error.message).toMatch(words);
  expect(await others).toBe(0);
  expect(rig.lost).toEqual([]);
});

test('a thread sees no environment', async () => {
  await using rig = openRig();
  expect(await rig.pool.call(toolCall(await rig.agent('hostile'), 'env'), forever)).toBe('"{}"');
  expect(readFileSync('/proc/self/environ', 'utf8')).not.toBe('');
});

test('agents’ code does not find the port and the cells of its pool', async () => {
  await using rig = openRig();
  expect(await rig.pool.call(toolCall(await rig.agent('hostile'), 'pool'), forever)).toBe('""');
});

test('print: what is too much is dropped and counted', async () => {
  await using rig = openRig();
  let chars = 0;
  let dropped = 0;
  const call = {
    ...toolCall(await rig.agent('hostile'), 'print'),
    said(text: string, less: number) {
      chars += text.length;
      dropped += less;
    },
  };
  expect(await rig.pool.call(call, forever)).toBe('"printed"');
  expect(chars).toBeLessThan(1_000_000);
  expect(chars + dropped).toBe(2_000_000);
});

test('a call that holds its thread for a moment is asked to end, and its neighbours go on', async () => {
  // Longer than two looks, and by far not three.
  await using rig = openRig({ maxThreads: 1, timeouts: { lookMs: 1_000 } });
  const [good, hostile] = [await rig.agent('good'), await rig.agent('hostile')];
  const others = neighbours(rig.pool, good, 3_000);
  expect(await rig.pool.call(toolCall(hostile, 'hiccup'), forever)).toBe('"over"');
  expect(await others).toBe(0);
});

test('native code that does not let go: the thread is given up, its place and its neighbours go to another', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'openclaw-fifo-'));
  const path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
  await using rig = openRig({ maxThreads: 1, spawn: createWorkers({ readable: [folder] }) });
  const [good, hostile] = [await rig.agent('good'), await rig.agent('hostile')];
  const others = neighbours(rig.pool, good);
  others.catch(() => undefined);
  const error = await failure(rig.pool.call(toolCall(hostile, 'fifo', { path }), forever));
  expect(error).toMatchObject({ code: 'AGENT_HUNG' });
  expect(rig.stuck).toMatchObject([{ code: 'AGENT_HUNG', agent: 'hostile', run: 'run-fifo', neighbours: NEIGHBOURS }]);
  expect(await others).toBe(NEIGHBOURS);
  expect(rig.pool.status.threads).toBe(2);
  writeFileSync(path, 'let go');
  await expect.poll(() => rig.pool.status.threads, { timeout: 20_000 }).toBe(1);
  rmSync(folder, { recursive: true });
}, 60_000);

test('pbkdf2Sync does not let go either', async () => {
  await using rig = openRig({ maxThreads: 1, timeouts: { endMs: 100 } });
  const [good, hostile] = [await rig.agent('good'), await rig.agent('hostile')];
  expect(await failure(rig.pool.call(toolCall(hostile, 'native'), forever))).toMatchObject({ code: 'AGENT_HUNG' });
  expect(rig.stuck).toHaveLength(1);
  expect(await rig.pool.call(toolCall(good, 'echo', { text: 'on' }), forever)).toBe('"on"');
  await expect.poll(() => rig.pool.status.threads, { timeout: 120_000 }).toBe(1);
}, 180_000);
