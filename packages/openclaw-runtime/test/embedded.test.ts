import { expect, test } from 'vitest';
import { createEmbedded } from '../src/house/embedded.ts';
import { createFakeWorld } from './fake-house.ts';

function embed() {
  const world = createFakeWorld();
  return { world, house: createEmbedded(async () => world.ports) };
}

const url = async ({ reach }: { reach(): Promise<{ readonly url: string }> }): Promise<string> => (await reach()).url;

test('nothing is opened before the first call; calls at once share a house, and what it has to say is said once', async () => {
  const { world, house } = embed();
  expect(world.houses).toHaveLength(0);
  expect(await Promise.all([house.use(url), house.use(url)])).toEqual(['ws://127.0.0.1:1', 'ws://127.0.0.1:1']);
  await world.clock.pass(300);
  await house.use(url);
  expect(world.log).toEqual(['claw: The simulated model answers.']);
});

test('it closes when nothing was at work for 250 ms, and is opened again by the next call', async () => {
  const { world, house } = embed();
  await house.use(url);
  await world.clock.pass(249);
  expect(world.houses[0]?.isClosed).toBe(false);
  await house.use(url);
  await world.clock.pass(249);
  expect(world.houses[0]?.isClosed).toBe(false);
  await world.clock.pass(2);
  expect(world.houses[0]?.isClosed).toBe(true);
  expect(await house.use(url)).toBe('ws://127.0.0.1:2');
});

test('it stays while a call or a run is at work', async () => {
  const { world, house } = embed();
  const work = Promise.withResolvers<void>();
  const call = house.use(async ({ reach }) => {
    await reach();
    await work.promise;
  });
  await house.use(url);
  await world.clock.pass(1_000);
  const [first] = world.houses;
  expect(first?.isClosed).toBe(false);
  if (first) first.active = 1;
  work.resolve();
  await call;
  await world.clock.pass(1_000);
  expect(first?.isClosed).toBe(false);
  if (first) first.active = 0;
  await world.clock.pass(251);
  expect(first?.isClosed).toBe(true);
});

test('who has the data folder open is talked to; nothing is opened, nor closed there', async () => {
  const { world, house } = embed();
  world.owner = { url: 'ws://127.0.0.1:99', pid: 8 };
  expect(await house.use(url)).toBe('ws://127.0.0.1:99');
  await world.clock.pass(1_000);
  expect(world.houses).toHaveLength(0);
});

test('when that server is gone, the next reach opens the house here', async () => {
  const { world, house } = embed();
  world.owner = { url: 'ws://127.0.0.1:99', pid: 8 };
  const urls = await house.use(async ({ reach, lost }) => {
    const server = await reach();
    world.owner = undefined;
    lost(server);
    return [server.url, (await reach()).url];
  });
  expect(urls).toEqual(['ws://127.0.0.1:99', 'ws://127.0.0.1:1']);
});

test('another house of this process is waited for where it does not know the agent, and only there', async () => {
  const { world, house } = embed();
  world.owner = { url: 'ws://127.0.0.1:99', pid: world.ports.pid };
  expect(await house.use(url)).toBe('ws://127.0.0.1:99');
  const other = createEmbedded(async () => world.ports);
  other.add('trainer', { dedicated: true });
  const reached = other.use(url);
  await world.clock.pass(500);
  world.owner = undefined;
  await world.clock.pass(200);
  expect(await reached).toBe('ws://127.0.0.1:1');
  expect(world.houses[0]?.config.agents).toMatchObject({ default: {}, trainer: { dedicated: true } });
});

test('a folder that stays locked is an error that says what to do', async () => {
  const { world, house } = embed();
  world.isLocked = true;
  const reached = house.use(url);
  const refused = expect(reached).rejects.toMatchObject({ code: 'DATA_LOCKED', message: expect.stringContaining('OPENCLAW_DATA') });
  await world.clock.pass(31_000);
  await refused;
  world.isLocked = false;
  expect(await house.use(url)).toBe('ws://127.0.0.1:1');
});

test('an agent that is added to an open house has it opened again with it; the most threads are passed on', async () => {
  const { world, house } = embed();
  await house.use(url);
  house.add('trainer', { instructions: 'Train.' });
  house.limitThreads(3);
  expect(await house.use(url)).toBe('ws://127.0.0.1:2');
  expect(world.houses[0]?.isClosed).toBe(true);
  expect(world.houses[1]?.config).toMatchObject({ agents: { trainer: { instructions: 'Train.' } }, threads: { max: 3 } });
});

test('a house that cannot go on is closed, and the next reach opens another', async () => {
  const { world, house } = embed();
  const urls = await house.use(async ({ reach }) => {
    const before = (await reach()).url;
    world.houses[0]?.fail();
    await world.clock.pass(0);
    return [before, (await reach()).url];
  });
  expect(urls).toEqual(['ws://127.0.0.1:1', 'ws://127.0.0.1:2']);
  expect(world.houses[0]?.isClosed).toBe(true);
});

test('closed, it refuses; also one that is still being opened closes', async () => {
  const { world, house } = embed();
  const gate = Promise.withResolvers<void>();
  world.gate = gate.promise;
  const reached = house.use(url);
  const refused = expect(reached).rejects.toMatchObject({ code: 'STREAM_DISCONNECTED' });
  await world.clock.pass(0);
  const closing = house.close();
  gate.resolve();
  await Promise.all([refused, closing]);
  expect(world.houses.map(({ isClosed }) => isClosed)).toEqual([true]);
  await expect(house.use(url)).rejects.toThrow('was closed');
  await house.close();
});
