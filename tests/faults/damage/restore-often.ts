import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Random, seededRandom } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { restoreBackup } from '@openclaw-runtime/store';
import type { RowOptions, RowReport } from '../rows/report.ts';
import { type Heard, hear, hearOverHttp } from './reader.ts';
import { openSmallHouse, type SmallHouse } from './small-house.ts';

const AT_ONCE = 4;
const RUNS = 3;
const KINDS = ['backup', 'backup', 'whole', 'database and log', 'database'] as const;
type Kind = (typeof KINDS)[number];

/** Puts an older copy in place of the data of a server that died, `count` times, and has readers who know more go on. */
export async function restoreOften({ seed, count, say }: RowOptions): Promise<RowReport> {
  const dir = mkdtempSync(join(tmpdir(), 'openclaw-restored-'));
  const violations: string[] = [];
  const figures: Record<string, number> = {};
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) {
      const random = seededRandom(seed * 1_000_003 + n);
      const kind = KINDS[Math.floor(random.float() * KINDS.length)] as Kind;
      const folder = join(dir, String(n));
      try {
        for (const how of await restoreOnce(folder, kind, random)) figures[`${kind}: ${how}`] = (figures[`${kind}: ${how}`] ?? 0) + 1;
      } catch (error) {
        violations.push(`case ${n} (${kind}): ${(error as Error).message}`);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
      if (n % 10 === 9) say(`  ${n + 1} cases, ${violations.length} violations`);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, worker));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  return { cases: count, violations, figures };
}

/** How each reader was answered. */
async function restoreOnce(dir: string, kind: Kind, random: Random): Promise<readonly string[]> {
  mkdirSync(dir, { recursive: true });
  const [data, image] = [join(dir, 'data'), join(dir, 'image')];
  const seen = await liveThrough(dir, data, image, kind, random);
  try {
    await putBack(dir, image, kind);
    await using house = await openSmallHouse(image);
    return await Promise.all(seen.map((each, i) => goOn(house, each, i, kind)));
  } catch (error) {
    // Files that were copied one after the other from under a server may not fit each other: that is refused, with a word.
    if (kind !== 'backup' && error instanceof OpenClawError && error.code === 'DATA_DAMAGED') return ['refused'];
    throw error;
  }
}

/** Runs begin, a copy is taken, readers see more, and the server dies. */
async function liveThrough(dir: string, data: string, image: string, kind: Kind, random: Random): Promise<readonly Heard[]> {
  await using house = await openSmallHouse(data);
  const begun = await Promise.all(
    Array.from({ length: RUNS }, (_, i) =>
      hear(house.url, { start: `run ${i}`, input: `question ${i}` }, 2 + Math.floor(random.float() * 20)),
    ),
  );
  await copyAway(dir, data, kind, house);
  const late = await hear(house.url, { start: 'late', input: 'after the copy' }, 5);
  const seen = await Promise.all(
    [...begun, late].map((each) => hear(house.url, { seen: each }, each.records.length + 1 + Math.floor(random.float() * 60))),
  );
  cpSync(data, image, { recursive: true });
  return seen;
}

async function copyAway(dir: string, data: string, kind: Kind, house: SmallHouse): Promise<void> {
  if (kind !== 'backup') return cpSync(data, join(dir, 'copy'), { recursive: true });
  const response = await fetch(`${house.http}/v1/backup`);
  writeFileSync(join(dir, 'copy'), Buffer.from(await response.arrayBuffer()));
}

async function putBack(dir: string, image: string, kind: Kind): Promise<void> {
  const copy = join(dir, 'copy');
  if (kind === 'backup') return void (await restoreBackup({ file: copy, folder: image, force: true }));
  if (kind === 'whole') {
    rmSync(image, { recursive: true });
    return cpSync(copy, image, { recursive: true });
  }
  rmSync(join(image, 'openclaw.db-wal'), { force: true });
  copyFileSync(join(copy, 'openclaw.db'), join(image, 'openclaw.db'));
  const log = join(copy, 'openclaw.db-wal');
  if (kind === 'database and log' && existsSync(log)) copyFileSync(log, join(image, 'openclaw.db-wal'));
}

/** A reader goes on, and whoever starts anew sees the same; over HTTP too, where the older copy was noticed when it was opened. */
async function goOn(house: SmallHouse, seen: Heard, i: number, kind: Kind): Promise<string> {
  const told = await hear(house.url, { seen }, Number.POSITIVE_INFINITY);
  if (told.mode === 'NOT_FOUND') {
    const again = await hear(
      house.url,
      { start: i < RUNS ? `run ${i}` : 'late', input: i < RUNS ? `question ${i}` : 'after the copy' },
      Number.POSITIVE_INFINITY,
    );
    if (again.run !== seen.run) throw new Error('the same key names another run');
    if (kind !== 'whole' && again.epoch <= seen.epoch) throw new Error(`a run began anew in the epoch ${again.epoch} that readers saw`);
    if (!again.isDone) throw new Error('a run that began anew did not end');
    return 'begun anew';
  }
  if (!told.isDone) throw new Error(`the run did not end for its reader (${told.mode}, ${told.records.length} records)`);
  const whole = await hear(house.url, { seen: { run: seen.run, epoch: 0, records: [], h: 0 } }, Number.POSITIVE_INFINITY);
  if (told.records.join() !== whole.records.join())
    throw new Error(`what a reader of ${seen.records.length} records has is not the log (${told.mode})`);
  if (kind === 'whole') return told.mode;
  const overHttp = await hearOverHttp(house.http, seen);
  if (overHttp.length !== whole.records.length)
    throw new Error(`over HTTP a reader has ${overHttp.length} events, the log ${whole.records.length} records`);
  const isSpliced = overHttp[0] === seen.records[0] && seen.records.join() !== whole.records.slice(0, seen.records.length).join();
  if (isSpliced) throw new Error('over HTTP a reader has the records of two logs');
  return told.mode;
}
