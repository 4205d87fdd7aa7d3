/**
 * Functions of the kernel for compiled code: a block whose last operation is done by one of them
 * leaves what the interpreter leaves, whatever the gas; arithmetic equals the interpreter's.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallOptions } from '../../src/chain/types.ts';
import { createFuncBuilder, createModule } from '../../src/dmir/builder.ts';
import type { OpName } from '../../src/dmir/ops.ts';
import { Kernel, type KernelExports } from '../../src/engines/interpreter/kernel.ts';
import { ModuleRunner } from '../../src/engines/interpreter/module.ts';
import * as L from '../../src/kernel/layout.ts';
import { SPACES } from '../../src/state/cells.ts';
import { Assembler } from '../oracle/assembly.ts';
import { SENDER, TARGET } from '../oracle/case.ts';
import { observe } from '../oracle/observe.ts';
import { createPrng } from '../support/prng.ts';
import { randomWord } from '../support/words.ts';
import { createTarget, HOP_GAS, headerOf, hop, leave, wrapBody } from './compiled.ts';

const PLACE = 1;
const SCRATCH = L.RT_SCRATCH_BASE;
const MISSING = -(2n ** 63n);

/** What a compiled block can reach. */
interface Context {
  readonly kernel: Kernel;
  readonly exports: KernelExports;
  readonly fp: number;
  /** Address just above the top item of the stack. */
  readonly sp: number;
  /** Fetches a cell of the frame's owner; where it was missing the operation is done again. */
  fetch(space: number, key: number): void;
}

interface Operation {
  readonly name: string;
  /** Items of the stack, bottom first; a text is the place of a word of the call data. */
  readonly items: readonly (bigint | number | 'first' | 'second')[];
  readonly opcode: string;
  /** Does the operation; gas as the kernel's functions tell it. */
  readonly run: (context: Context, gas: bigint) => bigint;
  readonly pushes?: boolean;
  /** The status with which it ends the frame. */
  readonly ends?: number;
  /** Inputs of the calls, two words each. */
  readonly data?: readonly (readonly [first: bigint, second: bigint])[];
  readonly gasMax?: number;
  readonly isStatic?: boolean;
}

/** A block with the operation, then one that returns the memory and the result. */
function codeOf({ items, opcode, pushes, ends }: Operation) {
  const code = new Assembler();
  // What the memory holds, and something in front of the operands.
  code
    .push(0x1122334455667788n << 190n)
    .op('PUSH0', 'MSTORE')
    .push(0xbeef);
  for (const item of items) {
    if (item === 'first') code.op('PUSH0', 'CALLDATALOAD');
    else if (item === 'second') code.push(32).op('CALLDATALOAD');
    else code.push(item);
  }
  hop(code, code.newLabel());
  const at = code.size - 1;
  code.op(opcode);
  if (ends === undefined) hop(code, code.newLabel());
  const tail = code.size - 1;
  if (pushes) code.push(0x300).op('MSTORE');
  code.op('MSIZE').push(0x320).op('MSTORE').push(0x340).op('MSTORE').push(0x360);
  code.op('PUSH0', 'RETURN');
  return { code: code.finish(), at, tail };
}

/** A target that does the operation by a function of the kernel. */
function createCompiled(operation: Operation) {
  const { run, items, pushes = false, ends } = operation;
  const { code, at, tail } = codeOf(operation);
  const { machine, program } = createTarget(code);
  const interpreter = machine.executor.machine;
  const { kernel } = interpreter;
  const header = headerOf(kernel, program.block(at));
  let fetches = 0;
  const fetch = (space: number, key: number): void => {
    fetches++;
    interpreter.fetchCell(space, key);
  };
  const body = (fp: number, sp: number, gasBefore: bigint, stepsBefore: bigint): number => {
    const steps = stepsBefore + header.steps;
    let gas = gasBefore - header.gas;
    const { exports } = kernel;
    kernel.refresh();
    gas = gas < 0n ? BigInt(-L.TRAP_OUT_OF_GAS) : run({ kernel, exports, fp, sp, fetch }, gas);
    const top = sp - 32 * (items.length - (pushes ? 1 : 0));
    if (gas >= 0n) {
      const state = { pc: program.addressOf(tail), sp: top, gas, steps };
      return leave(kernel, fp, state, ends ?? L.STATUS_CONTINUE);
    }
    kernel.refresh();
    kernel.u32[(fp + L.F_DETAIL) / 4] = Number(-gas);
    return leave(kernel, fp, { pc: 0, sp, gas: 0n, steps }, L.STATUS_TRAP);
  };
  kernel.table.set(PLACE, wrapBody(body));
  program.install(at, PLACE);
  return { machine, fetches: () => fetches };
}

