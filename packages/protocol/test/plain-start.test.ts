import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIMITS } from '../src/index.ts';
import { isPlainStart, upFrameSchema } from '../src/schema.ts';

const odd = fc.constantFrom<unknown>(
  undefined,
  null,
  0,
  -0,
  -1,
  1.5,
  2 ** 53,
  true,
  '',
  'x',
  'x'.repeat(LIMITS.maxNameLength),
  'x'.repeat(257),
  [],
  {},
  [1],
);

const run = fc.dictionary(
  fc.constantFrom(
    'input',
    'agent',
    'model',
    'session',
    'operation',
    'args',
    'tokenInterval',
    'tools',
    'level',
    'budget',
    'trace',
    'hops',
    '__proto__',
  ),
  odd,
  { maxKeys: 3 },
);

const frames = fc.record(
  {
    t: fc.constantFrom<unknown>('start', 'start', 'start', 'attach', undefined),
    ch: fc.oneof(fc.nat(), odd),
    idem: fc.oneof(fc.constant('key'), odd),
    run: fc.oneof(
      run.map((fields) => ({ input: 'question', ...fields })),
      run,
      odd,
    ),
    hold: fc.option(odd, { nil: undefined, freq: 1 }),
    more: fc.option(odd, { nil: undefined, freq: 1 }),
  },
  { requiredKeys: ['t', 'ch'] },
);

test('a frame that is plainly a start is taken by the schema as it is', () => {
  let plain = 0;
  fc.assert(
    fc.property(frames, (made) => {
      // As it comes from a peer.
      const given: unknown = JSON.parse(JSON.stringify(made));
      if (!isPlainStart(given)) return;
      plain++;
      expect(upFrameSchema.parse(given)).toEqual(given);
    }),
    // One in seventy is plain.
    { numRuns: 10_000 },
  );
  expect(plain).toBeGreaterThan(20);
});

test('what clients say mostly is plain', () => {
  const text = { t: 'start', ch: 3, idem: 'key', run: { input: 'question', model: 'simulated', session: 's', tokenInterval: 0 } };
  const operation = {
    t: 'start',
    ch: 0,
    idem: 'key',
    run: { input: 'question', agent: 'speaker', operation: 'say', args: { words: [1] } },
  };
  expect([text, operation].map(isPlainStart)).toEqual([true, true]);
});

test('what is no start, or more than a plain one, is left to the schema', () => {
  const start = { t: 'start', ch: 3, idem: 'key', run: { input: 'question' } };
  const others: readonly unknown[] = [
    undefined,
    [start],
    { ...start, t: 'attach' },
    { ...start, more: 1 },
    { ...start, hold: true },
    { t: 'start', ch: 3, idem: 'key' },
    { t: 'start', idem: 'key', run: start.run },
    { ...start, ch: -1 },
    { ...start, idem: '' },
    { ...start, run: {} },
    { ...start, run: { input: '' } },
    { ...start, run: { input: [{ role: 'user', content: 'question' }] } },
    { ...start, run: { input: 'question', budget: 1 } },
    { ...start, run: { input: 'question', tokenInterval: 10_001 } },
    { ...start, run: JSON.parse('{"input":"question","__proto__":1}') },
  ];
  expect(others.filter(isPlainStart)).toEqual([]);
});
