import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenClawClient } from '@openclaw-runtime/client';
import { type Random, seededRandom } from '@openclaw-runtime/kit';
import type { Claw } from '../../house/claw.ts';
import { fetchJson } from '../../house/http.ts';
import type { RowOptions, RowReport } from '../rows/report.ts';
import { buildShim, type Shim } from '../shim/build.ts';
import { type Control, errno, openControl } from '../shim/control.ts';
import { followRun, patientClient, startStage, within } from './stage.ts';

/** Cases of one server and one small file system. */
const SHARE = 6;
/** Room for a write-ahead log as long as it may get, which only goes away once the database has taken it in: several times over. */
const MEGABYTES = 96;
const ABREAST = 2;

/** Whether a small file system of its own can be mounted: only a privileged process on Linux may. */
export function canMount(): boolean {
  const path = mkdtempSync(join(tmpdir(), 'openclaw-mount-'));
  const mounted = process.platform === 'linux' && mount(path);
  if (mounted) unmount(path);
  rmSync(path, { recursive: true, force: true });
  return mounted;
}

/** `count` times a disk without space, or files that may not grow, under streaming runs; then space again, or a kill first. */
export async function fillDiskOften({ seed, count, say }: RowOptions): Promise<RowReport> {
  using shim = buildShim();
  const violations: string[] = [];
  const tally = { refused: 0, kills: 0, cases: 0 };
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const first = next;
      next += SHARE;
      violations.push(...(await fillOne(shim, seed + first, first, Math.min(SHARE, count - first), tally)));
      say(`  ${tally.cases} cases, ${violations.length} violations`);
    }
  };
  await Promise.all(Array.from({ length: ABREAST }, work));
  return { cases: tally.cases, violations, figures: { 'runs refused': tally.refused, 'kills while it was full': tally.kills } };
}

interface Tally {
  refused: number;
  kills: number;
  cases: number;
}

interface Scene {
  claw: Claw;
  readonly client: OpenClawClient;
  readonly control: Control;
  readonly disk: string;
  readonly random: Random;
  /** A run that ended before anything happened. */
  readonly ended: string;
  readonly tally: Tally;
  restart(): Promise<void>;
}

async function fillOne(shim: Shim, seed: number, first: number, count: number, tally: Tally): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'openclaw-full-'));
  const disk = join(dir, 'disk');
  mkdirSync(disk);
  if (!mount(disk)) throw new Error('a small file system cannot be mounted here: it takes root on Linux');
  const found: string[] = [];
  using control = openControl(join(dir, 'control'));
  const data = join(disk, 'data');
  const staged = { data, shim: { path: shim.path, control } };
  const claw = await startStage(staged);
  const client = patientClient();
  try {
    await client.connect(claw.url);
    const early = followRun(client, `early ${seed}`, 40, 50);
    await within(10_000, 'the first run', early.end);
    const scene: Scene = {
      claw,
      client,
      control,
      disk,
      random: seededRandom(seed),
      ended: early.run.id ?? '',
      tally,
      async restart() {
        await this.claw.stop('SIGKILL');
        lift(disk, control);
        this.claw = await startStage({ ...staged, port: claw.port });
      },
    };
    for (let n = 0; n < count; n++) {
      const says = await fillOnce(scene, first + n).catch((error: unknown) => [String(error)]);
      found.push(...says.map((each) => `case ${first + n}: ${each}`));
      tally.cases++;
      lift(disk, control);
    }
    if (scene.claw.complaints() !== '') found.push(`from case ${first} on: the server complained: ${scene.claw.complaints()}`);
    await scene.claw.stop('SIGKILL');
  } finally {
    client.close();
    await claw.stop('SIGKILL');
    unmount(disk);
    rmSync(dir, { recursive: true, force: true });
  }
  return found;
}

async function fillOnce(scene: Scene, n: number): Promise<string[]> {
  const { client, control, disk, random, ended, tally } = scene;
  const found: string[] = [];
  const below = (limit: number): number => Math.floor(random.float() * limit);
  const runs = Array.from({ length: 4 }, (_, i) => followRun(client, `full ${n} ${i}`, 150, 800 + below(800)));
  await within(10_000, 'the first text of runs', Promise.all(runs.map(({ begun }) => begun)));
  await sleep(below(300));

  const how = (['disk', 'disk', 'wal', 'database'] as const)[below(4)];
  if (how === 'disk') fill(disk);
  else control.order({ writeErrno: errno('ENOSPC'), writeWhere: how === 'wal' ? 2 : 1, writeCount: -1 });

  let refused = 0;
  for (let i = 0; i < 60 && refused === 0; i++) {
    const asked = { method: 'POST', json: { input: `While full ${n} ${i}.`, model: 'simulated?tokens=200&ms=0' } } as const;
    const { status, body } = await within(5_000, 'an answer to a new run', fetchJson(`${scene.claw.http}/v1/runs`, asked));
    const { code } = (body as { readonly error?: { readonly code: string } }).error ?? {};
    if (status === 507 && code === 'STORE_FULL') refused++;
    else if (status !== 201) found.push(`a new run was answered with ${status} ${code} (${how})`);
  }
  tally.refused += refused;
  if (how !== 'database' && refused === 0) found.push(`no run was refused (${how})`);
  const read = await within(5_000, 'reading an ended run', fetchJson(`${scene.claw.http}/v1/runs/${ended}`));
  if (read.status !== 200) found.push(`reading an ended run was answered with ${read.status} (${how})`);
  await sleep(below(500));

  if (below(3) === 0) {
    tally.kills++;
    await scene.restart();
  } else lift(disk, control);
  const after = followRun(client, `after ${n}`, 20, 20);
  const ends = await within(
    15_000,
    `the end of runs after space was free again (${how})`,
    Promise.all([...runs, after].map(({ end }) => end)),
  );
  found.push(...ends.filter((says) => says !== undefined));
  return found;
}

function fill(disk: string): void {
  const file = openSync(join(disk, 'ballast'), 'a');
  const block = Buffer.alloc(64 * 1024, 1);
  for (let bytes = block.length; bytes >= 1; ) {
    try {
      writeSync(file, block, 0, bytes);
    } catch {
      bytes = Math.floor(bytes / 16);
    }
  }
  closeSync(file);
}

function lift(disk: string, control: Control): void {
  control.relent();
  rmSync(join(disk, 'ballast'), { force: true });
}

function mount(path: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${MEGABYTES}m`, 'tmpfs', path]).status === 0;
}

function unmount(path: string): void {
  execFileSync('umount', ['-l', path]);
}
