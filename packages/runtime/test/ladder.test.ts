import { OpenClawError } from '@openclaw-runtime/protocol';
import { describe, expect, test } from 'vitest';
import { Chain } from '../src/run/chain.ts';
import { chooseRung, countAttempt, type Delivered, exhausted, type Footing, NO_ATTEMPTS } from '../src/run/ladder.ts';
import { RUN_LIMITS, runDeadlineMs } from '../src/run/limits.ts';

const delivered = (text: string, thinking = ''): Delivered => ({ attempt: 1, text, thinking });
const last = new OpenClawError('PROVIDER_FAILED', 'it broke off');
const best: Footing = { isSpeaker: true, isKept: false, canContinue: true, hasTools: false };

describe('the rung', () => {
  test.each([
    ['nothing delivered', delivered(''), {}, 'fresh'],
    ['nothing delivered, no prefix', delivered(''), { canContinue: false }, 'fresh'],
    ['plain text and a provider that goes on from it', delivered('a'), {}, 'continue'],
    ['plain text and a provider that does not', delivered('a'), { canContinue: false }, 'compare'],
    ['thinking cannot be gone on with', delivered('', 'hm'), {}, 'compare'],
    ['nor can text that came after thinking', delivered('a', 'hm'), {}, 'compare'],
    ['nor what may have been a call to a tool', delivered('a'), { hasTools: true }, 'compare'],
    ['nor half a surrogate pair', delivered('a\ud83d'), {}, 'compare'],
    ['another model’s words', delivered('a'), { isSpeaker: false }, 'fresh'],
    ['a kept response', delivered('a', 'hm'), { isKept: true, hasTools: true }, 'attach'],
    ['a kept response of which nothing was delivered', delivered(''), { isKept: true }, 'attach'],
    ['another model’s kept response', delivered('a'), { isKept: true, isSpeaker: false }, 'attach'],
  ] as const)('%s', (_what, from, footing, rung) => {
    expect(chooseRung(from, { ...best, ...footing })).toBe(rung);
  });
});

describe('the meters', () => {
  test('an attempt without anything new counts as idle, one with something new starts the count again', () => {
    const idle = countAttempt(
      countAttempt(NO_ATTEMPTS, 'compare', delivered('abc'), delivered('abc')),
      'compare',
      delivered('abc'),
      delivered('ab'),
    );
    expect(idle).toEqual({ attempts: 2, idle: 2, regenerated: 6 });
    expect(countAttempt(idle, 'continue', delivered('abc'), delivered('abcd'))).toEqual({ attempts: 3, idle: 0, regenerated: 6 });
  });

  test('reading a kept response again is no work done again', () => {
    expect(countAttempt(NO_ATTEMPTS, 'attach', delivered('abc'), delivered('abcd'))).toEqual({ attempts: 1, idle: 0, regenerated: 0 });
  });

  test.each([
    ['idle', { ...NO_ATTEMPTS, idle: RUN_LIMITS.noProgressAttempts }],
    ['attempts', { ...NO_ATTEMPTS, attempts: RUN_LIMITS.attempts }],
    ['regenerated', { ...NO_ATTEMPTS, regenerated: RUN_LIMITS.regeneratedChars }],
  ])('%s ends recovery with NO_PROGRESS and names the last error', (_name, meters) => {
    expect(exhausted(meters, RUN_LIMITS, last)).toMatchObject({ code: 'NO_PROGRESS', message: expect.stringContaining('it broke off') });
  });

  test('otherwise it goes on', () => {
    expect(exhausted({ attempts: 1, idle: 1, regenerated: 10 }, RUN_LIMITS, last)).toBeUndefined();
  });
});

describe('the time of a run', () => {
  const at = (wall: number) => ({ now: () => 1_000_000, wall: () => wall, after: () => () => undefined });
  const limits = { runMs: 600_000 };
  const left = (createdAt: number, wall: number) => runDeadlineMs(createdAt, limits, at(wall)) - 1_000_000;

  test('runs from its creation, whoever works on it', () => {
    expect(left(5_000, 5_000)).toBe(600_000);
    expect(left(5_000, 305_000)).toBe(300_000);
  });

  test('leaves each owner some, also after a long time without any', () => {
    expect(left(5_000, 5_000 + 86_400_000)).toBe(60_000);
    expect(runDeadlineMs(0, { runMs: 10 }, at(86_400_000)) - 1_000_000).toBe(10);
  });

  test('is not stretched by a wall clock that was set back', () => {
    expect(left(86_400_000, 5_000)).toBe(600_000);
  });
});

describe('the chain', () => {
  test('asks each model once per round, in order', () => {
    const chain = new Chain(['a', 'b', 'c', 'b'], 'a');
    const asked = [chain.asked];
    while (chain.pass()) asked.push(chain.asked);
    expect(asked).toEqual(['a', 'b', 'c']);
    chain.restart('b');
    expect([chain.asked, chain.pass(), chain.asked]).toEqual(['b', true, 'a']);
  });

  test('never asks again what was dropped, save the last one', () => {
    const chain = new Chain(['a', 'b'], 'a');
    expect([chain.drop(), chain.asked]).toEqual([true, 'b']);
    chain.restart('a');
    expect([chain.asked, chain.drop(), chain.asked]).toEqual(['b', false, 'b']);
  });

  test('of one model has nowhere to go', () => {
    const chain = new Chain(['a'], 'a');
    expect([chain.pass(), chain.asked]).toEqual([false, 'a']);
  });
});
