/**
 * Closed functions as text at the stages of the pipeline: those of a dMIR file, and those that a
 * WebAssembly module is lowered to. A module is shown by itself: what it imports is a function of
 * the host, or an entity of the least size.
 */
import { CodeLimitError } from '../dmir/bytecode/encode-function.ts';
import type { Func, Module } from '../dmir/ir.ts';
import { printFunc, printModule } from '../dmir/print.ts';
import { Body, isInlinable } from '../engines/closed/body.ts';
import { isCallable, isCompilable } from '../engines/closed/facts.ts';
import { FunctionShape } from '../engines/closed/sites.ts';
import { compileUnit } from '../engines/closed/unit.ts';
import { placeRegions } from '../engines/interpreter/region-layout.ts';
import { isFit } from '../engines/tiers/functions.ts';
import { decodeModule } from '../engines/wasm/decode.ts';
import { printWasm } from '../engines/wasm/print.ts';
import { FRAMES_BASE } from '../kernel/layout.ts';
import type { DmirContract } from '../languages/contract.ts';
import { InputError } from '../languages/errors.ts';
import { type Extern, type Instance, reachOf } from '../vms/wasm/entities.ts';
import { DEFAULT_GAS, Linker, readWasmModule, WasmProgram } from '../vms/wasm/index.ts';
import type { ExternType, WasmModule } from '../vms/wasm/types.ts';
import { chooseCode } from './code-input.ts';
import type { DumpContext, Shown } from './commands/dump.ts';
import { readModule } from './dmir-module.ts';
import { sizeLine } from './stages.ts';

/** Operations of functions that are compiled for the text. */
const WORK_MAX = 1 << 18;

/** A module whose functions have their blocks, and which of them are its own. */
interface Lowered {
  readonly module: Module;
  readonly own: readonly number[];
  /** Bytes of the WebAssembly that it is from; undefined for dMIR. */
  readonly moduleBytes?: number;
}

function lower({ contract, args }: DumpContext): Lowered {
  if (contract.kind === 'evm') return lowerWasm(chooseCode(contract, args.flag('init')));
  const module = readModule(contract as DmirContract);
  return { module, own: [...module.funcs.keys()] };
}

/** @throws LockstepError L1601 to L1605 for a module that cannot be instantiated */
function lowerWasm(bytes: Uint8Array): Lowered {
  const linker = new Linker();
  const decoded = readWasmModule(bytes);
  const instance = instantiate(linker, decoded);
  const { funcs, limits } = linker;
  const program = new WasmProgram(reachOf(instance), {
    ...{ funcs, limits, gas: DEFAULT_GAS },
    signature: (type) => linker.signature(type),
    vector: (name) => linker.vector(name),
  });
  const { module } = program;
  const isOwn = (place: number): boolean => {
    const kind = funcs[place]?.source.kind;
    return kind === 'body' || kind === 'vector';
  };
  const own = [...module.funcs.keys()].filter(isOwn);
  // Names of exports say more than places, where they can stand in the text of dMIR.
  for (const [name, extern] of instance.exports) {
    const func = extern.kind === 'func' ? module.funcs[extern.place] : undefined;
    if (func !== undefined && /^[A-Za-z_]\w*$/.test(name)) func.name = name;
  }
  const lowered = module.funcs.map((func, place): Func => {
    return isOwn(place) ? { ...program.lower(place), name: func.name } : func;
  });
  return { module: { ...module, funcs: lowered }, own, moduleBytes: bytes.length };
}

function instantiate(linker: Linker, module: WasmModule): Instance {
  let next = 0;
  const linked = linker.instantiate(module, () => {
    return standIn(linker, (module.imports[next++] as WasmModule['imports'][number]).extern);
  });
  if (linked.kind === 'instance') return linked.instance;
  throw new InputError('file-format', 'a segment of the module is written outside its memory');
}

function standIn(linker: Linker, wanted: ExternType): Extern {
  switch (wanted.kind) {
    case 'func':
      return linker.hostFunction(wanted.type, () => []);
    case 'table':
      return linker.table(wanted.type);
    case 'memory':
      return linker.memory(wanted.type);
    case 'global':
      return linker.global(wanted.type, 0n);
  }
}

