/**
 * A small interpreter of dMIR objects: the oracle that the engines are compared with. It runs a
 * whole function (blocks, calls, window, memory, gas, cells, host calls) with BigInt values; pure
 * operations come from `evalPure`. It expects a module that verifies.
 */
import { evalPure, isPureOp } from '../../src/dmir/eval.ts';
import {
  type Block,
  constValue,
  type Func,
  type HostDecl,
  type Inst,
  isConst,
  type Module,
  type Operand,
} from '../../src/dmir/ir.ts';
import { type OpName, TRAP_KINDS, type TrapKind } from '../../src/dmir/ops.ts';
import { TYPE_BITS, type Type } from '../../src/dmir/types.ts';
import { constAddressType, operandTypes } from '../../src/dmir/typing.ts';
import {
  type Cell,
  type LogRecord,
  ReferenceMachine,
  SCHEDULE,
  type Schedule,
  Trap,
} from './reference-machine.ts';

export type HostHandler = (host: HostDecl, args: readonly bigint[]) => readonly bigint[];

export interface ReferenceOptions {
  /** Gas at the start; 2^63 - 1 unless told. */
  readonly gas?: bigint;
  readonly schedule?: Schedule;
  /** Whether writes of the state trap. */
  readonly isStatic?: boolean;
  /** Contents of regions at the start, by name. */
  readonly memory?: ReadonlyMap<string, Uint8Array>;
  /** Cells at the start, by `cellName`; changed by the run. */
  readonly cells?: Map<string, Cell>;
  /** Most slots of the window; 1024 unless told. */
  readonly windowMax?: number;
  /** Most dMIR calls on top of each other; 1024 unless told. */
  readonly callDepthMax?: number;
  /** The run ends with status `steps` after as many operations; a million unless told. */
  readonly stepsMax?: number;
  /** Answers suspensions; without it the run ends with status `suspend`. */
  readonly host?: HostHandler;
}

export type ReferenceStatus =
  | 'return'
  | 'stop'
  | 'finish'
  | 'revert'
  | 'trap'
  | 'suspend'
  | 'steps';

export interface ReferenceResult {
  readonly status: ReferenceStatus;
  /** Results of a closed function that returned. */
  readonly results: bigint[];
  readonly trap: TrapKind | null;
  readonly gasLeft: bigint;
  readonly refund: bigint;
  /** Operations executed, terminators and the one that trapped included. */
  readonly steps: number;
  /** Output of `finish` and `revert`. */
  readonly output: Uint8Array;
  readonly memory: ReadonlyMap<string, Uint8Array>;
  readonly cells: Map<string, Cell>;
  readonly logs: readonly LogRecord[];
  /** Slots of the window at the end, bottom first. */
  readonly window: readonly bigint[];
  /** The host function and its arguments where the status is `suspend`. */
  readonly suspended: { readonly host: string; readonly args: readonly bigint[] } | null;
}

/** Runs the function of the name on bit patterns. */
export function runReference(
  module: Module,
  funcName: string,
  args: readonly bigint[],
  options: ReferenceOptions = {},
): ReferenceResult {
  const func = module.funcs.find((each) => each.name === funcName);
  if (func === undefined) throw new Error(`BUG: no function @${funcName} in the module`);
  return new Run(module, options).run(func, args);
}

/** Ends the frame without a trap. */
class Exit extends Error {
  readonly status: ReferenceStatus;
  readonly results: readonly bigint[];

  constructor(status: ReferenceStatus, results: readonly bigint[] = []) {
    super(status);
    this.status = status;
    this.results = results;
  }
}

/** An activation of a function. */
interface Activation {
  func: Func;
  registers: bigint[];
  block: Block;
  index: number;
}

type Handler = (run: Run, inst: Inst, args: bigint[]) => readonly bigint[];

const MASK_64 = (1n << 64n) - 1n;

function toBytes(value: bigint, size: number, isBig: boolean): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index++) {
    bytes[isBig ? size - 1 - index : index] = Number((value >> BigInt(8 * index)) & 255n);
  }
  return bytes;
}

function fromBytes(bytes: Uint8Array, isBig: boolean): bigint {
  let value = 0n;
  for (const byte of isBig ? bytes : bytes.toReversed()) value = (value << 8n) | BigInt(byte);
  return value;
}

