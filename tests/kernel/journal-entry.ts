/**
 * Compiles the kernel's journal alone, in memory, and wraps it as a `WordJournal` for its tests.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { bigintToBytes32, bytesToBigint } from '../../src/base/u256.ts';
import * as layout from '../../src/kernel/layout.ts';
import {
  isPerTransaction,
  type JournalLog,
  type WordCell,
  type WordJournal,
} from '../../src/state/cells.ts';

const ENTRY = 'journal-entry.as.ts';

const SOURCE = `
import { findCell, touchCell, writeCell } from './src/kernel/assembly/journal';
export * from './src/kernel/assembly/journal';
export { cellLoadCost, cellStoreCost } from './src/kernel/assembly/cells';

/** Finds, touches and, where asked, writes the cells whose keys stand one after another. */
export function visitMany(keys: u32, count: u32, isWrite: bool): void {
  for (let i: u32 = 0; i < count; i++) {
    const key = keys + (i << 5);
    const cell = findCell(0, 1, key);
    touchCell(cell);
    if (isWrite) writeCell(cell, key);
  }
}
`;

/** Options with which the kernel is built: no runtime, no assertions. */
const OPTIONS = [
  ...['--runtime', 'stub', '-O3', '--noAssert', '--use', 'abort='],
  ...['--initialMemory', String(layout.INITIAL_PAGES)],
  ...['--enable', 'simd', '--enable', 'bulk-memory'],
];

/** Exports of the module; addresses and indexes are numbers, 64-bit values are bigint. */
export interface JournalExports {
  readonly memory: WebAssembly.Memory;
  initJournal(): void;
  evictAll(): void;
  txBegin(): void;
  ownerPtr(index: number): number;
  internOwner(ptr: number): number;
  internAddress(a0: number, a1: number, a2: number, a3: number, a4: number): number;
  findCell(space: number, owner: number, key: number): number;
  insertCell(space: number, owner: number, key: number, value: number, exists: number): number;
  startCell(cell: number): void;
  touchCell(cell: number): number;
  writeCell(cell: number, value: number): void;
  deleteCell(cell: number): void;
  addCell(cell: number, delta: number): number;
  insertOnce(cell: number, value: number): number;
  consumeCell(cell: number, dst: number): number;
  refundAdd(delta: bigint): void;
  checkpoint(ptr: number): void;
  rollback(ptr: number): void;
  appendLog(owner: number, count: number, ...rest: readonly number[]): number;
  nextDirty(from: number): number;
  cellLoadCost(cell: number): bigint;
  cellStoreCost(cell: number, value: number): bigint;
  visitMany(keys: number, count: number, isWrite: number): void;
}

async function compile(): Promise<Uint8Array<ArrayBuffer>> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const { error, stderr } = await asc.main([ENTRY, '--outFile', 'journal.wasm', ...OPTIONS], {
    readFile: (name) =>
      name === ENTRY ? SOURCE : readFile(`${root}/${name}`, 'utf8').catch(() => null),
    writeFile: (name, contents) => {
      if (name === 'journal.wasm') binary = Uint8Array.from(contents as Uint8Array);
    },
    listFiles: () => [],
  });
  if (error !== null || binary === undefined) {
    throw new Error(`the kernel's journal does not compile: ${error}\n${stderr.toString()}`);
  }
  return binary;
}

let compiled: Promise<Uint8Array<ArrayBuffer>> | undefined;

/** A fresh instance whose journal is empty and whose gas schedule is zero. */
export async function loadJournal(): Promise<JournalExports> {
  compiled ??= compile();
  const { instance } = await WebAssembly.instantiate(await compiled, {});
  const kernel = instance.exports as unknown as JournalExports;
  kernel.initJournal();
  return kernel;
}

