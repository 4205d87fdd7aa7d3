/**
 * Runs dMIR modules: sets up regions, cells and a frame in the kernel, and answers what the loop
 * returns with. Functions are encoded when a run first enters them; where another engine than the
 * interpreter was asked for, closed ones are compiled.
 *
 * A run ends with a value, whatever the module does. Its module must verify.
 */

import { LockstepError } from '../../base/errors.ts';
import { FORM } from '../../dmir/bytecode/forms.ts';
import { layoutOf } from '../../dmir/bytecode/frame-layout.ts';
import { failedCharge } from '../../dmir/bytecode/piece.ts';
import type { Block, Func, HostDecl, Module, Region } from '../../dmir/ir.ts';
import type { FunctionSource } from '../../dmir/lazy.ts';
import { TRAP_KINDS, type TrapKind } from '../../dmir/ops.ts';
import { DEFAULT_SCHEDULE, type Schedule } from '../../dmir/schedule.ts';
import { TYPE_BITS, type Type } from '../../dmir/types.ts';
import * as L from '../../kernel/layout.ts';
import type { EngineName } from '../names.ts';
import { ModuleTier } from '../tiers/modules.ts';
import { Kernel } from './kernel.ts';
import { ModuleProgram, type PlacedPiece } from './module-program.ts';
import { HEAP_END, placeRegions, RegionLimitError } from './region-layout.ts';

export { RegionLimitError } from './region-layout.ts';

const GAS_MAX = (1n << 63n) - 1n;
const MASK_64 = (1n << 64n) - 1n;
const SLOT = 32;
const WINDOW_SLOTS = 1024;
const FRAME = L.FRAMES_BASE;
const KEY = L.SCRATCH_BASE;
const VALUE = L.SCRATCH_BASE + SLOT;
/** The kernel's numbers of a module's cell spaces begin here, apart from those of accounts. */
const SPACES_FIRST = 0x100;
/** Cells of a space of this name live for one run and cost a flat fee. */
const TRANSIENT_SPACE = 'transient';

/** A cell of a module's space. */
export interface ModuleCell {
  readonly space: string;
  readonly key: bigint;
  readonly value: bigint;
}

export interface ModuleLog {
  readonly topics: readonly bigint[];
  readonly data: Uint8Array;
}

/** Answers a suspension: bit patterns of the host's results. */
export type ModuleHost = (host: HostDecl, args: readonly bigint[]) => readonly bigint[];

export interface RunOptions {
  /** Gas at the start, below 2^63; 2^63 - 1 unless told. */
  readonly gas?: bigint | undefined;
  /** Whether writes of the state trap. */
  readonly isStatic?: boolean;
  /** Contents of regions at the start, by name. */
  readonly memory?: ReadonlyMap<string, Uint8Array>;
  /** Cells that exist at the start; all others are empty. */
  readonly cells?: Iterable<ModuleCell>;
  readonly schedule?: Schedule;
  /** Without it the run ends at its first suspension. */
  readonly host?: ModuleHost;
  /**
   * The run ends at the first block that it enters after as many steps; no limit unless told. A run
   * with a limit is interpreted, since compiled code counts no steps.
   */
  readonly stepsMax?: bigint | undefined;
}

/** Which operation ended the run; `steps` for the limit on them. */
export type ModuleEnd = 'return' | 'stop' | 'finish' | 'revert' | 'trap' | 'suspend' | 'steps';

export interface ModuleResult {
  readonly status: 'success' | 'revert' | 'trap' | 'suspended' | 'paused';
  readonly end: ModuleEnd;
  /** Bit patterns that a closed function returned. */
  readonly results: bigint[];
  readonly trap: TrapKind | null;
  /** The operation that trapped: its function, and where it comes from; null at a block's entry. */
  readonly trapAt: TrapPlace | null;
  readonly gasUsed: bigint;
  readonly gasLeft: bigint;
  readonly refund: bigint;
  /** dMIR operations that were interpreted; one that trapped counts. */
  readonly steps: bigint;
  /** Output of `finish` and `revert`. */
  readonly output: Uint8Array;
  /** Contents of the regions at the end, by name. */
  readonly memory: ReadonlyMap<string, Uint8Array>;
  /** Cells that exist, unless they were there and untouched; as before the run if that failed. */
  readonly cells: readonly ModuleCell[];
  readonly logs: readonly ModuleLog[];
  /** The host function and its operands where the run ended at a suspension. */
  readonly suspended: { readonly host: string; readonly args: readonly bigint[] } | null;
}

