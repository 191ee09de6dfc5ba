import fc from 'fast-check';
import { expect, it } from 'vitest';
import { evaluate } from '../src/calc/evaluate.ts';

it('knows what binds how', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['-2^2', -4],
    ['2^-1', 0.5],
    ['2^3^2', 512],
    ['2**10', 1024],
    ['10 % 4 * 2', 4],
    ['8 / 4 / 2', 1],
    ['- - 3', 3],
    ['1_000 * 1.5e3', 1_500_000],
    ['.5 + 1.', 1.5],
    ['max(1, min(5, 3), 2)', 3],
    ['sqrt(16) + hypot(3, 4)', 9],
    ['log(8, 2)', 3],
    ['round(2.345, 2)', 2.35],
    ['sum(1, 2, 3) / mean(2, 4)', 2],
    ['cos(pi)', -1],
  ];
  for (const [expression, value] of cases) expect(evaluate(expression), expression).toBeCloseTo(value, 12);
});

it('agrees with arithmetic on expressions made at random', () => {
  const tree = fc.letrec<{ node: { text: string; value: number } }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.integer({ min: 0, max: 1_000 }).map((n) => ({ text: `${n}`, value: n })),
      fc.tuple(tie('node'), fc.constantFrom('+', '-', '*', '/'), tie('node')).map(([a, sign, b]) => ({
        text: `(${a.text} ${sign} ${b.text})`,
        value: sign === '+' ? a.value + b.value : sign === '-' ? a.value - b.value : sign === '*' ? a.value * b.value : a.value / b.value,
      })),
      tie('node').map(({ text, value }) => ({ text: `-${text}`, value: -value })),
    ),
  })).node;
  fc.assert(
    fc.property(tree, ({ text, value }) => {
      fc.pre(Number.isFinite(value));
      expect(evaluate(text)).toBe(value === 0 ? 0 : value);
    }),
  );
});

it('says where it stops understanding', () => {
  for (const [expression, says] of [
    ['2 $ 3', /"\$" at 3/],
    ['2 +', /ends too early/],
    ['(2', /ends too early/],
    ['2 3', /"3" at 3/],
    ['foo(2)', /"foo" at 1 is not known/],
    ['constructor', /not known/],
    ['sqrt(1, 2)', /sqrt takes 1 values, not 2/],
    ['sqrt 4', /"\(" should come/],
    ['1/0', /no finite value/],
    ['9^9^9', /no finite value/],
    ['sqrt(-1)', /no finite value/],
    [`${'('.repeat(500)}1`, /nested more than/],
    [`${'-'.repeat(900)}1`, /nested more than/],
  ] as const) {
    expect(() => evaluate(expression), expression).toThrow(says);
  }
});
