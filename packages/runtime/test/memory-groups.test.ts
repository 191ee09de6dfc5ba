import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemClock } from '@openclaw-runtime/kit';
import { expect, test } from 'vitest';
import { createHostProcesses } from '../src/pool/host-process.ts';
import { createHosts } from '../src/pool/hosts.ts';
import { type MemoryGroups, openMemoryGroups } from '../src/pool/memory-groups.ts';
import { failure, forever, openRig, toolCall } from './pool-rig.ts';

const LIMIT_MIB = 256;
const groups = groupsHere(LIMIT_MIB);

function groupsHere(limitMiB: number): MemoryGroups | string {
  try {
    return openMemoryGroups(limitMiB);
  } catch (error) {
    return (error as Error).message;
  }
}

test('a process that takes more than its group may is ended by the kernel, and the group says so', async ({ skip }) => {
  if (typeof groups === 'string') return skip(groups);
  const group = groups.open();
  const eat = 'process.stdin.once("data", () => { const kept = []; for (;;) kept.push(Buffer.alloc(2 ** 24, 1)); })';
  const [command, ...args] = [...group.enter, process.execPath, '-e', eat];
  const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = new Promise((resolve) => child.once('close', (_code, signal) => resolve(signal)));
  await expect.poll(() => readFileSync(join(group.path, 'cgroup.procs'), 'utf8'), { timeout: 15_000 }).toBe(`${child.pid}\n`);
  expect(group.overflowed()).toBe(false);
  child.stdin.write('eat');
  expect(await ended).toBe('SIGKILL');
  expect(group.overflowed()).toBe(true);
  group.remove();
  expect(existsSync(group.path)).toBe(false);
});

test('groups of processes that are gone are removed', ({ skip }) => {
  if (typeof groups === 'string') return skip(groups);
  const group = groups.open();
  const left = join(dirname(group.path), 'openclaw-999999999-1');
  mkdirSync(left);
  openMemoryGroups(LIMIT_MIB);
  expect(existsSync(left)).toBe(false);
  expect(existsSync(group.path)).toBe(true);
  group.remove();
});

test('a group whose process is not quite gone is removed with the next one', async ({ skip }) => {
  if (typeof groups === 'string') return skip(groups);
  const group = groups.open();
  const [command, ...args] = [...group.enter, process.execPath, '-e', 'process.stdin.resume()'];
  const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await expect.poll(() => readFileSync(join(group.path, 'cgroup.procs'), 'utf8'), { timeout: 15_000 }).toBe(`${child.pid}\n`);
  group.remove();
  expect(existsSync(group.path)).toBe(true);
  child.stdin.end();
  await ended;
  const next = groups.open();
  await expect.poll(() => (groups.open().remove(), existsSync(group.path)), { timeout: 15_000 }).toBe(false);
  next.remove();
});

test('a host that passes its limit: the only call there is to blame, and the next host takes the next', async ({ skip }) => {
  if (typeof groups === 'string') return skip(groups);
  const hosts = createHosts({ count: 1, start: createHostProcesses({ groups }), clock: systemClock });
  await using rig = openRig({ maxThreads: 1, spawn: hosts.spawn });
  const [good, hostile] = [await rig.agent('good'), await rig.agent('hostile')];
  const error = await failure(rig.pool.call(toolCall(hostile, 'unseen'), forever));
  expect(error).toMatchObject({ code: 'AGENT_MEMORY', message: expect.stringMatching(/tool "unseen" of agent "hostile".* 256 MiB/) });
  expect(await rig.pool.call(toolCall(good, 'echo', { text: 'on' }), forever)).toBe('"on"');
  const others = rig.pool.call(toolCall(good, 'slowly', { text: 'late', ms: 30_000 }), forever);
  const [one, other] = await Promise.all([failure(rig.pool.call(toolCall(hostile, 'unseen'), forever)), failure(others)]);
  // Whose memory it was cannot be seen where there are two.
  expect([one.code, other.code]).toEqual(['THREAD_LOST', 'THREAD_LOST']);
  expect(rig.lost.at(-1)?.message).toMatch(/256 MiB \(threads\.hostMemoryMiB\)/);
  await hosts.close();
  const last = groups.open();
  const left = readdirSync(dirname(last.path)).filter((name) => name.startsWith(`openclaw-${process.pid}-`));
  last.remove();
  expect(left).toHaveLength(1);
}, 60_000);

test.each([
  ['1', { cgroup: '4:memory:/a/b\n0::/\n', mount: '30 1 0:1 /a /HERE rw - cgroup cgroup rw,memory' }],
  ['2', { cgroup: '0::/b\n', mount: '30 1 0:1 / /HERE rw - cgroup2 cgroup2 rw' }],
])('version %s: the group beneath this process’s own, as the kernel names it', (version, { cgroup, mount }) => {
  const here = mkdtempSync(join(tmpdir(), 'openclaw-groups-'));
  const own = join(here, 'b');
  const written = (path: string): string => readFileSync(path, 'utf8');
  mkdirSync(own);
  writeFileSync(join(here, 'cgroup'), cgroup);
  writeFileSync(join(here, 'mountinfo'), `29 1 0:2 / /sys rw - sysfs sysfs rw\n${mount.replace('/HERE', here)}\n`);
  writeFileSync(join(own, 'cgroup.controllers'), 'cpu memory pids\n');
  writeFileSync(join(own, 'cgroup.subtree_control'), 'cpu\n');
  const { path } = openMemoryGroups(64, here).open();
  expect(path).toBe(join(own, `openclaw-${process.pid}-2`));
  expect(written(join(path, version === '1' ? 'memory.limit_in_bytes' : 'memory.max'))).toBe(String(64 * 2 ** 20));
  if (version === '2') {
    expect(written(join(own, 'openclaw-server', 'cgroup.procs'))).toBe(String(process.pid));
    expect(written(join(own, 'cgroup.subtree_control'))).toBe('+memory');
    // As the kernel says it from now on.
    writeFileSync(join(here, 'cgroup'), '0::/b/openclaw-server\n');
    expect(openMemoryGroups(64, here).open().path).toBe(path);
  }
  rmSync(here, { recursive: true });
});

test('where there is none it is said', () => {
  expect(() => openMemoryGroups(64, '/nowhere')).toThrow(/^Memory cannot be limited by control groups here: ENOENT/);
});
