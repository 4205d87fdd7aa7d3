/**
 * Runs a closed function on the core machine and gives an outcome of the form of the reference's.
 * Cells and logs go to the reference's machine: to the core they are chips.
 */
import { run } from '../../src/dmir/core/machine.ts';
import {
  PORT_FLAG,
  PORT_KEY,
  PORT_VALUE,
  SPACE_MACHINE,
  SPACE_PORT,
  STATIC_ADDRESS,
} from '../../src/dmir/core/spaces.ts';
import type { CoreChips, CoreMachine } from '../../src/dmir/core/state.ts';
import { expandFunction } from '../../src/dmir/expand/function.ts';
import {
  loadProgram,
  readBytes,
  readResults,
  regionLength,
  valueToWords,
} from '../../src/dmir/expand/load.ts';
import type { HostDecl, Module } from '../../src/dmir/ir.ts';
import type { TrapKind } from '../../src/dmir/ops.ts';
import { TYPE_SLOTS } from '../../src/dmir/types.ts';
import type { HostHandler } from '../support/reference.ts';
import {
  type Cell,
  type LogRecord,
  ReferenceMachine,
  SCHEDULE,
  Trap,
} from '../support/reference-machine.ts';

export interface CoreRunOptions {
  readonly gas: bigint;
  readonly memory: ReadonlyMap<string, Uint8Array>;
  readonly cells: Map<string, Cell>;
  readonly isStatic: boolean;
  readonly callDepthMax?: number;
  readonly host?: HostHandler;
}

export interface CoreRunResult {
  readonly status: string;
  readonly trap: TrapKind | null;
  readonly results: bigint[];
  readonly gasLeft: bigint;
  readonly refund: bigint;
  readonly output: Uint8Array;
  readonly memory: Map<string, Uint8Array>;
  readonly cells: Map<string, Cell>;
  readonly logs: readonly LogRecord[];
  readonly coreSteps: number;
}

const CORE_STEPS_MAX = 5_000_000;

function portWord(machine: CoreMachine, address: number): bigint {
  let value = 0n;
  for (let i = 3; i >= 0; i--)
    value = (value << 64n) | machine.peekSlot(SPACE_PORT, address + 8 * i);
  return value;
}

function setPortWord(machine: CoreMachine, address: number, value: bigint): void {
  for (const [i, word] of valueToWords(value, 'i256').entries()) {
    machine.pokeSlot(SPACE_PORT, address + 8 * i, word);
  }
}

/** The chips over a reference machine, with which gas and refunds are shared for each operation. */
function createChips(journal: ReferenceMachine): CoreChips {
  const guard = (machine: CoreMachine, act: () => void): TrapKind | undefined => {
    journal.gas = machine.gas;
    journal.refund = machine.refund;
    try {
      act();
    } catch (trap) {
      if (trap instanceof Trap) return trap.kind;
      throw trap;
    } finally {
      machine.gas = journal.gas;
      machine.refund = journal.refund;
    }
    return undefined;
  };
  return {
    cell: (machine, action, space) =>
      guard(machine, () => {
        const key = portWord(machine, PORT_KEY);
        const value = portWord(machine, PORT_VALUE);
        const [result, flag] = actOnCell(journal, action, space, key, value);
        setPortWord(machine, PORT_VALUE, result);
        machine.pokeSlot(SPACE_PORT, PORT_FLAG, flag);
      }),
    log: (machine, words, length, topicCount) => {
      const topics = Array.from({ length: topicCount }, (_, i) => portWord(machine, 32 * i));
      const data = Uint8Array.from({ length: Number(length) }, (_, i) =>
        Number(((words[i >> 3] ?? 0n) >> BigInt(8 * (i & 7))) & 0xffn),
      );
      journal.logs.push({ topics, data });
      return undefined;
    },
  };
}

