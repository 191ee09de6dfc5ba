// Every planted bug can still be planted: its patch applies to the sources as they are. What the tests that play them would find out only after minutes.
//   node tools/planted.ts
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';

const root = new URL('..', import.meta.url).pathname;
const patches = globSync('tests/*/planted/*.patch', { cwd: root }).sort();
if (patches.length === 0) throw new Error('No planted bugs were found.');

const stale = patches.flatMap((patch) => {
  const { status, stderr } = spawnSync('git', ['apply', '--check', patch], { cwd: root, encoding: 'utf8' });
  return status === 0 ? [] : [`${patch}: ${stderr.trim().split('\n').at(-1)}`];
});
for (const line of stale) console.error(`${line}. Make the patch anew: the same bug in the code as it is now.`);
process.exitCode = stale.length > 0 ? 1 : 0;
