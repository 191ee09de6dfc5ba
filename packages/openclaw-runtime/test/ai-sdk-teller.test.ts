/** What a log comes to as parts of a stream of the AI SDK. */
import type { LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { applyRecord, emptyFold, NO_USAGE, type RunRecord } from '@openclaw-runtime/protocol';
import { expect, test } from 'vitest';
import { PartTeller } from '../src/ai-sdk/teller.ts';

const RUN = 'r'.repeat(22);

type Row = readonly [kind: RunRecord['kind'], data: unknown, step?: number, attempt?: number];

function logOf(...rows: readonly Row[]): readonly RunRecord[] {
  return rows.map(([kind, data, step = 1, attempt = 1], i) => ({ kind, data, step, attempt, seq: i + 1 })) as RunRecord[];
}

const STARTED: Row = ['step.started', { model: 'm' }];
const ENDED: Row = ['step.ended', { finish: 'stop', usage: NO_USAGE }];
const FINISHED: Row = ['run.finished', { status: 'completed', reason: 'stop', usage: NO_USAGE }, 0, 0];
const AGAIN: Row = ['step.started', { model: 'm', supersedes: 1, keep: 2 }, 1, 2];

function tellerOf(supersede: 'error' | 'hold' = 'error'): PartTeller {
  return new PartTeller(RUN, 'm', [], supersede);
}

function textOf(parts: readonly LanguageModelV4StreamPart[]): string {
  return parts.map((part) => (part.type === 'text-delta' ? part.delta : '')).join('');
}

test('each flow is a part of its own, which is closed before the next', () => {
  const teller = tellerOf();
  const log = logOf(
    STARTED,
    ['thinking', 'Hm.'],
    ['text', 'Hel'],
    ['text', 'lo.'],
    ['thinking', 'So.'],
    ['text', ' Bye.'],
    ENDED,
    FINISHED,
  );
  expect(log.flatMap((each) => teller.take(each)).map((part) => ('id' in part ? `${part.type} ${part.id}` : part.type))).toEqual([
    'reasoning-start 0',
    'reasoning-delta 0',
    'reasoning-end 0',
    'text-start 1',
    'text-delta 1',
    'text-delta 1',
    'text-end 1',
    'reasoning-start 2',
    'reasoning-delta 2',
    'reasoning-end 2',
    'text-start 3',
    'text-delta 3',
    'text-end 3',
    'finish',
  ]);
});

test('words that do not stand end the stream; where steps are held they are never told; where nothing is lost it goes on', () => {
  const lost = logOf(STARTED, ['text', 'Hello'], AGAIN, ['text', 'y', 1, 2], ENDED, FINISHED);
  const teller = tellerOf();
  expect(() => lost.map((each) => teller.take(each))).toThrow(expect.objectContaining({ code: 'PROVIDER_FAILED' }));
  const held = tellerOf('hold');
  expect(textOf(lost.flatMap((each) => held.take(each)))).toBe('Hey');
  const kept = logOf(STARTED, ['text', 'He'], AGAIN, ['text', 'y', 1, 2], ENDED, FINISHED);
  const on = tellerOf();
  expect(textOf(kept.flatMap((each) => on.take(each)))).toBe('Hey');
});

test('a snapshot goes on behind what was told, and ends the stream where that is another past', () => {
  const log = logOf(STARTED, ['text', 'Hello'], ['text', ' there.'], ENDED, FINISHED);
  const fold = emptyFold();
  for (const each of log) applyRecord(fold, each);
  const snapshot = { kind: 'snapshot', epoch: 1, seq: 5, fold } as const;
  const teller = tellerOf();
  const parts = [...log.slice(0, 2).flatMap((each) => teller.take(each)), ...teller.take(snapshot)];
  expect(textOf(parts)).toBe('Hello there.');
  expect(parts.at(-1)?.type).toBe('finish');
  expect(parts.filter(({ type }) => type === 'text-start')).toHaveLength(1);
  const other = tellerOf();
  for (const each of logOf(STARTED, ['text', 'Bye'])) other.take(each);
  expect(() => other.take(snapshot)).toThrow(expect.objectContaining({ code: 'PROVIDER_FAILED' }));
});
