import { OpenClawError } from '@openclaw-runtime/protocol';
import { expect, test } from 'vitest';
import { Restarts } from '../src/run/restarts.ts';

/** How many starts are left when a thread is lost every `everyMs`, up to 1,000. */
function startsOf(code: 'AGENT_CRASHED' | 'AGENT_MEMORY' | 'THREAD_LOST', everyMs: number, strikes = 0): number {
  const restarts = new Restarts(strikes);
  let starts = 0;
  while (starts < 1_000 && restarts.isLeft(new OpenClawError(code, 'x'), starts * everyMs)) starts++;
  return starts;
}

test('code that takes its thread down is started again 3 times in 10 s', () => {
  expect(startsOf('AGENT_CRASHED', 100)).toBe(3);
  expect(startsOf('AGENT_CRASHED', 4_000)).toBe(1_000);
});

test('code that runs out of memory is started again 5 times in all, however seldom, whoever counted before', () => {
  expect(startsOf('AGENT_MEMORY', 100)).toBe(3);
  expect(startsOf('AGENT_MEMORY', 3_600_000)).toBe(5);
  expect(startsOf('AGENT_MEMORY', 3_600_000, 4)).toBe(1);
});

test('code that loses its thread to nobody known is not started for ever either', () => {
  expect(startsOf('THREAD_LOST', 0)).toBe(100);
  expect(startsOf('THREAD_LOST', 500)).toBe(100);
  expect(startsOf('THREAD_LOST', 700)).toBe(1_000);
});
