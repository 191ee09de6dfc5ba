// Compiles all packages and lays each out in dist/packages as it is published: JavaScript, declarations, a manifest of its own.
//   node tools/pack/build.ts
import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Manifest, publishedDeclarations, publishedManifest, publishedProgram } from './manifest.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface BuiltPackage {
  readonly name: string;
  readonly version: string;
  /** The folder that is published. */
  readonly path: string;
}

/** Throws where the sources do not compile. */
export function build(): readonly BuiltPackage[] {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], { stdio: ['ignore', 'inherit', 'inherit'] });
  return globSync('packages/*/package.json', { cwd: root }).toSorted().map(layOut);
}

function layOut(path: string): BuiltPackage {
  const folder = basename(dirname(path));
  const source = join(root, 'packages', folder);
  const target = join(root, 'dist/packages', folder);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const manifest = publishedManifest(JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as Manifest);
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  cpSync(join(root, 'LICENSE'), join(target, 'LICENSE'));
  if (manifest.name === 'openclaw-runtime') cpSync(join(root, 'README.md'), join(target, 'README.md'));
  for (const name of globSync('bin/*', { cwd: source })) {
    write(join(target, name), publishedProgram(readFileSync(join(source, name), 'utf8')), statSync(join(source, name)).mode);
  }
  for (const name of globSync('src/**/*', { cwd: source })) {
    if (statSync(join(source, name)).isDirectory()) continue;
    const from = join(root, 'dist/build', folder);
    const to = join(target, name.replace('src', 'dist'));
    if (!name.endsWith('.ts')) {
      mkdirSync(dirname(to), { recursive: true });
      cpSync(join(source, name), to);
      continue;
    }
    // By what there are sources of: what an earlier build left behind is nobody's.
    write(to.replace(/\.ts$/, '.js'), readFileSync(join(from, name.replace(/\.ts$/, '.js')), 'utf8'));
    write(to.replace(/\.ts$/, '.d.ts'), publishedDeclarations(readFileSync(join(from, name.replace(/\.ts$/, '.d.ts')), 'utf8')));
  }
  return { name: manifest.name, version: manifest.version, path: target };
}

function write(path: string, text: string, mode?: number): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode });
}

if (import.meta.main) {
  const packages = build();
  console.log(`build: ${packages.length} packages in dist/packages`);
}