const load =
  (isBig: boolean): Handler =>
  ({ machine }, { imm, type }, [address]) => {
    const size = BigInt(TYPE_BITS[type] / 8);
    return [fromBytes(machine.read(imm, address!, size), isBig)];
  };

const store =
  (isBig: boolean): Handler =>
  ({ machine }, { imm, type }, [address, value]) => {
    machine.write(imm, address!, toBytes(value!, TYPE_BITS[type] / 8, isBig));
    return [];
  };

const finish =
  (status: 'finish' | 'revert'): Handler =>
  (run, { imm }, [address, size]) => {
    run.output = run.machine.read(imm, address!, size!);
    throw new Exit(status);
  };

/** Operations that are neither pure nor move between blocks. */
const HANDLERS: Partial<Record<OpName, Handler>> = {
  load: load(false),
  load_be: load(true),
  load8_u: ({ machine }, { imm }, [address]) => [BigInt(machine.read(imm, address!, 1n)[0]!)],
  store: store(false),
  store_be: store(true),
  store8: ({ machine }, { imm }, [address, value]) => {
    machine.write(imm, address!, toBytes(value!, 1, false));
    return [];
  },
  mem_size: ({ machine }, { imm }) => [BigInt(machine.memory[imm]!.length)],
  mem_grow: ({ machine }, { imm }, [delta]) => [machine.grow(imm, delta!)],
  mem_copy: ({ machine }, { imm }, [target, source, size]) => {
    machine.copy(imm >> 8, imm & 255, target!, source!, size!);
    return [];
  },
  mem_fill: ({ machine }, { imm }, [address, byte, size]) => {
    machine.fill(imm, address!, byte!, size!);
    return [];
  },
  mem_compare: ({ machine }, { imm }, [left, right, size]) => [
    machine.compare(imm, left!, right!, size!) & MASK_64,
  ],
  keccak256: ({ machine }, { imm }, [address, size]) => [machine.keccak(imm, address!, size!)],
  charge: ({ machine }, { imm }) => {
    machine.charge(BigInt(imm));
    return [];
  },
  charge_dyn: ({ machine }, _, [amount]) => {
    machine.charge(amount!);
    return [];
  },
  gas_left: ({ machine }) => [machine.gas],
  refund_add: ({ machine }, _, [amount]) => {
    machine.refund = BigInt.asIntN(64, machine.refund + BigInt.asIntN(64, amount!));
    return [];
  },
  cell_load: ({ machine }, { imm }, [key]) => [machine.loadCell(imm, key!)],
  cell_original: ({ machine }, { imm }, [key]) => [machine.cell(imm, key!).original],
  cell_is_warm: ({ machine }, { imm }, [key]) => [machine.cell(imm, key!).isWarm ? 1n : 0n],
  cell_store: ({ machine }, { imm }, [key, value]) => {
    machine.storeCell(imm, key!, value!);
    return [];
  },
  cell_delete: ({ machine }, { imm }, [key]) => {
    machine.storeCell(imm, key!, 0n).exists = false;
    return [];
  },
  cell_add: ({ machine }, { imm }, [key, delta]) => {
    const { value, exists } = machine.cell(imm, key!);
    const sum = value + BigInt.asIntN(256, delta!);
    const leaves = sum !== BigInt.asUintN(256, sum);
    const cell = machine.storeCell(imm, key!, leaves ? value : sum);
    if (leaves) cell.exists = exists;
    return [leaves ? 1n : 0n];
  },
  cell_insert_once: ({ machine }, { imm }, [key, value]) => {
    machine.denyStatic();
    if (machine.cell(imm, key!).exists) throw new Trap('cell-exists');
    machine.storeCell(imm, key!, value!);
    return [];
  },
  cell_consume: ({ machine }, { imm }, [key]) => {
    machine.denyStatic();
    const { value, exists } = machine.cell(imm, key!);
    if (!exists) throw new Trap('cell-missing');
    machine.storeCell(imm, key!, 0n).exists = false;
    return [value];
  },
  log: ({ machine }, { imm }, [address, size, ...topics]) => {
    machine.log(imm, address!, size!, topics);
    return [];
  },
  stop: () => {
    throw new Exit('stop');
  },
  finish: finish('finish'),
  revert: finish('revert'),
  trap: (_, { imm }) => {
    throw new Trap(TRAP_KINDS[imm]!);
  },
};

