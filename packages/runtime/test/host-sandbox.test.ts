import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@openclaw-runtime/kit';
import { expect, test } from 'vitest';
import { createHostProcesses, openHostSandbox } from '../src/pool/host-process.ts';
import { type HostSandbox, sandboxWords } from '../src/pool/host-sandbox.ts';
import { createHosts } from '../src/pool/hosts.ts';
import { failure, forever, openRig, type Rig, toolCall } from './pool-rig.ts';

const ESRCH = -3;

async function withHost(sandbox: HostSandbox | undefined, readable: string, work: (rig: Rig) => Promise<void>): Promise<void> {
  const hosts = createHosts({ count: 1, start: createHostProcesses({ sandbox, readable: [readable] }), clock: systemClock });
  {
    await using rig = openRig({ maxThreads: 1, spawn: hosts.spawn });
    await work(rig);
  }
  await hosts.close();
}

test('a folder behind a link is hidden where it really is, and services that listen in /run are not there', ({ skip }) => {
  const folder = mkdtempSync(join(tmpdir(), 'openclaw-data-'));
  mkdirSync(join(folder, 'real', 'workspaces'), { recursive: true });
  writeFileSync(join(folder, 'real', 'log'), 'everything');
  symlinkSync('real', join(folder, 'link'));
  const sandbox = sandboxHere(join(folder, 'link'), join(folder, 'link', 'workspaces'));
  if (typeof sandbox === 'string' && /there is no bwrap/.test(sandbox)) return skip(sandbox);
  if (typeof sandbox === 'string') throw new Error(sandbox);
  const [command, ...args] = [...sandboxWords(sandbox), '/bin/ls', '-A', sandbox.hidden, '/run'];
  const { stdout } = spawnSync(command, args, { env: {}, encoding: 'utf8' });
  expect(stdout).toMatch(/\/real:\nworkspaces\n/);
  expect(stdout).toMatch(/\/run:\n(systemd\n)?(\n|$)/);
  rmSync(folder, { recursive: true });
});

test('a host in bubblewrap works, sees no process but its own and nothing of the data but its workspaces', async ({ skip }) => {
  const hidden = mkdtempSync(join(tmpdir(), 'openclaw-data-'));
  const workspaces = join(hidden, 'workspaces');
  mkdirSync(workspaces);
  writeFileSync(join(hidden, 'log'), 'everything');
  writeFileSync(join(workspaces, 'note'), 'a note');
  const sandbox = sandboxHere(hidden, workspaces);
  if (typeof sandbox === 'string') return skip(sandbox);
  const read = async (rig: Rig, path: string): Promise<string | undefined> =>
    rig.pool.call(toolCall(await rig.agent('hostile'), 'fifo', { path }), forever);
  const seek = async (rig: Rig): Promise<string | undefined> =>
    rig.pool.call(toolCall(await rig.agent('hostile'), 'seek', { pid: process.pid }), forever);

  await withHost(undefined, hidden, async (rig) => {
    expect(await seek(rig)).toBe('"0"');
    expect(await read(rig, join(hidden, 'log'))).toBe('"everything"');
  });
  await withHost(sandbox, hidden, async (rig) => {
    expect(await seek(rig)).toBe(`"${ESRCH}"`);
    expect((await failure(read(rig, join(hidden, 'log')))).message).toMatch(/ENOENT/);
    expect(await read(rig, join(workspaces, 'note'))).toBe('"a note"');
    // It ends as others do, and another takes its place.
    const hostile = await rig.agent('hostile');
    expect(await failure(rig.pool.call(toolCall(hostile, 'kill'), forever))).toMatchObject({ code: 'AGENT_CRASHED' });
    expect(await rig.pool.call(toolCall(await rig.agent('good'), 'echo', { text: 'on' }), forever)).toBe('"on"');
  });
  await expect.poll(() => commands().filter((line) => line.includes(hidden)), { timeout: 15_000 }).toEqual([]);
  rmSync(hidden, { recursive: true });
}, 60_000);

function sandboxHere(hidden: string, workspaces: string): HostSandbox | string {
  try {
    return openHostSandbox(hidden, [workspaces]);
  } catch (error) {
    return (error as Error).message;
  }
}

/** Of all processes of this machine. */
function commands(): readonly string[] {
  return globSync('/proc/[0-9]*/cmdline').map((path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  });
}

test('where there is no bubblewrap, or none that works, it is said', () => {
  const folder = mkdtempSync(join(tmpdir(), 'openclaw-bwrap-'));
  expect(() => openHostSandbox(folder, [], folder)).toThrow(/there is no bwrap here/);
  writeFileSync(join(folder, 'bwrap'), '#!/bin/sh\necho no namespaces >&2; exit 1\n', { mode: 0o755 });
  expect(() => openHostSandbox(folder, [], folder)).toThrow(/bwrap does not work here: no namespaces/);
  rmSync(folder, { recursive: true });
});
