import type { DatabaseSync } from 'node:sqlite';
import { type Piece, splitPiece } from '../hall/chunk.ts';
import { damaged, sealOf } from './damage.ts';

/** One segment of a run, as its row names it. */
export interface SegmentRef {
  readonly id: number;
  readonly first: number;
  readonly chars: number;
}

/** Consecutive records of one run each, checked whenever they are read. */
export interface Segments {
  /** A long piece becomes several. */
  put(key: string, piece: Piece): SegmentRef[];
  /** Throws `DATA_DAMAGED`. */
  get(key: string, ref: SegmentRef): Piece;
  drop(ref: SegmentRef): void;
}

/** A page read from a segment has the whole segment read, checked and taken apart. */
const SEGMENT_CHARS = 128 * 1024;

export function createSegments(db: DatabaseSync, path: string): Segments {
  const insert = db.prepare('INSERT INTO segment VALUES (NULL, ?, ?, ?, ?, ?, ?)');
  const select = db.prepare('SELECT first, count, before, h, crc, body FROM segment WHERE id = ?');
  const remove = db.prepare('DELETE FROM segment WHERE id = ?');

  return {
    put: (key, piece) =>
      splitPiece(piece, SEGMENT_CHARS).map((part) => {
        const { first, count, before, h, body } = part;
        const { lastInsertRowid } = insert.run(first, count, before, h, sealSegment(key, part), body);
        return { id: Number(lastInsertRowid), first, chars: body.length };
      }),
    get(key, ref) {
      const row = select.get(ref.id) as (Piece & { readonly crc: number }) | undefined;
      if (!row || row.first !== ref.first || sealSegment(key, row) !== row.crc) throw damaged(path, `segment ${ref.id} of run ${key}`);
      const { first, count, before, h, body } = row;
      return { first, count, before, h, body };
    },
    drop: ({ id }) => void remove.run(id),
  };
}

export function sealSegment(key: string, { first, count, before, h, body }: Piece): number {
  return sealOf(key, first, count, before, h, body);
}

export function parseRefs(text: string): SegmentRef[] {
  if (text === '') return [];
  return text.split(',').map((part) => {
    const [id, first, chars] = part.split(':');
    return { id: Number(id), first: Number(first), chars: Number(chars) };
  });
}

export function formatRefs(refs: readonly SegmentRef[]): string {
  return refs.map(({ id, first, chars }) => `${id}:${first}:${chars}`).join(',');
}