class Run {
  readonly machine: ReferenceMachine;
  output: Uint8Array = new Uint8Array(0);
  readonly #module: Module;
  readonly #options: ReferenceOptions;
  readonly #stack: Activation[] = [];
  readonly #window: bigint[] = [];
  #steps = 0;
  #suspended: ReferenceResult['suspended'] = null;

  constructor(module: Module, options: ReferenceOptions) {
    this.#module = module;
    this.#options = options;
    this.machine = new ReferenceMachine(module, {
      gas: options.gas ?? (1n << 63n) - 1n,
      schedule: options.schedule ?? SCHEDULE,
      isStatic: options.isStatic ?? false,
      memory: options.memory ?? new Map(),
      cells: options.cells ?? new Map(),
    });
  }

  run(func: Func, args: readonly bigint[]): ReferenceResult {
    try {
      this.#stack.push(this.#activate(func, args));
      if (func.open) this.#enter(func.blocks.keys().next().value!);
      while (true) this.#step();
    } catch (end) {
      if (end instanceof Trap) return this.#result('trap', [], end.kind);
      if (end instanceof Exit) return this.#result(end.status, end.results, null);
      throw end;
    }
  }

  #result(
    status: ReferenceStatus,
    results: readonly bigint[],
    trap: TrapKind | null,
  ): ReferenceResult {
    const { machine } = this;
    const contents = machine.regions.map(({ name }, index) => {
      return [name, machine.memory[index]!] as const;
    });
    return {
      status,
      results: [...results],
      trap,
      gasLeft: machine.gas,
      refund: machine.refund,
      steps: this.#steps,
      output: this.output,
      memory: new Map(contents),
      cells: machine.cells,
      logs: machine.logs,
      window: this.#window,
      suspended: this.#suspended,
    };
  }

  /** An activation at the entry block; an open function takes its parameters in `#enter`. */
  #activate(func: Func, args: readonly bigint[]): Activation {
    const block: Block = func.blocks.values().next().value!;
    const activation = { func, registers: [] as bigint[], block, index: 0 };
    if (!func.open) this.#assign(activation, block.params, args);
    return activation;
  }

  #assign({ registers }: Activation, ids: readonly number[], values: readonly bigint[]): void {
    if (ids.length !== values.length) {
      throw new Error(`BUG: ${values.length} values for ${ids.length} registers`);
    }
    ids.forEach((id, index) => {
      registers[id] = values[index]!;
    });
  }

  #top(): Activation {
    return this.#stack[this.#stack.length - 1]!;
  }

  #value({ func, registers }: Activation, operand: Operand): bigint {
    if (isConst(operand)) return constValue(func, operand);
    const value = registers[operand];
    if (value === undefined)
      throw new Error(`BUG: register $${operand} was read before it was set`);
    return value;
  }

  #step(): void {
    const top = this.#top();
    const inst = top.block.insts[top.index]!;
    if (this.#steps >= (this.#options.stepsMax ?? 1_000_000)) throw new Exit('steps');
    this.#steps += 1;
    const args = inst.args.map((operand) => this.#value(top, operand));
    if (isPureOp(inst.op)) {
      this.#next(top, inst, this.#pure(top, inst, args));
      return;
    }
    const handler = HANDLERS[inst.op];
    if (handler !== undefined) this.#next(top, inst, handler(this, inst, args));
    else this.#transfer(top, inst, args);
  }

  #next(top: Activation, inst: Inst, results: readonly bigint[]): void {
    this.#assign(top, inst.results, results);
    top.index += 1;
  }

  #pure({ func }: Activation, inst: Inst, args: readonly bigint[]): bigint[] {
    const expected = operandTypes(this.#module, func, inst) ?? [];
    const types = inst.args.map((operand, index): Type => {
      if (!isConst(operand)) return func.types[operand]!;
      const type = expected[index]!;
      return type === 'address' || type === 'integer' ? constAddressType(args[index]!) : type;
    });
    const outcome = evalPure(inst.op, inst.type, types, args);
    if ('trap' in outcome) throw new Trap(outcome.trap);
    return outcome.results;
  }

  /** Moves between blocks and functions. */
  #transfer(top: Activation, inst: Inst, args: bigint[]): void {
    switch (inst.op) {
      case 'br':
        this.#branch(top, inst, 0);
        return;
      case 'br_if':
        this.#branch(top, inst, args[0] === 1n ? 0 : 1);
        return;
      case 'br_table': {
        const last = BigInt(inst.targets.length - 1);
        this.#branch(top, inst, Number(args[0]! < last ? args[0]! : last));
        return;
      }
      case 'dispatch':
        this.#dispatch(top, inst, args[0]!);
        return;
      case 'return':
        this.#return(args);
        return;
      case 'call':
        this.#call(this.#module.funcs[inst.imm]!, args);
        return;
      case 'call_indirect':
        this.#callIndirect(inst, args);
        return;
      case 'tail_call':
        this.#stack[this.#stack.length - 1] = this.#activate(this.#module.funcs[inst.imm]!, args);
        return;
      case 'tail_call_indirect': {
        const [callee, rest] = this.#calleeAt(inst, args);
        this.#stack[this.#stack.length - 1] = this.#activate(callee, rest);
        return;
      }
      case 'suspend':
        this.#suspend(top, inst, args);
        return;
      default:
        throw new Error(`BUG: the reference interpreter has no rule for ${inst.op}`);
    }
  }

  #branch(top: Activation, inst: Inst, index: number, added: readonly bigint[] = []): void {
    const target = inst.targets[index]!;
    const values = [...target.args.map((operand) => this.#value(top, operand)), ...added];
    if (top.func.open) {
      this.#window.push(...values);
      this.#enter(target.block);
      return;
    }
    top.block = top.func.blocks.get(target.block)!;
    top.index = 0;
    this.#assign(top, top.block.params, values);
  }

  /** Enters a block of the open function: it takes its parameters off the window. */
  #enter(id: number): void {
    const top = this.#top();
    const block = top.func.blocks.get(id);
    if (block === undefined) throw new Trap('bad-jump');
    const height = this.#window.length;
    if (height < block.params.length) throw new Trap('stack-underflow');
    if (height + block.grow > (this.#options.windowMax ?? 1024)) throw new Trap('stack-overflow');
    top.block = block;
    top.index = 0;
    top.registers = [];
    this.#assign(top, block.params, this.#window.splice(height - block.params.length));
  }

  #dispatch(top: Activation, inst: Inst, pc: bigint): void {
    const id = Number(pc);
    if (pc >= 1n << 32n || !top.func.blocks.has(id)) throw new Trap('bad-jump');
    this.#window.push(...inst.targets[0]!.args.map((operand) => this.#value(top, operand)));
    this.#enter(id);
  }

  #return(results: readonly bigint[]): void {
    this.#stack.pop();
    if (this.#stack.length === 0) throw new Exit('return', results);
    const caller = this.#top();
    this.#next(caller, caller.block.insts[caller.index]!, results);
  }

  #call(callee: Func, args: readonly bigint[]): void {
    if (this.#stack.length > (this.#options.callDepthMax ?? 1024)) throw new Trap('call-depth');
    this.#stack.push(this.#activate(callee, args));
  }

  #callIndirect(inst: Inst, args: bigint[]): void {
    this.#call(...this.#calleeAt(inst, args));
  }

  /** The function at the place that is the first argument, and the other arguments. */
  #calleeAt(inst: Inst, [index, ...args]: bigint[]): [Func, bigint[]] {
    const signature = this.#module.funcs[inst.imm]!;
    const callee = index! < this.#module.funcs.length ? this.#module.funcs[Number(index)] : null;
    const isRight =
      callee &&
      !callee.open &&
      callee.params.join() === signature.params.join() &&
      callee.results.join() === signature.results.join();
    if (!isRight) throw new Trap('bad-function');
    return [callee, args];
  }

  #suspend(top: Activation, inst: Inst, args: readonly bigint[]): void {
    const host = this.#module.hosts[inst.imm]!;
    this.machine.charge(BigInt(host.gas));
    if (this.#options.host === undefined) {
      this.#suspended = { host: host.name, args };
      throw new Exit('suspend');
    }
    this.#branch(top, inst, 0, this.#options.host(host, args));
  }
}
