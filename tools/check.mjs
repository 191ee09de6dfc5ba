// Everything that can be said about the code without running it. All checks run, also after one failed.
//   node tools/check.mjs [--json] [NAME…]
import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';

const root = new URL('..', import.meta.url).pathname;
const bin = (name, path) => [process.execPath, `${root}node_modules/${name}/${path}`];
const tool = (name) => [
  process.execPath,
  '--conditions=openclaw-source',
  '--disable-warning=ExperimentalWarning',
  `${root}tools/${name}.ts`,
];

const CHECKS = {
  format: [...bin('@biomejs/biome', 'bin/biome'), 'check', '.'],
  lint: [...bin('oxlint', 'bin/oxlint'), '--type-aware', '--quiet', 'packages', 'tests', 'bench', 'tools', 'examples', 'vitest.config.ts'],
  types: [...bin('typescript', 'bin/tsc'), '-p', '.'],
  rooms: tool('rooms'),
  habits: tool('habits'),
  errors: tool('errors'),
  surface: tool('surface'),
  metrics: tool('metrics'),
  planted: tool('planted'),
};

const json = process.argv.includes('--json');
const wanted = process.argv.slice(2).filter((name) => !name.startsWith('--'));
const unknown = wanted.filter((name) => !Object.hasOwn(CHECKS, name));
if (unknown.length > 0) {
  console.error(`check: there is no check "${unknown[0]}". There are: ${Object.keys(CHECKS).join(' ')}`);
  process.exit(2);
}

const results = [];
for (const [name, command] of Object.entries(CHECKS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const result = { name, ...(await run(command)) };
  results.push(result);
  if (json) continue;
  console.log(`${result.ok ? 'ok  ' : 'FAIL'} ${name.padEnd(8)} ${(result.ms / 1000).toFixed(1)} s`);
  if (!result.ok) console.log(result.output.replaceAll(/^/gm, '     '));
}
if (json) console.log(JSON.stringify({ ok: results.every(({ ok }) => ok), checks: results }));
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;

function run([command, ...args]) {
  const began = performance.now();
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ ok: code === 0, ms: Math.round(performance.now() - began), output: output.trimEnd() }));
  });
}
