import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { systemClock } from '@openclaw-runtime/kit';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { Config } from '../src/config/config.ts';
import type { ConfigPorts } from '../src/config/ports.ts';
import { resolveConfig } from '../src/config/resolve.ts';
import { createRemoteSecrets } from '../src/machine/remote-secrets.ts';
import { findSecrets } from '../src/secrets/find-secrets.ts';
import { fetchSecrets, refreshSecrets } from '../src/secrets/keep-secrets.ts';
import type { Secret } from '../src/secrets/secret.ts';
import { createFakeClock, type FakeClock } from './fixtures/clock.ts';
import { startVaultStandIn } from './fixtures/vault.ts';

const folder = mkdtempSync(join(tmpdir(), 'openclaw-secrets-'));
const right = { token: 'hvs.root' };
const vault = await startVaultStandIn(() => right.token);
beforeEach(() => {
  right.token = 'hvs.root';
  vault.status = undefined;
  vault.secrets.clear();
  vault.secrets.set('app/db', [{ password: 'first' }, { password: 'second', port: 5432 }, undefined, { password: 'fourth' }]);
});
afterAll(async () => {
  await vault[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

function resolved(secrets: object, written: string, env: Record<string, string> = {}): Config {
  const yaml = JSON.stringify({ secrets, server: { token: written } });
  const remote = createRemoteSecrets(systemClock);
  const ports: ConfigPorts = { env, cwd: folder, remote, readFile: (path) => (path.endsWith('openclaw.yaml') ? yaml : undefined) };
  return resolveConfig({}, ports);
}

const secretOf = (...args: Parameters<typeof resolved>): Secret => resolved(...args).server.token as Secret;
const inVault = (): object => ({ vault: { address: vault.address, token: 'secret://env/ROOT' } });
const fetched = (written: string, secrets = inVault()): Promise<string> => secretOf(secrets, written, { ROOT: 'hvs.root' }).fetch();

describe('secret://vault', () => {
  test('is a field of the newest version, or of the one that is named', async () => {
    expect(await fetched('secret://vault/app/db#password')).toBe('fourth');
    expect(await fetched('secret://vault/app/db#password#2')).toBe('second');
    expect(await fetched('secret://vault/app/db#port#2')).toBe('5432');
    const secret = secretOf(inVault(), 'secret://vault/app/db#password', { ROOT: 'hvs.root' });
    expect(() => secret.reveal()).toThrow('was not fetched');
    await secret.fetch();
    expect(secret.reveal()).toBe('fourth');
    expect(`${secret} ${JSON.stringify(secret)} ${inspect(secret)}`).toBe('[secret] "[secret]" [secret]');
  });

  test('takes address, token and namespace from the variables of the vault’s own programs', async () => {
    const env = { VAULT_ADDR: vault.address, VAULT_TOKEN: 'hvs.root', VAULT_NAMESPACE: 'team' };
    expect(await secretOf({}, 'secret://vault/app/db#password#1', env).fetch()).toBe('first');
    expect(vault.seen.at(-1)).toEqual({ url: '/v1/secret/data/app/db?version=1', namespace: 'team' });
  });

  test.each([
    ['secret://vault/app/db#password#3', 'there is no version 3 of app/db in secret, or it was deleted'],
    ['secret://vault/gone#x', 'there is no secret gone in secret'],
    ['secret://vault/app/db#user', 'the secret has no field user. It has: password.'],
  ])('%s: %s', async (written, message) => {
    await expect(fetched(written)).rejects.toMatchObject({ code: 'BAD_CONFIG', message: expect.stringContaining(message) });
  });

  test('says what is wrong with the vault, and nothing of its token', async () => {
    right.token = 'hvs.other';
    await expect(fetched('secret://vault/app/db#password')).rejects.toThrow(
      /^secret:\/\/vault\/app\/db#password cannot be read: the token is not valid/,
    );
    vault.status = 503;
    await expect(fetched('secret://vault/app/db#password')).rejects.toThrow('sealed');
    vault.status = 307;
    await expect(fetched('secret://vault/app/db#password')).rejects.toThrow('the active node');
    const nobody = { vault: { address: 'http://127.0.0.1:9', token: 'hvs.root' } };
    await expect(fetched('secret://vault/app/db#password', nobody)).rejects.toThrow('http://127.0.0.1:9 cannot be reached');
  });
});

describe('secret://exec', () => {
  const exec = (argv: readonly string[]) => fetched('secret://exec/it', { exec: { it: argv } });

  test('is what a program prints, with no shell in between', async () => {
    expect(await exec(['printf', '%s\\n', '$HOME; id'])).toBe('$HOME; id');
    writeFileSync(join(folder, 'value'), 'beside\n');
    expect(await exec(['cat', './value'])).toBe('beside');
  });

  test.each([
    [['false'], 'false ended with 1'],
    [['no-such-program-anywhere'], 'cannot be started (ENOENT)'],
    [['head', '-c', '70000', '/dev/zero'], 'printed more than 65536 bytes'],
    [['true'], 'it is empty'],
  ])('%j: %s', async (argv, message) => {
    await expect(exec(argv)).rejects.toMatchObject({ code: 'BAD_CONFIG', message: expect.stringContaining(message) });
  });

  test('ends when its time is over, with what it started', async () => {
    const clock = createFakeClock();
    const pids = join(folder, 'pids');
    const script = `sleep 600 & echo $! > ${pids}; wait`;
    const running = createRemoteSecrets(clock).run(['sh', '-c', script], folder, { timeoutMs: 50, maxBytes: 10 });
    const failed = expect(running).rejects.toThrow('did not end within 50 ms');
    while (!existsSync(pids) || readFileSync(pids, 'utf8') === '') await new Promise((resolve) => setTimeout(resolve, 5));
    clock.advance(50);
    await failed;
    const pid = Number(readFileSync(pids, 'utf8'));
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
  });
});

/** A zombie is not. */
function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

describe('what cannot be', () => {
  test.each([
    ['secret://env/T#1', {}, 'there are no versions there'],
    ['secret://file/x#1', {}, 'there are no versions there'],
    ['secret://vault/x#f#new', {}, 'with a whole number as version'],
    ['secret://vault/x#f', {}, 'needs secrets.vault.address and secrets.vault.token, or VAULT_ADDR and VAULT_TOKEN'],
    ['x', { vault: { address: 'http://v' } }, 'secrets.vault.token: is missing. Set it, or VAULT_TOKEN.'],
    ['x', { vault: { token: 'x' } }, 'secrets.vault.address: is missing.'],
    ['x', { vault: { address: 'http://v', token: 'secret://vault/a#b' } }, 'secrets.vault.token: cannot be in the vault itself'],
    ['secret://exec/op', { exec: { ob: ['x'] } }, 'server.token: There is no secrets.exec.op. Known: ob.'],
    ['x', { exec: { op: 'op read' } }, 'is not a list of a program and its arguments'],
    ['x', { refresh: '10ms' }, 'is not a duration of at least a second'],
  ])('%s with %j: %s', (written, secrets, message) => {
    expect(() => resolved(secrets, written)).toThrow(message);
  });
});

describe('while the house is open', () => {
  let clock: FakeClock;
  let lines: string[];
  beforeEach(() => {
    clock = createFakeClock();
    lines = [];
  });
  const keep = async (config: Config) => {
    const secrets = findSecrets(config);
    await fetchSecrets(secrets);
    return refreshSecrets(secrets, { clock, refreshMs: config.secrets.refreshMs, log: (line) => lines.push(line) });
  };

  /** Lets the period pass, and waits until the stand-in was asked, or a line was logged. */
  async function nextLook(secret: Secret): Promise<void> {
    const looked = Promise.withResolvers<void>();
    const before = lines.length;
    const stop = secret.watch(() => looked.resolve());
    clock.advance(60_000);
    while (lines.length === before && (await Promise.race([looked.promise.then(() => true), tick()])) !== true);
    stop();
    await tick();
  }

  test('a value that was changed is used without a restart, and one failed look does not matter', async () => {
    const config = resolved(inVault(), 'secret://vault/app/db#password', { ROOT: 'hvs.root' });
    const secret = config.server.token as Secret;
    using _kept = await keep(config);
    expect(secret.reveal()).toBe('fourth');
    vault.secrets.get('app/db')?.push({ password: 'fifth' });
    await nextLook(secret);
    expect(secret.reveal()).toBe('fifth');
    vault.status = 500;
    await nextLook(secret);
    expect(secret.reveal()).toBe('fifth');
    expect(lines).toEqual([expect.stringMatching(/^server\.token: .*the vault has trouble.* Its last value stands for one more period/)]);
    vault.status = undefined;
    await nextLook(secret);
    expect(lines.at(-1)).toBe('server.token: the secret can be read again');
    expect(secret.reveal()).toBe('fifth');
  });

  test('two failed looks take the value away', async () => {
    const secret = secretOf(inVault(), 'secret://vault/app/db#password', { ROOT: 'hvs.root' });
    await secret.fetch();
    vault.status = 500;
    await expect(secret.fetch()).rejects.toThrow();
    expect(secret.reveal()).toBe('fourth');
    await expect(secret.fetch()).rejects.toThrow();
    expect(() => secret.reveal()).toThrow('was not fetched');
  });

  test('what cannot be had is named before anything starts', async () => {
    vault.secrets.clear();
    const config = resolved({ ...inVault(), exec: {} }, 'secret://vault/app/db#password', { ROOT: 'hvs.root' });
    await expect(keep(config)).rejects.toMatchObject({
      code: 'BAD_CONFIG',
      message: expect.stringMatching(/^server\.token: secret:\/\/vault/),
    });
    await expect(keep(resolved({}, 'secret://env/NOT_SET'))).rejects.toThrow(
      'server.token: A secret cannot be read: the variable NOT_SET is not set.',
    );
  });
});

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));
