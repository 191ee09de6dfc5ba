import type { Clock } from '@openclaw-runtime/kit';
import { expect, test } from 'vitest';
import { createWindow, type Window } from '../src/socket/window.ts';

const KIB = 1024;

interface Bench {
  readonly window: Window;
  readonly pings: () => number;
  pass(ms: number): void;
}

function bench(most = 512 * KIB): Bench {
  let nowMs = 0;
  let pings = 0;
  const window = createWindow({ now: () => nowMs } as Clock, most, () => pings++);
  return { window, pings: () => pings, pass: (ms) => void (nowMs += ms) };
}

test('a quarter of it is asked after, once; all of it makes it full until the answer', () => {
  const { window, pings } = bench();
  window.sent(4 * KIB - 1);
  expect(pings()).toBe(0);
  window.sent(1);
  expect(pings()).toBe(1);
  window.sent(12 * KIB - 1);
  expect([pings(), window.full]).toEqual([1, false]);
  window.sent(1);
  expect([window.full, window.ahead]).toEqual([true, 16 * KIB]);
  expect(window.answered()).toBe(true);
  // What was sent after the ping is not answered for, and is asked after now.
  expect([window.full, window.ahead, pings()]).toEqual([false, 12 * KIB, 2]);
});

test('it doubles where answers come soon, and halves where they come late, within bounds', () => {
  const { window, pass } = bench(64 * KIB);
  const round = (ms: number): number => {
    window.sent(window.size);
    pass(ms);
    window.answered();
    return window.size / KIB;
  };
  expect([10, 10, 10].map(round)).toEqual([32, 64, 64]);
  expect([500, 1_001, 2_000].map(round)).toEqual([64, 32, 16]);
  expect([9_000, 9_000, 9_000].map(round)).toEqual([8, 4, 4]);
});

test('it is never full without a ping on its way, however it shrinks', () => {
  const { window, pings, pass } = bench();
  for (let i = 0; i < 8; i++) {
    while (!window.full) window.sent(1_000);
    pass(5_000);
    const before = pings();
    window.answered();
    if (window.full) expect(pings()).toBe(before + 1);
  }
});

test('an answer that nobody waits for is none of its; a ping for another reason is not doubled', () => {
  const { window, pings } = bench();
  expect(window.answered()).toBe(false);
  expect([window.probe(), window.probe(), pings()]).toEqual([true, false, 1]);
  window.sent(100 * KIB);
  expect(pings()).toBe(1);
  expect([window.answered(), window.answered()]).toEqual([true, true]);
});
