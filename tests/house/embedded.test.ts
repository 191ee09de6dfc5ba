/** Programs with a house inside, in real processes, and what becomes of them when they are killed. */
import { existsSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TaskOutcome } from 'openclaw-runtime';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Line, type ScriptedProvider, type ScriptedRequest, startScriptedProvider } from '../provider/scripted.ts';
import { type Course, startCourse } from './course.ts';
import { crew } from './crew.ts';
import { type Folder, makeFolder } from './folder.ts';
import { type Program, printed, startProgram } from './program.ts';

let provider: ScriptedProvider;
let course: Course;
let folder: Folder;
/** Answers to whom the system message names; a test may put another in its place. */
let script: (request: ScriptedRequest) => Line | Promise<Line>;
const programs: Program[] = [];

beforeAll(async () => {
  provider = await startScriptedProvider((request) => script(request));
});
afterAll(() => provider[Symbol.asyncDispose]());

beforeEach(async () => {
  folder = makeFolder();
  course = await startCourse();
  script = () => ({ text: 'Hello there.' });
  configure({});
});
afterEach(async () => {
  await Promise.all(programs.splice(0).map((program) => program.kill()));
  await course[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

function configure(more: object): void {
  const scripted = { providers: { scripted: { kind: 'openai', baseUrl: provider.url } }, models: { scripted: { provider: 'scripted' } } };
  writeFileSync(folder.in('openclaw.yaml'), JSON.stringify({ ...scripted, threads: { max: 2 }, ...more }));
}

/** A sample as a process of its own, in the test's folder. */
function start(sample: string, ...args: readonly string[]): Program {
  const program = startProgram(fileURLToPath(new URL(`samples/${sample}.ts`, import.meta.url)), { cwd: folder.path, args });
  programs.push(program);
  return program;
}

test('several agents of one process get on with one data folder, whether or not they share a house', async () => {
  expect(await printed<unknown[]>(start('beside'))).toEqual(Array.from({ length: 4 }, () => ({ epoch: 0, losses: [] })));
});

interface Trained {
  readonly run: string;
  readonly value: { readonly epoch: number; readonly losses: readonly number[] };
}

describe('a process that is killed in the middle of an operation', () => {
  test('goes on in the next one from its checkpoint, with the counters of one that was not killed', async () => {
    const undisturbed = await printed<Trained>(start('train', course.url, '3'));
    expect(undisturbed.value).toEqual({ epoch: 3, losses: [100, 50, 33] });
    expect(course.asked).toEqual([1, 2, 3]);

    const begun = course.hold(3);
    const first = start('train', course.url, '5');
    await begun;
    await first.kill();
    const second = await printed<Trained>(start('train', course.url, '5'));
    expect(second.value).toEqual({ epoch: 5, losses: [100, 50, 33, 25, 20] });
    // The third was under way: it is the only one that was asked for again.
    expect(course.asked.slice(3)).toEqual([1, 2, 3, 3, 4, 5]);
    expect(second.run).not.toBe(undisturbed.run);
  });

  test('one that failed goes on from its last checkpoint as a fork', async () => {
    course.fail(3);
    const first = await start('train', course.url, '4').ended;
    expect(first.code).toBe(1);
    expect(first.err).toContain('epoch 3: 500');
    const second = await printed<Trained>(start('train', course.url, '4'));
    expect(second.value).toEqual({ epoch: 4, losses: [100, 50, 33, 25] });
    expect(course.asked).toEqual([1, 2, 3, 3, 4]);
    // It completed: the next one starts anew.
    await printed<Trained>(start('train', course.url, '4'));
    expect(course.asked.slice(5)).toEqual([1, 2, 3, 4]);
  });

  test('a long log is no hindrance', async () => {
    const { first, value } = await printed<{ readonly first: string; readonly value: unknown }>(start('late'));
    expect(first).toContain('it was so near');
    expect(value).toEqual({ epoch: 1, losses: [] });
  });

  test('another process that was its guest takes the house over, and goes on', async () => {
    const [trains, asks] = [course.hold(2), Promise.withResolvers<void>()];
    const answer = Promise.withResolvers<Line>();
    script = () => {
      asks.resolve();
      return answer.promise;
    };
    const host = start('train', course.url, '3');
    await trains;
    const guest = start('ask', 'Who is there?');
    await asks.promise;
    await host.kill();
    answer.resolve({ text: 'Still here.' });
    const { run, text } = await printed<{ readonly run: string; readonly text: string }>(guest);
    expect(text).toBe('Still here.');
    expect(run).toMatch(/^[\w-]{22}$/);
    // Its house did not know the trainer: that goes on from its checkpoint where it is known again.
    expect((await printed<Trained>(start('train', course.url, '3'))).value.epoch).toBe(3);
    expect(course.asked).toEqual([1, 2, 2, 3]);
  });
});

describe('a task', () => {
  test('has a tester that runs what the coder wrote, where programs are allowed', async () => {
    const path = [dirname(process.execPath)];
    configure({
      tools: { fs: { writable: true }, shell: { programs: ['node'], path, unsandboxed: true } },
      agents: { tester: { permissions: { allow: ['shell.run'] } } },
    });
    script = crew();
    const { results, accepted } = await printed<TaskOutcome>(start('pool', '30', task(['coder', 'tester', 'reviewer'])));
    expect({ accepted, tester: results['tester']?.text }).toEqual({ accepted: true, tester: expect.stringContaining('x is 2') });
  });

  const task = (agents: readonly string[], more: object = {}): string => JSON.stringify({ agents, task: 'Do it.', ...more });
  interface Refused {
    readonly error: { readonly code: string; readonly message: string };
  }

  test('whose process is killed goes on when the folder is opened again: who was done is not asked again', async () => {
    configure({ tools: { fs: { writable: true } } });
    const tests = Promise.withResolvers<void>();
    const asked = new Map<string, number>();
    let isHeld = true;
    const lines = crew();
    script = (request) => {
      const who = /^You are a (\w+)/.exec(request.messages[0]?.content ?? '')?.[1] ?? 'nobody';
      asked.set(who, (asked.get(who) ?? 0) + 1);
      if (who !== 'tester' || !isHeld) return who === 'nobody' ? { text: 'Fine.' } : lines(request);
      isHeld = false;
      tests.resolve();
      return new Promise(() => undefined);
    };
    const first = start('pool', '30', task(['coder', 'tester', 'reviewer'], { rounds: 1 }));
    await tests.promise;
    await first.kill();
    expect(Object.fromEntries(asked)).toEqual({ programmer: 2, tester: 1 });
    // Whatever opens the folder carries on what is there, and does not end before that.
    expect(await printed(start('ask', 'And now?'))).toMatchObject({ text: 'Fine.' });
    expect(Object.fromEntries(asked)).toEqual({ programmer: 2, tester: 2, reviewer: 3, nobody: 1 });
  });

  test('of more agents than maxPerTask, or of agents that are not there, is refused before anything starts', async () => {
    const before = provider.requests.length;
    const many = await printed<Refused>(start('pool', '30', task(['coder', 'tester', 'reviewer', 'default'])));
    expect(many.error).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('maxPerTask is 3') });
    expect(existsSync(folder.in('.openclaw'))).toBe(false);
    const unknown = await printed<Refused>(start('pool', '30', task(['coder', 'nobody'])));
    expect(unknown.error).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('There is no agent nobody. Known: coder, default'),
    });
    expect(provider.requests.length).toBe(before);
  });

  test('that takes too long is cancelled with its runs, and the error names who hung', async () => {
    script = ({ messages }) =>
      messages[0]?.content?.startsWith('You are a tester') ? new Promise<Line>(() => undefined) : { text: 'Done.' };
    const { error } = await printed<Refused>(start('pool', '8', task(['coder', 'tester'])));
    expect(error).toMatchObject({ code: 'AGENT_HUNG', message: expect.stringContaining('tester was still at work after 8 s') });
    // All that it had begun has ended: nothing goes on when the folder is opened again.
    script = () => ({ text: 'Fine.' });
    const asked = provider.requests.length;
    const { text } = await printed<{ readonly text: string }>(start('ask', 'And now?'));
    expect(text).toBe('Fine.');
    expect(provider.requests.length).toBe(asked + 1);
  });
});
