import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTurns } from '../src/pool/turns.ts';

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ push: fc.constantFrom('a', 'b', 'c') }) },
  { weight: 2, arbitrary: fc.record({ shift: fc.constant(true) }) },
  { weight: 1, arbitrary: fc.record({ leave: fc.nat(20) }) },
);

test('tenants take turns, and within a tenant whoever came first goes first, whoever leaves', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const turns = createTurns<number>();
      /** Tenants in the order of their turns, with those who wait. */
      const expected: { tenant: string; items: number[] }[] = [];
      const leaves: { tenant: string; item: number; leave: () => void }[] = [];
      const drop = (tenant: string, item: number): void => {
        const line = expected.find((one) => one.tenant === tenant);
        if (!line?.items.includes(item)) return;
        line.items.splice(line.items.indexOf(item), 1);
        if (line.items.length === 0) expected.splice(expected.indexOf(line), 1);
      };
      steps.forEach((one, item) => {
        if ('push' in one) {
          const line = expected.find(({ tenant }) => tenant === one.push);
          if (line) line.items.push(item);
          else expected.push({ tenant: one.push, items: [item] });
          leaves.push({ tenant: one.push, item, leave: turns.push(one.push, item) });
        } else if ('shift' in one) {
          const line = expected.shift();
          expect(turns.shift()).toBe(line?.items[0]);
          if (line && line.items.length > 1) expected.push({ ...line, items: line.items.slice(1) });
        } else if (one.leave < leaves.length) {
          // Also who has gone already: then nothing happens.
          const { tenant, item: who, leave } = leaves[one.leave] as (typeof leaves)[number];
          leave();
          drop(tenant, who);
        }
        expect([turns.size, turns.first]).toEqual([expected.flatMap(({ items }) => items).length, expected[0]?.items[0]]);
      });
    }),
  );
});
