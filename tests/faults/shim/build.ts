import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The compiled shim, gone at the end of the block. */
export interface Shim extends Disposable {
  readonly path: string;
}

const SOURCE = fileURLToPath(new URL('./shim.c', import.meta.url));

/** Compiles the shim. Throws what to install when there is no compiler, and what the compiler says when it refuses. */
export function buildShim(): Shim {
  if (process.platform !== 'linux') throw new Error('the shim is for Linux with glibc: run these faults there');
  const folder = mkdtempSync(join(tmpdir(), 'openclaw-shim-'));
  const path = join(folder, 'shim.so');
  const { error, status, stderr } = spawnSync('cc', ['-O2', '-shared', '-fPIC', '-o', path, SOURCE, '-ldl', '-lpthread']);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  if (error || status !== 0) {
    remove();
    throw new Error(error ? 'there is no C compiler: apt-get install gcc libc6-dev' : `the shim does not compile: ${stderr}`);
  }
  return { path, [Symbol.dispose]: remove };
}

export interface ShimUse {
  /** The compiled shim. */
  readonly path: string;
  readonly dir: string;
  readonly log?: string;
  readonly marks?: string;
  readonly boot?: string;
  readonly control?: string;
}

/** The environment of a process that is to run with the shim. */
export function shimEnv({ path, dir, log, marks, boot, control }: ShimUse): Record<string, string> {
  const named = { DIR: dir, LOG: log, MARKS: marks, BOOT: boot, CONTROL: control };
  const given = Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [[`OPENCLAW_SHIM_${name}`, value]]));
  return { LD_PRELOAD: path, ...Object.fromEntries(given) };
}
