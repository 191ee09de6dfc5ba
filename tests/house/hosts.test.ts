/** Agents' code in processes with a limit of memory and a sandbox, in a real server. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OpenClawClient } from 'openclaw-runtime';
import { expect, test } from 'vitest';
import { type ClawOptions, startClaw, tryClaw } from './claw.ts';
import { makeFolder } from './folder.ts';
import { ask } from './listen.ts';
import { startShop } from './shop.ts';

const clerk = { module: fileURLToPath(new URL('agents/clerk.ts', import.meta.url)), secrets: { shop: 'secret://env/SHOP_KEY' } };

function options(data: string, threads: object): ClawOptions {
  return { data, config: { agents: { clerk }, threads }, env: { SHOP_KEY: 'a key of the shop' } };
}

test('an operation works in a host that sees its workspace only, with a limit or a word on why there is none', async ({ skip }) => {
  using folder = makeFolder();
  const data = folder.in('data');
  const claw = await tryClaw(options(data, { max: 2, hosts: 1, hostMemoryMiB: 512, hostSandbox: true }));
  if (!('url' in claw)) {
    expect(claw.complaints).toMatch(/threads\.hostSandbox: .* leave threads\.hostSandbox out/);
    return skip(claw.complaints);
  }
  await using _claw = claw;
  await using shop = await startShop('a key of the shop');
  const client = new OpenClawClient();
  await client.connect(claw.url);
  const { result } = await ask(client, { agent: 'clerk', operation: 'count', args: { pages: 4, gate: shop.url } });
  client.close();
  expect(result).toMatchObject({ status: 'completed' });
  const ledger = globSync(join(data, 'workspaces', '*', '*', 'ledger')).map((path) => readFileSync(path, 'utf8'));
  expect(ledger).toEqual(['1\n2\n3\n4\n']);
  const host = globSync('/proc/[0-9]*/cmdline').filter((path) => isHostOf(path, data));
  expect(host.length).toBeGreaterThan(0);
  const groups = host.map((path) => readFileSync(path.replace('cmdline', 'cgroup'), 'utf8'));
  const isLimited = groups.every((group) => group.includes(`openclaw-${claw.pid}-`));
  expect(isLimited ? '' : claw.complaints()).toEqual(isLimited ? '' : expect.stringContaining('threads.hostMemoryMiB limits nothing'));
  expect(await claw.stop('SIGTERM')).toBe(0);
});

test('what is said of hosts where there are none limits nothing, and the server says so', async () => {
  using folder = makeFolder();
  await using claw = await startClaw(options(folder.in('data'), { hostMemoryMiB: 512, hostSandbox: true }));
  expect(claw.complaints()).toContain('threads.hostMemoryMiB limits nothing: there are no hosts');
  expect(claw.complaints()).toContain('threads.hostSandbox holds nothing: there are no hosts');
});

function isHostOf(path: string, data: string): boolean {
  try {
    const command = readFileSync(path, 'utf8');
    return command.includes('host-main') && command.includes(data);
  } catch {
    return false;
  }
}
