/**
 * A chain in a file, by the SQLite that Node brings along.
 *
 * A block is one row at the end of a log, so that a commit writes little, whatever the block
 * changed. Cells and places, whose rows are anywhere, follow at checkpoints, many blocks at a time;
 * what the log has beyond the last one is also in memory, and is read when the file is opened.
 *
 * A write that fails ends the database: what was committed stays, nothing else is ever said to be
 * safe, and the transaction is undone.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { LockstepError } from '../../base/errors.ts';
import {
  bloomOfRecord,
  hashesOfRecord,
  readChanges,
  writeChanges,
} from '../../chain/blocks/record.ts';
import {
  type BloomTest,
  type HashPlace,
  keyOf,
  type NewBlock,
  type StoredBlock,
} from '../../chain/blocks/store.ts';
import type { ChainDatabase, ChainIdentity, SavedTransaction } from '../../chain/dev/database.ts';
import type { CellChange } from '../../state/backends/backend.ts';
import { type CellPath, unpackValue } from '../../state/cells.ts';
import { STATEMENTS } from './schema.ts';

type Name = keyof typeof STATEMENTS;
type Row = Readonly<Record<string, unknown>>;

/** Rows of the log, and cells, of which a checkpoint takes care at the latest. */
const ROWS_MAX = 1024;
const CELLS_MAX = 32_768;

export class SqliteDatabase implements ChainDatabase {
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #statements: ReadonlyMap<Name, StatementSync>;
  identity: ChainIdentity | undefined;
  settings: string | undefined;
  onCommit: (() => void) | undefined;
  /** What the log has beyond the checkpoint. */
  #cells = new Map<CellPath, Uint8Array | undefined>();
  #places = new Map<number, HashPlace[]>();
  #rows = 0;
  /** The log does not lead from the last checkpoint to where it is now. */
  #mustCheckpoint = false;
  #prunedTo = -1n;
  #isWriting = false;
  #failure: LockstepError | undefined;
  #commit: Promise<void> | undefined;

  /** @param db - Open, with the tables there, and used by nobody else. */
  constructor(path: string, db: DatabaseSync) {
    this.#path = path;
    this.#db = db;
    const names = Object.keys(STATEMENTS) as Name[];
    this.#statements = new Map(names.map((name) => [name, db.prepare(STATEMENTS[name])]));
    for (const statement of this.#statements.values()) statement.setReadBigInts(true);
    const identity = this.#meta('identity');
    this.identity = identity === undefined ? undefined : (JSON.parse(identity) as ChainIdentity);
    this.settings = this.#meta('settings');
    this.#prunedTo = BigInt(this.#meta('pruned') ?? -1);
    const rows = this.#all('since', BigInt(this.#meta('checkpoint') ?? 0));
    for (const { number, record, changes } of rows) {
      this.#rows++;
      if (record !== null) this.#notePlaces(number as bigint, hashesOfRecord(record as Uint8Array));
      this.putCells(readChanges(changes as Uint8Array));
    }
  }

  #meta(name: string): string | undefined {
    return this.#get('getMeta', name)?.value as string | undefined;
  }

  // ---- SQLite

