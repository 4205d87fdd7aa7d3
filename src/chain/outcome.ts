/** Outcomes, whose logs and writes are decoded when they are first looked at. */
import { bytesToHex } from '../base/bytes.ts';
import type { Kernel } from '../engines/interpreter/kernel.ts';
import type { Hex, Log, Outcome, StorageWrite } from './types.ts';

/** Sizes of the kernel's records; a test compares them with its layout. */
const LOG_HEADER_BYTES = 16;
const WRITTEN_BYTES = 104;
const WORD = 32;

/**
 * The effects of many transactions in one piece: in the kernel while there is room for more, then
 * in a copy. One small buffer for each would cost more than a small transaction.
 */
export class EffectPage {
  readonly #kernel: Kernel;
  readonly #base: number;
  #copy: Uint8Array | undefined;
  #used = 0;

  /** A page at an address of the kernel's memory, which is its own until it is sealed. */
  constructor(kernel: Kernel, base: number) {
    this.#kernel = kernel;
    this.#base = base;
  }

  get used(): number {
    return this.#used;
  }

  /** Address at which the next effects go. */
  get next(): number {
    return this.#base + this.#used;
  }

  /** Keeps the bytes that were written at `next`; returns their offset. */
  keep(bytes: number): number {
    const at = this.#used;
    this.#used = (at + bytes + 7) & -8;
    return at;
  }

  /** Copies everything out: the memory serves another purpose now. */
  seal(): void {
    this.#copy = this.#kernel.u8.slice(this.#base, this.#base + this.#used);
  }

  /** A copy of the bytes at the offset. */
  bytes(offset: number, length: number): Uint8Array {
    if (this.#copy !== undefined) return this.#copy.slice(offset, offset + length);
    const from = this.#base + offset;
    return this.#kernel.u8.slice(from, from + length);
  }
}

/** Where the bytes of one transaction stand in a page: output, then logs, then writes. */
export interface RawEffects {
  readonly page: EffectPage;
  readonly at: number;
  readonly outputBytes: number;
  readonly logBytes: number;
  readonly writeBytes: number;
  readonly addressOf: (owner: number) => Hex;
}

export class LazyOutcome implements Outcome {
  readonly status: Outcome['status'];
  readonly reason?: NonNullable<Outcome['reason']>;
  readonly gasUsed: bigint;
  readonly gasRefund: bigint;
  readonly steps: bigint;
  readonly #effects: RawEffects;
  #output: Uint8Array | undefined;
  #logs: readonly Log[] | undefined;
  #writes: readonly StorageWrite[] | undefined;

  constructor(
    status: Outcome['status'],
    reason: Outcome['reason'],
    gasUsed: bigint,
    gasRefund: bigint,
    steps: bigint,
    effects: RawEffects,
  ) {
    this.status = status;
    if (reason !== undefined) this.reason = reason;
    this.gasUsed = gasUsed;
    this.gasRefund = gasRefund;
    this.steps = steps;
    this.#effects = effects;
  }

  get output(): Uint8Array {
    const { page, at, outputBytes } = this.#effects;
    this.#output ??= page.bytes(at, outputBytes);
    return this.#output;
  }

  get logs(): readonly Log[] {
    const { page, at, outputBytes, logBytes, addressOf } = this.#effects;
    this.#logs ??= decodeLogs(page.bytes(at + padded(outputBytes), logBytes), addressOf);
    return this.#logs;
  }

  get writes(): readonly StorageWrite[] {
    const { page, at, outputBytes, logBytes, writeBytes, addressOf } = this.#effects;
    const start = at + padded(outputBytes) + logBytes;
    this.#writes ??= decodeWrites(page.bytes(start, writeBytes), addressOf);
    return this.#writes;
  }
}

/** Bytes up to the next part of the effects. */
export function padded(bytes: number): number {
  return (bytes + 7) & -8;
}

export function decodeLogs(logs: Uint8Array, addressOf: (owner: number) => Hex): Log[] {
  const view = new DataView(logs.buffer, logs.byteOffset, logs.length);
  const result: Log[] = [];
  let at = 0;
  while (at < logs.length) {
    const owner = view.getUint32(at, true);
    const count = view.getUint32(at + 4, true);
    const length = view.getUint32(at + 8, true);
    at += LOG_HEADER_BYTES;
    const topics: Hex[] = [];
    for (let i = 0; i < count; i++, at += WORD) {
      topics.push(bytesToHex(logs.subarray(at, at + WORD)));
    }
    result.push({ address: addressOf(owner), topics, data: logs.slice(at, at + length) });
    at = (at + length + 7) & -8;
  }
  return result;
}

function decodeWrites(writes: Uint8Array, addressOf: (owner: number) => Hex): StorageWrite[] {
  const view = new DataView(writes.buffer, writes.byteOffset, writes.length);
  const word = (at: number): bigint => {
    let value = 0n;
    for (let i = 24; i >= 0; i -= 8) value = (value << 64n) | view.getBigUint64(at + i, true);
    return value;
  };
  const result: StorageWrite[] = [];
  for (let at = 0; at < writes.length; at += WRITTEN_BYTES) {
    const address = addressOf(view.getUint32(at, true));
    result.push({ address, slot: word(at + 8), before: word(at + 40), after: word(at + 72) });
  }
  return result.sort(compareWrites);
}

function compareWrites(a: StorageWrite, b: StorageWrite): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1;
  return a.slot < b.slot ? -1 : a.slot > b.slot ? 1 : 0;
}
