import { expect, test } from 'vitest';
import { Ring, seededRandom } from '../src/index.ts';

test('gives what was put in, in that order, whatever comes between', () => {
  const random = seededRandom(11);
  const ring = new Ring<number>();
  const list: number[] = [];
  for (let i = 0; i < 50_000; i++) {
    // Longer and longer, then shorter again.
    if (random.float() < (i < 25_000 ? 0.6 : 0.4)) {
      ring.push(i);
      list.push(i);
    } else expect(ring.shift()).toBe(list.shift());
    expect(ring.size).toBe(list.length);
  }
  while (list.length > 0) expect(ring.shift()).toBe(list.shift());
  expect(ring.shift()).toBeUndefined();
});
