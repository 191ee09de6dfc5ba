/** Records as chunks and as events. */
import { applyRecord, emptyFold, type Kind, NO_USAGE, type Payloads, type RunFold, type RunRecord } from '@openclaw-runtime/protocol';
import { describe, expect, test } from 'vitest';
import { ChatTeller, type Told } from '../../src/openai/chat/teller.ts';
import type { Supersede } from '../../src/openai/input/asked.ts';
import type { Created } from '../../src/openai/reading/follow.ts';
import { ResponseTeller } from '../../src/openai/responses/teller.ts';

const created: Created = { agent: 'default', input: 'Hi.', tools: [{ name: 'look' }], at: 5_000, fingerprint: 'f' };

/** A log, record by record. */
function log(...entries: readonly (readonly [kind: Kind, data: unknown, step?: number, attempt?: number])[]): readonly RunRecord[] {
  return [['run.created', created] as const, ...entries].map(
    ([kind, data, step = 1, attempt = 1], i) => ({ kind, seq: i + 1, step, attempt, data }) as RunRecord,
  );
}

const started: readonly [Kind, unknown] = ['step.started', { model: 'm' }];
const ended = (finish = 'stop'): readonly [Kind, unknown] => ['step.ended', { finish, usage: NO_USAGE }];
const finished = (reason = 'stop'): readonly [Kind, unknown] => ['run.finished', { status: 'completed', reason, usage: NO_USAGE }];
const call = (id: string, name: string): Payloads['tool.called'] => ({ id, name, arguments: '{}' });
const again = (keep: number, keepThinking = 0): readonly [Kind, unknown, number, number] => [
  'step.started',
  { model: 'm', supersedes: 1, keep, keepThinking },
  1,
  2,
];

function foldOf(records: readonly RunRecord[]): RunFold {
  const fold = emptyFold();
  for (const record of records) applyRecord(fold, record);
  return fold;
}

const tell = (records: readonly RunRecord[], supersede: Supersede = 'error'): readonly Told[] => {
  const teller = new ChatTeller(created, supersede);
  return records.flatMap((record) => teller.take(record) ?? []);
};
const content = (told: readonly Told[]): string => told.map(({ delta }) => delta?.content ?? '').join('');

describe('chunks', () => {
  test('one for each record that says something', () => {
    const records = log(started, ['thinking', 'Hm.'], ['text', 'He'], ['text', 'llo'], ended(), finished('length'));
    expect(tell(records)).toEqual([
      { delta: { role: 'assistant', content: '' } },
      { delta: { reasoning_content: 'Hm.' } },
      { delta: { content: 'He' } },
      { delta: { content: 'llo' } },
      { delta: {}, finish: 'length' },
    ]);
  });

  test('the caller’s calls are told, the run’s own are not, and at the end those that nobody carried out', () => {
    const records = log(
      started,
      ['tool.called', call('a', 'calc')],
      ended('tool_calls'),
      ['tool.started', { id: 'a', name: 'calc', key: 'k' }],
      ['tool.result', { id: 'a', name: 'calc', ms: 1, content: '42' }],
      ['step.started', { model: 'm' }, 2],
      ['tool.called', call('b', 'look'), 2],
      ['tool.called', call('c', 'unknown'), 2],
      ['step.ended', { finish: 'tool_calls', usage: NO_USAGE }, 2],
      finished('tool_calls'),
    );
    const calls = tell(records).flatMap(({ delta }) => delta?.tool_calls ?? []);
    expect(calls.map(({ index, id }) => [index, id])).toEqual([
      [0, 'b'],
      [1, 'c'],
    ]);
    expect(tell(records).at(-1)).toMatchObject({ finish: 'tool_calls', delta: { tool_calls: [{ id: 'c' }] } });
  });

  const superseded = log(started, ['text', 'Hello wor'], again(6), ['text', 'there', 1, 2], ended(), finished());

  test('words that were told and do not stand break the stream, say how far to go back, or were not told', () => {
    expect(tell(superseded).findIndex(({ isBroken }) => isBroken)).toBe(2);
    const rewound = tell(superseded, 'rewind');
    expect(rewound[2]).toEqual({ rewind: { content: 6, reasoning_content: 0, tool_calls: 0 } });
    expect(content(tell(superseded, 'hold'))).toBe('Hello there');
  });

  test('words that stand are no reason for anything', () => {
    const records = log(started, ['text', 'Hello'], again(5), ['text', ' you', 1, 2], ended(), finished());
    expect(content(tell(records))).toBe('Hello you');
    expect(tell(records).some(({ isBroken }) => isBroken)).toBe(false);
  });

  test('a rewind counts what earlier steps said', () => {
    const records = log(
      started,
      ['text', 'One. '],
      ended('interrupted'),
      ['step.started', { model: 'm' }, 2],
      ['text', 'Two', 2],
      ['step.started', { model: 'm', supersedes: 1, keep: 1 }, 2, 2],
    );
    expect(tell(records, 'rewind').at(-1)).toEqual({ rewind: { content: 6, reasoning_content: 0, tool_calls: 0 } });
  });

  test('a fold is told in one', () => {
    const records = log(
      started,
      ['thinking', 'Hm.'],
      ['text', 'Hello wor'],
      again(6, 3),
      ['text', 'there', 1, 2],
      [...ended(), 1, 2],
      finished(),
    );
    const teller = new ChatTeller(created, 'error');
    const told = teller.takeFold(foldOf(records));
    expect(told).toEqual({ delta: { role: 'assistant', content: 'Hello there', reasoning_content: 'Hm.' }, finish: 'stop' });
    expect(teller.outcome).toMatchObject({ status: 'completed' });
  });
});

