/** A damaged latest snapshot leads to the one before it, and the damage goes with the next one. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  applyRecord,
  decodeRecord,
  decodeRecords,
  emptyFold,
  encodeRecord,
  OpenClawError,
  type RunFold,
  type WireRecord,
} from '@openclaw-runtime/protocol';
import type { Lease } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import { CREATED, crashImage, edit, FINISHED, foldedBehind, keyOf, type OpenHouse, openHouse, STARTED, workplace } from './open-house.ts';

const KEY = keyOf('long');
const LIVE = { liveChars: 100_000 };

/** A run that goes on, so long that its first records are gone. Answers all of them. */
async function runLong(house: OpenHouse, batches = 300): Promise<string[]> {
  await house.store.runs.create(KEY, CREATED, 'f');
  const lease = leaseOf(house);
  const all = [CREATED, STARTED];
  lease.append([STARTED], 'process');
  await goOn(lease, all, batches);
  await foldedBehind(house.store, KEY, 5_000);
  return all;
}

async function goOn(lease: Lease, all: string[], batches: number): Promise<void> {
  for (let i = 1; i <= batches; i++) {
    // Now and then what was said is taken back: parts of the fold that the one before it still needs go.
    let attempt = all.filter((each) => each.startsWith('["step.started"')).length;
    const supersedes = attempt;
    const back = i % 40 === 0 ? [encodeRecord('step.started', 1, ++attempt, { model: 'm', supersedes, keep: 30_000 })] : [];
    const said = Array.from({ length: 100 }, (_, n) => encodeRecord('text', 1, attempt, `${all.length + n} ${'x'.repeat(20)} `));
    const some = [...back, ...said];
    all.push(...some);
    lease.append(some, 'process');
    await lease.settled();
    lease.saveReplay(all.length, JSON.stringify({ seq: all.length }));
  }
}

function leaseOf({ leases }: OpenHouse): Lease {
  return leases.find(({ key }) => key === KEY) as Lease;
}

function foldOf(records: readonly string[]): RunFold {
  const fold = emptyFold();
  for (const [i, record] of records.entries()) applyRecord(fold, decodeRecord(JSON.parse(record) as WireRecord, i + 1));
  return fold;
}

/** As readers and owners do it: the snapshot, and what came behind it. */
async function readAll({ store }: OpenHouse): Promise<{ readonly fold: RunFold; readonly from: number }> {
  const { snapshot } = await store.runs.read(KEY, 0, 1);
  if (!snapshot) throw new Error('no snapshot');
  const fold = JSON.parse(snapshot.fold) as RunFold;
  for (let after = snapshot.seq; ; ) {
    const { chunk } = await store.runs.read(KEY, after, 1 << 20);
    if (!chunk) return { fold, from: snapshot.seq };
    for (const record of decodeRecords(chunk.body, chunk.first)) applyRecord(fold, record);
    after = chunk.first + chunk.count - 1;
  }
}

const seqIn = (folder: string, table: string): number => {
  const db = new DatabaseSync(join(folder, 'openclaw.db'));
  const { seq } = db.prepare(`SELECT seq FROM ${table}`).get() as { seq: number };
  db.close();
  return seq;
};

/** Changes bytes of the file where the snapshot lies. */
function flip(folder: string): void {
  const db = new DatabaseSync(join(folder, 'openclaw.db'));
  const { fold } = db.prepare('SELECT fold FROM snapshot').get() as { fold: Uint8Array };
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
  let hits = 0;
  for (const name of readdirSync(folder).filter((each) => each.startsWith('openclaw.db'))) {
    const bytes = readFileSync(join(folder, name));
    const needle = Buffer.from(fold.subarray(0, 48));
    for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) {
      bytes.fill(0xa5, at + 8, at + 24);
      hits++;
    }
    writeFileSync(join(folder, name), bytes);
  }
  expect(hits).toBeGreaterThan(0);
}