function actOnCell(
  journal: ReferenceMachine,
  action: string,
  space: number,
  key: bigint,
  value: bigint,
): [result: bigint, flag: bigint] {
  switch (action) {
    case 'load':
      return [journal.loadCell(space, key), 0n];
    case 'original':
      return [journal.cell(space, key).original, 0n];
    case 'is-warm':
      return [0n, journal.cell(space, key).isWarm ? 1n : 0n];
    case 'store':
      journal.storeCell(space, key, value);
      return [0n, 0n];
    case 'delete':
      journal.storeCell(space, key, 0n).exists = false;
      return [0n, 0n];
    case 'add': {
      const before = { ...journal.cell(space, key) };
      const sum = before.value + BigInt.asIntN(256, value);
      const leaves = sum !== BigInt.asUintN(256, sum);
      const cell = journal.storeCell(space, key, leaves ? before.value : sum);
      if (leaves) cell.exists = before.exists;
      return [0n, leaves ? 1n : 0n];
    }
    case 'insert-once':
      journal.denyStatic();
      if (journal.cell(space, key).exists) throw new Trap('cell-exists');
      journal.storeCell(space, key, value);
      return [0n, 0n];
    default: {
      journal.denyStatic();
      const { value: before, exists } = journal.cell(space, key);
      if (!exists) throw new Trap('cell-missing');
      journal.storeCell(space, key, 0n).exists = false;
      return [before, 0n];
    }
  }
}

function answerHost(machine: CoreMachine, module: Module, host: HostHandler | undefined): void {
  const decl: HostDecl | undefined = module.hosts[machine.hostFunction];
  if (decl === undefined || host === undefined) throw new Error('BUG: no such host function');
  let at = 0;
  const args = decl.params.map((type) => {
    let value = 0n;
    for (let i = 0; i < TYPE_SLOTS[type]; i++) {
      value |= machine.peekSlot(SPACE_PORT, 8 * at++) << BigInt(64 * i);
    }
    return value;
  });
  const results = host(decl, args);
  machine.resume(decl.results.flatMap((type, i) => valueToWords(results[i] ?? 0n, type)));
}

export function runCore(
  module: Module,
  name: string,
  args: readonly bigint[],
  options: CoreRunOptions,
): CoreRunResult {
  const { gas, memory, cells, isStatic, callDepthMax = 1024 } = options;
  const journal = new ReferenceMachine(module, {
    gas,
    schedule: SCHEDULE,
    isStatic,
    memory: new Map(),
    cells,
  });
  const { memoryLinear, memoryQuadratic, copyWord, keccakWord, logByte } = SCHEDULE;
  const program = expandFunction(module, name);
  const machine = loadProgram(program, module, {
    args,
    gas,
    memory,
    callDepthMax,
    isStatic,
    schedule: [memoryLinear, memoryQuadratic, copyWord, keccakWord, logByte],
    chips: createChips(journal),
  });
  if (machine.peekSlot(SPACE_MACHINE, STATIC_ADDRESS) !== (isStatic ? 1n : 0n)) {
    throw new Error('BUG: the static flag was not loaded');
  }
  while (run(machine, CORE_STEPS_MAX) === 'host') answerHost(machine, module, options.host);
  const { outcome } = machine;
  if (outcome === undefined) throw new Error(`BUG: the core is ${machine.status}, not at an end`);
  const hasOutput = outcome.kind === 'finish' || outcome.kind === 'revert';
  const output =
    hasOutput && outcome.length > 0n
      ? readBytes(machine, outcome.region, Number(outcome.address), Number(outcome.length))
      : new Uint8Array(0);
  return {
    status: outcome.kind,
    trap: outcome.kind === 'trap' ? outcome.trap : null,
    results: outcome.kind === 'return' ? readResults(machine, program.results) : [],
    gasLeft: machine.gas,
    refund: machine.refund,
    output,
    memory: new Map(
      module.regions.map((region, i) => {
        return [region.name, readBytes(machine, i, 0, regionLength(machine, i))];
      }),
    ),
    cells,
    logs: journal.logs,
    coreSteps: machine.steps,
  };
}
