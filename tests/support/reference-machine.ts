/**
 * What a frame of the reference interpreter has besides registers: gas, memory regions, cells,
 * logs. Every rule is written for clarity; see docs/dmir.md, which says the same in words.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { Module, Region } from '../../src/dmir/ir.ts';
import type { TrapKind } from '../../src/dmir/ops.ts';

/** Ends the frame; caught by `runReference`. */
export class Trap extends Error {
  readonly kind: TrapKind;

  constructor(kind: TrapKind) {
    super(kind);
    this.kind = kind;
  }
}

/** Gas by rule, in units of gas. */
export interface Schedule {
  readonly memoryLinear: bigint;
  /** Divisor of the squared count of words; 0 for no quadratic part. */
  readonly memoryQuadratic: bigint;
  readonly copyWord: bigint;
  readonly keccakWord: bigint;
  readonly logByte: bigint;
  readonly cellCold: bigint;
  readonly cellWarm: bigint;
  readonly storeSet: bigint;
  readonly storeReset: bigint;
  readonly storeClearRefund: bigint;
  readonly storeSentry: bigint;
  readonly storeCold: bigint;
  readonly transient: bigint;
}

/** The figures of the Osaka fork: EIP-150, EIP-2200, EIP-2929, EIP-3529, EIP-1153. */
export const SCHEDULE: Schedule = {
  memoryLinear: 3n,
  memoryQuadratic: 512n,
  copyWord: 3n,
  keccakWord: 6n,
  logByte: 8n,
  cellCold: 2100n,
  cellWarm: 100n,
  storeSet: 20000n,
  storeReset: 2900n,
  storeClearRefund: 4800n,
  storeSentry: 2300n,
  storeCold: 2100n,
  transient: 100n,
};

export interface Cell {
  value: bigint;
  original: bigint;
  isWarm: boolean;
  exists: boolean;
}

export interface LogRecord {
  readonly topics: bigint[];
  readonly data: Uint8Array;
}

/** Cells of the space of this name live for one transaction and cost a flat fee. */
const TRANSIENT_SPACE = 'transient';

export interface MachineOptions {
  readonly gas: bigint;
  readonly schedule: Schedule;
  readonly isStatic: boolean;
  /** Contents of regions at the start, by name. */
  readonly memory: ReadonlyMap<string, Uint8Array>;
  readonly cells: Map<string, Cell>;
}

/** Sizes from here on, and the growth of a region to here, run out of gas uncomputed. */
const BYTES_MAX = 1n << 37n;

export function cellName(space: number, key: bigint): string {
  return `${space}:${key.toString(16)}`;
}

interface Range {
  readonly region: number;
  readonly address: bigint;
  readonly size: bigint;
  readonly isWrite: boolean;
}

function wordCount(bytes: bigint): bigint {
  return (bytes + 31n) / 32n;
}

export class ReferenceMachine {
  gas: bigint;
  refund = 0n;
  readonly logs: LogRecord[] = [];
  readonly cells: Map<string, Cell>;
  readonly regions: readonly Region[];
  /** Contents of each region; the length of the array is the length of the region. */
  readonly memory: Uint8Array[];
  readonly #schedule: Schedule;
  readonly #isStatic: boolean;
  readonly #spaces: readonly string[];

  constructor(module: Module, options: MachineOptions) {
    this.gas = options.gas;
    this.cells = options.cells;
    this.regions = module.regions;
    this.#schedule = options.schedule;
    this.#isStatic = options.isStatic;
    this.#spaces = module.spaces;
    this.memory = module.regions.map((region) => {
      const given = options.memory.get(region.name) ?? new Uint8Array(0);
      const bytes = new Uint8Array(Math.max(region.min, given.length));
      bytes.set(given);
      return bytes;
    });
  }

  /** Takes gas, or traps and takes nothing. */
  charge(amount: bigint): void {
    if (amount > this.gas) throw new Trap('out-of-gas');
    this.gas -= amount;
  }

  denyStatic(): void {
    if (this.#isStatic) throw new Trap('static-violation');
  }

  /** Checks ranges against the rules of their regions, then charges growth and `extra` at once. */
  #touch(ranges: readonly Range[], extra = 0n): void {
    const used = ranges.filter(({ size }) => size > 0n);
    for (const { region, address, size, isWrite } of used) {
      const { bounds } = this.regions[region]!;
      const isPast = address + size > BigInt(this.memory[region]!.length);
      if (isPast && (bounds === 'trap' || (bounds === 'zero' && isWrite))) {
        throw new Trap('out-of-bounds');
      }
    }
    const lengths = new Map<number, bigint>();
    for (const { region, address, size } of used) {
      const isCharged = this.regions[region]!.bounds === 'charge';
      if (size >= BYTES_MAX || (isCharged && address + size >= BYTES_MAX)) {
        throw new Trap('out-of-gas');
      }
      const length = wordCount(address + size) * 32n;
      if (isCharged && length > (lengths.get(region) ?? 0n)) lengths.set(region, length);
    }
    let cost = extra;
    for (const [region, length] of lengths) cost += this.#growthCost(region, length);
    this.charge(cost);
    for (const [region, length] of lengths) this.#growTo(region, length);
  }

