import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { newId, type Random } from '@openclaw-runtime/kit';
import type { Login, Logins } from '@openclaw-runtime/tools';

/** A file that was written this long ago and has no name yet never gets one. */
const ABANDONED_MS = 60_000;

/** Where a data folder has people's logins to MCP servers. */
export function loginsFolder(dataDir: string): string {
  return join(dataDir, 'mcp-logins');
}

/** Logins in files that only their owner reads, one a server, each replaced as a whole. */
export function createLoginFiles(folder: string, random: Random): Logins {
  const pathOf = (server: string): string => {
    if (!/^[\w-]{1,64}$/.test(server)) throw new Error(`${JSON.stringify(server)} is no name for a server`);
    return join(folder, `${server}.json`);
  };
  return {
    read: async (server) => parseLogin(await textOf(pathOf(server))),
    async write(server, login) {
      const path = pathOf(server);
      if (!login) {
        await rm(path, { force: true });
        return removeUnnamed(path, Infinity);
      }
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const fresh = `${path}.${newId(random)}.new`;
      try {
        const file = await open(fresh, 'wx', 0o600);
        try {
          await file.writeFile(`${JSON.stringify(login)}\n`);
          await file.sync();
          await removeUnnamed(path, (await file.stat()).mtimeMs - ABANDONED_MS);
        } finally {
          await file.close();
        }
        await rename(fresh, path);
        await syncFolder(folder);
      } catch (error) {
        await rm(fresh, { force: true });
        throw error;
      }
    },
  };
}

/** Removes what processes that ended between writing and renaming left, tokens and all, where it is from before a time. */
async function removeUnnamed(path: string, beforeMs: number): Promise<void> {
  const [folder, start] = [dirname(path), `${basename(path)}.`];
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(start) && each.endsWith('.new'))) {
    const left = await stat(join(folder, name)).catch(() => undefined);
    if (left && left.mtimeMs < beforeMs) await rm(join(folder, name), { force: true });
  }
}

/** So that the name, too, is there after a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** What is not of our making is no login. */
function parseLogin(text: string | undefined): Login | undefined {
  try {
    const login = JSON.parse(text ?? 'null') as Partial<Login> | null;
    const whole = typeof login?.url === 'string' && (login.tokens === undefined || typeof login.tokens.access_token === 'string');
    return whole ? (login as Login) : undefined;
  } catch {
    return undefined;
  }
}
