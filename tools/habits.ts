// Habits of the house that the linter has no rule for. One line per fault.
//   node tools/habits.ts
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Habit {
  readonly pattern: RegExp;
  readonly says: string;
}

/** Formatted code has module level at column 0, and only there. */
const HABITS: readonly Habit[] = [
  { pattern: /^(?:export )?(?:let|var) /m, says: 'state of a module: put it into what a createX or openX returns' },
  { pattern: /^export \* /m, says: 'export *: name what goes out' },
  { pattern: /^(?:export )?(?:const )?enum /m, says: 'an enum: Node runs the sources and refuses it; use a union' },
  { pattern: /\bnew Date\(\)/, says: 'the time of day: take a Clock' },
  {
    pattern: /@ts-(?:ignore|nocheck)|biome-ignore|(?:oxlint|eslint)-disable(?!-next-line [\w/-]+ -- )/,
    says: 'a check is switched off without a reason: one line, one rule, ` -- why`',
  },
  { pattern: /\b(?:describe|test|it)\.(?:only|skip|todo)\(/, says: 'a test that is left out: say why with skipIf, or mend it' },
];

const FOLDERS = /\/(?:utils?|helpers?|common|shared|misc|core)(?:\.ts|\/)/;

/** Faults of one file; `path` is relative to the workspace. */
export function faultsOfText(path: string, text: string): readonly string[] {
  const lines = HABITS.flatMap(({ pattern, says }) => {
    const hit = pattern.exec(text);
    return hit ? [`${path}:${text.slice(0, hit.index).split('\n').length} ${says}`] : [];
  });
  return FOLDERS.test(path) ? [...lines, `${path} a name that says nothing: name it for its deed`] : lines;
}

if (import.meta.main) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const files = globSync('packages/*/{src,test}/**/*.ts', { cwd: root });
  const faults = files.flatMap((path) => faultsOfText(path.replaceAll('\\', '/'), readFileSync(join(root, path), 'utf8')));
  console.log(`habits: ${files.length} files, ${faults.length} faults`);
  for (const fault of faults) console.log(`  ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
}
