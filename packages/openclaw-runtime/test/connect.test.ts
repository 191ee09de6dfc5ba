import type { Config } from '@openclaw-runtime/cli';
import { expect, test } from 'vitest';
import { OpenClawAgent } from '../src/agent/open-claw-agent.ts';
import { agentIn, connecting } from '../src/house/connect.ts';
import { createHouse } from '../src/house/create-house.ts';
import { createServer } from '../src/house/server.ts';
import { createFakeWorld } from './fake-house.ts';

const configWith = (clusters: Config['clusters'] = {}) => ({ clusters }) as Config;

test('the first server of the cluster that answers is the one; the variable wins over the configuration', async () => {
  const up = new Set(['ws://b:1', 'ws://c:1']);
  const asked: string[] = [];
  const answers = async (url: string): Promise<boolean> => {
    asked.push(url);
    return up.has(url);
  };
  const config = configWith({ 'production/a': ['ws://a:1', 'ws://b:1', 'ws://c:1'] });
  expect(await connecting('agent://production/a', undefined, answers).owner(config)).toEqual({ url: 'ws://b:1' });
  expect(asked).toEqual(['ws://a:1', 'ws://b:1']);
  const variable = '{"production/a": ["ws://c:1"]}';
  expect(await connecting('agent://production/a/coder', variable, answers).owner(config)).toEqual({ url: 'ws://c:1' });
  expect(await connecting('http://b:1', undefined, answers).owner(config)).toEqual({ url: 'ws://b:1' });
});

test('where none answers nothing is opened; an unknown cluster names those that are known', async () => {
  const ports = connecting('agent://production/a', undefined, async () => false);
  const config = configWith({ 'production/a': ['ws://a:1', 'ws://b:1'] });
  expect(await ports.owner(config)).toBeUndefined();
  await expect(ports.open(config)).rejects.toMatchObject({
    code: 'STREAM_DISCONNECTED',
    message: expect.stringContaining('ws://a:1, ws://b:1'),
  });
  await expect(ports.owner(configWith({ 'production/b': ['ws://b:1'] }))).rejects.toMatchObject({
    code: 'UNKNOWN_CLUSTER',
    message: expect.stringContaining('Known: production/b'),
  });
});

test('an address may name an agent', () => {
  expect(['agent://p/a/coder', 'agent://p/a/my%20agent/', 'agent://p/a', 'ws://a/b/c'].map(agentIn)).toEqual([
    'coder',
    'my agent',
    undefined,
    undefined,
  ]);
});

test('an agent has one server', () => {
  expect(() => new OpenClawAgent({ connect: 'ws://a:1', house: createHouse() })).toThrow('connect and house are both given');
});

test.each([
  ['is waited for where it was asked for', true, undefined, false],
  ['gives way to another one of the cluster', true, 'ws://b:1', true],
  ['is given up where another house may take its folder', false, undefined, true],
])('a server that is gone %s', async (_, connects, owner, isGone) => {
  const world = createFakeWorld();
  const listeners = new Map<string, (attempt: number) => void>();
  const client = {
    on: (event: string, listener: (attempt: number) => void) => listeners.set(event, listener),
    connect: () => Promise.resolve(),
    close: () => undefined,
  };
  const ports = { ...world.ports, connects, client: () => client as never };
  world.owner = owner === undefined ? undefined : { url: owner };
  const server = createServer(ports, await ports.configure(), { url: 'ws://a:1', token: undefined });
  await server.client(true);
  let gone = false;
  void server.gone.then(() => {
    gone = true;
  });
  listeners.get('reconnect')?.(2);
  await new Promise((resolve) => setImmediate(resolve));
  expect(gone).toBe(isGone);
});
