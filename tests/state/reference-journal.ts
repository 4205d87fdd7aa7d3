/**
 * A model of the journal that is plain enough to be right: a checkpoint copies everything that a
 * rollback puts back. The gas rules are written after EIP-2200, EIP-2929 and EIP-3529 with the
 * numbers of those texts, not with a schedule.
 */
import { bytesToHex } from '../../src/base/bytes.ts';
import { U256_MAX } from '../../src/base/u256.ts';
import {
  isPerTransaction,
  type JournalLog,
  type WordCell,
  type WordJournal,
} from '../../src/state/cells.ts';

interface Content {
  readonly values: Map<string, bigint>;
  readonly warm: Set<string>;
  readonly logs: JournalLog[];
  refund: bigint;
}

function copyContent({ values, warm, logs, refund }: Content): Content {
  return { values: new Map(values), warm: new Set(warm), logs: [...logs], refund };
}

const idOf = ({ space, owner, key }: WordCell) => `${space} ${bytesToHex(owner)} ${key}`;

export class ReferenceJournal implements WordJournal {
  readonly #known = new Map<string, WordCell>();
  readonly #touched = new Map<string, WordCell>();
  readonly #marks: Content[] = [];
  #originals = new Map<string, bigint>();
  #now: Content = { values: new Map(), warm: new Set(), logs: [], refund: 0n };

  begin(): void {
    const values = new Map(this.#now.values);
    for (const [id, cell] of this.#known) {
      // From one transaction to the next, zero and absent are one.
      if (isPerTransaction(cell.space) || values.get(id) === 0n) values.delete(id);
    }
    this.#now = { values, warm: new Set(), logs: [], refund: 0n };
    this.#originals = new Map(values);
    this.#touched.clear();
    this.#marks.length = 0;
  }

  insert(cell: WordCell, value: bigint | undefined): void {
    const id = idOf(cell);
    if (this.#known.has(id)) return;
    this.#known.set(id, cell);
    if (value === undefined || value === 0n || isPerTransaction(cell.space)) return;
    for (const { values } of [...this.#marks, this.#now]) values.set(id, value);
    this.#originals.set(id, value);
  }

  isKnown(cell: WordCell): boolean {
    return this.#known.has(idOf(cell));
  }

  #start(cell: WordCell): string {
    const id = idOf(cell);
    if (!this.#touched.has(id)) this.#touched.set(id, cell);
    return id;
  }

  touch(cell: WordCell): boolean {
    const id = this.#start(cell);
    const wasWarm = this.#now.warm.has(id);
    this.#now.warm.add(id);
    return wasWarm;
  }

  value(cell: WordCell): bigint {
    return this.#now.values.get(idOf(cell)) ?? 0n;
  }

  original(cell: WordCell): bigint {
    return this.#originals.get(idOf(cell)) ?? 0n;
  }

  exists(cell: WordCell): boolean {
    return this.#now.values.has(idOf(cell));
  }

  write(cell: WordCell, value: bigint): void {
    this.#now.values.set(this.#start(cell), value);
  }

  delete(cell: WordCell): void {
    this.#now.values.delete(this.#start(cell));
  }

  add(cell: WordCell, delta: bigint): boolean {
    const id = this.#start(cell);
    const sum = this.value(cell) + delta;
    if (sum < 0n || sum > U256_MAX) return true;
    this.#now.values.set(id, sum);
    return false;
  }

  insertOnce(cell: WordCell, value: bigint): boolean {
    const id = this.#start(cell);
    if (this.exists(cell)) return true;
    this.#now.values.set(id, value);
    return false;
  }

  consume(cell: WordCell): bigint | undefined {
    const id = this.#start(cell);
    const value = this.#now.values.get(id);
    this.#now.values.delete(id);
    return value;
  }

  /** EIP-2929: 2100 cold, 100 warm; EIP-1153: 100 for transient storage. */
  loadCost(cell: WordCell): bigint {
    const wasWarm = this.touch(cell);
    return wasWarm || cell.space === 1 ? 100n : 2100n;
  }

  /** The cases of EIP-2200 in its order; SLOAD_GAS is 100 and SSTORE_RESET_GAS 2900 (EIP-2929). */
  storeCost(cell: WordCell, next: bigint): bigint {
    const surcharge = this.touch(cell) ? 0n : 2100n;
    const current = this.value(cell);
    const original = this.original(cell);
    if (current === next) return surcharge + 100n;
    if (original === current) {
      if (original === 0n) return surcharge + 20_000n;
      if (next === 0n) this.#now.refund += 4800n;
      return surcharge + 2900n;
    }
    if (original !== 0n) {
      if (current === 0n) this.#now.refund -= 4800n;
      if (next === 0n) this.#now.refund += 4800n;
    }
    if (original === next) this.#now.refund += original === 0n ? 19_900n : 2800n;
    return surcharge + 100n;
  }

  refund(): bigint {
    return this.#now.refund;
  }

  addRefund(delta: bigint): void {
    this.#now.refund += delta;
  }

  log(log: JournalLog): void {
    this.#now.logs.push(log);
  }

  logs(): readonly JournalLog[] {
    return this.#now.logs;
  }

  checkpoint(): number {
    return this.#marks.push(copyContent(this.#now)) - 1;
  }

  rollback(mark: number): void {
    const content = this.#marks[mark];
    if (content === undefined) throw new Error('BUG: the test names a mark that is void');
    this.#marks.length = mark + 1;
    this.#now = copyContent(content);
  }

  touched(): readonly WordCell[] {
    return [...this.#touched.values()];
  }
}
