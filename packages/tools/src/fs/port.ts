/** Opens a folder, which is made if it is not there. */
export type OpenFolder = (root: string) => Promise<Folder>;

/**
 * One run's folder. Paths are relative, with `/`, and were judged by `parsePath`; whatever links do on the way, nothing outside the folder is read, written or
 * named. Rejects with `DENIED` for what leads outside, `TOOL_FAILED` for what is not there or of the wrong kind.
 */
export interface Folder {
  /** A regular file's first `maxBytes` bytes, and its whole size. */
  read(path: string, maxBytes: number): Promise<{ readonly bytes: Uint8Array; readonly size: number }>;
  /** All or nothing: whoever reads sees the old or the new content. Folders on the way are made. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** What is in a folder, in the order of names, at most `max`. */
  list(path: string, max: number): Promise<readonly FolderEntry[]>;
  /** A file, a link or an empty folder. */
  remove(path: string): Promise<void>;
}

export interface FolderEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  /** Bytes of a file; 0 otherwise. */
  readonly size: number;
}
