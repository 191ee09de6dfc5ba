import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A copy of the sources in which patches were applied. */
export interface Tree extends Disposable {
  readonly root: string;
}

const COPIED = ['packages', 'tests', 'package.json', 'tsconfig.json'];
/** What agents' modules import beside the workspace's own: threads may read what is in the tree, not where links lead. */
const COPIED_MODULES = ['zod'];

/** Copies the tree at `root` and applies the patches. Rejects with what git says when one does not apply. */
export async function openTree(root: string, patches: readonly string[]): Promise<Tree> {
  const copy = mkdtempSync(join(tmpdir(), 'openclaw-planted-'));
  const remove = (): void => rmSync(copy, { recursive: true, force: true });
  try {
    const filter = (path: string): boolean => !path.endsWith('/node_modules') && !path.endsWith('/dist');
    for (const name of COPIED) cpSync(join(root, name), join(copy, name), { recursive: true, filter });
    linkModules(root, copy);
    for (const patch of patches) await promisify(execFile)('git', ['apply', '--whitespace=nowarn', patch], { cwd: copy });
  } catch (error) {
    remove();
    throw error;
  }
  return { root: copy, [Symbol.dispose]: remove };
}

/** All that was installed, by links; the workspace's own packages lead to the copy. */
function linkModules(root: string, copy: string): void {
  const from = join(root, 'node_modules');
  const to = join(copy, 'node_modules');
  mkdirSync(to);
  for (const name of readdirSync(from)) if (!name.startsWith('.')) symlinkSync(join(from, name), join(to, name));
  for (const folder of readdirSync(join(copy, 'packages'))) {
    const { name } = JSON.parse(readFileSync(join(copy, 'packages', folder, 'package.json'), 'utf8')) as { readonly name: string };
    const [scope, bare] = name.split('/');
    if (bare !== undefined && scope !== undefined && !isOwn(to, scope)) {
      rmSync(join(to, scope), { force: true });
      mkdirSync(join(to, scope));
    }
    rmSync(join(to, name), { force: true });
    symlinkSync(join(copy, 'packages', folder), join(to, name));
  }
  for (const name of COPIED_MODULES) {
    rmSync(join(to, name), { force: true });
    cpSync(join(from, name), join(to, name), { recursive: true });
  }
}

/** Whether the scope's folder is the copy's, and no link to the original's. */
function isOwn(modules: string, scope: string): boolean {
  return readdirSync(modules, { withFileTypes: true }).some((entry) => entry.name === scope && entry.isDirectory());
}
