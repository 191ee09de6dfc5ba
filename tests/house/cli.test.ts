/** The program itself, in processes of its own, against a server in another: pipes, a terminal, restarts. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shortId } from '../../packages/cli/src/commands/short-id.ts';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';
import { fetchJson } from './http.ts';

const BIN = fileURLToPath(new URL('../../packages/openclaw-runtime/bin/claw.mjs', import.meta.url));
const COMMAND = [process.execPath, '--conditions=openclaw-source', '--disable-warning=ExperimentalWarning', BIN];
const QUICK = 'simulated?tokens=5&ms=20';

const folder = makeFolder();
const env: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^OPEN(AI|CLAW)_|^NO_COLOR$/.test(name))),
  TERM: 'xterm',
};
let claw: Claw;

beforeAll(async () => {
  claw = await startClaw({ data: folder.in('data') });
});

afterAll(async () => {
  await claw?.stop('SIGKILL');
  folder[Symbol.dispose]();
});

interface Done {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A `claw` that is at work. */
interface Working {
  readonly child: ChildProcessWithoutNullStreams;
  readonly out: () => string;
  readonly err: () => string;
  readonly done: Promise<Done>;
  /** Resolves when what it printed matches. */
  prints(pattern: RegExp): Promise<void>;
}

/** Escapes as a character that can be seen. */
function visible(text: string): string {
  return text.replaceAll('\u001b', '␛');
}

function work(command: readonly string[], input?: string): Working {
  const child = spawn(command[0] as string, command.slice(1), { cwd: folder.path, env });
  let [out, err] = ['', ''];
  let look: () => void = () => undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    look();
  });
  child.stdin.on('error', () => undefined);
  if (input !== undefined) child.stdin.end(input);
  const done = once(child, 'close').then(([code]) => ({ code: code as number | null, out, err }));
  return {
    child,
    out: () => out,
    err: () => err,
    done,
    prints: (pattern) =>
      new Promise((resolve, reject) => {
        look = () => {
          if (pattern.test(visible(out + err))) resolve();
        };
        look();
        void done.then(() => reject(new Error(`it ended without ${pattern}: ${out}${err}`)));
      }),
  };
}

const run = (args: readonly string[], input = ''): Promise<Done> => work([...COMMAND, ...args, '--url', claw.url], input).done;

/** The one line of JSON that a command printed. */
async function json<T>(args: readonly string[], input = ''): Promise<T & { readonly code: number | null }> {
  const { code, out } = await run([...args, '--json'], input);
  expect(out.split('\n')).toHaveLength(2);
  return { code, ...(JSON.parse(out) as T) };
}

interface Result {
  readonly run: string;
  readonly status: string;
  readonly text: string;
}

interface Listed {
  readonly runs: readonly { readonly run: string; readonly status: string; readonly session?: string }[];
}

interface Shown extends Result {
  readonly request: { readonly input: string };
  readonly steps: readonly { readonly text: string; readonly attempts: number; readonly finish: string }[];
  readonly head: number;
}

