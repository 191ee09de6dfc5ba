/** Goes up when an older version could not read the file. */
export const DATA_FORMAT = 1;

/**
 * `journal`: one row per commit, all appends of that commit; rows go when their runs' records have moved on.
 * `segment`: consecutive records of one run. `run`: where a run's log ends and which segments hold it.
 * Every row that means something has a checksum over all of it: SQLite has none of its own outside the write-ahead log.
 * Text of one run is thus written twice, sequentially both times; a row per record would be written many times over.
 */
export const SCHEMA = `
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal (id INTEGER PRIMARY KEY, crc INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS segment (
  id INTEGER PRIMARY KEY, first INTEGER NOT NULL, count INTEGER NOT NULL, before INTEGER NOT NULL, h INTEGER NOT NULL,
  crc INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS run (
  key TEXT PRIMARY KEY, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, h INTEGER NOT NULL, done INTEGER NOT NULL,
  born INTEGER NOT NULL, fingerprint TEXT NOT NULL, segments TEXT NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS run_open ON run (born) WHERE done = 0;
CREATE TABLE IF NOT EXISTS command (key TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL, crc INTEGER NOT NULL,
  PRIMARY KEY (key, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, rev INTEGER NOT NULL, value TEXT NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS snapshot (key TEXT PRIMARY KEY, seq INTEGER NOT NULL, h INTEGER NOT NULL, crc INTEGER NOT NULL, fold TEXT NOT NULL) WITHOUT ROWID;
`;
