/** Outcomes, whose logs and writes are decoded when they are first looked at. */
import { bytesToHex } from '../base/bytes.ts';
import type { Kept, Kernel } from '../engines/interpreter/kernel.ts';
import {
  E_GAS,
  E_LOG_BYTES,
  E_OUTPUT_LENGTH,
  E_OUTPUT_SKIP,
  E_REFUND,
  E_STEPS,
  E_WRITTEN_BYTES,
  EFFECTS_BASE,
  EFFECTS_HEADER_BYTES,
  L_DATA_LENGTH,
  L_DATA_SKIP,
  L_OWNER,
  L_SKIP_BITS,
  L_SKIPS,
  L_TOPIC_COUNT,
  LOG_HEADER_BYTES,
  WRITTEN_COUNTS,
  WRITTEN_HEADER_BYTES,
  WRITTEN_OWNER,
} from '../kernel/layout.ts';
import type { Log, Outcome, StorageWrite } from './types.ts';

const WORD = 32;
const LIMB = 8;
const SKIP_MASK = (1 << L_SKIP_BITS) - 1;

/** The effects of one transaction: on the platform's heap, or a large one's in a buffer. */
export type KeptEffects = Kept | DataView<ArrayBuffer>;

/**
 * Where effects are from the end of their transaction on. Most are small and nobody reads them, so
 * that what counts is how little memory they pass through: no page of them is filled, no buffer
 * made.
 */
export class EffectStore {
  /** The id of an owner, 20 bytes. */
  readonly idOf: (owner: number) => Uint8Array;
  readonly #kernel: Kernel;
  /** Whose effects were brought back to the kernel's memory. */
  #present: Kept | undefined;

  constructor(kernel: Kernel, idOf: (owner: number) => Uint8Array) {
    this.#kernel = kernel;
    this.idOf = idOf;
  }

  /** Keeps so many bytes, a multiple of 8, that were written at EFFECTS_BASE. */
  keep(length: number): KeptEffects {
    this.#present = undefined;
    return this.#kernel.keeper.keep(EFFECTS_BASE, (length + 15) >> 4);
  }

  /** The same for bytes that stand elsewhere. */
  keepLarge(address: number, length: number): KeptEffects {
    const { buffer } = this.#kernel.u8.slice(address, address + length);
    return new DataView(buffer);
  }

  u32(effects: KeptEffects, offset: number): number {
    if (effects instanceof DataView) return effects.getUint32(offset, true);
    return this.#bring(effects).getUint32(EFFECTS_BASE + offset, true);
  }

  i64(effects: KeptEffects, offset: number): bigint {
    if (effects instanceof DataView) return effects.getBigInt64(offset, true);
    return this.#bring(effects).getBigInt64(EFFECTS_BASE + offset, true);
  }

  /** So many bytes, of which those behind the first `skipped` zeros are at the offset. */
  bytes(effects: KeptEffects, offset: number, length: number, skipped = 0): Uint8Array {
    const isLarge = effects instanceof DataView;
    const { buffer } = isLarge ? effects : this.#bring(effects);
    const start = (isLarge ? 0 : EFFECTS_BASE) + offset;
    return widen(new Uint8Array(buffer, start, length - skipped), skipped);
  }

  /** The kernel's memory, with the effects where they were written. */
  #bring(effects: Kept): DataView<ArrayBuffer> {
    if (this.#present !== effects) this.#kernel.keeper.restore(effects, EFFECTS_BASE);
    this.#present = effects;
    return this.#kernel.view;
  }
}

/** A copy of bytes with so many zeros in front. */
function widen(bytes: Uint8Array, zeros: number): Uint8Array {
  const result = new Uint8Array(zeros + bytes.length);
  result.set(bytes, zeros);
  return result;
}

interface Decoded {
  output?: Uint8Array;
  logs?: readonly Log[];
  writes?: readonly StorageWrite[];
}