describe('the latest snapshot of a run that goes on, whose first records are gone', () => {
  test.each([
    ['bytes of the file changed', flip],
    ['it is gone', (folder: string) => edit(folder, 'DELETE FROM snapshot')],
    ['its seq changed', (folder: string) => edit(folder, 'UPDATE snapshot SET seq = seq + 1')],
  ])('%s: the one before it and the records behind that are used; the next one is whole again', { timeout: 60_000 }, async (_how, harm) => {
    using work = workplace();
    await using house = await openHouse(work.in('data'), LIVE);
    const all = await runLong(house);
    const image = crashImage(work.in('data'), work.in('image'));
    const [older, latest] = [seqIn(image, 'older'), seqIn(image, 'snapshot')];
    expect(older).toBeLessThan(latest);
    harm(image);

    await using other = await openHouse(image, LIVE);
    const lease = leaseOf(other);
    expect(lease.damage).toBeUndefined();
    expect(lease.creation).toBe(CREATED);
    const found = await readAll(other);
    expect(found).toEqual({ fold: foldOf(all), from: older });
    const { replay = '', seq } = (await other.store.runs.snapshot(KEY)) ?? {};
    expect(seq).toBe(older);
    expect(JSON.parse(replay)).toEqual({ seq: all.length });
    expect((await other.store.upkeep.verify()).damaged).toEqual([
      { run: KEY.slice(2), what: expect.stringContaining('snapshot') as string, repair: 'the one before it is used' },
    ]);

    await goOn(lease, all, 150);
    await foldedBehind(other.store, KEY, latest);
    const { damaged } = await other.store.upkeep.verify();
    expect(damaged.filter(({ what }) => !what.includes('part rows'))).toEqual([]);
    expect((await readAll(other)).fold).toEqual(foldOf(all));
    lease.append([FINISHED], 'disk', true);
    await lease.settled();
    await other.store.upkeep.compact({ compactAfterMs: 0 }, Date.now() + 3_600_000);
    expect((await readAll(other)).fold).toEqual(foldOf([...all, FINISHED]));
  });

  test('and the one before it: readers are refused, and the run is ended', { timeout: 60_000 }, async () => {
    using work = workplace();
    await using house = await openHouse(work.in('data'), LIVE);
    await runLong(house);
    const image = crashImage(work.in('data'), work.in('image'));
    edit(image, "UPDATE snapshot SET fold = x'00'; UPDATE older SET fold = x'00'");
    await using other = await openHouse(image, LIVE);
    expect(leaseOf(other).damage).toBe('the first record');
    await expect((async () => other.store.runs.read(KEY, 0, 1))()).rejects.toBeInstanceOf(OpenClawError);
  });

  test('what its owner saved last: what it saved before is used', { timeout: 60_000 }, async () => {
    using work = workplace();
    await using house = await openHouse(work.in('data'), LIVE);
    const all = await runLong(house);
    const image = crashImage(work.in('data'), work.in('image'));
    edit(image, "UPDATE replay SET body = body || ' '");
    await using other = await openHouse(image, LIVE);
    const { replay = '' } = (await other.store.runs.snapshot(KEY)) ?? {};
    const { seq } = JSON.parse(replay) as { readonly seq: number };
    expect(seq).toBeLessThan(all.length);
    expect((await other.store.runs.read(KEY, seq, 1)).chunk?.first).toBe(seq + 1);
  });
});

test('a damaged snapshot of a run whose records are all there is no damage of the run', { timeout: 60_000 }, async () => {
  using work = workplace();
  await using house = await openHouse(work.in('data'));
  await house.store.runs.create(KEY, CREATED, 'f');
  const all = [CREATED, STARTED];
  leaseOf(house).append([STARTED], 'process');
  await goOn(leaseOf(house), all, 150);
  await foldedBehind(house.store, KEY, 2_048);
  const image = crashImage(work.in('data'), work.in('image'));
  edit(image, "UPDATE snapshot SET fold = x'00'; DELETE FROM older");
  await using other = await openHouse(image);
  expect(leaseOf(other)).toMatchObject({ damage: undefined, creation: CREATED });
  expect(await other.store.runs.snapshot(KEY)).toBeUndefined();
  await goOn(leaseOf(other), all, 100);
  await foldedBehind(other.store, KEY, 2_048);
  expect((await readFold(other)).steps).toEqual(foldOf(all).steps);
});

async function readFold(house: OpenHouse): Promise<RunFold> {
  const fold = emptyFold();
  for (;;) {
    const { chunk } = await house.store.runs.read(KEY, fold.seq, 1 << 20);
    if (!chunk) return fold;
    for (const record of decodeRecords(chunk.body, chunk.first)) applyRecord(fold, record);
  }
}
