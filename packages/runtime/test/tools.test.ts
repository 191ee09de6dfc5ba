import type { HouseTool, HouseTools } from '@openclaw-runtime/agent';
import { encodeRecord, OpenClawError, type Payloads, type RunRecord, type ToolCall } from '@openclaw-runtime/protocol';
import { runKey } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import { encodedOf, leftBehind } from './crash.ts';
import { type Act, foldOf, kindsOf, openTestHouse, said } from './house.ts';
import { coded, createThreads, toolCard } from './threads.ts';

const call = (id: string, name: string, args: unknown = {}): ToolCall => ({ id, name, arguments: JSON.stringify(args) });
const calls =
  (...toolCalls: readonly ToolCall[]): Act =>
  () => ({ ...said, finish: 'tool_calls', toolCalls });
const say =
  (text: string): Act =>
  (_request, sink) => {
    sink.text(text);
    return said;
  };
const dataOf = <K extends RunRecord['kind']>(records: readonly RunRecord[], kind: K): Payloads[K][] =>
  records.filter((record) => record.kind === kind).map((record) => record.data as Payloads[K]);
const handy = (name: string): { readonly agent: string } => ({ agent: name });

const adder = coded('handy', { tools: [toolCard('add', { description: 'Adds.' })] });
const adding = createThreads({
  tools: {
    add: ({ arguments: text }) => {
      const { a, b } = JSON.parse(text) as { a: number; b: number };
      return a + b;
    },
  },
});

function houseTools(...tools: readonly HouseTool[]): HouseTools {
  return { list: () => tools, find: (name) => tools.find(({ card }) => card.name === name), close: () => Promise.resolve() };
}

