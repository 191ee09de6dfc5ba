import { describe, expect, test } from 'vitest';
import { forkRequestSchema, judge, runRequestSchema, upFrameSchema } from '../src/schema.ts';

/** zod compares it with a number, and it is none and cannot become one. */
const LENGTHS = ['{"toString":null}', '{"toString":"x","valueOf":1}', '{"toString":{},"valueOf":{}}'];

describe.each(LENGTHS)('a length of %s', (length) => {
  const given = JSON.parse(`{"length":${length}}`) as unknown;

  test('is refused, wherever it stands', () => {
    expect(judge(upFrameSchema, given).success).toBe(false);
    expect(judge(upFrameSchema, { t: 'attach', ch: 1, run: given }).success).toBe(false);
    expect(judge(upFrameSchema, { t: 'command', run: 'r'.repeat(22), id: given, kind: 'cancel' }).success).toBe(false);
    expect(judge(runRequestSchema, { input: given }).success).toBe(false);
    expect(judge(runRequestSchema, { input: 'q', session: given }).success).toBe(false);
    expect(judge(forkRequestSchema, { input: given }).error?.issues[0]?.message).toBe('holds what cannot be compared');
  });
});

test('what is right is taken, what is wrong is said', () => {
  expect(judge(forkRequestSchema, { at: 2 })).toEqual({ success: true, data: { at: 2 } });
  expect(judge(forkRequestSchema, { at: 'x' }).error?.issues[0]?.path).toEqual(['at']);
});
