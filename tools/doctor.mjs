// Runs after every `npm install` and `npm ci`, on whatever Node npm itself runs on: says at once when npm skipped the
// platform package that brings the project's own Node, instead of letting a later step fail strangely.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const wanted = readFileSync(join(root, '.node-version'), 'utf8').trim();
const node = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');

const fail = (what, todo) => {
  console.error(`doctor: ${what}\n        ${todo}`);
  process.exit(1);
};

if (!existsSync(node)) {
  const own = process.versions.node.split('.')[0];
  if (Number(own) >= Number(wanted.split('.')[0])) process.exit(0);
  fail(
    `npm installed no Node ${wanted} for ${process.platform}-${process.arch}.`,
    `Install Node ${wanted} yourself and run npm ci again, or check that npm ran without --omit=optional.`,
  );
}
const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().slice(1);
if (version !== wanted)
  fail(`node_modules/.bin/node is ${version}, the project is written for ${wanted}.`, 'Remove node_modules and run npm ci.');
