import { OpenClawError } from '@openclaw-runtime/protocol';
import { describe, expect, test } from 'vitest';
import { findPlace } from '../src/commands/place.ts';
import { createPrinter } from '../src/commands/printer.ts';
import type { Config } from '../src/config/config.ts';
import { resolveConfig } from '../src/config/resolve.ts';
import type { House } from '../src/house/house.ts';
import { main } from '../src/program.ts';
import { createFakeWorld, type FakeWorld } from './fake-world.ts';

const usage = { inputTokens: 0, outputTokens: 0, reasoningTokens: 0, cachedTokens: 0 };
const result = { status: 'completed' as const, text: '', thinking: '', toolCalls: [], usage, cost: undefined, level: undefined };
const claw = (world: FakeWorld, ...args: string[]): Promise<number> => main(args, '1.2.3', world);

/** A house that remembers what was done to it. */
function fakeHouse(log: string[], failed: Promise<OpenClawError> = new Promise(() => {})): (config: Config) => Promise<House> {
  return async ({ server }) => ({
    url: `ws://${server.host}:${server.port || 4711}`,
    port: server.port || 4711,
    ...(server.metricsPort !== undefined && { metrics: `http://127.0.0.1:${server.metricsPort}/metrics` }),
    active: 0,
    failed,
    drain: async () => void log.push('drained'),
    close: async () => void log.push('closed'),
  });
}

/** Resolves once `ready` holds, however many turns of the loop that takes. */
async function until(ready: () => boolean): Promise<void> {
  while (!ready()) await new Promise(setImmediate);
}

describe('claw', () => {
  test('prints its version and help, with examples', async () => {
    const world = createFakeWorld();
    expect(await claw(world, '--version')).toBe(0);
    expect(world.printed()).toBe('1.2.3\n');
    expect(await claw(world, '--help')).toBe(0);
    expect(world.printed()).toContain('claw run "Why is the sky blue?"');
    expect(await claw(world, 'up', '--help')).toBe(0);
    expect(world.printed()).toContain('port that Prometheus reads metrics from');
  });

  test('an unknown command or option is said with the nearest one', async () => {
    const world = createFakeWorld();
    expect(await claw(world, 'pu')).toBe(1);
    expect(world.complained()).toContain("claw: unknown command 'pu'");
    expect(await claw(world, 'up', '--prot', '1')).toBe(1);
    expect(world.complained()).toContain('Did you mean --port?');
    expect(await claw(world, 'run')).toBe(1);
    expect(world.complained()).toContain('There is no prompt.');
  });

  test('an error is one line with its code, or one line of JSON', async () => {
    const world = createFakeWorld();
    expect(await claw(world, 'up', '--port', 'x')).toBe(1);
    expect(world.complained()).toBe('claw: BAD_CONFIG: configuration: --port: "x" is not a whole number from 0 to 65535.\n');
    expect(await claw(world, 'up', '--port', 'x', '--json')).toBe(1);
    expect(JSON.parse(world.printed())).toEqual({ error: { code: 'BAD_CONFIG', message: expect.stringContaining('--port') } });
  });
});

