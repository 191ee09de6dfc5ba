// Builds all packages, judges them as a registry's users would meet them, and packs each into dist/NAME-VERSION.tgz.
//   node tools/pack/pack.ts
import { execFileSync } from 'node:child_process';
import { globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { build } from './build.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Packed {
  /** Paths of the archives. */
  readonly archives: readonly string[];
  /** What publint has to say of them. */
  readonly faults: readonly string[];
}

export async function pack(): Promise<Packed> {
  const packages = build();
  const faults: string[] = [];
  for (const { name, path } of packages) {
    const { messages, pkg } = await publint({ pkgDir: path, pack: false });
    faults.push(...messages.map((message) => `${name}: ${formatMessage(message, pkg, { color: false })}`));
  }
  const out = join(root, 'dist');
  for (const old of globSync('*.tgz', { cwd: out })) rmSync(join(out, old));
  const words = ['pack', '--json', '--pack-destination', out, ...packages.map(({ path }) => path)];
  const packed = JSON.parse(execFileSync('npm', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })) as unknown;
  const archives = Object.values(packed as object).map(({ filename }: { readonly filename: string }) => join(out, filename));
  return { archives, faults };
}

if (import.meta.main) {
  const { archives, faults } = await pack();
  console.log(`pack: ${archives.length} archives in dist, ${faults.length} faults`);
  for (const fault of faults) console.error(`  ${fault}`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
