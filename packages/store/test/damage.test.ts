/** Rows that were changed on the disk: mended from what proves them, refused, or the end of one run. Never a wrong byte, and never a closed house. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { encodeRecord, NO_USAGE, OpenClawError } from '@openclaw-runtime/protocol';
import { type Lease, type RunKey, runOf, verifyFolder } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import {
  CREATED,
  codeOf,
  crashImage,
  edit,
  FINISHED,
  keyOf,
  type OpenHouse,
  openHouse,
  recordsOf,
  STARTED,
  text,
  workplace,
} from './open-house.ts';

const GIVEN_UP = encodeRecord('run.finished', 0, 0, {
  status: 'needs_attention',
  error: { code: 'DATA_DAMAGED', message: 'lost' },
  usage: NO_USAGE,
});

function leaseOf({ leases }: OpenHouse, key: RunKey): Lease {
  return leases.find((lease) => lease.key === key) as Lease;
}

/** The image of a folder in which `fill` was done, changed by `sql`. */
async function harmed(work: { in(name: string): string }, fill: (house: OpenHouse) => Promise<unknown>, sql: string): Promise<string> {
  await using house = await openHouse(work.in('data'));
  await fill(house);
  const image = crashImage(work.in('data'), work.in('image'));
  edit(image, sql);
  return image;
}

describe('the row of a run', () => {
  const LONG = Array.from({ length: 90 }, (_, i) => text(`${i} ${'x'.repeat(10_000)}`));

  test.each([
    'epoch = 9',
    'seq = seq - 1',
    'h = h + 1',
    'done = 1 - done',
    'born = born + 1',
    'ended = 5',
    "status = 'failed'",
    "tenant = 'u'",
    "fingerprint = 'g'",
    'oldest = 1000',
  ])('with %s is made again from its segments, for a run that ended and for one that goes on', async (change) => {
    using work = workplace();
    const [ended, alive] = [keyOf('ended'), keyOf('alive')];
    const fill = async (house: OpenHouse): Promise<void> => {
      await house.run(ended, [STARTED, text('a')], true);
      await house.run(alive, [STARTED, ...LONG]);
    };
    const image = await harmed(work, fill, `UPDATE run SET ${change}`);
    for (const time of [1, 2]) {
      await using house = await openHouse(image);
      expect(house.leases.map(({ key }) => key)).toEqual([alive]);
      expect(leaseOf(house, alive).damage).toBeUndefined();
      expect(leaseOf(house, alive).head.epoch).toBeGreaterThan(1_000);
      expect(leaseOf(house, alive).creation).toBe(CREATED);
      expect(await recordsOf(house.store, alive)).toEqual([CREATED, STARTED, ...LONG]);
      expect(await recordsOf(house.store, ended)).toEqual([CREATED, STARTED, text('a'), FINISHED]);
      expect(await house.store.runs.create(ended, CREATED, 'g')).toMatchObject({ created: false, fingerprint: 'f', head: { done: true } });
      expect(house.store.upkeep.found.length > 0).toBe(time === 1);
      expect((await house.store.upkeep.verify()).damaged).toEqual([]);
    }
  });

  test('that names segments which are not there: the one that goes on ends behind what is intact, the other is refused', async () => {
    using work = workplace();
    const [ended, alive] = [keyOf('ended'), keyOf('alive')];
    const fill = async (house: OpenHouse): Promise<void> => {
      await house.run(ended, [STARTED, text('a')], true);
      await house.run(alive, [STARTED, ...LONG]);
    };
    const image = await harmed(work, fill, "UPDATE run SET segments = replace(segments, ':1:', ':2:')");
    await using house = await openHouse(image);
    const lease = leaseOf(house, alive);
    expect(lease.damage).toBe('the row of the run');
    expect(lease.head.seq).toBe(0);
    lease.append([GIVEN_UP], 'disk', true);
    await lease.settled();
    expect(await recordsOf(house.store, alive)).toEqual([GIVEN_UP]);
    expect(await house.store.runs.create(alive, CREATED, 'f')).toMatchObject({ created: false, fingerprint: 'f', head: { done: true } });
    expect(await codeOf(() => recordsOf(house.store, ended))).toBe('DATA_DAMAGED');
    await house.run(keyOf('new'), [STARTED], true);
    expect(await recordsOf(house.store, keyOf('new'))).toHaveLength(3);
  });

  test('of which the key was changed in the file is found all the same, at whatever place it was', { timeout: 120_000 }, async () => {
    using work = workplace();
    const keys = Array.from({ length: 40 }, (_, i) => keyOf(`run${i * 7}`));
    {
      await using house = await openHouse(work.in('data'));
      for (const key of keys) await house.run(key, [STARTED, text(key)], true);
      await house.run(keyOf('alive'), [STARTED, ...LONG]);
    }
    const bytes = readFileSync(join(work.in('data'), 'openclaw.db'));
    const seen = new Set<string>();
    for (const [i, key] of [...keys.slice(0, 5), keyOf('alive')].entries()) {
      for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + 1)) {
        const harmedBytes = Buffer.from(bytes);
        const place = at + 2 + (i % 5);
        harmedBytes[place] = (harmedBytes[place] as number) ^ (1 << (i % 3));
        const image = crashImage(work.in('data'), work.in('image'));
        writeFileSync(join(image, 'openclaw.db'), harmedBytes);
        await using house = await openHouse(image);
        for (const each of keys) {
          const found = await recordsOf(house.store, each).catch((error: unknown) => OpenClawError.from(error).code);
          seen.add(Array.isArray(found) ? 'right' : found);
          if (Array.isArray(found)) expect(found).toEqual([CREATED, STARTED, text(each), FINISHED]);
          else expect(found, `${each}, when ${key} was changed at ${at}`).toBe('DATA_DAMAGED');
        }
        expect(house.leases.map((lease) => lease.key)).toEqual([keyOf('alive')]);
        // Its newest records are in the journal, which says for whom they are once only.
        expect(leaseOf(house, keyOf('alive')).damage ?? 'journal entry').toContain('journal entry');
      }
    }
    expect([...seen]).toContain('right');
  });
});

