import { execFile } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { startClaw, tryClaw } from '../house/claw.ts';

const BIN = fileURLToPath(new URL('../../packages/openclaw-runtime/bin/claw.mjs', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'openclaw-identity-'));
const data = join(home, 'data');
afterAll(() => rmSync(home, { recursive: true, force: true }));

const { privateKey, publicKey } = generateKeyPairSync('ed25519');

function token(claims: object): string {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const body = `${encode({ alg: 'EdDSA', kid: 'k' })}.${encode(claims)}`;
  return `${body}.${sign(null, Buffer.from(body), privateKey).toString('base64url')}`;
}

async function claw(...args: string[]): Promise<string> {
  const flags = ['--conditions=openclaw-source', '--disable-warning=ExperimentalWarning'];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, BIN, ...args, '--data', data], { cwd: home });
  return stdout.trim();
}

test.each([
  ['without anything', {}],
  ['where everybody is let in', { token: 'a-token-of-this-test', anonymous: true }],
])(
  'C19 · claw up on a public address %s ends at once and says what to do',
  async (_name, { token: secret, anonymous }: { token?: string; anonymous?: boolean }) => {
    const config = {
      server: { host: '0.0.0.0', ...(secret !== undefined && { token: secret }) },
      ...(anonymous !== undefined && { auth: { anonymous } }),
    };
    const started = await tryClaw({ data: join(home, 'elsewhere', 'data'), config });
    expect(started).toMatchObject({ code: 1, complaints: expect.stringContaining('can be reached from other machines') });
  },
);

test('C19 · by default only the loopback address is listened on; keys and tokens of an issuer hold over a restart', async () => {
  writeFileSync(join(home, 'jwks.json'), JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'EdDSA' }] }));
  const plain = await startClaw({ data });
  const may = async (http: string, key?: string): Promise<number> =>
    (await fetch(`${http}/v1/runs`, { headers: key === undefined ? {} : { authorization: `Bearer ${key}` } })).status;
  expect(new URL(plain.http).hostname).toBe('127.0.0.1');
  expect(await may(plain.http)).toBe(200);
  const key = await claw('keys', 'create', 'ci');
  expect([await may(plain.http), await may(plain.http, key)]).toEqual([401, 200]);
  // Who may read the data folder is the house's own; nobody else may.
  expect(statSync(join(data, 'owner.json')).mode & 0o777).toBe(0o600);
  expect(statSync(data).mode & 0o077).toBe(0);
  await plain.stop('SIGKILL');

  const jwt = { issuer: 'https://issuer.example', audience: 'openclaw', jwks: 'jwks.json', tenantClaim: 'org' };
  await using again = await startClaw({ data, config: { auth: { jwt } } });
  const claims = {
    iss: jwt.issuer,
    aud: jwt.audience,
    sub: 'alice',
    org: 'acme',
    scope: 'read',
    exp: Math.floor(Date.now() / 1_000) + 600,
  };
  expect([await may(again.http), await may(again.http, key), await may(again.http, token(claims))]).toEqual([401, 200, 200]);
  expect(await may(again.http, token({ ...claims, aud: 'other' }))).toBe(401);
  // Nothing on the disk opens anything but the machine's own key, which ends with the server.
  const secret = key.split('_')[2] ?? '';
  for (const name of readdirSync(data, { recursive: true, withFileTypes: true }))
    if (name.isFile()) expect(readFileSync(join(name.parentPath, name.name)).includes(secret), name.name).toBe(false);
  expect(again.complaints()).toBe('');
});
