import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPace, type Pace, type PaceOptions, type Piece } from '../src/pace.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';

interface Bench {
  readonly clock: FakeClock;
  readonly pace: Pace;
  /** `[ms, text]` */
  readonly out: (readonly [number, string])[];
  say(text: string, kind?: Piece['kind'], attempt?: number): void;
}

function bench(options: Partial<PaceOptions>): Bench {
  const clock = createFakeClock();
  const out: (readonly [number, string])[] = [];
  const pace = createPace(clock, { intervalMs: 0, batchSize: 1, batchDelayMs: 20, ...options }, ({ text }) =>
    out.push([clock.now(), text]),
  );
  return {
    clock,
    pace,
    out,
    say: (text, kind = 'token', attempt = 1) => pace.push({ kind, text, meta: { run: 'r', seq: 1, step: 1, attempt, agent: undefined } }),
  };
}

test('without pace or batches each delta is handed out as it comes', () => {
  const { out, pace, say } = bench({});
  for (const text of ['a', 'b', '', 'c']) say(text);
  expect(out).toEqual([
    [0, 'a'],
    [0, 'b'],
    [0, 'c'],
  ]);
  expect(pace.idle).toBe(true);
});

test('a fast model is joined to one hand-out per interval, and the first text does not wait', () => {
  const { clock, out, say } = bench({ intervalMs: 50 });
  for (let i = 0; i < 12; i++) {
    say(String(i % 10));
    clock.pass(10);
  }
  clock.pass(100);
  expect(out).toEqual([
    [0, '0'],
    [50, '1234'],
    [100, '56789'],
    [150, '01'],
  ]);
});

test('a slow model is never delayed', () => {
  const { clock, out, say } = bench({ intervalMs: 50 });
  for (const text of ['a', 'b', 'c']) {
    say(text);
    clock.pass(70);
  }
  expect(out).toEqual([
    [0, 'a'],
    [70, 'b'],
    [140, 'c'],
  ]);
});

test('a model about as slow as the pace keeps its own, however uneven, and what comes together stays together', () => {
  const { clock, out, say } = bench({ intervalMs: 50 });
  for (const [text, ms] of [
    ['a', 30],
    ['bc', 60],
    ['de', 45],
    ['f', 0],
  ] as const) {
    for (const delta of text) say(delta);
    clock.pass(ms);
  }
  clock.pass(0);
  expect(out).toEqual([
    [0, 'a'],
    [30, 'bc'],
    [90, 'de'],
    [135, 'f'],
  ]);
});

test('a batch leaves when it is full or old, and the first text of an answer does not wait', () => {
  const { clock, out, pace, say } = bench({ batchSize: 3, batchDelayMs: 20 });
  say('a');
  for (const text of ['b', 'c', 'd', 'e']) say(text);
  expect(out).toEqual([
    [0, 'a'],
    [0, 'bcd'],
  ]);
  expect(pace.idle).toBe(false);
  clock.pass(30);
  expect(out.at(-1)).toEqual([20, 'e']);
});

test('the first text of a new attempt does not wait either', () => {
  const { out, say } = bench({ batchSize: 10 });
  say('a');
  say('b');
  say('x', 'token', 2);
  expect(out).toEqual([
    [0, 'a'],
    [0, 'b'],
    [0, 'x'],
  ]);
});

test('thinking and text keep their order and are not joined', () => {
  const { clock, out, say } = bench({ intervalMs: 50 });
  say('t', 'thinking');
  say('u', 'thinking');
  say('a');
  say('b');
  clock.pass(50);
  expect(out).toEqual([
    [0, 't'],
    [0, 'u'],
    [0, 'a'],
    [50, 'b'],
  ]);
});

test('flush hands out at once, and no timer is left', () => {
  const { clock, out, pace, say } = bench({ intervalMs: 50 });
  say('a');
  say('b');
  pace.flush();
  clock.pass(500);
  expect(out).toEqual([
    [0, 'a'],
    [0, 'b'],
  ]);
});

test('whatever the pace, all text comes, in order, and none waits longer than asked', () => {
  fc.assert(
    fc.property(
      fc.record({ intervalMs: fc.nat(60), batchSize: fc.integer({ min: 1, max: 6 }), batchDelayMs: fc.nat(40) }),
      fc.array(fc.tuple(fc.string({ minLength: 1, maxLength: 3 }), fc.nat(40)), { maxLength: 40 }),
      (options, texts) => {
        const { clock, out, pace, say } = bench(options);
        let said = '';
        const saidAtMs: number[] = [];
        for (const [text, waitMs] of texts) {
          said += text;
          for (let i = 0; i < text.length; i++) saidAtMs.push(clock.now());
          say(text);
          clock.pass(waitMs);
        }
        clock.pass(1000);
        expect(pace.idle).toBe(true);
        expect(out.map(([, text]) => text).join('')).toBe(said);
        let at = 0;
        for (const [ms, text] of out) {
          expect(ms - (saidAtMs[at] as number)).toBeLessThanOrEqual(
            Math.max(options.intervalMs, options.batchSize > 1 ? options.batchDelayMs : 0),
          );
          at += text.length;
        }
      },
    ),
    { numRuns: 300 },
  );
});
