import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom, systemClock } from '@openclaw-runtime/kit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Config } from '../src/config/config.ts';
import { resolveConfig } from '../src/config/resolve.ts';
import { serverOf } from '../src/house/mcp-servers.ts';
import { openTools } from '../src/house/tools.ts';
import { createLoginFiles } from '../src/machine/logins.ts';
import { logout } from '../src/mcp/logout.ts';
import { findSecrets } from '../src/secrets/find-secrets.ts';
import { createLoginSecrets } from '../src/secrets/login-secrets.ts';
import { createScrubber } from '../src/secrets/scrubber.ts';
import { createFakeWorld } from './fake-world.ts';

const resolved = (yaml: string, env: Record<string, string> = {}): Config =>
  resolveConfig({}, { env, cwd: '/home', readFile: (path) => (path === '/home/openclaw.yaml' ? yaml : undefined) });

const problem = (auth: string): string => {
  try {
    resolved(`mcp:\n  far: {url: "https://a.test/mcp", auth: ${auth}}\n`);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('The configuration was accepted.');
};

describe('how MCP servers are logged in to', () => {
  const env = { KEY: 'key-of-the-machine', ID: 'id-of-the-person' };
  const yaml = `
mcp:
  person: {url: "https://a.test/mcp", auth: {scope: read, redirectPort: 7777, clientMetadataUrl: "https://me.test/client.json"}}
  known: {url: "https://a.test/mcp", auth: {grant: person, clientId: me, secret: secret://env/KEY, issuer: "https://login.test"}}
  machine: {url: "https://a.test/mcp", auth: {grant: machine, clientId: me, privateKey: secret://env/KEY, algorithm: ES256, issuer: "https://login.test"}}
  work:
    url: https://a.test/mcp
    approve: writes
    elicitation: defaults
    auth:
      grant: enterprise
      clientId: me
      secret: secret://env/KEY
      issuer: https://login.test
      provider: {issuer: "https://idp.test", clientId: us, idToken: secret://env/ID}
`;

  test('is resolved, with secrets that are secrets and read when they are needed', async () => {
    const config = resolved(yaml, env);
    const { person, known, machine, work } = config.mcp;
    expect(person).toMatchObject({
      auth: { grant: 'person', scope: 'read', redirectPort: 7777, clientMetadataUrl: 'https://me.test/client.json' },
    });
    expect(JSON.stringify([known, machine, work])).not.toMatch(/key-of|id-of/);
    expect(findSecrets(config).map(({ name }) => name)).toEqual([
      'mcp.known.auth.secret',
      'mcp.machine.auth.secret.privateKey',
      'mcp.work.auth.secret',
      'mcp.work.auth.provider.idToken',
    ]);
    const options = Object.fromEntries(Object.entries(config.mcp).map(([name, server]) => [name, serverOf(server)]));
    expect(options).toMatchObject({
      person: { kind: 'http', auth: { grant: 'person', scope: 'read' } },
      known: { auth: { grant: 'person', clientId: 'me', issuer: 'https://login.test', secret: expect.any(Function) } },
      machine: { auth: { grant: 'machine', secret: { privateKey: expect.any(Function), algorithm: 'ES256' } } },
      work: {
        approve: 'writes',
        elicitation: 'defaults',
        auth: { grant: 'enterprise', provider: { issuer: 'https://idp.test', clientId: 'us', idToken: expect.any(Function) } },
      },
    });
    const auth = options['known']?.kind === 'http' ? options['known'].auth : undefined;
    const secret = auth && 'secret' in auth && typeof auth.secret === 'function' ? auth.secret : () => 'none';
    expect(await secret()).toBe('key-of-the-machine');
  });

  test.each([
    ['{grant: persn}', /Did you mean "person"\?/],
    ['{secret: abcdefgh}', /auth\.clientId: is missing: whose secret is it\?/],
    ['{grant: machine, clientId: me, issuer: "https://b.test"}', /auth\.secret: is needed, or a privateKey in its place/],
    ['{grant: machine, secret: abcdefgh}', /auth\.clientId: is missing, which grant: machine needs\./],
    [
      '{grant: machine, clientId: me, secret: abcdefgh, issuer: "https://b.test", redirectPort: 1}',
      /auth\.redirectPort: is not for grant: machine\./,
    ],
    [
      '{grant: enterprise, clientId: me, secret: abcdefgh, issuer: "https://b.test", provider: {clientId: us}}',
      /provider\.idToken: is missing/,
    ],
    ['{clientMetadataUrl: "http://me.test/client.json"}', /starts with https/],
  ])('does not take %s', (auth, says) => {
    expect(problem(auth)).toMatch(says);
  });

  test('is for servers with an address', () => {
    expect(() => resolved('mcp:\n  x: {command: x, auth: {scope: read}}\n')).toThrow(/mcp\.x\.auth: is for servers with a url\./);
  });
});

test('a server whose tools nobody pinned is told of at the start, with the pin', { timeout: 60_000 }, async () => {
  const server = join(import.meta.dirname, '../../../tests/house/mcp/newest-server.ts');
  const lines: string[] = [];
  const ports = { clock: systemClock, random: seededRandom(1), log: (line: string) => void lines.push(line) };
  const open = async (pin: string): Promise<void> => {
    const config = resolved(`mcp:\n  adds: {command: ${process.execPath}, args: [${server}]${pin}}\n`);
    const users = { own: [{ name: 'a', uses: ['mcp.adds.*'] }], shipped: [] };
    await (await openTools(config, users, { env: process.env }, ports))?.close();
  };
  await open('');
  const [, hash = ''] = /^claw: the MCP server adds has no pin\..* set mcp\.adds\.pin: (sha256:\w{64})$/.exec(lines.join('|')) ?? [];
  expect(hash).not.toBe('');
  await open(`, pin: ${hash}`);
  expect(lines).toHaveLength(1);
});

describe('logins', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'openclaw-logins-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const login = {
    url: 'https://a.test/mcp',
    tokens: { access_token: 'access-canary', token_type: 'Bearer', refresh_token: 'refresh-canary' },
  };

  test('are files for their owner only, replaced as a whole, and gone when forgotten', async () => {
    const place = join(folder, 'mcp-logins');
    const logins = createLoginFiles(place, seededRandom(1));
    expect(await logins.read('s')).toBeUndefined();
    await logins.write('s', { url: login.url });
    await logins.write('s', login);
    expect(await createLoginFiles(place, seededRandom(2)).read('s')).toEqual(login);
    expect(readdirSync(place)).toEqual(['s.json']);
    expect([statSync(place).mode & 0o777, statSync(join(place, 's.json')).mode & 0o777]).toEqual([0o700, 0o600]);
    await logins.write('s', undefined);
    await logins.write('s', undefined);
    expect(readdirSync(place)).toEqual([]);
    await expect(logins.read('../s')).rejects.toThrow(/no name for a server/);
  });

  test('leave nothing of a write that a crash cut short, and touch none that is under way or another server’s', async () => {
    const logins = createLoginFiles(folder, seededRandom(1));
    const left = (name: string, seconds: number): void => {
      writeFileSync(join(folder, name), 'access-canary');
      utimesSync(join(folder, name), Date.now() / 1000 - seconds, Date.now() / 1000 - seconds);
    };
    left('s.json.old.new', 3_600);
    left('s.json.young.new', 0);
    left('s2.json.old.new', 3_600);
    await logins.write('s', login);
    expect(readdirSync(folder).sort()).toEqual(['s.json', 's.json.young.new', 's2.json.old.new']);
    await logins.write('s', undefined);
    expect(readdirSync(folder)).toEqual(['s2.json.old.new']);
  });

  test('that cannot be read are forgotten all the same', async () => {
    const world = createFakeWorld();
    world.files['/home/openclaw.yaml'] = 'mcp:\n  s: {url: "https://a.test/mcp"}\n';
    mkdirSync(join(folder, 'mcp-logins'));
    symlinkSync('s.json', join(folder, 'mcp-logins', 's.json'));
    expect(await logout('s', { data: folder }, world)).toBe(0);
    expect(world.printed()).toBe('nobody was logged in to s\n');
    expect(readdirSync(join(folder, 'mcp-logins'))).toEqual([]);
  });

  test.each(['', '{', '[]', '{"url": 1}', '{"url": "https://a.test", "tokens": {}}'])(
    'that somebody else wrote are none: %s',
    async (text) => {
      writeFileSync(join(folder, 's.json'), text);
      expect(await createLoginFiles(folder, seededRandom(1)).read('s')).toBeUndefined();
      expect(readFileSync(join(folder, 's.json'), 'utf8')).toBe(text);
    },
  );

  test('are hidden from every text as soon as they are read or written, the one before for a while', async () => {
    const { secrets, noticed } = createLoginSecrets(['s']);
    const { scrub } = createScrubber(secrets, systemClock);
    const logins = noticed(createLoginFiles(folder, seededRandom(1)));
    await logins.write('s', login);
    expect(scrub('by access-canary and refresh-canary')).toBe('by [secret] and [secret]');
    await logins.write('s', { ...login, tokens: { access_token: 'fresh-canary', token_type: 'Bearer' } });
    expect(scrub('access-canary fresh-canary')).toBe('[secret] [secret]');
    expect(await logins.read('s')).toMatchObject({ tokens: { access_token: 'fresh-canary' } });
  });
});
