#!/usr/bin/env -S node --conditions=openclaw-source --disable-warning=ExperimentalWarning --max-semi-space-size=256 --no-allocation-site-pretenuring --v8-pool-size=1
// Plain JavaScript, so that an old Node can at least say that it is too old. The wider nursery suits thousands of runs that
// live for less than a second: with the default one their garbage is moved about before it dies. One helper thread for the
// collector leaves a small machine’s other core to the store: at 10,000 runs a second the slowest answers come a third sooner.
// Pretenuring would make what most runs need old at once, and whatever that holds when it is dead would be copied for nothing.
import { readFileSync } from 'node:fs';
import module from 'node:module';

const NEEDED = 24;
const [major] = process.versions.node.split('.');
if (Number(major) < NEEDED) {
  console.error(
    `claw: Node ${process.versions.node} is too old. Install Node ${NEEDED} or newer, or call it through npx where npm installed one.`,
  );
  process.exit(1);
}
module.enableCompileCache?.();
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const { runProgram } = await import('@openclaw-runtime/cli/bin');
await runProgram(version);