describe('a call of a tool of the agent’s', () => {
  test('begins durably, is carried out, and the model is told', async () => {
    await using house = await openTestHouse([calls(call('c1', 'add', { a: 1, b: 2 })), say('Three.')], {
      runtime: { agents: [adder], threads: adding },
    });
    const records = await house.ended(await house.run('hi', handy('handy')));
    expect(kindsOf(records)).toEqual([
      'run.created',
      'step.started',
      'tool.called',
      'step.ended',
      'tool.started',
      'tool.result',
      'step.started',
      'text',
      'step.ended',
      'run.finished',
    ]);
    expect(house.requests[0]?.tools).toEqual([{ name: 'add', description: 'Adds.', parameters: { type: 'object' } }]);
    expect(house.requests[1]?.messages).toEqual([
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: '', toolCalls: [call('c1', 'add', { a: 1, b: 2 })] },
      { role: 'tool', toolCallId: 'c1', content: '3' },
    ]);
    expect(dataOf(records, 'tool.started')).toEqual([{ id: 'c1', name: 'add', key: expect.stringMatching(/^[\w-]{22}$/) }]);
    expect(dataOf(records, 'tool.result')).toMatchObject([{ id: 'c1', name: 'add', content: '3' }]);
    expect(records.at(-1)?.data).toMatchObject({ status: 'completed', reason: 'stop', usage: { outputTokens: 4 } });
  });

  test('goes beside others of its step, 8 at once; the model is told in the order of the calls', async () => {
    const gates = Array.from({ length: 10 }, () => Promise.withResolvers<void>());
    const begun: string[] = [];
    const full = Promise.withResolvers<void>();
    const threads = createThreads({
      tools: {
        add: async ({ arguments: text }) => {
          begun.push(text);
          if (begun.length === 8) full.resolve();
          await gates[Number(text)]?.promise;
          return `done ${text}`;
        },
      },
    });
    const ten = Array.from({ length: 10 }, (_, i) => call(`c${i}`, 'add', i));
    await using house = await openTestHouse([calls(...ten), say('ok')], { runtime: { agents: [adder], threads } });
    const key = await house.run('hi', handy('handy'));
    await full.promise;
    expect(begun).toHaveLength(8);
    for (const gate of gates.toReversed()) gate.resolve();
    const records = await house.ended(key);
    const told = house.requests[1]?.messages.flatMap((message) => (message.role === 'tool' ? [message.content] : []));
    expect(told).toEqual(ten.map((_, i) => `done ${i}`));
    expect(new Set(dataOf(records, 'tool.started').map(({ key }) => key)).size).toBe(10);
  });

  test('that fails is a result: it throws, is unknown, or is denied', async () => {
    const agent = { ...coded('handy', { tools: [toolCard('bad'), toolCard('no')] }), permissions: { deny: ['no'] } };
    const threads = createThreads({
      tools: {
        bad: () => {
          throw new OpenClawError('FENCED', 'I say so');
        },
      },
    });
    await using house = await openTestHouse([calls(call('a', 'bad'), call('b', 'nope'), call('c', 'no')), say('sorry')], {
      runtime: { agents: [agent], threads },
    });
    const records = await house.ended(await house.run('hi', handy('handy')));
    expect(house.requests[0]?.tools?.map(({ name }) => name)).toEqual(['bad']);
    expect(dataOf(records, 'tool.result').sort((a, b) => a.id.localeCompare(b.id))).toMatchObject([
      { id: 'a', error: { code: 'TOOL_FAILED' }, content: 'Error TOOL_FAILED: I say so' },
      { id: 'b', error: { code: 'NOT_FOUND', message: expect.stringContaining('Known: bad') } },
      { id: 'c', error: { code: 'DENIED' } },
    ]);
    expect(records.at(-1)?.data).toMatchObject({ status: 'completed' });
  });

  test('beside one of the caller’s is carried out, and the run ends with the caller’s', async () => {
    await using house = await openTestHouse([calls(call('mine', 'add', { a: 1, b: 1 }), call('yours', 'ask'))], {
      runtime: { agents: [adder], threads: adding },
    });
    const records = await house.ended(await house.run('hi', { ...handy('handy'), tools: [{ name: 'ask' }], session: 's' }));
    expect(house.requests[0]?.tools?.map(({ name }) => name)).toEqual(['add', 'ask']);
    expect(kindsOf(records).slice(-3)).toEqual(['tool.started', 'tool.result', 'run.finished']);
    expect(records.at(-1)?.data).toMatchObject({ status: 'completed', reason: 'tool_calls' });
    await house.ended(
      await house.run('next', { ...handy('handy'), input: [{ role: 'tool', toolCallId: 'yours', content: 'x' }], session: 's' }),
    );
    expect(house.requests[1]?.messages.slice(1)).toEqual([
      { role: 'assistant', content: '', toolCalls: [call('mine', 'add', { a: 1, b: 1 }), call('yours', 'ask')] },
      { role: 'tool', toolCallId: 'mine', content: '2' },
      { role: 'tool', toolCallId: 'yours', content: 'x' },
    ]);
  });

  test('again and again comes to an end', async () => {
    await using house = await openTestHouse([calls(call('c', 'add', { a: 1, b: 1 }))], { runtime: { agents: [adder], threads: adding } });
    const records = await house.ended(await house.run('hi', handy('handy')));
    expect(records.at(-1)?.data).toMatchObject({ status: 'failed', error: { code: 'NO_PROGRESS' } });
    expect(house.requests).toHaveLength(65);
  });

  test('whose ids are all the same has one of its own', async () => {
    await using house = await openTestHouse([calls(call('', 'add', { a: 1, b: 1 }), call('', 'add', { a: 2, b: 2 })), say('ok')], {
      runtime: { agents: [adder], threads: adding },
    });
    const records = await house.ended(await house.run('hi', handy('handy')));
    expect(dataOf(records, 'tool.called').map(({ id }) => id)).toEqual(['call_1', 'call_2']);
    expect(house.requests[1]?.messages.slice(-2)).toEqual([
      { role: 'tool', toolCallId: 'call_1', content: '2' },
      { role: 'tool', toolCallId: 'call_2', content: '4' },
    ]);
  });

  test('whose ids look like those that are made up has one of its own all the same', async () => {
    const three = calls(call('x', 'add', { a: 1, b: 1 }), call('x_3', 'add', { a: 2, b: 2 }), call('x', 'add', { a: 3, b: 3 }));
    await using house = await openTestHouse([three, say('ok')], { runtime: { agents: [adder], threads: adding } });
    const records = await house.ended(await house.run('hi', handy('handy')));
    expect(dataOf(records, 'tool.called').map(({ id }) => id)).toEqual(['x', 'x_3', 'x_4']);
    expect(dataOf(records, 'tool.result').map(({ id, content }) => [id, content])).toEqual([
      ['x', '2'],
      ['x_3', '4'],
      ['x_4', '6'],
    ]);
  });

  test('is carried out when a message that interrupts comes too late to break its step off', async () => {
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    const deaf: Act = async (...asked) => {
      begun.resolve();
      await end.promise;
      return calls(call('c', 'add', { a: 1, b: 2 }))(...asked);
    };
    await using house = await openTestHouse([deaf, say('ok')], { runtime: { agents: [adder], threads: adding } });
    const key = await house.run('hi', handy('handy'));
    await begun.promise;
    await house.store.inbox.put(key, { id: 'm', kind: 'send', data: { mode: 'interrupt', text: 'No!' } });
    end.resolve();
    const records = await house.ended(key);
    expect(house.defects).toEqual([]);
    expect(dataOf(records, 'tool.result')).toMatchObject([{ id: 'c', content: '3' }]);
    expect(house.requests[1]?.messages.map(({ content }) => content)).toEqual(['hi', '', '3', 'No!']);
  });

  test('that is cancelled with its run leaves nothing behind the end', async () => {
    const begun = Promise.withResolvers<void>();
    const threads = createThreads({
      tools: {
        add: (_job, signal) => {
          begun.resolve();
          return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        },
      },
    });
    await using house = await openTestHouse([calls(call('a', 'add'), call('b', 'add'))], { runtime: { agents: [adder], threads } });
    const key = await house.run('hi', handy('handy'));
    await begun.promise;
    await house.store.inbox.put(key, { id: 'stop', kind: 'cancel' });
    const records = await house.ended(key);
    expect(records.at(-1)?.data).toMatchObject({ status: 'cancelled', by: 'stop' });
    expect(kindsOf(records)).not.toContain('tool.result');
    expect(house.defects).toEqual([]);
  });

  test('is scrubbed, result and error, before it is logged or told', async () => {
    const threads = createThreads({
      tools: {
        add: ({ secrets }) => `the key is ${secrets['KEY']}`,
        bad: ({ secrets }) => {
          throw new Error(`no ${secrets['KEY']}`);
        },
      },
    });
    const agent = coded('handy', { tools: [toolCard('add', { secrets: ['KEY'] }), toolCard('bad', { secrets: ['KEY'] })] });
    await using house = await openTestHouse([calls(call('a', 'add'), call('b', 'bad')), say('ok')], {
      runtime: {
        agents: [agent],
        threads,
        secrets: (name, agent) => `${name}-of-${agent}`,
        scrub: (text) => text.replaceAll('KEY-of-handy', '[secret]'),
      },
    });
    const records = await house.ended(await house.run('hi', handy('handy')));
    expect(JSON.stringify([records, house.requests])).not.toContain('KEY-of-handy');
    expect(dataOf(records, 'tool.result')[0]?.content).toBe('the key is [secret]');
  });
});

