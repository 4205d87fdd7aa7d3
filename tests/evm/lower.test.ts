/**
 * Whole contracts as dMIR: what the lowering makes verifies, prints, parses back to the same text,
 * and is the same module after its binary form.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { decodeModule, encodeModule } from '../../src/dmir/bytecode/container.ts';
import { formatDiagnostic } from '../../src/dmir/diagnostics.ts';
import type { Func, Module } from '../../src/dmir/ir.ts';
import { TRAP_KINDS } from '../../src/dmir/ops.ts';
import { parseModule } from '../../src/dmir/parse.ts';
import { printModule } from '../../src/dmir/print.ts';
import { verifyModule } from '../../src/dmir/verify.ts';
import { BLOCK_BAD_JUMP, BLOCK_DROP, BLOCK_DYNAMIC, HOST_NAMES } from '../../src/vms/evm/abi.ts';
import { assemble } from '../../src/vms/evm/assemble.ts';
import { findJumpDestinations } from '../../src/vms/evm/decode.ts';
import { FORKS, type Fork, LATEST_FORK } from '../../src/vms/evm/forks.ts';
import { lowerPart, lowerProgram } from '../../src/vms/evm/module.ts';
import { OP, OPCODES, opcodesOf } from '../../src/vms/evm/opcodes.ts';
import { compileLives } from '../lives/compile.ts';
import { TARGET } from '../oracle/case.ts';
import { generateCase } from '../oracle/generate.ts';

const PROGRAMS = 300;
const INVALID = TRAP_KINDS.indexOf('invalid-opcode');

function checkModule(module: Module, what: string): void {
  const violations = verifyModule(module).map((each) => formatDiagnostic(each));
  assert.deepEqual(violations.slice(0, 5), [], what);
  const text = printModule(module);
  const parsed = parseModule(text);
  assert.deepEqual(parsed.errors.slice(0, 5), [], what);
  assert.equal(printModule(parsed.module), text, what);
  assert.equal(printModule(decodeModule(encodeModule(module))), text, what);
}

function checkCode(code: Uint8Array, what: string, lengthMax?: number): Func {
  const options = { fork: LATEST_FORK, ...(lengthMax === undefined ? {} : { lengthMax }) };
  const module = lowerProgram(code, options);
  checkModule(module, what);
  const func = module.funcs[0] as Func;
  findJumpDestinations(code).forEach((isDestination, pc) => {
    if (isDestination === 1) assert.ok(func.blocks.has(pc), `${what}: no block at ${pc}`);
  });
  return func;
}

test(`${PROGRAMS} generated programs`, () => {
  for (let seed = 0; seed < PROGRAMS; seed++) {
    const { value } = generateCase({ seed, specimens: [] });
    const code = value.accounts.find(({ address }) => address === TARGET)?.code as Uint8Array;
    checkCode(code, `seed ${seed}`);
    // With a block for each instruction every instruction is the end of one.
    checkCode(code, `seed ${seed}, short blocks`, 1);
  }
});

test('contracts of the compiler', async () => {
  for (const { name, init, runtime } of await compileLives()) {
    checkCode(init, `${name}, init code`);
    checkCode(runtime, name);
  }
});

/** Codes that have the opcode on operands of the caller, on constants, and on a computed value. */
function codesAround(byte: number): Uint8Array[] {
  const tail = [OP.STOP, OP.JUMPDEST, OP.STOP];
  const constants = Array.from({ length: 17 }, (_, i) => [OP.PUSH1, i]).flat();
  const computed = Array.from({ length: 17 }, () => OP.CALLVALUE);
  return [[], constants, computed].map((before) => Uint8Array.from([...before, byte, ...tail]));
}

for (const fork of FORKS) {
  test(`all 256 opcodes of ${fork}`, () => {
    const { valid } = opcodesOf(fork as Fork);
    for (let byte = 0; byte < 256; byte++) {
      const what = `0x${byte.toString(16)} ${OPCODES[byte]?.name ?? ''}`;
      for (const code of codesAround(byte)) {
        const module = lowerProgram(code, { fork: fork as Fork });
        checkModule(module, what);
        const { blocks } = module.funcs[0] as Func;
        const insts = blocks.get(0)!.insts;
        const isRefused = insts.some(({ op, imm }) => op === 'trap' && imm === INVALID);
        assert.equal(isRefused, valid[byte] === 0 || byte === OP.INVALID, what);
        const host = (HOST_NAMES as readonly string[]).indexOf(OPCODES[byte]?.name ?? '');
        if (host < 0 || valid[byte] === 0) continue;
        assert.ok(
          insts.some(({ op, imm }) => op === 'suspend' && imm === host),
          what,
        );
      }
    }
  });
}

test('blocks without a program counter are there where something leads to them', () => {
  const code = assemble('CALLVALUE CALLDATASIZE JUMPI PUSH1 0x40 JUMP JUMPDEST STOP');
  const func = checkCode(code, 'jumps');
  const ids = [...func.blocks.keys()];
  assert.deepEqual(ids, [0, 3, 6, BLOCK_DYNAMIC, BLOCK_BAD_JUMP, BLOCK_DROP + 3]);
  assert.deepEqual(
    ids.map((id) => func.blocks.get(id)?.insts.at(-1)?.op),
    ['br_if', 'br', 'stop', 'dispatch', 'trap', 'br'],
  );
});

test('a limit on the work leaves blocks out and counts them', () => {
  const code = new Uint8Array(24_576).fill(OP.JUMPDEST);
  const { module, blocksLeft } = lowerPart(code, { fork: LATEST_FORK }, 1000);
  assert.ok(blocksLeft > 0);
  assert.ok((module.funcs[0] as Func).blocks.size <= 1000);
  // Also a module that lacks blocks can be looked at.
  assert.ok(printModule(module).length > 0);
});
