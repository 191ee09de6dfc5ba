import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shimEnv } from '../shim/build.ts';
import type { Control } from '../shim/control.ts';
import { wholeLength } from '../shim/log.ts';

/** How one process of a workload goes. */
export interface Session {
  readonly seed: number;
  readonly runs: number;
  readonly bigChars: number;
  readonly end: 'close' | 'kill';
}

export interface Recording {
  /** All operations of all sessions; see shim/log.ts. */
  readonly log: Buffer;
  readonly codes: readonly (number | string)[];
  readonly complaints: string;
}

const MAIN = fileURLToPath(new URL('./workload-main.ts', import.meta.url));
/** Far more than a session takes. */
const SESSION_MS = 60_000;

/** Runs sessions one after the other on the data folder in `dir`, under the shim, behind what was recorded there before. `more` follows: the folder stays. */
export async function recordWorkload(
  dir: string,
  shim: string,
  sessions: readonly Session[],
  control?: Control,
  more = false,
): Promise<Recording> {
  const folder = join(dir, 'data');
  const [log, marks, boot] = ['log', 'marks', 'boot'].map((name) => join(dir, name)) as [string, string, string];
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(boot, 'before the loss of power\n');
  const use = { path: shim, dir: folder, log, marks, boot, ...(control ? { control: control.path } : {}) };
  const env = { PATH: process.env.PATH ?? '', ...shimEnv(use) };
  const codes: (number | string)[] = [];
  let complaints = '';
  for (const { seed, runs, bigChars, end } of sessions) {
    const flags = { folder, marks, seed, runs, big: bigChars, end };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
    const child = spawn(process.execPath, ['--conditions=openclaw-source', '--disable-warning=ExperimentalWarning', MAIN, ...args], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text;
    });
    const late = setTimeout(() => child.kill('SIGKILL'), SESSION_MS);
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    clearTimeout(late);
    codes.push(code ?? signal ?? 'nothing');
    // The next session's operations have to begin where one ends.
    truncateSync(log, wholeLength(readFileSync(log)));
  }
  const recording = { log: readFileSync(log), codes, complaints };
  if (!more) rmSync(folder, { recursive: true, force: true });
  return recording;
}
