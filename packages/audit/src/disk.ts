/** Where an audit log lies: one folder of files, and its key beside it. */
export interface AuditDisk {
  /** The secret that seals records; `make` gives a new one where there is none, and `fresh` says so. */
  key(make: () => Uint8Array): Promise<{ readonly key: Uint8Array; readonly fresh: boolean }>;
  /** The key that is there, if any. */
  findKey(): Promise<Uint8Array | undefined>;
  /** Names of the files, in any order; none where there is no folder. */
  names(): Promise<readonly string[]>;
  /** A file's bytes from `from` on; undefined where it is not there. */
  read(name: string, from?: number): Promise<Uint8Array | undefined>;
  /**
   * Durable when it resolves: the file's first `at` bytes stay, what follows them is replaced. Makes folder and file. Rejects where the file is shorter than `at`.
   */
  append(name: string, at: number, bytes: Uint8Array): Promise<void>;
  /** Puts a whole file in place of the one of that name, or leaves that one. */
  replace(name: string, text: string): Promise<void>;
}
