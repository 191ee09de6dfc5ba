import type { AuditDisk } from '../src/index.ts';

/** A folder in memory that refuses when it is told to. */
export interface MemoryDisk extends AuditDisk {
  readonly files: Map<string, string>;
  refuses: Error | undefined;
  appends: number;
}

export function createMemoryDisk(): MemoryDisk {
  const files = new Map<string, string>();
  let key: Uint8Array | undefined;
  const disk: MemoryDisk = {
    files,
    refuses: undefined,
    appends: 0,
    async key(make) {
      const fresh = key === undefined;
      key ??= make();
      return { key, fresh };
    },
    findKey: async () => key,
    names: async () => [...files.keys()],
    async read(name, from = 0) {
      const text = files.get(name);
      return text === undefined ? undefined : Buffer.from(text).subarray(from);
    },
    async append(name, at, bytes) {
      if (disk.refuses) throw disk.refuses;
      disk.appends++;
      const old = Buffer.from(files.get(name) ?? '');
      if (old.length < at) throw new Error('it is shorter than it was');
      files.set(name, Buffer.concat([old.subarray(0, at), bytes]).toString());
    },
    async replace(name, text) {
      if (disk.refuses) throw disk.refuses;
      files.set(name, text);
    },
  };
  return disk;
}
