/**
 * The kernel as seen from TypeScript: its functions, and views of its memory.
 *
 * Views are replaced when the memory grows. Read them from this object each time after a call into
 * the kernel that can grow it (`run`, `reserve`); never keep one.
 */
import { base64ToBytes } from '../../base/bytes.ts';
import { LockstepError } from '../../base/errors.ts';
import * as L from '../../kernel/layout.ts';
import { KEEPER_BASE64, KERNEL_BASE64 } from '../../kernel/wasm.generated.ts';

const LIMB_MAX = 0xffff_ffff_ffff_ffffn;
/** Entries of the table at first. */
const TABLE_ENTRIES = 1024;
/** What is full, by the values of M_JOURNAL_STATUS. */
const LIMITS = ['', 'accounts', 'cells', 'changes of cells', 'logs', 'memory of this device'];

/**
 * Functions of the compiled kernel; what they do stands in `src/kernel/assembly`. Those of
 * `runtime.ts` and `closed.ts` (`rt*`) are for the imports of compiled code.
 */
export interface KernelExports {
  readonly memory: WebAssembly.Memory;
  run(frame: number, budget: number): number;
  learnCallee(owner: number, program: number): void;
  keccak256(target: number, source: number, length: number): void;
  reserve(end: bigint): number;
  growMemory(frame: number, offset: bigint, size: bigint, gas: bigint): bigint;
  initJournal(): void;
  internOwner(id: number): number;
  internAddress(a0: number, a1: number, a2: number, a3: number, a4: number): number;
  findCell(space: number, owner: number, key: number): number;
  reachCell(space: number, owner: number, key: number): number;
  insertCell(space: number, owner: number, key: number, value: number, exists: number): number;
  touchCell(cell: number): number;
  writeCell(cell: number, value: number): void;
  deleteCell(cell: number): void;
  refundAdd(delta: bigint): void;
  enterFrame(
    frame: number,
    program: number,
    input: number,
    inputLength: number,
    owner: number,
    flags: number,
    self: number,
    caller: number,
    value: number,
    gas: bigint,
  ): void;
  layOutFrame(frame: number, plan: number, isNotedOnly: number): number;
  chargeRange(frame: number, offset: number, size: number): number;
  setReturn(frame: number, source: number, length: number, offset: bigint, size: bigint): void;
  checkpoint(record: number): void;
  rollback(record: number): void;
  rollbackAll(): void;
  txBegin(): void;
  evictAll(): void;
  nextDirty(from: number): number;
  effectsSize(output: number, space: number): number;
  collectEffects(
    target: number,
    room: number,
    output: number,
    length: number,
    space: number,
  ): number;
  encodeReceipt(
    target: number,
    room: number,
    type: number,
    status: number,
    root: number,
    gas: bigint,
  ): number;
  rtLoadCell(frame: number, space: number, key: number, target: number, gas: bigint): bigint;
  rtStoreCell(
    frame: number,
    space: number,
    key: number,
    value: number,
    rest: bigint,
    gas: bigint,
  ): bigint;
  rtCopyRange(
    frame: number,
    regions: number,
    target: bigint,
    source: bigint,
    size: bigint,
    gas: bigint,
  ): bigint;
  rtFillRange(
    frame: number,
    region: number,
    target: bigint,
    byte: bigint,
    size: bigint,
    gas: bigint,
  ): bigint;
  rtHashRange(
    frame: number,
    region: number,
    target: number,
    offset: bigint,
    size: bigint,
    gas: bigint,
  ): bigint;
  rtLogRange(
    frame: number,
    region: number,
    offset: bigint,
    size: bigint,
    count: number,
    topics: number,
    gas: bigint,
  ): bigint;
  rtOutput(frame: number, region: number, offset: bigint, size: bigint, gas: bigint): bigint;
  rtGrowRegion(frame: number, region: number, delta: bigint): bigint;
  rtGrow(frame: number, offset: bigint, size: bigint, gas: bigint): bigint;
  rtGrow256(frame: number, offset: number, size: number, gas: bigint): bigint;
  rtStore8(frame: number, offset: number, value: number, gas: bigint): bigint;
  rtCopy(
    frame: number,
    regions: number,
    target: number,
    source: number,
    size: number,
    gas: bigint,
  ): bigint;
  rtLoadZero(frame: number, region: number, target: number, offset: number): void;
  rtKeccak(frame: number, target: number, offset: number, size: number, gas: bigint): bigint;
  rtFinish(frame: number, offset: number, size: number, gas: bigint): bigint;
  rtLog(frame: number, count: number, operands: number, gas: bigint): bigint;
  rtChargeDyn(amount: number, gas: bigint): bigint;
  rtCellLoad(frame: number, space: number, key: number, target: number, gas: bigint): bigint;
  rtCellStore(frame: number, space: number, key: number, value: number, gas: bigint): bigint;
  rtMul(target: number, a: number, b: number): void;
  rtUdiv(target: number, a: number, b: number): void;
  rtSdiv(target: number, a: number, b: number): void;
  rtUrem(target: number, a: number, b: number): void;
  rtSrem(target: number, a: number, b: number): void;
  rtAddmod(target: number, a: number, b: number, modulus: number): void;
  rtMulmod(target: number, a: number, b: number, modulus: number): void;
  rtPow(target: number, base: number, exponent: number): void;
  rtUmulhi(target: number, a: number, b: number): void;
  rtSmulhi(target: number, a: number, b: number): void;
  rtSext(target: number, index: number, value: number): void;
  rtByte(target: number, index: number, value: number): void;
  rtShl(target: number, value: number, count: number): void;
  rtUshr(target: number, value: number, count: number): void;
  rtSshr(target: number, value: number, count: number): void;
  rtClz(target: number, value: number): void;
}

