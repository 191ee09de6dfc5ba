import { spawn } from 'node:child_process';
import type { Clock } from '@openclaw-runtime/kit';
import type { RemoteLimits, RemoteSecrets } from '../secrets/ports.ts';

/** Vaults over HTTP, and programs of this machine. */
export function createRemoteSecrets(clock: Clock): RemoteSecrets {
  return {
    ask: (url, headers, limits) => ask(url, headers, limits, clock),
    run: (argv, folder, limits) => run(argv, folder, limits, clock),
  };
}

async function ask(
  url: string,
  headers: Readonly<Record<string, string>>,
  { timeoutMs, maxBytes }: RemoteLimits,
  clock: Clock,
): Promise<{ readonly status: number; readonly body: string }> {
  const abort = new AbortController();
  const cancel = clock.after(timeoutMs, () => abort.abort());
  const { origin } = new URL(url);
  try {
    const response = await fetch(url, { headers, signal: abort.signal, redirect: 'manual' });
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const part of response.body ?? []) {
      size += part.length;
      if (size > maxBytes) throw new Error(`${origin} answers more than ${maxBytes} bytes.`);
      parts.push(part);
    }
    return { status: response.status, body: Buffer.concat(parts).toString() };
  } catch (error) {
    if (abort.signal.aborted) throw new Error(`${origin} gave no answer within ${timeoutMs} ms. Check the address.`, { cause: error });
    const cause = (error as Error).cause as { readonly code?: string; readonly message?: string } | undefined;
    if (cause === undefined) throw error;
    throw new Error(`${origin} cannot be reached (${cause.code ?? cause.message}). Check the address.`, { cause: error });
  } finally {
    cancel();
  }
}

/** What the program prints on stderr is nobody's: it may say more than it should. */
function run(argv: readonly string[], folder: string, { timeoutMs, maxBytes }: RemoteLimits, clock: Clock): Promise<string> {
  const [program = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    // A group of its own, so that what it starts ends with it.
    const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'], detached: true });
    const parts: Buffer[] = [];
    let size = 0;
    const end = (problem: string): void => {
      cancel();
      child.stdout.destroy();
      if (child.pid !== undefined) kill(child.pid);
      reject(new Error(`${program} ${problem}.`));
    };
    const cancel = clock.after(timeoutMs, () => end(`did not end within ${timeoutMs} ms`));
    child.stdout.on('data', (part: Buffer) => {
      size += part.length;
      if (size > maxBytes) end(`printed more than ${maxBytes} bytes`);
      else parts.push(part);
    });
    child.once('error', (error: NodeJS.ErrnoException) => end(`cannot be started (${error.code ?? error.message})`));
    child.once('close', (code, signal) => {
      cancel();
      if (code === 0) resolve(Buffer.concat(parts).toString());
      else reject(new Error(`${program} ended with ${code ?? signal}. Run it by hand to see why.`));
    });
  });
}

function kill(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
