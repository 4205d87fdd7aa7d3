/**
 * Builds functions instruction by instruction, for frontends, passes and tests. The builder fills
 * in what follows from the table (result registers and their types); it does not verify.
 *
 * ```ts
 * const builder = createFuncBuilder(module, 'inc', { params: ['i64'], results: ['i64'] });
 * const [x] = builder.block(0, ['i64']);
 * builder.end('return', { args: [builder.op('add', 'i64', x!, 1n)] });
 * ```
 */
import {
  addConst,
  addReg,
  type Block,
  type BlockId,
  createFunc,
  type Func,
  type Inst,
  type Module,
  type Operand,
  type RegId,
} from './ir.ts';
import { OPS, type OpName } from './ops.ts';
import type { Type } from './types.ts';
import { blockGrowth, NO_BLOCK, resultTypes } from './typing.ts';

/** A register or pool constant, or a number that becomes a constant. */
export type Value = Operand | bigint;

export type Edge = readonly [block: BlockId, ...args: Value[]];

export interface InstOptions {
  /** Controlling type; needed where the row has controlling types. */
  readonly type?: Type;
  readonly args?: readonly Value[];
  /** Index, or the name of a region, space, function or host; two region names for `mem_copy`. */
  readonly imm?: number | string | readonly [string, string];
  readonly targets?: readonly Edge[];
}

export interface FuncOptions {
  readonly open?: boolean;
  readonly params?: readonly Type[];
  readonly results?: readonly Type[];
}

export function createModule(name = ''): Module {
  return { name, regions: [], spaces: [], hosts: [], funcs: [] };
}

/** Adds an empty function to the module and returns a builder for it. */
export function createFuncBuilder(
  module: Module,
  name: string,
  options: FuncOptions = {},
): FuncBuilder {
  const func = createFunc(name, options.open ?? false);
  func.params = [...(options.params ?? [])];
  func.results = [...(options.results ?? [])];
  module.funcs.push(func);
  return new FuncBuilder(module, func);
}

export class FuncBuilder {
  readonly module: Module;
  readonly func: Func;
  /** Source program counter of the instructions to come. */
  pc = -1;
  #block: Block | null = null;
  readonly #constants = new Map<bigint, Operand>();

  constructor(module: Module, func: Func) {
    this.module = module;
    this.func = func;
  }

  /** Adds a block, goes on in it, and returns its parameters. */
  block(id: BlockId, params: readonly Type[] = []): RegId[] {
    const registers = params.map((type) => addReg(this.func, type));
    this.#block = { id, params: registers, insts: [], grow: 0 };
    this.func.blocks.set(id, this.#block);
    return [...registers];
  }

  /** Goes on in a block that was added before. */
  enter(id: BlockId): void {
    const block = this.func.blocks.get(id);
    if (block === undefined) throw new Error(`BUG: no block @${id} in @${this.func.name}`);
    this.#block = block;
  }

  /** The operand of a constant; equal constants share an entry of the pool. */
  constant(value: bigint): Operand {
    const known = this.#constants.get(value);
    if (known !== undefined) return known;
    const operand = addConst(this.func, value);
    this.#constants.set(value, operand);
    return operand;
  }

  /** Adds an operation of a type and returns its only or first result, -1 when it has none. */
  op(op: OpName, type: Type, ...args: Value[]): RegId {
    return this.inst(op, { type, args })[0] ?? -1;
  }

  /** Adds an instruction and returns its results. */
  inst(op: OpName, options: InstOptions = {}): RegId[] {
    if (this.#block === null) throw new Error('BUG: an instruction before the first block');
    const inst: Inst = {
      op,
      type: options.type ?? 'i64',
      args: this.#operands(options.args ?? []),
      results: [],
      imm: this.#imm(op, options.imm ?? 0),
      targets: (options.targets ?? []).map(([block, ...args]) => {
        return { block, args: this.#operands(args) };
      }),
      pc: this.pc,
    };
    inst.results = (resultTypes(this.module, inst) ?? []).map((type) => addReg(this.func, type));
    this.#block.insts.push(inst);
    return [...inst.results];
  }

  /** Adds the terminator and, in an open function, settles what the block needs of the window. */
  end(op: OpName, options: InstOptions = {}): void {
    this.inst(op, options);
    const block = this.#block!;
    block.grow = Math.max(block.grow, blockGrowth(this.module, this.func, block));
    this.#block = null;
  }

  br(block: BlockId, ...args: Value[]): void {
    this.end('br', { targets: [[block, ...args]] });
  }

  brIf(condition: Value, then: Edge, otherwise: Edge): void {
    this.end('br_if', { args: [condition], targets: [then, otherwise] });
  }

  dispatch(type: Type, pc: Value, ...args: Value[]): void {
    this.end('dispatch', { type, args: [pc], targets: [[NO_BLOCK, ...args]] });
  }

  #operands(values: readonly Value[]): Operand[] {
    return values.map((value) => (typeof value === 'bigint' ? this.constant(value) : value));
  }

  #imm(op: OpName, imm: number | string | readonly [string, string]): number {
    if (typeof imm === 'number') return imm;
    if (typeof imm !== 'string') return this.#find(op, imm[0]) * 256 + this.#find(op, imm[1]);
    return this.#find(op, imm);
  }

  #find(op: OpName, name: string): number {
    const { module } = this;
    const index = {
      func: () => module.funcs.findIndex((func) => func.name === name),
      host: () => module.hosts.findIndex((host) => host.name === name),
      space: () => module.spaces.indexOf(name),
      region: () => module.regions.findIndex((region) => region.name === name),
    };
    const { imm } = OPS[op];
    const find = imm === 'func' || imm === 'host' || imm === 'space' ? index[imm] : index.region;
    const found = find();
    if (found < 0) throw new Error(`BUG: \`${op}\` names \`${name}\`, which is not declared`);
    return found;
  }
}
