import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importsOf } from './imports.ts';

/** One package as the check sees it. Paths are relative to the workspace root, with `/`. */
export interface Room {
  readonly name: string;
  readonly packageName: string;
  readonly dependencies: readonly string[];
  readonly exports: readonly string[];
  /** Shipped files with what each imports. */
  readonly sources: readonly SourceFile[];
  /** Test files with what each imports. */
  readonly tests: readonly SourceFile[];
}

export interface SourceFile {
  readonly path: string;
  readonly imports: readonly string[];
}

export interface House {
  readonly rooms: readonly Room[];
  /** npm packages that the workspace's root declares: what tests and tools may use. */
  readonly rootDependencies: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly exports?: Record<string, unknown>;
}

/** Reads all packages under `root/packages`. */
export function readHouse(root: string): House {
  const manifests = globSync('packages/*/package.json', { cwd: root }).toSorted();
  return {
    rooms: manifests.map((path) => readRoom(root, slashes(path))),
    rootDependencies: existsSync(join(root, 'package.json')) ? declared(readManifest(root, 'package.json')) : [],
  };
}

function readRoom(root: string, path: string): Room {
  const folder = path.slice(0, -'/package.json'.length);
  const manifest = readManifest(root, path);
  const files = (pattern: string): readonly SourceFile[] =>
    globSync(`${folder}/${pattern}`, { cwd: root })
      .map(slashes)
      .toSorted()
      .map((file) => ({ path: file, imports: importsOf(readFileSync(join(root, file), 'utf8')) }));
  return {
    name: folder.slice('packages/'.length),
    packageName: manifest.name,
    dependencies: Object.keys(manifest.dependencies ?? {}),
    exports: Object.keys(manifest.exports ?? {}),
    sources: [...files('src/**/*.ts'), ...files('bin/**/*.mjs')],
    tests: files('test/**/*.ts'),
  };
}

function readManifest(root: string, path: string): Manifest {
  return JSON.parse(readFileSync(join(root, path), 'utf8')) as Manifest;
}

function declared(manifest: Manifest): readonly string[] {
  return [...Object.keys(manifest.dependencies ?? {}), ...Object.keys(manifest.devDependencies ?? {})];
}

function slashes(path: string): string {
  return path.replaceAll('\\', '/');
}
