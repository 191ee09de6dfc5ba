/** Backups, restoring them, verification, and older copies that are put in place by hand. */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Backup, type Lease, restoreBackup, type Store, verifyFolder } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import { CREATED, crashImage, edit, FINISHED, keyOf, openHouse, recordsOf, STARTED, text, workplace } from './open-house.ts';

async function save(backup: Backup, file: string): Promise<number> {
  let bytes = 0;
  for await (const part of backup.parts) {
    appendFileSync(file, part);
    bytes += part.length;
  }
  return bytes;
}

async function backUp(store: Store, file: string): Promise<void> {
  const backup = await store.upkeep.backup();
  expect(await save(backup, file)).toBe(backup.bytes);
}

describe('a backup', () => {
  test('is all that was durable when it began, taken while commits go on, which wait for nothing', async () => {
    using work = workplace();
    await using house = await openHouse(work.in('data'));
    await house.run(keyOf('ended'), [STARTED, text('x'.repeat(100_000))], true);
    const alive = await house.run(keyOf('alive'), [STARTED, text('before')]);
    const id = house.store.runId('t', 'idem');
    const backup = await house.store.upkeep.backup();
    const parts = backup.parts[Symbol.asyncIterator]();
    const some = [await parts.next(), await parts.next()];
    alive.append([text('during')], 'disk');
    await alive.settled();
    for (;;) {
      const part = await parts.next();
      if (part.done) break;
      some.push(part);
    }
    writeFileSync(work.in('copy'), Buffer.concat(some.map(({ value }) => value as Uint8Array)));
    expect(statSync(work.in('copy')).size).toBe(backup.bytes);

    const restored = await restoreBackup({ file: work.in('copy'), folder: work.in('other') });
    expect(restored).toMatchObject({ runs: 1 });
    await using other = await openHouse(work.in('other'));
    expect(await recordsOf(other.store, keyOf('ended'))).toEqual([CREATED, STARTED, text('x'.repeat(100_000)), FINISHED]);
    expect(await recordsOf(other.store, keyOf('alive'))).toEqual([CREATED, STARTED, text('before')]);
    expect(other.store.runId('t', 'idem')).toBe(id);
    expect(other.leases.map(({ key }) => key)).toEqual([keyOf('alive')]);
    expect(await recordsOf(house.store, keyOf('alive'))).toHaveLength(4);
  });

  test('is taken one at a time; leaving it makes room for the next, and for what it held up', async () => {
    using work = workplace();
    await using house = await openHouse(work.in('data'));
    await house.run(keyOf('a'), [text('x')]);
    const first = await house.store.upkeep.backup();
    await expect(house.store.upkeep.backup()).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    for await (const _ of first.parts) break;
    const second = await house.store.upkeep.backup();
    await second.cancel();
    await backUp(house.store, work.in('third'));
    await expect(restoreBackup({ file: work.in('third'), folder: work.in('other') })).resolves.toMatchObject({ bytes: expect.any(Number) });
  });

  test('goes on no longer when the store is closed', async () => {
    using work = workplace();
    const house = await openHouse(work.in('data'));
    await house.run(keyOf('a'), [text('x'.repeat(600_000))], true);
    const { parts } = await house.store.upkeep.backup();
    const reading = parts[Symbol.asyncIterator]();
    await reading.next();
    await house.store.close();
    await expect(reading.next()).rejects.toThrow();
  });
});

