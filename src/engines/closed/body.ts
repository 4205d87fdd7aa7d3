/**
 * A function as it is compiled: blocks of callees stand in the place of its calls, as far as a
 * count of instructions goes, in recursion as well. The platform inlines too, but not across the
 * checks of gas and room that a call is surrounded with here: those of an inlined call are one with
 * those around it.
 *
 * To the interpreter an inlined call is a call like others. So a site of a body is of as many
 * frames as functions are open there, and every register of any of them keeps its value.
 */
import { type Analysis, analyse } from '../../dmir/bytecode/analysis.ts';
import type { Block, BlockId, Func, Inst, Operand, RegId, Target } from '../../dmir/ir.ts';
import type { FrameSite, FunctionShape, SiteKind } from './sites.ts';
import { limbCount } from './values.ts';

/** Native stack that every call is taken to need. */
export const CALL_BYTES_MIN = 512;
/** Calls of one function that are open in a body at most. */
const RECURSION_MAX = 2;
const LEVELS_MAX = 6;
/** Instructions of a function that is inlined, and of all that a body takes in. */
const CALLEE_INSTS_MAX = 64;
const INLINED_INSTS_MAX = 256;
/** Limbs that live at once in all frames of a body. */
const LIMBS_AT_ONCE_MAX = 256;

/** A function that is open in a body: the one that is compiled, or one that it calls there. */
interface Level {
  readonly index: number;
  readonly shape: FunctionShape;
  /** Where the level above it is called. */
  readonly caller: { readonly level: Level; readonly at: Place } | undefined;
  readonly depth: number;
  readonly limbsAtOnce: number;
  /** Room that the calls take of which it is the innermost. */
  readonly bytes: number;
  /** What registers of the function are in the body: this many higher. */
  readonly registers: number;
}

/** An instruction of a function. */
interface Place {
  readonly block: BlockId;
  readonly index: number;
}

/** A block of a body: which instructions of which function it has, from an index on. */
interface Origin {
  readonly level: Level;
  readonly block: BlockId;
  readonly first: number;
}

/** A place at which a body can be left. */
export interface BodySite {
  /** Among the sites of the function that is compiled. */
  readonly number: number;
  /** Registers whose values the record holds, in order. */
  readonly registers: readonly RegId[];
}

/** Gives a function that may be inlined. */
export type Inlinable = (index: number) => FunctionShape | undefined;

export class Body {
  readonly index: number;
  readonly shape: FunctionShape;
  /** Block at which it begins, with all that lives there; undefined for the whole function. */
  readonly root: BlockId | undefined;
  readonly func: Func;
  readonly analysis: Analysis;
  /** Room that inlined calls take at any block, at most. */
  readonly inlinedBytesMax: number;
  readonly #origins: ReadonlyMap<BlockId, Origin>;
  readonly #known = new Map<string, BodySite>();

  constructor(
    index: number,
    shape: FunctionShape,
    root?: BlockId,
    inlinable: Inlinable = () => undefined,
  ) {
    this.index = index;
    this.shape = shape;
    this.root = root;
    const { limbsAtOnce } = shape;
    const top = { index, shape, caller: undefined, depth: 0, limbsAtOnce, bytes: 0, registers: 0 };
    const joined = new Joiner(top, inlinable);
    this.#origins = joined.origins;
    let most = 0;
    for (const { level } of joined.origins.values()) most = Math.max(most, level.bytes);
    this.inlinedBytesMax = most;
    this.func = joined.hasInlined ? joined.func : shape.func;
    this.analysis = joined.hasInlined ? analyse(joined.func) : shape.analysis;
  }

