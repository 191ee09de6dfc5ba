/** What of a workspace's `package.json` matters for publishing; the rest is passed on as it is. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly files: readonly string[];
  readonly exports: Readonly<Record<string, Targets>>;
  readonly [field: string]: unknown;
}

export type Targets = string | { readonly [condition: string]: Targets };

/** Under it, packages resolve to their sources in the workspace. */
export const SOURCE = 'openclaw-source';

/** As it is published: without the condition of the sources, which stay here, and without entries that have nothing else. */
export function publishedManifest(manifest: Manifest): Manifest {
  const entries = Object.entries(manifest.exports).map(([entry, targets]) => [entry, withoutSource(targets)] as const);
  const exports = Object.fromEntries(entries.filter((pair): pair is readonly [string, Targets] => pair[1] !== undefined));
  return { ...manifest, exports: { ...exports, './package.json': './package.json' } };
}

function withoutSource(targets: Targets): Targets | undefined {
  if (typeof targets === 'string') return targets;
  const left = Object.entries(targets).filter(([condition]) => condition !== SOURCE);
  return left.length > 0 ? Object.fromEntries(left) : undefined;
}

/** A program's text as it is published: its first line asks for no sources. */
export function publishedProgram(text: string): string {
  return text.replace(`--conditions=${SOURCE} `, '');
}

/** Declarations name the files that are there: the compiler rewrites endings in code only. */
export function publishedDeclarations(text: string): string {
  return text.replaceAll(/(\bfrom |\bimport\(|^import )(['"])(\.[^'"\n]*)\.ts\2/gm, '$1$2$3.js$2');
}
