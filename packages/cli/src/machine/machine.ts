import { accessSync, constants, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import type { Clock } from '@openclaw-runtime/kit';
import type { Folder, Machine } from '../commands/world.ts';

/** The machine this process runs on. */
export function createMachine(clock: Clock): Machine {
  return {
    nodeVersion: process.versions.node,
    get: (url, headers, timeoutMs) => get(url, headers, timeoutMs, clock),
    ask: (url, request, timeoutMs) =>
      within(timeoutMs, clock, async (signal) => {
        const response = await fetch(url, { ...request, signal, redirect: 'manual' });
        return { status: response.status, body: await response.text() };
      }),
    hasPackage: async (name, folder) => (await import('@openclaw-runtime/model')).findPackage(name, folder) !== undefined,
    isPortFree,
    folder: folderAt,
    isAlive,
  };
}

function get(url: string, headers: Readonly<Record<string, string>>, timeoutMs: number, clock: Clock): ReturnType<Machine['get']> {
  return within(timeoutMs, clock, async (signal) => {
    const response = await fetch(url, { headers, signal, redirect: 'manual' });
    await response.body?.cancel();
    return { status: response.status };
  });
}

async function within<T>(
  timeoutMs: number,
  clock: Clock,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T | { readonly problem: string }> {
  const abort = new AbortController();
  const cancel = clock.after(timeoutMs, () => abort.abort());
  try {
    return await ask(abort.signal);
  } catch (error) {
    if (abort.signal.aborted) return { problem: `no answer within ${timeoutMs} ms` };
    const { cause, message } = error as Error;
    return { problem: (cause as { readonly code?: string } | undefined)?.code ?? message };
  } finally {
    cancel();
  }
}

function isPortFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

function folderAt(path: string): Folder {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return { kind: 'absent', creatable: canWrite(firstThatExists(dirname(path))) };
  return stat.isDirectory() ? { kind: 'folder', writable: canWrite(path), mode: stat.mode & 0o777 } : { kind: 'file' };
}

function firstThatExists(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) || dirname(path) === path ? path : firstThatExists(dirname(path));
}

function canWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
