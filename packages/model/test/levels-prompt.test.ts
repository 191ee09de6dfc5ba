import type { Message } from '@openclaw-runtime/protocol';
import { describe, expect, test } from 'vitest';
import type { Leveled, ModelRequest } from '../src/index.ts';
import { instructed } from '../src/levels/prompt/instructed.ts';
import { Splitter } from '../src/levels/prompt/splitter.ts';
import { ask, brokerFor, never } from './fixtures/brokers.ts';
import { createManualClock } from './fixtures/clocks.ts';
import { createScriptedHttp, events, finish, text } from './fixtures/http.ts';
import { createCollectingSink } from './fixtures/sinks.ts';

/** What becomes of these deltas, and in which order the parts came. */
function split(deltas: readonly string[]): { readonly thinking: string; readonly text: string; readonly order: string } {
  const parts = { thinking: '', text: '' };
  let order = '';
  const take = (part: 'thinking' | 'text') => (delta: string) => {
    expect(delta).not.toBe('');
    parts[part] += delta;
    if (!order.endsWith(part)) order += ` ${part}`;
  };
  const splitter = new Splitter({ thinking: take('thinking'), text: take('text') });
  for (const delta of deltas) splitter.push(delta);
  splitter.end();
  return { ...parts, order: order.trim() };
}

const ANSWERS: readonly (readonly [name: string, answer: string, thinking: string, text: string])[] = [
  ['thoughts and an answer', '<thinking>\nOne, two.\n\nThree.\n</thinking>\n\nThe *answer*.\n', 'One, two.\n\nThree.', 'The *answer*.\n'],
  ['the tag that models were taught', '\n<think>a < b, so </thi done</think>b', 'a < b, so </thi done', 'b'],
  ['the longer closing tag behind the shorter opening one', '<think>a</thinking>b</think>c', 'a', 'b</think>c'],
  ['the shorter closing tag behind the longer opening one', '<thinking>\na </think>\n\nb', 'a', 'b'],
  ['no thoughts', 'Just <thinking>an</thinking> answer', '', 'Just <thinking>an</thinking> answer'],
  ['what only begins like a tag', '  <thinner>x', '', '  <thinner>x'],
  ['empty thoughts', '<thinking> </thinking> ok', '', 'ok'],
  ['no space between', '<thinking></thinking>ok', '', 'ok'],
  ['thoughts that do not end', '<thinking>a b </think', 'a b </think', ''],
  ['a beginning that does not go on', '<thin', '', '<thin'],
  ['white space only', ' \n ', '', ' \n '],
  ['later tags are text', '<think>a</think>b <think>c</think>', 'a', 'b <think>c</think>'],
  ['surrogates', '<think>🦊 \u{1f98a}</think>🦊', '🦊 \u{1f98a}', '🦊'],
];

describe('thoughts are told from the answer', () => {
  test.each(ANSWERS)('%s, in one piece and character by character', (_name, answer, thinking, said) => {
    const order = [thinking && 'thinking', said && 'text'].filter(Boolean).join(' ');
    expect(split([answer])).toEqual({ thinking, text: said, order });
    expect(split(answer.split(''))).toEqual({ thinking, text: said, order });
  });

  test.each(ANSWERS)('%s, broken at every one and every two places', (_name, answer, thinking, said) => {
    for (let i = 1; i < answer.length; i++) {
      for (let j = i; j < answer.length; j++) {
        const deltas = [answer.slice(0, i), answer.slice(i, j), answer.slice(j)].filter((delta) => delta !== '');
        expect(split(deltas), JSON.stringify(deltas)).toMatchObject({ thinking, text: said });
      }
    }
  });

  test('what is sure is given at once', () => {
    const came: string[] = [];
    const splitter = new Splitter({ thinking: (delta) => came.push(`t:${delta}`), text: (delta) => came.push(delta) });
    const steps: [string, string[]][] = [
      ['<thi', []],
      ['nking>Let', ['t:Let']],
      [' me', ['t: me']],
      [' </', []],
      ['b', ['t: </b']],
      ['</thinking', []],
      ['> ', []],
      [' A', ['A']],
      [' <', [' <']],
    ];
    for (const [delta, expected] of steps) {
      splitter.push(delta);
      expect(came.splice(0), delta).toEqual(expected);
    }
  });
});

