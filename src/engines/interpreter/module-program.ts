/**
 * A dMIR module's bytecode in the kernel: its function table, and the functions encoded so far.
 *
 * A function that a call names but no run has entered is a stub that leaves the loop with its place
 * in the module; encoding it points the table at it, every call that names it, and the stub, where
 * a frame may stand. What is kept of a function is where it begins: who asks for its blocks has it
 * lowered again, and who asks for its pieces has it encoded again, once. Functions are kept in the
 * order of their addresses, so the one that holds an address is found by halving.
 *
 * A function with compiled code is called at a block of one word, which enters that code. The
 * function's own blocks stay as they are, for frames that compiled code leaves.
 */
import { CodeLimitError, FunctionEncoder } from '../../dmir/bytecode/encode-function.ts';
import { FORM } from '../../dmir/bytecode/forms.ts';
import type { FunctionCode } from '../../dmir/bytecode/function-code.ts';
import { FUNCTION_KEYS, type Piece } from '../../dmir/bytecode/piece.ts';
import { OP_NUMBER } from '../../dmir/flat.ts';
import { type FlatFunc, flattenFunc } from '../../dmir/flat-func.ts';
import type { Func, Module } from '../../dmir/ir.ts';
import type { FunctionSource } from '../../dmir/lazy.ts';
import type { Type } from '../../dmir/types.ts';
import * as L from '../../kernel/layout.ts';
import { JumpTable } from './jump-table.ts';
import type { Kernel } from './kernel.ts';

const ALIGN = 16;
const WORD_BYTES = 8;
/** Bytes of a block of one word. */
const STUB_BYTES = (L.HEADER_BYTES + WORD_BYTES + ALIGN - 1) & -ALIGN;
/** Block ids that a dispatch may name are below: an entry of a jump table holds 32 bits. */
const DISPATCH_IDS_MAX = 2 ** 32 - 1;

/** A piece at its address. */
export interface PlacedPiece extends Piece {
  readonly address: number;
  /** Place of the function in the module. */
  readonly index: number;
}

interface PlacedFunction {
  readonly index: number;
  /** Address of the first piece; the offsets of pieces count from it. */
  readonly entry: number;
  /** Jump table of an open function that dispatches, and its places less one. */
  readonly jumps: number;
  readonly jumpMask: number;
  /** Its pieces, if anybody asked for them. */
  pieces: readonly PlacedPiece[] | undefined;
}

export class ModuleProgram {
  readonly module: Module;
  /** Cell space of the kernel for each space of the module. */
  readonly spaces: readonly number[];
  /** Address of the function table. */
  readonly table: number;
  readonly #kernel: Kernel;
  readonly #encoder: FunctionEncoder;
  readonly #source: FunctionSource;
  readonly #functions = new Map<number, PlacedFunction>();
  /** Blocks that calls of functions enter instead, where compiled code runs. */
  readonly #heads = new Map<number, number>();
  /** Addresses of the words that call each function. */
  readonly #calls = new Map<number, number[]>();
  readonly #signatures: readonly number[];
  /** Address of the first stub; they stand side by side. */
  readonly #stubs: number;
  /** In the order of their addresses. */
  readonly #placed: PlacedFunction[] = [];
  readonly #take: (bytes: number) => number;
  readonly #refused = new Map<number, CodeLimitError>();

  /**
   * @param source - Gives functions their blocks where the module only declares them.
   * @param take - Gives code memory, aligned to 16 bytes; without it the program takes the whole
   *   code area of the kernel.
   */
  constructor(
    kernel: Kernel,
    module: Module,
    spaces: readonly number[],
    source: FunctionSource = new WholeModule(module),
    take: (bytes: number) => number = takeAll(),
  ) {
    this.module = module;
    this.spaces = spaces;
    this.#take = take;
    this.#source = source;
    this.#kernel = kernel;
    this.#signatures = signaturesOf(module);
    const signature = (index: number): number => this.signature(index);
    this.#encoder = new FunctionEncoder({ module, spaces, signature });
    const count = module.funcs.length;
    this.table = this.#take(count * L.FUNCTION_BYTES);
    this.#stubs = this.#take(count * STUB_BYTES);
    const { u32 } = kernel;
    for (let index = 0; index < count; index++) {
      const stub = this.#stub(index);
      this.#writeWord(stub, FORM.LOWER, index);
      const at = (this.table + index * L.FUNCTION_BYTES) / 4;
      u32[at] = stub;
      u32[at + 1] = signature(index);
    }
  }

  /** The function at its address; encoded if it is new. @throws CodeLimitError */
  function(index: number): PlacedFunction {
    const placed = this.#functions.get(index);
    if (placed !== undefined) return placed;
    const refused = this.#refused.get(index);
    if (refused !== undefined) throw refused;
    try {
      return this.#place(index);
    } catch (error) {
      if (error instanceof CodeLimitError) this.#refused.set(index, error);
      throw error;
    }
  }

