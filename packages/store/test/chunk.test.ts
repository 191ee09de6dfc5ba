import { chain } from '@openclaw-runtime/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutPiece, joinPieces, limitPiece, type Piece, splitBody, splitPiece, verifyPiece } from '../src/hall/chunk.ts';

const texts = fc.array(fc.string({ maxLength: 60, unit: 'binary' }), { minLength: 1, maxLength: 30 });

function pieceOf(payloads: readonly string[], first: number): Piece {
  const records = payloads.map((text) => JSON.stringify(['text', 1, 1, text]));
  const before = 12_345;
  return { first, count: records.length, body: records.join(','), before, h: records.reduce(chain, before) };
}

test('a piece that was split is whole pieces in a row, and joins to itself', () => {
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 1_000 }), (payloads, size, first) => {
      const piece = pieceOf(payloads, first);
      const parts = splitPiece(piece, size);
      expect(parts.every(verifyPiece)).toBe(true);
      expect(joinPieces(parts as [Piece, ...Piece[]])).toEqual(piece);
      if (piece.body.length > size * 2) for (const part of parts.slice(0, -1)) expect(part.body.length).toBeGreaterThanOrEqual(size);
      for (const [i, part] of parts.entries()) if (i > 0) expect(part.before).toBe(parts[i - 1]?.h);
    }),
  );
});

test('what follows a cursor, as far as a limit allows, verifies and is what stands there', () => {
  fc.assert(
    fc.property(texts, fc.nat(), fc.integer({ min: 1, max: 500 }), (payloads, at, maxBytes) => {
      const piece = pieceOf(payloads, 5);
      const after = 4 + (at % piece.count);
      const part = limitPiece(cutPiece(piece, after), maxBytes);
      expect(verifyPiece(part)).toBe(true);
      expect(part.first).toBe(after + 1);
      expect(part.count).toBeGreaterThan(0);
      expect(part.count === 1 || part.body.length <= maxBytes).toBe(true);
      expect(splitBody(part.body)).toEqual(splitBody(piece.body).slice(after - 4, after - 4 + part.count));
    }),
  );
});
