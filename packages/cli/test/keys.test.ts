import { startGateway } from '@openclaw-runtime/gateway';
import { systemClock, systemRandom } from '@openclaw-runtime/kit';
import { createMemoryStore } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import { createMachine } from '../src/machine/machine.ts';
import { main } from '../src/program.ts';
import { createFakeWorld } from './fake-world.ts';

const LOCAL = 'local_of_this_test';

/** A server of this data folder, and its owner at the command line. */
async function openHouse() {
  const store = createMemoryStore();
  const defects: unknown[] = [];
  const gateway = await startGateway({
    store,
    clock: systemClock,
    random: systemRandom,
    host: '127.0.0.1',
    port: 0,
    localKey: LOCAL,
    serverName: 'test',
    onDefect: (_id, error) => defects.push(error),
  });
  const world = createFakeWorld();
  world.files['/home/.openclaw/owner.json'] = JSON.stringify({ url: gateway.url, pid: process.pid, key: LOCAL });
  const { ask, get, isAlive } = createMachine(systemClock);
  Object.assign(world.machine, { ask, get, isAlive });
  return {
    http: gateway.url.replace('ws', 'http'),
    async claw(...args: string[]) {
      const before = [world.printed().length, world.complained().length] as const;
      const code = await main(args, '1', world);
      return { code, printed: world.printed().slice(before[0]), complained: world.complained().slice(before[1]) };
    },
    async [Symbol.asyncDispose]() {
      expect(defects).toEqual([]);
      await gateway.close();
      await store.close();
    },
  };
}

test('a key is made, used, rotated and revoked, by who may read the data folder', async () => {
  await using house = await openHouse();
  const { http, claw } = house;
  const may = async (key: string): Promise<number> =>
    (await fetch(`${http}/v1/runs`, { headers: { authorization: `Bearer ${key}` } })).status;
  expect(await claw('keys')).toMatchObject({ code: 0, printed: '', complained: expect.stringContaining('there are no keys') });

  const made = await claw('keys', 'create', 'ci', '--scopes', 'read,run', '--tenant', 'acme', '--expires', '90d');
  expect(made).toMatchObject({
    code: 0,
    printed: expect.stringMatching(/^claw_\w+\n$/),
    complained: expect.stringContaining('tenant acme'),
  });
  expect(made.complained).toContain('this is the first key');
  const first = made.printed.trim();
  expect(await may(first)).toBe(200);
  expect((await fetch(`${http}/v1/runs`)).status).toBe(401);

  const listed = await claw('keys', 'list', '--json');
  const { keys } = JSON.parse(listed.printed) as { readonly keys: readonly Record<string, unknown>[] };
  expect(keys).toMatchObject([{ name: 'ci', tenant: 'acme', scopes: ['read', 'run'], by: 'local', lastUsedMs: expect.any(Number) }]);
  expect(listed.printed).not.toContain(first.split('_')[2]);
  const id = String(keys[0]?.['id']);
  expect((await claw('keys')).printed).toMatch(new RegExp(`^ID +NAME .*\\n${id} +ci +acme +read,run +`));

  const rotated = JSON.parse((await claw('keys', 'rotate', id.slice(0, 4), '--grace', '1h', '--json')).printed) as {
    readonly text: string;
  };
  expect([await may(first), await may(rotated.text)]).toEqual([200, 200]);
  expect(await claw('keys', 'revoke', id.slice(0, 4))).toMatchObject({ code: 0, printed: `revoked ${id} of ci\n` });
  expect([await may(first), await may(rotated.text)]).toEqual([401, 401]);
  expect((await claw('keys')).printed).toBe('');
  expect((await claw('keys', 'list', '--all')).printed).toContain('revoked');
});

test('what cannot be is said', async () => {
  await using house = await openHouse();
  const { claw } = house;
  const refused = async (...args: string[]) => (await claw('keys', ...args)).complained;
  expect(await refused('create', 'x', '--scopes', 'root')).toContain('BAD_REQUEST: scopes: a list of read, run, approve, operate, admin.');
  expect(await refused('create', 'x', '--tenant', '../default')).toContain('BAD_REQUEST: tenant:');
  expect(await refused('create', 'x', '--expires', 'soon')).toContain('--expires: "soon" is no duration');
  expect(await refused('create', 'x'.repeat(129))).toContain('name:');
  expect(await refused('rotate', 'nope')).toContain('NOT_FOUND: There is no key nope');
  expect(await refused('revoke', 'nope')).toContain('NOT_FOUND');
  await claw('keys', 'create', 'a');
  await claw('keys', 'create', 'b');
  expect(await refused('revoke', '')).toContain('begins the ids of several keys');
});