export interface TrapPlace {
  /** Place of the function in the module. */
  readonly func: number;
  /** Source program counter; -1 where there is none. */
  readonly pc: number;
}

/** Where a region lies in the heap. */
interface PlacedRegion {
  readonly region: Region;
  readonly base: number;
}

export interface RunnerOptions {
  /** `interpreter` unless told. */
  readonly engine?: EngineName | undefined;
  /** Of the engine `chaos`: a 32-bit number that decides every change. */
  readonly seed?: number | undefined;
}

/** A module in a kernel of its own. */
export class ModuleRunner {
  readonly module: Module;
  readonly program: ModuleProgram;
  readonly engine: EngineName;
  readonly #kernel: Kernel;
  readonly #spaces: readonly number[];
  readonly #tier: ModuleTier;

  /**
   * The kernel is the runner's until another runner takes it.
   *
   * @param source - Gives functions their blocks where the module only declares them.
   */
  constructor(
    module: Module,
    kernel: Kernel = new Kernel(),
    source?: FunctionSource,
    { engine = 'interpreter', seed }: RunnerOptions = {},
  ) {
    this.module = module;
    this.engine = engine;
    this.#kernel = kernel;
    this.#spaces = module.spaces.map((name, index) => {
      return name === TRANSIENT_SPACE ? L.SPACE_TRANSIENT : SPACES_FIRST + index;
    });
    this.program = new ModuleProgram(kernel, module, this.#spaces, source);
    const bases = (): readonly number[] => placeRegions(module, new Map()).bases;
    const { program } = this;
    this.#tier = new ModuleTier({ kernel, program, frame: FRAME, bases, engine, seed });
  }

  /**
   * Runs the function of the name, or at the place, on bit patterns.
   *
   * @throws RangeError for an unknown function, wrong arguments, and gas of 2^63 or more
   * @throws RegionLimitError for regions that the machine has no memory for
   * @throws LockstepError L2002 where the run needs more cells, logs or memory than the machine has
   * @throws CodeLimitError for a function that is larger than bytecode can say
   */
  run(name: string | number, args: readonly bigint[], options: RunOptions = {}): ModuleResult {
    const { funcs } = this.module;
    const index = typeof name === 'number' ? name : funcs.findIndex((func) => func.name === name);
    const func = funcs[index];
    if (func === undefined) throw new RangeError(`The module has no function @${name}.`);
    checkValues(`@${func.name}`, func.params, args);
    const gas = options.gas ?? GAS_MAX;
    if (gas < 0n || gas > GAS_MAX) throw new RangeError(`The gas ${gas} is not below 2^63.`);
    const parts = { kernel: this.#kernel, program: this.program, spaces: this.#spaces };
    return new Run({ ...parts, tier: this.#tier }, options).run(index, args, gas);
  }
}

/** Runs a function of a module that verifies, once. See `ModuleRunner.run`. */
export function runModule(
  module: Module,
  func: string,
  args: readonly bigint[],
  options: RunOptions = {},
): ModuleResult {
  return new ModuleRunner(module).run(func, args, options);
}

function checkValues(owner: string, types: readonly Type[], values: readonly bigint[]): void {
  if (values.length !== types.length) {
    throw new RangeError(`${owner} takes ${types.length} values, not ${values.length}.`);
  }
  values.forEach((value, i) => {
    const type = types[i] as Type;
    if (value >> BigInt(TYPE_BITS[type]) === 0n) return;
    throw new RangeError(`${owner}: value ${i + 1}, ${value}, is no bit pattern of ${type}.`);
  });
}

/** What all runs of a module share. */
interface RunnerParts {
  readonly kernel: Kernel;
  readonly program: ModuleProgram;
  readonly spaces: readonly number[];
  readonly tier: ModuleTier;
}

class Run {
  readonly #kernel: Kernel;
  readonly #program: ModuleProgram;
  readonly #spaces: readonly number[];
  readonly #tier: ModuleTier;
  readonly #options: RunOptions;
  #regions: readonly PlacedRegion[] = [];
  #owner = 0;
  #trapAt: TrapPlace | null = null;

  constructor({ kernel, program, spaces, tier }: RunnerParts, options: RunOptions) {
    this.#kernel = kernel;
    this.#program = program;
    this.#spaces = spaces;
    this.#tier = tier;
    this.#options = options;
  }

  run(index: number, args: readonly bigint[], gas: bigint): ModuleResult {
    const func = this.#program.module.funcs[index] as Func;
    const memory = this.#options.memory ?? new Map<string, Uint8Array>();
    const isGrown =
      func.open ||
      this.#program.module.regions.some(({ name, max }) => {
        return (memory.get(name)?.length ?? 0) > max;
      });
    // Compiled code counts no steps, and knows where regions begin that are as they were declared.
    this.#tier.begin(index, this.#options.stepsMax === undefined && !isGrown);
    this.#setMachine();
    this.#setFrame(index, func, gas);
    this.#setRegions(memory);
    this.#setCells();
    this.#writeValues(L.WINDOW_BASE + SLOT, func.params, args);
    this.#kernel.exports.checkpoint(FRAME + L.F_CHECKPOINT);
    return this.#advance(func, gas);
  }

  // ---- set-up

  #setMachine(): void {
    const { u32, u64, exports } = this.#kernel;
    const machine = L.MACHINE_BASE;
    exports.evictAll();
    u64[(machine + L.M_STEPS) / 8] = 0n;
    u64[(machine + L.M_STEP_LIMIT) / 8] = this.#options.stepsMax ?? MASK_64;
    u32[(machine + L.M_HEAP_LIMIT) / 4] = HEAP_END;
    const schedule = this.#options.schedule ?? DEFAULT_SCHEDULE;
    for (const [entry, name] of SCHEDULE_PLACES) u64[L.SCHEDULE_BASE / 8 + entry] = schedule[name];
    u64[L.SCHEDULE_BASE / 8 + L.S_STORE_RULE] = 1n;
  }

  #setFrame(index: number, func: Func, gas: bigint): void {
    const { u8, u32, u64, exports } = this.#kernel;
    const { jumps, jumpMask } = this.#program.function(index);
    const entry = this.#program.entry(index);
    u8.fill(0, FRAME, FRAME + L.FRAME_BYTES);
    u8.fill(0, VALUE, VALUE + SLOT);
    this.#owner = exports.internOwner(VALUE);
    const window = L.WINDOW_BASE + SLOT;
    const set = (field: number, value: number): void => {
      u32[(FRAME + field) / 4] = value;
    };
    set(L.F_PC, entry);
    set(L.F_SP, window);
    set(L.F_WINDOW_BASE, window);
    set(L.F_WINDOW_LIMIT, func.open ? window + WINDOW_SLOTS * SLOT : L.WINDOW_END);
    set(L.F_CALL_LIMIT, L.WINDOW_END);
    u64[(FRAME + L.F_GAS) / 8] = gas;
    set(L.F_JUMPS, jumps);
    set(L.F_JUMPS_MASK, jumpMask);
    set(L.F_FLAGS, this.#options.isStatic === true ? L.FLAG_STATIC : 0);
    set(L.F_OWNER, this.#owner);
    set(L.F_CONTROL, L.CONTROL_BASE);
    set(L.F_FUNCTIONS, this.#program.table);
    set(L.F_FUNCTION_COUNT, this.#program.module.funcs.length);
  }

  #setRegions(memory: ReadonlyMap<string, Uint8Array>): void {
    const kernel = this.#kernel;
    const { module } = this.#program;
    const { bases, top } = placeRegions(module, memory);
    this.#regions = module.regions.map((region, i) => ({ region, base: bases[i] as number }));
    this.#regions.forEach(({ region, base }, index) => {
      const given = memory.get(region.name) ?? NOTHING;
      const length = Math.max(region.min, given.length);
      if (kernel.exports.reserve(BigInt(base + length)) === 0) {
        const what = `${length} bytes of the region ${region.name}`;
        throw new RegionLimitError(`The platform has no memory for ${what}.`);
      }
      kernel.refresh();
      kernel.u8.set(given, base);
      kernel.u8.fill(0, base + given.length, base + length);
      const used = (L.MACHINE_BASE + L.M_HEAP_USED) / 4;
      kernel.u32[used] = Math.max(kernel.u32[used] as number, base + length);
      const at = (FRAME + L.F_REGIONS + index * L.REGION_BYTES) / 4;
      kernel.u32[at + L.R_BASE / 4] = base;
      kernel.u32[at + L.R_LENGTH / 4] = length;
      kernel.u32[at + L.R_MAX / 4] = region.max;
      kernel.u32[at + L.R_FLAGS / 4] =
        BOUNDS_FLAGS[region.bounds] | (region.writable ? L.REGION_WRITABLE : 0);
    });
    kernel.u32[(FRAME + L.F_HEAP_TOP) / 4] = top;
  }

  #setCells(): void {
    const kernel = this.#kernel;
    for (const { space, key, value } of this.#options.cells ?? []) {
      const index = this.#program.module.spaces.indexOf(space);
      if (index < 0) throw new RangeError(`The module has no cell space ${space}.`);
      kernel.writeWord(KEY, key);
      kernel.writeWord(VALUE, value);
      kernel.exports.insertCell(this.#spaces[index] as number, this.#owner, KEY, VALUE, 1);
    }
  }

  // ---- values in the window

  #writeValues(base: number, types: readonly Type[], values: readonly bigint[]): void {
    const { offsets } = layoutOf(types);
    types.forEach((type, i) => {
      const address = base + (offsets[i] as number);
      const value = values[i] as bigint;
      if (TYPE_BITS[type] > 64) this.#kernel.writeWord(address, value);
      else this.#kernel.u64[address / 8] = value;
    });
  }

  #readValues(base: number, types: readonly Type[]): bigint[] {
    const { offsets } = layoutOf(types);
    return types.map((type, i) => {
      const address = base + (offsets[i] as number);
      if (TYPE_BITS[type] > 64) return this.#kernel.readWord(address);
      return this.#kernel.u64[address / 8] as bigint;
    });
  }

  #field(offset: number): number {
    return this.#kernel.u32[(FRAME + offset) / 4] as number;
  }

  // ---- running

  #advance(func: Func, gas: bigint): ModuleResult {
    const kernel = this.#kernel;
    for (;;) {
      const status = kernel.exports.run(FRAME, this.#tier.budget);
      kernel.refresh();
      kernel.checkLimits();
      switch (status) {
        case L.STATUS_YIELD:
          if (this.#isPaused()) return this.#result('steps', gas, {});
          this.#tier.yielded();
          break;
        case L.STATUS_LOWER:
          this.#tier.lowered(this.#field(L.F_DETAIL));
          kernel.u32[(FRAME + L.F_PC) / 4] = this.#program.entry(this.#field(L.F_DETAIL));
          break;
        case L.STATUS_UNWIND:
          this.#tier.unwind();
          break;
        case L.STATUS_ARRIVE:
          // The table of a function is complete: what is not in it is no destination.
          kernel.u32[(FRAME + L.F_DETAIL) / 4] = L.TRAP_BAD_JUMP;
          kernel.u32[(FRAME + L.F_SAVED_PC) / 4] = this.#field(L.F_PC);
          this.#settleTrap();
          return this.#result('trap', gas, { trap: 'bad-jump' });
        case L.STATUS_MISSING:
          this.#insertEmpty();
          break;
        case L.STATUS_SUSPEND: {
          const suspended = this.#suspend(func);
          if (suspended !== null) return this.#result('suspend', gas, { suspended });
          break;
        }
        case L.STATUS_RETURN:
          return this.#result('return', gas, {
            results: this.#readValues(this.#field(L.F_SP), func.results),
          });
        case L.STATUS_FINISH:
          return this.#result(this.#isStop() ? 'stop' : 'finish', gas, {});
        case L.STATUS_REVERT:
          return this.#result('revert', gas, {});
        case L.STATUS_TRAP:
          this.#settleTrap();
          return this.#result('trap', gas, { trap: trapKind(this.#field(L.F_DETAIL)) });
        default:
          throw new Error(`BUG: the interpreter returned status ${status}`);
      }
    }
  }

  #isPaused(): boolean {
    const { u64 } = this.#kernel;
    const machine = L.MACHINE_BASE / 8;
    return (
      (u64[machine + L.M_STEPS / 8] as bigint) >= (u64[machine + L.M_STEP_LIMIT / 8] as bigint)
    );
  }

  #isStop(): boolean {
    return (this.#kernel.view.getUint16(this.#field(L.F_PC), true) as number) === FORM.STOP;
  }

  #insertEmpty(): void {
    const kernel = this.#kernel;
    kernel.writeWord(VALUE, 0n);
    const [space, key] = [this.#field(L.F_DETAIL), this.#field(L.F_DETAIL2)];
    if (kernel.exports.insertCell(space, this.#owner, key, VALUE, 0) !== 0) return;
    throw new LockstepError('L2002', { what: 'cells' });
  }

  /** Has the host answer; what was asked where there is no host. */
  #suspend(func: Func): ModuleResult['suspended'] {
    const kernel = this.#kernel;
    const host = this.#program.module.hosts[this.#field(L.F_DETAIL)] as HostDecl;
    const sp = this.#field(L.F_SP);
    const isOpen = func.open && this.#field(L.F_CALL_DEPTH) === 0;
    const args = isOpen
      ? host.params.map((_, i) => kernel.readWord(sp - SLOT * (i + 1)))
      : this.#readValues(sp, host.params);
    if (this.#options.host === undefined) return { host: host.name, args };
    const results = this.#options.host(host, args);
    checkValues(`The answer of @${host.name}`, host.results, results);
    const base = isOpen ? sp - SLOT * args.length : sp;
    this.#writeValues(base, host.results, results);
    if (isOpen) kernel.u32[(FRAME + L.F_SP) / 4] = base + SLOT * results.length;
    return null;
  }

  /**
   * Makes gas and steps of a trap exact: what the piece counted and charged for operations that did
   * not run is taken back.
   */
  #settleTrap(): void {
    const { u32, u64, view } = this.#kernel;
    const pc = u32[(FRAME + L.F_SAVED_PC) / 4] as number;
    const piece = this.#program.pieceAt(pc);
    const steps = (L.MACHINE_BASE + L.M_STEPS) / 8;
    const gas = (FRAME + L.F_GAS) / 8;
    const isOutOfGas = this.#field(L.F_DETAIL) === L.TRAP_OUT_OF_GAS;
    const isEntry = pc === piece.address;
    // The window is checked before anything is charged or counted.
    if (isEntry && !isOutOfGas) return;
    const { insts } = this.#program.lower(piece.index).blocks.get(piece.block) as Block;
    let index = isEntry ? piece.first : instructionAt(piece, pc);
    const isCharge = isEntry || view.getUint16(pc, true) === FORM.CHARGE;
    if (isCharge) {
      const charged = isEntry ? BigInt(view.getUint32(pc + L.H_GAS, true)) : 0n;
      const before = BigInt.asUintN(64, (u64[gas] as bigint) + charged);
      const failed = failedCharge(this.#program.module, insts, index, before);
      index = failed.index;
      u64[gas] = failed.gas;
    }
    const counted = isEntry ? 0 : piece.count;
    u64[steps] = (u64[steps] as bigint) + BigInt(index + 1 - piece.first - counted);
    const inst = insts[index];
    if (!isCharge && inst !== undefined) this.#trapAt = { func: piece.index, pc: inst.pc };
  }

  // ---- outcome

  #result(
    end: ModuleEnd,
    gas: bigint,
    more: Partial<Pick<ModuleResult, 'results' | 'trap' | 'suspended'>>,
  ): ModuleResult {
    const kernel = this.#kernel;
    const status = STATUSES[end];
    if (status !== 'success') kernel.exports.rollback(FRAME + L.F_CHECKPOINT);
    const gasLeft = kernel.u64[(FRAME + L.F_GAS) / 8] as bigint;
    const out = this.#field(L.F_OUT_BASE);
    const hasOutput = end === 'finish' || end === 'revert';
    return {
      status,
      end,
      results: [],
      trap: null,
      trapAt: this.#trapAt,
      suspended: null,
      gasUsed: gas - gasLeft,
      gasLeft,
      refund: BigInt.asIntN(64, kernel.u64[(L.MACHINE_BASE + L.M_REFUND) / 8] as bigint),
      steps: kernel.u64[(L.MACHINE_BASE + L.M_STEPS) / 8] as bigint,
      output: hasOutput ? kernel.u8.slice(out, out + this.#field(L.F_OUT_LENGTH)) : NOTHING,
      memory: this.#readMemory(),
      cells: this.#readCells(),
      logs: this.#readLogs(),
      ...more,
    };
  }

  #readMemory(): Map<string, Uint8Array> {
    const { u8, u32 } = this.#kernel;
    return new Map(
      this.#regions.map(({ region, base }, index) => {
        const at = (FRAME + L.F_REGIONS + index * L.REGION_BYTES + L.R_LENGTH) / 4;
        return [region.name, u8.slice(base, base + (u32[at] as number))];
      }),
    );
  }

  #readCells(): ModuleCell[] {
    const kernel = this.#kernel;
    const { u32 } = kernel;
    const cells: ModuleCell[] = [];
    const end = u32[(L.MACHINE_BASE + L.M_CELL_TOP) / 4] as number;
    for (let cell = L.CELLS_BASE; cell < end; cell += L.CELL_BYTES) {
      if (((u32[(cell + L.C_FLAGS) / 4] as number) & L.CELL_EXISTS) === 0) continue;
      const index = this.#spaces.indexOf(u32[(cell + L.C_SPACE) / 4] as number);
      const space = this.#program.module.spaces[index] as string;
      const key = kernel.readWord(cell + L.C_KEY);
      cells.push({ space, key, value: kernel.readWord(cell + L.C_VALUE) });
    }
    return cells;
  }

  #readLogs(): ModuleLog[] {
    const kernel = this.#kernel;
    const { u8, u32 } = kernel;
    const count = u32[(L.MACHINE_BASE + L.M_LOG_COUNT) / 4] as number;
    const logs: ModuleLog[] = [];
    let at = L.LOGS_BASE;
    for (let i = 0; i < count; i++) {
      const topicCount = u32[(at + L.L_TOPIC_COUNT) / 4] as number;
      const length = u32[(at + L.L_DATA_LENGTH) / 4] as number;
      const first = at + L.LOG_HEADER_BYTES;
      const topics = Array.from({ length: topicCount }, (_, t) => {
        return bigEndian(u8.subarray(first + t * SLOT, first + (t + 1) * SLOT));
      });
      const data = first + topicCount * SLOT;
      logs.push({ topics, data: u8.slice(data, data + length) });
      at = (data + length + 7) & -8;
    }
    return logs;
  }
}

