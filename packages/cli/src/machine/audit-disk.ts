import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AuditDisk } from '@openclaw-runtime/audit';

/** `<data>/audit`, and its key beside it: neither is for anybody else of this machine. */
export function createAuditDisk(dataDir: string): AuditDisk {
  const folder = join(dataDir, 'audit');
  const keyFile = join(dataDir, 'audit.key');
  const findKey = (): Promise<Uint8Array | undefined> => orAbsent(readFile(keyFile));
  return {
    findKey,
    async key(make) {
      const known = await findKey();
      if (known) return { key: known, fresh: false };
      const key = make();
      await writeWhole(keyFile, key);
      return { key, fresh: true };
    },
    names: async () => (await orAbsent(readdir(folder))) ?? [],
    async read(name, from = 0) {
      const bytes = await orAbsent(readFile(join(folder, name)));
      return bytes?.subarray(from);
    },
    async append(name, at, bytes) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      // Opened anew each time: it is written once a second, and must go where it is looked for.
      const file = await open(join(folder, name), at === 0 ? 'a+' : 'r+', 0o600);
      try {
        const { size } = await file.stat();
        if (size < at) throw new Error(`${join(folder, name)} is shorter than it was: it had ${at} bytes and has ${size}`);
        if (size > at) await file.truncate(at);
        for (let written = 0; written < bytes.length; ) {
          written += (await file.write(bytes, written, bytes.length - written, at + written)).bytesWritten;
        }
        await file.datasync();
      } finally {
        await file.close();
      }
    },
    replace: (name, text) => writeWhole(join(folder, name), new TextEncoder().encode(text)),
  };
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = `${path}.new`;
  const file = await open(fresh, 'w', 0o600);
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
}

async function orAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
