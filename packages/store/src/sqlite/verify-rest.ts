import { sealOf } from './damage.ts';
import { type Inspection, runOf } from './inspection.ts';

interface CommandRow {
  readonly key: string;
  readonly id: string;
  readonly at: number;
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

function* verifyCommands({ db, counts, ends, isDone, found }: Inspection): Generator<void, void> {
  const owner = { key: '', next: 0 };
  let strays = 0;
  for (const { key, id, at, body, crc } of db
    .prepare('SELECT key, id, at, body, crc FROM command ORDER BY key, at')
    .iterate() as Iterable<CommandRow>) {
    counts.commands++;
    const repair = ends.has(key) ? 'its run ends as needs_attention at the next opening' : 'none: the run has ended';
    if (key !== owner.key) {
      Object.assign(owner, { key, next: 0 });
      if (!ends.has(key) && !isDone(key)) strays++;
    }
    if (sealOf(key, id, body) !== crc) found({ run: runOf(key), what: `the command ${id}`, repair });
    else if (at !== owner.next) found({ run: runOf(key), what: `a command before ${id} is gone`, repair });
    owner.next = at + 1;
    yield;
  }
  if (strays > 0) found({ what: `${strays} runs that have commands but are not there`, repair: 'none needed: they only take space' });
}
