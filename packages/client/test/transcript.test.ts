import { chain } from '@openclaw-runtime/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RunItem, SnapshotItem } from '../src/index.ts';
import { copyFold, copyPosition, type Position, startOf } from '../src/position.ts';
import { createTranscript, type Heard, type Transcript } from '../src/transcript.ts';
import { CREATED, createLog, type Log, randomLog, STEP, saying } from './log.ts';

function positionIn(log: Log, seq: number, epoch = 1): Position {
  return { epoch, seq, h: log.h(seq), fold: log.fold(seq) };
}

/** Hears as an iterating application does. */
function listen(from: Parameters<typeof createTranscript>[0] = startOf(0)): { heard: Heard[]; items: RunItem[]; transcript: Transcript } {
  const heard: Heard[] = [];
  const items: RunItem[] = [];
  const transcript = createTranscript(from, (one) => {
    heard.push('position' in one ? { ...one, position: copyPosition(one.position) } : one);
    if (one.kind === 'record') items.push(one.record);
    if (one.kind === 'replaced') items.push({ ...one.position, kind: 'snapshot', fold: copyFold(one.position.fold) } as SnapshotItem);
  });
  return { heard, items, transcript };
}

function take(transcript: Transcript, log: Log, first: number, last?: number): string {
  const [, from, records, h] = log.batch(1, first, last);
  return transcript.take(from, records, h);
}

