import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { runOf } from '../contract/store.ts';
import { ownText } from '../hall/line.ts';
import { damaged, isUnreadable, sealOf } from './damage.ts';
import { type Meta, strayIds } from './meta.ts';

/**
 * Where the rows of runs are, by their keys. Keys are random: an index of them would have a page written for nearly every run. So rows are known in memory while they are young, and
 * go into the table `place` many at a time, neighbours together.
 *
 * 1. The table has every row up to the one that `meta` names; each later one is young. Those are read again at the opening, and after a transaction that was taken back.
 * 2. A search that a changed entry led astray ends beside it, and its mark tells. So a row is missed only when everything that the search went by is intact.
 */
export interface Places {
  /** Ids of the rows that may be the run's, mostly one or none; `undefined` when the way there was changed on the disk. */
  find(key: string): readonly number[] | undefined;
  /** Ids of the young rows of runs whose key begins so. */
  young(start: string): readonly number[];
  /** The id of the next row. Throws `DATA_DAMAGED`. */
  next(): number;
  /** A new row, or one that has got its key back. */
  add(key: string, id: number): void;
  drop(key: string, id: number): void;
  /** Writes some of the young ones down, where they are many; `all` leaves none. */
  flush(all?: boolean): void;
  /** Whether something was found changed, on the way to a row or where one was to be written, and is to be renewed. */
  isChanged(): boolean;
  /** What was done since the last commit is taken back. */
  forget(): void;
  /** Writes the table anew from the rows as they are. Answers with ids of rows that had their place and are not there any more: they keep it. */
  renew(): readonly number[];
}

/** Young ones that are kept in memory; a restart reads about twice as many. */
const MANY = 16_384;
/** More are not kept, however many come with one commit: a restart reads those behind the first of them. */
const MOST = 2 * MANY;
/** More rows that no place is known of than there ever are: the place up to which they were known is lost. */
const TOO_MANY = 16 * MANY;
/** Rows looked at before the young ones: as many as share a page with them. */
const SPARE = 128;

export function createPlaces(db: DatabaseSync, path: string, meta: Meta): Places {
  const select = (rest: string): StatementSync => {
    const statement = db.prepare(`SELECT at, id, mark FROM place ${rest}`);
    statement.setReturnArrays(true);
    return statement;
  };
  const before = select('WHERE at < ? ORDER BY at DESC, id DESC LIMIT 1');
  const here = select('WHERE at >= ? ORDER BY at, id LIMIT 1');
  const same = select('WHERE at = ?');
  const behind = select('WHERE at > ? ORDER BY at, id LIMIT 1');
  const rowless = select('WHERE NOT EXISTS (SELECT 1 FROM run WHERE run.id = place.id)');
  const insert = db.prepare('INSERT OR REPLACE INTO place VALUES (?, ?, ?)');
  const remove = db.prepare('DELETE FROM place WHERE at = ? AND id = ?');
  const exists = db.prepare('SELECT 1 FROM run WHERE id = ?');
  let known: Known | 'changed' | undefined;

  const load = (): Known | undefined => {
    known ??= read() ?? 'changed';
    return known === 'changed' ? undefined : known;
  };

  const read = (): Known | undefined => {
    const placed = parsePlaced(meta.get('placed'));
    const rows = placed === undefined ? undefined : readable(() => rowsAfter(placed));
    if (!rows || placed === undefined) return undefined;
    const now: Known = { young: new Map(), size: 0, placed, last: Math.max(placed, rows[0]?.id ?? 0) };
    for (const { key, id } of rows.reverse()) if (id > placed) remember(now, key, id);
    return now;
  };

  /** The last one first; `undefined` where one of them was changed. */
  const rowsAfter = (placed: number): { key: string; id: number }[] | undefined => {
    const rows: { key: string; id: number }[] = [];
    const strays = new Set(strayIds(meta));
    let later = Number.POSITIVE_INFINITY;
    let spare = SPARE;
    for (const { id, key, mark } of db.prepare(NEWEST).iterate() as Iterable<{ id: number; key: string; mark: number }>) {
      if ((mark !== markOf(key, id) && !strays.has(id)) || id >= later || rows.length > TOO_MANY) return undefined;
      if (id <= placed && spare-- === 0) break;
      rows.push({ key, id });
      later = id;
    }
    // New rows go where a search for them ends.
    return rows[0] && !exists.get(rows[0].id) ? undefined : rows;
  };

  const search = (at: number): readonly number[] | undefined => {
    const [left, right] = [before.get(at), here.get(at)] as unknown as readonly (Entry | undefined)[];
    if (!isSound(left) || !isSound(right)) return undefined;
    if (right?.[0] !== at) return NONE;
    const all = same.all(at) as unknown as readonly Entry[];
    return all.every(isSound) && isSound(behind.get(at) as unknown as Entry | undefined) ? all.map(([, id]) => id) : undefined;
  };

  const write = (entries: Iterable<readonly [key: string, id: number]>): void => {
    const rows = Array.from(entries, ([key, id]) => ({ at: placeOf(key), id }));
    rows.sort((a, b) => a.at - b.at || a.id - b.id);
    for (const { at, id } of rows) insert.run(at, id, sealEntry(at, id));
  };

  const note = (now: Known): void => {
    now.placed = Math.min(now.last, ...Array.from(now.young.values(), (page) => firstId(page) - 1));
    meta.put('placed', formatPlaced(now.placed));
  };

  return {
    find(key) {
      const now = load();
      if (!now) return undefined;
      const at = placeOf(key);
      const id = now.young.get(pageOf(at))?.get(key);
      return id === undefined ? readable(() => search(at)) : [id];
    },
    young: (start) =>
      [...(load()?.young.values() ?? [])].flatMap((page) => [...page].flatMap(([key, id]) => (key.startsWith(start) ? [id] : []))),
    next() {
      const now = load();
      if (!now) throw damaged(path, 'the list of runs');
      return now.last + 1;
    },
    add(key, id) {
      const now = load();
      if (!now || id <= now.last) return write([[key, id]]);
      now.last = id;
      remember(now, key, id);
    },
    drop(key, id) {
      const at = placeOf(key);
      const now = load();
      const page = now?.young.get(pageOf(at));
      if (now && page?.delete(key)) now.size--;
      if (page?.size === 0) now?.young.delete(pageOf(at));
      remove.run(at, id);
    },
    flush(all = false) {
      const now = load();
      if (!now || now.size < (all ? 1 : MANY)) return;
      const pages = [...now.young].sort(([, a], [, b]) => firstId(a) - firstId(b));
      try {
        do {
          const [page, entries] = pages.shift() as (typeof pages)[number];
          write(entries);
          now.young.delete(page);
          now.size -= entries.size;
        } while (pages.length > 0 && (all || now.size > MOST));
        note(now);
      } catch (error) {
        if (isUnreadable(error)) known = 'changed';
        throw error;
      }
    },
    isChanged: () => known === 'changed',
    forget() {
      // What was changed stays so until it is renewed.
      if (known !== 'changed') known = undefined;
    },
    renew() {
      db.function('place_of', { deterministic: true }, (key: SQLOutputValue) => placeOf(String(key)));
      db.function('place_mark', { deterministic: true }, (at: SQLOutputValue, id: SQLOutputValue) => sealEntry(Number(at), Number(id)));
      const gone = readable(() => rowless.all() as unknown as readonly Entry[]) ?? [];
      db.exec('DELETE FROM place');
      db.exec(
        'INSERT INTO place SELECT at, id, place_mark(at, id) FROM (SELECT place_of(key) AS at, id FROM run NOT INDEXED) ORDER BY at, id',
      );
      const lost = gone.filter((entry) => isSound(entry) && same.all(entry[0]).length === 0);
      for (const entry of lost) insert.run(...entry);
      const last = Number(db.prepare('SELECT max(id) AS last FROM run').get()?.['last'] ?? 0);
      known = { young: new Map(), size: 0, placed: last, last };
      note(known);
      return lost.map(([, id]) => id);
    },
  };
}

