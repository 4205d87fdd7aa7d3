/**
 * Random dMIR modules that verify and always end.
 *
 * A function of `n` regions of code has, for region `i`, a *head* block that takes fuel, ends the
 * function when there is none, and else enters the *body* block with one unit less; a body may jump
 * to any head. So no path enters more bodies than the fuel it started with. A closed function calls
 * only functions behind it, and has at most one call site, so calls end too.
 *
 * Closed functions are named `f0`, `f1`, …, and open ones `main`, `open1`, …; in an open function
 * the fuel is the top slot of the window at every head.
 */
import { createFuncBuilder, createModule, type FuncBuilder } from '../../src/dmir/builder.ts';
import type { Func, Module, RegId } from '../../src/dmir/ir.ts';
import { OP_NAMES, OPS, type OpName, TERMINATORS, TYPE_SETS } from '../../src/dmir/ops.ts';
import { isFloat, TYPE_BITS, TYPES, type Type } from '../../src/dmir/types.ts';
import { isConversion, OPERAND_CLASSES } from '../../src/dmir/typing.ts';
import { oneIn, pick, type RandomSource, randomValue } from './random-values.ts';

export interface RandomModuleOptions {
  /** Number of closed functions; 3 unless told. */
  readonly closedCount?: number;
  /** Number of open functions; 1 unless told. */
  readonly openCount?: number;
  /** Most regions of code of a function; 4 unless told. */
  readonly bodiesMax?: number;
  /** Most operations of a body; 8 unless told. */
  readonly opsMax?: number;
  /** Most bodies that one activation enters; 6 unless told. */
  readonly fuelMax?: number;
  /** Types of values in closed functions; all unless told. */
  readonly types?: readonly Type[];
  /** Whether an operation may occur; all may unless told. Terminators are not asked for. */
  readonly allows?: (op: OpName) => boolean;
  /** Types of addresses and sizes; i32, i64 and i256 unless told. */
  readonly addressTypes?: readonly Type[];
  /** Whether open functions suspend for a host function; they do unless told. */
  readonly hosts?: boolean;
}

/** Written by the module generator, so that callers know what a run needs. */
export const RANDOM_REGIONS = [
  { name: 'mem', bounds: 'trap', writable: true, min: 512, max: 1024 },
  { name: 'heap', bounds: 'charge', writable: true, min: 0, max: 65536 },
  { name: 'input', bounds: 'zero', writable: false, min: 64, max: 64 },
] as const;
export const RANDOM_SPACES = ['slot', 'transient'] as const;

type Settings = Required<RandomModuleOptions>;

/** Operations that control flow itself places. */
const PLACED: ReadonlySet<OpName> = new Set<OpName>(['call', 'call_indirect', 'charge']);

/** Operations that would end most runs, or hide what others do to the gas. */
const RARE: ReadonlySet<OpName> = new Set<OpName>([
  'refund_add',
  'charge_dyn',
  'cell_consume',
  'cell_insert_once',
]);

export function randomModule(random: RandomSource, options: RandomModuleOptions = {}): Module {
  const settings: Settings = {
    closedCount: 3,
    openCount: 1,
    bodiesMax: 4,
    opsMax: 8,
    fuelMax: 6,
    types: TYPES,
    allows: () => true,
    addressTypes: ['i32', 'i64', 'i256'],
    hosts: true,
    ...options,
  };
  const module = createModule('random');
  module.regions = RANDOM_REGIONS.map((region) => ({ ...region }));
  module.spaces = [...RANDOM_SPACES];
  module.hosts.push({
    name: 'ask',
    params: ['i256'],
    results: ['i256'],
    gas: random.below(200),
    reads: ['slot'],
    writes: [],
    deterministic: oneIn(random, 2),
  });
  const closed = Array.from({ length: settings.closedCount }, (_, index) => {
    return createFuncBuilder(module, `f${index}`, randomSignature(random, settings.types));
  });
  const open = Array.from({ length: settings.openCount }, (_, index) => {
    return createFuncBuilder(module, index === 0 ? 'main' : `open${index}`, { open: true });
  });
  closed.forEach((builder, index) => {
    const callees = closed.slice(index + 1).map((each) => each.func);
    new BodyWriter(random, settings, builder, callees).writeClosed();
  });
  for (const builder of open) {
    const callees = closed.map((each) => each.func);
    new BodyWriter(random, settings, builder, callees).writeOpen();
  }
  return module;
}

