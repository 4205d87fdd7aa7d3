/**
 * Instances of WebAssembly modules, on any engine. A store holds them and what they share; a
 * call runs the module of dMIR that what the callee reaches is linked to, and what it changed is
 * there for the next one, also where it trapped.
 */
import { LockstepError } from '../../base/errors.ts';
import { CodeLimitError } from '../../dmir/bytecode/encode-function.ts';
import type { TrapKind } from '../../dmir/ops.ts';
import { Kernel } from '../../engines/interpreter/kernel.ts';
import {
  type ModuleResult,
  ModuleRunner,
  RegionLimitError,
  type RunnerOptions,
} from '../../engines/interpreter/module.ts';
import type { EngineName } from '../../engines/names.ts';
import { type FuncEntity, type Instance, reachOf } from '../../vms/wasm/entities.ts';
import { DEFAULT_GAS, type WasmGas } from '../../vms/wasm/gas.ts';
import { DEFAULT_LIMITS, type WasmLimits } from '../../vms/wasm/limits.ts';
import { markers } from '../../vms/wasm/linkage.ts';
import { type Imports, Linker } from '../../vms/wasm/linker.ts';
import { WasmProgram } from '../../vms/wasm/program.ts';
import type { WasmModule } from '../../vms/wasm/types.ts';

export interface StoreOptions {
  readonly limits?: WasmLimits;
  readonly gas?: WasmGas;
  /** The kernel is the store's until another user takes it. */
  readonly kernel?: Kernel;
  /** What runs functions; `interpreter` unless told. */
  readonly engine?: EngineName | undefined;
  /** Of the engine `chaos`: a 32-bit number that decides every change. */
  readonly seed?: number | undefined;
}

export interface CallOptions {
  /** Gas at the start, below 2^63; 2^63 - 1 unless told. */
  readonly gas?: bigint;
  /** The call ends at the first block that it enters after as many operations of dMIR. */
  readonly stepsMax?: bigint;
}

/** How a call ended; `steps` where it met the limit on them. */
export interface WasmOutcome {
  readonly kind: 'return' | 'trap' | 'steps';
  /** Bit patterns; a reference to a function is its place, null is 0. */
  readonly results: readonly bigint[];
  readonly trap: TrapKind | null;
  readonly gasUsed: bigint;
}

/** An instance, or the trap of its segments or its start function. */
export type Instantiation =
  | { readonly kind: 'instance'; readonly instance: Instance; readonly gasUsed: bigint }
  | { readonly kind: 'trap'; readonly trap: TrapKind; readonly gasUsed: bigint }
  | { readonly kind: 'steps'; readonly gasUsed: bigint };

/** A linked instance with its runner, good until another instance is made. */
interface Loaded {
  readonly instance: Instance;
  readonly instanceCount: number;
  readonly program: WasmProgram;
  readonly runner: ModuleRunner;
}

export class WasmStore {
  readonly linker: Linker;
  readonly #gas: WasmGas;
  readonly #kernel: Kernel;
  readonly #runner: RunnerOptions;
  #loaded: Loaded | undefined;

  constructor(options: StoreOptions = {}) {
    const { limits = DEFAULT_LIMITS, gas = DEFAULT_GAS, kernel, engine, seed } = options;
    this.linker = new Linker(limits);
    this.#runner = { engine, seed };
    this.#gas = gas;
    this.#kernel = kernel ?? new Kernel();
  }

  /**
   * Makes an instance and runs its start function.
   *
   * @throws LockstepError L1605 for imports that are not there or of another type
   */
  instantiate(module: WasmModule, imports: Imports, options: CallOptions = {}): Instantiation {
    const linked = this.linker.instantiate(module, imports);
    if (linked.kind === 'trap') return { ...linked, gasUsed: 0n };
    const { instance } = linked;
    const start = module.start === undefined ? undefined : instance.funcs[module.start];
    if (start === undefined) return { kind: 'instance', instance, gasUsed: 0n };
    const { kind, trap, gasUsed } = this.call(start, [], options);
    if (kind === 'return') return { kind: 'instance', instance, gasUsed };
    if (kind === 'steps') return { kind, gasUsed };
    return { kind, trap: trap as TrapKind, gasUsed };
  }

  /**
   * Calls a function with bit patterns of its parameter types.
   *
   * @throws LockstepError L1605 where what it reaches has more memories and tables than a machine
   * @throws LockstepError L1607 for code that is larger than the machine can hold; the call then
   *   changed nothing
   */
  call(func: FuncEntity, args: readonly bigint[], options: CallOptions = {}): WasmOutcome {
    const { source } = func;
    if (source.kind === 'host') {
      const results = source.run(args);
      return { kind: 'return', results, trap: null, gasUsed: 0n };
    }
    if (source.kind !== 'body') throw new Error('BUG: a call of what is no function');
    const { program, runner } = this.#load(source.instance);
    const given = [...args, ...markers(func.type).map(() => 0n)];
    try {
      const result = runner.run(func.place, given, {
        gas: options.gas,
        stepsMax: options.stepsMax,
        memory: program.content(),
        host: (host, values) => this.#answer(host.name, values),
      });
      program.keep(result.memory);
      return toOutcome(program, result);
    } catch (error) {
      const isLimit = error instanceof CodeLimitError || error instanceof RegionLimitError;
      if (!isLimit) throw error;
      this.#loaded = undefined;
      throw new LockstepError('L1607', { problem: error.message });
    }
  }

  #answer(name: string, args: readonly bigint[]): readonly bigint[] {
    const source = this.linker.funcs[Number(name.slice(1))]?.source;
    if (source?.kind !== 'host') throw new Error(`BUG: no function of the host ${name}`);
    return source.run(args);
  }

  /** Links anew where there are more instances since, or another one was run in between. */
  #load(instance: Instance): Loaded {
    const { instanceCount } = this.linker;
    const known = this.#loaded;
    if (known?.instance === instance && known.instanceCount === instanceCount) return known;
    const { funcs, limits } = this.linker;
    const program = new WasmProgram(reachOf(instance), {
      ...{ funcs, limits, gas: this.#gas },
      signature: (type) => this.linker.signature(type),
      vector: (name) => this.linker.vector(name),
    });
    const runner = new ModuleRunner(program.module, this.#kernel, program, this.#runner);
    this.#loaded = { instance, instanceCount, program, runner };
    return this.#loaded;
  }
}

/** A trap gives back what was charged for instructions behind it. */
function toOutcome(program: WasmProgram, result: ModuleResult): WasmOutcome {
  const { end, results, trap, trapAt } = result;
  const back = trapAt === null ? 0n : program.unusedGas(trapAt.func, trapAt.pc);
  const gasUsed = result.gasUsed - back;
  switch (end) {
    case 'return':
    case 'trap':
    case 'steps':
      return { kind: end, results, trap, gasUsed };
    default:
      throw new Error(`BUG: a WebAssembly function ended by ${end}`);
  }
}
