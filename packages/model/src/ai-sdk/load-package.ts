import { readFileSync } from 'node:fs';
import { createRequire, findPackageJSON } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { OpenClawError } from '@openclaw-runtime/protocol';

type Exports = Readonly<Record<string, unknown>>;

/** The exports of a package as somebody in `folder` would import it; a path that begins with a dot or a slash is a file. Throws `BAD_CONFIG`. */
export async function loadPackage(provider: string, name: string, folder: string): Promise<Exports> {
  const file = findPackage(name, folder);
  if (file === undefined) {
    const todo = isPath(name)
      ? 'Paths start at the folder of the configuration file.'
      : `In the folder of the configuration file, run: npm install ${name}`;
    throw new OpenClawError('BAD_CONFIG', `providers.${provider}.package: there is no package "${name}". ${todo}`);
  }
  try {
    return (await import(pathToFileURL(file).href)) as Exports;
  } catch (error) {
    const message = `providers.${provider}.package: "${name}" cannot be loaded: ${(error as Error).message}`;
    throw new OpenClawError('BAD_CONFIG', message, { cause: error });
  }
}

/** The file that is the package's entry for whoever imports it from `folder`, or `undefined` when it is not installed there. */
export function findPackage(name: string, folder: string): string | undefined {
  const from = join(folder, 'openclaw.yaml');
  try {
    if (isPath(name)) return createRequire(from).resolve(resolve(folder, name));
    return importEntry(name, from) ?? createRequire(from).resolve(name);
  } catch {
    return undefined;
  }
}

function isPath(name: string): boolean {
  return /^\.{0,2}\//.test(name);
}

/** What a package exports to `import`, which Node has no public way to ask for from elsewhere. */
function importEntry(name: string, from: string): string | undefined {
  const manifest = findPackageJSON(name, pathToFileURL(from));
  if (manifest === undefined) return undefined;
  const { exports } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly exports?: unknown };
  const entry = chosen(isGroup(exports) && '.' in exports ? exports['.'] : exports);
  return entry === undefined ? undefined : join(dirname(manifest), entry);
}

/** Conditions count in the order in which the package wrote them. */
function chosen(target: unknown): string | undefined {
  if (typeof target === 'string') return target;
  if (!isGroup(target)) return undefined;
  for (const [condition, value] of Object.entries(target)) {
    const entry = /^(node|import|default|module-sync)$/.test(condition) ? chosen(value) : undefined;
    if (entry !== undefined) return entry;
  }
  return undefined;
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
