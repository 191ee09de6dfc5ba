// The checkers are shown to find planted bugs: each patch is applied to a copy of the sources, and the copy must be found guilty.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type ArenaOptions, runArena } from './arena.ts';
import { startChild, startProvider } from './processes.ts';
import { restoreOlderCopy } from './restored.ts';
import { runSendArena } from './send/arena.ts';
import { openTree } from './tree.ts';

const SEED = Number(process.env.OPENCLAW_SEED ?? Date.now() % 1_000_000);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const patch = (name: string): string => fileURLToPath(new URL(`./planted/${name}.patch`, import.meta.url));

interface Find {
  readonly kills: number;
  readonly violations: readonly string[];
}

/** Kills until the transcript shows a fault by itself, or so often; then the judge speaks. */
async function hunt(root: string, asked: Pick<ArenaOptions, 'victim' | 'mode' | 'kills' | 'inFlight'>): Promise<Find> {
  await using provider = await startProvider(ROOT, { vary: asked.mode === 'vary' });
  const providerUrl = String(provider.hello.url);
  const limits = { stallMs: 10_000, healMs: 8_000, stopsAtFault: true };
  const { kills, violations, dir } = await runArena({ ...asked, ...limits, root, name: 'planted', seed: SEED, providerUrl });
  rmSync(dir, { recursive: true, force: true });
  return { kills, violations: violations.map(({ rule, says }) => `${rule}: ${says}`) };
}

function report(name: string, how: string, { violations }: Pick<Find, 'violations'>): void {
  console.log(`${name}: ${violations.length} violations ${how} (seed ${SEED}), such as ${violations[0]}`);
}

test('send before durable: a SIGKILL of the server shows records that the log does not have', async () => {
  using tree = await openTree(ROOT, [patch('send-before-durable')]);
  const find = await hunt(tree.root, { victim: 'server', mode: 'vary', kills: 40, inFlight: 64 });
  report('send-before-durable', `within ${find.kills} kills`, find);
  expect(find.violations.join('\n')).toMatch(/^(order|log): /m);
});

test('skip de-duplication: a client that is sent records again takes them twice, where the sound one does not', async () => {
  const options = { victim: 'server', mode: 'prefix', kills: 12 } as const;
  using sound = await openTree(ROOT, [patch('replay-earlier')]);
  expect((await hunt(sound.root, { ...options, kills: 4 })).violations).toEqual([]);
  using tree = await openTree(ROOT, [patch('replay-earlier'), patch('skip-deduplication')]);
  const find = await hunt(tree.root, options);
  report('skip-deduplication', `within ${find.kills} kills`, find);
  expect(find.violations.join('\n')).toMatch(/^order: record \d+ came after/m);
});

test('ignore epoch: a client with a later cursor than the restored log is served as if nothing had happened', async () => {
  using tree = await openTree(ROOT, [patch('ignore-epoch')]);
  const { mode, epoch, client } = await restoreOlderCopy(tree.root);
  report('ignore-epoch', 'after one restored copy', { violations: [`mode ${mode}, epoch ${epoch}, client ${client.error ?? 'ended'}`] });
  expect(mode).not.toBe('reset');
  expect(epoch).toBe(1);
  expect(client.isEqual).toBe(false);
});

test('no fence: a lease that was taken over writes on', async () => {
  expect(await suiteFailures(ROOT)).toEqual([]);
  using tree = await openTree(ROOT, [patch('no-fence')]);
  const failures = await suiteFailures(tree.root);
  report('no-fence', 'by the contract suite', { violations: failures });
  expect(failures.join('\n')).toContain('an older lease is refused');
});

test('tail lost at finish: runs do not end for a client, though they have ended', async () => {
  using tree = await openTree(ROOT, [patch('tail-lost-at-finish')]);
  const find = await hunt(tree.root, { victim: 'client', mode: 'prefix', kills: 3 });
  report('tail-lost-at-finish', `within ${find.kills} kills`, find);
  expect(find.violations.join('\n')).toContain('its end was not heard');
});

test.each([
  ['answer-twice', 'what was answered before a kill is answered again after it', 300, /is answered by \d+ steps/],
  ['end-over-messages', 'a run ends over a message that is on its way', 3_000, /was acknowledged and is given 0 times/],
])('%s: %s', async (name, _says, pauseMs, finding) => {
  using tree = await openTree(ROOT, [patch(name)]);
  // Where a kill falls is up to the machine's load: another seed may see what one did not.
  for (let tries = 1; ; tries++) {
    const find = await runSendArena({ root: tree.root, seed: SEED + tries - 1, kills: 10, pauseMs, inFlight: 16, healMs: 5_000 });
    report(name, `within ${find.kills} kills, try ${tries}`, find);
    if (!finding.test(find.violations.join('\n')) && tries < 3) continue;
    expect(find.violations.join('\n')).toMatch(finding);
    return;
  }
});

async function suiteFailures(root: string): Promise<readonly string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'openclaw-suite-'));
  try {
    await using child = await startChild([join(root, 'tests/faults/suite-main.ts'), dir]);
    return child.hello.failures as readonly string[];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
