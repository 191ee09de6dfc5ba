import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFairQueue } from '../src/index.ts';

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ push: fc.constantFrom('a', 'b', 'c') }) },
  { weight: 2, arbitrary: fc.record({ shift: fc.constant(true) }) },
  { weight: 1, arbitrary: fc.record({ leave: fc.nat(20) }) },
);

test('groups take turns, and within a group whoever came first goes first, whoever leaves', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const queue = createFairQueue<number>();
      /** Groups in the order of their turns, with those who wait. */
      const expected: { group: string; items: number[] }[] = [];
      const leaves: { group: string; item: number; leave: () => void }[] = [];
      const drop = (group: string, item: number): void => {
        const line = expected.find((one) => one.group === group);
        if (!line?.items.includes(item)) return;
        line.items.splice(line.items.indexOf(item), 1);
        if (line.items.length === 0) expected.splice(expected.indexOf(line), 1);
      };
      steps.forEach((one, item) => {
        if ('push' in one) {
          const line = expected.find(({ group }) => group === one.push);
          if (line) line.items.push(item);
          else expected.push({ group: one.push, items: [item] });
          leaves.push({ group: one.push, item, leave: queue.push(one.push, item) });
        } else if ('shift' in one) {
          const line = expected.shift();
          expect(queue.shift()).toBe(line?.items[0]);
          if (line && line.items.length > 1) expected.push({ ...line, items: line.items.slice(1) });
        } else if (one.leave < leaves.length) {
          // Also who has gone already: then nothing happens.
          const { group, item: who, leave } = leaves[one.leave] as (typeof leaves)[number];
          leave();
          drop(group, who);
        }
        expect([queue.size, queue.first]).toEqual([expected.flatMap(({ items }) => items).length, expected[0]?.items[0]]);
      });
    }),
  );
});

test('the number ahead is what really goes before, if no others come', () => {
  const calls = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.boolean()), { maxLength: 40 });
  fc.assert(
    fc.property(calls, fc.constantFrom('a', 'b', 'c', 'd'), (steps, group) => {
      const queue = createFairQueue<string>();
      for (const [who, shift] of steps) {
        queue.push(who, who);
        if (shift) queue.shift();
      }
      const ahead = queue.ahead(group);
      queue.push(group, 'mine');
      for (let i = 0; i < ahead; i++) expect(queue.shift()).not.toBe('mine');
      expect(queue.shift()).toBe('mine');
    }),
  );
});
