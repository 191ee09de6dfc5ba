import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';

export interface ProgramOptions {
  /** The working folder, which is also the home. */
  readonly cwd: string;
  readonly args?: readonly string[];
  /** Beside the path, nothing else of this process' is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** Another Node, with flags of its own. Default: this one, on the sources of all packages. */
  readonly node?: readonly [path: string, ...flags: string[]];
}

const ON_SOURCES = [process.execPath, '--conditions=openclaw-source', '--disable-warning=ExperimentalWarning'] as const;

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A program in a process of its own. */
export interface Program {
  readonly ended: Promise<Ended>;
  /** Resolves when what it printed so far fits; rejects when it ends before. */
  prints(what: RegExp): Promise<void>;
  kill(): Promise<void>;
}

export function startProgram(file: string, { cwd, args = [], env = {}, node: [path, ...flags] = ON_SOURCES }: ProgramOptions): Program {
  const own = { PATH: process.env['PATH'], HOME: cwd, OLLAMA_HOST: '127.0.0.1:9', ...env };
  const child = spawn(path, [...flags, file, ...args], { cwd, env: own, stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = once(child, 'exit');
  let out = '';
  const closed = once(child.stdout, 'close');
  child.stdout.setEncoding('utf8').on('data', (part: string) => (out += part));
  return {
    ended: Promise.all([exit, text(child.stderr), closed]).then(([[code], err]) => ({ code, out, err })),
    prints: (what) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (what.test(out)) resolve();
        };
        child.stdout.on('data', look);
        void closed.then(() => reject(new Error(`It ended and printed nothing like ${what}: ${out}`)));
        look();
      }),
    async kill() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exit;
    },
  };
}

/** What a program printed, which ends by itself and has nothing to complain of. */
export async function printed<T>(program: Program): Promise<T> {
  const { code, out, err } = await program.ended;
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as T;
}
