/** What a log comes to as a message of the AI SDK. */
import { applyRecord, emptyFold, foldText, foldThinking, NO_USAGE, type RunRecord } from '@openclaw-runtime/protocol';
import { array, assert, constantFrom, nat, oneof, property, record, string } from 'fast-check';
import { expect, test } from 'vitest';
import type { Chunk } from '../src/ui-stream/chunks.ts';
import { UiTeller } from '../src/ui-stream/teller.ts';

const RUN = 'r'.repeat(22);

interface Part {
  readonly type: string;
  readonly id?: string;
  text: string;
}

/** As the AI SDK puts chunks together. */
function messageOf(chunks: readonly Chunk[]): readonly Part[] {
  const parts: Part[] = [];
  for (const chunk of chunks) {
    if (chunk.type === 'start-step') parts.push({ type: 'step-start', text: '' });
    else if (chunk.type === 'reset-step') parts.length = parts.findLastIndex(({ type }) => type === 'step-start') + 1;
    else if (chunk.type === 'text-start' || chunk.type === 'reasoning-start')
      parts.push({ type: chunk.type.split('-')[0] ?? '', id: chunk.id, text: '' });
    else if (chunk.type === 'text-delta' || chunk.type === 'reasoning-delta') {
      const part = parts.find(({ id }) => id === chunk.id);
      if (!part) throw new Error(`there is no part ${chunk.id}`);
      part.text += chunk.delta;
    }
  }
  return parts;
}

const said = (parts: readonly Part[], type: string): string => parts.map((part) => (part.type === type ? part.text : '')).join('');

function logOf(
  ...records: readonly (readonly [kind: RunRecord['kind'], data: unknown, step?: number, attempt?: number])[]
): readonly RunRecord[] {
  const created = { kind: 'run.created', data: { agent: 'a', input: 'Hi.', at: 0, fingerprint: 'f' }, step: 0, attempt: 0 };
  const others = records.map(([kind, data, step = 1, attempt = 1]) => ({ kind, data, step, attempt }));
  return [created, ...others].map((each, i) => ({ ...each, seq: i + 1 })) as RunRecord[];
}

function told(log: readonly RunRecord[], created: object = {}, replays = false): readonly Chunk[] {
  const teller = new UiTeller(RUN, { ...(log[0]?.data as object), ...created } as never, replays);
  return log.flatMap((each) => teller.take(each));
}

const finished = ['run.finished', { status: 'completed', reason: 'stop', usage: NO_USAGE }, 0, 0] as const;

test('a log and its fold come to the same message, whatever was superseded', () => {
  const piece = record({ kind: constantFrom('text' as const, 'thinking' as const), data: string({ minLength: 1, maxLength: 6 }) });
  const again = record({ keep: nat(12), keepThinking: nat(12) });
  const step = array(oneof(piece, again), { maxLength: 8 });
  assert(
    property(array(step, { minLength: 1, maxLength: 4 }), (steps) => {
      const records: (readonly [RunRecord['kind'], unknown, number, number])[] = [];
      steps.forEach((pieces, i) => {
        let attempt = 1;
        const lengths = { text: 0, thinking: 0 };
        records.push(['step.started', { model: 'm' }, i + 1, attempt]);
        for (const each of pieces) {
          if ('kind' in each) {
            lengths[each.kind] += each.data.length;
            records.push([each.kind, each.data, i + 1, attempt]);
          } else {
            lengths.text = Math.min(lengths.text, each.keep);
            lengths.thinking = Math.min(lengths.thinking, each.keepThinking);
            const data = { model: 'm', supersedes: attempt, keep: lengths.text, keepThinking: lengths.thinking };
            records.push(['step.started', data, i + 1, ++attempt]);
          }
        }
        records.push(['step.ended', { finish: 'stop', usage: NO_USAGE }, i + 1, attempt]);
      });
      const log = logOf(...records, finished);
      const fold = emptyFold();
      for (const each of log) applyRecord(fold, each);
      const whole = messageOf(told(log));
      const folded = messageOf(new UiTeller(RUN, log[0]?.data as never, false).takeFold(fold));
      for (const [type, text] of [
        ['text', foldText(fold)],
        ['reasoning', foldThinking(fold)],
      ] as const) {
        expect(said(whole, type)).toBe(text);
        expect(said(folded, type)).toBe(text);
      }
    }),
  );
});