describe('restoring', () => {
  test.each([
    ['cut', (file: string) => truncateSync(file, statSync(file).size - 1)],
    ['longer', (file: string) => appendFileSync(file, 'x')],
    ['changed in one bit', (file: string) => flip(file, 30_000)],
    ['with another end', (file: string) => flip(file, statSync(file).size - 10)],
  ])('a copy that is %s is refused, and nothing is changed', async (_how, harm) => {
    using work = workplace();
    {
      await using house = await openHouse(work.in('data'));
      await house.run(keyOf('a'), [text('x')], true);
      await backUp(house.store, work.in('copy'));
    }
    harm(work.in('copy'));
    const folder = work.in('other');
    await expect(restoreBackup({ file: work.in('copy'), folder })).rejects.toMatchObject({ code: 'DATA_DAMAGED' });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('what is no backup, a folder with data and one in use are refused; with force the data are put aside', async () => {
    using work = workplace();
    await using house = await openHouse(work.in('data'));
    await house.run(keyOf('a'), [text('old')], true);
    await backUp(house.store, work.in('copy'));
    await house.run(keyOf('b'), [text('new')], true);
    const restore = (file: string, force: boolean) => restoreBackup({ file: work.in(file), folder: work.in('data'), force });
    writeFileSync(work.in('none'), 'x'.repeat(5_000));
    await expect(restore('none', true)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await expect(restore('copy', false)).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    expect(inAnotherProcess(work.in('script.mjs'), work.in('copy'), work.in('data'))).toBe('DATA_LOCKED\nDATA_LOCKED\n');
    expect(await recordsOf(house.store, keyOf('b'))).toHaveLength(3);

    const image = crashImage(work.in('data'), work.in('image'));
    const { aside } = await restoreBackup({ file: work.in('copy'), folder: image, force: true });
    await using older = await openHouse(image);
    expect(await recordsOf(older.store, keyOf('a'))).toHaveLength(3);
    await expect(recordsOf(older.store, keyOf('b'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await using before = await openHouse(aside as string);
    expect(await recordsOf(before.store, keyOf('b'))).toHaveLength(3);
  });

  test('what goes on afterwards has an epoch that nobody saw, also new runs, also when it is restored twice', async () => {
    using work = workplace();
    await using house = await openHouse(work.in('data'));
    await house.run(keyOf('a'), [text('x')]);
    await backUp(house.store, work.in('copy'));
    const epochs = [];
    for (const name of ['one', 'two']) {
      await restoreBackup({ file: work.in('copy'), folder: work.in(name) });
      await using other = await openHouse(work.in(name), { clock: clockAt(name === 'one' ? 60_000_000 : 120_000_000) });
      expect(other.store.upkeep.found).toHaveLength(1);
      const { head } = await other.store.runs.create(keyOf('b'), CREATED, 'f');
      expect(other.leases[0]?.head.epoch).toBe(head.epoch);
      epochs.push(head.epoch);
    }
    expect(epochs).toEqual([60_000, 120_000]);
  });
});

describe('an older copy that is put in place by hand is noticed', () => {
  /** A folder with an earlier state beside it, both as a process that died leaves them. */
  async function twoStates(work: { in(name: string): string }): Promise<{ now: string; earlier: string }> {
    {
      await using house = await openHouse(work.in('data'));
      await house.run(keyOf('a'), [text('1')]);
    }
    await using house = await openHouse(work.in('data'));
    house.leases[0]?.append([text('2')], 'disk');
    await house.leases[0]?.settled();
    const earlier = crashImage(work.in('data'), work.in('then'));
    await house.store.close();
    await using later = await openHouse(work.in('data'));
    later.leases[0]?.append([text('3')], 'disk');
    await later.leases[0]?.settled();
    return { now: crashImage(work.in('data'), work.in('now')), earlier };
  }

  async function epochOf(folder: string): Promise<{ epoch: number; records: number; found: number }> {
    await using house = await openHouse(folder);
    const { epoch, seq } = (house.leases[0] as Lease).head;
    return { epoch, records: seq, found: house.store.upkeep.found.length };
  }

  test('nothing is said of a folder as it was left', async () => {
    using work = workplace();
    const { now, earlier } = await twoStates(work);
    expect(await epochOf(now)).toEqual({ epoch: 1, records: 4, found: 0 });
    expect(await epochOf(earlier)).toEqual({ epoch: 1, records: 3, found: 0 });
  });

  test('the database and its log, or the database alone, beside what the folder knew', async () => {
    for (const files of [['openclaw.db', 'openclaw.db-wal'], ['openclaw.db']]) {
      using work = workplace();
      const { now, earlier } = await twoStates(work);
      rmSync(join(now, 'openclaw.db-wal'));
      for (const file of files) copyFileSync(join(earlier, file), join(now, file));
      const { epoch, records, found } = await epochOf(now);
      expect(epoch).toBeGreaterThan(1_000);
      expect(records).toBe(files.length === 2 ? 3 : 2);
      expect(found).toBe(1);
      expect(await epochOf(now)).toMatchObject({ epoch, found: 0 });
    }
  });

  test('the database alone, with the log of the newer one: the log is put aside', async () => {
    using work = workplace();
    const { now, earlier } = await twoStates(work);
    copyFileSync(join(earlier, 'openclaw.db'), join(now, 'openclaw.db'));
    const { epoch, records } = await epochOf(now);
    expect(epoch).toBeGreaterThan(1_000);
    const isAside = existsSync(join(now, 'openclaw.db-wal.unfit-1'));
    expect(records).toBe(isAside ? 2 : 4);
  });

  test('into another folder, without what the folder knew', async () => {
    using work = workplace();
    const { earlier } = await twoStates(work);
    rmSync(join(earlier, 'openclaw.mark'));
    expect((await epochOf(earlier)).epoch).toBeGreaterThan(1_000);
  });

  test('of the same life: the database and its log from a moment ago', async () => {
    using work = workplace();
    await using house = await openHouse(work.in('data'), { gap: { minMs: 0, maxMs: 0 } });
    const lease = await house.run(keyOf('a'), [text('1')]);
    const then = crashImage(work.in('data'), work.in('then'));
    const deadline = performance.now() + 1_500;
    while (performance.now() < deadline) {
      lease.append([text('more')], 'process');
      await lease.settled();
    }
    const now = crashImage(work.in('data'), work.in('now'));
    for (const file of ['openclaw.db', 'openclaw.db-wal']) copyFileSync(join(then, file), join(now, file));
    expect((await epochOf(now)).epoch).toBeGreaterThan(1_000);
  });
});

describe('a verification', () => {
  test('counts what there is, in a folder at rest, after a crash, and beside the work', async () => {
    using work = workplace();
    await using house = await openHouse(work.in('data'));
    await house.run(keyOf('a'), [STARTED, text('x')], true);
    await house.run(keyOf('b'), [STARTED]);
    await house.store.inbox.put(keyOf('b'), { id: 'c', kind: 'feedback', data: 1 });
    await house.store.state.put('t', 's', 'v', 0);
    const shares: number[] = [];
    const counts = { runs: 1, records: 6, segments: 1, snapshots: 0, journal: expect.any(Number), commands: 1, states: 1 };
    expect(await house.store.upkeep.verify({ onProgress: (share) => shares.push(share) })).toMatchObject({ damaged: [], counts });
    expect(shares.at(-1)).toBeGreaterThan(0.5);
    const image = crashImage(work.in('data'), work.in('image'));
    const before = readFileSync(join(image, 'openclaw.db'));
    expect(await verifyFolder(image)).toMatchObject({ damaged: [], counts });
    expect(readFileSync(join(image, 'openclaw.db')).equals(before)).toBe(true);
    expect(existsSync(join(image, 'openclaw.db-wal'))).toBe(true);
  });

  test('of a long run finds the snapshot to be the fold of the records', async () => {
    using work = workplace();
    await using house = await openHouse(work.in('data'));
    const lease = await house.run(keyOf('long'), [STARTED]);
    for (let i = 0; i < 60; i++) {
      lease.append(
        Array.from({ length: 100 }, (_, n) => text(`${i} ${n} ${'x'.repeat(100)}`)),
        'process',
      );
      await lease.settled();
    }
    lease.append([FINISHED], 'disk', true);
    await lease.settled();
    const report = await house.store.upkeep.verify();
    expect(report.damaged).toEqual([]);
    expect(report.counts).toMatchObject({ records: 6_003, snapshots: 1 });
    const image = crashImage(work.in('data'), work.in('image'));
    edit(image, 'UPDATE snapshot SET h = h + 1');
    expect((await verifyFolder(image)).damaged).toMatchObject([{ what: expect.stringContaining('the snapshot') }]);
  });

  test.each([
    ['a segment', "UPDATE segment SET body = replace(body, 'one', 'One')", /records 1 to 4: segment \d+ failed its checksum/],
    ['a run', 'UPDATE run SET epoch = 7 WHERE done = 1', /the row of the run/],
    ['the journal', "UPDATE journal SET body = replace(body, 'two', 'Two') WHERE id = (SELECT max(id) FROM journal)", /journal entry/],
    ['a command', "UPDATE command SET body = replace(body, 'feedback', 'feedbacK')", /the command c/],
    ['a state', "UPDATE state SET value = 'w'", /the state/],
    [
      'what nobody has',
      'INSERT INTO segment SELECT NULL, first, count, before, h, crc, body FROM segment',
      /1 segment rows that no run has/,
    ],
  ])('finds %s that was changed', async (_what, sql, says) => {
    using work = workplace();
    await using house = await openHouse(work.in('data'));
    await house.run(keyOf('a'), [STARTED, text('one')], true);
    await house.run(keyOf('b'), [STARTED, text('two')]);
    await house.store.inbox.put(keyOf('b'), { id: 'c', kind: 'feedback', data: 1 });
    await house.store.state.put('t', 's', 'v', 0);
    const image = crashImage(work.in('data'), work.in('image'));
    edit(image, sql);
    const { damaged } = await verifyFolder(image);
    expect(damaged).toHaveLength(1);
    expect(damaged[0]?.what).toMatch(says);
  });

  test('of a folder in use is refused, and of none', async () => {
    using work = workplace();
    await expect(verifyFolder(work.in('none'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] as number) ^ 1;
  writeFileSync(file, bytes);
}

function clockAt(wallMs: number) {
  return {
    now: () => performance.now(),
    wall: () => wallMs,
    after(ms: number, fn: () => void) {
      const timer = setTimeout(fn, ms);
      return () => clearTimeout(timer);
    },
  };
}

/** Locks are a process's: within one, everything may have the file. */
function inAnotherProcess(script: string, file: string, folder: string): string {
  const source = new URL('../src/index.ts', import.meta.url).href;
  writeFileSync(
    script,
    `import { restoreBackup, verifyFolder } from ${JSON.stringify(source)};
    const say = (error) => console.log(error.code);
    await restoreBackup(${JSON.stringify({ file, folder, force: true })}).catch(say);
    await verifyFolder(${JSON.stringify(folder)}).catch(say);`,
  );
  return spawnSync(process.execPath, ['--conditions=openclaw-source', script], { encoding: 'utf8' }).stdout;
}
