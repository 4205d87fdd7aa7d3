/**
 * Modules as contracts: what a module must be to have an account, how creation data hold one, and
 * its code as an engine runs it in frames.
 *
 * A contract exports its memory and the functions `deploy`, which a creation runs, and `call`,
 * which calls run, and imports functions of `env` (`env/functions.ts`) or of WASI (`env/wasi.ts`).
 * Every frame has a fresh instance.
 */
import { LockstepError } from '../../base/errors.ts';
import type { FuncBuilder } from '../../dmir/builder.ts';
import type { FlatFunc } from '../../dmir/flat-func.ts';
import { ENV_BYTES, FRAME_BYTES, FRAME_REGIONS } from '../../dmir/host.ts';
import type { Func, Region } from '../../dmir/ir.ts';
import type { ImportedFunction, ModuleSource, RegionImage } from '../../dmir/lazy.ts';
import { decodeModule } from './decode.ts';
import {
  type FuncEntity,
  type GlobalEntity,
  type Instance,
  type Reach,
  reachOf,
} from './entities.ts';
import { ENV_FUNCTIONS } from './env/functions.ts';
import { randomCells, WASI_FUNCTIONS, WASI_MODULE } from './env/wasi.ts';
import { writeImport } from './env/write.ts';
import type { EnvAbi } from './env/writer.ts';
import { DEFAULT_GAS } from './gas.ts';
import { DEFAULT_LIMITS, type WasmLimits } from './limits.ts';
import { evaluateIn, Linker } from './linker.ts';
import { type ModuleFrame, PAGE_BYTES, WasmProgram } from './program.ts';
import {
  type FuncType,
  type Import,
  sameFuncType,
  VAL_TYPE_NAMES,
  VAL_TYPES,
  type ValType,
  type WasmModule,
} from './types.ts';
import { validateBodies } from './validate.ts';

/** What the machine that runs contracts gives them. */
export interface ContractAbi extends EnvAbi {
  readonly hosts: ModuleFrame['hosts'];
}

export type ContractEntry = 'call' | 'deploy';

/** Bytes of a module for which `CONTRACT_LIMITS` are made. */
const LIMITS_BYTES = 1_048_576;

/** Limits of modules that are contracts: tighter, because each frame has its own instance. */
export const CONTRACT_LIMITS: WasmLimits = {
  ...DEFAULT_LIMITS,
  moduleBytes: LIMITS_BYTES,
  funcs: 10_000,
  tables: 2,
  memoryPages: 256,
  tableEntries: 65_536,
};

/** The same where modules may be larger: they may have as many more functions and segments. */
export function contractLimits(bytesMax: number): WasmLimits {
  const { funcs, datas, elems } = CONTRACT_LIMITS;
  const times = Math.max(1, bytesMax / LIMITS_BYTES);
  const [moduleBytes, ...counts] = [LIMITS_BYTES, funcs, datas, elems].map((each) =>
    Math.floor(each * times),
  ) as [number, number, number, number];
  return { ...CONTRACT_LIMITS, moduleBytes, funcs: counts[0], datas: counts[1], elems: counts[2] };
}

/** Gas besides that of instructions and functions of the host. */
export const CONTRACT_GAS = {
  /** A frame's instance, and for it: */
  instance: 100n,
  /** a page of memory, */
  page: 512n,
  /** an entry of a table, */
  entry: 1n,
  /** 32 bytes of data, globals and table entries that are written. */
  word: 3n,
  /** A byte of a module that a creation reads and checks. */
  moduleByte: 4n,
} as const;

const WORD_BYTES = 32n;
const ENTRY_TYPE: FuncType = { params: [], results: [] };

/** Kernel spaces of slots and transient slots. */
const SPACE_NUMBERS = [0, 1] as const;

/** Bytes of regions that always have as many. */
const SIZES: Readonly<Record<string, number>> = { frame: FRAME_BYTES, env: ENV_BYTES };

const FRAME: Omit<ModuleFrame, 'hosts'> = {
  regions: Object.keys(FRAME_REGIONS).map((name): Region => {
    const isInput = name === 'input';
    const size = SIZES[name] ?? 0;
    const own = name === 'code' ? 'cells' : name;
    return { name: own, bounds: isInput ? 'zero' : 'trap', writable: false, min: size, max: size };
  }),
  spaces: ['slot', 'transient'],
};