function toData(words: readonly bigint[]): `0x${string}` {
  return `0x${words.map((word) => word.toString(16).padStart(64, '0')).join('')}`;
}

function compare(operation: Operation): void {
  const { data = [[0n, 0n]], gasMax, isStatic = false } = operation;
  const { machine: plain } = createTarget(codeOf(operation).code);
  const { machine: compiled, fetches } = createCompiled(operation);
  const statuses = new Set<string>();
  const check = (gas: bigint, words: readonly bigint[]): void => {
    const call: CallOptions = {
      to: TARGET,
      from: SENDER,
      gas,
      data: toData(words),
      static: isStatic,
    };
    const expected = observe(plain, plain.call(call));
    const ours = observe(compiled, compiled.call(call));
    statuses.add(expected.status);
    assert.deepEqual(ours, expected, `${operation.name} with ${gas} gas of ${words.join()}`);
  };
  for (const words of data) check(10_000_000n, words);
  for (let gas = 0; gas < (gasMax ?? 0); gas++) check(BigInt(gas), data[gas % data.length]!);
  if (!isStatic && gasMax !== undefined) assert.ok(statuses.has('halt'), operation.name);
  if (!isStatic) assert.ok(statuses.size > (gasMax === undefined ? 0 : 1), operation.name);
  if (operation.opcode === 'SLOAD' || operation.opcode === 'SSTORE') assert.ok(fetches() > 0);
}

/** Words at the top of the stack, top first, copied in a row. */
function copyTop({ kernel, sp }: Context, count: number): number {
  for (let i = 0; i < count; i++) kernel.copyWord(SCRATCH + 32 * i, sp - 32 * (i + 1));
  return SCRATCH;
}

function copies(opcode: string, regions: number): Operation[] {
  const data = [0n, 1n, 31n, 32n, 40n, 64n, 65n, 1n << 32n, 1n << 64n, 1n << 255n].flatMap(
    (source) =>
      [0n, 1n, 32n, 33n, 100n, 1n << 32n, 1n << 200n].map((size) => [source, size] as const),
  );
  const run: Operation['run'] = ({ exports, fp, sp }, gas) =>
    exports.rtCopy(fp, regions, sp - 32, sp - 64, sp - 96, gas);
  return [7, 0x100, 1n << 32n, 1n << 255n].map((target) => ({
    ...{ name: `${opcode} to ${target}`, items: ['second', 'first', target], opcode, run, data },
    gasMax: 300,
  }));
}

const RANGES = [0n, 1n, 31n, 32n, 33n, 64n, 0x200n, 0xffff_ffffn, 1n << 32n, 1n << 255n].flatMap(
  (offset) =>
    [0n, 1n, 32n, 64n, 65n, 137n, 0xffff_ffffn, 1n << 32n, 1n << 64n].map(
      (size) => [offset, size] as const,
    ),
);

const run32: Operation['run'] = ({ kernel, exports, fp, sp }, gas) => {
  if (kernel.readWord(sp - 32) >> 32n !== 0n) return BigInt(-L.TRAP_OUT_OF_GAS);
  const left = exports.rtGrow(fp, kernel.readWord(sp - 32), 32n, gas);
  kernel.refresh();
  if (left < 0n) return left;
  const base = kernel.u32[(fp + L.F_REGIONS + L.R_BASE) / 4]!;
  const at = base + Number(kernel.readWord(sp - 32));
  kernel.writeBytesAsWord(sp - 32, kernel.u8.slice(at, at + 32));
  return left;
};

