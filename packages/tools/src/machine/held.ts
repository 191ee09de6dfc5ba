import { constants } from 'node:fs';
import { open, readlink, realpath } from 'node:fs/promises';
import { posix } from 'node:path';
import { OpenClawError } from '@openclaw-runtime/protocol';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

/** Where a path leads when all links are followed. Throws `DENIED` when that is outside. */
export async function realInside(root: string, path: string): Promise<string> {
  return inside(root, await realpath(posix.join(root, path)), path);
}

/**
 * Lets something be done in a folder while it is held open: `place` gives paths that lead through the open folder, so whoever swaps a folder of the way for a link
 * meanwhile changes nothing. Node has no `openat`; Linux has the same under `/proc/self/fd`. Elsewhere the folder's path is used, which a race may win.
 */
export async function held<T>(root: string, real: string, deed: (place: (name: string) => string) => Promise<T>): Promise<T> {
  const folder = await open(real, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    if (process.platform !== 'linux') return await deed((name) => posix.join(real, name));
    const through = `/proc/self/fd/${folder.fd}`;
    // What was opened, not what was asked for.
    inside(root, await readlink(through), posix.relative(root, real));
    return await deed((name) => `${through}/${name}`);
  } finally {
    await folder.close();
  }
}

/** What a file system said, in words of ours and without paths of this machine. */
export function failure(error: unknown, path: string): OpenClawError {
  if (error instanceof OpenClawError) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  const [word, what] = MEANINGS[code] ?? ['TOOL_FAILED', `cannot be used (${code || 'unknown'})`];
  return new OpenClawError(word, `fs: ${path === '' ? 'the workspace' : path} ${what}.`, { cause: error });
}

const MEANINGS: Readonly<Record<string, readonly ['TOOL_FAILED' | 'DENIED', string]>> = {
  ENOENT: ['TOOL_FAILED', 'is not there'],
  ENOTDIR: ['TOOL_FAILED', 'is no folder, or something on the way is none'],
  EISDIR: ['TOOL_FAILED', 'is a folder'],
  ENOTEMPTY: ['TOOL_FAILED', 'is a folder that is not empty'],
  ENXIO: ['TOOL_FAILED', 'is no file'],
  ENOSPC: ['TOOL_FAILED', 'cannot be written: the disk is full'],
  EDQUOT: ['TOOL_FAILED', 'cannot be written: the disk is full'],
  EACCES: ['DENIED', 'may not be used'],
  EPERM: ['DENIED', 'may not be used'],
  ELOOP: ['DENIED', 'is a link that leads nowhere'],
};

function inside(root: string, real: string, path: string): string {
  if (real === root || real.startsWith(root === '/' ? root : `${root}/`)) return real;
  throw new OpenClawError('DENIED', `fs: ${path} leads outside the workspace.`);
}
