import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SmallMap } from '../src/index.ts';

test('holds what a map holds, whatever is done to it', () => {
  const key = fc.constantFrom('a', 'b', 'c', undefined);
  const deed = fc.oneof(
    fc.record({ set: key, to: fc.option(fc.nat(3), { nil: undefined }) }),
    fc.record({ delete: key }),
    fc.constant('clear' as const),
  );
  fc.assert(
    fc.property(fc.array(deed, { maxLength: 30 }), (deeds) => {
      const small = new SmallMap<string | undefined, number | undefined>();
      const map = new Map<string | undefined, number | undefined>();
      for (const each of deeds) {
        if (each === 'clear') {
          small.clear();
          map.clear();
        } else if ('set' in each) {
          small.set(each.set, each.to);
          map.set(each.set, each.to);
        } else expect(small.delete(each.delete)).toBe(map.delete(each.delete));
        expect(small.size).toBe(map.size);
        for (const one of ['a', 'b', 'c', undefined]) expect(small.get(one)).toBe(map.get(one));
        expect(small.values().toSorted()).toEqual([...map.values()].toSorted());
      }
    }),
  );
});