/** An outcome whose effects are kept as `collectEffects` of the kernel wrote them. */
export class LazyOutcome implements Outcome {
  readonly status: Outcome['status'];
  declare readonly reason?: NonNullable<Outcome['reason']>;
  readonly #gas: bigint;
  readonly #store: EffectStore;
  readonly #effects: KeptEffects;
  /** What was looked at; together, so that an outcome nobody looks at is small. */
  #decoded: Decoded | undefined;

  constructor(
    status: Outcome['status'],
    reason: Outcome['reason'],
    gas: bigint,
    store: EffectStore,
    effects: KeptEffects,
  ) {
    this.status = status;
    if (reason !== undefined) this.reason = reason;
    this.#gas = gas;
    this.#store = store;
    this.#effects = effects;
  }

  get gasUsed(): bigint {
    return this.#gas - this.#store.i64(this.#effects, E_GAS);
  }

  get gasRefund(): bigint {
    return this.status === 'success' ? this.#store.i64(this.#effects, E_REFUND) : 0n;
  }

  get steps(): bigint {
    return BigInt.asUintN(64, this.#store.i64(this.#effects, E_STEPS));
  }

  get output(): Uint8Array {
    this.#decoded ??= {};
    this.#decoded.output ??= this.#store.bytes(
      this.#effects,
      EFFECTS_HEADER_BYTES,
      this.#field(E_OUTPUT_LENGTH),
      this.#field(E_OUTPUT_SKIP) * LIMB,
    );
    return this.#decoded.output;
  }

  get logs(): readonly Log[] {
    this.#decoded ??= {};
    this.#decoded.logs ??= this.logBytes.map(logToText);
    return this.#decoded.logs;
  }

  /** The logs as they are, made anew each time. */
  get logBytes(): LogBytes[] {
    const store = this.#store;
    const logs = store.bytes(this.#effects, this.#logsAt, this.#field(E_LOG_BYTES));
    return decodeLogs(logs, store.idOf);
  }

  get writes(): readonly StorageWrite[] {
    this.#decoded ??= {};
    this.#decoded.writes ??= this.#decodeWrites();
    return this.#decoded.writes;
  }

  #decodeWrites(): StorageWrite[] {
    const store = this.#store;
    const at = this.#logsAt + this.#field(E_LOG_BYTES);
    return decodeWrites(store.bytes(this.#effects, at, this.#field(E_WRITTEN_BYTES)), store.idOf);
  }

  /** What Node prints of it: everything, decoded. */
  [Symbol.for('nodejs.util.inspect.custom')](): Outcome {
    const { status, reason, gasUsed, gasRefund, steps, output, logs, writes } = this;
    const all = { status, gasUsed, gasRefund, steps, output, logs, writes };
    return reason === undefined ? all : { ...all, reason };
  }

  /** A number of the header. */
  #field(field: number): number {
    return this.#store.u32(this.#effects, field);
  }

  get #logsAt(): number {
    const output = this.#field(E_OUTPUT_LENGTH) - this.#field(E_OUTPUT_SKIP) * LIMB;
    return EFFECTS_HEADER_BYTES + ((output + 7) & -8);
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
    const owner = view.getUint32(at + L_OWNER, true);
    const count = view.getUint32(at + L_TOPIC_COUNT, true);
    const length = view.getUint32(at + L_DATA_LENGTH, true);
    const skips = view.getUint32(at + L_SKIPS, true);
    at += LOG_HEADER_BYTES;
    const take = (size: number, skipsAt: number): Uint8Array => {
      const zeros = ((skips >> skipsAt) & SKIP_MASK) * LIMB;
      const bytes = widen(logs.subarray(at, at + size - zeros), zeros);
      at += size - zeros;
      return bytes;
    };
    const topics = Array.from({ length: count }, (_, i) => take(WORD, i * L_SKIP_BITS));
    result.push({ address: idOf(owner), topics, data: take(length, L_DATA_SKIP) });
    at = (at + 7) & -8;
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