const MEMORY: readonly Operation[] = [
  {
    ...{ name: 'rtGrow', items: ['first'], opcode: 'MLOAD', run: run32, pushes: true },
    data: RANGES,
    gasMax: 400,
  },
  {
    name: 'rtGrow256',
    items: ['second', 'first'],
    opcode: 'MSTORE',
    run: ({ kernel, exports, fp, sp }, gas) => {
      kernel.writeWord(SCRATCH, 32n);
      const left = exports.rtGrow256(fp, sp - 32, SCRATCH, gas);
      kernel.refresh();
      if (left < 0n) return left;
      const base = kernel.u32[(fp + L.F_REGIONS + L.R_BASE) / 4]!;
      const bytes = kernel.readWordAsBytes(sp - 64, 32);
      kernel.u8.set(bytes, base + Number(kernel.readWord(sp - 32)));
      return left;
    },
    data: RANGES,
    gasMax: 400,
  },
  {
    name: 'rtStore8',
    items: ['second', 'first'],
    opcode: 'MSTORE8',
    run: ({ kernel, exports, fp, sp }, gas) =>
      exports.rtStore8(fp, sp - 32, kernel.u32[(sp - 64) / 4]!, gas),
    data: RANGES,
    gasMax: 400,
  },
  {
    name: 'rtLoadZero',
    items: ['first'],
    opcode: 'CALLDATALOAD',
    run: ({ exports, fp, sp }, gas) => {
      exports.rtLoadZero(fp, 1, sp - 32, sp - 32);
      return gas;
    },
    pushes: true,
    data: [0n, 1n, 31n, 32n, 33n, 63n, 64n, 1n << 32n, 1n << 64n, 1n << 200n].map((at) => [
      at,
      0x0102030405060708n << 170n,
    ]),
  },
  {
    name: 'rtKeccak',
    items: ['second', 'first'],
    opcode: 'KECCAK256',
    run: ({ exports, fp, sp }, gas) => exports.rtKeccak(fp, sp - 64, sp - 32, sp - 64, gas),
    pushes: true,
    data: RANGES,
    gasMax: 400,
  },
  ...copies('CALLDATACOPY', 1),
  ...copies('CODECOPY', 2),
  ...copies('RETURNDATACOPY', 3),
  ...copies('MCOPY', 0),
];

const EFFECTS: readonly Operation[] = [
  ...[L.STATUS_FINISH, L.STATUS_REVERT].map((ends): Operation => {
    const run: Operation['run'] = ({ exports, fp, sp }, gas) =>
      exports.rtFinish(fp, sp - 32, sp - 64, gas);
    const opcode = ends === L.STATUS_FINISH ? 'RETURN' : 'REVERT';
    const items = ['second', 'first'] as const;
    return { name: `rtFinish ${opcode}`, items, opcode, run, ends, data: RANGES, gasMax: 400 };
  }),
  ...[0, 1, 2, 3, 4].flatMap((count) =>
    [false, true].map((isStatic): Operation => {
      const run: Operation['run'] = (context, gas) =>
        context.exports.rtLog(context.fp, count, copyTop(context, count + 2), gas);
      const items = [5, 6n << 200n, 7, 8n << 248n].slice(4 - count);
      return {
        ...{ name: `rtLog ${count}${isStatic ? ' static' : ''}`, opcode: `LOG${count}`, run },
        ...{ items: [...items, 'second', 'first'], data: RANGES, gasMax: 4000, isStatic },
      };
    }),
  ),
  {
    name: 'rtChargeDyn',
    items: ['second', 'first'],
    opcode: 'EXP',
    run: ({ kernel, exports, sp }, gas) => {
      const digits = kernel
        .readWord(sp - 64)
        .toString(16)
        .replace(/^0$/, '').length;
      kernel.writeWord(SCRATCH, BigInt(Math.ceil(digits / 2) * 50));
      const left = exports.rtChargeDyn(SCRATCH, gas);
      if (left >= 0n) exports.rtPow(sp - 64, sp - 32, sp - 64);
      return left;
    },
    pushes: true,
    data: [0n, 1n, 255n, 256n, 1n << 200n].map((exponent) => [3n, exponent] as const),
    gasMax: 2000,
  },
];

function loads(opcode: string, space: number): Operation {
  return {
    name: `rtCellLoad of ${opcode}`,
    items: ['first'],
    opcode,
    run: ({ exports, fp, sp, fetch }, gas) => {
      const left = exports.rtCellLoad(fp, space, sp - 32, sp - 32, gas);
      if (left !== MISSING) return left;
      fetch(space, sp - 32);
      return exports.rtCellLoad(fp, space, sp - 32, sp - 32, gas);
    },
    pushes: true,
    data: [
      [0n, 0n],
      [1n << 255n, 0n],
    ],
    gasMax: 2500,
  };
}