test('what stands is not told again, and what does not is taken back once', () => {
  const chunks = told(
    logOf(
      ['step.started', { model: 'm' }],
      ['thinking', 'Hm.'],
      ['text', 'Hello'],
      ['step.started', { model: 'm', supersedes: 1, keep: 5, keepThinking: 3 }, 1, 2],
      ['text', ' there', 1, 2],
      ['step.started', { model: 'm', supersedes: 2, keep: 2, keepThinking: 3 }, 1, 3],
      ['text', 'y', 1, 3],
    ),
  );
  expect(chunks.filter(({ type }) => type === 'reset-step')).toHaveLength(1);
  expect(messageOf(chunks).map(({ type, text }) => [type, text])).toEqual([
    ['step-start', ''],
    ['reasoning', 'Hm.'],
    ['text', 'Hey'],
  ]);
});

test('calls are the page’s, or were carried out here; those of an attempt that is gone are gone', () => {
  const tools = [{ name: 'page' }];
  const call = (id: string, name: string) => ({ id, name, arguments: '{"a":1}' });
  const log = logOf(
    ['step.started', { model: 'm' }],
    ['tool.called', call('c0', 'page')],
    ['step.started', { model: 'm', supersedes: 1 }, 1, 2],
    ['tool.called', call('c1', 'here'), 1, 2],
    ['step.ended', { finish: 'tool_calls', usage: NO_USAGE }, 1, 2],
    ['tool.started', { id: 'c1', name: 'here', key: 'k' }],
    ['tool.result', { id: 'c1', name: 'here', ms: 1, content: 'no', error: { code: 'TOOL_FAILED', message: 'no' } }],
    ['step.started', { model: 'm' }, 2],
    ['tool.called', call('c2', 'page'), 2],
    ['tool.called', { ...call('c3', 'nobody'), arguments: 'no json' }, 2],
    ['step.ended', { finish: 'tool_calls', usage: NO_USAGE }, 2],
    ['run.finished', { status: 'completed', reason: 'tool_calls', usage: NO_USAGE }, 0, 0],
  );
  const calls = told(log, { tools }).filter(({ type }) => type.startsWith('tool-') || type === 'reset-step' || type === 'finish');
  expect(calls).toMatchObject([
    { type: 'tool-input-available', toolCallId: 'c0', toolName: 'page', input: { a: 1 } },
    { type: 'reset-step' },
    { type: 'tool-input-available', toolCallId: 'c1', providerExecuted: true, dynamic: true },
    { type: 'tool-output-error', toolCallId: 'c1', errorText: 'no' },
    { type: 'tool-input-available', toolCallId: 'c2' },
    { type: 'tool-input-available', toolCallId: 'c3', input: 'no json' },
    { type: 'finish', finishReason: 'tool-calls' },
  ]);
  expect(calls[0]).not.toHaveProperty('providerExecuted');
});

test('a message that goes on is told whole to who forgot it, and says how it ended', () => {
  const input = [
    { role: 'user', content: 'Hi.' },
    { role: 'assistant', content: 'Wait.', toolCalls: [{ id: 'c1', name: 'page', arguments: '{}' }] },
    { role: 'tool', toolCallId: 'c1', content: '{"sky":"grey"}' },
  ];
  const created = { input, door: { api: 'ui', model: 'm', chat: 'c', message: 'm7' } };
  const log = logOf(['step.started', { model: 'm' }], ['text', 'Grey.'], finished);
  const types = (replays: boolean): string[] => told(log, created, replays).map(({ type }) => type);
  expect(types(false).slice(0, 2)).toEqual(['start', 'start-step']);
  expect(types(true).slice(0, 8)).toEqual([
    'start',
    'start-step',
    'text-start',
    'text-delta',
    'text-end',
    'tool-input-available',
    'finish-step',
    'tool-output-available',
  ]);
  expect(told(log, created, true)[0]).toMatchObject({ messageId: 'm7' });
  for (const [outcome, last] of [
    [{ status: 'cancelled', by: 'x', usage: NO_USAGE }, { type: 'abort' }],
    [
      { status: 'failed', error: { code: 'PROVIDER_FAILED', message: 'It broke.' }, usage: NO_USAGE },
      { type: 'error', errorText: 'PROVIDER_FAILED: It broke.' },
    ],
  ] as const)
    expect(told(logOf(['run.finished', outcome, 0, 0])).at(-1)).toMatchObject(last);
});