/** Reads and writes numbers of an instance's memory, which does not grow in these tests. */
export class KernelMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(kernel: JournalExports) {
    this.bytes = new Uint8Array(kernel.memory.buffer);
    this.view = new DataView(kernel.memory.buffer);
  }

  u32(address: number): number {
    return this.view.getUint32(address, true);
  }

  setU32(address: number, value: number): void {
    this.view.setUint32(address, value, true);
  }

  machine(field: number): number {
    return this.u32(layout.MACHINE_BASE + field);
  }

  setMachine(field: number, value: number): void {
    this.setU32(layout.MACHINE_BASE + field, value);
  }

  word(address: number): bigint {
    return bytesToBigint(this.bytes.slice(address, address + 32).reverse());
  }

  setWord(address: number, value: bigint): number {
    this.bytes.set(bigintToBytes32(value).reverse(), address);
    return address;
  }

  setSchedule(schedule: Readonly<Record<number, bigint>>): void {
    for (const [entry, gas] of Object.entries(schedule)) {
      this.view.setBigUint64(layout.SCHEDULE_BASE + Number(entry) * 8, gas, true);
    }
  }
}

/** Places of operands in the scratch area. */
const KEY = layout.SCRATCH_BASE;
const VALUE = KEY + 32;
const OWNER = VALUE + 32;
const TOPICS = OWNER + 32;
/** Checkpoints and log data, in the heap. */
const MARKS = layout.HEAP_BASE;
const DATA = layout.HEAP_BASE + 0x8000;

/** The kernel's journal as the interface that the model implements too. */
export class KernelJournal implements WordJournal {
  readonly kernel: JournalExports;
  readonly memory: KernelMemory;
  #markCount = 0;

  constructor(kernel: JournalExports) {
    this.kernel = kernel;
    this.memory = new KernelMemory(kernel);
  }

