/** Programs with a house inside, in real processes: the samples as they are written down, and what becomes of them when they are killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { TaskOutcome } from 'openclaw-runtime';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Line, type ScriptedProvider, type ScriptedRequest, startScriptedProvider } from '../provider/scripted.ts';
import { type Course, startCourse } from './course.ts';
import { type Folder, makeFolder } from './folder.ts';

let provider: ScriptedProvider;
let course: Course;
let folder: Folder;
/** Answers to whom the system message names; a test may put another in its place. */
let script: (request: ScriptedRequest) => Line | Promise<Line>;
const programs: { kill(): Promise<void> }[] = [];

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

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Program {
  readonly ended: Promise<Ended>;
  kill(): Promise<void>;
}

/** A sample as a process of its own, in the test's folder. */
function start(sample: string, ...args: readonly string[]): Program {
  const file = fileURLToPath(new URL(`samples/${sample}.ts`, import.meta.url));
  const flags = ['--conditions=openclaw-source', '--disable-warning=ExperimentalWarning'];
  const env = { PATH: process.env.PATH, HOME: folder.path, OLLAMA_HOST: '127.0.0.1:9' };
  const child = spawn(process.execPath, [...flags, file, ...args], { cwd: folder.path, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = once(child, 'exit');
  const program = {
    ended: Promise.all([exit, text(child.stdout), text(child.stderr)]).then(([[code], out, err]) => ({ code, out, err })),
    async kill() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exit;
    },
  };
  programs.push(program);
  return program;
}

/** What a program printed, which ends by itself and has nothing to complain of. */
async function printed<T>(program: Program): Promise<T> {
  const { code, out, err } = await program.ended;
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as T;
}

const coded = (module: string): object => ({
  agents: { default: { module: fileURLToPath(new URL(`samples/${module}`, import.meta.url)) } },
});

describe('the samples as they are written down', () => {
  test('an agent with snapshots carries out an operation', async () => {
    configure(coded('trainer.ts'));
    expect(await start('seed-snapshots').ended).toEqual({ code: 0, out: 'trained\n', err: '' });
  });

  test('what failed goes on from its snapshot, and an agent that keeps failing is told so', async () => {
    configure(coded('trainer.ts'));
    const { code, out, err } = await start('seed-recovery').ended;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const [caught, answer] = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(caught).toMatchObject({
      snapshot: { operation: 'fail-once', version: 1, state: { epoch: 7, losses: [] }, seq: expect.any(Number) },
    });
    expect(caught?.['caught']).toContain('the disk was full, say');
    expect(answer).toMatchObject({ status: 'completed', text: 'Hello there.' });
  });

  test('a pool has three agents work until the reviewer accepts', async () => {
    configure({ tools: { fs: { writable: true } } });
    script = crew();
    const task = await printed<Record<string, unknown>>(start('seed-pool'));
    expect(task).toMatchObject({
      accepted: true,
      rounds: 2,
      results: {
        coder: { status: 'completed', text: 'Wrote x.js.' },
        tester: { status: 'completed', text: 'Nothing was run: there is no tool for it.' },
        reviewer: { status: 'completed', verdict: { accept: true, summary: 'It does what was asked.', findings: [] } },
      },
    });
    // One workspace for all of the task, which is that of its own run.
    const [file = ''] = globSync('.openclaw/workspaces/*/*/x.js', { cwd: folder.path });
    expect(file).toContain(String(task['run']));
    expect(readFileSync(join(folder.path, file), 'utf8')).toBe('export const x = 2;\n');
  });
});

/** A coder that writes, a tester that runs it where it can, and a reviewer that accepts what is in the file once it is right. */
function crew(): typeof script {
  return ({ messages, tools = [] }) => {
    const [system, user] = messages;
    const last = messages.at(-1);
    const has = (name: string): boolean => tools.some((tool) => tool.function.name === name);
    const who = /^You are a (\w+)/.exec(system?.content ?? '')?.[1];
    if (who === 'programmer') {
      if (last?.role === 'tool') return { text: 'Wrote x.js.' };
      const again = user?.content?.includes('x has to be 2') ?? false;
      return { calls: [{ name: 'fs_write', arguments: { path: 'x.js', text: `export const x = ${again ? 2 : 1};\n` } }] };
    }
    if (who === 'tester') {
      if (last?.role === 'tool') return { text: `It printed: ${last.content}` };
      if (!has('shell_run')) return { text: 'Nothing was run: there is no tool for it.' };
      return {
        calls: [{ name: 'shell_run', arguments: { argv: ['node', '-e', "import('./x.js').then(({ x }) => console.log('x is', x))"] } }],
      };
    }
    const results = messages.filter(({ role }) => role === 'tool');
    if (results.length === 0) return { calls: [{ name: 'fs_read', arguments: { path: 'x.js' } }] };
    if (results.length === 2) return { text: 'That is all.' };
    const verdict = results[0]?.content?.includes('x = 2')
      ? { accept: true, summary: 'It does what was asked.' }
      : { accept: false, summary: 'Not yet.', findings: ['x has to be 2'] };
    return { calls: [{ name: 'verdict', arguments: verdict }] };
  };
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
    const { error } = await printed<Refused>(start('pool', '1.5', task(['coder', 'tester'])));
    expect(error).toMatchObject({ code: 'AGENT_HUNG', message: expect.stringContaining('tester was still at work after 1.5 s') });
    // All that it had begun has ended: nothing goes on when the folder is opened again.
    script = () => ({ text: 'Fine.' });
    const asked = provider.requests.length;
    const { text } = await printed<{ readonly text: string }>(start('ask', 'And now?'));
    expect(text).toBe('Fine.');
    expect(provider.requests.length).toBe(asked + 1);
  });
});
