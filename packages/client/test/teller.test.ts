import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEmitter } from '../src/emitter.ts';
import type { OpenClawClient } from '../src/index.ts';
import { startOf } from '../src/position.ts';
import { createTeller, type Teller } from '../src/teller.ts';
import { createTranscript, type Transcript } from '../src/transcript.ts';
import { createFakeClock } from './fake-clock.ts';
import { CREATED, createLog, type Log, randomLog, STEP } from './log.ts';
import { type Screen, watch } from './screen.ts';

/** A transcript whose every word is told, with somebody who looks at the screen only. */
function show(): { transcript: Transcript; screen: Screen } {
  const emitter = createEmitter();
  const screen = watch({
    on(event, listener) {
      emitter.on(event, listener);
      return this;
    },
  } as Pick<OpenClawClient, 'on'>);
  const teller: Teller = createTeller({
    clock: createFakeClock(),
    emitter,
    streaming: true,
    intervalMs: 0,
    batchSize: 1,
    batchDelayMs: 0,
    about: { run: 'r', agent: 'a' },
  });
  const transcript = createTranscript(startOf(0), (heard) => {
    if (heard.kind === 'record') teller.record(heard.record);
    if (heard.kind === 'replaced') teller.replaced(heard.before, heard.position);
  });
  return { transcript, screen };
}

function take(transcript: Transcript, log: Log, first: number, last?: number): void {
  const [, from, records, h] = log.batch(1, first, last);
  transcript.take(from, records, h);
}

test('a record with the boundaries of its deltas gives one token for each', () => {
  const { transcript, screen } = show();
  const log = createLog(CREATED, STEP, ['text', 1, 1, 'abcdef', [1, 2, 3]]);
  transcript.attached(1, 3, false);
  take(transcript, log, 1);
  expect(screen.tokens).toEqual(['a', 'bc', 'def']);
});

test('a snapshot that says the same tells only what is new; one that differs rewinds to what is common', () => {
  const { transcript, screen } = show();
  const log = createLog(CREATED, STEP, ['text', 1, 1, 'one '], ['text', 1, 1, 'two ']);
  transcript.attached(1, 4, false);
  take(transcript, log, 1, 3);
  transcript.snap({ epoch: 1, seq: 4, h: log.h(4), fold: log.fold() });
  expect(screen.story).toEqual(['token one ', 'token two ']);
  const other = createLog(CREATED, STEP, ['text', 1, 1, 'one three']);
  transcript.attached(2, 3, true);
  transcript.snap({ epoch: 2, seq: 3, h: other.h(3), fold: other.fold() });
  expect(screen.story.slice(2)).toEqual(['rewind 1 to 5', 'token hree']);
  expect(screen.text).toBe('one three');
});

test('a common prefix never ends inside a surrogate pair', () => {
  const { transcript, screen } = show();
  transcript.attached(1, 3, false);
  take(transcript, createLog(CREATED, STEP, ['text', 1, 1, 'a\u{1F600}']), 1);
  const other = createLog(CREATED, STEP, ['text', 1, 1, 'a\u{1F601}']);
  transcript.attached(2, 3, true);
  take(transcript, other, 1);
  expect(screen.rewinds).toMatchObject([{ step: 1, keep: 1 }]);
  expect(screen.text).toBe('a\u{1F601}');
});

test('later steps are taken back before the one that diverged, so that appending and cutting works', () => {
  const { transcript, screen } = show();
  const two = (text: string): Log =>
    createLog(
      CREATED,
      STEP,
      ['text', 1, 1, text],
      ['step.started', 2, 1, { model: 'sim' }],
      ['text', 2, 1, 'more'],
      ['tool.called', 2, 1, { id: 'c', name: 'n', arguments: '{}' }],
    );
  const log = two('abc');
  transcript.attached(1, 6, false);
  take(transcript, log, 1);
  expect(screen.tools).toEqual(['c']);
  transcript.attached(2, 6, true);
  take(transcript, two('abX'), 1);
  expect(screen.story.slice(3)).toEqual(['rewind 2 to 0', 'rewind 1 to 2', 'token X', 'token more', 'tool c']);
  expect(screen.tools).toEqual(['c']);
});

test('whatever is superseded, replayed, reset or replaced, the screen ends equal to the log', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.nat(),
      fc.array(fc.tuple(fc.nat(), fc.constantFrom('batch', 'snap', 'reset')), { maxLength: 20 }),
      (a, b, moves) => {
        const { transcript, screen } = show();
        let log = randomLog(a);
        let epoch = 1;
        transcript.attached(epoch, log.head, false);
        for (const [n, what] of moves) {
          if (transcript.reached.fold.outcome) break;
          const { seq } = transcript.reached;
          const upTo = Math.min(log.head - 1, seq + 1 + (n % 5));
          if (what === 'reset') {
            log = randomLog(n % 2 ? a : b + n);
            transcript.attached(++epoch, Math.min(log.head - 1, n % 9), true);
          } else if (what === 'batch' && seq < upTo) take(transcript, log, seq + 1, upTo);
          else if (what === 'snap') transcript.snap({ epoch, seq: upTo, h: log.h(upTo), fold: log.fold(upTo) });
        }
        take(transcript, log, transcript.reached.seq + 1);
        const whole = log.fold();
        expect(screen.text).toBe(whole.steps.map((step) => step.text).join(''));
        expect(screen.thinking).toBe(whole.steps.map((step) => step.thinking).join(''));
        expect(screen.tools).toEqual(whole.steps.flatMap((step) => step.toolCalls.map(({ id }) => id)));
      },
    ),
    { numRuns: 500 },
  );
});
