import { closeSync, fsyncSync, openSync } from 'node:fs';

/** The names in the folder are on the disk when it returns. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  fsyncSync(folder);
  closeSync(folder);
}