describe('the journal', () => {
  async function threeRuns(house: OpenHouse): Promise<void> {
    for (const name of ['a', 'b', 'c']) await house.store.runs.create(keyOf(name), CREATED, 'f');
    for (const round of [1, 2, 3]) {
      for (const lease of house.leases) lease.append([text(`${lease.key} ${round}`)], 'process');
      await Promise.all(house.leases.map((lease) => lease.settled()));
    }
  }

  test.each([
    ['in the middle', "body = replace(body, 'b_____________________ 2', 'b_____________________ X')", 2, true],
    ['at its end', "body = replace(body, 'b_____________________ 3', 'b_____________________ X')", 3, false],
  ])('with a changed record of one run %s: the others go on whole, in a new epoch', async (_where, change, intact, isGap) => {
    using work = workplace();
    const image = await harmed(work, threeRuns, `UPDATE journal SET ${change}`);
    await using house = await openHouse(image);
    expect(house.leases).toHaveLength(3);
    for (const name of ['a', 'b', 'c']) {
      const lease = leaseOf(house, keyOf(name));
      expect(lease.head).toMatchObject({ seq: name === 'b' ? intact : 4, epoch: expect.any(Number) });
      expect(lease.head.epoch).toBeGreaterThan(1);
      expect(lease.damage !== undefined).toBe(name === 'b' && isGap);
    }
    leaseOf(house, keyOf('b')).append([GIVEN_UP], 'disk', true);
    await leaseOf(house, keyOf('b')).settled();
    expect(await recordsOf(house.store, keyOf('b'))).toHaveLength(intact + 1);
  });

  test('of which an entry is gone: runs with a gap end, and so they do after another crash', async () => {
    using work = workplace();
    let image = await harmed(work, threeRuns, 'DELETE FROM journal WHERE id = (SELECT max(id) - 1 FROM journal)');
    for (const again of ['once', 'twice']) {
      await using house = await openHouse(image);
      expect(house.leases.map(({ head, damage }) => [head.seq, damage !== undefined])).toEqual([
        [2, true],
        [2, true],
        [2, true],
      ]);
      if (again === 'once') image = crashImage(image, work.in('again'));
      for (const lease of house.leases) lease.append([GIVEN_UP], 'disk', true);
      await Promise.all(house.leases.map((lease) => lease.settled()));
      for (const name of ['a', 'b', 'c']) expect(await recordsOf(house.store, keyOf(name))).toHaveLength(3);
    }
  });

  test('that lost the first records of runs: they end, and their keys stay theirs', async () => {
    using work = workplace();
    const image = await harmed(work, threeRuns, "DELETE FROM journal WHERE body LIKE '%run.created%'");
    await using house = await openHouse(image);
    expect(house.leases.map(({ head, damage, creation }) => [head.seq, damage !== undefined, creation])).toEqual([
      [0, true, ''],
      [0, true, ''],
      [0, true, ''],
    ]);
    for (const lease of house.leases) lease.append([GIVEN_UP], 'disk', true);
    await Promise.all(house.leases.map((lease) => lease.settled()));
    expect(await recordsOf(house.store, keyOf('a'))).toEqual([GIVEN_UP]);
    expect(await house.store.runs.create(keyOf('a'), CREATED, 'f')).toMatchObject({ created: false, fingerprint: 'f' });
  });
});

