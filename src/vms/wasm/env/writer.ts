/**
 * Writes functions of the host as closed functions of dMIR, over the regions that every frame has.
 */
import type { FuncBuilder, Value } from '../../../dmir/builder.ts';
import { FRAME_REGIONS } from '../../../dmir/host.ts';
import type { RegId } from '../../../dmir/ir.ts';
import { TRAP_KINDS, type TrapKind } from '../../../dmir/ops.ts';
import type { Type } from '../../../dmir/types.ts';

/** What the machine that runs contracts tells of itself. */
export interface EnvAbi {
  /** Static gas of an opcode by its name; undefined where the fork does not have it. */
  opcodeGas(name: string): number | undefined;
  /** Place of a word of the region `env` by its opcode. */
  readonly envWords: Readonly<Record<string, number>>;
  /** Of the bytes that `random_get` gives; 0: it gives none. */
  readonly seed: bigint;
}

const { memory: MEMORY, frame: FRAME, env: ENV } = FRAME_REGIONS;
const WORD_BYTES = 32;

/** A function's body ended without a return. */
export const ENDED = Symbol('ended');
export type Result = Value | typeof ENDED | undefined;

/** Writes one function; the first block and its registers are for who makes it. */
export class EnvWriter {
  readonly abi: EnvAbi;
  readonly #builder: FuncBuilder;
  #next = 1;

  constructor(builder: FuncBuilder, abi: EnvAbi) {
    this.#builder = builder;
    this.abi = abi;
  }

  op: FuncBuilder['op'] = (op, type, ...args) => this.#builder.op(op, type, ...args);
  inst: FuncBuilder['inst'] = (op, options) => this.#builder.inst(op, options);

  newBlock(): number {
    return this.#next++;
  }

  begin(id: number, types: readonly Type[] = []): RegId[] {
    return this.#builder.block(id, types);
  }

  end(...args: Parameters<FuncBuilder['end']>): typeof ENDED {
    this.#builder.end(...args);
    return ENDED;
  }

  trap(kind: TrapKind): typeof ENDED {
    return this.end('trap', { imm: TRAP_KINDS.indexOf(kind) });
  }

  /** Goes on where the flag is not set, and traps where it is. */
  trapIf(flag: Value, kind: TrapKind): void {
    const [bad, next] = [this.newBlock(), this.newBlock()];
    this.#builder.brIf(flag, [bad], [next]);
    this.begin(bad);
    this.trap(kind);
    this.begin(next);
  }

  /** Goes on in a block that takes a value, with one where the flag is set and one where not. */
  branch(flag: Value, then: () => void, otherwise: () => void): void {
    const [yes, no] = [this.newBlock(), this.newBlock()];
    this.#builder.brIf(flag, [yes], [no]);
    this.begin(yes);
    then();
    this.begin(no);
    otherwise();
  }

  goTo(block: number, ...args: Value[]): void {
    this.#builder.br(block, ...args);
  }

  /** Charges what the opcode costs; false where the fork has none, and the function traps. */
  charge(opcode: string): boolean {
    const gas = opcode === '' ? 0 : this.abi.opcodeGas(opcode);
    if (gas === undefined) return false;
    if (gas > 0) this.inst('charge', { imm: gas });
    return true;
  }

  // ---- memory of the contract

  wide(address: RegId): RegId {
    return this.op('zext', 'i64', address);
  }

  #load(op: 'load' | 'load_be', type: Type, region: number, address: Value): RegId {
    return this.inst(op, { type, imm: region, args: [address] })[0] as RegId;
  }

  #store(op: 'store' | 'store_be', type: Type, address: Value, value: Value): void {
    this.inst(op, { type, imm: MEMORY, args: [address, value] });
  }

  word(address: RegId, op: 'load' | 'load_be' = 'load_be'): RegId {
    return this.#load(op, 'i256', MEMORY, this.wide(address));
  }

  putWord(address: RegId, value: Value, op: 'store' | 'store_be' = 'store_be'): void {
    this.#store(op, 'i256', this.wide(address), value);
  }

  /** 20 bytes as a number, without a look at what stands behind them. */
  account(address: RegId): RegId {
    const at = this.wide(address);
    const high = this.#load('load_be', 'i128', MEMORY, at);
    const low = this.#load('load_be', 'i32', MEMORY, this.op('add', 'i64', at, 16n));
    const shifted = this.op('shl', 'i256', this.op('zext', 'i256', high), 32n);
    return this.op('or', 'i256', shifted, this.op('zext', 'i256', low));
  }

  putAccount(address: RegId, value: RegId): void {
    const at = this.wide(address);
    const high = this.op('trunc', 'i128', this.op('ushr', 'i256', value, 32n));
    this.#store('store_be', 'i128', at, high);
    const low = this.op('trunc', 'i32', value);
    this.#store('store_be', 'i32', this.op('add', 'i64', at, 16n), low);
  }

  frameWord(index: number): RegId {
    return this.#load('load', 'i256', FRAME, BigInt(index * WORD_BYTES));
  }

  envWord(opcode: string): RegId {
    const index = this.abi.envWords[opcode];
    if (index === undefined) throw new Error(`BUG: the environment has no word ${opcode}`);
    return this.#load('load', 'i256', ENV, BigInt(index * WORD_BYTES));
  }

  /** Bytes of a region, as WebAssembly's number. */
  size(region: number): RegId {
    const [bytes] = this.inst('mem_size', { type: 'i64', imm: region });
    return this.op('trunc', 'i32', bytes as RegId);
  }

  copyFrom(region: number, target: RegId, offset: RegId, length: RegId): void {
    const args = [this.wide(target), this.wide(offset), this.wide(length)];
    this.inst('mem_copy', { type: 'i64', imm: MEMORY * 256 + region, args });
  }

  /** A range of the memory as the operands of a suspension; traps where it leaves the memory. */
  range(address: RegId, length: RegId): [RegId, RegId] {
    const [from, size] = [this.wide(address), this.wide(length)];
    const [bytes] = this.inst('mem_size', { type: 'i64', imm: MEMORY });
    const isPast = this.op('ugt', 'i64', this.op('add', 'i64', from, size), bytes as RegId);
    const isSome = this.op('ne', 'i64', size, 0n);
    this.trapIf(this.op('and', 'i1', isPast, isSome), 'out-of-bounds');
    return [this.op('zext', 'i256', from), this.op('zext', 'i256', size)];
  }

  // ---- the host

  /** Asks the host for a word. */
  ask(host: string, args: readonly Value[]): RegId {
    const next = this.newBlock();
    this.end('suspend', { imm: host, args, targets: [[next]] });
    return this.begin(next, ['i256'])[0] as RegId;
  }

  /** Has the host do something that gives no word. */
  tell(host: string, args: readonly Value[]): void {
    const next = this.newBlock();
    this.end('suspend', { imm: host, args, targets: [[next]] });
    this.begin(next);
  }

  /** 0 for a word that is not zero, else 1. */
  failed(word: RegId): RegId {
    return this.op('zext', 'i32', this.op('iszero', 'i256', word));
  }
}

/** Writes what a function does, and gives its result. */
export type Write = (env: EnvWriter, ...args: RegId[]) => Result;
