/** Blocks that enter compiled code: the call, how it comes back, installing and its undoing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToBigint } from '../../src/base/u256.ts';
import { FORM } from '../../src/dmir/bytecode/forms.ts';
import { TRAP_KINDS } from '../../src/dmir/ops.ts';
import type { Kernel } from '../../src/engines/interpreter/kernel.ts';
import * as L from '../../src/kernel/layout.ts';
import { Assembler } from '../oracle/assembly.ts';
import { SENDER, TARGET } from '../oracle/case.ts';
import { assembleFunction, createTarget, headerOf, hop, leave, leb, wrapBody } from './compiled.ts';

const CALL = { to: TARGET, from: SENDER, gas: 1_000_000n, data: '0x01' } as const;
const PLACE = 5;

/** Pushes 7, adds 1 in a block of its own, returns the sum. */
function sumCode() {
  const code = new Assembler().push(7);
  hop(code, code.newLabel());
  const add = code.size - 1;
  code.push(1).op('ADD');
  hop(code, code.newLabel());
  const tail = code.size - 1;
  code.op('PUSH0', 'MSTORE').push(32).op('PUSH0', 'RETURN');
  return { code: code.finish(), add, tail };
}

/** Instructions that store a number, or what other instructions give, in the frame. */
function toFrame(offset: number, value: readonly number[], isWide = false): number[] {
  return [0x20, 0, ...value, isWide ? 0x37 : 0x36, 2, ...unsigned(offset)];
}

/** An offset below 2^14. */
function unsigned(offset: number): number[] {
  return offset < 0x80 ? [offset] : [(offset & 0x7f) | 0x80, offset >> 7];
}

const i32 = (value: number) => [0x41, ...leb(value | 0)];
const i64 = (value: number) => [0x42, ...leb(value)];
const local = (index: number) => [0x20, index];

interface Exit {
  status: number;
  pc?: number;
  gas: number;
  /** Further fields of the frame. */
  fields?: readonly (readonly [offset: number, value: number])[];
}

/** A function that stores 100 in the top slot, takes gas, counts two steps and leaves. */
function compiledExit(kernel: Kernel, { status, pc = 0, gas, fields = [] }: Exit) {
  return assembleFunction(kernel, [
    ...[...local(1), ...i32(32), 0x6b, ...i64(100), 0x37, 3, 0],
    ...toFrame(L.F_PC, i32(pc)),
    ...toFrame(L.F_SP, local(1)),
    ...toFrame(L.F_GAS, [...local(2), ...i64(gas), 0x7d], true),
    ...fields.flatMap(([offset, value]) => toFrame(offset, i32(value))),
    ...[...i32(L.MACHINE_BASE), ...local(3), ...i64(2), 0x7c, 0x37, 3, L.M_STEPS],
    ...i32(status),
  ]);
}

test('compiled code goes on at the next block, and uninstalling restores the block', () => {
  const { code, add, tail } = sumCode();
  const { machine, program } = createTarget(code);
  const { kernel } = machine.executor.machine;
  const plain = machine.call(CALL);
  assert.equal(bytesToBigint(plain.output), 8n);
  const address = program.block(add);
  const { bytes } = program.blocks.get(add)!;
  const before = kernel.u8.slice(address, address + bytes);
  const header = headerOf(kernel, address);

  const pc = program.addressOf(tail);
  kernel.table.set(PLACE, compiledExit(kernel, { status: L.STATUS_CONTINUE, pc, gas: 50 }));
  program.install(add, PLACE);
  assert.deepEqual([...program.installed], [[add, PLACE]]);
  assert.equal(program.addressOf(add), address);
  assert.equal(program.idAt(address), add);
  const compiled = machine.call(CALL);
  assert.equal(compiled.status, 'success');
  assert.equal(bytesToBigint(compiled.output), 100n);
  assert.equal(compiled.gasUsed, plain.gasUsed - header.gas + 50n);
  assert.equal(compiled.steps, plain.steps - header.steps + 2n);

  program.uninstall(add);
  assert.equal(program.installed.size, 0);
  assert.deepEqual(kernel.u8.slice(address, address + bytes), before);
  const again = machine.call(CALL);
  assert.deepEqual([again.gasUsed, again.steps], [plain.gasUsed, plain.steps]);
  assert.equal(bytesToBigint(again.output), 8n);
});

