// The one file that starts host processes.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createFrameReader, encodeFrames, MOST_FROM_HOST } from './frames.ts';
import type { HostUp, StartHost } from './host-port.ts';
import { conditions, type WorkerOptions } from './worker.ts';

/** Processes of this machine, without this one's environment and open files; their threads are as `createWorkers` makes them. They end with this process. */
export function createHostProcesses(options: WorkerOptions = {}): StartHost {
  const main = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './host-main.ts' : './host-main.js', import.meta.url));
  return ({ received, ended }) => {
    const child = spawn(process.execPath, [...conditions(), '--disable-warning=ExperimentalWarning', main, JSON.stringify(options)], {
      env: {},
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const read = createFrameReader<HostUp>(MOST_FROM_HOST, received);
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      ended();
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
