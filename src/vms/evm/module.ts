/**
 * A contract as a whole: every block that a run can enter, and all of them as one dMIR module. For
 * people, tools and tests; an engine lowers a block when it first reaches it (`source.ts`).
 *
 * A run enters the block at program counter 0, the blocks of jump destinations, and what these lead
 * to. A block follows known jumps, so code that several blocks run through stands in each of them.
 * The module has no list of jump destinations: its `dispatch` names every block, that of the EVM
 * only those at a JUMPDEST.
 */
import {
  addConst,
  type Block,
  createFunc,
  type Func,
  type Inst,
  type Module,
  type Operand,
} from '../../dmir/ir.ts';
import { blockGrowth, NO_BLOCK } from '../../dmir/typing.ts';
import { EVM_HOSTS, EVM_REGIONS, EVM_SPACES } from './abi.ts';
import { Lowerer, type LowerOptions } from './lower.ts';

/** Name of the function that holds all blocks. */
const NAME = 'main';

/** Operations and the operands that they name: what a block costs to print. */
function workOf(block: Block): number {
  let work = 0;
  for (const { args, targets } of block.insts) {
    work += 1 + args.length;
    for (const target of targets) work += 1 + target.args.length;
  }
  return work;
}

/**
 * Lowers each block that a run can enter, once; `visit` has the block until it returns. Blocks that
 * program counter 0 leads to come first.
 *
 * @param workMax - No further block is lowered once the operations and operands of those before
 *   are as many.
 * @returns how many blocks that are known to exist were left out
 */
export function walkBlocks(
  lowerer: Lowerer,
  visit: (block: Block) => void,
  workMax = Number.POSITIVE_INFINITY,
): number {
  const destinations = lowerer.destinations.marks;
  const known = new Set<number>([0]);
  const waiting = [0];
  let work = 0;
  const drain = (): void => {
    while (waiting.length > 0 && work < workMax) {
      const block = lowerer.lower(waiting.pop() as number);
      work += workOf(block);
      const last = block.insts[block.insts.length - 1] as Inst;
      // The target of a dispatch is known at run time only.
      for (const target of last.op === 'dispatch' ? [] : last.targets) {
        if (known.has(target.block)) continue;
        known.add(target.block);
        waiting.push(target.block);
      }
      visit(block);
    }
  };
  drain();
  for (let pc = 0; pc < destinations.length; pc++) {
    if (destinations[pc] === 0 || known.has(pc)) continue;
    known.add(pc);
    waiting.push(pc);
    drain();
  }
  return waiting.length;
}

/** Appends copies of blocks to one function, with registers and constants of their own. */
class Assembler {
  readonly module: Module = {
    name: 'evm',
    regions: EVM_REGIONS.map((region) => ({ ...region })),
    spaces: [...EVM_SPACES],
    hosts: EVM_HOSTS.map((host) => ({ ...host })),
    funcs: [],
  };
  readonly #func = createFunc(NAME, true);
  readonly #constants = new Map<bigint, Operand>();
  readonly #blocks: Block[] = [];

  add(from: Func, block: Block): void {
    const base = this.#func.types.length;
    for (const type of from.types) this.#func.types.push(type);
    const operands = (list: readonly Operand[]): Operand[] =>
      list.map((each) => (each < 0 ? this.#constant(from.consts[~each] as bigint) : base + each));
    const insts = block.insts.map((inst) => ({
      ...inst,
      args: operands(inst.args),
      results: inst.results.map((register) => base + register),
      targets: inst.targets.map((target) => ({
        block: inst.op === 'dispatch' ? NO_BLOCK : target.block,
        args: operands(target.args),
      })),
    }));
    const copy = { ...block, params: block.params.map((register) => base + register), insts };
    // The lowering leaves it to the next block to check the slots that a host's answer takes.
    copy.grow = Math.max(block.grow, blockGrowth(this.module, this.#func, copy));
    this.#blocks.push(copy);
  }

  #constant(value: bigint): Operand {
    const known = this.#constants.get(value);
    if (known !== undefined) return known;
    const operand = addConst(this.#func, value);
    this.#constants.set(value, operand);
    return operand;
  }

  /** The module, with the blocks in the order of the code. */
  finish(): Module {
    for (const block of this.#blocks.sort((a, b) => a.id - b.id)) {
      this.#func.blocks.set(block.id, block);
    }
    this.module.funcs.push(this.#func);
    return this.module;
  }
}

/** What `lowerPart` gives. */
export interface LoweredPart {
  readonly module: Module;
  /** Blocks that were left out, at least; the module verifies where it is 0. */
  readonly blocksLeft: number;
}

/** As `lowerProgram`, but ends when the work is done that `walkBlocks` counts. */
export function lowerPart(code: Uint8Array, options: LowerOptions, workMax: number): LoweredPart {
  const lowerer = new Lowerer(code, options);
  const assembler = new Assembler();
  const visit = (block: Block): void => assembler.add(lowerer.func, block);
  const blocksLeft = walkBlocks(lowerer, visit, workMax);
  return { module: assembler.finish(), blocksLeft };
}

/**
 * The contract as a module of one open function, `@main`, which verifies. The id of a block is its
 * program counter; `abi.ts` tells the ids that are none.
 *
 * The length of the code bounds the blocks: each byte may begin one of up to `lengthMax`
 * instructions.
 */
export function lowerProgram(code: Uint8Array, options: LowerOptions): Module {
  return lowerPart(code, options, Number.POSITIVE_INFINITY).module;
}
