import { globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { encodeRecord } from '@openclaw-runtime/protocol';
import { type RunKey, runKey } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import { codeOf, crashImage, openHouse, recordsOf, STARTED, text, workplace } from './open-house.ts';

const GONE = 'canary-that-goes';
const LATER = 'canary-that-came-later';

const key = (tenant: string, name: string): RunKey => runKey(tenant, name.padEnd(22, '_'));
const created = (input: string): string => encodeRecord('run.created', 0, 0, { agent: 'default', input, at: 7, fingerprint: 'f' });

function filesWith(folder: string, bytes: string): string[] {
  return globSync(join(folder, '**', '*')).filter((path) => statSync(path).isFile() && readFileSync(path).includes(bytes));
}

test('what is accepted after the deletion, while the file is overwritten, outlives a death', async () => {
  using work = workplace();
  const folder = work.in('data');
  const image = work.in('image');
  {
    await using house = await openHouse(folder);
    const { runs, upkeep, state } = house.store;
    await runs.create(key('t', 'old'), created(GONE), 'f');
    // So much that to overwrite it takes far longer than what is written meanwhile, also where the disk is slow.
    await house.run(key('t', 'old'), [STARTED, ...Array.from({ length: 800 }, (_, i) => text(`${GONE} ${i} ${'x'.repeat(20_000)}`))], true);
    const deleted = Promise.withResolvers<void>();
    upkeep.onErased(() => deleted.resolve());
    let isOver = false;
    const erased = upkeep.erase({ tenant: 't' }).finally(() => {
      isOver = true;
    });
    await deleted.promise;
    await new Promise((resolve) => setImmediate(resolve));
    await house.run(key('t', 'new'), [STARTED, text(LATER)], true);
    await state.put('t', 'later', LATER, 0);
    expect(isOver).toBe(false);
    crashImage(folder, image);
    await erased;
  }
  await using house = await openHouse(image);
  expect((await recordsOf(house.store, key('t', 'new'))).join()).toContain(LATER);
  expect((await house.store.state.get('t', 'later'))?.value).toBe(LATER);
  expect(filesWith(image, GONE)).toEqual([]);
  expect((await house.store.upkeep.verify()).damaged).toEqual([]);
});

/** Makes a page of the table unreadable, as a bad block of the disk does, or makes it whole again. */
function pageOf(folder: string, table: string): { break(): void; mend(): void } {
  const path = join(folder, 'openclaw.db');
  const db = new DatabaseSync(path);
  const found = db.prepare("SELECT min(pageno) AS page FROM dbstat WHERE pagetype = 'leaf' AND name = ?").get(table) as { page: number };
  db.close();
  const bytes = readFileSync(path).subarray((found.page - 1) * 8192, found.page * 8192);
  const put = (page: Uint8Array): void => {
    const all = readFileSync(path);
    all.set(page, (found.page - 1) * 8192);
    writeFileSync(path, all);
  };
  return { break: () => put(Buffer.alloc(8192, 0xee)), mend: () => put(bytes) };
}

test('what damage keeps from being erased stops nobody: it is told, nothing new is taken in of it, and once that is mended it goes', async () => {
  using work = workplace();
  const folder = work.in('data');
  {
    await using house = await openHouse(folder);
    for (const tenant of ['a', 'b', 'c'])
      for (let i = 0; i < 6; i++)
        await house.run(key(tenant, `r${i}`), [STARTED, text(`${tenant === 'a' ? GONE : LATER} ${'x'.repeat(3_000)}`)], true);
    await house.store.state.put('a', 's', GONE, 0);
  }
  const page = pageOf(folder, 'segment');
  page.break();
  {
    await using house = await openHouse(folder);
    const { runs, upkeep } = house.store;
    expect(await codeOf(() => upkeep.erase({ tenant: 'a' }))).toBe('DATA_DAMAGED');
    // It would go when the rest does.
    expect(await codeOf(() => runs.create(key('a', 'new'), created(LATER), 'f'))).toBe('RATE_LIMITED');
    // Others' do not wait for it, and do not count for it.
    expect(await upkeep.erase({ tenant: 'nobody' })).toMatchObject({ runs: 0 });
    await house.run(key('c', 'new'), [STARTED, text(LATER)], true);
  }
  {
    await using house = await openHouse(folder);
    const { runs, upkeep } = house.store;
    expect(upkeep.found).toMatchObject([{ what: expect.stringContaining('the tenant a') as string }]);
    expect(await codeOf(() => runs.create(key('a', 'new'), created(LATER), 'f'))).toBe('RATE_LIMITED');
    await house.run(key('c', 'newer'), [STARTED, text(LATER)], true);
  }
  page.mend();
  await using house = await openHouse(folder);
  expect(house.store.upkeep.found).toEqual([]);
  expect(filesWith(folder, GONE)).toEqual([]);
  expect((await house.store.runs.list('a', { limit: 10 })).runs).toEqual([]);
  expect((await house.store.runs.list('c', { limit: 10 })).runs).toHaveLength(8);
  expect(await house.store.runs.create(key('a', 'new'), created(LATER), 'f')).toMatchObject({ created: true });
  expect((await house.store.upkeep.verify()).damaged).toEqual([]);
});
