import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkChars, decodeState, encodeState } from '../src/index.ts';

const again = (value: unknown): unknown => decodeState(encodeState(value));

const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.integer(),
    fc.bigInt(),
    fc.boolean(),
    fc.constantFrom(null, undefined, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array(),
    fc.array(tie('any'), { maxLength: 5 }),
    fc.array(tie('any'), { maxLength: 5 }).map((items) => new Set(items)),
    fc.array(fc.tuple(tie('any'), tie('any')), { maxLength: 5 }).map((pairs) => new Map(pairs)),
    fc
      .array(fc.tuple(fc.oneof(fc.string(), fc.constantFrom('$', '__proto__', 'constructor', 'toString')), tie('any')), { maxLength: 5 })
      .map((entries) => Object.fromEntries(entries)),
  ),
})).any;

describe('round trip', () => {
  test('every value that may be kept comes back', () => {
    fc.assert(
      fc.property(value, (kept) => {
        const before = encodeState(kept);
        const back = decodeState(before);
        assert.deepStrictEqual(back, kept);
        expect(encodeState(back)).toBe(before);
      }),
      { numRuns: 2000 },
    );
  });

  test('encoding changes nothing of the value', () => {
    const kept = { list: [1, undefined, new Map([['a', { n: 1n }]])] };
    const text = encodeState(kept);
    expect(kept).toStrictEqual({ list: [1, undefined, new Map([['a', { n: 1n }]])] });
    expect(text).toBe(encodeState(kept));
  });

  test('plain JSON stays as it is', () => {
    expect(encodeState({ a: [1, 'x', null, true], $ref: 1 })).toBe('{"a":[1,"x",null,true],"$ref":1}');
  });

  test('Buffers become bytes, holes undefined, one object in two places two', () => {
    const one = { n: 1 };
    const back = again({ bytes: Buffer.from('hi'), holes: Array(2), both: [one, one] }) as { bytes: Uint8Array; both: object[] };
    expect(back).toStrictEqual({ bytes: new Uint8Array([104, 105]), holes: [undefined, undefined], both: [{ n: 1 }, { n: 1 }] });
    expect(back.both[0]).not.toBe(back.both[1]);
  });
});

describe('refused', () => {
  class Model {
    weights = 1;
  }
  const loop: Record<string, unknown> = {};
  loop.self = [loop];
  const wide = { deep: [] as unknown };
  for (let i = 0; i < 200; i++) wide.deep = [wide.deep];
  const bomb = Array.from({ length: 30 }).reduce<unknown>((inner) => [inner, inner], 'x'.repeat(1000));

  test.each<[string, unknown, RegExp]>([
    ['a function', { on: { done: () => 1 } }, /^value\.on\.done is a function, /],
    ['a symbol', [[Symbol('x')]], /^value\[0\]\[0\] is a symbol/],
    ['a symbol for a key', { a: { [Symbol('x')]: 1 } }, /^value\.a is an object with a symbol/],
    ['an instance', { 'the model': new Model() }, /^value\["the model"\] is an instance of Model/],
    ['an error', { e: new Error('x') }, /^value\.e is an instance of Error/],
    ['another typed array', { f: new Float32Array(2) }, /^value\.f is an instance of Float32Array/],
    ['something in a map', new Map([['k', () => 1]]), /^value\.k is a function/],
    ['a cycle', loop, /^value\.self\[0\] is a reference to what holds it/],
    ['depth', wide, /nested deeper than 200/],
    ['size', 'x'.repeat(17 * 1024 * 1024), /more than 16 MiB/],
    ['size by sharing', bomb, /more than 16 MiB/],
    ['size by escapes', '\0'.repeat(4 * 1024 * 1024), /more than 16 MiB/],
    ['an endless bigint', 10n ** 100_001n, /more than 100000 digits/],
  ])('%s', (_, kept, message) => {
    expect(() => encodeState(kept)).toThrow(expect.objectContaining({ code: 'AGENT_FAILED', message: expect.stringMatching(message) }));
  });
});

describe('hostile text', () => {
  test('no text does anything but decode or throw AGENT_FAILED', () => {
    const tag = fc.constantFrom('undefined', 'number', 'bigint', 'date', 'bytes', 'map', 'set', 'object', 'other', '__proto__');
    const hostile = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.jsonValue(),
        fc.record({ $: fc.oneof(fc.tuple(tag, tie('any')), fc.tuple(tag), tie('any')) }),
        fc.array(tie('any'), { maxLength: 4 }),
        fc.dictionary(fc.constantFrom('a', '$', '__proto__'), tie('any')),
      ),
    })).any;
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          hostile.map((json) => JSON.stringify(json) ?? ''),
        ),
        (text) => {
          let back: unknown;
          try {
            back = decodeState(text);
          } catch (error) {
            expect(error).toMatchObject({ code: 'AGENT_FAILED' });
            return;
          }
          assert.deepStrictEqual(decodeState(encodeState(back)), back);
          expect(({} as Record<string, unknown>).polluted).toBeUndefined();
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('__proto__ is a field like any other', () => {
    const back = decodeState('{"__proto__":{"polluted":1},"x":{"__proto__":{"$":["date",1]}}}') as Record<string, unknown>;
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    expect(back.polluted).toBeUndefined();
    expect(Object.keys(back)).toEqual(['__proto__', 'x']);
    expect(Object.getPrototypeOf(back.x)).toBe(Object.prototype);
  });

  test.each([
    ['', /cannot be read/],
    ['[1', /cannot be read/],
    ['{"$":["regexp","(a+)+"]}', /"regexp" where a kind of value is named/],
    ['{"$":["bigint","1e9"]}', /"bigint"/],
    ['{"$":["bytes","§"]}', /not base64/],
    ['{"$":["map",[[1]]]}', /an entry that is none/],
    [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, /deeper than 200/],
  ])('%.40s', (text, message) => {
    expect(() => decodeState(text)).toThrow(message);
  });
});

test('what travels as it is may be as long as any value', () => {
  expect(() => checkChars(16 << 20)).not.toThrow();
  expect(() => checkChars((16 << 20) + 1)).toThrow(expect.objectContaining({ code: 'AGENT_FAILED' }));
});
