// A command and its run's end at the same time, with a disk that is full or fails. The contract suite has the orders that need no broken disk.
import { systemClock } from '@openclaw-runtime/kit';
import { encodeRecord, NO_USAGE, OpenClawError } from '@openclaw-runtime/protocol';
import { type Command, type Lease, type RunKey, runKey, type Store } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import { createHall } from '../src/hall/hall.ts';
import type { Receipt } from '../src/hall/persister.ts';
import { createMemoryPersister } from '../src/memory/memory-persister.ts';

type Disk = 'sound' | 'full' | 'broken' | 'held';

interface House {
  readonly store: Store;
  readonly lease: Lease;
  readonly commands: readonly Command[];
  /** How commits go from here on; `held` ones wait for the next word. */
  disk(next: Disk): void;
}

const KEY: RunKey = runKey('t', 'run');
const ENDED = encodeRecord('run.finished', 0, 0, { status: 'completed', reason: 'stop', usage: NO_USAGE });

async function openHouse(): Promise<House> {
  let disk: Disk = 'sound';
  let turned = Promise.withResolvers<void>();
  const kept = createMemoryPersister();
  const store = createHall({
    persister: {
      ...kept,
      async commit(batch): Promise<Receipt> {
        while (disk === 'held') await turned.promise;
        if (disk !== 'sound') return { ok: false, full: disk === 'full', message: disk };
        return kept.commit(batch);
      },
    },
    recovered: { runs: [], nextId: 1, firstId: 0, chars: 0, regressed: false, epoch: 1, found: [] },
    secret: new Uint8Array(32),
    clock: systemClock,
    gap: { minMs: 0, maxMs: 0 },
    cacheChars: 1_000_000,
    maxAliveChars: 1_000_000,
  });
  const commands: Command[] = [];
  const lease = await new Promise<Lease>((resolve, reject) => {
    store.queue.consume('test', 1, { leased: resolve, command: (_key, command) => commands.push(command), lost: () => undefined });
    store.runs.create(KEY, encodeRecord('run.created', 0, 0, { agent: 'a', input: 'i', at: 0, fingerprint: 'f' }), 'f').catch(reject);
  });
  return {
    store,
    lease,
    commands,
    disk(next) {
      disk = next;
      turned.resolve();
      turned = Promise.withResolvers();
    },
  };
}

const put = (store: Store, id: string): Promise<string> =>
  store.inbox.put(KEY, { id, kind: 'send' }).then(
    ({ dup }) => (dup ? 'dup' : 'accepted'),
    (error: unknown) => OpenClawError.from(error).code,
  );

test('a command that the full disk refuses is not coming any more, and its run ends without it', async () => {
  const { store, lease, commands, disk } = await openHouse();
  disk('full');
  const refused = put(store, 'c1');
  await lease.incoming();
  expect(await refused).toBe('STORE_FULL');
  expect(lease.incoming()).toBeUndefined();
  disk('sound');
  lease.append([ENDED], 'disk', true);
  await lease.settled();
  expect(commands).toEqual([]);
  expect(await put(store, 'c1')).toBe('RUN_FINISHED');
  await store.close();
});

test('a command that comes while the end waits for room on the disk hears of it, and of the end once there is', async () => {
  const { store, lease, disk } = await openHouse();
  disk('full');
  lease.append([ENDED], 'disk', true);
  expect(await put(store, 'c1')).toBe('STORE_FULL');
  const settled = lease.settled();
  disk('sound');
  await settled;
  expect(await put(store, 'c1')).toBe('RUN_FINISHED');
  await store.close();
});

test('when the store fails, what is coming stops coming, and who waits for an end is told', async () => {
  for (const isEnding of [false, true]) {
    const { store, lease, commands, disk } = await openHouse();
    disk('held');
    if (isEnding) lease.append([ENDED], 'disk', true);
    const refused = put(store, 'c1');
    const coming = lease.incoming();
    expect(coming === undefined).toBe(isEnding);
    disk('broken');
    await coming;
    expect(await refused).toBe('STORE_FAILED');
    expect(commands).toEqual([]);
    expect(await put(store, 'c2')).toBe('STORE_FAILED');
  }
});

test('a command is coming until its owner has it, though its commit is done', async () => {
  const { store, lease, commands, disk } = await openHouse();
  disk('held');
  const puts = [put(store, 'c1'), put(store, 'c2')];
  let isHeld = true;
  const quiet = lease.incoming()?.then(() => expect(isHeld).toBe(false));
  isHeld = false;
  disk('sound');
  await quiet;
  expect(commands.map(({ id }) => id)).toEqual(['c1', 'c2']);
  expect(lease.incoming()).toBeUndefined();
  expect(await Promise.all(puts)).toEqual(['accepted', 'accepted']);
  await store.close();
});

test('a command to a run that is being created waits for it', async () => {
  const { store, disk } = await openHouse();
  disk('held');
  const key = runKey('t', 'other');
  const created = store.runs.create(key, encodeRecord('run.created', 0, 0, { agent: 'a', input: 'i', at: 0, fingerprint: 'f' }), 'f');
  const sent = store.inbox.put(key, { id: 'c1', kind: 'send' });
  disk('sound');
  await created;
  expect(await sent).toEqual({ dup: false });
  expect((await store.queue.claim(key, 'next')).commands).toEqual([{ id: 'c1', kind: 'send' }]);
  await store.close();
});

test('feedback to a run that is deleted meanwhile is refused; where it is made again, the new run has it', async () => {
  for (const isMadeAgain of [false, true]) {
    const { store, lease, commands, disk } = await openHouse();
    lease.append([ENDED], 'disk', true);
    await lease.settled();
    disk('held');
    const feedback = store.inbox.put(KEY, { id: 'c1', kind: 'feedback' }, true).then(
      ({ dup }) => dup,
      (error: unknown) => OpenClawError.from(error).code,
    );
    // Its commit is held.
    await new Promise(setImmediate);
    const deleting = store.upkeep.compact({ compactAfterMs: 0, maxBytes: 0 }, Date.now() + 3_600_000);
    expect((await deleting).deleted).toBe(1);
    const again = isMadeAgain
      ? store.runs.create(KEY, encodeRecord('run.created', 0, 0, { agent: 'a', input: 'i', at: 0, fingerprint: 'g' }), 'g')
      : undefined;
    disk('sound');
    expect((await again)?.created).toBe(isMadeAgain ? true : undefined);
    expect(await feedback).toBe(isMadeAgain ? false : 'NOT_FOUND');
    expect(commands.map(({ id }) => id)).toEqual(isMadeAgain ? ['c1'] : []);
    await store.close();
  }
});