/** Bytes on the platform's heap; nothing of it can be read but by `restore`. */
export interface Kept {
  readonly isKept: unique symbol;
}

/** Functions of `src/kernel/keeper.wat`. */
interface KeeperExports {
  keep(address: number, vectors: number): Kept;
  restore(kept: Kept, address: number): void;
}

const rowLength = (count: number): number => 2 ** (32 - Math.clz32(count - 1));

let compiled: Readonly<Record<'kernel' | 'keeper', WebAssembly.Module>> | undefined;

/** @throws LockstepError L2004 on a platform that lacks a feature */
function compile(text: string): WebAssembly.Module {
  try {
    return new WebAssembly.Module(base64ToBytes(text));
  } catch (error) {
    throw new LockstepError('L2004', { problem: String(error) });
  }
}

export class Kernel {
  readonly exports: KernelExports;
  readonly keeper: KeeperExports;
  /** Compiled code, which the loop calls by its place. */
  readonly table: WebAssembly.Table;
  /** First places of rows that are free, by their lengths, which are powers of two. */
  readonly #freeRows = new Map<number, number[]>();
  #nextPlace = 1;
  u8!: Uint8Array<ArrayBuffer>;
  u32!: Uint32Array<ArrayBuffer>;
  u64!: BigUint64Array<ArrayBuffer>;
  view!: DataView<ArrayBuffer>;

  constructor() {
    compiled ??= { kernel: compile(KERNEL_BASE64), keeper: compile(KEEPER_BASE64) };
    this.table = new WebAssembly.Table({ element: 'anyfunc', initial: TABLE_ENTRIES });
    const instance = new WebAssembly.Instance(compiled.kernel, { env: { table: this.table } });
    this.exports = instance.exports as unknown as KernelExports;
    const { memory } = this.exports;
    const keeper = new WebAssembly.Instance(compiled.keeper, { env: { memory } });
    this.keeper = keeper.exports as unknown as KeeperExports;
    this.refresh();
    if (this.u8.length < L.INITIAL_PAGES * L.PAGE_BYTES)
      throw new Error('BUG: the kernel is too small');
    this.exports.initJournal();
  }

  /** Takes new views if the memory has grown. */
  refresh(): void {
    if (this.u8 !== undefined && this.u8.length > 0) return;
    const buffer = this.exports.memory.buffer as ArrayBuffer;
    this.u8 = new Uint8Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.u64 = new BigUint64Array(buffer);
    this.view = new DataView(buffer);
  }

