// What each package lets out: its public names with their types, held in tools/surface/NAME.txt.
//   node tools/surface.ts [--write]
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publicNames } from './surface/declarations.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The text of each package's snapshot, by the package's folder name. */
export function surfaces(): ReadonlyMap<string, string> {
  const out = mkdtempSync(join(tmpdir(), 'surface-'));
  try {
    emitDeclarations(out);
    const manifests = globSync('packages/*/package.json', { cwd: root }).toSorted();
    return new Map(manifests.map((path) => [basename(dirname(path)), surfaceOf(dirname(path), out)]));
  } finally {
    rmSync(out, { recursive: true });
  }
}

/** Type errors are another check's business: declarations are written all the same. */
function emitDeclarations(out: string): void {
  const config = join(out, 'tsconfig.json');
  const compilerOptions = { noEmit: false, declaration: true, emitDeclarationOnly: true, outDir: join(out, 'd'), rootDir: root, types: [] };
  writeFileSync(config, JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, include: [join(root, 'packages/*/src')] }));
  try {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', config], { stdio: 'ignore' });
  } catch {
    // see above
  }
}

function surfaceOf(folder: string, out: string): string {
  const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
    readonly exports: Record<string, Record<string, string>>;
  };
  const entries = Object.entries(manifest.exports).map(([entry, targets]) => {
    const path = join(out, 'd', folder, (targets['openclaw-source'] ?? '').replace(/\.ts$/, '.d.ts'));
    if (!existsSync(path)) return `## ${entry}\n(nothing yet)\n`;
    const names = publicNames(path, (file) => readFileSync(file, 'utf8'));
    return `## ${entry}: ${names.length} names\n\n${names.map(({ text }) => `${text}\n`).join('\n')}`;
  });
  return `# ${folder}\n\n${entries.join('\n')}`;
}

/** The lines that only one of the two has. */
function difference(before: string, after: string): string {
  const old = before.split('\n');
  const now = after.split('\n');
  const lines = [
    ...old.filter((line) => !now.includes(line)).map((line) => `    - ${line}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `    + ${line}`),
  ];
  return lines.length > 0 ? lines.join('\n') : '    (the order differs)';
}

if (import.meta.main) {
  const write = process.argv.includes('--write');
  let changed = 0;
  for (const [name, now] of surfaces()) {
    const file = join(root, 'tools/surface', `${name}.txt`);
    const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
    if (before === now) continue;
    changed++;
    console.log(`surface of ${name} ${write ? 'accepted' : 'changed'}\n${difference(before, now)}`);
    if (write) writeFileSync(file, now);
  }
  if (changed > 0 && !write) {
    console.log('If this is meant, accept it with: npm run surface');
    process.exitCode = 1;
  }
}
