/** What runs with tools, operations, approvals and children look like from outside, over a real server and logs that the tests write. */
import { NO_USAGE, type Payloads } from '@openclaw-runtime/protocol';
import { describe, expect, test } from 'vitest';
import { shortId } from '../src/commands/short-id.ts';
import { type Entry, type LogHouse, openLogHouse } from './log-house.ts';

const HASH = 'f'.repeat(64);
const ESCAPES = '\u001b]0;owned\u0007';
const CONTROL = /(?!\n)\p{Cc}/u;

const asks = (id: string, more: Partial<Payloads['approval.asked']> = {}): Entry => [
  'approval.asked',
  0,
  { id, about: 'tool', name: 'shell', text: '{"argv":["ls"]}', hash: HASH, expiresAt: 1, ...more },
];
const started = (step: number): Entry => ['step.started', step, { model: 'm' }];
const said = (step: number, text: string): Entry => ['text', step, text];
const called = (step: number, name: string, given = '{}'): Entry => ['tool.called', step, { id: `c_${name}`, name, arguments: given }];
const stepEnded = (step: number, finish: 'stop' | 'tool_calls' = 'stop'): Entry => ['step.ended', step, { finish, usage: NO_USAGE }];
const result = (name: string, more: Partial<Payloads['tool.result']>): Entry => [
  'tool.result',
  0,
  { id: `c_${name}`, name, ms: 12, content: 'found it', ...more },
];

async function json(house: LogHouse, ...args: string[]): Promise<Record<string, unknown> & { code: number }> {
  const world = house.world();
  const code = await house.claw(world, ...args, '--json');
  return { code, ...(JSON.parse(world.printed()) as object) };
}

describe('claw run --operation', () => {
  test('sends name and args, tells what happens on stderr, and prints what was returned', async () => {
    await using house = await openLogHouse();
    const world = house.world();
    const ended = house.claw(world, 'run', '--operation', 'train', '--args', '{"epochs": 3}');
    const log = await house.offered();
    expect(log.request).toMatchObject({ input: 'train', operation: 'train', args: { epochs: 3 } });
    await log.append(
      ['piece.done', 0, { what: 'step', name: 'load', n: 1, ms: 1_500, value: '"data"' }],
      ['state.saved', 0, { version: 1, state: '{"epoch":1}' }],
      ['event', 0, { name: 'epoch', data: { loss: 0.5 } }],
      ['thread.lost', 0, { error: { code: 'AGENT_HUNG', message: 'It held its thread.' }, restarts: 1 }],
      ['child.started', 0, { child: 'x'.repeat(22), agent: 'coder', name: 'write' }],
      ['child.finished', 0, { child: 'x'.repeat(22), name: 'write', status: 'failed' }],
    );
    await log.end({ value: '{"loss":0.1}' });
    expect(await ended).toBe(0);
    expect(world.printed()).toBe('{"loss":0.1}\n');
    expect(world.complained().split('\n')).toEqual([
      '◇ step load (2) 1.5 s',
      '· epoch {"loss":0.5}',
      '! AGENT_HUNG: It held its thread. It goes on in another thread (restart 1).',
      `↳ write: coder begins as run ${'x'.repeat(22)}`,
      '↲ write: failed',
      '',
    ]);
  });

  test('takes args from stdin, and reads it for nothing else', async () => {
    await using house = await openLogHouse();
    const world = house.world();
    world.piped = '[1, 2]\n';
    const ended = house.claw(world, 'run', 'Add them.', '--operation', 'add', '--args', '-', '--json');
    const log = await house.offered();
    expect(log.request).toMatchObject({ input: 'Add them.', operation: 'add', args: [1, 2] });
    await log.end({ value: '3' });
    expect(await ended).toBe(0);
    expect(JSON.parse(world.printed())).toMatchObject({ run: log.run, status: 'completed', value: '3' });
  });

  test.each([
    [['--args', '{}', 'hi'], '--operation'],
    [['--operation', 'x', '--args', '{a: 1}'], 'not JSON'],
    [['--operation', 'x', '--args', '-', '-'], 'cannot both be stdin'],
  ])('refuses %j', async (args, says) => {
    await using house = await openLogHouse();
    const world = house.world();
    expect(await house.claw(world, 'run', ...args)).toBe(1);
    expect(world.complained()).toContain(says);
  });
});

