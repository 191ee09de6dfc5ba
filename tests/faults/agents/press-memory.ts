import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type MemoryGroup, openMemoryGroups } from '@openclaw-runtime/runtime';
import { ends } from '../claw/stage.ts';
import { percentile } from '../crowd/neighbour.ts';
import type { RowOptions, RowReport } from '../rows/report.ts';
import { misbehaveOften } from './misbehave.ts';
import { openHouse, startGood, stopNeighbours, watchHealth } from './neighbours.ts';

/** That a host may take; it takes a third of it by itself. */
const HOST_MIB = 400;
/** That all processes of a server may take, and whatever runs beside them. */
const MACHINE_MIB = 1_024;
const PRESSED_MS = 1_500;
const GAP_MS = 500;
const BACK_MS = 3_000;
const SERVED_MS = 5_000;
const SETTLE_MS = 300;

/** `count` times there is not enough memory: for one host process, whose agent takes it, and beside that on a machine, where another program does. Neighbours go on. */
export async function pressMemory({ seed, count, say }: RowOptions): Promise<RowReport> {
  const found: Pressed[] = [];
  const lane = async (press: (name: number) => Promise<Pressed>, first: number): Promise<void> => {
    for (let n = first; n < count; n += 2) {
      const pressed = await press(n);
      found.push({ ...pressed, violations: pressed.violations.map((text) => `case ${n}: ${text}`) });
      say(`  ${first === 0 ? 'a host' : 'the machine'} (case ${n}): ${pressed.violations.length} violations`);
    }
  };
  await Promise.all([lane((n) => pressHost(seed + n), 0), lane((n) => pressMachine(`good ${seed} ${n}`), 1)]);
  // Groups of servers that were killed are removed by the next.
  await sleep(SETTLE_MS);
  openMemoryGroups(HOST_MIB);
  const worst = (of: (pressed: Pressed) => number): number => Math.round(Math.max(0, ...found.map(of)));
  const figures = {
    'token gap P99 ms, worst': worst(({ gapMs }) => gapMs),
    'machine filled, %': worst(({ fullest = 0 }) => fullest * 100),
  };
  return { cases: count, violations: found.flatMap(({ violations }) => violations), figures };
}

interface Pressed {
  readonly violations: readonly string[];
  /** Milliseconds without a token, in 99 of 100 cases. */
  readonly gapMs: number;
  readonly fullest?: number;
}

/** A host of two whose agent takes memory that Node does not count. */
async function pressHost(seed: number): Promise<Pressed> {
  const { violations, figures } = await misbehaveOften(
    { seed, count: 1, say: () => undefined },
    {
      threads: { max: 4, hosts: 2, hostMemoryMiB: HOST_MIB },
      misdeeds: [{ shape: 'memory that nobody counts', says: /THREAD_LOST|AGENT_MEMORY/, isUnseen: true }],
      complains: /its host process took more than \d+ MiB/,
      gapMs: GAP_MS,
      backMs: BACK_MS,
    },
  );
  return { violations, gapMs: Number(figures['token gap P99 ms']) };
}

/** Why memory cannot be limited here. */
export function withoutMemoryGroups(): string | undefined {
  try {
    openMemoryGroups(64);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** A server and a program that takes what is left beside it, and then more: the program is what the kernel ends. */
async function pressMachine(name: string): Promise<Pressed> {
  const group = openMemoryGroups(MACHINE_MIB).open();
  try {
    await using house = await openHouse({ threads: { max: 4, hosts: 2 }, before: group.enter });
    const health = watchHealth(house.claw);
    const good = await startGood(house.client, name);
    const fullest = await fill(group);
    const fared = await stopNeighbours(good, health, GAP_MS);
    const violations = fared.violations.map((text) => `the machine is full: ${text}`);
    if (!group.overflowed()) violations.push('the machine never had too little memory');
    if (await ends(house.claw, 0)) violations.push(`the server ended: ${house.claw.complaints()}`);
    const after = await startGood(house.client, `${name} after`);
    const began = performance.now();
    violations.push(...(await after.stop()).wrong);
    if (performance.now() - began > SERVED_MS) violations.push('runs after the pressure took too long');
    return { violations, gapMs: percentile(fared.gapsMs, 0.99), fullest };
  } finally {
    await empty(group);
  }
}

/** Resolves with how full it was, when the kernel has ended the program that filled it. */
async function fill(group: MemoryGroup): Promise<number> {
  const script = 'const kept = []; process.stdin.on("data", (asked) => { for (const _ of asked) kept.push(Buffer.alloc(2 ** 22, 1)); })';
  const [command, ...args] = [...group.enter, process.execPath, '-e', script];
  const hog = spawn(command, args, { stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = once(hog, 'exit');
  hog.stdin.on('error', () => undefined);
  // Where several are large, this one is to go.
  writeFileSync(`/proc/${hog.pid}/oom_score_adj`, '1000');
  let fullest = 0;
  const grow = async (upTo: number): Promise<void> => {
    while (hog.signalCode === null && usedOf(group) < upTo) {
      hog.stdin.write('.');
      await sleep(10);
      fullest = Math.max(fullest, usedOf(group));
    }
  };
  await grow(0.96);
  await sleep(PRESSED_MS);
  await grow(2);
  await ended;
  return fullest;
}

/** Of what the group may hold, without what the kernel can take back. */
function usedOf({ path }: MemoryGroup): number {
  const stat = readFileSync(join(path, 'memory.stat'), 'utf8');
  const bytes = (name: string): number => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0);
  return (bytes('total_rss') || bytes('anon')) / (MACHINE_MIB * 2 ** 20);
}

/** The server was killed; its hosts notice. */
async function empty(group: MemoryGroup): Promise<void> {
  const until = performance.now() + 2_000;
  while (readFileSync(join(group.path, 'cgroup.procs'), 'utf8') !== '' && performance.now() < until) await sleep(10);
  group.remove();
}