describe('claw up', () => {
  test('says where it is and who answers, and drains at the first signal', async () => {
    const world = createFakeWorld();
    const log: string[] = [];
    world.house = fakeHouse(log);
    const ended = claw(world, 'up', '--data', 'd', '--metrics-port', '9090');
    await until(() => world.printed() !== '');
    for (const part of ['ws://127.0.0.1:18789', 'simulated model', '/home/d', 'claw run', 'http://127.0.0.1:9090/metrics']) {
      expect(world.printed()).toContain(part);
    }
    expect(log).toEqual([]);
    world.signal('SIGTERM');
    expect(await ended).toBe(0);
    expect(log).toEqual(['drained', 'closed']);
    expect(world.exits).toEqual([]);
  });

  test('with --json prints exactly one line', async () => {
    const world = createFakeWorld();
    world.env.OPENAI_BASE_URL = 'http://127.0.0.1:9/v1';
    world.house = fakeHouse([]);
    const ended = claw(world, 'up', '--json', '--port', '0');
    await until(() => world.printed() !== '');
    world.signal('SIGINT');
    await ended;
    expect(world.printed().split('\n')).toEqual([expect.any(String), '']);
    expect(JSON.parse(world.printed())).toEqual({
      ready: true,
      url: 'ws://127.0.0.1:4711',
      http: 'http://127.0.0.1:4711',
      port: 4711,
      data: '/home/.openclaw',
      model: 'gpt-4.1-mini',
      simulated: false,
    });
  });

  test('a reload that is asked for while it opens is done when it is open, and does not end it', async () => {
    const world = createFakeWorld();
    let reload: () => void = () => expect.unreachable();
    let reloads = 0;
    world.onReload = (fn) => {
      reload = fn;
      return () => undefined;
    };
    const open = fakeHouse([]);
    world.house = async (config) => {
      reload();
      reload();
      return { ...(await open(config)), reload: async () => ({ outcome: 'applied', at: String(++reloads), applied: [], waiting: [] }) };
    };
    const ended = claw(world, 'up');
    await until(() => world.printed() !== '');
    expect(reloads).toBe(1);
    reload();
    expect(reloads).toBe(2);
    world.signal('SIGTERM');
    expect(await ended).toBe(0);
  });

  test('the second signal leaves at once', async () => {
    const world = createFakeWorld();
    const drained = Promise.withResolvers<void>();
    const open = fakeHouse([]);
    world.house = async (config) => ({ ...(await open(config)), drain: () => drained.promise });
    const ended = claw(world, 'up');
    await until(() => world.printed() !== '');
    world.signal('SIGTERM');
    await until(() => world.complained() !== '');
    world.signal('SIGTERM');
    expect(world.exits).toEqual([143]);
    drained.resolve();
    expect(await ended).toBe(0);
  });

  test('a house that fails is closed, and its error is the exit', async () => {
    const world = createFakeWorld();
    const log: string[] = [];
    world.house = fakeHouse(log, Promise.resolve(new OpenClawError('STORE_FAILED', 'the disk is gone')));
    expect(await claw(world, 'up')).toBe(1);
    expect(log).toEqual(['closed']);
    expect(world.complained()).toBe('claw: STORE_FAILED: the disk is gone\n');
  });
});

