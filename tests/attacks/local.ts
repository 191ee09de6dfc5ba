import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Claw } from '../house/claw.ts';

/** What the commands of this machine come in with. */
export function localKeyOf(dataDir: string): string {
  return (JSON.parse(readFileSync(join(dataDir, 'owner.json'), 'utf8')) as { readonly key: string }).key;
}

/** Where the server said that its metrics are. */
export function metricsOf(claw: Claw): string {
  return (JSON.parse(claw.said().split('\n')[0] ?? '') as { readonly metrics: string }).metrics;
}

/** Makes a key and resolves to its text. */
export async function issueKey(claw: Claw, dataDir: string, asked: object): Promise<string> {
  const response = await fetch(`${claw.http}/v1/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${localKeyOf(dataDir)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'a key', ...asked }),
  });
  if (response.status !== 201) throw new Error(`no key was made: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { readonly text: string }).text;
}

const BIN = fileURLToPath(new URL('../../packages/openclaw-runtime/bin/claw.mjs', import.meta.url));

/** A command of `claw`, to its end. */
export function runClaw(
  dataDir: string,
  ...args: readonly string[]
): { readonly code: number | null; readonly out: string; readonly err: string } {
  const flags = ['--conditions=openclaw-source', '--disable-warning=ExperimentalWarning'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, BIN, ...args, '--data', dataDir], {
    cwd: dirname(dataDir),
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr };
}
