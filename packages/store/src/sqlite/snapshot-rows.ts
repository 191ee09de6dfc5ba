import type { DatabaseSync } from 'node:sqlite';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { type Begun, type Folded, foldedChars, type Parts } from '../hall/folding.ts';
import { damaged, sealOf } from './damage.ts';

/** A run's snapshot as it is kept. */
export interface SnapshotRow {
  readonly seq: number;
  readonly h: number;
  readonly creation: string;
  /** JSON of {@link Folded.fold} and of {@link Folded.begun}, '' for no parts. */
  readonly fold: string;
  readonly begun: string;
}

export interface SnapshotRows extends Parts {
  /** Throws `DATA_DAMAGED`. */
  find(id: number): SnapshotRow;
  /** Under the same id, or a new one for 0. */
  save(id: number, row: SnapshotRow): number;
  /** With its parts. */
  remove(id: number): void;
  /** Like `get`, but `undefined` for a part that is not there. */
  findPart(id: number): string | undefined;
}

export function createSnapshotRows(db: DatabaseSync, path: string): SnapshotRows {
  const select = db.prepare('SELECT seq, h, crc, creation, fold, parts FROM snapshot WHERE id = ?');
  const insert = db.prepare('INSERT INTO snapshot VALUES (NULL, ?, ?, ?, ?, ?, ?)');
  const replace = db.prepare('INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?, ?, ?, ?, ?)');
  const remove = db.prepare('DELETE FROM snapshot WHERE id = ?');
  const insertPart = db.prepare('INSERT INTO part VALUES (NULL, ?, ?)');
  const selectPart = db.prepare('SELECT crc, body FROM part WHERE id = ?');
  const removePart = db.prepare('DELETE FROM part WHERE id = ?');

  const find = (id: number): SnapshotRow => {
    const row = select.get(id) as
      | { seq: number; h: number; crc: number; creation: Uint8Array; fold: Uint8Array; parts: string }
      | undefined;
    const found = row && { seq: row.seq, h: row.h, creation: unpack(row.creation), fold: unpack(row.fold), begun: row.parts };
    if (!found || !isUnpacked(found) || sealSnapshot(found) !== row.crc) throw damaged(path, `snapshot ${id}`);
    return found;
  };

  const findPart = (id: number): string | undefined => {
    const row = selectPart.get(id) as { crc: number; body: Uint8Array } | undefined;
    const body = row && unpack(row.body);
    if (row && (body === undefined || sealOf(body) !== row.crc)) throw damaged(path, `part ${id} of a snapshot`);
    return body;
  };

  return {
    find,
    save(id, row) {
      const { seq, h, creation, fold, begun } = row;
      const fields = [seq, h, sealSnapshot(row), pack(creation), pack(fold), begun] as const;
      const { lastInsertRowid } = id === 0 ? insert.run(...fields) : replace.run(id, ...fields);
      return Number(lastInsertRowid);
    },
    remove(id) {
      for (const { parts } of unpackFolded(find(id)).begun) for (const [part] of parts) removePart.run(part);
      remove.run(id);
    },
    put: (text) => Number(insertPart.run(sealOf(text), pack(text)).lastInsertRowid),
    get(id) {
      const body = findPart(id);
      if (body === undefined) throw damaged(path, `part ${id} of a snapshot`);
      return body;
    },
    findPart,
    drop: (id) => void removePart.run(id),
  };
}

export function sealSnapshot({ seq, h, creation, fold, begun }: SnapshotRow): number {
  return sealOf(seq, h, creation, fold, begun);
}

/** JSON text, which has no half of a surrogate pair that is not escaped. The fastest level halves what people and models write. */
function pack(text: string): Uint8Array {
  return deflateRawSync(text, { level: 1 });
}

/** `undefined` for what {@link pack} did not write. */
function unpack(bytes: Uint8Array): string | undefined {
  try {
    return inflateRawSync(bytes).toString();
  } catch {
    return undefined;
  }
}

function isUnpacked(row: { readonly [K in keyof SnapshotRow]: SnapshotRow[K] | undefined }): row is SnapshotRow {
  return row.creation !== undefined && row.fold !== undefined;
}

export function packFolded({ fold, begun }: Folded): Pick<SnapshotRow, 'fold' | 'begun'> {
  return { fold: JSON.stringify(fold), begun: begun.length === 0 ? '' : JSON.stringify(begun) };
}

export function unpackFolded({ fold, begun }: Pick<SnapshotRow, 'fold' | 'begun'>): Folded {
  return { fold: JSON.parse(fold) as Folded['fold'], begun: begun === '' ? [] : (JSON.parse(begun) as Begun[]) };
}

/** Characters of a snapshot with its parts, about. */
export function snapshotChars(row: SnapshotRow): number {
  return row.creation.length + row.fold.length + (row.begun === '' ? 0 : foldedChars(unpackFolded({ fold: 'null', begun: row.begun })));
}
