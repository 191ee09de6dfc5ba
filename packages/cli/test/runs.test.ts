/** `claw runs` and `claw run`, against HTTP answers that the test gives. */
import { describe, expect, test } from 'vitest';
import { main } from '../src/program.ts';
import { createFakeWorld, type FakeWorld } from './fake-world.ts';

const URL = 'ws://a:1';
const ID = 'aB-d_fghijklmnopqrstuv';
const summary = {
  run: ID,
  agent: 'default',
  model: 'm',
  session: 's',
  status: 'completed',
  epoch: 1,
  head: 9,
  born: 5,
  createdMs: 0,
  endedMs: 5_000,
};

function worldWith(bodies: Readonly<Record<string, object>>, terminal = false): FakeWorld {
  const world = createFakeWorld(terminal);
  world.web['http://a:1/healthz'] = 200;
  world.answer = (url, { method }) => {
    const name = `${method} ${url.slice('http://a:1'.length)}`;
    const body = bodies[name];
    return body === undefined
      ? { status: 404, body: JSON.stringify({ error: { code: 'NOT_FOUND', message: `nothing at ${name}` } }) }
      : { status: 'error' in body ? 409 : 200, body: JSON.stringify(body) };
  };
  return world;
}

const claw = (world: FakeWorld, ...args: string[]): Promise<number> => main([...args, '--url', URL], '1', world);

describe('claw runs list', () => {
  const page = { runs: [summary, { ...summary, run: 'x'.repeat(22), status: 'running', endedMs: undefined, model: undefined }], next: 4 };

  test('is a table, with a word on how to go on', async () => {
    const world = worldWith({ 'GET /v1/runs?limit=2&status=completed': page });
    expect(await claw(world, 'runs', 'list', '--limit', '2', '--status', 'completed')).toBe(0);
    const lines = world.printed().split('\n');
    expect(lines[0]).toMatch(/^RUN +STATUS +CREATED +TOOK +AGENT +MODEL +SESSION$/);
    expect(lines[1]).toMatch(new RegExp(`^${ID}  completed  \\d+ d ago +5 s +default  m +s$`));
    expect(world.complained()).toBe('claw: there are older ones: --before 4\n');
  });

  test('as JSON is one line, and nothing else', async () => {
    const world = worldWith({ 'GET /v1/runs?limit=20': page });
    expect(await claw(world, 'runs', 'list', '--json')).toBe(0);
    expect(JSON.parse(world.printed())).toMatchObject({ runs: [{ run: ID }, {}], next: 4 });
    expect(world.complained()).toBe('');
  });

  test('has colour on a terminal, not with NO_COLOR, TERM=dumb or --json', async () => {
    const printed = async (env: Record<string, string>, ...args: string[]): Promise<string> => {
      const world = worldWith({ 'GET /v1/runs?limit=20': page }, true);
      Object.assign(world.env, env);
      await claw(world, 'runs', 'list', ...args);
      return world.printed() + world.complained();
    };
    expect(await printed({})).toContain('\u001b[32mcompleted');
    for (const [env, ...args] of [[{ NO_COLOR: '1' }], [{ TERM: 'dumb' }], [{}, '--json']] as const)
      expect(await printed(env, ...args)).not.toContain('\u001b');
  });

  test.each([
    ['--limit', '0', 'from 1 to 1000'],
    ['--limit', 'all', 'from 1 to 1000'],
    ['--status', 'complete', 'Did you mean completed?'],
    ['--before', '-1', 'whole number'],
  ])('refuses %s %s', async (flag, value, says) => {
    const world = worldWith({});
    expect(await claw(world, 'runs', 'list', `${flag}=${value}`)).toBe(1);
    expect(world.complained()).toContain(says);
    expect(world.sent).toEqual([]);
  });
});