describe('a tool of the house', () => {
  const fetch = (execute: HouseTool['execute']): HouseTool => ({ card: toolCard('http.fetch', { onInterrupted: 'retry' }), execute });

  test('is there for agents that use it, under a name that models take', async () => {
    const tools = houseTools(
      fetch((args, { run }) => Promise.resolve(`${JSON.stringify(args)} for ${run.agent}`)),
      { card: toolCard('shell.run'), execute: () => Promise.resolve('') },
    );
    await using house = await openTestHouse([calls(call('c', 'http_fetch', { url: 'x' })), say('ok')], {
      runtime: { agents: [{ name: 'web', uses: ['http.*'] }, { name: 'plain' }], houseTools: tools },
    });
    const records = await house.ended(await house.run('hi', handy('web')));
    expect(house.requests[0]?.tools?.map(({ name }) => name)).toEqual(['http_fetch']);
    expect(dataOf(records, 'tool.result')).toMatchObject([{ name: 'http.fetch', content: '{"url":"x"} for web' }]);
    await house.ended(await house.run('plain', handy('plain')));
    expect(house.requests.at(-1)?.tools).toBeUndefined();
  });

  test('is not called with what is no JSON', async () => {
    let count = 0;
    const tools = houseTools(fetch(() => Promise.resolve(String(++count))));
    await using house = await openTestHouse([calls({ id: 'c', name: 'http_fetch', arguments: '{oops' }), say('ok')], {
      runtime: { agents: [{ name: 'web', uses: ['*'] }], houseTools: tools },
    });
    const records = await house.ended(await house.run('hi', handy('web')));
    expect(dataOf(records, 'tool.result')).toMatchObject([{ error: { code: 'TOOL_FAILED' } }]);
    expect(count).toBe(0);
  });
});

