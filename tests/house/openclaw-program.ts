import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const HERE = fileURLToPath(new URL('../openclaw/', import.meta.url));
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url));
const LOCKED = ['package.json', 'package-lock.json'] as const;

/** The OpenClaw assistant's program as it is published, installed once for this version of it. */
export async function installOpenClaw(): Promise<string> {
  const { dependencies } = JSON.parse(readFileSync(join(HERE, 'package.json'), 'utf8')) as { dependencies: { openclaw: string } };
  const folder = join(CACHE, `openclaw-${dependencies.openclaw}`);
  const program = join(folder, 'node_modules/openclaw/openclaw.mjs');
  if (existsSync(program)) return program;
  const fresh = `${folder}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  for (const name of LOCKED) cpSync(join(HERE, name), join(fresh, name));
  await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'], {
    cwd: fresh,
    timeout: 240_000,
  });
  try {
    renameSync(fresh, folder);
  } catch (error) {
    // Somebody else was first.
    if (!existsSync(program)) throw error;
    rmSync(fresh, { recursive: true, force: true });
  }
  return program;
}

export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A program that runs, and what it said so far. */
export interface Running extends Disposable {
  readonly said: () => string;
  /** Resolves when what it said fits; rejects when it ends before. */
  shows(pattern: RegExp): Promise<void>;
  type(keys: string): void;
  stop(signal: 'SIGINT' | 'SIGKILL'): void;
  readonly ended: Promise<Said>;
}

/** Milliseconds that any of its commands may take. */
const MOST_MS = 170_000;

/** One person's OpenClaw: it writes into this folder only, and knows nobody but who is in `env` or in its configuration. */
export function createOpenClaw(program: string, home: string, env: Readonly<Record<string, string>> = {}, config: object = {}) {
  const state = join(home, 'state');
  const temporary = join(home, 'tmp');
  for (const path of [state, temporary]) mkdirSync(path, { recursive: true });
  const quiet = { update: { checkOnStart: false }, plugins: { enabled: false }, logging: { file: join(home, 'log') } };
  writeFileSync(join(state, 'openclaw.json'), JSON.stringify({ ...quiet, ...config }));
  const own = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    TMPDIR: temporary,
    OPENCLAW_STATE_DIR: state,
    OPENCLAW_NO_RESPAWN: '1',
    OPENCLAW_NO_AUTO_UPDATE: '1',
    OPENCLAW_OFFLINE: '1',
    DO_NOT_TRACK: '1',
    NO_COLOR: '1',
    TERM: 'xterm-256color',
    COLUMNS: '120',
    LINES: '40',
  };
  const start = (command: string, args: readonly string[]): Running =>
    watch(spawn(command, args, { cwd: home, env: { ...own, ...env }, stdio: ['pipe', 'pipe', 'pipe'] }));
  return {
    start: (...args: string[]): Running => start(process.execPath, [program, ...args]),
    run: (...args: string[]): Promise<Said> => start(process.execPath, [program, ...args]).ended,
    /** On a terminal of its own. */
    onTerminal: (...args: string[]): Running => start('script', ['-qfec', [process.execPath, program, ...args].join(' '), '/dev/null']),
  };
}

function watch(child: ChildProcess): Running {
  let out = '';
  let err = '';
  let wake = Promise.withResolvers<void>();
  const stir = (): void => {
    wake.resolve();
    wake = Promise.withResolvers<void>();
  };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    stir();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    stir();
  });
  child.stdin?.on('error', () => undefined);
  const timer = setTimeout(() => child.kill('SIGKILL'), MOST_MS);
  let isOver = false;
  const ended = once(child, 'close').then(([code]): Said => {
    clearTimeout(timer);
    isOver = true;
    stir();
    return { code: code as number | null, out, err };
  });
  const said = (): string => plain(out + err);
  return {
    said,
    ended,
    async shows(pattern) {
      while (!pattern.test(said())) {
        if (isOver) throw new Error(`it ended before ${pattern}: ${said().slice(-2_000)}`);
        await wake.promise;
      }
    },
    type: (keys) => void child.stdin?.write(keys),
    stop: (signal) => void child.kill(signal),
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  };
}

const ESCAPE = String.fromCharCode(27);
const BELL = String.fromCharCode(7);
const FOR_TERMINALS = new RegExp(`${ESCAPE}(\\[[0-9;?<>=]*[a-zA-Z]|\\][^${BELL}]*${BELL}|[=>_])`, 'g');

/** Without what only a terminal reads. */
function plain(text: string): string {
  return text.replaceAll(FOR_TERMINALS, '');
}
