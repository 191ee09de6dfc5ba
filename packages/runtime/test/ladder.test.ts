import { OpenClawError } from '@openclaw-runtime/protocol';
import { describe, expect, test } from 'vitest';
import { chooseRung, countAttempt, type Delivered, exhausted, NO_ATTEMPTS } from '../src/run/ladder.ts';
import { RUN_LIMITS } from '../src/run/limits.ts';

const delivered = (text: string, thinking = ''): Delivered => ({ attempt: 1, text, thinking });
const last = new OpenClawError('PROVIDER_FAILED', 'it broke off');

describe('the rung', () => {
  test.each([
    ['nothing delivered', delivered(''), true, 'fresh'],
    ['nothing delivered, no prefix', delivered(''), false, 'fresh'],
    ['plain text and a provider that goes on from it', delivered('a'), true, 'continue'],
    ['plain text and a provider that does not', delivered('a'), false, 'compare'],
    ['thinking cannot be gone on with', delivered('', 'hm'), true, 'compare'],
    ['nor can text that came after thinking', delivered('a', 'hm'), true, 'compare'],
  ] as const)('%s', (_what, from, prefix, rung) => {
    expect(chooseRung(from, prefix)).toBe(rung);
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
