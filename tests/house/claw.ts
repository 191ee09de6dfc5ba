import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface ClawOptions {
  /** The data folder; `openclaw.yaml` is written beside it. */
  readonly data: string;
  readonly port?: number;
  /** What stands in the file; without it there is none, and the simulated model answers. */
  readonly config?: object;
  /** Words before the command, such as `['prlimit', '--fsize=…']`. */
  readonly before?: readonly string[];
  /** Variables beside those of this process; of these, none that concerns providers is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** For Node. */
  readonly flags?: readonly string[];
  /** Another `claw` than that of the sources. */
  readonly program?: string;
}

/** A `claw up` in a process of its own, ready to serve. */
export interface Claw extends AsyncDisposable {
  readonly url: string;
  readonly http: string;
  readonly port: number;
  readonly pid: number;
  /** What it wrote to stderr, but for alerts and tiers: those are about how it fares, which many tests see to. */
  readonly complaints: () => string;
  /** All that it wrote to stdout. */
  readonly said: () => string;
  /** Resident bytes. */
  readonly rssBytes: () => number;
  /** Resolves with the exit code, `null` where the signal ended it. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
}

export interface Ended {
  readonly code: number | null;
  readonly complaints: string;
}

const BIN = fileURLToPath(new URL('../../packages/openclaw-runtime/bin/claw.mjs', import.meta.url));
const FLAGS = ['--conditions=openclaw-source', '--disable-warning=ExperimentalWarning'];

/** Throws what the server complained of when it ends instead of becoming ready. */
export async function startClaw(options: ClawOptions): Promise<Claw> {
  const started = await tryClaw(options);
  if ('url' in started) return started;
  throw new Error(`claw up ended with ${started.code}: ${started.complaints}`);
}

/** Starts a server and waits until it is ready, or has ended. */
export async function tryClaw({ data, port = 0, config, before = [], env = {}, flags = [], program }: ClawOptions): Promise<Claw | Ended> {
  const home = dirname(data);
  mkdirSync(home, { recursive: true });
  const file = join(home, 'openclaw.yaml');
  if (config !== undefined) writeFileSync(file, JSON.stringify(config));
  const named = config === undefined ? [] : ['--config', file];
  const words = program === undefined ? [process.execPath, ...FLAGS, ...flags, BIN] : [program];
  const command = [...before, ...words, 'up', '--json', '--port', String(port), '--data', data, ...named];
  const foreign = /^(OPENAI|OPENCLAW|ANTHROPIC|GEMINI|GOOGLE|OLLAMA)_/;
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
  // An Ollama that happens to run on this machine is not asked.
  const child = spawn(command[0] as string, command.slice(1), {
    cwd: home,
    env: { OLLAMA_HOST: '127.0.0.1:9', OPENCLAW_METRICS_PORT: '0', ...own, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  let complaints = '';
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const line = await firstLine(child);
  // Whoever read the first line has paused it.
  child.stdout.resume();
  const hello = JSON.parse(line ?? '{}') as { readonly ready?: true; readonly url: string; readonly http: string; readonly port: number };
  if (!hello.ready) {
    const [code] = await exited;
    return { code, complaints: `${line ?? ''}${complaints}` };
  }
  const pid = child.pid as number;
  const stop = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    const [code] = await exited;
    return code;
  };
  return {
    url: hello.url,
    http: hello.http,
    port: hello.port,
    pid,
    complaints: () => complaints.replaceAll(/^claw: (alert |the (model|agent|host) .* is in tier ).*\n/gm, ''),
    said: () => said,
    rssBytes: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024,
    stop,
    async [Symbol.asyncDispose]() {
      await stop('SIGKILL');
    },
  };
}

async function firstLine(child: ChildProcess & { readonly stdout: NonNullable<ChildProcess['stdout']> }): Promise<string | undefined> {
  for await (const line of createInterface({ input: child.stdout })) return line;
  return undefined;
}
