import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Child, Ended, Processes } from '../process/port.ts';

/** Real processes. */
export function createProcesses(): Processes {
  return {
    async find(program, folders) {
      const candidates = isAbsolute(program) ? [program] : program.includes('/') ? [] : folders.map((folder) => join(folder, program));
      for (const path of candidates) if (await isProgram(path)) return path;
      return undefined;
    },
    start({ command, args, cwd, env }) {
      const child = spawn(command, args, {
        env: { ...env },
        stdio: ['pipe', 'pipe', 'pipe'],
        shell: false,
        windowsHide: true,
        // A group of its own, so that what it starts ends with it.
        detached: process.platform !== 'win32',
        ...(cwd === undefined ? {} : { cwd }),
      });
      child.stdin.on('error', () => {});
      return {
        pid: child.pid,
        stdout: child.stdout,
        stderr: child.stderr,
        write: (text) =>
          new Promise((resolve) => {
            child.stdin.write(text, () => resolve());
          }),
        endInput: () => child.stdin.end(),
        ended: endOf(child),
        kill(how) {
          if (child.exitCode === null && child.signalCode === null) endGroup(child, how === 'now' ? 'SIGKILL' : 'SIGTERM');
          if (how === 'gently') return;
          // Somebody who left the group may still hold the other end.
          child.stdout.destroy();
          child.stderr.destroy();
        },
      } satisfies Child;
    },
  };
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function endOf(child: ChildProcess): Promise<Ended> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ failure: error.message }));
    child.once('exit', (code, signal) => {
      endGroup(child, 'SIGKILL');
      resolve({ code, signal });
    });
  });
}

/** A group whose last member is gone is nobody's any more, and the call says so. */
function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // Gone already.
  }
}
