import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Link, LinkedList } from '../src/index.ts';

test('a list is what an array would be from which each takes itself away', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant('push' as const), fc.nat(12)), { maxLength: 60 }), (steps) => {
      const list = new LinkedList<number>();
      const expected: Link<number>[] = [];
      steps.forEach((step, n) => {
        if (step === 'push') expected.push(list.push(n));
        else if (step < expected.length) expect(list.remove(expected.splice(step, 1)[0] as Link<number>)).toBe(true);
        expect([list.size, list.first, [...list]]).toEqual([expected.length, expected[0]?.value, expected.map(({ value }) => value)]);
      });
      for (const link of expected) {
        expect(list.shift()).toBe(link.value);
        expect(list.remove(link)).toBe(false);
      }
      expect([list.size, list.shift()]).toEqual([0, undefined]);
    }),
  );
});

test('who has left, or is in another list, is not taken away', () => {
  const list = new LinkedList<string>();
  const other = new LinkedList<string>();
  const link = list.push('a');
  const foreign = other.push('b');
  expect([list.remove(foreign), list.remove(link), list.remove(link)]).toEqual([false, true, false]);
  expect([list.size, other.size, other.first]).toEqual([0, 1, 'b']);
});