  #growthCost(region: number, length: bigint): bigint {
    const before = BigInt(this.memory[region]!.length) / 32n;
    const after = length / 32n;
    if (after <= before) return 0n;
    const { memoryLinear, memoryQuadratic } = this.#schedule;
    const total = (words: bigint): bigint =>
      memoryLinear * words + (memoryQuadratic === 0n ? 0n : (words * words) / memoryQuadratic);
    return total(after) - total(before);
  }

  #growTo(region: number, length: bigint): void {
    const before = this.memory[region]!;
    if (length <= BigInt(before.length)) return;
    if (length > BigInt(this.regions[region]!.max)) throw new Trap('memory-limit');
    const bytes = new Uint8Array(Number(length));
    bytes.set(before);
    this.memory[region] = bytes;
  }

  /** Bytes of a range; past the end of a region, where its rule lets it, they are zeros. */
  #bytes(region: number, address: bigint, size: bigint): Uint8Array {
    const bytes = new Uint8Array(Number(size));
    const memory = this.memory[region]!;
    if (address < BigInt(memory.length)) {
      bytes.set(memory.subarray(Number(address), Number(address + size)));
    }
    return bytes;
  }

  read(region: number, address: bigint, size: bigint, extra = 0n): Uint8Array {
    this.#touch([{ region, address, size, isWrite: false }], extra);
    return this.#bytes(region, address, size);
  }

  write(region: number, address: bigint, bytes: Uint8Array): void {
    this.#touch([{ region, address, size: BigInt(bytes.length), isWrite: true }]);
    if (bytes.length > 0) this.memory[region]!.set(bytes, Number(address));
  }

  fill(region: number, address: bigint, byte: bigint, size: bigint): void {
    const gas = wordCount(size) * this.#schedule.copyWord;
    this.#touch([{ region, address, size, isWrite: true }], gas);
    if (size === 0n) return;
    this.memory[region]!.fill(Number(byte & 255n), Number(address), Number(address + size));
  }

  copy(to: number, from: number, target: bigint, source: bigint, size: bigint): void {
    const ranges = [
      { region: to, address: target, size, isWrite: true },
      { region: from, address: source, size, isWrite: false },
    ];
    this.#touch(ranges, wordCount(size) * this.#schedule.copyWord);
    if (size > 0n) this.memory[to]!.set(this.#bytes(from, source, size), Number(target));
  }

  compare(region: number, left: bigint, right: bigint, size: bigint): bigint {
    const ranges = [left, right].map((address) => ({ region, address, size, isWrite: false }));
    this.#touch(ranges, wordCount(size) * this.#schedule.copyWord);
    const a = this.#bytes(region, left, size);
    const b = this.#bytes(region, right, size);
    const index = a.findIndex((byte, at) => byte !== b[at]);
    return index < 0 ? 0n : a[index]! < b[index]! ? -1n : 1n;
  }

  /** Grows a region by bytes without a charge: the length before, or all ones where it may not. */
  grow(region: number, delta: bigint): bigint {
    const before = BigInt(this.memory[region]!.length);
    if (before + delta > BigInt(this.regions[region]!.max)) return (1n << 64n) - 1n;
    this.#growTo(region, before + delta);
    return before;
  }

  keccak(region: number, address: bigint, size: bigint): bigint {
    const gas = wordCount(size) * this.#schedule.keccakWord;
    const hash = keccak_256(this.read(region, address, size, gas));
    return BigInt(`0x${Buffer.from(hash).toString('hex')}`);
  }

  log(region: number, address: bigint, size: bigint, topics: bigint[]): void {
    this.denyStatic();
    const data = this.read(region, address, size, size * this.#schedule.logByte);
    this.logs.push({ topics, data });
  }

  cell(space: number, key: bigint): Cell {
    const name = cellName(space, key);
    const known = this.cells.get(name);
    if (known !== undefined) return known;
    const cell = { value: 0n, original: 0n, isWarm: false, exists: false };
    this.cells.set(name, cell);
    return cell;
  }

  loadCell(space: number, key: bigint): bigint {
    const cell = this.cell(space, key);
    const { transient, cellWarm, cellCold } = this.#schedule;
    if (this.#spaces[space] === TRANSIENT_SPACE) this.charge(transient);
    else this.charge(cell.isWarm ? cellWarm : cellCold);
    cell.isWarm = true;
    return cell.value;
  }

  /** Charges a store of the value (EIP-2200 with EIP-2929 and EIP-3529) and makes the cell warm. */
  storeCell(space: number, key: bigint, value: bigint): Cell {
    this.denyStatic();
    const cell = this.cell(space, key);
    const schedule = this.#schedule;
    if (this.#spaces[space] === TRANSIENT_SPACE) {
      this.charge(schedule.transient);
    } else {
      if (this.gas <= schedule.storeSentry) throw new Trap('out-of-gas');
      const isClean = cell.value === cell.original && cell.value !== value;
      const base = isClean
        ? cell.original === 0n
          ? schedule.storeSet
          : schedule.storeReset
        : schedule.cellWarm;
      this.charge(base + (cell.isWarm ? 0n : schedule.storeCold));
      this.refund += this.#storeRefund(cell, value);
    }
    cell.isWarm = true;
    cell.value = value;
    cell.exists = true;
    return cell;
  }

  #storeRefund({ value: current, original }: Cell, value: bigint): bigint {
    const { storeClearRefund, storeSet, storeReset, cellWarm } = this.#schedule;
    if (value === current) return 0n;
    if (current === original) return original !== 0n && value === 0n ? storeClearRefund : 0n;
    let refund = 0n;
    if (original !== 0n) {
      if (current === 0n) refund -= storeClearRefund;
      if (value === 0n) refund += storeClearRefund;
    }
    if (value === original) refund += (original === 0n ? storeSet : storeReset) - cellWarm;
    return refund;
  }
}