/**
 * Decodes and validates a module that is to be a contract.
 *
 * @throws LockstepError L1601 to L1604 as for any module, L1608 where it is no contract
 */
export function readContract(bytes: Uint8Array, limits = CONTRACT_LIMITS): WasmModule {
  const module = decodeModule(bytes, limits);
  validateBodies(module, limits);
  for (const wanted of module.imports) checkImport(wanted);
  for (const name of ['call', 'deploy'] as const) {
    const found = module.exports.find((each) => each.name === name && each.kind === 'func');
    const type = found === undefined ? undefined : module.funcs[found.index];
    if (type === undefined) throw noContract(`it exports no function ${name}`);
    if (sameFuncType(type, ENTRY_TYPE)) continue;
    throw noContract(`its function ${name} has parameters or results`);
  }
  if (!module.exports.some(({ name, kind }) => name === 'memory' && kind === 'memory')) {
    throw noContract('it exports no memory of that name');
  }
  // The size at the start is no matter of validation, but of the machine.
  const { memoryPages, tableEntries } = limits;
  for (const { min } of module.memories) checkStart(min, memoryPages, 'pages of memory');
  for (const { min } of module.tables) checkStart(min, tableEntries, 'table entries');
  return module;
}

function checkStart(count: number, max: number, what: string): void {
  if (count > max)
    throw noContract(`it has ${count} ${what} at the start, and the limit is ${max}`);
}

function noContract(problem: string): LockstepError {
  return new LockstepError('L1608', { problem });
}

const PARAM_TYPES = { p: VAL_TYPES.i32, i32: VAL_TYPES.i32, i64: VAL_TYPES.i64 } as const;

/** Type of a function that contracts are given; undefined where there is none of the name. */
function importType(module: string, name: string): FuncType | undefined {
  if (module === WASI_MODULE) {
    const row = WASI_FUNCTIONS.get(name);
    if (row === undefined) return undefined;
    const params = [...row.params].map((param) => PARAM_TYPES[param === 'i' ? 'i32' : 'i64']);
    return { params, results: row.hasResult ? [PARAM_TYPES.i32] : [] };
  }
  const row = module === 'env' ? ENV_FUNCTIONS.get(name) : undefined;
  if (row === undefined) return undefined;
  const results = row.result === undefined ? [] : [PARAM_TYPES[row.result]];
  return { params: row.params.map((param) => PARAM_TYPES[param]), results };
}

function checkImport({ module, name, extern }: Import): void {
  const what = `${module}.${name}`;
  const type = importType(module, name);
  if (type === undefined) throw noContract(`it imports ${what}, which no contract is given`);
  if (extern.kind === 'func' && sameFuncType(extern.type, type)) return;
  const names = (types: readonly ValType[]): string =>
    types.map((each) => VAL_TYPE_NAMES.get(each)).join(', ');
  const wanted = `(${names(type.params)}) to (${names(type.results)})`;
  throw noContract(`it imports ${what} as another type than ${wanted}`);
}

/** A contract's program for one of its entries; of a creation, with what `deploy` reads. */
export type LinkedContract = (entry: ContractEntry, input?: Uint8Array) => ModuleSource;

/**
 * Links a contract, for all of its entries at once: what a creation linked serves later calls.
 *
 * @throws LockstepError L1605 or L1608 where it cannot be instantiated
 */
