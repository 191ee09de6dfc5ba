import { existsSync, rmSync } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { DataTools, Sink, Streamed } from '../commands/data-tools.ts';

/** The data folders, files and servers of this machine. */
export function createDataTools(stdout: NodeJS.WriteStream): DataTools {
  return {
    async backup(folder) {
      if (!existsSync(join(folder, 'openclaw.db')))
        throw new OpenClawError('NOT_FOUND', `There are no data in ${folder}. Name a folder with --data.`);
      const { openSqliteStore } = await import('@openclaw-runtime/store');
      const store = await openSqliteStore({ folder });
      try {
        return { backup: await store.upkeep.backup(), close: () => store.close() };
      } catch (error) {
        await store.close();
        throw error;
      }
    },
    restore: async (options) => (await import('@openclaw-runtime/store')).restoreBackup(options),
    verify: async (folder, options) => (await import('@openclaw-runtime/store')).verifyFolder(folder, options),
    sink: (path, mayReplace) => (path === '-' ? Promise.resolve(sinkOf(stdout)) : fileSink(path, mayReplace)),
    stream,
  };
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
