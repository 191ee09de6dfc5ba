import { chain } from '@openclaw-runtime/protocol';
import type { Chunk } from '../contract/store.ts';

/** A chunk together with the chain value before its first record. */
export interface Piece extends Chunk {
  readonly before: number;
}

/** The part of a piece that follows `after`, which lies inside it. */
export function cutPiece(piece: Piece, after: number): Piece {
  if (after < piece.first) return piece;
  const records = splitBody(piece.body);
  const skip = after - piece.first + 1;
  let before = piece.before;
  for (const record of records.slice(0, skip)) before = chain(before, record);
  const rest = records.slice(skip);
  return { first: after + 1, count: rest.length, body: rest.join(','), before, h: piece.h };
}

/** One piece from consecutive ones. */
export function joinPieces(pieces: readonly [Piece, ...Piece[]]): Piece {
  if (pieces.length === 1) return pieces[0];
  const first = pieces[0];
  const last = pieces.at(-1) as Piece;
  let body = first.body;
  for (let i = 1; i < pieces.length; i++) body += `,${(pieces[i] as Piece).body}`;
  return { first: first.first, count: last.first + last.count - first.first, body, before: first.before, h: last.h };
}

/** The longest front of a piece that fits `maxBytes`, but at least one record. */
export function limitPiece(piece: Piece, maxBytes: number): Piece {
  if (piece.body.length <= maxBytes || piece.count === 1) return piece;
  let h = piece.before;
  let bytes = 0;
  const kept: string[] = [];
  for (const record of splitBody(piece.body)) {
    if (kept.length > 0 && bytes + record.length > maxBytes) break;
    kept.push(record);
    bytes += record.length + 1;
    h = chain(h, record);
  }
  return { first: piece.first, count: kept.length, body: kept.join(','), before: piece.before, h };
}

/** A large piece as consecutive ones of about `size` characters, so that whoever reads a part of it need not take the whole apart. */
export function splitPiece(piece: Piece, size: number): readonly Piece[] {
  if (piece.body.length <= size * 2 || piece.count === 1) return [piece];
  const pieces: Piece[] = [];
  let [first, before, h, body, count] = [piece.first, piece.before, piece.before, '', 0];
  for (const record of splitBody(piece.body)) {
    body = count === 0 ? record : `${body},${record}`;
    h = chain(h, record);
    count++;
    if (body.length < size) continue;
    pieces.push({ first, count, body, before, h });
    [first, before, body, count] = [first + count, h, '', 0];
  }
  if (count > 0) pieces.push({ first, count, body, before, h });
  return pieces;
}

/** Recomputes a piece's chain from its text. `false` when a record is missing, changed or not JSON. */
export function verifyPiece(piece: Piece): boolean {
  try {
    const records = splitBody(piece.body);
    return records.length === piece.count && records.reduce(chain, piece.before) === piece.h;
  } catch {
    return false;
  }
}

/** A body back into its records' texts: they were written by JSON.stringify, so parsing and writing again gives the same text. */
export function splitBody(body: string): string[] {
  return (JSON.parse(`[${body}]`) as unknown[]).map((record) => JSON.stringify(record));
}