describe('where a run goes', () => {
  const place = (world: FakeWorld, asked: { url?: string; data?: string } = {}) =>
    findPlace(asked, resolveConfig(asked, world.config), world);
  const locked = (): Promise<House> => Promise.reject(new OpenClawError('DATA_LOCKED', 'Process 7 owns it.'));

  test('to the address that was asked for, if a server answers there', async () => {
    const world = createFakeWorld();
    await expect(place(world, { url: 'ws://a:1' })).rejects.toMatchObject({
      code: 'STREAM_DISCONNECTED',
      message: expect.stringContaining('claw up'),
    });
    await expect(place(world, { url: 'a:1' })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    world.web['http://a:1/healthz'] = 200;
    expect(await place(world, { url: 'ws://a:1' })).toEqual({ url: 'ws://a:1' });
    expect(await place(world, { url: 'agent://production/cluster-a' })).toEqual({ url: 'agent://production/cluster-a' });
  });

  test('to the server that has the data folder open, before the one at the usual address', async () => {
    const world = createFakeWorld();
    world.files['/home/.openclaw/owner.json'] = JSON.stringify({ url: 'ws://127.0.0.1:5', pid: 7 });
    world.web['http://127.0.0.1:18789/healthz'] = 200;
    expect(await place(world)).toEqual({ url: 'ws://127.0.0.1:18789' });
    world.web['http://127.0.0.1:5/healthz'] = 200;
    expect(await place(world)).toEqual({ url: 'ws://127.0.0.1:5' });
  });

  test('to a house of its own on a free port, and says so', async () => {
    const world = createFakeWorld();
    world.house = fakeHouse([]);
    expect(await place(world)).toMatchObject({ url: 'ws://127.0.0.1:4711', house: { port: 4711 } });
    expect(world.complained()).toContain('opened /home/.openclaw itself');
    expect(world.complained()).toContain('simulated model');
  });

  test('not to another server when a data folder was asked for', async () => {
    const world = createFakeWorld();
    world.web['http://127.0.0.1:18789/healthz'] = 200;
    world.house = fakeHouse([]);
    expect(await place(world, { data: 'other' })).toMatchObject({ url: 'ws://127.0.0.1:4711' });
  });

  test('to the owner that came first while this one was opening; without one the error stays', async () => {
    const world = createFakeWorld();
    world.house = locked;
    await expect(place(world)).rejects.toMatchObject({ code: 'DATA_LOCKED' });
    world.house = () => {
      world.files['/home/.openclaw/owner.json'] = JSON.stringify({ url: 'ws://127.0.0.1:6' });
      world.web['http://127.0.0.1:6/healthz'] = 200;
      return locked();
    };
    expect(await place(world)).toEqual({ url: 'ws://127.0.0.1:6' });
  });

  test.each(['', 'no json', '[]', '{"url": 5}', '{"url": "nowhere"}'])('an owner.json that holds %j is ignored', async (text) => {
    const world = createFakeWorld();
    world.files['/home/.openclaw/owner.json'] = text;
    world.house = fakeHouse([]);
    expect(await place(world)).toMatchObject({ url: 'ws://127.0.0.1:4711' });
  });
});

describe('what a run prints', () => {
  test('text on stdout and nothing else there; one line feed at the end', () => {
    const world = createFakeWorld();
    const printer = createPrinter(world, false);
    printer.thinking('hm');
    printer.text('one ', 1);
    printer.note('connecting again');
    printer.text('two', 1);
    printer.end('r', result);
    expect(world.printed()).toBe('one two\n');
    expect(world.complained()).toBe('claw: connecting again\n');
  });

  test('thinking is dimmed, on a terminal only', () => {
    const world = createFakeWorld(true);
    const printer = createPrinter(world, false);
    printer.thinking('h');
    printer.thinking('m');
    printer.text('so', 1);
    printer.end('r', result);
    expect(world.complained()).toBe('\u001b[2mhm\u001b[0m\n');
    expect(world.printed()).toBe('so\n');
  });

  test('what was taken back is said, and what stands is printed again', () => {
    const world = createFakeWorld();
    const printer = createPrinter(world, false);
    printer.text('the quick', 1);
    printer.rewind(1, 9);
    expect(world.complained()).toBe('');
    printer.rewind(1, 4);
    printer.text('slow', 1);
    printer.replaced({ seq: 9, usage, steps: [{ step: 1, attempt: 1, text: 'the slow one', thinking: '', toolCalls: [], ended: false }] });
    expect(world.printed()).toBe('the quick\nthe slow one');
    printer.replaced({ seq: 1, usage, steps: [] });
    printer.text('all new', 1);
    printer.end('r', result);
    expect(world.printed()).toBe('the quick\nthe slow one\nall new\n');
    expect(world.complained().match(/answers differently/g)).toHaveLength(2);
  });

  test('errors and calls go to stderr', () => {
    const world = createFakeWorld();
    const printer = createPrinter(world, false);
    printer.end('r', { ...result, status: 'failed', error: { code: 'PROVIDER_FAILED', message: 'broke off' } });
    printer.end('r', { ...result, status: 'cancelled' });
    printer.end('r', { ...result, toolCalls: [{ id: '1', name: 'look', arguments: '{"a":1}' }] });
    expect(world.complained()).toBe('claw: PROVIDER_FAILED: broke off\nclaw: the run was cancelled\nclaw: the model calls look {"a":1}\n');
  });

  test('as JSON it is one line with everything', () => {
    const world = createFakeWorld();
    const printer = createPrinter(world, true);
    printer.text('x', 1);
    printer.thinking('y');
    printer.rewind(1, 0);
    printer.end('r', { ...result, text: 'x' });
    expect(JSON.parse(world.printed())).toMatchObject({ run: 'r', status: 'completed', text: 'x', usage });
    expect(world.printed().endsWith('}\n')).toBe(true);
  });
});

describe('claw doctor', () => {
  interface Report {
    readonly ok: boolean;
    readonly findings: readonly { readonly level: string; readonly name: string; readonly says: string; readonly todo?: string }[];
  }
  const report = async (world: FakeWorld): Promise<Report & { readonly code: number }> => {
    const code = await claw(world, 'doctor', '--json');
    return { code, ...(JSON.parse(world.printed()) as Report) };
  };
  const levels = ({ findings }: Report): Record<string, string> => Object.fromEntries(findings.map(({ name, level }) => [name, level]));

  test('a fresh machine is fine, and the simulated model is named', async () => {
    const seen = await report(createFakeWorld());
    expect(seen.code).toBe(0);
    expect(levels(seen)).toEqual({ node: 'ok', config: 'warn', token: 'ok', data: 'ok', port: 'ok', 'provider simulated': 'ok' });
  });

  test('for people each finding is a line, with what to do below', async () => {
    const world = createFakeWorld();
    world.nodeIs = '20.1.0';
    expect(await claw(world, 'doctor')).toBe(1);
    expect(world.printed()).toContain('FAIL node: 20.1.0 is too old\n       Install Node 24 or newer.\n');
    expect(world.printed()).toContain('ok   port: 127.0.0.1:18789 is free\n');
  });

  test('a broken configuration is the one thing to mend', async () => {
    const world = createFakeWorld();
    world.files['/home/openclaw.yaml'] = 'serber: 1';
    const seen = await report(world);
    expect(seen.code).toBe(1);
    expect(seen.findings.map(({ name }) => name)).toEqual(['node', 'config']);
    expect(seen.findings[1]?.says).toContain('Did you mean "server"?');
  });

  test.each<[name: string, folder: FakeWorld['folderIs'], level: string, says: string]>([
    ['a file', { kind: 'file' }, 'fail', 'is a file'],
    ['a place that is not ours', { kind: 'absent', creatable: false }, 'fail', 'cannot be created'],
    ['a folder that cannot be written', { kind: 'folder', writable: false, mode: 0o700 }, 'fail', 'cannot be written'],
    ['a folder that others can read', { kind: 'folder', writable: true, mode: 0o755 }, 'warn', 'mode 0755'],
    ['an orderly folder', { kind: 'folder', writable: true, mode: 0o700 }, 'ok', 'open in no process'],
  ])('data folder: %s', async (_name, folder, level, says) => {
    const world = createFakeWorld();
    world.folderIs = folder;
    const seen = await report(world);
    expect(seen.findings.find(({ name }) => name === 'data')).toMatchObject({ level, says: expect.stringContaining(says) });
  });

  test('says who has the data folder open', async () => {
    const world = createFakeWorld();
    world.folderIs = { kind: 'folder', writable: true, mode: 0o700 };
    world.files['/home/.openclaw/owner.json'] = JSON.stringify({ url: 'ws://127.0.0.1:5', pid: 7 });
    expect((await report(world)).findings.find(({ name }) => name === 'data')?.says).toContain('open in process 7 at ws://127.0.0.1:5');
  });

  test('a port may be taken by us, not by others', async () => {
    const world = createFakeWorld();
    world.taken.add(18_789);
    expect(levels(await report(world)).port).toBe('fail');
    const ours = createFakeWorld();
    ours.taken.add(18_789);
    ours.web['http://127.0.0.1:18789/healthz'] = 200;
    expect(levels(await report(ours)).port).toBe('ok');
  });

  test.each<[status: number | undefined, level: string]>([
    [200, 'ok'],
    [401, 'fail'],
    [404, 'warn'],
    [503, 'warn'],
    [undefined, 'fail'],
  ])('a provider that answers %s is %s', async (status, level) => {
    const world = createFakeWorld();
    world.env.OPENAI_BASE_URL = 'http://p:1';
    world.env.OPENAI_API_KEY = 'sk-secret';
    if (status !== undefined) world.web['http://p:1/v1/models'] = status;
    const seen = await report(world);
    expect(levels(seen)['provider openai']).toBe(level);
    expect(seen.code).toBe(level === 'fail' ? 1 : 0);
    expect(world.asked.at(-1)?.headers.authorization).toBe('Bearer sk-secret');
    expect(world.printed()).not.toContain('sk-secret');
  });

  test('a key that cannot be read is found before it is needed', async () => {
    const world = createFakeWorld();
    world.files['/home/openclaw.yaml'] =
      'server: {token: "secret://env/T"}\nproviders: {p: {kind: openai, baseUrl: http://p, apiKey: "secret://file/gone"}}\nmodels: {m: {provider: p}}';
    const seen = await report(world);
    expect(levels(seen)).toMatchObject({ token: 'fail', 'provider p': 'fail' });
    expect(seen.findings.map(({ says }) => says).join()).toContain('the file /gone does not exist');
  });
});