function randomSignature(
  random: RandomSource,
  types: readonly Type[],
): { params: Type[]; results: Type[] } {
  const list = (max: number): Type[] =>
    Array.from({ length: random.below(max + 1) }, () => pick(random, types));
  return { params: list(3), results: list(2) };
}

/** Block ids: the entry, the end, then a head and a body for each region of code. */
const ENTRY = 0;
const END = 1;
const headId = (index: number): number => 16 + 16 * index;
const bodyId = (index: number): number => 17 + 16 * index;
const landingId = (index: number): number => 18 + 16 * index;

class BodyWriter {
  readonly #random: RandomSource;
  readonly #settings: Settings;
  readonly #builder: FuncBuilder;
  readonly #ops: readonly OpName[];
  /** At most one call site is left to a closed function. */
  #callees: readonly Func[];
  /** Registers that may be used in the block at hand, with their types. */
  #pool: RegId[] = [];

  constructor(
    random: RandomSource,
    settings: Settings,
    builder: FuncBuilder,
    callees: readonly Func[],
  ) {
    this.#random = random;
    this.#settings = settings;
    this.#builder = builder;
    this.#callees = callees;
    this.#ops = OP_NAMES.filter(
      (op) => !TERMINATORS.has(op) && !PLACED.has(op) && settings.allows(op),
    );
  }

  writeClosed(): void {
    const builder = this.#builder;
    const { params, results } = builder.func;
    const count = 1 + this.#random.below(this.#settings.bodiesMax);
    const heads = Array.from({ length: count }, () => this.#typeList(3));
    this.#pool = builder.block(ENTRY, params);
    this.#charge();
    this.#writeOps();
    const entryPool = this.#pool;
    builder.br(headId(0), this.#fuel(), ...this.#values(heads[0]!));
    heads.forEach((types, index) => {
      this.#pool = [...entryPool];
      this.#writeHead(index, types, results);
      builder.block(bodyId(index));
      this.#charge();
      this.#writeOps();
      this.#endClosed(heads);
    });
    const values = builder.block(END, results);
    builder.end('return', { args: values });
  }

  /** Takes fuel and values; without fuel the function ends. */
  #writeHead(index: number, types: readonly Type[], results: readonly Type[]): void {
    const builder = this.#builder;
    const [fuel, ...values] = builder.block(headId(index), ['i64', ...types]);
    this.#pool.push(...values);
    const isEmpty = builder.op('iszero', 'i64', fuel!);
    this.#left = builder.op('sub', 'i64', fuel!, 1n);
    builder.brIf(isEmpty, [END, ...this.#values(results)], [bodyId(index)]);
  }

  /** Fuel for the next head. */
  #left: RegId = 0;

  #endClosed(heads: readonly (readonly Type[])[]): void {
    const builder = this.#builder;
    const random = this.#random;
    const edge = (): [number, ...number[]] => {
      const index = random.below(heads.length);
      return [headId(index), this.#left, ...this.#values(heads[index]!)];
    };
    switch (random.below(8)) {
      case 0:
        this.#endByReturn();
        return;
      case 1:
      case 2:
        builder.br(...edge());
        return;
      case 3: {
        const targets = Array.from({ length: 1 + random.below(4) }, edge);
        const type = pick(random, TYPE_SETS.word);
        builder.end('br_table', { type, args: [this.#value(type)], targets });
        return;
      }
      case 4:
        if (oneIn(random, 4)) builder.end('trap', { imm: 17 });
        else builder.br(...edge());
        return;
      default:
        builder.brIf(this.#value('i1'), edge(), edge());
    }
  }

  /** Returns, or leaves the return to a function with the same results. */
  #endByReturn(): void {
    const builder = this.#builder;
    const { results } = builder.func;
    const callee = this.#callees.find((each) => each.results.join() === results.join());
    if (callee === undefined || !this.#settings.allows('tail_call')) {
      builder.end('return', { args: this.#values(results) });
      return;
    }
    const imm = builder.module.funcs.indexOf(callee);
    const args = this.#values(callee.params);
    if (this.#settings.allows('tail_call_indirect') && oneIn(this.#random, 3)) {
      const place = this.#constant('i64', BigInt(imm));
      builder.end('tail_call_indirect', { imm, args: [place, ...args] });
    } else {
      builder.end('tail_call', { imm, args });
    }
  }

  writeOpen(): void {
    const builder = this.#builder;
    const random = this.#random;
    const count = 1 + random.below(this.#settings.bodiesMax);
    builder.pc = 0;
    this.#pool = builder.block(ENTRY);
    this.#charge();
    this.#writeOps();
    const values = Array.from({ length: 4 + random.below(5) }, () => this.#value('i256'));
    builder.br(headId(0), ...values, this.#constant('i256', this.#randomFuel()));
    for (let index = 0; index < count; index++) {
      builder.pc = headId(index);
      const slots = builder.block(headId(index), this.#slots(1 + random.below(3)));
      const fuel = slots.at(-1)!;
      this.#charge();
      const isEmpty = builder.op('iszero', 'i256', fuel);
      const left = builder.op('sub', 'i256', fuel, 1n);
      builder.brIf(isEmpty, [END], [bodyId(index), ...slots.slice(0, -1), left]);
      this.#writeOpenBody(index, count);
    }
    this.#writeEnd();
  }

  #slots(count: number): Type[] {
    return new Array<Type>(count).fill('i256');
  }

  #writeOpenBody(index: number, count: number): void {
    const builder = this.#builder;
    const random = this.#random;
    builder.pc += 1;
    const slots = builder.block(bodyId(index), this.#slots(1 + random.below(3)));
    this.#left = slots.at(-1)!;
    this.#pool = [...slots];
    this.#charge();
    this.#writeOps();
    const values = (): number[] => {
      return Array.from({ length: random.below(4) }, () => this.#value('i256'));
    };
    const edge = (): [number, ...number[]] => {
      return [headId(random.below(count)), ...values(), this.#left];
    };
    const choice = random.below(this.#settings.hosts ? 7 : 6);
    if (choice === 0) {
      builder.br(...edge());
    } else if (choice === 1) {
      const targets = Array.from({ length: 1 + random.below(4) }, edge);
      builder.end('br_table', { type: 'i256', args: [this.#value('i256')], targets });
    } else if (choice <= 3) {
      const [a, b] = [random.below(count), random.below(count)].map((each) => BigInt(headId(each)));
      const wrong = oneIn(random, 4) ? 7n : b!;
      const pc = builder.op('select', 'i256', this.#value('i1'), a!, wrong);
      builder.dispatch('i256', pc, ...values(), this.#left);
    } else if (choice <= 5) {
      builder.brIf(this.#value('i1'), edge(), edge());
    } else {
      this.#writeSuspend(index, count, values());
    }
  }

  /** The host's result stands above the fuel, so a landing block swaps them. */
  #writeSuspend(index: number, count: number, values: readonly number[]): void {
    const builder = this.#builder;
    const args = [this.#value('i256')];
    builder.end('suspend', {
      imm: 'ask',
      args,
      targets: [[landingId(index), ...values, this.#left]],
    });
    const [fuel, answer] = builder.block(landingId(index), ['i256', 'i256']);
    builder.br(headId(this.#random.below(count)), answer!, fuel!);
  }

  #writeEnd(): void {
    const builder = this.#builder;
    this.#pool = builder.block(END);
    const op = pick(this.#random, ['stop', 'finish', 'revert'] as const);
    if (op === 'stop') builder.end('stop');
    else builder.end(op, { type: 'i256', imm: 'mem', args: [0n, 64n] });
  }

  #randomFuel(): bigint {
    return BigInt(1 + this.#random.below(this.#settings.fuelMax));
  }

  #fuel(): number {
    return this.#constant('i64', this.#randomFuel());
  }

  #typeList(max: number): Type[] {
    const { types } = this.#settings;
    const length = this.#random.below(max + 1);
    return Array.from({ length }, () => pick(this.#random, types));
  }

  #charge(): void {
    if (!this.#settings.allows('charge') || oneIn(this.#random, 2)) return;
    this.#builder.inst('charge', { imm: this.#random.below(50) });
  }

  #writeOps(): void {
    const count = this.#random.below(this.#settings.opsMax + 1);
    for (let index = 0; index < count; index++) {
      if (oneIn(this.#random, 8)) this.#charge();
      if (this.#callees.length > 0 && this.#settings.allows('call') && oneIn(this.#random, 12)) {
        this.#writeCall();
      } else {
        this.#writeOp();
      }
    }
  }

  #writeCall(): void {
    const callee = pick(this.#random, this.#callees);
    this.#callees = [];
    const index = this.#builder.module.funcs.indexOf(callee);
    const args = this.#values(callee.params);
    const isIndirect = this.#settings.allows('call_indirect') && oneIn(this.#random, 3);
    const results = isIndirect
      ? this.#builder.inst('call_indirect', {
          imm: index,
          args: [this.#constant('i64', BigInt(index)), ...args],
        })
      : this.#builder.inst('call', { imm: index, args });
    this.#pool.push(...results);
  }

  /** One operation of the table; those that trap are made less often, so that runs go on. */
  #writeOp(): void {
    const random = this.#random;
    const op = pick(random, this.#ops);
    const row = OPS[op];
    if (row.traps.length > 0 && row.effect === 'pure' && !oneIn(random, 4)) return;
    if (RARE.has(op) && !oneIn(random, 4)) return;
    const allowed = (TYPE_SETS[row.types] as readonly Type[]).filter(
      (type) => this.#builder.func.open || this.#settings.types.includes(type),
    );
    if (row.types !== 'none' && allowed.length === 0) return;
    const type = row.types === 'none' ? 'i64' : pick(random, allowed);
    const args = this.#args(op, type);
    if (args === null) return;
    this.#pool.push(...this.#builder.inst(op, { type, args, imm: this.#imm(op) }));
  }

  #imm(op: OpName): number {
    const random = this.#random;
    const writes = OPS[op].effect === 'write-memory';
    const region = (): number => random.below(writes ? 2 : RANDOM_REGIONS.length);
    switch (OPS[op].imm) {
      case 'region':
        return region();
      case 'regions':
        return region() * 256 + random.below(RANDOM_REGIONS.length);
      case 'space':
        return random.below(RANDOM_SPACES.length);
      default:
        return 0;
    }
  }

  /** Operands of the operation, or null where the block has no value for one. */
  #args(op: OpName, type: Type): number[] | null {
    const args: number[] = [];
    const isMemory = OPS[op].imm === 'region' || OPS[op].imm === 'regions';
    for (const entry of OPERAND_CLASSES[op]) {
      if (entry === '*') {
        args.push(...this.#values(this.#slots(this.#random.below(5))));
      } else if (entry === 'A' && isConversion(op)) {
        const source = this.#conversionSource(op, type);
        if (source === null) return null;
        args.push(source);
      } else if (entry === 'A') {
        args.push(this.#address(pick(this.#random, this.#settings.addressTypes)));
      } else if (entry === 'T' && isMemory && args.length < addressCount(op)) {
        args.push(this.#address(type));
      } else if (op === 'charge_dyn') {
        args.push(this.#constant(type, BigInt(this.#random.below(100))));
      } else {
        args.push(this.#value(entry === 'T' ? type : entry));
      }
    }
    return args;
  }

  #conversionSource(op: OpName, type: Type): number | null {
    const fits = this.#pool.filter((register) => {
      const from = this.#builder.func.types[register]!;
      if (isFloat(from)) return false;
      const isNarrower = TYPE_BITS[from] < TYPE_BITS[type];
      return op === 'trunc' ? TYPE_BITS[from] > TYPE_BITS[type] : isNarrower;
    });
    return fits.length === 0 ? null : pick(this.#random, fits);
  }

  /** An address or size: mostly small, so that most accesses are in bounds. */
  #address(type: Type): number {
    if (oneIn(this.#random, 24)) return this.#value(type);
    // An address constant without a register counts as i64, which is as good.
    return this.#constant(type, BigInt(this.#random.below(oneIn(this.#random, 8) ? 600 : 128)));
  }

  #values(types: readonly Type[]): number[] {
    return types.map((type) => this.#value(type));
  }

  #value(type: Type): number {
    const fits = this.#pool.filter((register) => this.#builder.func.types[register] === type);
    if (fits.length > 0 && !oneIn(this.#random, 4)) return pick(this.#random, fits);
    return this.#constant(type, randomValue(this.#random, type));
  }

  #constant(type: Type, value: bigint): number {
    return this.#builder.constant(BigInt.asUintN(TYPE_BITS[type], value));
  }
}

/** How many operands of type `T` at the front are addresses or sizes. */
function addressCount(op: OpName): number {
  switch (op) {
    case 'mem_copy':
    case 'mem_fill':
    case 'mem_compare':
      return 3;
    case 'keccak256':
    case 'log':
      return 2;
    case 'mem_grow':
      return 1;
    default:
      return 0;
  }
}