/** Young rows by the first character of the run's name, each page in the order of ids. */
interface Known {
  readonly young: Map<number, Map<string, number>>;
  size: number;
  placed: number;
  last: number;
}

/** A row of the table. */
export type Entry = readonly [at: number, id: number, mark: number];

/** From the end on, without a search that a changed id could lead astray. */
const NEWEST = 'SELECT CAST(id AS REAL) AS id, key, CAST(mark AS REAL) AS mark FROM run NOT INDEXED ORDER BY rowid DESC';
const NONE: readonly number[] = [];
/** Characters of a run's name that its place is made of, a byte each, so that those which begin alike are next to each other. */
const CHARS = 6;
const PAGE = 256 ** (CHARS - 1);

export function placeOf(key: string): number {
  return numberOf(runOf(key), 0);
}

/** First and last place of the names that begin so. */
export function placesOf(prefix: string): readonly [number, number] {
  return [numberOf(prefix, 0), numberOf(prefix, 255)];
}

/** Of a row of `run`. */
export function markOf(key: string, id: number): number {
  return sealOf(key, id);
}

/** Where there is none, nothing was changed. */
export function isSound(entry: Entry | undefined): boolean {
  return entry === undefined || sealEntry(entry[0], entry[1]) === entry[2];
}

/** One bit less takes two bytes less in half of the rows. */
function sealEntry(at: number, id: number): number {
  return sealOf(at, id) >>> 1;
}

/** `undefined` for what {@link formatPlaced} did not write. */
export function parsePlaced(value: unknown): number | undefined {
  if (value === undefined) return 0;
  const placed = Number.parseInt(String(value), 10);
  return value === formatPlaced(placed) ? placed : undefined;
}

function formatPlaced(placed: number): string {
  return `${placed} ${sealOf('placed', placed)}`;
}

function numberOf(name: string, filler: number): number {
  let at = 0;
  for (let i = 0; i < CHARS; i++) at = at * 256 + (i < name.length ? Math.min(name.charCodeAt(i), 255) : filler);
  return at;
}

function pageOf(at: number): number {
  return Math.floor(at / PAGE);
}

function remember(now: Known, key: string, id: number): void {
  const page = pageOf(placeOf(key));
  const entries = now.young.get(page);
  const own = ownText(key);
  if (entries) entries.set(own, id);
  else now.young.set(page, new Map([[own, id]]));
  now.size++;
}

function firstId(page: ReadonlyMap<string, number>): number {
  for (const id of page.values()) return id;
  return Number.POSITIVE_INFINITY;
}

/** `undefined` for what cannot be read. */
function readable<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}
