/**
 * `lockstep/node/database`: a chain that outlives the process, in one file. It needs Node, 22.13 or
 * later; the rest of the node does not know of it.
 */
import type { DatabaseSync } from 'node:sqlite';
import { LockstepError } from '../../base/errors.ts';
import type { ChainDatabase } from '../../chain/dev/database.ts';
import { APPLICATION_ID, FORMAT_VERSION, PRAGMAS, SCHEMA } from './schema.ts';
import { SqliteDatabase } from './sqlite.ts';

export type { ChainDatabase } from '../../chain/dev/database.ts';

/** Results of SQLite that say who is at fault (`sqlite3.h`). */
const PROBLEMS: Readonly<Record<number, string>> = {
  5: 'another process has it open',
  8: 'it cannot be written',
  11: 'its content is damaged',
  13: 'the disk is full',
  14: 'it cannot be opened or made: is the folder there, and may it be written?',
  26: 'it is no database',
};

/**
 * Opens the database at a path, or makes one. The file is locked until it is closed.
 *
 * @throws LockstepError L1406 where it cannot be opened, or is not one of this version
 */
export async function openDatabase(path: string): Promise<ChainDatabase> {
  const { DatabaseSync } = await import('node:sqlite').catch(() => {
    throw cannotOpen(path, 'this version of Node has no SQLite; 22.13 and later have');
  });
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path);
    prepare(path, db);
    return new SqliteDatabase(path, db);
  } catch (error) {
    if (db?.isOpen) db.close();
    if (error instanceof LockstepError) throw error;
    const { errcode = 0, message } = error as Error & { readonly errcode?: number };
    throw cannotOpen(path, PROBLEMS[errcode & 255] ?? message);
  }
}

/** Locks the file, and makes the tables where there is nothing yet. */
function prepare(path: string, db: DatabaseSync): void {
  const pragma = (name: string) => db.prepare(`PRAGMA ${name}`).get()?.[name];
  db.exec(PRAGMAS);
  db.exec('BEGIN IMMEDIATE');
  const tables = db.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.count;
  if (tables === 0) db.exec(SCHEMA);
  if (pragma('application_id') !== APPLICATION_ID) {
    throw cannotOpen(path, 'it is the database of another program');
  }
  const version = pragma('user_version');
  if (version !== FORMAT_VERSION) {
    const text = `it has format ${version}, and this version reads format ${FORMAT_VERSION}`;
    throw cannotOpen(path, text);
  }
  db.exec('COMMIT');
}

function cannotOpen(path: string, problem: string): LockstepError {
  return new LockstepError('L1406', { path, problem });
}