  /** Whether calls of the function enter compiled code. */
  hasHead(index: number): boolean {
    return this.#heads.has(index);
  }

  /** Places of the functions that have an address. */
  get reached(): readonly number[] {
    return [...this.#functions.keys()];
  }

  /** How many those are. */
  get size(): number {
    return this.#functions.size;
  }

  isReached(index: number): boolean {
    return this.#functions.has(index);
  }

  /** Number of the signature of a function; 0 for open ones. */
  signature(index: number): number {
    return this.#signatures[index] as number;
  }

  /** Where calls of the function enter it. @throws CodeLimitError */
  entry(index: number): number {
    return this.#heads.get(index) ?? this.function(index).entry;
  }

  /**
   * A block that enters the compiled code at the place of the kernel's table, of a function from
   * its start on, which needs its registers, or of one that runs.
   */
  makeHead(place: number, index?: number): number {
    const address = this.#take(STUB_BYTES);
    this.#writeWord(address, FORM.ENTER, place);
    if (index === undefined) return address;
    const { view } = this.#kernel;
    const grow = view.getUint16(this.function(index).entry + L.H_GROW, true);
    view.setUint16(address + L.H_GROW, grow, true);
    return address;
  }

  /** Has calls of the function enter the block, or its own again. */
  redirect(index: number, head: number | undefined): void {
    const { u32 } = this.#kernel;
    if (head === undefined) this.#heads.delete(index);
    else this.#heads.set(index, head);
    const target = this.entry(index);
    u32[(this.table + index * L.FUNCTION_BYTES) / 4] = target;
    u32[(this.#stub(index) + L.HEADER_BYTES + 4) / 4] = target;
    for (const address of this.#calls.get(index) ?? []) u32[address / 4] = target;
  }

  /** The function with its blocks. */
  lower(index: number): Func {
    return this.#source.lower(index);
  }

  /** The pieces of a function at their addresses. @throws CodeLimitError */
  pieces(index: number): readonly PlacedPiece[] {
    return this.#piecesOf(this.function(index));
  }

  /** What is encoded is the same each time, so the pieces are where the first time put them. */
  #piecesOf(placed: PlacedFunction): readonly PlacedPiece[] {
    const { index, entry } = placed;
    placed.pieces ??= this.#encoder
      .encode(this.#source.flatten(index))
      .pieces.map((piece) => ({ ...piece, index, address: entry + piece.offset }));
    return placed.pieces;
  }

  /** Place of the function whose own blocks begin at the address; undefined where none does. */
  indexFrom(address: number): number | undefined {
    const placed = this.#placedAt(address);
    return placed?.entry === address ? placed.index : undefined;
  }

  /** Place of the function that holds the address. */
  indexAt(address: number): number {
    const placed = this.#placedAt(address);
    if (placed === undefined) throw new Error(`BUG: no code at ${address}`);
    return placed.index;
  }

  /** The piece that begins at the address; undefined for stubs and heads. */
  pieceFrom(address: number): PlacedPiece | undefined {
    const piece = this.#find(address);
    return piece?.address === address ? piece : undefined;
  }

  /** The piece that holds the address. */
  pieceAt(address: number): PlacedPiece {
    const piece = this.#find(address);
    if (piece === undefined) throw new Error(`BUG: no code at ${address}`);
    return piece;
  }

  /** The last piece that begins at the address or before it. */
  #find(address: number): PlacedPiece | undefined {
    const placed = this.#placedAt(address);
    if (placed === undefined) return undefined;
    const pieces = this.#piecesOf(placed);
    return pieces[lastWhere(pieces, (piece) => piece.address <= address)];
  }

  /** The last function that begins at the address or before it. */
  #placedAt(address: number): PlacedFunction | undefined {
    return this.#placed[lastWhere(this.#placed, ({ entry }) => entry <= address)];
  }

  #stub(index: number): number {
    return this.#stubs + index * STUB_BYTES;
  }

  /** Writes a block of one word, which needs and charges nothing. */
  #writeWord(address: number, form: number, operand: number): void {
    const { u32 } = this.#kernel;
    u32[(address + L.H_GAS) / 4] = 0;
    u32[(address + L.H_STEPS) / 4] = 0;
    u32[(address + L.H_NEED) / 4] = 0;
    u32[(address + L.H_CONSTANTS) / 4] = STUB_BYTES;
    const word = (address + L.HEADER_BYTES) / 4;
    u32[word] = form;
    u32[word + 1] = operand;
  }

