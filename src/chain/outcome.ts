/** Outcomes, whose logs and writes are decoded when they are first looked at. */
import { bytesToHex } from '../base/bytes.ts';
import type { Kernel } from '../engines/interpreter/kernel.ts';
import {
  E_LOG_BYTES,
  E_OUTPUT_LENGTH,
  E_REFUND,
  E_STEPS,
  E_WRITTEN_BYTES,
  EFFECTS_HEADER_BYTES,
  LOG_HEADER_BYTES,
  WRITTEN_COUNTS,
  WRITTEN_HEADER_BYTES,
  WRITTEN_OWNER,
} from '../kernel/layout.ts';
import type { Log, Outcome, StorageWrite } from './types.ts';

const WORD = 32;

/**
 * The effects of many transactions in one piece: in the kernel while there is room for more, then
 * in a copy. One small buffer for each would cost more than a small transaction.
 */
export class EffectPage {
  /** The id of an owner, 20 bytes. */
  readonly idOf: (owner: number) => Uint8Array;
  readonly #kernel: Kernel;
  readonly #base: number;
  readonly #size: number;
  #copy: DataView<ArrayBuffer> | undefined;
  #used = 0;

  /** A page in a range of the kernel's memory, which is its own until it is sealed. */
  constructor(kernel: Kernel, base: number, size: number, idOf: (owner: number) => Uint8Array) {
    this.#kernel = kernel;
    this.#base = base;
    this.#size = size;
    this.idOf = idOf;
  }

  /** Bytes that are left for effects. */
  get room(): number {
    return this.#size - this.#used;
  }

  /** Address at which the next effects go. */
  get next(): number {
    return this.#base + this.#used;
  }

  /** Keeps the bytes, a multiple of 8, that were written at `next`; returns their offset. */
  keep(bytes: number): number {
    const at = this.#used;
    this.#used = at + bytes;
    return at;
  }

  /** Copies everything out: the memory serves another purpose now. */
  seal(): void {
    const { buffer } = this.#kernel.u8.slice(this.#base, this.next);
    this.#copy = new DataView(buffer);
  }

  u32(offset: number): number {
    return this.#view.getUint32(this.#start + offset, true);
  }

  i64(offset: number): bigint {
    return this.#view.getBigInt64(this.#start + offset, true);
  }

  /** A copy of the bytes at the offset. */
  bytes(offset: number, length: number): Uint8Array {
    const view = new Uint8Array(this.#view.buffer, this.#start + offset, length);
    return view.slice();
  }

  get #view(): DataView<ArrayBuffer> {
    return this.#copy ?? this.#kernel.view;
  }

  /** Where the page begins in the view. */
  get #start(): number {
    return this.#copy === undefined ? this.#base : 0;
  }
}

/** An outcome whose effects stand in a page as `collectEffects` of the kernel wrote them. */
export class LazyOutcome implements Outcome {
  readonly status: Outcome['status'];
  readonly reason?: NonNullable<Outcome['reason']>;
  readonly #gas: bigint;
  readonly #gasLeft: bigint;
  readonly #page: EffectPage;
  /** Where its effects begin. */
  readonly #at: number;
  #output: Uint8Array | undefined;
  #logs: readonly Log[] | undefined;
  #writes: readonly StorageWrite[] | undefined;

  constructor(
    status: Outcome['status'],
    reason: Outcome['reason'],
    gas: bigint,
    gasLeft: bigint,
    page: EffectPage,
    at: number,
  ) {
    this.status = status;
    if (reason !== undefined) this.reason = reason;
    this.#gas = gas;
    this.#gasLeft = gasLeft;
    this.#page = page;
    this.#at = at;
  }

  get gasUsed(): bigint {
    return this.#gas - this.#gasLeft;
  }

  get gasRefund(): bigint {
    return this.status === 'success' ? this.#page.i64(this.#at + E_REFUND) : 0n;
  }

