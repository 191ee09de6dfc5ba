import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A `claw up` in a process of its own, which may be killed. */
export interface Server {
  readonly url: string;
  readonly pid: number;
  /** SIGKILL: nothing in the process gets to know. Resolves when it is gone. */
  kill(): Promise<void>;
}

const BIN = fileURLToPath(new URL('../../packages/openclaw-runtime/bin/claw.mjs', import.meta.url));
const FLAGS = ['--conditions=openclaw-source', '--disable-warning=ExperimentalWarning'];

/** Starts a server with the simulated model and resolves when it is ready. Rejects with what it complained of when it ended instead. */
export async function startServer(data: string, port = 0): Promise<Server> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(OPEN(AI|CLAW)|ANTHROPIC|GEMINI|GOOGLE|OLLAMA)_/.test(name)),
  );
  const args = [...FLAGS, BIN, 'up', '--json', '--port', String(port), '--data', data];
  const child = spawn(process.execPath, args, {
    cwd: data,
    env: { ...env, OLLAMA_HOST: '127.0.0.1:9', OPENCLAW_METRICS_PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const complaints: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => complaints.push(text));
  const line = await firstLine(child);
  const { url } = JSON.parse(line ?? '{}') as { readonly url?: string };
  if (url === undefined || child.pid === undefined) throw new Error(`claw up did not start: ${line ?? ''}${complaints.join('')}`);
  return {
    url,
    pid: child.pid,
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

async function firstLine(child: ChildProcess & { readonly stdout: NonNullable<ChildProcess['stdout']> }): Promise<string | undefined> {
  for await (const line of createInterface({ input: child.stdout })) return line;
  return undefined;
}
