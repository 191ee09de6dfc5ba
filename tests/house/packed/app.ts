import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pack } from '../../../tools/pack/pack.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Somebody's program: an empty folder into which the packages were installed as they are packed, with the samples beside them. */
export interface App {
  readonly path: string;
  readonly in: (name: string) => string;
  /** What publint says of the packages. */
  readonly faults: readonly string[];
  /** The command that npm linked. */
  readonly claw: string;
}

const SAMPLES = ['examples/seed/*.ts', 'tests/house/samples/frail-trainer.ts'];

export async function installApp(path: string): Promise<App> {
  const { archives, faults } = await pack();
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  execFileSync('npm', ['install', ...flags, ...archives], { cwd: path, stdio: ['ignore', 'ignore', 'inherit'] });
  for (const file of globSync(SAMPLES, { cwd: root })) cpSync(join(root, file), join(path, basename(file)));
  return { path, in: (name) => join(path, name), faults, claw: join(path, 'node_modules/.bin/claw') };
}

const FOREIGN = /^node_modules\/(?!@openclaw-runtime\/|openclaw-runtime\/)/;

/** Has the compiler judge files of the app by the declarations that were installed, which are judged too; throws what it has to say of them and of us. */
export function checkTypes(app: App, files: readonly string[]): void {
  const compilerOptions = {
    ...{ target: 'es2025', module: 'nodenext', lib: ['es2025', 'esnext.disposable', 'dom'], strict: true, noEmit: true },
    ...{ skipLibCheck: false, allowImportingTsExtensions: true, types: ['node'], typeRoots: [join(root, 'node_modules/@types')] },
  };
  writeFileSync(app.in('tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  try {
    execFileSync(process.execPath, [compiler, '-p', app.in('tsconfig.json')], { cwd: dirname(app.in('tsconfig.json')), encoding: 'utf8' });
  } catch (error) {
    const said = (error as { readonly stdout: string }).stdout.split('\n').filter((line) => /error TS/.test(line) && !FOREIGN.test(line));
    if (said.length > 0) throw new Error(said.join('\n'));
  }
}
