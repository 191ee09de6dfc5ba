// The judge is shown to find each kind of fault: on a clean case it says nothing, on each doctored one it names the rule.
import { CHAIN_START, chain, encodeRecord, type WireRecord } from '@openclaw-runtime/protocol';
import { describe, expect, test } from 'vitest';
import { judgeRun, type Log } from './judge.ts';
import type { HeardRecord, Line } from './transcript.ts';

const USAGE = { inputTokens: 1, outputTokens: 2, reasoningTokens: 0, cachedTokens: 0 };
const RECORDS = [
  encodeRecord('run.created', 0, 0, { agent: 'default', input: 'q', at: 0, fingerprint: 'f' }),
  encodeRecord('step.started', 1, 1, { model: 'm' }),
  encodeRecord('text', 1, 1, 'one·a two·a ', [6, 6]),
  encodeRecord('step.resumed', 1, 1, { by: 'compare' }),
  encodeRecord('step.started', 1, 2, { model: 'm', supersedes: 1, keep: 4 }),
  encodeRecord('text', 1, 2, 'b '),
  encodeRecord('text', 1, 2, 'two·b '),
  encodeRecord('step.ended', 1, 2, { finish: 'stop', usage: USAGE }),
  encodeRecord('run.finished', 0, 0, { status: 'completed', reason: 'stop', usage: USAGE }),
];
const TEXT = 'one·b two·b ';
const LOG: Log = { run: 'r', epoch: 1, records: RECORDS };

/** Two client processes: the first dies after the second text, of which it wrote down the event and not the record. */
const LINES: readonly Line[] = [
  { t: 'asked', i: 7 },
  { t: 'started', i: 7, run: 'r' },
  ...heard(1, 2),
  { t: 'token', run: 'r', seq: 3, text: 'one·a ' },
  { t: 'token', run: 'r', seq: 3, text: 'two·a ' },
  ...heard(3, 5),
  { t: 'rewind', run: 'r', step: 1, keep: 4, keepThinking: 0 },
  { t: 'token', run: 'r', seq: 6, text: 'b ' },
  { t: 'resumed', i: 7, after: 5, with: 'fold' },
  { t: 'started', i: 7, run: 'r' },
  { t: 'token', run: 'r', seq: 6, text: 'b ' },
  ...heard(6, 6),
  { t: 'token', run: 'r', seq: 7, text: 'two·b ' },
  ...heard(7, 9),
  { t: 'ended', i: 7, status: 'completed', text: TEXT },
];

function heard(first: number, last: number): HeardRecord[] {
  const hs = RECORDS.reduce<number[]>((all, record) => [...all, chain(all.at(-1) ?? CHAIN_START, record)], []);
  return Array.from({ length: last - first + 1 }, (_, n) => {
    const seq = first + n;
    return { t: 'record', i: 7, epoch: 1, seq, h: hs[seq - 1] ?? 0, wire: JSON.parse(RECORDS[seq - 1] ?? '') as WireRecord };
  });
}

function rulesOf(lines: readonly Line[], log: Log | undefined = LOG, answers: readonly string[] = [TEXT]): readonly string[] {
  return [...new Set(judgeRun({ i: 7, lines, log, answers: () => answers }).map(({ rule }) => rule))].sort();
}

const isRecord = (line: Line, seq: number): boolean => line.t === 'record' && line.seq === seq;
const change = (seq: number, by: Partial<HeardRecord>): Line[] =>
  LINES.map((line) => (isRecord(line, seq) ? ({ ...line, ...by } as Line) : line));

test('the clean case has no fault', () => {
  expect(judgeRun({ i: 7, lines: LINES, log: LOG, answers: () => ['another', TEXT] })).toEqual([]);
});

describe('a doctored case has', () => {
  const spliced = RECORDS.map((record, at) =>
    at === 4 ? encodeRecord('step.started', 1, 2, { model: 'm', supersedes: 1, keep: 6 }) : record,
  );
  test.each<[string, readonly string[], () => readonly string[]]>([
    ['a record twice', ['log', 'order'], () => rulesOf(LINES.flatMap((line) => (isRecord(line, 6) ? [line, line] : [line])))],
    ['a record missing', ['log', 'order'], () => rulesOf(LINES.filter((line) => !isRecord(line, 4)))],
    ['records exchanged', ['log', 'order'], () => rulesOf([...LINES.slice(0, 2), ...heard(2, 2), ...heard(1, 1), ...LINES.slice(4)])],
    ['another epoch', ['order'], () => rulesOf(change(8, { epoch: 2 }))],
    ['another epoch in the log', ['order'], () => rulesOf(LINES, { ...LOG, epoch: 2 })],
    ['a snapshot', ['order'], () => rulesOf([...LINES, { t: 'snapshot', i: 7, epoch: 1, seq: 9 }])],
    ['another record than the log', ['log'], () => rulesOf(change(7, { wire: ['text', 1, 2, 'two·c '] }))],
    ['another chain than the log', ['log'], () => rulesOf(change(7, { h: 1 }))],
    ['a record that the log has lost', ['end', 'log'], () => rulesOf(LINES, { ...LOG, records: RECORDS.slice(0, 8) })],
    ['a tail that was not heard', ['end', 'log'], () => rulesOf(LINES.filter((line) => !isRecord(line, 9) && line.t !== 'ended'))],
    ['an event twice', ['told'], () => rulesOf(LINES.flatMap((line) => (line.t === 'token' && line.seq === 7 ? [line, line] : [line])))],
    ['an event missing', ['told'], () => rulesOf(LINES.filter((line) => !(line.t === 'token' && line.seq === 7)))],
    ['a rewind missing', ['told'], () => rulesOf(LINES.filter(({ t }) => t !== 'rewind'))],
    ['another result', ['told'], () => rulesOf(LINES.map((line) => (line.t === 'ended' ? { ...line, text: `${TEXT}x` } : line)))],
    ['a text that nobody answered', ['splice'], () => rulesOf(LINES, LOG, ['one·a two·a ', 'one·c two·c '])],
    ['a splice', ['log', 'splice', 'told'], () => rulesOf(LINES, { ...LOG, records: spliced })],
    ['a client that gave up', ['end'], () => rulesOf([...LINES, { t: 'failed', i: 7, code: 'DATA_DAMAGED', message: 'x' }])],
    ['no such run any more', ['lost'], () => judgeRun({ i: 7, lines: LINES, log: undefined, answers: () => [] }).map(({ rule }) => rule)],
    ['another run for the same key', ['lost'], () => rulesOf(LINES, { ...LOG, run: 'other' })],
  ])('%s: %s', (_name, rules, judge) => {
    expect(judge()).toEqual(rules);
  });
});
