import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { startGateway } from '@openclaw-runtime/gateway';
import { systemClock, systemRandom } from '@openclaw-runtime/kit';
import { encodeRecord, NO_USAGE } from '@openclaw-runtime/protocol';
import { openSqliteStore, runKey, type Store } from '@openclaw-runtime/store';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { main } from '../src/program.ts';
import { createFakeWorld, type FakeWorld } from './fake-world.ts';

// They wait for the disk, many times each.
vi.setConfig({ testTimeout: 120_000 });

const CREATED = encodeRecord('run.created', 0, 0, { agent: 'default', input: 'q', at: 0, fingerprint: 'f' });
const FINISHED = encodeRecord('run.finished', 0, 0, { status: 'completed', reason: 'stop', usage: NO_USAGE });

const place = { path: '' };
const at = (name: string): string => join(place.path, name);
beforeEach(() => {
  place.path = mkdtempSync(join(tmpdir(), 'openclaw-data-'));
});
afterEach(() => rmSync(place.path, { recursive: true, force: true }));

/** A data folder with one run that has ended. */
async function fill(folder: string): Promise<Store> {
  const store = await openSqliteStore({ folder });
  store.queue.consume('test', 10, {
    leased: (lease) => lease.append([FINISHED], 'disk', true),
    command: () => undefined,
    lost: () => undefined,
  });
  const key = runKey('default', 'r'.repeat(22));
  await store.runs.create(key, CREATED, 'f');
  await new Promise<void>((resolve) => {
    const look = async (): Promise<void> => {
      if ((await store.runs.read(key, 0, 1)).head.done) resolve();
      else setImmediate(() => void look());
    };
    void look();
  });
  return store;
}

async function claw(world: FakeWorld, ...args: string[]): Promise<{ code: number; printed: string; complained: string }> {
  const before = [world.printed().length, world.complained().length] as const;
  const code = await main(args, '1', world);
  return { code, printed: world.printed().slice(before[0]), complained: world.complained().slice(before[1]) };
}

