import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ERRORS,
  type ErrorCode,
  type ErrorRow,
  HTTP_STATUS,
  isErrorCode,
  LIMITS,
  MEANINGS,
  OpenClawError,
  parseJson,
} from '../src/index.ts';
import { upFrameSchema } from '../src/schema.ts';

const codeOf = (fn: () => unknown): string => {
  try {
    fn();
  } catch (error) {
    return error instanceof OpenClawError ? error.code : `not ours: ${error}`;
  }
  return 'nothing thrown';
};

describe('parseJson (2.3)', () => {
  test('takes what is exactly as deep as allowed, and refuses one more', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(parseJson(nested(LIMITS.maxDepth))).toBeDefined();
    expect(codeOf(() => parseJson(nested(LIMITS.maxDepth + 1)))).toBe('TOO_LARGE');
    expect(codeOf(() => parseJson('{"a":'.repeat(200_000)))).toBe('TOO_LARGE');
  });

  test('brackets inside strings do not count', () => {
    const text = JSON.stringify({ a: '[{"\\'.repeat(100) });
    expect(parseJson(text, 1)).toEqual(JSON.parse(text));
  });

  test.each(['', '{', 'nul', '{"a":}', '"\\x"', 'undefined', '{}x'])('%j is a BAD_FRAME', (text) => {
    expect(codeOf(() => parseJson(text))).toBe('BAD_FRAME');
  });

  test('agrees with JSON.parse on everything that is shallow', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });
});

describe('frames', () => {
  const ok = (frame: unknown): boolean => upFrameSchema.safeParse(frame).success;

  test('takes what the protocol lists', () => {
    const run = 'A'.repeat(22);
    expect(ok({ t: 'hello', v: 1, client: 'test' })).toBe(true);
    expect(ok({ t: 'start', ch: 1, idem: 'k', run: { input: 'hi' } })).toBe(true);
    expect(ok({ t: 'start', ch: 1, idem: 'k', run: { input: [{ role: 'user', content: 'hi' }], level: 'auto' }, hold: true })).toBe(true);
    expect(ok({ t: 'attach', ch: 1, run, epoch: 1, after: 3, h: 9 })).toBe(true);
    expect(ok({ t: 'detach', ch: 1 })).toBe(true);
    expect(ok({ t: 'command', run, id: 'c', kind: 'cancel' })).toBe(true);
  });

  test.each([
    ['an unknown frame', { t: 'shout' }],
    ['a pong, which is not a frame of this protocol', { t: 'pong' }],
    ['an unknown key', { t: 'detach', ch: 1, now: true }],
    ['a channel below 0', { t: 'detach', ch: -1 }],
    ['a fraction as channel', { t: 'detach', ch: 1.5 }],
    ['an empty idempotency key', { t: 'start', ch: 1, idem: '', run: { input: 'hi' } }],
    ['a long idempotency key', { t: 'start', ch: 1, idem: 'k'.repeat(LIMITS.maxNameLength + 1), run: { input: 'hi' } }],
    ['no input', { t: 'start', ch: 1, idem: 'k', run: { input: '' } }],
    [
      'too many messages',
      { t: 'start', ch: 1, idem: 'k', run: { input: Array(LIMITS.maxMessages + 1).fill({ role: 'user', content: '' }) } },
    ],
    ['an unknown role', { t: 'start', ch: 1, idem: 'k', run: { input: [{ role: 'root', content: 'hi' }] } }],
    ['level 5', { t: 'start', ch: 1, idem: 'k', run: { input: 'hi', level: 5 } }],
    ['a run id of another length', { t: 'attach', ch: 1, run: 'short' }],
    ['an unknown command', { t: 'command', run: 'A'.repeat(22), id: 'c', kind: 'explode' }],
    ['an array', []],
    ['null', null],
  ])('refuses %s', (_name, frame) => {
    expect(ok(frame)).toBe(false);
  });
});

describe('errors', () => {
  test('each word is a status, maybe a close code, and a sentence', () => {
    for (const [code, row] of Object.entries<ErrorRow>(ERRORS)) {
      expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
      expect(HTTP_STATUS[code as ErrorCode]).toBeGreaterThanOrEqual(400);
      expect(MEANINGS[code as ErrorCode]).toMatch(/^[A-Z].*\.$/);
      if (row.close !== undefined) expect((row.close >= 4000 && row.close < 5000) || [1009, 1011, 1012].includes(row.close)).toBe(true);
    }
  });

  test('close codes say one thing each', () => {
    const closes = Object.values<ErrorRow>(ERRORS).flatMap((row) => row.close ?? []);
    expect(new Set(closes).size).toBe(closes.length);
  });

  test('travels as its body and comes back', () => {
    const error = new OpenClawError('CIRCUIT_OPEN', 'wait', { retryAfterMs: 5 });
    expect(OpenClawError.fromBody(JSON.parse(JSON.stringify(error.toBody())))).toMatchObject({
      code: 'CIRCUIT_OPEN',
      retryAfterMs: 5,
      message: 'wait',
    });
    expect(error.retryable).toBe(true);
    expect(OpenClawError.fromBody({ code: 'OF_A_NEWER_PEER', message: 'x' })).toMatchObject({ code: 'OF_A_NEWER_PEER', retryable: false });
    expect(isErrorCode('constructor')).toBe(false);
  });

  test('unknown things enter by one door and keep their cause', () => {
    const cause = new TypeError('odd');
    expect(OpenClawError.from(cause)).toMatchObject({ code: 'INTERNAL', message: 'odd', cause });
    expect(OpenClawError.from('text', 'BAD_REQUEST')).toMatchObject({ code: 'BAD_REQUEST', message: 'text' });
    const ours = new OpenClawError('FENCED', 'gone');
    expect(OpenClawError.from(ours)).toBe(ours);
  });
});
