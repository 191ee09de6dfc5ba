import { OpenClawError } from '@openclaw-runtime/protocol';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { Config } from '../src/config/config.ts';
import { resolveConfig } from '../src/config/resolve.ts';
import { openSecrets } from '../src/house/open-secrets.ts';
import { type Changing, createApply, createReload } from '../src/house/reload.ts';
import { createLive } from '../src/house/settings.ts';
import { createRemoteSecrets } from '../src/machine/remote-secrets.ts';
import type { Secret } from '../src/secrets/secret.ts';
import { createFakeClock } from './fixtures/clock.ts';
import { startVaultStandIn } from './fixtures/vault.ts';

const vault = await startVaultStandIn(() => 'hvs.root');
beforeEach(() => vault.secrets.clear());
afterAll(() => vault[Symbol.asyncDispose]());

const clock = createFakeClock();
const lines: string[] = [];
const ports = {
  clock,
  random: { float: () => 0, bytes: (n: number) => new Uint8Array(n) },
  log: (line: string) => void lines.push(line),
};

function resolved(file: object, env: Record<string, string> = {}): Config {
  const remote = createRemoteSecrets(clock);
  const yaml = JSON.stringify(file);
  return resolveConfig({}, { env, cwd: '/home', remote, readFile: (path) => (path === '/home/openclaw.yaml' ? yaml : undefined) });
}

describe('secrets of what only a restart changes', () => {
  const file = {
    secrets: { vault: { address: vault.address, token: 'secret://env/ROOT' } },
    mcp: { shop: { url: 'http://127.0.0.1:9/mcp', headers: { authorization: 'secret://vault/shop#key' } } },
  };
  const keyOf = ({ mcp: { shop } }: Config): Secret => (shop?.kind === 'http' ? shop.headers?.['authorization'] : undefined) as Secret;

  test('are kept fresh, and hidden, also after another configuration was read', async () => {
    const env = { ROOT: 'hvs.root' };
    vault.secrets.set('shop', [{ key: 'first key' }]);
    const first = resolved(file, env);
    using secrets = await openSecrets(first, ports);
    (await secrets.renew(resolved({ ...file, mcp: {} }, env))).keep();
    vault.secrets.set('shop', [{ key: 'second key' }]);
    clock.advance(60_000);
    await expect.poll(() => keyOf(first).reveal(), { timeout: 10_000 }).toBe('second key');
    expect(secrets.scrub('it said second key')).toBe('it said [secret]');
  });
});

describe('what is applied', () => {
  const nothing = () => undefined;
  const changing: Changing = {
    tls: nothing,
    broker: { change: nothing } as unknown as Changing['broker'],
    agents: { again: () => ({ agents: [], waiting: [], use: nothing }) },
    gateway: { change: nothing },
    upkeep: { change: nothing },
    runtime: { change: async () => undefined },
    log: ports.log,
  };

  test('holds, though the store does not take what it says of it', async () => {
    const [first, next] = [resolved({}), resolved({ limits: { attempts: 7 } })];
    const live = createLive(first);
    const runtime = { change: () => Promise.reject(new OpenClawError('STORE_FAILED', 'The disk is full.')) };
    const apply = createApply(live, { ...changing, runtime });
    let kept = 0;
    const secrets = {
      renew: async () => ({ keep: () => void kept++, drop: () => expect.unreachable() }),
      scrub: (text: string) => text,
    };
    const reload = createReload(first, { read: async () => next, secrets, apply, told: nothing }, ports);
    expect(await reload.now()).toMatchObject({ outcome: 'applied', applied: ['limits.attempts'] });
    expect([reload.config, live.config, kept]).toEqual([next, next, 1]);
    expect(lines.some((line) => line.includes('The disk is full.'))).toBe(true);
  });

  test('is read once for all who ask while it is being read', async () => {
    const gate = Promise.withResolvers<void>();
    let reads = 0;
    const read = async (): Promise<Config> => {
      reads++;
      await gate.promise;
      return resolved({});
    };
    const secrets = { renew: async () => ({ keep: nothing, drop: nothing }), scrub: (text: string) => text };
    const reload = createReload(
      resolved({}),
      { read, secrets, apply: createApply(createLive(resolved({})), changing), told: nothing },
      ports,
    );
    const first = reload.now();
    await expect.poll(() => reads).toBe(1);
    // What was written since may be in none of what is read now.
    const others = Array.from({ length: 50 }, () => reload.now());
    gate.resolve();
    const second = await Promise.all(others);
    expect(new Set([await first, ...second]).size).toBe(2);
    expect(reads).toBe(2);
  });
});