test('compiled code ends the frame', () => {
  const { code, add } = sumCode();
  const { machine, program } = createTarget(code);
  const { kernel } = machine.executor.machine;
  machine.call(CALL);
  program.showCode();
  const install = (exit: Exit): void => {
    kernel.table.set(PLACE, compiledExit(kernel, exit));
    program.install(add, PLACE);
  };
  const output = [
    [L.F_OUT_BASE, program.codeAddress],
    [L.F_OUT_LENGTH, 3],
  ] as const;
  install({ status: L.STATUS_FINISH, gas: 10, fields: output });
  const finished = machine.call(CALL);
  assert.equal(finished.status, 'success');
  assert.deepEqual(finished.output, code.slice(0, 3));
  install({ status: L.STATUS_REVERT, gas: 10, fields: output });
  const reverted = machine.call(CALL);
  assert.equal(reverted.status, 'revert');
  assert.equal(reverted.gasUsed, finished.gasUsed);
  for (const kind of [L.TRAP_OUT_OF_GAS, L.TRAP_BAD_JUMP, L.TRAP_STATIC]) {
    install({ status: L.STATUS_TRAP, gas: 10, fields: [[L.F_DETAIL, kind]] });
    const trapped = machine.call(CALL);
    assert.equal(trapped.status, 'halt');
    assert.equal(trapped.reason, TRAP_KINDS[kind]);
    assert.equal(trapped.gasUsed, CALL.gas);
  }
  program.uninstallAll();
  assert.equal(bytesToBigint(machine.call(CALL).output), 8n);
});

test('compiled code gets the arguments of the frame, and the steps at which the run yields', () => {
  const { code, add, tail } = sumCode();
  const { machine, program } = createTarget(code);
  const { kernel } = machine.executor.machine;
  const plain = machine.call(CALL);
  const address = program.block(add);
  const header = headerOf(kernel, address);
  const seen: { top: bigint; gas: bigint; steps: bigint; yieldAt: bigint }[] = [];
  const body = (fp: number, sp: number, gas: bigint, steps: bigint): number => {
    assert.equal(fp, machine.executor.machine.frameAddress);
    const yieldAt = kernel.u64[(L.MACHINE_BASE + L.M_YIELD) / 8]!;
    seen.push({ top: kernel.readWord(sp - 32), gas, steps, yieldAt });
    kernel.writeWord(sp - 32, kernel.readWord(sp - 32) + 1n);
    const left = { gas: gas - header.gas, steps: steps + header.steps };
    return leave(kernel, fp, { pc: program.addressOf(tail), sp, ...left }, L.STATUS_CONTINUE);
  };
  kernel.table.set(PLACE, wrapBody(body));
  program.install(add, PLACE);
  const compiled = machine.call(CALL);
  assert.deepEqual([compiled.gasUsed, compiled.steps], [plain.gasUsed, plain.steps]);
  assert.equal(bytesToBigint(compiled.output), 8n);
  const { top, gas, steps, yieldAt } = seen[0]!;
  assert.equal(top, 7n);
  assert.ok(gas < CALL.gas && gas > CALL.gas - plain.gasUsed);
  assert.ok(steps > 0n && yieldAt > steps && yieldAt < 1n << 32n);

  machine.start(CALL);
  machine.executor.machine.pauseAfter(steps + 1n);
  assert.equal(machine.executor.machine.advance(), undefined);
  assert.equal(seen[1]!.yieldAt, steps + 1n);
});