  #place(index: number): PlacedFunction {
    const func = this.#source.flatten(index);
    const code = this.#encoder.encode(func);
    const entry = this.#take(code.byteLength);
    this.#kernel.u32.set(code.words.subarray(0, code.byteLength / 4), entry / 4);
    this.#relocate(code, entry);
    const placed = this.#link(index, func, code, entry);
    const all = this.#placed;
    const last = all[all.length - 1];
    if (last === undefined || last.entry < entry) all.push(placed);
    else all.splice(lastWhere(all, (other) => other.entry < entry) + 1, 0, placed);
    this.#functions.set(index, placed);
    return placed;
  }

  #relocate(code: FunctionCode, entry: number): void {
    const { u32 } = this.#kernel;
    const { relocations, targets } = code;
    for (let i = 0; i < code.relocationCount; i++) {
      const address = entry + (relocations[i] as number);
      const target = targets[i] as number;
      const callee = target - FUNCTION_KEYS;
      u32[address / 4] = callee < 0 ? entry + code.offsetOf(target) : this.#entryOf(callee);
      if (callee < 0) continue;
      const calls = this.#calls.get(callee);
      if (calls === undefined) this.#calls.set(callee, [address]);
      else calls.push(address);
    }
  }

  #entryOf(index: number): number {
    const placed = this.#functions.get(index)?.entry;
    return this.#heads.get(index) ?? placed ?? this.#stub(index);
  }

  /** Points all that names the function at it, and makes the jump table of an open one. */
  #link(index: number, func: FlatFunc, code: FunctionCode, entry: number): PlacedFunction {
    const { u32, view } = this.#kernel;
    u32[(this.table + index * L.FUNCTION_BYTES) / 4] = entry;
    const word = this.#stub(index) + L.HEADER_BYTES;
    view.setUint32(word, FORM.JUMP, true);
    view.setUint32(word + 4, entry, true);
    for (const address of this.#calls.get(index) ?? []) u32[address / 4] = entry;
    const none = { index, entry, jumps: 0, jumpMask: 0, pieces: undefined };
    if (!func.open) return none;
    const blocks = [...func.blockIds.subarray(0, func.blockCount).keys()];
    if (!blocks.some((block) => func.ops[func.last(block)] === OP_NUMBER.dispatch)) return none;
    const table = new JumpTable(this.#kernel, (bytes) => this.#take(bytes), blocks.length);
    for (const block of blocks) {
      const id = func.blockIds[block] as number;
      if (id >= DISPATCH_IDS_MAX) {
        throw new Error(
          `@${func.name} dispatches and has a block id of ${DISPATCH_IDS_MAX} or more: number its ` +
            'blocks lower.',
        );
      }
      table.enter(id, entry + code.offsetOf(block));
    }
    return { ...none, jumps: table.address, jumpMask: table.mask };
  }
}

/** A module that has the blocks of its functions. */
class WholeModule implements FunctionSource {
  readonly #module: Module;

  constructor(module: Module) {
    this.#module = module;
  }

  lower(index: number): Func {
    return this.#module.funcs[index] as Func;
  }

  flatten(index: number): FlatFunc {
    return flattenFunc(this.lower(index));
  }
}

/** Index of the last item that a condition holds for; it holds for all before that one. */
function lastWhere<T>(items: readonly T[], holds: (item: T) => boolean): number {
  let low = -1;
  let high = items.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (holds(items[middle] as T)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Takes the code area from its start. */
function takeAll(): (bytes: number) => number {
  let top = L.CODE_BASE + ALIGN;
  return (bytes) => {
    const at = top;
    const next = (at + bytes + ALIGN - 1) & -ALIGN;
    if (next > L.CODE_END) {
      const size = (L.CODE_END - L.CODE_BASE) / 2 ** 20;
      throw new CodeLimitError('The bytecode', `needs more than the machine's ${size} MiB.`);
    }
    top = next;
    return at;
  };
}

/** Signatures that begin alike: by the next type, `null` between parameters and results. */
class Signatures {
  number = 0;
  readonly #next = new Map<Type | null, Signatures>();

  behind(type: Type | null): Signatures {
    let next = this.#next.get(type);
    if (next === undefined) {
      next = new Signatures();
      this.#next.set(type, next);
    }
    return next;
  }
}

/** Of a contract, the creation's program numbers them for those of the calls to come. */
const SIGNATURES = new WeakMap<readonly Func[], readonly number[]>();

/** Numbers of the signatures of a module's functions, which every program of the module has. */
function signaturesOf({ funcs }: Module): readonly number[] {
  const known = SIGNATURES.get(funcs);
  if (known?.length === funcs.length) return known;
  const numbers = numberSignatures(funcs);
  SIGNATURES.set(funcs, numbers);
  return numbers;
}

/** Equal numbers for equal signatures; 0 for open functions, which nothing can call. */
function numberSignatures(funcs: readonly Func[]): number[] {
  const all = new Signatures();
  let count = 0;
  return funcs.map(({ open, params, results }) => {
    if (open) return 0;
    let signature = all;
    for (const type of params) signature = signature.behind(type);
    signature = signature.behind(null);
    for (const type of results) signature = signature.behind(type);
    if (signature.number === 0) signature.number = ++count;
    return signature.number;
  });
}