function stores(opcode: string, space: number, isStatic: boolean): Operation {
  return {
    name: `rtCellStore of ${opcode}${isStatic ? ' static' : ''}`,
    items: ['second', 'first'],
    opcode,
    run: ({ exports, fp, sp, fetch }, gas) => {
      // The block has charged for the hop behind the store.
      const store = (): bigint => exports.rtCellStore(fp, space, sp - 32, sp - 64, gas + HOP_GAS);
      let left = store();
      if (left === MISSING) {
        fetch(space, sp - 32);
        left = store();
      }
      if (left < 0n) return left;
      return left < HOP_GAS ? BigInt(-L.TRAP_OUT_OF_GAS) : left - HOP_GAS;
    },
    data: [
      [0n, 0n],
      [0n, 1n],
      [0n, 2n],
      [1n << 200n, 5n],
      [1n << 200n, 0n],
    ],
    gasMax: isStatic || opcode === 'TSTORE' ? 400 : 23_000,
    isStatic,
  };
}

const { slot, transient } = SPACES;
const CELLS: readonly Operation[] = [
  loads('SLOAD', slot.number),
  loads('TLOAD', transient.number),
  ...[false, true].flatMap((isStatic) => [
    stores('SSTORE', slot.number, isStatic),
    stores('TSTORE', transient.number, isStatic),
  ]),
];

for (const operation of [...MEMORY, ...EFFECTS, ...CELLS]) {
  test(operation.name, () => compare(operation));
}

type Arithmetic = (kernel: KernelExports, ...addresses: [number, number, number, number]) => void;

/** By dMIR operation, with operands behind the destination. */
const ARITHMETIC: Readonly<Partial<Record<OpName, Arithmetic>>> = {
  mul: (k, d, a, b) => k.rtMul(d, a, b),
  udiv_zero: (k, d, a, b) => k.rtUdiv(d, a, b),
  sdiv_zero: (k, d, a, b) => k.rtSdiv(d, a, b),
  urem_zero: (k, d, a, b) => k.rtUrem(d, a, b),
  srem_zero: (k, d, a, b) => k.rtSrem(d, a, b),
  addmod: (k, d, a, b, m) => k.rtAddmod(d, a, b, m),
  mulmod: (k, d, a, b, m) => k.rtMulmod(d, a, b, m),
  pow: (k, d, a, b) => k.rtPow(d, a, b),
  umulhi: (k, d, a, b) => k.rtUmulhi(d, a, b),
  smulhi: (k, d, a, b) => k.rtSmulhi(d, a, b),
  sext_byte: (k, d, a, b) => k.rtSext(d, a, b),
  byte_be: (k, d, a, b) => k.rtByte(d, a, b),
  shl_sat: (k, d, a, b) => k.rtShl(d, a, b),
  ushr_sat: (k, d, a, b) => k.rtUshr(d, a, b),
  sshr_sat: (k, d, a, b) => k.rtSshr(d, a, b),
  clz: (k, d, a) => k.rtClz(d, a),
};

const ARITY: Readonly<Partial<Record<OpName, number>>> = { clz: 1, addmod: 3, mulmod: 3 };

for (const [name, run] of Object.entries(ARITHMETIC)) {
  test(`${name} equals the interpreter's`, () => {
    const op = name as OpName;
    const kernel = new Kernel();
    const module = createModule();
    const types = new Array<'i256'>(ARITY[op] ?? 2).fill('i256');
    const builder = createFuncBuilder(module, 'f', { params: types, results: ['i256'] });
    const args = builder.block(0, types);
    builder.end('return', { args: builder.inst(op, { type: 'i256', args }) });
    const runner = new ModuleRunner(module, kernel);
    const random = createPrng(name.length);
    for (let i = 0; i < 600; i++) {
      const values = types.map((_, index) => {
        return i % 2 === 0 && index < 2 ? BigInt(random.below(300)) : randomWord(random);
      });
      if (i % 3 === 0) values[random.below(values.length)] = randomWord(random);
      const [expected] = runner.run('f', values).results;
      // The destination apart, then over each of the operands.
      for (let target = 0; target <= types.length; target++) {
        values.forEach((value, index) => {
          kernel.writeWord(SCRATCH + 32 * index, value);
        });
        const d = SCRATCH + 32 * target;
        run(kernel.exports, d, SCRATCH, SCRATCH + 32, SCRATCH + 64);
        assert.equal(kernel.readWord(d), expected, `${name} of ${values.join()}`);
      }
    }
  });
}