describe('events', () => {
  const events = (records: readonly RunRecord[]): readonly { readonly type: string }[] => {
    const teller = new ResponseTeller('r', created);
    return records.flatMap((record) => teller.take(record));
  };
  const types = (records: readonly RunRecord[]): readonly string[] => events(records).map(({ type }) => type.replace('response.', ''));

  test('of thoughts, words and a call', () => {
    const records = log(
      started,
      ['thinking', 'Hm.'],
      ['text', 'He'],
      ['text', 'llo'],
      ['tool.called', call('a', 'look')],
      ended('tool_calls'),
      finished('tool_calls'),
    );
    expect(types(records)).toEqual([
      'created',
      'in_progress',
      'output_item.added',
      'reasoning_summary_part.added',
      'reasoning_summary_text.delta',
      'reasoning_summary_text.done',
      'reasoning_summary_part.done',
      'output_item.done',
      'output_item.added',
      'content_part.added',
      'output_text.delta',
      'output_text.delta',
      'output_text.done',
      'content_part.done',
      'output_item.done',
      'output_item.added',
      'function_call_arguments.delta',
      'function_call_arguments.done',
      'output_item.done',
      'completed',
    ]);
    expect(events(records).at(-1)).toMatchObject({
      response: {
        id: 'resp_r',
        created_at: 5,
        status: 'completed',
        output: [
          { type: 'reasoning', summary: [{ text: 'Hm.' }] },
          { type: 'message', content: [{ text: 'Hello' }], status: 'completed' },
          { type: 'function_call', call_id: 'a', name: 'look', arguments: '{}', status: 'completed' },
        ],
      },
    });
  });

  test('seldom more than 16 of one record: so many numbers are kept for them', () => {
    const records = log(
      started,
      ['thinking', 'Hm.'],
      ['text', 'Hello'],
      ['tool.called', call('a', 'look')],
      again(2, 2),
      ['text', 'x', 1, 2],
      ended(),
      finished(),
    );
    const teller = new ResponseTeller('r', created);
    for (const record of records) expect(teller.take(record).length).toBeLessThan(16);
  });

  test('what does not stand becomes incomplete and empty, and what stands begins anew', () => {
    const records = log(started, ['text', 'Hello wor'], again(6), ['text', 'there', 1, 2], ended(), finished());
    const teller = new ResponseTeller('r', created);
    for (const record of records) teller.take(record);
    expect(teller.items).toMatchObject([
      { status: 'incomplete', text: '' },
      { status: 'completed', text: 'Hello there' },
    ]);
  });

  test.each([
    [
      { status: 'completed', reason: 'length', usage: NO_USAGE },
      'incomplete',
      { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
    ],
    [{ status: 'cancelled', by: 'c', usage: NO_USAGE }, 'incomplete', { status: 'cancelled' }],
    [
      { status: 'failed', error: { code: 'PROVIDER_FAILED', message: 'No.' }, usage: NO_USAGE },
      'failed',
      { status: 'failed', error: { code: 'PROVIDER_FAILED', message: 'No.' } },
    ],
    [{ status: 'timed_out', error: { code: 'PROVIDER_TIMEOUT', message: 'Late.' }, usage: NO_USAGE }, 'failed', { status: 'failed' }],
  ])('an end as %j', (outcome, type, response) => {
    const last = events(log(started, ['text', 'Hel'], ['run.finished', outcome])).at(-1);
    expect(last).toMatchObject({ type: `response.${type}`, response });
  });

  test('a fold comes to the same output as its records', () => {
    const records = log(
      started,
      ['thinking', 'Hm.'],
      ['text', 'Hello'],
      ['tool.called', call('a', 'look')],
      ended('tool_calls'),
      finished('tool_calls'),
    );
    const whole = new ResponseTeller('r', created);
    for (const record of records) whole.take(record);
    const folded = new ResponseTeller('r', created);
    folded.takeFold(foldOf(records));
    expect(folded.items).toEqual(whole.items);
  });
});