describe('over pipes', () => {
  test('a prompt comes from the line, from stdin and from a file; text goes to stdout alone', async () => {
    const plain = await run(['run', 'Hello', '--model', QUICK]);
    expect(plain).toMatchObject({ code: 0, out: expect.stringMatching(/^(?:\w+ ){5}\n$/), err: '' });
    const piped = await json<Result>(['run', '--model', QUICK], 'From a pipe.\n');
    expect((await json<Shown>(['runs', 'show', piped.run])).request.input).toBe('From a pipe.');
    const both = await json<Result>(['run', 'Review this.', '--file', '-', '--model', QUICK], 'diff\n');
    expect((await json<Shown>(['runs', 'show', both.run])).request.input).toBe('diff\n\nReview this.');
    const whole = await run(['run', 'Hello', '--no-stream', '--level', '2', '--model', QUICK]);
    expect(whole).toMatchObject({ code: 0, out: plain.out });
  });

  test('runs are listed, shown, followed and forked by the beginnings of their ids', async () => {
    const first = await json<Result>(['run', 'One.', '--model', QUICK]);
    const { runs } = await json<Listed>(['runs', 'list', '--limit', '3']);
    expect(runs[0]).toMatchObject({ run: first.run, status: 'completed' });
    const name = shortId(first.run);

    const shown = await json<Shown>(['runs', 'show', name]);
    expect(shown).toMatchObject({ code: 0, status: 'completed', steps: [{ text: first.text, attempts: 1, finish: 'stop' }] });
    expect((await run(['runs', 'show', name])).out).toContain(`run      ${first.run}\nstatus   completed (stop)\n`);

    expect(await run(['runs', 'tail', name])).toMatchObject({ code: 0, out: `${first.text}\n`, err: '' });
    expect(await run(['runs', 'tail', name, '--from', 'end'])).toMatchObject({ code: 0, out: '' });
    const raw = (await run(['runs', 'tail', name, '--raw'])).out.trimEnd().split('\n');
    expect(raw.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual(raw.map((_, i) => i + 1));
    expect(raw).toHaveLength(shown.head);

    const fork = await json<Result>(['runs', 'fork', name, '--input', 'Shorter.']);
    expect(fork).toMatchObject({ code: 0, status: 'completed' });
    expect(fork.text.startsWith(first.text)).toBe(true);
    expect(fork.text.length).toBeGreaterThan(first.text.length);
    const again = await run(['runs', 'fork', name, '--model', 'simulated?tokens=3&ms=5']);
    expect(again).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^(?:\w+ ){3}\n$/),
      err: expect.stringContaining('from record 1 of'),
    });
    expect(await run(['runs', 'fork', name, '--at', '999'])).toMatchObject({ code: 1, err: expect.stringContaining('BAD_REQUEST') });
  });

  test('what is at work can be cancelled by another; what had ended is said', async () => {
    const busy = work([...COMMAND, 'run', 'Long.', '--model', 'simulated?tokens=1000&ms=60000', '--url', claw.url, '--json'], '');
    let listed: Listed = { runs: [] };
    while (listed.runs.length === 0) listed = await json<Listed>(['runs', 'list', '--status', 'running']);
    const id = listed.runs[0]?.run ?? '';
    expect(await json(['runs', 'cancel', shortId(id)])).toMatchObject({ code: 0, cancelled: [id], ended: [] });
    const { code, out } = await busy.done;
    expect([code, (JSON.parse(out) as Result).status]).toEqual([1, 'cancelled']);
    expect(await json(['runs', 'cancel', id])).toMatchObject({ code: 0, cancelled: [], ended: [id] });
  });

  test('an interrupt cancels a run, but only leaves one that is followed', async () => {
    const asked = work([...COMMAND, 'run', 'Long.', '--model', 'simulated?tokens=1000&ms=60000', '--url', claw.url], '');
    await asked.prints(/\w+ \w+ /);
    const { runs } = await json<Listed>(['runs', 'list', '--status', 'running']);
    const id = runs[0]?.run ?? '';
    const tail = work([...COMMAND, 'runs', 'tail', id, '--url', claw.url], '');
    await tail.prints(/\w+ \w+ /);
    tail.child.kill('SIGINT');
    expect(await tail.done).toMatchObject({ code: 130, err: expect.stringContaining('the run goes on') });
    asked.child.kill('SIGINT');
    expect(await asked.done).toMatchObject({ code: 130 });
    expect((await json<Shown>(['runs', 'show', id])).status).toBe('cancelled');
  });

  test('errors are one line of JSON for every command that has --json', async () => {
    const url = 'ws://127.0.0.1:9';
    for (const args of [
      ['run', 'x'],
      ['chat'],
      ['runs', 'list'],
      ['runs', 'show', 'x'],
      ['runs', 'tail', 'x'],
      ['runs', 'cancel', 'x'],
      ['runs', 'fork', 'x'],
    ]) {
      const { code, out } = await work([...COMMAND, ...args, '--json', '--url', url], '').done;
      expect([args.join(' '), code]).toEqual([args.join(' '), 1]);
      expect(JSON.parse(out)).toMatchObject({ error: { code: 'STREAM_DISCONNECTED', message: expect.any(String) } });
    }
  });

  test('a conversation is a turn a line, and goes on by its name after the server died', { timeout: 120_000 }, async () => {
    const talk = work([...COMMAND, 'chat', '--session', 'kept', '--model', QUICK, '--json', '--url', claw.url]);
    talk.child.stdin.write('My name is Ada.\n');
    await talk.prints(/\n/);
    const { port } = claw;
    await claw.stop('SIGKILL');
    await talk.prints(/the server is gone/);
    claw = await startClaw({ data: folder.in('data'), port });
    talk.child.stdin.end('What \\\nis it?\n/quit\nNever said.\n');
    const { code, out, err } = await talk.done;
    const turns = out.trimEnd().split('\n');
    expect([code, turns.map((line) => (JSON.parse(line) as Result).status)]).toEqual([0, ['completed', 'completed']]);
    expect(err).toContain('connected again');
    const { runs } = await json<Listed>(['runs', 'list', '--limit', '2']);
    expect(runs.map(({ session }) => session)).toEqual(['kept', 'kept']);
    expect((await json<Shown>(['runs', 'show', runs[0]?.run ?? ''])).request.input).toBe('What \nis it?');
    expect((await run(['chat', '--session', 'kept', '--model', QUICK], 'Hi\n')).out).toMatch(/^(?:\w+ ){5}\n$/);
  });
});