  #statement(name: Name): StatementSync {
    return this.#statements.get(name) as StatementSync;
  }

  #get(name: Name, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.#read(() => this.#statement(name).get(...values) as Row | undefined);
  }

  #all(name: Name, ...values: readonly SQLInputValue[]): readonly Row[] {
    return this.#read(() => this.#statement(name).all(...values) as readonly Row[]);
  }

  #read<T>(use: () => T): T {
    try {
      return use();
    } catch (error) {
      throw new LockstepError('L1406', { path: this.#path, problem: (error as Error).message });
    }
  }

  /** Within the transaction that the next commit ends; nothing once the database has failed. */
  #write(name: Name, ...values: readonly SQLInputValue[]): void {
    if (this.#failure !== undefined) return;
    try {
      this.touch();
      if (!this.#isWriting) this.#statement('begin').run();
      this.#isWriting = true;
      this.#statement(name).run(...values);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const problem = (error as Error).message;
    this.#failure = new LockstepError('L1407', { path: this.#path, problem });
    try {
      if (this.#isWriting) this.#statement('rollback').run();
    } catch {
      // SQLite has undone the transaction by itself.
    }
    this.#isWriting = false;
  }

  // ---- commits

  touch(): void {
    if (this.#commit !== undefined) return;
    this.#commit = new Promise((resolve, reject) => {
      // Requests that are there at the same time share a commit.
      setImmediate(() => {
        this.#commitNow();
        this.#commit = undefined;
        if (this.#failure === undefined) resolve();
        else reject(this.#failure);
      });
    });
    // Who waits for it hears of a failure; nobody has to.
    this.#commit.catch(() => {});
  }

  settled(): Promise<void> | undefined {
    if (this.#commit !== undefined) return this.#commit;
    return this.#failure && Promise.reject(this.#failure);
  }

  #commitNow(): void {
    if (!this.#db.isOpen) return;
    this.onCommit?.();
    if (!this.#isWriting && !this.#mustCheckpoint) return;
    const isMuch = this.#rows >= ROWS_MAX || this.#cells.size >= CELLS_MAX;
    if (isMuch || this.#mustCheckpoint) this.#checkpoint();
    if (this.#failure !== undefined) return;
    try {
      this.#statement('commit').run();
      this.#isWriting = false;
    } catch (error) {
      this.#fail(error);
    }
  }

  #checkpoint(): void {
    for (const path of [...this.#cells.keys()].sort()) {
      const value = this.#cells.get(path);
      const key = Buffer.from(path, 'latin1');
      if (value === undefined) this.#write('deleteCell', key);
      else this.#write('putCell', key, value);
    }
    for (const key of [...this.#places.keys()].sort((a, b) => a - b)) {
      for (const { number, index } of this.#places.get(key) ?? []) {
        this.#write('putPlace', key, number, index);
      }
    }
    const id = (this.#get('lastId')?.id ?? 0n) as bigint;
    if (this.#prunedTo >= 0n) {
      this.#write('prune', this.#prunedTo, id);
      this.#write('putMeta', 'pruned', this.#prunedTo.toString());
    }
    this.#write('putMeta', 'checkpoint', id.toString());
    this.#cells = new Map();
    this.#places = new Map();
    this.#rows = 0;
    this.#mustCheckpoint = false;
  }

  close(): void {
    if (!this.#db.isOpen) return;
    this.#mustCheckpoint ||= this.#rows > 0;
    this.#commitNow();
    this.#db.close();
  }

  // ---- the chain

  create(identity: ChainIdentity, genesis: readonly CellChange[]): void {
    this.#write('putMeta', 'identity', JSON.stringify(identity));
    this.identity = identity;
    this.amend(-1n, genesis);
    this.putCells(genesis);
  }

  last(): StoredBlock | undefined {
    return this.#get('last') as StoredBlock | undefined;
  }

  find(number: bigint): StoredBlock | undefined {
    return this.#get('find', number) as StoredBlock | undefined;
  }

  seek(number: bigint, upTo: bigint, takes: BloomTest): StoredBlock | undefined {
    for (let block = this.find(number); block; block = this.find(block.number + 1n)) {
      if (takes(bloomOfRecord(block.record))) return block;
      if (block.number >= upTo) return undefined;
    }
    return undefined;
  }

  places(hash: Uint8Array): readonly HashPlace[] {
    const key = keyOf(hash);
    const rows = this.#all('places', key) as readonly { number: bigint; position: bigint }[];
    const known = rows.map(({ number, position }) => ({ number, index: Number(position) }));
    return [...known, ...(this.#places.get(key) ?? [])];
  }

  append({ number, record, hashes, changes }: NewBlock): void {
    this.#write('append', number, record, writeChanges(changes));
    this.#rows++;
    this.#notePlaces(number, hashes);
  }

  #notePlaces(number: bigint, hashes: readonly Uint8Array[]): void {
    for (const [at, hash] of hashes.entries()) {
      const key = keyOf(hash);
      const place = { number, index: Math.max(at - 1, 0) };
      this.#places.set(key, [...(this.#places.get(key) ?? []), place]);
    }
  }

  amend(number: bigint, changes: readonly CellChange[]): void {
    this.#write('append', number, null, writeChanges(changes));
    this.#rows++;
  }

  putCells(changes: readonly CellChange[]): void {
    for (const { path, after } of changes)
      this.#cells.set(path, after === undefined ? undefined : unpackValue(after));
  }

  truncate(number: bigint, hashes: Iterable<Uint8Array>): void {
    this.#write('truncate', number);
    for (const hash of hashes) {
      const key = keyOf(hash);
      this.#write('deletePlaces', key, number);
      const left = (this.#places.get(key) ?? []).filter((place) => place.number <= number);
      this.#places.set(key, left);
    }
    // Blocks that come in their place have changes that nobody forgot.
    if (this.#prunedTo > number) this.#prunedTo = number;
    this.#mustCheckpoint = true;
  }

  *changes(above: bigint, upTo: bigint): Generator<readonly CellChange[] | undefined> {
    const rows = this.#statement('changes').iterate(above, upTo) as Iterable<Row>;
    for (const { number, changes } of rows) {
      yield changes === null || (number as bigint) <= this.#prunedTo
        ? undefined
        : readChanges(changes as Uint8Array);
    }
  }

  prune(upTo: bigint): void {
    if (upTo > this.#prunedTo) this.#prunedTo = upTo;
  }

  isPruned(number: bigint): boolean {
    return this.#prunedTo > number;
  }

  *cells(): Generator<{ readonly path: CellPath; readonly value: Uint8Array }> {
    for (const row of this.#statement('allCells').iterate() as Iterable<Row>) {
      const path = Buffer.from(row.path as Uint8Array).toString('latin1');
      if (!this.#cells.has(path)) yield { path, value: row.value as Uint8Array };
    }
    for (const [path, value] of this.#cells) if (value !== undefined) yield { path, value };
  }

  // ---- pool and settings

  pool(): readonly SavedTransaction[] {
    return this.#all('pool').map(({ hash, arrival, sender, encoded }) => ({
      hash: hash as Uint8Array,
      sender: sender as Uint8Array,
      encoded: encoded as Uint8Array,
      order: Number(arrival as bigint),
    }));
  }

  addPooled({ hash, order, sender, encoded }: SavedTransaction): void {
    this.#write('putPooled', hash, order, sender, encoded);
  }

  removePooled(hash: Uint8Array): void {
    this.#write('deletePooled', hash);
  }

  saveSettings(text: string): void {
    if (text === this.settings) return;
    this.settings = text;
    this.#write('putMeta', 'settings', text);
  }
}