test('the loop yields before it enters compiled code again, and grows with its memory', () => {
  const code = new Assembler();
  const loop = code.newLabel();
  code.push(0).place(loop).push(1).op('ADD').pushLabel(loop).op('JUMP');
  const { machine, program } = createTarget(code.finish());
  const { kernel } = machine.executor.machine;
  const address = program.addressOf(1);
  let entries = 0;
  const body = (fp: number, sp: number, gas: bigint, steps: bigint): number => {
    entries++;
    const grown = kernel.exports.rtGrow(fp, BigInt(entries) * 0x1_0000n, 1n, gas);
    const next = { pc: address, sp, gas: gas - 10n, steps: steps + 100_000n };
    return leave(kernel, fp, next, grown < 0n ? L.STATUS_FINISH : L.STATUS_CONTINUE);
  };
  kernel.table.set(PLACE, wrapBody(body));
  program.install(1, PLACE);
  assert.equal(machine.call({ ...CALL, gas: 1_000_000n }).status, 'success');
  assert.ok(entries > 3);
  entries = 0;
  machine.start({ ...CALL, gas: 1_000_000n });
  machine.executor.machine.pauseAfter(150_000n);
  assert.equal(machine.executor.machine.advance(), undefined);
  assert.equal(entries, 2);
  assert.equal(machine.executor.machine.blockId(), 1);
});

test('a target that is encoded while the branch to it is displaced reaches the branch', () => {
  // A block ends after 128 instructions, with a JUMP as its only word.
  const code = new Assembler();
  for (let i = 0; i < 128; i++) code.op('JUMPDEST');
  const target = code.size;
  code.op('GAS', 'PUSH0', 'MSTORE').push(32).op('PUSH0', 'RETURN');
  const { machine, program } = createTarget(code.finish());
  const { kernel } = machine.executor.machine;
  program.install(0, PLACE);
  const word = (program.addressOf(0) + L.HEADER_BYTES) / 4;
  assert.deepEqual([kernel.u32[word], kernel.u32[word + 1]], [FORM.ENTER, PLACE]);
  const stub = program.addressOf(target);
  const address = program.block(target);
  assert.notEqual(address, stub);
  program.install(0, PLACE + 1);
  assert.deepEqual([kernel.u32[word], kernel.u32[word + 1]], [FORM.ENTER, PLACE + 1]);
  program.uninstallAll();
  assert.deepEqual([kernel.u32[word], kernel.u32[word + 1]], [FORM.JUMP, address]);
  assert.equal(machine.call(CALL).status, 'success');
});

test('the address of a stub stays good when its block is encoded', () => {
  const { code, add, tail } = sumCode();
  const { machine, program } = createTarget(code);
  const { kernel } = machine.executor.machine;
  const stub = program.addressOf(tail);
  assert.ok(!program.blocks.has(tail));
  assert.equal(program.idAt(stub), tail);
  assert.equal(program.addressOf(tail), stub);
  const exit = { status: L.STATUS_CONTINUE, pc: stub, gas: 1 };
  kernel.table.set(PLACE, compiledExit(kernel, exit));
  program.install(add, PLACE);
  const first = machine.call(CALL);
  assert.ok(program.blocks.has(tail));
  const second = machine.call(CALL);
  for (const { output } of [first, second]) assert.equal(bytesToBigint(output), 100n);
  assert.deepEqual([first.gasUsed, first.steps], [second.gasUsed, second.steps]);
  const word = (stub + L.HEADER_BYTES) / 4;
  assert.equal(kernel.u32[word + 1], program.addressOf(tail));
});

test('what is given up takes nothing back', () => {
  const { code, add } = sumCode();
  const { machine, program } = createTarget(code);
  const { kernel } = machine.executor.machine;
  const address = program.block(add);
  program.install(add, PLACE);
  program.release();
  kernel.u32.fill(0x5555_5555, address / 4, address / 4 + 6);
  program.uninstallAll();
  assert.equal(kernel.u32[address / 4], 0x5555_5555);
  assert.equal(program.installed.size, 0);
  assert.throws(() => program.install(add, PLACE), /BUG/);
});