describe('a command that was acknowledged', () => {
  const twoCommands = async (house: OpenHouse): Promise<void> => {
    await house.run(keyOf('a'), [STARTED]);
    for (const id of ['one', 'two']) await house.store.inbox.put(keyOf('a'), { id, kind: 'cancel' });
  };

  test.each([
    ['changed', "UPDATE command SET body = replace(body, 'cancel', 'canceL') WHERE id = 'one'"],
    ['gone', "DELETE FROM command WHERE id = 'one'"],
    ['gone, as the last one', "DELETE FROM command WHERE id = 'two'"],
    ['gone with all others', 'DELETE FROM command'],
    ['not counted any more', 'DELETE FROM command_count'],
    ['counted wrongly', 'UPDATE command_count SET n = 3'],
  ])('and is %s: its run is not gone on with as if it had never been', async (_how, sql) => {
    using work = workplace();
    const image = await harmed(work, twoCommands, sql);
    expect((await verifyFolder(image)).damaged).toMatchObject([
      { run: runOf(keyOf('a')), repair: expect.stringContaining('needs_attention') },
    ]);
    await using house = await openHouse(image);
    expect(leaseOf(house, keyOf('a')).damage).toBe('a command to the run');
  });

  test.each([
    ['changed', 'UPDATE command_count SET n = 1'],
    ['no number', "UPDATE command_count SET n = 'x'"],
    ['too large a number', 'UPDATE command_count SET n = 9223372036854775807'],
    ['sealed with too large a number', 'UPDATE command_count SET crc = 9223372036854775807'],
    ['gone', 'DELETE FROM command_count'],
  ])('and whose count is %s: what comes later is kept and does not hide that', async (_how, sql) => {
    using work = workplace();
    const image = await harmed(work, twoCommands, sql);
    {
      await using house = await openHouse(image);
      expect(leaseOf(house, keyOf('a')).damage).toBe('a command to the run');
      expect(await house.store.inbox.put(keyOf('a'), { id: 'three', kind: 'cancel' })).toEqual({ dup: false });
      expect(await house.store.inbox.put(keyOf('a'), { id: 'three', kind: 'cancel' })).toEqual({ dup: true });
    }
    expect((await verifyFolder(image)).damaged).toMatchObject([{ run: runOf(keyOf('a')), what: expect.stringMatching(/commands/) }]);
    await using house = await openHouse(image);
    expect(leaseOf(house, keyOf('a')).damage).toBe('a command to the run');
  });

  test('and is at another place: verify says so', async () => {
    using work = workplace();
    const image = await harmed(work, twoCommands, "UPDATE command SET at = 5 WHERE id = 'two'");
    expect((await verifyFolder(image)).damaged).toMatchObject([{ what: expect.stringContaining('the order of its commands') }]);
  });

  test('in a file of format 2 of which a page cannot be read: it opens, and all whose commands can be read go on', async () => {
    using work = workplace();
    const names = Array.from({ length: 100 }, (_, i) => `run${i}`);
    const image = await harmed(
      work,
      async (house) => {
        for (const name of names) {
          await house.run(keyOf(name), [STARTED]);
          await house.store.inbox.put(keyOf(name), { id: 'c', kind: 'send', data: { text: 'x'.repeat(2_000) } });
        }
      },
      'DROP TABLE command_count; PRAGMA user_version = 2',
    );
    spoilLeaf(image, 'command');
    await using house = await openHouse(image);
    const damaged = house.leases.filter(({ damage }) => damage !== undefined);
    expect(damaged.length).toBeGreaterThan(0);
    expect(damaged.length).toBeLessThan(names.length / 4);
    expect(house.leases.filter(({ commands }) => commands.length === 1)).toHaveLength(names.length - damaged.length);
  });

  test('in a file of format 2, which did not count them: they are counted when it is opened', async () => {
    using work = workplace();
    const image = await harmed(work, twoCommands, 'DROP TABLE command_count; PRAGMA user_version = 2');
    expect((await verifyFolder(image)).damaged).toEqual([]);
    {
      await using house = await openHouse(image);
      expect(leaseOf(house, keyOf('a')).commands.map(({ id }) => id)).toEqual(['one', 'two']);
      await house.store.inbox.put(keyOf('a'), { id: 'three', kind: 'cancel' });
    }
    expect((await verifyFolder(image)).damaged).toEqual([]);
    edit(image, "DELETE FROM command WHERE id = 'three'");
    expect((await verifyFolder(image)).damaged).toEqual([
      {
        run: runOf(keyOf('a')),
        what: '2 commands are there where it was given 3',
        repair: 'its run ends as needs_attention at the next opening',
      },
    ]);
  });
});

