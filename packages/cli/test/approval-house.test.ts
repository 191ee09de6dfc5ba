/** A whole house in this process: a tool of the house that needs a person's word, from the model's call to its answer. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@openclaw-runtime/kit';
import { expect, test, vi } from 'vitest';
import { openHouse } from '../src/compose.ts';
import { createMachine } from '../src/machine/machine.ts';
import { main } from '../src/program.ts';
import { createFakeWorld } from './fake-world.ts';
import { createTerminal } from './terminal.ts';

// It opens a whole house.
vi.setConfig({ testTimeout: 60_000 });

const MODEL = 'simulated?tool=calc&tokens=4&ms=20';

test('claw chat asks, and the run goes on with the answer', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'openclaw-approval-'));
  try {
    const terminal = createTerminal(100);
    const fake = createFakeWorld(true);
    fake.env.NO_COLOR = '1';
    fake.files['/home/openclaw.yaml'] = 'tools: {calc: true, ask: [calc]}\nagents: {default: {uses: [calc]}}\n';
    const world = { ...fake, out: terminal, err: terminal, machine: createMachine(systemClock), openHouse };
    const shows = async (pattern: RegExp): Promise<void> => {
      while (!pattern.test(terminal.rows().join('\n'))) await new Promise((resolve) => setImmediate(resolve));
    };
    const ended = main(['chat', '--data', join(folder, 'data'), '--model', MODEL], '1', world);
    await shows(/❯ $/);
    world.type('1+1\r');
    await shows(/→ calc .*\nclaw: may the agent call calc with exactly this\?\n {2}│ \{"input":"1\+1"\}\ny or n/);
    world.type('n\r');
    await shows(/◆ denied\n← calc .*DENIED.*\n\n(?:\w+ ){4}\n❯ $/);
    world.type('\u0004');
    expect(await ended).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