describe('claw runs cancel', () => {
  test('takes the beginnings of ids, and says of each what became of it', async () => {
    const other = { ...summary, run: 'other'.padEnd(22, '0') };
    const world = worldWith({
      'GET /v1/runs?prefix=aB&limit=2': { runs: [summary] },
      'GET /v1/runs?prefix=other&limit=2': { runs: [other] },
      [`POST /v1/runs/${ID}/cancel`]: { run: ID },
      [`POST /v1/runs/${other.run}/cancel`]: { error: { code: 'RUN_FINISHED', message: 'ended' } },
    });
    expect(await claw(world, 'runs', 'cancel', 'aB', 'other', '--json')).toBe(0);
    expect(JSON.parse(world.printed())).toEqual({ cancelled: [ID], ended: [other.run] });
  });

  test('does nothing where a name is nobody’s, or several runs’', async () => {
    const world = worldWith({
      'GET /v1/runs?prefix=aB&limit=2': { runs: [summary] },
      'GET /v1/runs?prefix=no&limit=2': { runs: [] },
      'GET /v1/runs?prefix=a&limit=2': { runs: [summary, { ...summary, run: 'a'.repeat(22) }] },
    });
    expect(await claw(world, 'runs', 'cancel', 'aB', 'no')).toBe(1);
    expect(world.complained()).toContain('NOT_FOUND: There is no run no.');
    expect(await claw(world, 'runs', 'cancel', 'aB', 'a')).toBe(1);
    expect(world.complained()).toContain('begins the ids of several runs');
    expect(world.sent.map(({ method }) => method)).not.toContain('POST');
  });

  test('an id that begins with a dash is no option', async () => {
    const dashed = `-${ID.slice(1)}`;
    const world = worldWith({
      [`GET /v1/runs?prefix=${dashed}&limit=2`]: { runs: [{ ...summary, run: dashed }] },
      [`POST /v1/runs/${dashed}/cancel`]: {},
    });
    expect(await claw(world, 'runs', 'cancel', dashed)).toBe(0);
    expect(world.printed()).toBe(`${dashed} is cancelled\n`);
  });

  test('nor is it one as the value of an option', async () => {
    const dashed = `-${ID.slice(1)}`;
    const world = worldWith({});
    expect(await claw(world, 'budget', 'show', '--run', dashed, '--json')).toBe(1);
    expect(world.sent.map(({ url }) => url)).toEqual([expect.stringContaining(dashed)]);
  });
});

test('the token goes to the server, and into nothing that is printed', async () => {
  const world = worldWith({ 'GET /v1/runs?limit=20': { runs: [] } });
  world.env.OPENCLAW_TOKEN = 'very-secret-token';
  expect(await claw(world, 'runs', 'list')).toBe(0);
  expect(world.sent.map(({ headers }) => headers['authorization'])).toEqual(['Bearer very-secret-token']);
  expect(world.printed() + world.complained()).toBe('claw: there are no such runs\n');
});

test('a server that does not answer, or nonsense, is said', async () => {
  const world = worldWith({});
  world.answer = () => ({ problem: 'no answer within 10000 ms' });
  expect(await claw(world, 'runs', 'list', '--json')).toBe(1);
  expect(JSON.parse(world.printed())).toMatchObject({
    error: { code: 'STREAM_DISCONNECTED', message: expect.stringContaining('no answer within') },
  });
  world.answer = () => ({ status: 502, body: '<html>' });
  expect(await claw(world, 'runs', 'list')).toBe(1);
  expect(world.complained()).toContain('answered 502');
});

describe('what claw run asks', () => {
  test.each([
    ['nothing', [], '', 'There is no prompt.'],
    ['a file that is not there', ['--file', 'gone'], '', 'There is no file gone.'],
    ['stdin twice', ['-', '--file', '-'], 'x', 'cannot both be stdin'],
    ['a level of its own', ['hi', '--level', '9'], '', 'none of 1, 2, 3, 4 and auto'],
  ])('is refused: %s', async (_name, args, piped, says) => {
    const world = worldWith({});
    world.piped = piped;
    expect(await claw(world, 'run', ...args)).toBe(1);
    expect(world.complained()).toContain(says);
  });
});
