import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { newId, type Random } from '@openclaw-runtime/kit';
import type { Login, Logins } from '@openclaw-runtime/tools';

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
      if (!login) return rm(path, { force: true });
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const fresh = `${path}.${newId(random)}.new`;
      try {
        const file = await open(fresh, 'wx', 0o600);
        try {
          await file.writeFile(`${JSON.stringify(login)}\n`);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(fresh, path);
      } catch (error) {
        await rm(fresh, { force: true });
        throw error;
      }
    },
  };
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