  get steps(): bigint {
    return BigInt.asUintN(64, this.#page.i64(this.#at + E_STEPS));
  }

  get output(): Uint8Array {
    const length = this.#field(E_OUTPUT_LENGTH);
    this.#output ??= this.#page.bytes(this.#at + EFFECTS_HEADER_BYTES, length);
    return this.#output;
  }

  get logs(): readonly Log[] {
    this.#logs ??= this.logBytes.map(logToText);
    return this.#logs;
  }

  /** The logs as they are, made anew each time. */
  get logBytes(): LogBytes[] {
    const page = this.#page;
    return decodeLogs(page.bytes(this.#logsAt, this.#field(E_LOG_BYTES)), page.idOf);
  }

  get writes(): readonly StorageWrite[] {
    if (this.#writes === undefined) {
      const at = this.#logsAt + this.#field(E_LOG_BYTES);
      const writes = this.#page.bytes(at, this.#field(E_WRITTEN_BYTES));
      this.#writes = decodeWrites(writes, this.#page.idOf);
    }
    return this.#writes;
  }

  /** What Node prints of it: everything, decoded. */
  [Symbol.for('nodejs.util.inspect.custom')](): Outcome {
    const { status, reason, gasUsed, gasRefund, steps, output, logs, writes } = this;
    const all = { status, gasUsed, gasRefund, steps, output, logs, writes };
    return reason === undefined ? all : { ...all, reason };
  }

  /** A number of the header. */
  #field(field: number): number {
    return this.#page.u32(this.#at + field);
  }

  get #logsAt(): number {
    return this.#at + EFFECTS_HEADER_BYTES + ((this.#field(E_OUTPUT_LENGTH) + 7) & -8);
  }
}

/** A log in bytes. */
export interface LogBytes {
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** 32 bytes each. */
  readonly topics: readonly Uint8Array[];
  readonly data: Uint8Array;
}

export function logToText({ address, topics, data }: LogBytes): Log {
  return { address: bytesToHex(address), topics: topics.map(bytesToHex), data };
}

export function decodeLogs(logs: Uint8Array, idOf: (owner: number) => Uint8Array): LogBytes[] {
  const view = new DataView(logs.buffer, logs.byteOffset, logs.length);
  const result: LogBytes[] = [];
  let at = 0;
  while (at < logs.length) {
    const owner = view.getUint32(at, true);
    const count = view.getUint32(at + 4, true);
    const length = view.getUint32(at + 8, true);
    at += LOG_HEADER_BYTES;
    const topics: Uint8Array[] = [];
    for (let i = 0; i < count; i++, at += WORD) topics.push(logs.slice(at, at + WORD));
    result.push({ address: idOf(owner), topics, data: logs.slice(at, at + length) });
    at = (at + length + 7) & -8;
  }
  return result;
}

function decodeWrites(writes: Uint8Array, idOf: (owner: number) => Uint8Array): StorageWrite[] {
  const view = new DataView(writes.buffer, writes.byteOffset, writes.length);
  const word = (at: number, limbs: number): bigint => {
    let value = 0n;
    for (let i = limbs; i-- > 0; ) value = (value << 64n) | view.getBigUint64(at + i * 8, true);
    return value;
  };
  const result: StorageWrite[] = [];
  let at = 0;
  while (at < writes.length) {
    const address = bytesToHex(idOf(view.getUint32(at + WRITTEN_OWNER, true)));
    let from = at + WRITTEN_HEADER_BYTES;
    const [slot, before, after] = [0, 1, 2].map((i) => {
      const limbs = view.getUint8(at + WRITTEN_COUNTS + i);
      from += limbs * 8;
      return word(from - limbs * 8, limbs);
    }) as [bigint, bigint, bigint];
    result.push({ address, slot, before, after });
    at = from;
  }
  return result.sort(compareWrites);
}

function compareWrites(a: StorageWrite, b: StorageWrite): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1;
  return a.slot < b.slot ? -1 : a.slot > b.slot ? 1 : 0;
}