describe('what a model is told in words', () => {
  const messages: readonly Message[] = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'hi' },
  ];

  test('nothing at level 1; at others the words come behind what the system says', () => {
    expect(instructed({ messages }, 1)).toEqual({ messages, leveled: { wanted: 1 } });
    for (const level of [2, 3, 4] as const) {
      const { messages: told, leveled } = instructed({ messages }, level);
      expect(told).toEqual([{ role: 'system', content: expect.stringMatching(/^Be brief\.\n\n.*<thinking>.*<\/thinking>/) }, messages[1]]);
      expect(leveled).toMatchObject({ wanted: level, sent: expect.stringContaining('<thinking>') });
      expect(leveled.warning !== undefined).toBe(level === 4);
    }
    expect(instructed({ messages }, 3).messages[0]?.content).toMatch(/Plan.*Solution.*Check/);
    expect(instructed({ messages: messages.slice(1) }, 2).messages).toEqual([{ role: 'system', content: expect.any(String) }, messages[1]]);
    expect(messages[0]?.content).toBe('Be brief.');
  });
});

describe('through the broker', () => {
  async function run(request: ModelRequest, ...deltas: readonly string[]) {
    const http = createScriptedHttp([events(...deltas.map(text), finish('stop'))]);
    const leveled: Leveled[] = [];
    const sink = createCollectingSink({ leveled: (each) => leveled.push(each) });
    await brokerFor({ baseUrl: 'http://p.test', reasoning: 'prompt' }, createManualClock(), http).stream(request, sink, never());
    return { sink, leveled, body: JSON.parse(http.requests[0]?.body ?? '') as { readonly messages: readonly Message[] } };
  }

  test.each([2, 3, 4] as const)('level %i in one call: thoughts stream as thinking, the answer as text', async (level) => {
    const { sink, leveled, body } = await run(
      { ...ask('m'), level, ...(level > 2 && { tools: [{ name: 'f' }] }) },
      '<think',
      'ing>so',
      ' so</thinking>',
      '\n\n',
      'An',
      'swer',
    );
    expect([sink.thoughts, sink.deltas]).toEqual([
      ['so', ' so'],
      ['An', 'swer'],
    ]);
    expect(body.messages.map(({ role }) => role)).toEqual(['system', 'user']);
    expect(leveled).toMatchObject([{ wanted: level }]);
  });

  const silent = { wanted: 2, warning: expect.stringContaining('no answer behind its thoughts') };
  test.each([['<thinking>Let me see. It is 42.'], ['<thinking>'], ['<thinking>It is 42.</thinking>\n']])(
    'thoughts with no answer behind them, %j, are thoughts, and that is said',
    async (answer) => {
      const { sink, leveled } = await run({ ...ask('m'), level: 2 }, answer);
      expect(sink.deltas).toEqual([]);
      expect(leveled).toMatchObject([{ wanted: 2, sent: expect.any(String) }, silent]);
      expect([leveled[0]?.warning, leveled[1]?.sent === leveled[0]?.sent]).toEqual([undefined, true]);
    },
  );

  test('an answer cut off among its thoughts says so by its finish', async () => {
    const http = createScriptedHttp([events(text('<thinking>Let me'), finish('length'))]);
    const leveled: Leveled[] = [];
    const sink = createCollectingSink({ leveled: (each) => leveled.push(each) });
    const broker = brokerFor({ baseUrl: 'http://p.test', reasoning: 'prompt' }, createManualClock(), http);
    expect(await broker.stream({ ...ask('m'), level: 2 }, sink, never())).toMatchObject({ finish: 'length' });
    expect(leveled).toMatchObject([{ wanted: 2 }]);
  });

  test.each([1, undefined] as const)('level %s: the answer as it is', async (level) => {
    const { sink, body } = await run({ ...ask('m'), ...(level && { level }) }, '<thinking>', 'x');
    expect([sink.thoughts, sink.deltas]).toEqual([[], ['<thinking>', 'x']]);
    expect(body.messages).toHaveLength(1);
  });

  test('an answer that goes on from given text is past its thoughts', async () => {
    const http = createScriptedHttp([events(text('<thinking>'), finish('stop'))]);
    const sink = createCollectingSink();
    const broker = brokerFor({ baseUrl: 'http://p.test', reasoning: 'prompt', prefix: 'assistant' }, createManualClock(), http);
    await broker.stream({ ...ask('m'), level: 2, prefix: 'It is' }, sink, never());
    expect(sink.deltas).toEqual(['<thinking>']);
    expect(JSON.parse(http.requests[0]?.body ?? '').messages).toHaveLength(2);
  });
});