describe('messages to a run that calls tools', () => {
  test('steer at the next step; of the queue only when the tools are done with', async () => {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const threads = createThreads({
      tools: {
        add: async () => {
          begun.resolve();
          await gate.promise;
          return 'done';
        },
      },
    });
    await using house = await openTestHouse([calls(call('a', 'add')), calls(call('b', 'add')), say('one'), say('two')], {
      runtime: { agents: [adder], threads },
    });
    const key = await house.run('hi', handy('handy'));
    await begun.promise;
    await house.store.inbox.put(key, { id: 'q', kind: 'send', data: { text: 'later', mode: 'queue' } });
    await house.store.inbox.put(key, { id: 's', kind: 'send', data: { text: 'now', mode: 'steer' } });
    gate.resolve();
    const records = await house.ended(key);
    expect(dataOf(records, 'step.started').map(({ answers }) => answers)).toEqual([undefined, ['s'], undefined, ['q']]);
    expect(house.requests[1]?.messages.slice(2)).toEqual([
      { role: 'tool', toolCallId: 'a', content: 'done' },
      { role: 'user', content: 'now' },
    ]);
    expect(foldOf(records).steps.at(-1)?.text).toBe('two');
  });
});

describe('an owner that dies', () => {
  const key = runKey('t', 'left');

  /** Lets the run go to its end, then again from each of its records on. */
  async function atEveryRecord(
    onInterrupted: 'retry' | 'fail',
    check: (left: string[], records: readonly RunRecord[], effects: string[]) => void,
  ) {
    const agent = coded('handy', { tools: [toolCard('add', { onInterrupted })] });
    const acts = [calls(call('a', 'add', 1), call('b', 'add', 2)), say('done')];
    const carry = async (left: readonly string[] | undefined): Promise<{ records: RunRecord[]; effects: string[]; asked: number }> => {
      const effects: string[] = [];
      const threads = createThreads({
        tools: {
          add: ({ key }) => {
            effects.push(key);
            return key;
          },
        },
      });
      const hasStepped = left?.some((record) => record.startsWith('["step.ended",1,')) ?? false;
      const store = left && (await leftBehind(key, left));
      await using house = await openTestHouse(hasStepped ? acts.slice(1) : acts, {
        runtime: { agents: [agent], threads },
        ...(store && { store }),
      });
      if (!left) await house.run('left', handy('handy'));
      const records = await house.ended(key);
      expect(house.defects).toEqual([]);
      return { records, effects, asked: house.requests.length };
    };

    const whole = await carry(undefined);
    const encoded = encodedOf(whole.records);
    expect(encoded.length).toBe(13);
    for (let cut = 1; cut < encoded.length; cut++) {
      const left = encoded.slice(0, cut);
      // A step and its calls come to the log together.
      if (/^\["tool.called"/.test(left.at(-1) ?? '')) continue;
      const { records, effects } = await carry(left);
      expect(foldOf(records).steps.at(-1)?.text).toBe('done');
      expect(records.at(-1)?.data).toMatchObject({ status: 'completed' });
      expect(dataOf(records, 'tool.result')).toHaveLength(2);
      check(left, records, effects);
      // And once more, of what that one left.
      for (let again = cut + 1; again < records.length; again += 2) {
        const second = encodedOf(records).slice(0, again);
        if (/^\["tool.called"/.test(second.at(-1) ?? '')) continue;
        const last = await carry(second);
        expect(dataOf(last.records, 'tool.result')).toHaveLength(2);
        check(second, last.records, last.effects);
      }
    }
  }
  const keysOf = (records: readonly string[], kind: string): string[] =>
    records.flatMap((record) => {
      const [own, , , data] = JSON.parse(record) as [string, number, number, { key: string; content: string }];
      return own === kind ? [kind === 'tool.started' ? data.key : data.content] : [];
    });

  test('at any place: a call that may have had its effect is not made again, where the tool says so', async () => {
    await atEveryRecord('fail', (left, records, effects) => {
      const started = keysOf(left, 'tool.started');
      expect(effects.filter((key) => started.includes(key))).toEqual([]);
      expect(new Set(effects).size).toBe(effects.length);
      const inFlight = started.length - keysOf(left, 'tool.result').length;
      const before = keysOf(left, 'tool.result').filter((content) => content.includes('TOOL_INTERRUPTED')).length;
      const interrupted = dataOf(records, 'tool.result').filter(({ error }) => error?.code === 'TOOL_INTERRUPTED').length;
      expect(interrupted).toBe(inFlight + before);
    });
  });

  test('at any place: it is made again with the same key, where it may be', async () => {
    await atEveryRecord('retry', (left, records, effects) => {
      const done = keysOf(left, 'tool.result');
      expect(effects.filter((key) => done.includes(key))).toEqual([]);
      expect(new Set([...done, ...effects]).size).toBe(2);
      expect(new Set(dataOf(records, 'tool.started').map(({ key }) => key)).size).toBe(2);
    });
  });

  test('again and again while the same call is made leaves it at last', async () => {
    const created = { agent: 'handy', input: 'hi', at: 0, fingerprint: 'f' };
    const started = encodeRecord('tool.started', 1, 1, { id: 'a', name: 'add', key: 'k' });
    const step = [
      encodeRecord('run.created', 0, 0, created),
      encodeRecord('step.started', 1, 1, { model: 'scripted' }),
      encodeRecord('tool.called', 1, 1, call('a', 'add')),
      encodeRecord('step.ended', 1, 1, { finish: 'tool_calls', usage: said.usage }),
    ];
    for (const [tries, content] of [
      [4, 'done with k'],
      [5, expect.stringContaining('TOOL_INTERRUPTED')],
    ] as const) {
      const agent = coded('handy', { tools: [toolCard('add', { onInterrupted: 'retry' })] });
      const threads = createThreads({ tools: { add: (job) => `done with ${job.key}` } });
      const store = await leftBehind(key, [...step, ...Array.from({ length: tries }, () => started)]);
      await using house = await openTestHouse([say('ok')], { store, runtime: { agents: [agent], threads } });
      expect(dataOf(await house.ended(key), 'tool.result')).toMatchObject([{ content }]);
    }
  });
});

test('a fork makes the calls that it does not share itself, with keys of its own; one that is shared and was in flight keeps its key', async () => {
  const keys: string[] = [];
  const agent = coded('handy', { tools: [toolCard('add', { onInterrupted: 'retry' })] });
  const threads = createThreads({ tools: { add: (job) => String(keys.push(job.key)) } });
  await using house = await openTestHouse([calls(call('a', 'add')), say('ok')], { runtime: { agents: [agent], threads } });
  const source = await house.ended(await house.run('source', handy('handy')));
  const started = source.find(({ kind }) => kind === 'tool.started')?.seq ?? 0;
  for (const [name, seq] of [
    ['before', started - 1],
    ['during', started],
    ['after', started + 1],
  ] as const) {
    const records = await house.ended(await house.run(name, { ...handy('handy'), fork: { run: 'source', seq } }));
    expect(records.at(-1)?.data).toMatchObject({ status: 'completed' });
  }
  expect(keys).toHaveLength(3);
  expect(keys[1]).not.toBe(keys[0]);
  expect(keys[2]).toBe(keys[0]);
});
