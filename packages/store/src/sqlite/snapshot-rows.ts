import type { DatabaseSync } from 'node:sqlite';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { type Begun, type Folded, foldedChars, type Parts } from '../hall/folding.ts';
import { damaged, isDamage, sealOf } from './damage.ts';
import { createOlderSnapshots } from './older-snapshots.ts';

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
  /** Like `find`; where it is damaged the one before it, if the records behind that are there, of which the first has seq `oldest`. */
  usable(id: number, oldest: number): SnapshotRow;
  /** Under the same id, or a new one for 0. `before`: what is there now, which is kept as the older one; absent where that is damaged. */
  save(id: number, row: SnapshotRow, before?: SnapshotRow): number;
  /** The last record of the one before this; 0 where there is none. */
  olderSeq(id: number): number;
  dropOlder(id: number): void;
  /** With its parts, and with the one before it. */
  remove(id: number): void;
  /** The same of one that is damaged, whose parts stay: nobody knows which they are. */
  removeDamaged(id: number): void;
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

  const selectParts = db.prepare('SELECT parts FROM snapshot WHERE id = ?');
  const older = createOlderSnapshots(db);
  /** Parts that no snapshot has yet. */
  let fresh = new Set<number>();

  const find = (id: number): SnapshotRow => {
    const found = rowOf(select.get(id));
    if (!found) throw damaged(path, `snapshot ${id}`);
    return found;
  };

  const dropParts = (of: unknown, ...kept: readonly unknown[]): void => {
    const still = new Set(kept.flatMap(partsIn));
    for (const part of partsIn(of)) if (!still.has(part)) removePart.run(part);
  };

  const removeRow = (id: number): void => {
    remove.run(id);
    older.drop(id);
  };

  const findPart = (id: number): string | undefined => {
    const row = selectPart.get(id) as { crc: number; body: Uint8Array } | undefined;
    const body = row && unpack(row.body);
    if (row && (body === undefined || sealOf(body) !== row.crc)) throw damaged(path, `part ${id} of a snapshot`);
    return body;
  };

  return {
    find,
    usable(id, oldest) {
      fresh = new Set();
      try {
        return find(id);
      } catch (error) {
        if (!isDamage(error)) throw error;
        const before = rowOf(older.get(id));
        if (before && before.seq + 1 >= oldest && hasParts(before, findPart)) return before;
        throw error;
      }
    },
    save(id, row, before) {
      const { seq, h, creation, fold, begun } = row;
      if (id !== 0 && before) {
        const outgoing = older.get(id)?.['parts'];
        older.keep(id);
        dropParts(outgoing, before.begun, begun);
      }
      fresh = new Set();
      const fields = [seq, h, sealSnapshot(row), pack(creation), pack(fold), begun] as const;
      const { lastInsertRowid } = id === 0 ? insert.run(...fields) : replace.run(id, ...fields);
      return Number(lastInsertRowid);
    },
    olderSeq: older.seq,
    dropOlder(id) {
      dropParts(older.get(id)?.['parts'], selectParts.get(id)?.['parts']);
      older.drop(id);
    },
    remove(id) {
      dropParts(find(id).begun);
      dropParts(older.get(id)?.['parts']);
      removeRow(id);
    },
    removeDamaged: removeRow,
    put(text) {
      const id = Number(insertPart.run(sealOf(text), pack(text)).lastInsertRowid);
      fresh.add(id);
      return id;
    },
    get(id) {
      const body = findPart(id);
      if (body === undefined) throw damaged(path, `part ${id} of a snapshot`);
      return body;
    },
    findPart,
    /** What a snapshot has goes with it. */
    drop(id) {
      if (fresh.delete(id)) removePart.run(id);
    },
  };
}

/** `undefined` for a row that is damaged, or none. */
export function rowOf(values: Record<string, unknown> | undefined): SnapshotRow | undefined {
  const row = values as { seq: number; h: number; crc: number; creation: Uint8Array; fold: Uint8Array; parts: string } | undefined;
  const found = row && { seq: row.seq, h: row.h, creation: unpack(row.creation), fold: unpack(row.fold), begun: row.parts };
  return found && isUnpacked(found) && sealSnapshot(found) === row.crc ? found : undefined;
}

function hasParts({ begun }: SnapshotRow, findPart: (id: number) => string | undefined): boolean {
  try {
    return partsIn(begun).every((id) => findPart(id) !== undefined);
  } catch (error) {
    if (isDamage(error)) return false;
    throw error;
  }
}

/** Of what stands in the column `parts`, as far as it can be read. */
export function partsIn(begun: unknown): readonly number[] {
  if (typeof begun !== 'string' || begun === '') return [];
  try {
    return (JSON.parse(begun) as Begun[]).flatMap(({ parts }) => parts.map(([id]) => id));
  } catch {
    return [];
  }
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
