/** Goes up when an older version could not read the file. */
export const DATA_FORMAT = 3;
/** Of the formats that hold the same but for a table, the oldest. */
export const OLDEST_FORMAT = 2;

/**
 * `journal`: one row per commit, all appends of that commit; rows go when their runs' records have moved on.
 * `gone`: runs that were deleted while the journal, up to row `id`, may still have records of theirs.
 * `segment`: consecutive records of one run.
 * `run`: where a run's log ends and which segments hold it. `mark`: a checksum of the key and the id; `crc`: of all but the id. `ended`: milliseconds since 1970, 0 while it runs; `oldest`: the first seq that is still a
 * record (the snapshot stands for those before); `chars`: of its segments; `snapshot`: id of its snapshot, or 0.
 * `place`: where the row of a run is, by the first characters of its name, up to the row that `meta` names; see {@link Places}. It is made again from the rows when it was changed.
 * `command_count`: how many commands each run was given, on other pages than they are: a row that reads as nothing would not be missed by those beside it.
 * `snapshot`: the fold of records 1..seq, JSON, less the beginnings of long texts, which are in `part` rows, and the first record, which no fold has; deflated.
 * `older`: the snapshot before that, under its id, as long as the records behind it are there: for when the latest is damaged. `older_replay`: the same of `replay`.
 * `replay`: what a run's owner needs besides the fold, as of seq. `tenant`: what each tenant's ended and long runs take.
 * Every row that means something has a checksum over all of it: SQLite has none of its own outside the write-ahead log.
 * Text of one run is thus written twice, sequentially both times; a row per record would be written many times over.
 * Texts are in tables with rowids: those fill their pages, the others leave half a page empty behind each long row. So are the runs, in the order in which they come: their keys are random, and a
 * table in the order of its keys would have a page written for each.
 */
export const SCHEMA = `
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal (id INTEGER PRIMARY KEY, crc INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS gone (key TEXT PRIMARY KEY, id INTEGER NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS segment (
  id INTEGER PRIMARY KEY, first INTEGER NOT NULL, count INTEGER NOT NULL, before INTEGER NOT NULL, h INTEGER NOT NULL,
  crc INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS run (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL, mark INTEGER NOT NULL, tenant TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, h INTEGER NOT NULL, done INTEGER NOT NULL,
  born INTEGER NOT NULL, ended INTEGER NOT NULL, chars INTEGER NOT NULL, oldest INTEGER NOT NULL, status TEXT NOT NULL,
  snapshot INTEGER NOT NULL, fingerprint TEXT NOT NULL, segments TEXT NOT NULL, crc INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS place (at INTEGER NOT NULL, id INTEGER NOT NULL, mark INTEGER NOT NULL, PRIMARY KEY (at, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS run_open ON run (born) WHERE done = 0;
CREATE INDEX IF NOT EXISTS run_listed ON run (tenant, status, born);
CREATE INDEX IF NOT EXISTS run_ended ON run (tenant, oldest > seq, ended) WHERE done = 1;
CREATE TABLE IF NOT EXISTS command (key TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL, crc INTEGER NOT NULL,
  PRIMARY KEY (key, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS command_count (key TEXT PRIMARY KEY, n INTEGER NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, rev INTEGER NOT NULL, value TEXT NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS snapshot (
  id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, h INTEGER NOT NULL, crc INTEGER NOT NULL, creation BLOB NOT NULL, fold BLOB NOT NULL,
  parts TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS older (
  id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, h INTEGER NOT NULL, crc INTEGER NOT NULL, creation BLOB NOT NULL, fold BLOB NOT NULL,
  parts TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS part (id INTEGER PRIMARY KEY, crc INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS replay (key TEXT PRIMARY KEY, seq INTEGER NOT NULL, body TEXT NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS older_replay (key TEXT PRIMARY KEY, seq INTEGER NOT NULL, body TEXT NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tenant (name TEXT PRIMARY KEY, runs INTEGER NOT NULL, chars INTEGER NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
`;
