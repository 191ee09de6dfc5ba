import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** A process of ours that said it is ready. */
export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** Milliseconds from its start to its being ready. */
  readonly readyMs: number;
  /** Its first line, parsed. */
  readonly hello: Readonly<Record<string, unknown>>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Resolves with the exit code, or with the signal that ended it. */
  readonly exited: Promise<number | string>;
  /** What it wrote to stderr, but for alerts: those are about how it fares. */
  complaints(): string;
}

/** Far more than a start takes. */
const READY_MS = 60_000;
const FLAGS = ['--conditions=openclaw-source', '--disable-warning=ExperimentalWarning'];

export interface ServerOptions {
  /** The tree whose sources are run. */
  readonly root: string;
  readonly data: string;
  readonly port: number;
  readonly config: string;
}

export function startServer({ root, data, port, config }: ServerOptions): Promise<Child> {
  const bin = join(root, 'packages/openclaw-runtime/bin/claw.mjs');
  return startChild([bin, 'up', '--json', '--port', String(port), '--data', data, '--config', config]);
}

export function startProvider(root: string, { vary }: { readonly vary: boolean }): Promise<Child> {
  return startChild([join(root, 'tests/provider/main.ts'), ...(vary ? ['--vary'] : [])]);
}

/** Resolves when the script has printed `{"ready":true,…}`; rejects with what it printed instead, or complained of, or when it says nothing in time. */
export async function startChild(args: readonly string[]): Promise<Child> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(OPEN(AI|CLAW)_|VITEST|NODE_OPTIONS$)/.test(name)));
  const began = performance.now();
  const child = spawn(process.execPath, [...FLAGS, ...args], {
    env: { ...env, OPENCLAW_METRICS_PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const exited = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string);
  const kill = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  };
  const late = setTimeout(() => child.kill('SIGKILL'), READY_MS);
  const line = await firstLine(child.stdout);
  clearTimeout(late);
  const hello = JSON.parse(line ?? '{}') as Record<string, unknown>;
  if (hello.ready !== true) {
    await kill();
    throw new Error(`${args.join(' ')} was not ready within ${READY_MS} ms, and ended with ${await exited}: ${line ?? ''} ${complaints}`);
  }
  const readyMs = performance.now() - began;
  return {
    pid: child.pid ?? 0,
    readyMs,
    hello,
    kill,
    exited,
    complaints: () => complaints.replaceAll(/^claw: alert .*\n/gm, ''),
    [Symbol.asyncDispose]: kill,
  };
}

async function firstLine(stdout: Readable): Promise<string | undefined> {
  for await (const line of createInterface({ input: stdout })) {
    stdout.resume();
    return line;
  }
  return undefined;
}

/**
 * A port that stays ours while nobody listens on it: below those that systems hand out, or a client that knocks at the dead server's port
 * could be given that very port and connect to itself.
 */
export async function freePort(random: () => number): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(random() * 10_000);
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (isFree && (await isMine(port))) return port;
  }
}

/** Whether nobody else has it while its server is dead: a name that only lives in the kernel says so, as long as this process lives. */
function isMine(port: number): Promise<boolean> {
  if (process.platform !== 'linux') return Promise.resolve(true);
  return new Promise((resolve) => {
    const server = createServer().unref();
    server.once('error', () => resolve(false)).listen(`\0openclaw-test-port-${port}`, () => resolve(true));
  });
}
