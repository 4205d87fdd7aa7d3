/**
 * Compiles closed functions of a module, and puts their code in the place of the interpreter's.
 *
 * A unit is a function with what it calls, as far as a count of instructions goes; functions that
 * have code already are called by the table. What cannot be compiled stays with the interpreter.
 */
import { CodeLimitError } from '../../dmir/bytecode/encode-function.ts';
import { PIECE_KEYS } from '../../dmir/bytecode/piece.ts';
import type { Block, BlockId, Func } from '../../dmir/ir.ts';
import * as L from '../../kernel/layout.ts';
import { Body, isInlinable } from '../closed/body.ts';
import type { FixedLayout } from '../closed/context.ts';
import { isCallable, isCompilable } from '../closed/facts.ts';
import { controlGraph } from '../closed/graph.ts';
import { RUNTIME_NAMES } from '../closed/runtime.ts';
import { FunctionShape } from '../closed/sites.ts';
import { compileStubs, compileUnit } from '../closed/unit.ts';
import { unwind } from '../closed/unwind.ts';
import type { Kernel } from '../interpreter/kernel.ts';
import type { ModuleProgram, PlacedPiece } from '../interpreter/module-program.ts';

/** Instructions and functions of a unit beside the one that it is compiled for. */
const INSTS_MAX = 8000;
const FUNCS_MAX = 32;
/** Of a function that is compiled: instructions, limbs of registers, of those that live at once. */
const FUNCTION_INSTS_MAX = 20_000;
const LIMBS_MAX = 20_000;
const LIMBS_AT_ONCE_MAX = 900;
/** Code of a unit, which the platform bounds for a function. */
const UNIT_BYTES_MAX = 4 * 2 ** 20;
/** Blocks of one function at which frames enter compiled code. */
const ROOTS_MAX = 16;

/** Tells places of functions. */
type Filter = (index: number) => boolean;
const ALL: Filter = () => true;

export class FunctionTier {
  readonly #kernel: Kernel;
  readonly #program: ModuleProgram;
  readonly #layout: () => FixedLayout | undefined;
  readonly #shapes = new Map<number, FunctionShape>();
  /** Functions that have code, and the blocks that enter it. */
  readonly #heads = new Map<number, number>();
  /** The same for blocks of functions; undefined where there is no code. */
  readonly #roots = new Map<number, Map<BlockId, number | undefined>>();
  readonly #refused = new Set<number>();
  /** Functions of which blocks stand in the place of their calls; null for others. */
  readonly #inlinables = new Map<number, FunctionShape | null>();
  #table: WebAssembly.Table | undefined;
  readonly #places: number[] = [];
  #isOn = true;

  /** @param layout - Where frame and regions are; undefined where every frame has its own. */
  constructor(
    kernel: Kernel,
    program: ModuleProgram,
    layout: () => FixedLayout | undefined = () => undefined,
  ) {
    this.#kernel = kernel;
    this.#program = program;
    this.#layout = layout;
  }

