import type { DatabaseSync } from 'node:sqlite';
import type { Inspection } from './inspection.ts';
import { createMeta } from './meta.ts';
import { createPlaces, type Entry, isSound, parsePlaced, placeOf } from './places.ts';

const REPAIR = 'at the next opening it is made again from the rows of the runs';

/** That each run is found by its key: every row up to the last one that counts as placed has its place, and nothing else has one. */
export function* verifyPlaces({ db, found }: Inspection): Generator<void, void> {
  const placed = parsePlaced(createMeta(db).get('placed'));
  if (placed === undefined) found({ what: 'up to which run places are known', repair: REPAIR });
  const find = db.prepare('SELECT at, id, mark FROM place WHERE at = ? AND id = ?');
  find.setReturnArrays(true);
  let there = 0;
  let wrong = 0;
  for (const { id, key } of db.prepare('SELECT id, key FROM run').iterate() as Iterable<{ id: number; key: unknown }>) {
    yield;
    if (typeof key !== 'string') continue;
    const entry = find.get(placeOf(key), id) as unknown as Entry | undefined;
    if (entry) there++;
    if (entry ? !isSound(entry) : id <= (placed ?? 0)) wrong++;
  }
  const { n } = db.prepare('SELECT count(*) AS n FROM place').get() as { n: number };
  if (wrong > 0) found({ what: `the places of ${wrong} runs`, repair: REPAIR });
  if (n !== there) found({ what: 'places of runs that are not there', repair: REPAIR });
}

/** Looks runs up by their keys. Where places were changed, which is told elsewhere, what they lead to counts as not there. */
export function createDoneCheck(db: DatabaseSync, path: string): (key: string) => boolean {
  const places = createPlaces(db, path, createMeta(db));
  const row = db.prepare('SELECT key, done FROM run WHERE id = ?');
  return (key) =>
    (places.find(key) ?? []).some((id) => {
      const found = row.get(id);
      return found?.['key'] === key && found['done'] === 1;
    });
}
