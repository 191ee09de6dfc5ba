import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeCursor, parseCursor } from '../src/index.ts';

const epoch = fc.integer({ min: 1, max: 36 ** 6 - 1 });
const seq = fc.integer({ min: 0, max: 9_007_199_254_740_991 });

test('a cursor survives the round trip', () => {
  fc.assert(
    fc.property(epoch, seq, (e, s) => {
      expect(parseCursor(encodeCursor(e, s))).toEqual({ epoch: e, seq: s });
    }),
  );
});

test('cursors of one epoch sort as text in the order of the log', () => {
  fc.assert(
    fc.property(epoch, seq, seq, (e, a, b) => {
      expect(Math.sign(a - b)).toBe(encodeCursor(e, a) < encodeCursor(e, b) ? -1 : encodeCursor(e, a) > encodeCursor(e, b) ? 1 : 0);
    }),
  );
});

test.each([
  '',
  'e1',
  'e1_1',
  '1_0000000000000001',
  'e_0000000000000001',
  'eZ_0000000000000001',
  'e1_9999999999999999',
  'e1_0000000000000001x',
  ' e1_0000000000000001',
])('refuses %j', (text) => {
  expect(parseCursor(text)).toBeUndefined();
});
