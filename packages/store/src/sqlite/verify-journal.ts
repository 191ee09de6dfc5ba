import { crc32 } from 'node:zlib';
import { runOf } from '../contract/store.ts';
import { type Piece, verifyPiece } from '../hall/chunk.ts';
import { decodeLines, type Line } from '../hall/line.ts';
import type { Inspection } from './inspection.ts';
import { goneRuns } from './journal.ts';

const REPAIR = 'at the next opening its runs go on from what is intact, in a new epoch, or end as needs_attention';

/** Every entry's checksum, and that its lines go on where their runs' logs end. */
export function* verifyJournal({ db, counts, ends, isDone, found }: Inspection): Generator<void, void> {
  const rows = db.prepare('SELECT id, crc, body FROM journal ORDER BY id').iterate() as Iterable<{ id: number; crc: number; body: string }>;
  // Of runs that were erased it may have a part still.
  const gone = goneRuns(db);
  for (const { id, crc, body } of rows) {
    counts.journal++;
    const lines = crc32(body, id) === crc ? decoded(body) : undefined;
    if (!lines) found({ what: `journal entry ${id}`, repair: REPAIR });
    for (const line of lines ?? []) {
      if (isDone(line.key) || id <= (gone.get(line.key) ?? 0)) continue;
      const end = ends.get(line.key) ?? { seq: 0, h: 0 };
      const last = line.chunk.first + line.chunk.count - 1;
      if (last <= end.seq) continue;
      const piece: Piece = { ...line.chunk, before: end.h };
      if (piece.first !== end.seq + 1 || !verifyPiece(piece))
        found({ run: runOf(line.key), what: `records ${piece.first} to ${last} in journal entry ${id}`, repair: REPAIR });
      else counts.records += piece.count;
      ends.set(line.key, { seq: last, h: piece.h });
    }
    yield;
  }
}

function decoded(body: string): readonly Line[] | undefined {
  try {
    return decodeLines(body);
  } catch {
    return undefined;
  }
}
