import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { SlotMap, seededRandom } from '../src/index.ts';

test('behaves as a map does', () => {
  const random = seededRandom(7);
  const slots = new SlotMap<number, { readonly i: number }>();
  const map = new Map<number, { readonly i: number }>();
  for (let i = 0; i < 20_000; i++) {
    const key = Math.floor(random.float() * 100);
    const what = random.float();
    if (what < 0.5) {
      slots.set(key, { i });
      map.set(key, { i });
    } else if (what < 0.999) expect(slots.delete(key)).toBe(map.delete(key));
    else {
      slots.clear();
      map.clear();
    }
    expect([slots.get(key), slots.has(key), slots.size]).toEqual([map.get(key), map.has(key), map.size]);
    if (i % 500 === 0) expect([...slots.values()]).toEqual([...map.values()]);
  }
});

test('may change while it is gone through', () => {
  const slots = new SlotMap<string, string>();
  for (const key of ['a', 'b', 'c']) slots.set(key, key);
  const seen: string[] = [];
  for (const value of slots.values()) {
    seen.push(value);
    slots.delete('b');
    if (value === 'a') slots.set('d', 'd');
  }
  expect(seen).toEqual(['a', 'c', 'd']);
});

test('what has gone is not kept by minor collections, as a map keeps it', () => {
  const kept = (what: 'map' | 'slots'): number => {
    const churn = fileURLToPath(new URL('fixtures/churn.ts', import.meta.url));
    const flags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=8', '--expose-gc', '--no-allocation-site-pretenuring'];
    return Number(execFileSync(process.execPath, [...flags, churn, what], { encoding: 'utf8' }));
  };
  const [map, slots] = [kept('map'), kept('slots')];
  expect(slots, `bytes of 20,000 objects of 3 KB; a Map keeps ${map}`).toBeLessThan(4_000_000);
  expect(slots).toBeLessThan(map / 4);
});
