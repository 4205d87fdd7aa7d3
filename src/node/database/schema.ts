/** The tables of a database, and what tells whether a file is one. */

/** "Lkst": marks a file as ours (`PRAGMA application_id`). */
export const APPLICATION_ID = 0x4c6b7374;
/** Of the tables and of what is in them (`PRAGMA user_version`). */
export const FORMAT_VERSION = 1;

/**
 * `log` is the history: a row for each block and for each change from outside, in order; `record`
 * is null for the latter. `cells` and `places` are what follows from the rows up to the checkpoint.
 */
export const SCHEMA = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE log (
  id INTEGER PRIMARY KEY, number INTEGER NOT NULL, record BLOB, changes BLOB
);
CREATE INDEX log_number ON log (number);
CREATE TABLE cells (path BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE places (
  key INTEGER, number INTEGER, position INTEGER, PRIMARY KEY (key, number, position)
) WITHOUT ROWID;
CREATE TABLE pool (
  hash BLOB PRIMARY KEY, arrival INTEGER, sender BLOB, encoded BLOB
) WITHOUT ROWID;
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${FORMAT_VERSION};
`;
/** The file is locked while the process has it; commits are not forced to the disk. */
export const PRAGMAS = `
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
`;

export const STATEMENTS = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',
  getMeta: 'SELECT value FROM meta WHERE name = ?',
  putMeta: 'INSERT OR REPLACE INTO meta VALUES (?, ?)',
  lastId: 'SELECT max(id) AS id FROM log',
  append: 'INSERT INTO log (number, record, changes) VALUES (?, ?, ?)',
  last: 'SELECT number, record FROM log WHERE record IS NOT NULL ORDER BY id DESC LIMIT 1',
  find: `SELECT number, record FROM log WHERE number >= ? AND record IS NOT NULL
    ORDER BY number, id LIMIT 1`,
  since: 'SELECT number, record, changes FROM log WHERE id > ? ORDER BY id',
  changes: `SELECT number, changes FROM log WHERE number > ? AND number <= ?
    ORDER BY number DESC, id DESC`,
  truncate: 'DELETE FROM log WHERE number > ?',
  prune: 'UPDATE log SET changes = NULL WHERE number <= ? AND changes IS NOT NULL AND id <= ?',
  allCells: 'SELECT path, value FROM cells',
  putCell: 'INSERT OR REPLACE INTO cells VALUES (?, ?)',
  deleteCell: 'DELETE FROM cells WHERE path = ?',
  places: 'SELECT number, position FROM places WHERE key = ?',
  putPlace: 'INSERT OR REPLACE INTO places VALUES (?, ?, ?)',
  deletePlaces: 'DELETE FROM places WHERE key = ? AND number > ?',
  pool: 'SELECT hash, arrival, sender, encoded FROM pool ORDER BY arrival',
  putPooled: 'INSERT OR REPLACE INTO pool VALUES (?, ?, ?, ?)',
  deletePooled: 'DELETE FROM pool WHERE hash = ?',
} as const;