export function linkContract(
  module: WasmModule,
  abi: ContractAbi,
  limits = CONTRACT_LIMITS,
): LinkedContract {
  const linker = new Linker(limits);
  const imports = new Map<number, ImportedFunction>();
  let imported = 0;
  const linked = linker.instantiate(module, (from, name) => {
    const type = importType(from, name) as FuncType;
    const isWasi = from === WASI_MODULE;
    const func = linker.writtenFunction(type, (builder) => {
      writeImport(builder, name, isWasi, abi);
    });
    if (!isWasi) imports.set(func.place, { name, index: imported });
    imported++;
    return func;
  });
  if (linked.kind === 'trap') throw noContract('a segment is written outside its memory or table');
  const { instance } = linked;
  const startGas = startGasOf(instance);
  const mainOf = (entry: ContractEntry): FuncEntity => {
    return linker.writtenFunction(ENTRY_TYPE, (builder) => {
      writeMain(builder, instance, entry, startGas);
    });
  };
  const mains = { call: mainOf('call'), deploy: mainOf('deploy') };
  const isRandom = abi.seed !== 0n && module.imports.some(({ name }) => name === 'random_get');
  const reach = reachOf(instance);
  const program = new WasmProgram(isRandom ? withRandom(reach, abi.seed) : reach, {
    ...{ funcs: linker.funcs, limits, gas: DEFAULT_GAS },
    signature: (type) => linker.signature(type),
    vector: (name) => linker.vector(name),
    frame: { ...FRAME, hosts: abi.hosts },
  });
  const image = imageOf(instance, program);
  // The image has all of it.
  for (const memory of instance.memories) memory.bytes = new Uint8Array(0);
  const lower = (index: number): Func => program.lower(index);
  const flatten = (index: number): FlatFunc => program.flatten(index);
  return (entry, input) => {
    const { place } = mains[entry];
    return {
      ...{ code: module.bytes, module: program.module, spaces: SPACE_NUMBERS, entry: place },
      ...{ startGas, image, input, imports, lower, flatten },
    };
  };
}

/** With what a frame keeps of its random bytes, before all other cells. */
function withRandom(reach: Reach, seed: bigint): Reach {
  const type = { type: VAL_TYPES.i64, isMutable: true };
  const cells: GlobalEntity = {
    kind: 'global',
    type,
    bytes: randomCells(seed),
    holders: new Set(),
  };
  return { ...reach, globals: new Set([cells, ...reach.globals]) };
}

/**
 * A frame pays for its instance, runs the start function and what compilers for WASI write for the
 * same end, and then the entry.
 */
function writeMain(
  builder: FuncBuilder,
  { module, funcs, exports }: Instance,
  entry: ContractEntry,
  startGas: bigint,
): void {
  builder.block(0);
  builder.inst('charge', { imm: Number(startGas) });
  const start = module.start === undefined ? undefined : funcs[module.start];
  if (start !== undefined) builder.inst('call', { imm: start.place });
  const initialize = exports.get('_initialize');
  if (initialize?.kind === 'func' && sameFuncType(initialize.type, ENTRY_TYPE)) {
    builder.inst('call', { imm: initialize.place });
  }
  builder.inst('call', { imm: (exports.get(entry) as FuncEntity).place });
  builder.end('stop');
}

function startGasOf({ module, memories, tables, globals }: Instance): bigint {
  const { instance, page, entry, word } = CONTRACT_GAS;
  const sum = (sizes: readonly number[]): bigint => BigInt(sizes.reduce((a, b) => a + b, 0));
  const data = module.datas.map(({ bytes }) => bytes.length);
  const items = module.elems.map((segment) => segment.items.length * 16);
  const cells = globals.map(({ bytes }) => bytes.length);
  const words = (sum([...data, ...items, ...cells]) + WORD_BYTES - 1n) / WORD_BYTES;
  const pages = sum(memories.map(({ bytes }) => bytes.length / PAGE_BYTES));
  const entries = sum(tables.map(({ type }) => type.min));
  return instance + page * pages + entry * entries + word * words;
}

/** What the regions of a frame begin with; the memory's active segments one by one. */
function imageOf(instance: Instance, program: WasmProgram): RegionImage[] {
  const image: RegionImage[] = [];
  const content = program.content();
  program.module.regions.forEach(({ name }, region) => {
    const bytes = content.get(name);
    if (bytes === undefined || region === FRAME_REGIONS.memory) return;
    image.push({ region, offset: 0, bytes });
  });
  for (const { mode, offset, bytes } of instance.module.datas) {
    if (mode !== 'active' || bytes.length === 0) continue;
    const start = Number(evaluateIn(instance, offset));
    image.push({ region: FRAME_REGIONS.memory, offset: start, bytes });
  }
  return image;
}
