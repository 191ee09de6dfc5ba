// The one file that starts host processes.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { createFrameReader, encodeFrames, MOST_FROM_HOST } from './frames.ts';
import type { HostEnd, HostLink, HostListener, HostUp, StartHost } from './host-port.ts';
import { type HostSandbox, sandboxWords } from './host-sandbox.ts';
import type { MemoryGroup, MemoryGroups } from './memory-groups.ts';
import { conditions, type WorkerOptions } from './worker.ts';

const TRIAL_MS = 10_000;

export interface HostProcessOptions extends WorkerOptions {
  /** Each process has a group of its own. */
  readonly groups?: MemoryGroups | undefined;
  readonly sandbox?: HostSandbox | undefined;
}

/** Processes of this machine, without this one's environment and open files; their threads are as `createWorkers` makes them. They end with this process. */
export function createHostProcesses({ groups, sandbox, ...options }: HostProcessOptions = {}): StartHost {
  const main = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './host-main.ts' : './host-main.js', import.meta.url));
  const words = [process.execPath, ...conditions(), '--disable-warning=ExperimentalWarning', main, JSON.stringify(options)];
  return ({ received, ended }) => {
    const group = openGroup(groups);
    if (group === 'refused') return stillborn(ended);
    const [command = '', ...args] = [...(group?.enter ?? []), ...(sandbox ? sandboxWords(sandbox) : []), ...words];
    const child = spawn(command, args, { env: {}, stdio: ['pipe', 'pipe', 'ignore'] });
    const read = createFrameReader<HostUp>(MOST_FROM_HOST, received);
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      ended(group?.overflowed() ? overflow(groups?.limitMiB) : { how: 'host', message: 'its host process ended' });
      group?.remove();
    };
    const kill = (): void => void child.kill('SIGKILL');
    child.stdout.on('data', (chunk: Buffer) => {
      try {
        read(chunk);
      } catch {
        // Whoever writes to the pipe what is no message has the process.
        kill();
      }
    });
    child.stdin.on('error', () => undefined);
    child.once('error', end);
    child.once('close', end);
    return {
      send(message) {
        for (const frame of encodeFrames(message)) child.stdin.write(frame);
      },
      kill,
    };
  };
}

/** Bubblewrap, where this machine has it and it works: hosts see of the hidden folder only what they may write to, which is made where it is not there. Throws `BAD_CONFIG`. */
export function openHostSandbox(hidden: string, writable: readonly string[], path = process.env.PATH ?? ''): HostSandbox {
  const bubblewrap = path
    .split(delimiter)
    .map((folder) => join(folder, 'bwrap'))
    .find((file) => existsSync(file));
  if (bubblewrap === undefined) throw noSandbox('there is no bwrap here. Install bubblewrap');
  for (const folder of writable) mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Nothing is mounted on a link.
  const sandbox = { bubblewrap, hidden: realpathSync(hidden), writable: writable.map((folder) => realpathSync(folder)) };
  const [command, ...args] = [...sandboxWords(sandbox), process.execPath, '--version'];
  const { error, status, stderr } = spawnSync(command, args, { env: {}, encoding: 'utf8', timeout: TRIAL_MS });
  if (status === 0) return sandbox;
  throw noSandbox(`bwrap does not work here: ${error?.message ?? (stderr.trim() || `it ended with ${status}`)}`);
}

function noSandbox(why: string): OpenClawError {
  return new OpenClawError('BAD_CONFIG', `threads.hostSandbox: ${why}, or leave threads.hostSandbox out.`);
}

function openGroup(groups: MemoryGroups | undefined): MemoryGroup | undefined | 'refused' {
  try {
    return groups?.open();
  } catch {
    return 'refused';
  }
}

/** None runs without the limit that it was to have. */
function stillborn(ended: HostListener['ended']): HostLink {
  queueMicrotask(() => ended({ how: 'host', message: 'there is no group that limits the memory of its host' }));
  return { send: () => undefined, kill: () => undefined };
}

function overflow(limitMiB = 0): HostEnd {
  return { how: 'memory', message: `its host process took more than ${limitMiB} MiB (threads.hostMemoryMiB)` };
}