test('a log is heard record by record (5.1)', () => {
  const log = saying('a', 'b');
  const { items, transcript } = listen();
  transcript.attached(1, log.head, false);
  expect(take(transcript, log, 1, 3)).toBe('taken');
  expect(take(transcript, log, 4)).toBe('taken');
  expect(items.map((item) => item.seq)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(transcript.reached.fold).toEqual(log.fold());
  expect(transcript.reached.h).toBe(log.h(log.head));
});

test('what is known is dropped, what overlaps is taken from where it is new, a gap takes nothing (5.2)', () => {
  const log = saying('a', 'b', 'c');
  const { items, transcript } = listen();
  transcript.attached(1, log.head, false);
  take(transcript, log, 1, 4);
  expect(take(transcript, log, 2, 3)).toBe('stale');
  expect(take(transcript, log, 6)).toBe('gap');
  expect(take(transcript, log, 3, 5)).toBe('taken');
  expect(items.map((item) => item.seq)).toEqual([1, 2, 3, 4, 5]);
});

test('a chain that differs takes nothing of its batch (4.3)', () => {
  const log = saying('a', 'b');
  const { items, transcript } = listen();
  transcript.attached(1, log.head, false);
  take(transcript, log, 1, 2);
  const [, first, records] = log.batch(1, 3, 4);
  expect(transcript.take(first, records, 1)).toBe('damaged');
  expect(transcript.take(first, [records[0]!, ['text', 1, 1, 'X']], log.h(4))).toBe('damaged');
  expect(items).toHaveLength(2);
  expect(take(transcript, log, 3)).toBe('taken');
});

test('records that contradict each other throw', () => {
  const texts = ['["text",9,1,"x"]'];
  const { transcript } = listen();
  transcript.attached(1, 1, false);
  expect(() =>
    transcript.take(
      1,
      texts.map((text) => JSON.parse(text)),
      chain(0, texts[0]!),
    ),
  ).toThrow(/not the open one/);
});

test('a record is heard before the position passes it', () => {
  const log = saying('a');
  const places: number[] = [];
  const transcript = createTranscript(startOf(1), () => places.push(transcript.shown.seq));
  take(transcript, log, 1);
  expect(places).toEqual([0, 1, 2, 3, 4]);
});

test('a snapshot replaces what is known, and records go on behind it (5.5)', () => {
  const log = saying('a', 'b', 'c');
  const { heard, items, transcript } = listen();
  transcript.attached(1, log.head, false);
  take(transcript, log, 1, 3);
  transcript.snap(positionIn(log, 5));
  take(transcript, log, 6);
  expect(items.map((item) => `${item.kind} ${item.seq}`)).toEqual([
    'run.created 1',
    'step.started 2',
    'text 3',
    'snapshot 5',
    'step.ended 6',
    'run.finished 7',
  ]);
  expect(heard[3]).toMatchObject({
    kind: 'replaced',
    before: { steps: [{ text: 'a' }] },
    position: { fold: { steps: [{ text: 'abc' }] } },
  });
  transcript.snap(positionIn(log, 5));
  expect(transcript.reached.seq).toBe(7);
});

test('a reset is heard once, when the new log has caught up with its head (5.4)', () => {
  const old = saying('one', ' two');
  const log = saying('one', ' three', '!');
  const { heard, transcript } = listen();
  transcript.attached(1, old.head, false);
  take(transcript, old, 1, 4);
  transcript.attached(2, 5, true);
  take(transcript, log, 1, 2);
  expect(heard).toHaveLength(4);
  expect(transcript.shown).toMatchObject({ epoch: 1, seq: 4 });
  expect(transcript.reached).toMatchObject({ epoch: 2, seq: 2 });
  take(transcript, log, 3);
  expect(heard.slice(4).map((one) => one.kind)).toEqual(['replaced', 'record', 'record']);
  expect(heard[4]).toMatchObject({ before: { steps: [{ text: 'one two' }] } });
  expect(transcript.shown).toBe(transcript.reached);
  expect(transcript.reached.fold).toEqual(log.fold());
});

test('a reset to an empty log is heard at once', () => {
  const { heard, transcript } = listen();
  transcript.attached(1, 3, false);
  take(transcript, saying('a'), 1, 3);
  transcript.attached(2, 0, true);
  expect(heard.at(-1)).toMatchObject({ kind: 'replaced', position: { epoch: 2, seq: 0 } });
});

test('a saved cursor without its fold fetches the prefix silently', () => {
  const log = saying('a', 'b', 'c');
  const { heard, items, transcript } = listen({ epoch: 1, seq: 4, h: log.h(4) });
  transcript.attached(1, log.head, false);
  take(transcript, log, 1);
  expect(heard[0]).toMatchObject({ kind: 'caught' });
  expect(items.map((item) => item.seq)).toEqual([5, 6, 7]);
  expect(transcript.reached.fold).toEqual(log.fold());
});

test.each([
  ['another epoch', 2, (log: Log) => log.h(4)],
  ['another chain', 1, () => 12345],
])('a saved cursor of %s is told that all is replaced', (_, epoch, h) => {
  const log = saying('a', 'b', 'c');
  const { heard, transcript } = listen({ epoch: 1, seq: 4, h: h(log) });
  transcript.attached(epoch, log.head, false);
  take(transcript, log, 1);
  expect(heard[0]).toMatchObject({ kind: 'replaced', before: undefined });
  expect(transcript.reached.fold).toEqual(log.fold());
});

test('a saved cursor ahead of the log is told that all is replaced', () => {
  const log = createLog(CREATED, STEP);
  const { heard, transcript } = listen({ epoch: 1, seq: 9, h: 5 });
  transcript.attached(1, 2, false);
  take(transcript, log, 1);
  expect(heard).toMatchObject([{ kind: 'replaced', position: { seq: 2 } }]);
});

test('batches in any order and number, and snapshots, end in the log; every record is heard once', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.array(fc.tuple(fc.nat(40), fc.nat(8), fc.constantFrom('batch', 'batch', 'batch', 'damaged', 'snap')), { maxLength: 60 }),
      (seed, moves) => {
        const log = randomLog(seed);
        const { heard, transcript } = listen();
        transcript.attached(1, log.head, false);
        const at = (n: number): number => 1 + (n % log.head);
        for (const [n, length, what] of moves) {
          const last = Math.min(log.head, at(n) + length);
          if (what === 'snap') transcript.snap(positionIn(log, at(n)));
          else if (what === 'damaged') transcript.take(at(n), [['text', 1, 1, 'X']], 1);
          else take(transcript, log, at(n), last);
        }
        if (transcript.reached.seq < log.head) take(transcript, log, transcript.reached.seq + 1);
        expect(transcript.reached).toEqual(positionIn(log, log.head));
        let seq = 0;
        for (const one of heard) {
          if (one.kind === 'record') expect(one.record.seq).toBe(seq + 1);
          seq = one.kind === 'record' ? one.record.seq : one.position.seq;
        }
        expect(seq).toBe(log.head);
      },
    ),
    { numRuns: 500 },
  );
});
