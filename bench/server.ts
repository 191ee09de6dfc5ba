import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A `claw up` of this checkout in a process of its own, started as people start it. `NODE_OPTIONS` reaches it. */
export interface Server extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** CPU seconds used so far, user and system, all threads. */
  cpuSeconds(): number;
  /** Resident memory, bytes. */
  rssBytes(): number;
}

const CLAW = fileURLToPath(new URL('../packages/openclaw-runtime/bin/claw.mjs', import.meta.url));

export async function startServer(
  folder: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const PATH = `${dirname(process.execPath)}:${process.env.PATH}`;
  const child = spawn(CLAW, ['up', '--json', '--port', '0', '--data', folder, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { OPENCLAW_METRICS_PORT: '0', ...process.env, PATH, ...env },
  });
  const { url } = JSON.parse(await firstLine(child)) as { url: string };
  const pid = child.pid as number;
  return {
    url,
    pid,
    cpuSeconds() {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) / 100;
    },
    rssBytes: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024,
    async [Symbol.asyncDispose]() {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
    },
  };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      if (line.startsWith('{')) resolve(line);
      else process.stderr.write(`${line}\n`);
    });
    child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it was ready`)));
  });
}