  #owner(id: Uint8Array): number {
    this.memory.bytes.set(id, OWNER);
    return this.kernel.internOwner(OWNER);
  }

  #find({ space, owner, key }: WordCell): number {
    const index = this.#owner(owner);
    return this.kernel.findCell(space, index, this.memory.setWord(KEY, key));
  }

  /** Address of a cell that must be known. */
  #cell(cell: WordCell): number {
    const address = this.#find(cell);
    if (address === 0) throw new Error('BUG: the test names a cell that it did not insert');
    return address;
  }

  #isStarted(address: number): boolean {
    return this.memory.u32(address + layout.C_TX) === this.memory.machine(layout.M_TX);
  }

  begin(): void {
    this.kernel.txBegin();
    this.#markCount = 0;
  }

  insert({ space, owner, key }: WordCell, value: bigint | undefined): void {
    const index = this.#owner(owner);
    this.memory.setWord(KEY, key);
    this.memory.setWord(VALUE, value ?? 0n);
    this.kernel.insertCell(space, index, KEY, VALUE, Number(value !== undefined));
  }

  isKnown(cell: WordCell): boolean {
    return this.#find(cell) !== 0;
  }

  touch(cell: WordCell): boolean {
    return this.kernel.touchCell(this.#cell(cell)) !== 0;
  }

  value(cell: WordCell): bigint {
    const address = this.#cell(cell);
    if (isPerTransaction(cell.space) && !this.#isStarted(address)) return 0n;
    return this.memory.word(address + layout.C_VALUE);
  }

  original(cell: WordCell): bigint {
    const address = this.#cell(cell);
    if (!this.#isStarted(address)) return this.value(cell);
    return this.memory.word(address + layout.C_ORIGINAL);
  }

  exists(cell: WordCell): boolean {
    const address = this.#cell(cell);
    // A cell that the transaction has not reached keeps the flag of a zero until it is.
    if (!this.#isStarted(address)) {
      if (isPerTransaction(cell.space) || this.value(cell) === 0n) return false;
    }
    return (this.memory.u32(address + layout.C_FLAGS) & layout.CELL_EXISTS) !== 0;
  }

  write(cell: WordCell, value: bigint): void {
    this.kernel.writeCell(this.#cell(cell), this.memory.setWord(VALUE, value));
  }

  delete(cell: WordCell): void {
    this.kernel.deleteCell(this.#cell(cell));
  }

  add(cell: WordCell, delta: bigint): boolean {
    const pointer = this.memory.setWord(VALUE, BigInt.asUintN(256, delta));
    return this.kernel.addCell(this.#cell(cell), pointer) !== 0;
  }

  insertOnce(cell: WordCell, value: bigint): boolean {
    return this.kernel.insertOnce(this.#cell(cell), this.memory.setWord(VALUE, value)) !== 0;
  }

  consume(cell: WordCell): bigint | undefined {
    const isMissing = this.kernel.consumeCell(this.#cell(cell), VALUE) !== 0;
    return isMissing ? undefined : this.memory.word(VALUE);
  }

  loadCost(cell: WordCell): bigint {
    return this.kernel.cellLoadCost(this.#cell(cell));
  }

  storeCost(cell: WordCell, value: bigint): bigint {
    return this.kernel.cellStoreCost(this.#cell(cell), this.memory.setWord(VALUE, value));
  }

  refund(): bigint {
    return this.memory.view.getBigInt64(layout.MACHINE_BASE + layout.M_REFUND, true);
  }

  addRefund(delta: bigint): void {
    this.kernel.refundAdd(delta);
  }

  log({ owner, topics, data }: JournalLog): void {
    const places = [0, 1, 2, 3].map((i) => this.memory.setWord(TOPICS + i * 32, topics[i] ?? 0n));
    this.memory.bytes.set(data, DATA);
    this.kernel.appendLog(this.#owner(owner), topics.length, ...places, DATA, data.length);
  }

  logs(): readonly JournalLog[] {
    const logs: JournalLog[] = [];
    const end = this.memory.machine(layout.M_LOG_TOP);
    let at = layout.LOGS_BASE;
    while (at < end) {
      const count = this.memory.u32(at + layout.L_TOPIC_COUNT);
      const length = this.memory.u32(at + layout.L_DATA_LENGTH);
      const owner = this.#ownerId(this.memory.u32(at + layout.L_OWNER));
      at += layout.LOG_HEADER_BYTES;
      const topics: bigint[] = [];
      for (let i = 0; i < count; i++, at += 32) {
        topics.push(bytesToBigint(this.memory.bytes.slice(at, at + 32)));
      }
      logs.push({ owner, topics, data: this.memory.bytes.slice(at, at + length) });
      at += Math.ceil(length / 8) * 8;
    }
    if (logs.length !== this.memory.machine(layout.M_LOG_COUNT) || at !== end) {
      throw new Error(`BUG: ${logs.length} logs end at ${at}, the journal's at ${end}`);
    }
    return logs;
  }

  checkpoint(): number {
    const mark = MARKS + this.#markCount * layout.CHECKPOINT_BYTES;
    this.#markCount++;
    this.kernel.checkpoint(mark);
    return mark;
  }

  rollback(mark: number): void {
    this.kernel.rollback(mark);
    this.#markCount = (mark - MARKS) / layout.CHECKPOINT_BYTES + 1;
  }

  touched(): readonly WordCell[] {
    const cells: WordCell[] = [];
    const end = this.memory.machine(layout.M_TOUCHED_TOP);
    for (let at = layout.TOUCHED_BASE; at < end; at += 4) {
      const cell = this.memory.u32(at);
      cells.push({
        space: this.memory.u32(cell + layout.C_SPACE),
        owner: this.#ownerId(this.memory.u32(cell + layout.C_OWNER)),
        key: this.memory.word(cell + layout.C_KEY),
      });
    }
    return cells;
  }

  #ownerId(index: number): Uint8Array {
    const at = this.kernel.ownerPtr(index);
    return this.memory.bytes.slice(at, at + layout.OWNER_BYTES);
  }
}