  /** Calls that are open at a block beside the function's own. */
  depth(block: BlockId): number {
    return (this.#origins.get(block) as Origin).level.depth;
  }

  /** Room that they take: each as much as any call, and as its registers in the window. */
  inlinedBytes(block: BlockId): number {
    return (this.#origins.get(block) as Origin).level.bytes;
  }

  /** Whether a block ends with a call that is inlined behind it. */
  isCaller(block: BlockId): boolean {
    const { insts } = this.func.blocks.get(block) as Block;
    const { targets } = insts[insts.length - 1] as Inst;
    return targets.some((target) => this.depth(target.block) > this.depth(block));
  }

  /** The site at an instruction of a block; the same for the same place. */
  site(kind: SiteKind, block: BlockId, index = 0): BodySite {
    const key = `${kind} ${block} ${index}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const origin = this.#origins.get(block) as Origin;
    const frames: FrameSite[] = [];
    const registers: RegId[] = [];
    const add = (level: Level, each: SiteKind, at: Place): void => {
      const living = level.shape.registersAt(each, at.block, at.index);
      frames.push({ func: level.index, kind: each, ...at, registers: living });
      registers.push(...living.map((register) => register + level.registers));
    };
    // What was split off a block begins behind a call.
    const inner = kind === 'block' && origin.first > 0 ? 'after' : kind;
    add(origin.level, inner, { block: origin.block, index: origin.first + index });
    for (let { caller } = origin.level; caller !== undefined; caller = caller.level.caller) {
      add(caller.level, 'call', caller.at);
    }
    const site = { number: this.shape.addSite({ frames }), registers };
    this.#known.set(key, site);
    return site;
  }

  /** Registers that live where it begins: parameters, or what the block finds. */
  get params(): readonly RegId[] {
    if (this.root !== undefined) return this.site('block', this.root).registers;
    return (this.shape.analysis.order[0] as Block).params;
  }

  /** Constant charges of a block from each instruction on, and behind the last one. */
  chargesFrom({ insts }: Block): Float64Array {
    return this.shape.chargesFrom(insts);
  }

  /** Limbs of all registers that live anywhere. */
  get limbs(): number {
    const { types } = this.func;
    const { starts } = this.analysis;
    return types.reduce((sum, type, each) => sum + (starts[each] === -1 ? 0 : limbCount(type)), 0);
  }
}

/** Joins functions to one, nearest calls first. */
class Joiner {
  readonly func: Func;
  readonly origins = new Map<BlockId, Origin>();
  hasInlined = false;
  /** Calls, and the blocks in which they stand. */
  readonly #calls = new Map<Inst, BlockId>();
  #nextBlock = 0;

  constructor(top: Level, inlinable: Inlinable) {
    const { name, params, results } = top.shape.func;
    this.func = { name, open: false, params, results, types: [], consts: [], blocks: new Map() };
    for (const id of top.shape.func.blocks.keys())
      this.#nextBlock = Math.max(this.#nextBlock, id + 1);
    this.#add(top, undefined);
    let room = INLINED_INSTS_MAX;
    // What is inlined adds calls behind those that are there.
    for (const [call, block] of this.#calls) {
      const shape = inlinable(call.imm);
      const { level } = this.origins.get(block) as Origin;
      if (shape === undefined || !isRoomFor(level, call.imm, shape)) continue;
      if (shape.instCount > room) continue;
      room -= shape.instCount;
      this.#inline(call, shape);
    }
  }

  /** Adds the blocks of a function; they return to a block, if one is given. */
  #add(level: Level, back: BlockId | undefined): BlockId {
    const { func } = this;
    const { order } = level.shape.analysis;
    const source = level.shape.func;
    const firstConst = func.consts.length;
    func.types.push(...source.types);
    func.consts.push(...source.consts);
    const ids = new Map<BlockId, BlockId>();
    for (const { id } of order) ids.set(id, back === undefined ? id : this.#nextBlock++);
    const rename = (operand: Operand): Operand => {
      return operand < 0 ? operand - firstConst : operand + level.registers;
    };
    for (const { id: old, params, insts } of order) {
      const id = ids.get(old) as BlockId;
      const copies = insts.map((inst): Inst => {
        const targets = inst.targets.map(({ block, args }): Target => {
          return { block: ids.get(block) as BlockId, args: args.map(rename) };
        });
        const copy = {
          ...inst,
          args: inst.args.map(rename),
          results: inst.results.map(rename),
          targets,
        };
        return back !== undefined && inst.op === 'return' ? jump(copy, back) : copy;
      });
      func.blocks.set(id, { id, params: params.map(rename), insts: copies, grow: 0 });
      this.origins.set(id, { level, block: old, first: 0 });
      for (const inst of copies) if (inst.op === 'call') this.#calls.set(inst, id);
    }
    return ids.get((order[0] as Block).id) as BlockId;
  }

  /** Splits the block of a call, and puts the function between. */
  #inline(call: Inst, shape: FunctionShape): void {
    this.hasInlined = true;
    const block = this.func.blocks.get(this.#calls.get(call) as BlockId) as Block;
    const { level, block: old, first } = this.origins.get(block.id) as Origin;
    const at = block.insts.indexOf(call);
    const id = this.#nextBlock++;
    const insts = block.insts.slice(at + 1);
    for (const inst of insts) if (this.#calls.has(inst)) this.#calls.set(inst, id);
    const entry = this.#add(
      {
        ...{ index: call.imm, shape, caller: { level, at: { block: old, index: first + at } } },
        ...{ depth: level.depth + 1, limbsAtOnce: level.limbsAtOnce + shape.limbsAtOnce },
        bytes: level.bytes + Math.max(CALL_BYTES_MIN, shape.slots.top),
        registers: this.func.types.length,
      },
      id,
    );
    this.func.blocks.set(id, { id, params: call.results, insts, grow: 0 });
    this.origins.set(id, { level, block: old, first: first + at + 1 });
    block.insts = [...block.insts.slice(0, at), jump(call, entry)];
  }
}

function jump(inst: Inst, block: BlockId): Inst {
  const targets = [{ block, args: inst.args }];
  return { ...inst, op: 'br', args: [], results: [], imm: 0, targets };
}

function isRoomFor(level: Level, index: number, shape: FunctionShape): boolean {
  let same = 0;
  for (let each: Level | undefined = level; each !== undefined; each = each.caller?.level) {
    if (each.index === index) same++;
  }
  const limbs = level.limbsAtOnce + shape.limbsAtOnce;
  return same <= RECURSION_MAX && level.depth < LEVELS_MAX && limbs <= LIMBS_AT_ONCE_MAX;
}

/** Whether calls of a function may be inlined: it is short, and returns to who called it. */
export function isInlinable({ func, analysis, instCount }: FunctionShape): boolean {
  if (func.open || instCount > CALLEE_INSTS_MAX) return false;
  return analysis.order.every(({ insts }) => !insts.at(-1)?.op.startsWith('tail'));
}