test('a fork of a long run is made whole by the next server when this one is killed', { timeout: 180_000 }, async () => {
  const source = await json<Result>(['run', 'Long.', '--model', 'simulated?tokens=4000&ms=0']);
  const { head } = await json<Shown>(['runs', 'show', source.run]);
  const kills = [];
  for (let i = 0; i < 4; i++) {
    const headers = { 'idempotency-key': `fork ${i}` };
    const json = { input: 'More.', model: QUICK };
    const { body } = await fetchJson(`${claw.http}/v1/runs/${source.run}/fork`, { method: 'POST', headers, json });
    kills.push(body as { readonly run: string; readonly fork: { readonly seq: number } });
    const { port } = claw;
    await claw.stop('SIGKILL');
    claw = await startClaw({ data: folder.in('data'), port });
    const again = await fetchJson(`${claw.http}/v1/runs/${source.run}/fork`, { method: 'POST', headers, json });
    expect(again).toMatchObject({ status: 200, body: { run: kills[i]?.run, dup: true } });
  }
  for (const { run: id, fork } of kills) {
    const tail = await run(['runs', 'tail', id, '--raw']);
    const records = tail.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { seq: number; kind: string });
    expect(tail.code).toBe(0);
    expect(fork.seq).toBe(head - 1);
    expect(records.filter(({ kind }) => kind === 'message.given')).toMatchObject([{ seq: head }]);
    const { text, steps } = await json<Shown & Result>(['runs', 'show', id]).then((shown) => ({ ...shown, text: shown.steps[0]?.text }));
    expect(text).toBe(source.text);
    expect(steps).toHaveLength(2);
  }
});

/** util-linux has it; where it may be missing, a terminal is what the unit tests imitate. */
const hasScript = spawnSync('script', ['--version']).status === 0;

describe.skipIf(!hasScript && process.platform !== 'linux')('on a terminal', () => {
  const onTerminal = (...args: readonly string[]): Working => {
    const words = [...COMMAND, ...args, '--url', claw.url].map((word) => `'${word}'`).join(' ');
    return work(['script', '-qefc', `stty cols 100; exec ${words}`, '/dev/null']);
  };

  test('there is one: script of util-linux', () => {
    expect(hasScript).toBe(true);
  });

  test('one answers while it is typed, and stops by Esc; the screen is left as it was found', async () => {
    const chat = onTerminal('chat', '--session', 'typed', '--model', 'simulated?tokens=400&ms=40000');
    await chat.prints(/❯ /);
    chat.child.stdin.write('first\r');
    await chat.prints(/first\r?\n[^]*␛\[K\w+ \w+ /);
    chat.child.stdin.write('second');
    await chat.prints(/❯ second/);
    chat.child.stdin.write('\u001b');
    await chat.prints(/second\r?\n[^]*\r\n\r\n\w+ /);
    chat.child.stdin.write('\u001b');
    await chat.prints(/the run was cancelled/);
    chat.child.stdin.write('/quit\r');
    const { code, out } = await chat.done;
    expect(code).toBe(0);
    expect(out).toContain('\u001b[?2004h');
    expect(out.lastIndexOf('\u001b[?2004l')).toBeGreaterThan(out.lastIndexOf('\u001b[?2004h'));
    const { runs } = await json<Listed>(['runs', 'list', '--limit', '1']);
    const shown = await json<Shown & { readonly messages: readonly object[] }>(['runs', 'show', runs[0]?.run ?? '']);
    expect(shown).toMatchObject({
      status: 'cancelled',
      messages: [{ mode: 'interrupt', text: 'second' }],
      steps: [{ finish: 'interrupted' }, {}],
    });
  });

  test('what is awaited turns, and is gone when it comes; not with NO_COLOR', async () => {
    const moving = await onTerminal('run', 'Hello', '--model', 'simulated?tokens=5&ms=20&ttft=300').done;
    expect(visible(moving.out)).toMatch(/waiting for the answer\r␛\[K/);
    env['NO_COLOR'] = '1';
    const still = await onTerminal('run', 'Hello', '--model', QUICK).done;
    delete env['NO_COLOR'];
    expect(still.out).not.toContain('\u001b');
    expect(still.out.replaceAll('\r', '')).toMatch(/^(?:\w+ ){5}\n$/);
  });
});
