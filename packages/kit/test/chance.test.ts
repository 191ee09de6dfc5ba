import { describe, expect, test } from 'vitest';
import { encodeId, newId, seededRandom, systemRandom } from '../src/index.ts';

describe('ids', () => {
  test('are base64url of 16 bytes, the same as Node writes', () => {
    const random = seededRandom(11);
    for (let i = 0; i < 200; i++) {
      const bytes = random.bytes(16);
      expect(encodeId(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
    }
    expect(encodeId(new Uint8Array(16).fill(255))).toBe(Buffer.alloc(16, 255).toString('base64url'));
  });

  test('do not repeat', () => {
    const ids = new Set(Array.from({ length: 2_000 }, () => newId(systemRandom)));
    expect(ids.size).toBe(2_000);
    for (const id of ids) expect(id).toMatch(/^[\w-]{22}$/);
  });
});

describe('random', () => {
  test('a seed gives the same numbers again, another seed others', () => {
    const draw = (seed: number): number[] => {
      const random = seededRandom(seed);
      return Array.from({ length: 50 }, () => random.float());
    };
    expect(draw(5)).toEqual(draw(5));
    expect(draw(5)).not.toEqual(draw(6));
    for (const x of draw(5)) expect(x >= 0 && x < 1).toBe(true);
    expect(seededRandom(5).bytes(64)).toEqual(seededRandom(5).bytes(64));
  });
});