describe('without a server', () => {
  test('a folder is backed up, restored elsewhere and verified', async () => {
    await (await fill(at('data'))).close();
    const world = createFakeWorld();
    const backup = await claw(world, 'backup', at('copy'), '--data', at('data'));
    expect(backup).toMatchObject({ code: 0, printed: expect.stringMatching(/^claw: [\d.]+ KB in .*copy\n$/), complained: '' });
    expect(readFileSync(at('copy')).subarray(0, 17).toString()).toBe('openclaw-backup 1');
    expect(await claw(world, 'restore', at('copy'), '--data', at('other'))).toMatchObject({
      code: 0,
      printed: expect.stringContaining('1 ended or long runs'),
    });
    expect(await claw(world, 'verify', '--data', at('other'))).toMatchObject({
      code: 0,
      printed: expect.stringMatching(/nothing is damaged: 1 runs/),
    });
    const json = await claw(world, 'verify', '--data', at('other'), '--json');
    expect(JSON.parse(json.printed)).toMatchObject({ counts: { runs: 1, records: 2 }, damaged: [] });
  });

  test('no file is replaced and no data are moved unless that is asked for', async () => {
    await (await fill(at('data'))).close();
    const world = createFakeWorld();
    writeFileSync(at('copy'), 'mine');
    expect(await claw(world, 'backup', at('copy'), '--data', at('data'))).toMatchObject({
      code: 1,
      complained: expect.stringContaining('STATE_CONFLICT'),
    });
    expect(readFileSync(at('copy'), 'utf8')).toBe('mine');
    const { printed } = await claw(world, 'backup', at('copy'), '--data', at('data'), '--force', '--json');
    expect(JSON.parse(printed)).toEqual({ file: at('copy'), bytes: readFileSync(at('copy')).length });
    expect(await claw(world, 'restore', at('copy'), '--data', at('data'))).toMatchObject({
      code: 1,
      complained: expect.stringContaining('STATE_CONFLICT'),
    });
    const forced = await claw(world, 'restore', at('copy'), '--data', at('data'), '--force', '--json');
    expect(JSON.parse(forced.printed)).toMatchObject({ data: at('data'), runs: 1, aside: join(at('data'), 'replaced-1') });
    expect(existsSync(join(at('data'), 'replaced-1', 'openclaw.db'))).toBe(true);
  });

  test('damage is named, with exit code 1', async () => {
    await (await fill(at('data'))).close();
    const db = new DatabaseSync(join(at('data'), 'openclaw.db'));
    db.exec("UPDATE segment SET body = replace(body, 'completed', 'Completed')");
    db.close();
    expect(await claw(createFakeWorld(), 'verify', '--data', at('data'))).toMatchObject({
      code: 1,
      printed: expect.stringMatching(
        /^claw: damaged: 1 of .*\n {2}run r{22}: records 1 to 2: segment 1 failed its checksum \(none: .*\)\n$/,
      ),
    });
  });

  test('what is erased is gone, with its files; who is not asked has to say so; backups have it still', async () => {
    await (await fill(at('data'))).close();
    const run = 'r'.repeat(22);
    const workspace = join(at('data'), 'workspaces', 'default', run);
    mkdirSync(workspace, { recursive: true });
    writeFileSync(join(workspace, 'file'), 'x');
    const world = createFakeWorld();
    await claw(world, 'backup', at('copy'), '--data', at('data'));
    const refused = { code: 1, complained: expect.stringContaining('BAD_REQUEST') };
    expect(await claw(world, 'erase', 'rrr', '--data', at('data'))).toMatchObject(refused);
    expect(await claw(world, 'erase', '--yes', '--data', at('data'))).toMatchObject(refused);
    const unknown = { code: 1, complained: expect.stringContaining('NOT_FOUND') };
    expect(await claw(world, 'erase', 'x', '--yes', '--data', at('data'))).toMatchObject(unknown);
    expect(await claw(world, 'erase', run, '--tenant', 'other', '--yes', '--data', at('data'))).toMatchObject(unknown);
    expect(existsSync(workspace)).toBe(true);
    const { code, printed } = await claw(world, 'erase', 'rrr', '--yes', '--json', '--data', at('data'));
    expect([code, JSON.parse(printed)]).toMatchObject([0, { runs: 1, states: 0, damaged: [], aside: [] }]);
    expect(existsSync(workspace)).toBe(false);
    expect(JSON.parse((await claw(world, 'verify', '--json', '--data', at('data'))).printed)).toMatchObject({
      counts: { runs: 0 },
      damaged: [],
    });
    const audit = await claw(world, 'audit', 'tail', '--json', '--data', at('data'));
    expect(audit.printed).toContain(`"target":"default/${run}: 1 runs, 0 states"`);
    await claw(world, 'restore', at('copy'), '--force', '--data', at('data'));
    const again = await claw(world, 'erase', '--tenant', 'default', '--yes', '--data', at('data'));
    expect(again).toMatchObject({ code: 0, printed: expect.stringMatching(/^claw: erased: 0 runs and 0 states of the tenant default;/) });
    expect(again.complained).toContain('replaced-1 in the data folder was put aside');
  });

  test.each([
    ['default', 0, 'erased: 1 runs'],
    ['yes', 1, 'nothing was erased'],
    ['', 1, 'nothing was erased'],
  ])('on a terminal it asks, and %j is answered', async (word, code, says) => {
    await (await fill(at('data'))).close();
    const world = createFakeWorld(true);
    world.piped = `${word}\n`;
    const ended = await claw(world, 'erase', '--tenant', 'default', '--data', at('data'));
    expect(ended).toMatchObject({ code, complained: expect.stringContaining('Type default to go on') });
    expect(`${ended.printed}${ended.complained}`).toContain(says);
  });

  test('there is nothing to back up or verify', async () => {
    const world = createFakeWorld();
    for (const command of [['backup'], ['verify'], ['erase', '--tenant', 't', '--yes']])
      expect(await claw(world, ...command, '--data', at('none'))).toMatchObject({
        code: 1,
        complained: expect.stringContaining('NOT_FOUND'),
      });
    expect(readdirSync(place.path)).toEqual([]);
  });

  test('Ctrl-C leaves nothing behind', async () => {
    const world = createFakeWorld();
    const begun = Promise.withResolvers<void>();
    const going = Promise.withResolvers<void>();
    async function* parts(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('some');
      begun.resolve();
      await going.promise;
      yield Buffer.from('more');
    }
    const backup = { bytes: 8, parts: parts(), cancel: () => Promise.resolve() };
    Object.assign(world.data, { backup: () => Promise.resolve({ backup, close: () => Promise.resolve() }) });
    const ended = claw(world, 'backup', at('copy'), '--data', at('data'));
    await begun.promise;
    expect(readdirSync(place.path)).toEqual(['copy.part']);
    world.signal('SIGINT');
    going.resolve();
    expect(await ended).toMatchObject({ code: 130, complained: expect.stringContaining('nothing was left behind') });
    expect(readdirSync(place.path)).toEqual([]);
  });
});

test('with a server that has the folder open it is asked, with its token', async () => {
  const store = await fill(at('data'));
  const gateway = await startGateway({
    store,
    clock: systemClock,
    random: systemRandom,
    host: '127.0.0.1',
    port: 0,
    token: () => 'a-secret-of-this-test',
    serverName: 'test',
    onDefect: (_id, error) => {
      throw error;
    },
  });
  try {
    const world = createFakeWorld();
    world.files[join(at('data'), 'owner.json')] = JSON.stringify({ url: gateway.url, pid: 7 });
    world.web[`${gateway.url.replace('ws', 'http')}/healthz`] = 200;
    expect(await claw(world, 'backup', at('copy'), '--data', at('data'))).toMatchObject({
      code: 1,
      complained: expect.stringContaining('UNAUTHENTICATED'),
    });
    expect(existsSync(at('copy'))).toBe(false);
    world.env['OPENCLAW_TOKEN'] = 'a-secret-of-this-test';
    expect(await claw(world, 'backup', at('copy'), '--data', at('data'))).toMatchObject({ code: 0 });
    expect(await claw(world, 'verify', '--data', at('data'), '--json')).toMatchObject({
      code: 0,
      printed: expect.stringContaining('"damaged":[]'),
    });
    expect(await claw(world, 'restore', at('copy'), '--data', at('other'))).toMatchObject({ code: 0 });
    expect(await claw(world, 'erase', 'rr', '--yes', '--data', at('data'))).toMatchObject({
      code: 0,
      printed: expect.stringContaining('erased: 1 runs'),
    });
    expect(await claw(world, 'erase', 'rr', '--yes', '--data', at('data'))).toMatchObject({
      code: 1,
      complained: expect.stringContaining('NOT_FOUND'),
    });
  } finally {
    await gateway.close();
    await store.close();
  }
});
