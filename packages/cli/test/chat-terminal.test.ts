/** The chat on a terminal, against a server in this process with the simulated model. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@openclaw-runtime/kit';
import { expect, test, vi } from 'vitest';
import { openHouse } from '../src/compose.ts';
import { createMachine } from '../src/machine/machine.ts';
import { main } from '../src/program.ts';
import { createFakeWorld, type FakeWorld } from './fake-world.ts';
import { createTerminal, type Terminal } from './terminal.ts';

// Each opens whole houses.
vi.setConfig({ testTimeout: 60_000 });

const QUICK = 'simulated?tokens=4&ms=20';
const SLOW = 'simulated?tokens=400&ms=20000';

/** A data folder of its own, and a terminal on which somebody sits. */
interface Stage extends Disposable {
  readonly world: FakeWorld;
  readonly terminal: Terminal;
  /** Another terminal, on the same data. */
  another(): Stage;
  start(model: string, ...more: string[]): Promise<number>;
  /** Resolves when the screen does, looking at each turn of the loop. */
  shows(...patterns: readonly RegExp[]): Promise<void>;
  type(data: string): void;
  screen(): string;
}

function openStage(folder = mkdtempSync(join(tmpdir(), 'openclaw-chat-'))): Stage {
  const terminal = createTerminal(100);
  const fake = createFakeWorld(true);
  fake.env.NO_COLOR = '1';
  const world = { ...fake, out: terminal, err: terminal, machine: createMachine(systemClock), openHouse };
  const screen = (): string => terminal.rows().join('\n');
  return {
    world,
    terminal,
    screen,
    another: () => openStage(folder),
    type: world.type,
    start: (model, ...more) => main(['chat', '--data', join(folder, 'data'), '--model', model, ...more], '1', world),
    async shows(...patterns) {
      while (!patterns.every((pattern) => pattern.test(screen()))) await new Promise((resolve) => setImmediate(resolve));
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

test('a question is answered below it, then the next one is asked for; Ctrl-D leaves', async () => {
  using stage = openStage();
  const ended = stage.start(QUICK);
  await stage.shows(/session chat/, /❯ $/);
  stage.type('hello');
  await stage.shows(/❯ hello$/);
  stage.type('\r');
  await stage.shows(/❯ hello\n(?:\w+ ){4}\n❯ $/);
  stage.type('\u0004');
  expect(await ended).toBe(0);
});

test('Esc stops the answer; what was said stays', async () => {
  using stage = openStage();
  const ended = stage.start(SLOW);
  await stage.shows(/❯ $/);
  stage.type('hello\r');
  await stage.shows(/❯ hello\n\w+ \w+/);
  stage.type('\u001b');
  await stage.shows(/the run was cancelled\n❯ $/);
  stage.type('/quit\r');
  expect(await ended).toBe(0);
});

test('a text with Esc stops the answer and is answered itself; one that is sent waits for the next step', async () => {
  using stage = openStage();
  const ended = stage.start(SLOW);
  await stage.shows(/❯ $/);
  stage.type('first\r');
  await stage.shows(/❯ first\n\w+ \w+/);
  stage.type('second');
  await stage.shows(/❯ second$/);
  stage.type('\u001b');
  await stage.shows(/❯ second\n[^❯]*\n\n\w+ /);
  stage.type('third\r');
  await stage.shows(/❯ third\n/);
  stage.type('\u001b');
  await stage.shows(/the run was cancelled/);
  stage.type('\u0003');
  await stage.shows(/Ctrl-C again leaves/);
  stage.type('\u0003');
  expect(await ended).toBe(130);
});

test('an answer that is on its way goes on for whoever comes back to the session', async () => {
  using stage = openStage();
  const first = stage.start('simulated?tokens=60&ms=6000', '--session', 'kept');
  await stage.shows(/❯ $/);
  stage.type('hello\r');
  await stage.shows(/❯ hello\n\w+ \w+ \w+/);
  stage.type('\u0004');
  expect(await first).toBe(0);
  expect(stage.screen()).toMatch(/the answer goes on: claw runs tail [\w-]{8}/);
  const said = /❯ hello\n([^\n]+)/.exec(stage.screen())?.[1] ?? '';

  const again = stage.another();
  const second = again.start('simulated?tokens=60&ms=6000', '--session', 'kept');
  await again.shows(/the last answer goes on:\n\w+/, /\w+ \n❯ $/);
  expect(again.screen()).toContain(said.trim().slice(0, 20));
  again.type('\u0004');
  expect(await second).toBe(0);
});

test('several lines are one message; words of the chat are obeyed', async () => {
  using stage = openStage();
  const ended = stage.start(QUICK);
  await stage.shows(/❯ $/);
  stage.type('one\\\r');
  stage.type('two\u001b\rthree');
  await stage.shows(/❯ one\n {2}two\n {2}three$/);
  stage.type('\r');
  await stage.shows(/❯ one\n {2}two\n {2}three\n(?:\w+ ){4}\n❯ $/);
  stage.type('/new plans\r');
  await stage.shows(/session plans\n❯ $/);
  stage.type('/model other\r');
  await stage.shows(/model other\n❯ $/);
  stage.type('/modle\r');
  await stage.shows(/there is no \/modle\. Did you mean \/model\?/);
  stage.type('hi\r');
  await stage.shows(/claw: NOT_FOUND: .*other/);
  stage.type('/quit\r');
  expect(await ended).toBe(0);
});