test('a segment of a run that goes on: it has its lease, and readers of that part are refused', async () => {
  using work = workplace();
  const records = Array.from({ length: 120 }, (_, i) => text(`${i} ${'x'.repeat(10_000)}`));
  const image = await harmed(
    work,
    (house) => house.run(keyOf('a'), [STARTED, ...records]),
    "UPDATE segment SET body = replace(body, '\"3 x', '\"4 x')",
  );
  await using house = await openHouse(image);
  const lease = leaseOf(house, keyOf('a'));
  expect(lease.head.seq).toBe(122);
  expect(await codeOf(() => recordsOf(house.store, keyOf('a')))).toBe('DATA_DAMAGED');
  expect((await house.store.runs.read(keyOf('a'), 120, 1)).chunk?.body).toBe(records[118]);
});

/** Makes one leaf of a table unreadable, in the middle of those it has. */
function spoilLeaf(image: string, table: string): void {
  const path = join(image, 'openclaw.db');
  const db = new DatabaseSync(path);
  const pages = db.prepare("SELECT pageno, pgsize FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path").all(table);
  db.close();
  const { pageno, pgsize: size } = pages[pages.length >> 1] as { readonly pageno: number; readonly pgsize: number };
  const bytes = readFileSync(path);
  bytes.fill(0, (pageno - 1) * size, (pageno - 1) * size + 512);
  writeFileSync(path, bytes);
}