  /** Takes a row of places of the table for compiled code, and gives the first. */
  takePlaces(count: number): number {
    const length = rowLength(count);
    const freed = this.#freeRows.get(length)?.pop();
    if (freed !== undefined) return freed;
    const { table } = this;
    const first = this.#nextPlace;
    this.#nextPlace += length;
    if (this.#nextPlace > table.length) table.grow(Math.max(table.length, length));
    return first;
  }

  /** Gives the row back; nothing enters the code any more. */
  freePlaces(first: number, count: number): void {
    for (let place = first; place < first + count; place++) this.table.set(place, null);
    const length = rowLength(count);
    const free = this.#freeRows.get(length);
    if (free === undefined) this.#freeRows.set(length, [first]);
    else free.push(first);
  }

  /**
   * The limits of the machine are not the contract's: reaching one is no outcome.
   *
   * @throws LockstepError L2002 with what is full
   */
  checkLimits(): void {
    const status = this.u32[(L.MACHINE_BASE + L.M_JOURNAL_STATUS) / 4] as number;
    if (status !== L.JOURNAL_OK) throw new LockstepError('L2002', { what: LIMITS[status] ?? '' });
  }

  /** End of the undo log, to which `undoTo` goes back. */
  get undoTop(): number {
    return this.u32[(L.MACHINE_BASE + L.M_UNDO_TOP) / 4] as number;
  }

  /** Undoes changes of cells and warmth, but no logs. */
  undoTo(undoTop: number): void {
    const { u32, exports } = this;
    const mark = L.SCRATCH_BASE;
    u32[(mark + L.K_UNDO_TOP) / 4] = undoTop;
    u32[(mark + L.K_LOG_TOP) / 4] = u32[(L.MACHINE_BASE + L.M_LOG_TOP) / 4] as number;
    u32[(mark + L.K_LOG_COUNT) / 4] = u32[(L.MACHINE_BASE + L.M_LOG_COUNT) / 4] as number;
    exports.rollback(mark);
  }

  /** The 256-bit little-endian number at an 8-byte aligned address. */
  readWord(address: number): bigint {
    const { u32, u64 } = this;
    const at = address / 8;
    // Most words are one limb, and a larger bigint is put together slowly.
    let upper = 0;
    for (let i = 2; i < 8; i++) upper |= u32[at * 2 + i] as number;
    if (upper === 0) return u64[at] as bigint;
    const high = ((u64[at + 3] as bigint) << 64n) | (u64[at + 2] as bigint);
    const low = ((u64[at + 1] as bigint) << 64n) | (u64[at] as bigint);
    return (high << 128n) | low;
  }

  /** The same number where it is below 2^32, else -1. */
  readNumber(address: number): number {
    const { u32 } = this;
    const at = address / 4;
    for (let i = 1; i < 8; i++) if (u32[at + i] !== 0) return -1;
    return u32[at] as number;
  }

  writeWord(address: number, value: bigint): void {
    const { u64 } = this;
    const at = address / 8;
    if (value <= LIMB_MAX) {
      this.clearWord(address);
      u64[at] = value;
      return;
    }
    u64[at] = value;
    u64[at + 1] = value >> 64n;
    u64[at + 2] = value >> 128n;
    u64[at + 3] = value >> 192n;
  }

  clearWord(address: number): void {
    const { u32 } = this;
    const at = address / 4;
    for (let i = 0; i < 8; i++) u32[at + i] = 0;
  }

  /** Writes big-endian bytes (at most 32) as a little-endian word. */
  writeBytesAsWord(address: number, bytes: Uint8Array): void {
    const { u8 } = this;
    const length = bytes.length;
    for (let i = 0; i < length; i++) u8[address + i] = bytes[length - 1 - i] as number;
    u8.fill(0, address + length, address + 32);
  }

  copyWord(target: number, source: number): void {
    const { u32 } = this;
    const to = target / 4;
    const from = source / 4;
    for (let i = 0; i < 8; i++) u32[to + i] = u32[from + i] as number;
  }

  /** Index of the owner whose 20 bytes are the low ones of the word at the address. */
  internAt(address: number): number {
    const { u32, exports } = this;
    const at = address / 4;
    return exports.internAddress(
      u32[at] as number,
      u32[at + 1] as number,
      u32[at + 2] as number,
      u32[at + 3] as number,
      u32[at + 4] as number,
    );
  }

  /** Whether the word at the address has these eight parts, least first. */
  equalsWord(address: number, parts: Uint32Array): boolean {
    const { u32 } = this;
    const at = address / 4;
    for (let i = 0; i < 8; i++) if (u32[at + i] !== parts[i]) return false;
    return true;
  }

  /** The low `length` bytes of the word at the address, big-endian. */
  readWordAsBytes(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.copyWordAsBytes(bytes, 0, address, length);
    return bytes;
  }

  /** Writes the same to a place of other bytes. */
  copyWordAsBytes(target: Uint8Array, offset: number, address: number, length: number): void {
    const { u8 } = this;
    const last = offset + length - 1;
    for (let i = 0; i < length; i++) target[last - i] = u8[address + i] as number;
  }

  isZeroWord(address: number): boolean {
    const { u32 } = this;
    const at = address / 4;
    for (let i = 0; i < 8; i++) if (u32[at + i] !== 0) return false;
    return true;
  }

  areEqualWords(a: number, b: number): boolean {
    const { u32 } = this;
    for (let i = 0; i < 8; i++) if (u32[a / 4 + i] !== u32[b / 4 + i]) return false;
    return true;
  }
}