const NOTHING = new Uint8Array(0);

const STATUSES: Readonly<Record<ModuleEnd, ModuleResult['status']>> = {
  return: 'success',
  stop: 'success',
  finish: 'success',
  revert: 'revert',
  trap: 'trap',
  suspend: 'suspended',
  steps: 'paused',
};

const BOUNDS_FLAGS: Readonly<Record<Region['bounds'], number>> = {
  trap: L.REGION_BOUNDS_TRAP,
  zero: L.REGION_BOUNDS_ZERO,
  charge: L.REGION_BOUNDS_CHARGE,
};

/** Entries of the kernel's schedule. */
const SCHEDULE_PLACES: readonly (readonly [number, keyof Schedule])[] = [
  [L.S_MEMORY_LINEAR, 'memoryLinear'],
  [L.S_MEMORY_QUADRATIC, 'memoryQuadratic'],
  [L.S_COPY_WORD, 'copyWord'],
  [L.S_KECCAK_WORD, 'keccakWord'],
  [L.S_LOG_BYTE, 'logByte'],
  [L.S_CELL_COLD, 'cellCold'],
  [L.S_CELL_WARM, 'cellWarm'],
  [L.S_STORE_SET, 'storeSet'],
  [L.S_STORE_RESET, 'storeReset'],
  [L.S_STORE_CLEAR_REFUND, 'storeClearRefund'],
  [L.S_STORE_SENTRY, 'storeSentry'],
  [L.S_STORE_COLD, 'storeCold'],
  [L.S_TRANSIENT, 'transient'],
];

function trapKind(code: number): TrapKind {
  return TRAP_KINDS[code] ?? 'memory-limit';
}

/** Index of the instruction whose words hold the address. */
function instructionAt({ address, marks }: PlacedPiece, pc: number): number {
  let index = -1;
  for (let i = 0; i < marks.length && address + (marks[i] as number) <= pc; i += 2) {
    index = marks[i + 1] as number;
  }
  if (index < 0) throw new Error(`BUG: a trap at ${pc}, where no instruction can trap`);
  return index;
}

function bigEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}
