import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of its own for one test, gone at its end. */
export interface Folder extends Disposable {
  readonly path: string;
  readonly in: (name: string) => string;
}

export function makeFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'openclaw-house-'));
  return { path, in: (name) => join(path, name), [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
