/**
 * A dMIR module's bytecode in the kernel: its function table, and the functions encoded so far.
 *
 * A function that a call names but no run has entered is a stub that leaves the loop with its place
 * in the module; encoding it points the stub and the table at it. Pieces lie at ascending
 * addresses, so the one that holds an address is found by halving.
 */
import { CodeLimitError, FunctionEncoder } from '../../dmir/bytecode/encode-function.ts';
import { FORM } from '../../dmir/bytecode/forms.ts';
import { FUNCTION_KEYS, type Piece } from '../../dmir/bytecode/piece.ts';
import type { Func, Module } from '../../dmir/ir.ts';
import * as L from '../../kernel/layout.ts';
import { JumpTable } from './jump-table.ts';
import type { Kernel } from './kernel.ts';

const ALIGN = 16;
const WORD_BYTES = 8;
const STUB_BYTES = L.HEADER_BYTES + WORD_BYTES;
/** Block ids that a dispatch may name are below: an entry of a jump table holds 32 bits. */
const DISPATCH_IDS_MAX = 2 ** 32 - 1;

/** A piece at its address. */
export interface PlacedPiece extends Piece {
  readonly address: number;
  readonly func: Func;
}

interface PlacedFunction {
  readonly entry: number;
  /** Jump table of an open function that dispatches, and its places less one. */
  readonly jumps: number;
  readonly jumpMask: number;
}

export class ModuleProgram {
  readonly module: Module;
  /** Address of the function table. */
  readonly table: number;
  readonly #kernel: Kernel;
  readonly #encoder: FunctionEncoder;
  readonly #lower: (index: number) => Func;
  readonly #functions = new Map<number, PlacedFunction>();
  readonly #stubs: number[] = [];
  readonly #pieces: PlacedPiece[] = [];
  readonly #take: (bytes: number) => number;

  /**
   * @param lower - Gives a function its blocks where the module only declares it.
   * @param take - Gives code memory, aligned to 16 bytes; without it the program takes the whole
   *   code area of the kernel. `pieceAt` asks for ascending addresses.
   */
  constructor(
    kernel: Kernel,
    module: Module,
    spaces: readonly number[],
    lower?: (index: number) => Func,
    take: (bytes: number) => number = takeAll(),
  ) {
    this.module = module;
    this.#take = take;
    this.#lower = lower ?? ((index) => module.funcs[index] as Func);
    this.#kernel = kernel;
    const signatures = numberSignatures(module);
    const signature = (index: number): number => signatures[index] as number;
    this.#encoder = new FunctionEncoder({ module, spaces, signature });
    const count = module.funcs.length;
    this.table = this.#take(count * L.FUNCTION_BYTES);
    for (let index = 0; index < count; index++) {
      const stub = this.#makeStub(index);
      this.#stubs.push(stub);
      const at = (this.table + index * L.FUNCTION_BYTES) / 4;
      kernel.u32[at] = stub;
      kernel.u32[at + 1] = signatures[index] as number;
    }
  }

  /** The function at its address; encoded if it is new. @throws CodeLimitError */
  function(index: number): PlacedFunction {
    return this.#functions.get(index) ?? this.#place(index);
  }

  /** The piece that holds the address. */
  pieceAt(address: number): PlacedPiece {
    let low = 0;
    let high = this.#pieces.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#pieces[middle] as PlacedPiece).address <= address) low = middle;
      else high = middle - 1;
    }
    const piece = this.#pieces[low];
    if (piece === undefined || address < piece.address) {
      throw new Error(`BUG: no code at ${address}`);
    }
    return piece;
  }

  #makeStub(index: number): number {
    const address = this.#take(STUB_BYTES);
    const { view } = this.#kernel;
    view.setBigUint64(address, 0n, true);
    view.setUint32(address + L.H_NEED, 0, true);
    view.setUint16(address + L.H_CODE, L.HEADER_BYTES, true);
    const word = address + L.HEADER_BYTES;
    view.setUint32(word, FORM.LOWER, true);
    view.setUint32(word + 4, index, true);
    return address;
  }

  #place(index: number): PlacedFunction {
    const func = this.#lower(index);
    const pieces = this.#encoder.encode(func);
    const addresses = new Map<number, number>();
    const placed = pieces.map((piece) => {
      const address = this.#take(piece.bytes.length);
      addresses.set(piece.key, address);
      this.#kernel.u8.set(piece.bytes, address);
      return { ...piece, address, func };
    });
    this.#pieces.push(...placed);
    for (const piece of placed) this.#relocate(piece, addresses);
    const result = this.#link(index, placed[0] as PlacedPiece, addresses);
    this.#functions.set(index, result);
    return result;
  }

  #relocate({ address, relocations }: PlacedPiece, addresses: ReadonlyMap<number, number>): void {
    const { u32 } = this.#kernel;
    for (const { offset, block } of relocations) {
      const callee = block - FUNCTION_KEYS;
      const target = callee < 0 ? addresses.get(block) : this.#entryOf(callee);
      if (target === undefined) throw new Error(`BUG: no piece ${block}`);
      u32[(address + offset) / 4] = target;
    }
  }

  #entryOf(index: number): number {
    return this.#functions.get(index)?.entry ?? (this.#stubs[index] as number);
  }

  /** Points the table and the stub at the function, and makes the jump table of an open one. */
  #link(
    index: number,
    { address: entry, func }: PlacedPiece,
    addresses: ReadonlyMap<number, number>,
  ): PlacedFunction {
    const { u32, view } = this.#kernel;
    u32[(this.table + index * L.FUNCTION_BYTES) / 4] = entry;
    const word = (this.#stubs[index] as number) + L.HEADER_BYTES;
    view.setUint32(word, FORM.JUMP, true);
    view.setUint32(word + 4, entry, true);
    const none = { entry, jumps: 0, jumpMask: 0 };
    if (!func.open) return none;
    const ids = [...func.blocks.keys()];
    const isDispatching = [...func.blocks.values()].some(({ insts }) => {
      return insts[insts.length - 1]?.op === 'dispatch';
    });
    if (!isDispatching) return none;
    if (ids.some((id) => id >= DISPATCH_IDS_MAX)) {
      throw new Error(
        `@${func.name} dispatches and has a block id of ${DISPATCH_IDS_MAX} or more: number its ` +
          'blocks lower.',
      );
    }
    const table = new JumpTable(this.#kernel, (bytes) => this.#take(bytes), ids.length);
    for (const id of ids) table.enter(id, addresses.get(id) as number);
    return { entry, jumps: table.address, jumpMask: table.mask };
  }
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

/** Equal numbers for equal signatures; 0 for open functions, which nothing can call. */
function numberSignatures({ funcs }: Module): number[] {
  const numbers = new Map<string, number>();
  return funcs.map(({ open, params, results }) => {
    if (open) return 0;
    const key = `${params.join()}>${results.join()}`;
    const number = numbers.get(key) ?? numbers.size + 1;
    numbers.set(key, number);
    return number;
  });
}