function sizesOf({ module, own, moduleBytes }: Lowered): Record<string, number> {
  const blocks = own.flatMap((place) => [...(module.funcs[place] as Func).blocks.values()]);
  return {
    ...(moduleBytes === undefined ? {} : { moduleBytes }),
    functions: own.length,
    blocks: blocks.length,
    operations: blocks.reduce((sum, { insts }) => sum + insts.length, 0),
  };
}

/** The functions that a module of WebAssembly is lowered to, as dMIR. */
export function showLowered(context: DumpContext): Shown {
  const lowered = lower(context);
  const { module, own } = lowered;
  const sizes = sizesOf(lowered);
  const head = printModule({ ...module, funcs: [] });
  const texts = own.map((place) => printFunc(module, module.funcs[place] as Func));
  return { text: [sizeLine(sizes), head, ...texts].join('\n'), sizes };
}

/** What the compiler of closed functions writes, as text of WebAssembly. */
export function showClosedCode(context: DumpContext): Shown {
  const lowered = lower(context);
  const { module } = lowered;
  const shapes = new Map<number, FunctionShape>();
  const left: string[] = [];
  let work = 0;
  for (const place of lowered.own) {
    const func = module.funcs[place] as Func;
    const shape = work > WORK_MAX ? undefined : shapeOf(module, place);
    if (shape === undefined) left.push(`@${func.name}`);
    else shapes.set(place, shape);
    for (const { insts } of func.blocks.values()) work += insts.length;
  }
  if (shapes.size === 0) {
    const message = 'no function of this module can be compiled';
    throw new InputError('usage', message, 'the interpreter runs it: --stage=dmir');
  }
  const bodies = bodiesOf(shapes);
  const bytes = compile(module, bodies);
  const compiled = decodeModule(bytes);
  const names = new Map(
    bodies.map(({ index }, place) => {
      return [compiled.exports.get(`b${place}`), (module.funcs[index] as Func).name];
    }),
  );
  const sizes = { ...sizesOf(lowered), compiled: shapes.size, wasmBytes: bytes.length };
  const about = left.length === 0 ? [] : [`;; left to the interpreter: ${left.join(', ')}`];
  const noteOf = (index: number) => {
    const name = names.get(index);
    return name === undefined ? undefined : { about: `@${name}`, name: `${name}.${index}` };
  };
  return { text: [sizeLine(sizes), ...about, printWasm(compiled, noteOf)].join('\n'), sizes };
}

/** What is asked of a function before it is compiled; undefined where it cannot be. */
function shapeOf(module: Module, place: number): FunctionShape | undefined {
  const func = module.funcs[place] as Func;
  if (func.open || !isCallable(func)) return undefined;
  try {
    const shape = new FunctionShape(module, place, func);
    return isFit(shape) && isCompilable(shape, module) ? shape : undefined;
  } catch (error) {
    if (error instanceof CodeLimitError) return undefined;
    throw error;
  }
}

function bodiesOf(shapes: ReadonlyMap<number, FunctionShape>): Body[] {
  const inlinable = (index: number): FunctionShape | undefined => {
    const shape = shapes.get(index);
    return shape !== undefined && isInlinable(shape) ? shape : undefined;
  };
  return [...shapes].map(([index, shape]) => new Body(index, shape, undefined, inlinable));
}

function compile(module: Module, bodies: readonly Body[]): Uint8Array {
  const signatures = new Map<string, number>();
  const signature = (index: number): number => {
    const { params, results } = module.funcs[index] as Func;
    const key = `${params.join()}>${results.join()}`;
    if (!signatures.has(key)) signatures.set(key, signatures.size + 1);
    return signatures.get(key) as number;
  };
  return compileUnit({
    ...{ module, bodies, signature, functions: 0, spaces: [...module.spaces.keys()] },
    layout: { frame: FRAMES_BASE, bases: placeRegions(module, new Map()).bases },
  });
}
