import { runOf } from '../contract/store.ts';
import { type CountRow, isCounted } from './commands.ts';
import { sealOf } from './damage.ts';
import type { Inspection } from './inspection.ts';
import { OLDEST_FORMAT } from './schema.ts';

interface CommandRow {
  readonly key: string;
  readonly id: string;
  readonly body: string;
  readonly crc: number;
}

/** Commands, states, sizes and what owners saved: checksums, gaps, and rows of runs that are not there. */
export function* verifyRest(inspection: Inspection): Generator<void, void> {
  yield* verifyCommands(inspection);
  const { db, counts, found } = inspection;
  for (const { key, rev, value, crc } of db.prepare('SELECT * FROM state').iterate() as Iterable<{
    key: string;
    rev: number;
    value: string;
    crc: number;
  }>) {
    counts.states++;
    if (sealOf(key, rev, value) !== crc) found({ what: `the state ${key}`, repair: 'none: what needs it is refused; restore a backup' });
    yield;
  }
  for (const { key, seq, body, crc } of db.prepare('SELECT * FROM replay').iterate() as Iterable<{
    key: string;
    seq: number;
    body: string;
    crc: number;
  }>)
    if (sealOf(key, seq, body) !== crc)
      found({ run: runOf(key), what: 'what the owner of the run saved', repair: 'none needed where its records are there' });
  for (const { name, runs, chars, crc } of db.prepare('SELECT * FROM tenant').iterate() as Iterable<{
    name: string;
    runs: number;
    chars: number;
    crc: number;
  }>)
    if (sealOf(name, runs, chars) !== crc)
      found({ what: `the size of tenant ${name}`, repair: 'none: its retention stands still; restore a backup' });
}

function* verifyCommands(inspection: Inspection): Generator<void, void> {
  const { db, counts, ends, isDone, found } = inspection;
  let owner = '';
  let strays = 0;
  for (const { key, id, body, crc } of db
    .prepare('SELECT key, id, body, crc FROM command ORDER BY key, at')
    .iterate() as Iterable<CommandRow>) {
    counts.commands++;
    if (typeof key !== 'string') continue;
    if (key !== owner && !ends.has(key) && !isDone(key)) strays++;
    owner = key;
    if (sealOf(key, id, body) !== crc) found({ run: runOf(key), what: `the command ${id}`, repair: repairOf(inspection, key) });
    yield;
  }
  yield* verifyCounts(inspection);
  if (strays > 0) found({ what: `${strays} runs that have commands but are not there`, repair: 'none needed: they only take space' });
}

/** Those of a run have the places 0, 1, 2 and so on. */
function* verifyCounts(inspection: Inspection): Generator<void, void> {
  const { db, found } = inspection;
  const { user_version: format } = db.prepare('PRAGMA user_version').get() as { user_version: number };
  for (const row of db.prepare(format === OLDEST_FORMAT ? UNCOUNTED : COUNTED).iterate() as Iterable<CountRow & Places>) {
    if (typeof row.key !== 'string') continue;
    const { n, there, places } = row;
    const run = { run: runOf(row.key), repair: repairOf(inspection, row.key) };
    if (format !== OLDEST_FORMAT && !isCounted(row)) found({ ...run, what: 'the number of its commands' });
    else if (there !== n) found({ ...run, what: `${there} commands are there where it was given ${n}` });
    else if (places !== (n * (n - 1)) / 2) found({ ...run, what: 'the order of its commands, of which some may be gone' });
    yield;
  }
}

interface Places {
  readonly there: number;
  /** The sum of their places. */
  readonly places: number;
}

/** Numbers that are too large for an integer here are read all the same. */
const COUNTED = `
  SELECT key, CAST(n AS REAL) AS n, CAST(crc AS REAL) AS crc,
    (SELECT count(*) FROM command WHERE key = each.key) AS there, (SELECT total(at) FROM command WHERE key = each.key) AS places
  FROM (SELECT key FROM command UNION SELECT key FROM command_count) AS each LEFT JOIN command_count USING (key)`;
const UNCOUNTED = 'SELECT key, count(*) AS n, 0 AS crc, count(*) AS there, total(at) AS places FROM command GROUP BY key';

function repairOf({ ends }: Inspection, key: string): string {
  return ends.has(key) ? 'its run ends as needs_attention at the next opening' : 'none: the run has ended';
}
