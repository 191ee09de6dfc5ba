import { readdir, rm } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { type Clock, isId, sleep } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { type Erased, type RunKey, runKey, type Store } from '@openclaw-runtime/store';

/** The folder that the tools of a run may write to: `ROOT/TENANT/RUN`. It is made by the first tool that needs it. */
export function workspaceOf(root: string, key: RunKey): string {
  const cut = key.lastIndexOf('/');
  return `${root}${sep}${nameOf(key.slice(0, cut))}${sep}${key.slice(cut + 1)}`;
}

export interface SweepOptions {
  readonly root: string;
  readonly runs: Pick<Store['runs'], 'read'>;
  readonly clock: Clock;
  log(line: string): void;
}

const EVERY_MS = 3_600_000;

/** Removes the folders of runs that are there no more, now and each hour, until it is disposed of. */
export function sweepWorkspaces({ root, runs, clock, log }: SweepOptions): Disposable {
  const stopping = new AbortController();
  const { signal } = stopping;
  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      await sweep(root, runs, signal).catch((error: unknown) => log(`workspaces: ${(error as Error).message}`));
      await sleep(clock, EVERY_MS, signal).catch(() => undefined);
    }
  };
  void loop();
  return { [Symbol.dispose]: () => stopping.abort() };
}

/** The folders of runs that were erased, or of all of a tenant's, at once. */
export async function removeWorkspaces(root: string, { tenant, runs }: Erased): Promise<void> {
  const folders = runs ? runs.map((run) => workspaceOf(root, runKey(tenant, run))) : [join(root, nameOf(tenant))];
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
}

async function sweep(root: string, runs: SweepOptions['runs'], signal: AbortSignal): Promise<void> {
  for (const tenant of await namesIn(root)) {
    for (const run of await namesIn(join(root, tenant))) {
      if (signal.aborted) return;
      // What was put here by somebody else is left alone.
      if (!isId(run) || nameOf(tenantOf(tenant)) !== tenant) continue;
      if (!(await isThere(runKey(tenantOf(tenant), run), runs))) await rm(join(root, tenant, run), { recursive: true, force: true });
    }
  }
}

/** What cannot be known is taken to be there. */
async function isThere(key: RunKey, runs: SweepOptions['runs']): Promise<boolean> {
  try {
    await runs.read(key, 0, 1);
    return true;
  } catch (error) {
    return OpenClawError.from(error).code !== 'NOT_FOUND';
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function tenantOf(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return '';
  }
}

/** A tenant's name as that of one folder. */
function nameOf(tenant: string): string {
  return encodeURIComponent(tenant).replaceAll('.', '%2E');
}
