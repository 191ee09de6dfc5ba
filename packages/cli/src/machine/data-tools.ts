import { existsSync, rmSync } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Store } from '@openclaw-runtime/store';
import type { DataTools, Sink, Streamed } from '../commands/data-tools.ts';
import { createAuditDisk } from './audit-disk.ts';
import { removeWorkspaces } from './workspaces.ts';

/** The data folders, files and servers of this machine. */
export function createDataTools(stdout: NodeJS.WriteStream): DataTools {
  return {
    async backup(folder) {
      const store = await openStore(folder);
      try {
        return { backup: await store.upkeep.backup(), close: () => store.close() };
      } catch (error) {
        await store.close();
        throw error;
      }
    },
    restore: async (options) => (await import('@openclaw-runtime/store')).restoreBackup(options),
    verify: async (folder, options) => (await import('@openclaw-runtime/store')).verifyFolder(folder, options),
    async runs(folder, tenant, query) {
      await using opened = closing(await openStore(folder));
      return await opened.store.runs.list(tenant, query);
    },
    async erase(folder, what, { onProgress, begin }) {
      await using opened = closing(await openStore(folder));
      const { runs, upkeep } = opened.store;
      const { runKey } = await import('@openclaw-runtime/store');
      if (what.run !== undefined) await runs.read(runKey(what.tenant, what.run), Number.MAX_SAFE_INTEGER, 1);
      const done = await begin();
      upkeep.onErased((erased) => removeWorkspaces(join(folder, 'workspaces'), erased));
      const report = await upkeep.erase(what, onProgress ? { onProgress } : {});
      await done(report);
      return report;
    },
    audit: createAuditDisk,
    sink: (path, mayReplace) => (path === '-' ? Promise.resolve(sinkOf(stdout)) : fileSink(path, mayReplace)),
    stream,
  };
}

/** The data of a folder that no server has open. */
async function openStore(folder: string): Promise<Store> {
  if (!existsSync(join(folder, 'openclaw.db')))
    throw new OpenClawError('NOT_FOUND', `There are no data in ${folder}. Name a folder with --data.`);
  const { openSqliteStore } = await import('@openclaw-runtime/store');
  return openSqliteStore({ folder });
}

function closing(store: Store): { readonly store: Store } & AsyncDisposable {
  return { store, [Symbol.asyncDispose]: () => store.close() };
}

/** Written beside its place and moved there when it is whole and on the disk. */
async function fileSink(path: string, mayReplace: boolean): Promise<Sink> {
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory()) throw new OpenClawError('BAD_REQUEST', `${path} is a folder. Name a file.`);
  if (there && !mayReplace) throw new OpenClawError('STATE_CONFLICT', `${path} is there already. Name another file, or use --force.`);
  const fresh = `${path}.part`;
  const file = await open(fresh, 'w', 0o600).catch((error: unknown) => {
    throw new OpenClawError('BAD_REQUEST', `${path} cannot be written (${(error as Error).message}).`, { cause: error });
  });
  return {
    async write(part) {
      try {
        // Writes all of it, or throws: `write` may write less.
        await file.writeFile(part);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code === 'ENOSPC' ? 'STORE_FULL' : 'STORE_FAILED';
        throw new OpenClawError(code, `${path} cannot be written (${(error as Error).message}).`, { cause: error });
      }
    },
    async done() {
      await file.sync();
      await file.close();
      await rename(fresh, path);
    },
    async discard() {
      await file.close().catch(() => undefined);
      rmSync(fresh, { force: true });
    },
  };
}

function sinkOf(stream: NodeJS.WriteStream): Sink {
  return {
    write: (part) => new Promise((resolve, reject) => stream.write(part, (error) => (error ? reject(error) : resolve()))),
    done: () => Promise.resolve(),
    discard: () => Promise.resolve(),
  };
}

async function stream(url: string, request: Parameters<DataTools['stream']>[1], signal: AbortSignal): Promise<Streamed> {
  const lost = (error: unknown): unknown =>
    signal.aborted
      ? signal.reason
      : new OpenClawError('STREAM_DISCONNECTED', `${new URL(url).origin} broke off (${(error as Error).message}). Try again.`, {
          cause: error,
        });
  async function* parts(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* body;
    } catch (error) {
      throw lost(error);
    }
  }
  try {
    const response = await fetch(url, { ...request, signal, redirect: 'manual' });
    const length = response.headers.get('content-length');
    return {
      status: response.status,
      length: length === null ? undefined : Number(length),
      parts: parts(response.body ?? new ReadableStream()),
    };
  } catch (error) {
    throw lost(error);
  }
}