  /** Has calls enter compiled code, or not. */
  turn(isOn: boolean): void {
    if (isOn === this.#isOn) return;
    this.#isOn = isOn;
    for (const [index, head] of this.#heads) this.#program.redirect(index, isOn ? head : undefined);
  }

  /**
   * Compiles a function with what it calls, unless it has code or none is possible.
   *
   * @param isWanted - Which functions may be compiled with it; all unless told.
   */
  compile(index: number, isWanted: Filter = ALL): void {
    if (!this.#isOn || this.#heads.has(index) || this.#shapeToCompile(index) === undefined) return;
    this.#install(this.#unitOf(index, isWanted));
  }

  /**
   * Compiles the block at which the frame stands, and what it reaches in its function; the frame
   * goes on there. False where the frame stands at no block of a closed function.
   */
  enter(piece: PlacedPiece, frame: number, isWanted: Filter = ALL): boolean {
    const { index, key } = piece;
    if (!this.#isOn || key >= PIECE_KEYS) return false;
    const shape = this.#shapeToCompile(index);
    if (shape === undefined) return true;
    const head = this.#rootOf(index, shape, key, isWanted);
    if (head !== undefined) this.#kernel.u32[(frame + L.F_PC) / 4] = head;
    return true;
  }

  /** Makes frames of what compiled functions wrote when they were left. */
  unwind(frame: number): void {
    unwind(this.#kernel, this.#program, frame, (index) => this.#shapeOf(index));
  }

  /** Gives the places of the kernel's table back: no frame runs the program any more. */
  release(): void {
    for (const place of this.#places) this.#kernel.freePlaces(place, 1);
    this.#places.length = 0;
  }

  #rootOf(
    index: number,
    shape: FunctionShape,
    block: BlockId,
    isWanted: Filter,
  ): number | undefined {
    const roots = this.#roots.get(index) ?? new Map<BlockId, number | undefined>();
    this.#roots.set(index, roots);
    if (roots.has(block) || roots.size === ROOTS_MAX) return roots.get(block);
    const isPlain = controlGraph(shape.func, block) !== undefined;
    roots.set(block, undefined);
    if (isPlain) {
      const [head] = this.#install(this.#unitOf(index, isWanted, block));
      roots.set(block, head);
    }
    return roots.get(block);
  }

  #shapeOf(index: number): FunctionShape {
    const known = this.#shapes.get(index);
    if (known !== undefined) return known;
    // Code can only be left for a function that is encoded.
    this.#program.function(index);
    const func = this.#program.lower(index);
    const shape = new FunctionShape(this.#program.module, index, func);
    this.#shapes.set(index, shape);
    return shape;
  }

  /** The shape of a function that can be compiled. */
  #shapeToCompile(index: number): FunctionShape | undefined {
    if (this.#refused.has(index)) return undefined;
    const { module } = this.#program;
    const declared = module.funcs[index] as Func;
    if (!declared.open && isCallable(declared)) {
      try {
        const shape = this.#shapeOf(index);
        if (isFit(shape) && isCompilable(shape, module)) return shape;
      } catch (error) {
        // A call of it will say so.
        if (!(error instanceof CodeLimitError)) throw error;
      }
    }
    this.#refused.add(index);
    return undefined;
  }

  /** The function, if blocks of it can stand in the place of its calls. */
  #inlinable(index: number): FunctionShape | undefined {
    const known = this.#inlinables.get(index);
    if (known !== undefined) return known ?? undefined;
    const shape = this.#shapeToCompile(index);
    const isSo = shape !== undefined && isInlinable(shape);
    this.#inlinables.set(index, isSo ? shape : null);
    return isSo ? shape : undefined;
  }

  /** A function, or what of it a block reaches, and what it calls, nearest first. */
  #unitOf(index: number, isWanted: Filter, root?: BlockId): Body[] {
    const inlinable = (each: number): FunctionShape | undefined => {
      return isWanted(each) ? this.#inlinable(each) : undefined;
    };
    const bodies: Body[] = [];
    const seen = new Set(root === undefined ? [index] : []);
    const queue = [index];
    let insts = 0;
    for (let at = 0; at < queue.length && bodies.length < FUNCS_MAX && insts < INSTS_MAX; at++) {
      const each = queue[at] as number;
      if (at > 0 && this.#heads.has(each)) continue;
      const shape = this.#shapeToCompile(each);
      if (shape === undefined) continue;
      const body = new Body(each, shape, at === 0 ? root : undefined, inlinable);
      bodies.push(body);
      for (const { insts: list } of body.analysis.order) {
        insts += list.length;
        for (const { op, imm } of list) {
          if ((op !== 'call' && op !== 'tail_call') || seen.has(imm)) continue;
          seen.add(imm);
          if (isWanted(imm)) queue.push(imm);
        }
      }
    }
    return bodies;
  }

  /** Addresses of the blocks that enter the bodies. */
  #install(bodies: readonly Body[]): number[] {
    const program = this.#program;
    const functions = this.#functions();
    const bytes = compileUnit({
      ...{ module: program.module, spaces: program.spaces, layout: this.#layout(), bodies },
      ...{ functions: program.table, signature: (index) => program.signature(index) },
    });
    if (bytes.length > UNIT_BYTES_MAX) {
      const [first] = bodies as [Body];
      if (bodies.length > 1) return this.#install([first]);
      this.#refused.add(first.index);
      return [];
    }
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
      env: this.#imports(functions),
    });
    return bodies.map(({ index, root }, i) => {
      const place = this.#takePlace(exports[`e${i}`] as Callable);
      const head = program.makeHead(place, root === undefined ? index : undefined);
      if (root === undefined) {
        functions.set(index, exports[`b${i}`] as Callable);
        this.#heads.set(index, head);
        program.redirect(index, head);
      }
      return head;
    });
  }

  #takePlace(entry: Callable): number {
    const place = this.#kernel.takePlaces(1);
    this.#kernel.table.set(place, entry);
    this.#places.push(place);
    return place;
  }

  #imports(functions: WebAssembly.Table): Record<string, WebAssembly.ImportValue> {
    const { exports } = this.#kernel;
    const runtime = RUNTIME_NAMES.map((name) => [name, exports[name] as Callable]);
    return { memory: exports.memory, functions, ...Object.fromEntries(runtime) };
  }

  /** The table of all functions; those without code are stubs that leave. */
  #functions(): WebAssembly.Table {
    if (this.#table !== undefined) return this.#table;
    const program = this.#program;
    const { funcs } = program.module;
    const table = new WebAssembly.Table({ element: 'anyfunc', initial: funcs.length });
    const places = new Map<number, number>();
    const signatures: Func[] = [];
    for (const [index, func] of funcs.entries()) {
      const signature = program.signature(index);
      if (func.open || places.has(signature) || !isCallable(func)) continue;
      places.set(signature, signatures.length);
      signatures.push(func);
    }
    const env = this.#imports(table);
    const module = new WebAssembly.Module(compileStubs(signatures));
    const { exports } = new WebAssembly.Instance(module, { env });
    for (const index of funcs.keys()) {
      const place = places.get(program.signature(index));
      if (place !== undefined) table.set(index, exports[`s${place}`] as Callable);
    }
    this.#table = table;
    return table;
  }
}

type Callable = WebAssembly.ExportValue & ((...args: unknown[]) => unknown);

/** Whether the function is small enough, and its control flow reducible. */
export function isFit(shape: FunctionShape): boolean {
  const { func, analysis } = shape;
  const count = analysis.order.reduce((sum, { insts }) => sum + insts.length, 0);
  const { id } = analysis.order[0] as Block;
  const isSmall = count <= FUNCTION_INSTS_MAX && shape.limbs <= LIMBS_MAX;
  if (!isSmall || shape.limbsAtOnce > LIMBS_AT_ONCE_MAX) return false;
  return controlGraph(func, id) !== undefined;
}