describe('a run with tools', () => {
  test('shows calls and results between the texts, one line each, and asks where it waits', async () => {
    await using house = await openLogHouse();
    const world = house.world();
    const ended = house.claw(world, 'run', 'Look.');
    const log = await house.offered();
    await log.append(started(1), said(1, 'Let me look.'), called(1, 'shell', `{"x":"${'y'.repeat(500)}"}`), stepEnded(1, 'tool_calls'));
    await log.append(asks('a1'), ['approval.given', 0, { id: 'a1', answer: 'allow' }]);
    await log.append(['tool.started', 0, { id: 'c_shell', name: 'shell', key: 'k' }], result('shell', { content: `a\n${ESCAPES}` }));
    await log.append(started(2), said(2, 'There it is.'), stepEnded(2));
    await log.end();
    expect(await ended).toBe(0);
    expect(world.printed()).toBe('Let me look.\n\nThere it is.\n');
    const lines = world.complained().split('\n');
    expect(lines[0]).toMatch(/^→ shell \{"x":"y+…$/);
    expect(lines[0]?.length).toBeLessThanOrEqual(102);
    expect(lines.slice(1)).toEqual([
      'claw: may the agent call shell with exactly this?',
      '  │ {"argv":["ls"]}',
      `claw: it waits for the answer: claw runs approve ${shortId(log.run)}`,
      '◆ allowed',
      '← shell 12 ms: a \\x1b]0;owned\\x07',
      '',
    ]);
  });

  test('is followed by runs tail in the order of its log, also when it has ended', async () => {
    await using house = await openLogHouse();
    const log = await house.begin('ended');
    await log.append(started(1), said(1, 'One.'), called(1, 'look'), stepEnded(1, 'tool_calls'), result('look', {}));
    await log.append(['state.saved', 0, { version: 1, state: '{}' }], started(2), said(2, 'Two.'), stepEnded(2));
    await log.end();
    const world = house.world(true);
    const story: string[] = [];
    for (const output of [world.out, world.err]) Object.assign(output, { write: (text: string) => story.push(text) });
    expect(await house.claw(world, 'runs', 'tail', log.run)).toBe(0);
    expect(story.join('').replace('\n⠋', '')).toBe('One.\n→ look {}\n← look 12 ms: found it\n◇ state saved, 2 characters\n\nTwo.\n');
  });
});

describe('claw runs approve', () => {
  const denial = { approval: 'a2', hash: HASH, answer: 'deny', text: 'Not today.' };

  test('shows exactly what is asked, and answers what is typed', async () => {
    await using house = await openLogHouse();
    const log = await house.begin('asking');
    await log.append(
      asks('a1', { text: `{"argv":["${ESCAPES}"]}\nclaw: y or n? y` }),
      asks('q1', { about: 'question', name: 'colour', text: 'Which?' }),
    );
    const world = house.world(true);
    world.piped = 'what?\ny\n\nblue\n';
    expect(await house.claw(world, 'runs', 'approve', shortId(log.run))).toBe(0);
    expect(house.commands.map(({ kind, data }) => [kind, data])).toEqual([
      ['approve', { approval: 'a1', hash: HASH, answer: 'allow' }],
      ['approve', { approval: 'q1', hash: HASH, answer: 'allow', text: 'blue' }],
    ]);
    expect(world.printed()).toBe('shell: allowed\ncolour: answered\n');
    expect(world.complained()).toBe(
      [
        'claw: may the agent call shell with exactly this?\n',
        '  │ {"argv":["\\x1b]0;owned\\x07"]}\n',
        '  │ claw: y or n? y\n',
        'claw: y or n? claw: y or n? ',
        'claw: the agent asks (colour):\n',
        '  │ Which?\n',
        'claw: the answer: claw: the answer: ',
      ].join(''),
    );
  });

  test('leaves unanswered what is left when the input ends', async () => {
    await using house = await openLogHouse();
    const log = await house.begin('asking');
    await log.append(asks('a1'), asks('a2'));
    const world = house.world(true);
    world.piped = 'n\n';
    expect(await house.claw(world, 'runs', 'approve', log.run)).toBe(0);
    expect(house.commands.map(({ data }) => data)).toEqual([{ approval: 'a1', hash: HASH, answer: 'deny' }]);
  });

  test('in a script has to be told what is meant, and which', async () => {
    await using house = await openLogHouse();
    const log = await house.begin('asking');
    const refused = async (...args: string[]): Promise<string> => {
      const { code, error } = await json(house, 'runs', 'approve', log.run, ...args);
      expect(code).toBe(1);
      return (error as { message: string }).message;
    };
    expect(await refused('--allow')).toContain('asks for nothing');
    await log.append(asks('a1'), ['approval.given', 0, { id: 'a1', answer: 'expired' }], asks('a2'), asks('a3', { name: 'fetch' }));
    expect(await refused('--allow', '--deny')).toContain('cannot both');
    expect(await refused()).toContain('--allow or --deny');
    expect(await refused('--allow')).toContain(`a2 (shell, run ${shortId(log.run)}), a3 (fetch, run ${shortId(log.run)})`);
    expect(await refused('--allow', '--approval', 'a1')).toMatch(/does not ask a1\. It asks: a2 \(shell/);
    expect(house.commands).toEqual([]);
    expect(await json(house, 'runs', 'approve', log.run, '--approval', 'a2', '--deny', '--text', 'Not today.')).toEqual({
      code: 0,
      answers: [{ run: log.run, id: 'a2', about: 'tool', name: 'shell', answer: 'deny', text: 'Not today.' }],
    });
    expect(house.commands).toMatchObject([{ kind: 'approve', data: denial }]);
  });

  test('answers what a child of the run asks', async () => {
    await using house = await openLogHouse();
    const child = await house.begin('child');
    await child.append(asks('a1'));
    const root = await house.begin('root');
    await root.append(['child.started', 0, { child: child.run, agent: 'default', name: 'write' }]);
    const other = await house.begin('other');
    await other.append(asks('a1'));
    await root.append(['child.started', 0, { child: other.run, agent: 'default', name: 'test' }]);
    expect(await json(house, 'runs', 'approve', root.run, '--allow', '--approval', 'a1')).toMatchObject({ code: 1 });
    expect(house.commands).toEqual([]);
    await other.end();
    expect(await json(house, 'runs', 'approve', root.run, '--allow')).toMatchObject({ code: 0, answers: [{ run: child.run, id: 'a1' }] });
    expect(await child.command()).toMatchObject({ kind: 'approve', data: { approval: 'a1', answer: 'allow' } });
  });

  test('answers a question by its text alone; a run that has ended asks nothing', async () => {
    await using house = await openLogHouse();
    const log = await house.begin('asking');
    await log.append(asks('q1', { about: 'question', name: 'colour' }));
    expect(await json(house, 'runs', 'approve', log.run, '--text', 'blue')).toMatchObject({
      code: 0,
      answers: [{ answer: 'allow', text: 'blue' }],
    });
    await log.end();
    expect(await json(house, 'runs', 'approve', log.run, '--text', 'blue')).toMatchObject({
      code: 1,
      error: { code: 'NOT_FOUND', message: expect.stringContaining('it has ended') },
    });
  });
});

describe('claw runs show', () => {
  async function tree(house: LogHouse): Promise<{ readonly root: string; readonly child: string }> {
    const child = await house.begin('child', { parent: { run: 'p'.repeat(22), name: 'write', depth: 1, root: 'p'.repeat(22) } });
    await child.append(started(1), said(1, `code ${ESCAPES}`), stepEnded(1));
    await child.end();
    const root = await house.begin('root', { operation: 'task', args: { n: 1 }, session: ESCAPES, model: ESCAPES });
    await root.append(started(1), called(1, 'look', '{"q":1}'), called(1, 'slow'), called(1, 'mine'), stepEnded(1, 'tool_calls'));
    await root.append(asks('a1'), ['approval.given', 0, { id: 'a1', answer: 'deny', text: 'no' }]);
    await root.append(['tool.started', 0, { id: 'c_look', name: 'look', key: 'k' }], result('look', {}));
    await root.append(['tool.started', 0, { id: 'c_slow', name: 'slow', key: 'k' }]);
    for (let i = 0; i < 25; i++) await root.append(['event', 0, { name: 'tick', data: i }]);
    await root.append(
      ['state.saved', 0, { version: 1, state: '{}' }],
      ['piece.done', 0, { what: 'ask', name: 'sure', n: 0, ms: 3, error: { code: 'EXPIRED', message: 'late' } }],
      ['child.started', 0, { child: child.run, agent: 'coder', name: 'write' }],
      ['child.started', 0, { child: 'g'.repeat(22), agent: 'coder', name: 'gone' }],
      ['child.finished', 0, { child: child.run, name: 'write', status: 'completed' }],
      ['thread.lost', 0, { error: { code: 'AGENT_CRASHED', message: 'exit' }, restarts: 1 }],
    );
    return { root: root.run, child: child.run };
  }

  test('is a tree for people, in which nothing steers the terminal', async () => {
    await using house = await openLogHouse();
    const { root, child } = await tree(house);
    const world = house.world(true);
    expect(await house.claw(world, 'runs', 'show', root)).toBe(0);
    expect(world.printed()).not.toMatch(CONTROL);
    const text = world.printed();
    expect(text.slice(text.indexOf('does'))).toBe(`does     task {"n":1}
saved    1 time, at last 2 characters at record 37
step 1   m · 1 attempt · ended: tool_calls · 0 in, 0 out
         calls look {"q":1} · 12 ms
           found it
         calls slow {} · at work
         calls mine {}
approval of shell {"argv":["ls"]} · denied: no
event    5 before these, which --json shows
${Array.from({ length: 20 }, (_, i) => `event    tick ${i + 5}\n`).join('')}piece    ask sure · 3 ms · EXPIRED: late
child    write: coder · completed · run ${child}
  │ step 1   m · 1 attempt · ended: stop · 0 in, 0 out
  │          code \\x1b]0;owned\\x07
child    gone: coder · goes on · run ${'g'.repeat(22)}
thread   lost · restart 1 · AGENT_CRASHED: exit
`);
  });

  test('as JSON has all of it', async () => {
    await using house = await openLogHouse();
    const { root, child } = await tree(house);
    const shown = await json(house, 'runs', 'show', root);
    expect(shown).toMatchObject({
      code: 0,
      run: root,
      request: { operation: 'task', args: { n: 1 } },
      steps: [
        {
          seq: 2,
          toolCalls: [
            { name: 'look', arguments: '{"q":1}', started: true, ms: 12, content: 'found it' },
            { name: 'slow', started: true },
            { name: 'mine' },
          ],
        },
      ],
      approvals: [{ seq: 7, id: 'a1', given: { answer: 'deny', text: 'no' } }],
      pieces: [{ what: 'ask', name: 'sure', n: 0, ms: 3, error: { code: 'EXPIRED' } }],
      saved: { count: 1, version: 1, characters: 2 },
      children: [
        { child, agent: 'coder', name: 'write', status: 'completed', run: { run: child, status: 'completed', steps: [{ step: 1 }] } },
        { child: 'g'.repeat(22), name: 'gone' },
      ],
      lost: [{ restarts: 1, error: { code: 'AGENT_CRASHED' } }],
    });
    expect(shown.events).toHaveLength(25);
  });

  test('and runs list show what peers wrote harmless', async () => {
    await using house = await openLogHouse();
    await tree(house);
    const world = house.world(true);
    expect(await house.claw(world, 'runs', 'list')).toBe(0);
    expect(world.printed()).toContain('\\x1b]0;owned\\x07');
    expect(world.printed()).not.toMatch(CONTROL);
    const raw = house.world(true);
    expect(await house.claw(raw, 'runs', 'list', '--json')).toBe(0);
    expect(raw.printed()).not.toMatch(CONTROL);
  });
});
