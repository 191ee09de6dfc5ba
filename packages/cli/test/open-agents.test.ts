import type { AgentCard } from '@openclaw-runtime/agent';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { AgentThreads } from '@openclaw-runtime/runtime';
import { expect, test } from 'vitest';
import type { Config } from '../src/config/config.ts';
import { resolveConfig } from '../src/config/resolve.ts';
import { describeAgain, describeAgents } from '../src/house/agents.ts';
import { openAgents } from '../src/house/open-agents.ts';
import { openSecrets } from '../src/house/open-secrets.ts';
import { createFakeClock } from './fixtures/clock.ts';

const resolved = (yaml: string, env: Record<string, string> = {}): Config =>
  resolveConfig({}, { env, cwd: '/home', readFile: (path) => (path === '/home/openclaw.yaml' ? yaml : undefined) });

const CARD: AgentCard = { version: 1, tools: [], operations: [], uses: [], dedicated: false, snapshotIntervalMs: 0 };

/** Threads that know what modules declare, by their file names. */
function threadsOf(cards: Readonly<Record<string, AgentCard>>): AgentThreads {
  const no = (): never => {
    throw new Error('not here');
  };
  return {
    async describe(_agent, module) {
      const card = cards[module.split('/').at(-1) ?? ''];
      if (!card) throw new OpenClawError('BAD_CONFIG', `The module ${module} cannot be imported: it is broken.`);
      return card;
    },
    call: no,
    get status() {
      return no();
    },
    close: no,
  };
}

const ports = (lines: string[] = []) => ({
  clock: createFakeClock(),
  random: { float: () => 0, bytes: (n: number) => new Uint8Array(n) },
  log: (line: string) => void lines.push(line),
});

test('what the file says of an agent goes before what its module declares', async () => {
  const yaml =
    'agents:\n  a: {module: a.ts, model: m, dedicated: true, snapshotInterval: 1s}\n  b: {module: a.ts}\n  c: {instructions: I}\ncluster: {snapshotInterval: 7s}\n';
  const agents = await describeAgents(resolved(`${yaml}providers: {m: {kind: simulated}}\n`), threadsOf({ 'a.ts': CARD }));
  expect(agents).toEqual([
    { name: 'default' },
    { name: 'a', model: 'm', module: 'file:///home/a.ts', card: { ...CARD, dedicated: true, snapshotIntervalMs: 1_000 } },
    { name: 'b', module: 'file:///home/a.ts', card: { ...CARD, snapshotIntervalMs: 7_000 } },
    { name: 'c', instructions: 'I' },
  ]);
});

test('every module that cannot be used is named, with the place that names it', async () => {
  const yaml = 'agents:\n  a: {module: gone.ts}\n  b: {module: needy.ts, secrets: {one: x}}\n';
  const tool = { name: 't', parameters: {}, sideEffects: false, onInterrupted: 'retry', timeoutMs: 1, needsApproval: false } as const;
  const needy: AgentCard = { ...CARD, tools: [{ ...tool, secrets: ['one', 'two'] }] };
  await expect(describeAgents(resolved(yaml), threadsOf({ 'needy.ts': needy }))).rejects.toMatchObject({
    code: 'BAD_CONFIG',
    message: `2 problems
  /home/openclaw.yaml:2: agents.a.module: The module file:///home/gone.ts cannot be imported: it is broken.
  /home/openclaw.yaml:3: agents.b.module: its tools use secrets that the agent does not have: two. Set agents.b.secrets.two.`,
  });
});

test('a configuration that is read again is refused where a restart would refuse it, too', () => {
  const tool = { name: 't', parameters: {}, sideEffects: false, onInterrupted: 'retry', timeoutMs: 1, needsApproval: false } as const;
  const known = [{ name: 'a', module: 'file:///home/a.ts', card: { ...CARD, tools: [{ ...tool, secrets: ['one'] }] } }];
  const again = (secrets: string) => describeAgain(resolved(`agents: {a: {module: a.ts${secrets}}}\n`), known, false);
  expect(again(', secrets: {one: x}').agents.map(({ name }) => name)).toContain('a');
  expect(() => again('')).toThrow(
    '/home/openclaw.yaml:1: agents.a.module: its tools use secrets that the agent does not have: one. Set agents.a.secrets.one.',
  );
});

test('agents without code start no thread, and without tools no house tools', async () => {
  await using plain = await openAgents(resolved('agents: {a: {instructions: Hi}}\n'), { workspaces: '/w', env: {} }, ports());
  expect(plain.threads.status.threads).toBe(0);
  expect(plain.houseTools).toBeUndefined();
  expect(() => plain.secrets('k', 'a')).toThrow('The agent a has no secret k. Set agents.a.secrets.k.');
  expect(() => plain.secrets('toString', 'a')).toThrow('has no secret');
});

test('tools that an agent uses are opened, and those that are not there are spoken of', async () => {
  const lines: string[] = [];
  await using open = await openAgents(
    resolved('agents: {a: {uses: [calc, fs.*, http.fetch]}}\ntools: {http: {}}\n'),
    { workspaces: '/w', env: {} },
    ports(lines),
  );
  expect(open.houseTools?.list().map(({ card }) => card.name)).toEqual(['calc', 'http.fetch']);
  expect(lines).toEqual(['claw: agent a uses tools that are not there: fs.*. There are: calc, http.fetch.']);
});

test('no secret is logged, in whatever line', async () => {
  const lines: string[] = [];
  using secrets = await openSecrets(resolved('server: {token: secret://env/T}\n', { T: 'the-token-1' }), ports(lines));
  secrets.ports.log('someone printed the-token-1');
  expect(lines).toEqual(['someone printed [secret]']);
  expect(secrets.scrub('the-token-1')).toBe('[secret]');
});
