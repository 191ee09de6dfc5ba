import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, opendir, realpath, rename, rmdir, unlink } from 'node:fs/promises';
import { posix } from 'node:path';
import { newId, type Random } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Folder, FolderEntry, OpenFolder } from '../fs/port.ts';
import { failure, held, realInside } from './held.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** Folders on the real disk. */
export function createOpenFolder(random: Random): OpenFolder {
  return async (given) => {
    await mkdir(given, { recursive: true, mode: 0o700 });
    const root = await realpath(given);
    return {
      read: (path, maxBytes) => attempt(path, () => read(root, path, maxBytes)),
      write: (path, bytes) => attempt(path, () => write(root, path, bytes, `.${newId(random)}.tmp`)),
      list: (path, max) => attempt(path, () => list(root, path, max)),
      remove: (path) => attempt(path, () => remove(root, path)),
    };
  };
}

async function read(root: string, path: string, maxBytes: number): ReturnType<Folder['read']> {
  const real = await realInside(root, path);
  if (real === root) throw new OpenClawError('TOOL_FAILED', 'fs: the workspace is a folder.');
  return held(root, posix.dirname(real), async (place) => {
    // NONBLOCK: opening a pipe would wait for its writer.
    const file = await open(place(posix.basename(real)), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const { size, nlink } = await fileAt(file, path);
      if (nlink > 1) throw new OpenClawError('DENIED', `fs: ${path} has a second name, which may be outside the workspace.`);
      const bytes = Buffer.alloc(Math.min(size, maxBytes));
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return { bytes: bytes.subarray(0, filled), size };
    } finally {
      await file.close();
    }
  });
}

async function fileAt(file: FileHandle, path: string): Promise<{ readonly size: number; readonly nlink: number }> {
  const stat = await file.stat();
  if (!stat.isFile()) throw new OpenClawError('TOOL_FAILED', `fs: ${path} is ${stat.isDirectory() ? 'a folder' : 'no file'}.`);
  return stat;
}

async function write(root: string, path: string, bytes: Uint8Array, temporary: string): Promise<void> {
  const parent = await makeFolders(root, posix.dirname(path));
  await held(root, parent, async (place) => {
    const target = place(posix.basename(path));
    const there = await lstat(target).catch(() => undefined);
    if (there?.isDirectory()) throw new OpenClawError('TOOL_FAILED', `fs: ${path} is a folder.`);
    const mode = there?.isFile() ? there.mode & 0o777 : 0o644;
    const file = await open(place(temporary), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
    try {
      await file.writeFile(bytes);
      await file.datasync();
      await file.close();
      // Where a link was, there is a file now: what the link led to is not touched.
      await rename(place(temporary), target);
    } catch (error) {
      await file.close().catch(() => {});
      await unlink(place(temporary)).catch(() => {});
      throw error;
    }
  });
}

/** The real path of a folder, made step by step, each step in the folder that was found to be inside. */
async function makeFolders(root: string, path: string): Promise<string> {
  let real = root;
  for (const name of path === '.' ? [] : path.split('/')) {
    await held(root, real, (place) =>
      mkdir(place(name), 0o755).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      }),
    );
    real = await realInside(root, posix.join(posix.relative(root, real), name));
  }
  return real;
}

async function list(root: string, path: string, max: number): ReturnType<Folder['list']> {
  return held(root, await realInside(root, path), async (place) => {
    const names: string[] = [];
    if (max > 0) {
      for await (const { name } of await opendir(place(''))) {
        names.push(name);
        if (names.length >= max) break;
      }
    }
    const entries = names.sort().map(async (name): Promise<FolderEntry | undefined> => {
      const stat = await lstat(place(name)).catch(() => undefined);
      if (!stat) return undefined;
      const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : stat.isSymbolicLink() ? 'link' : 'other';
      return { name, kind, size: kind === 'file' ? stat.size : 0 };
    });
    return (await Promise.all(entries)).filter((entry) => entry !== undefined);
  });
}

async function remove(root: string, path: string): Promise<void> {
  if (path === '') throw new OpenClawError('DENIED', 'fs: the workspace itself is not removed.');
  await held(root, await realInside(root, posix.dirname(path)), async (place) => {
    const target = place(posix.basename(path));
    await ((await lstat(target)).isDirectory() ? rmdir(target) : unlink(target));
  });
}

async function attempt<T>(path: string, deed: () => Promise<T>): Promise<T> {
  try {
    return await deed();
  } catch (error) {
    throw failure(error, path);
  }
}
