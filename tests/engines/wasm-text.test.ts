/**
 * Modules as WebAssembly text: binaryen reads the text as what it reads the module as, and knows
 * every instruction by the name that the table gives it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import binaryen from 'assemblyscript/binaryen';
import { compileAll, noteRegions } from '../../src/cli/compiled.ts';
import { ByteSink } from '../../src/engines/wasm/byte-sink.ts';
import { decodeModule } from '../../src/engines/wasm/decode.ts';
import { F32, F64, I32, I64, ModuleWriter, V128 } from '../../src/engines/wasm/encoder.ts';
import {
  accessBytes,
  findOpcode,
  isPrefix,
  type WasmOpcode,
} from '../../src/engines/wasm/opcodes.ts';
import { printWasm } from '../../src/engines/wasm/print.ts';
import { assemble } from '../../src/vms/evm/assemble.ts';

type BinaryenModule = ReturnType<typeof binaryen.parseText>;

/** A module as binaryen prints what it has written, without the names that only text has. */
function canonical(module: BinaryenModule): string {
  module.setFeatures(binaryen.Features.All);
  assert.equal(module.validate(), 1);
  const written = binaryen.readBinary(module.emitBinary());
  written.setFeatures(binaryen.Features.All);
  return written.emitText();
}

/** A difference of whole modules is too long to print. */
function assertSame(text: string, bytes: Uint8Array): void {
  const [ours, theirs] = [binaryen.parseText(text), binaryen.readBinary(bytes)].map(canonical);
  const lines = theirs?.split('\n') ?? [];
  const different = ours?.split('\n').find((line, i) => line !== lines[i]);
  assert.equal(different, undefined);
  assert.ok(ours === theirs);
}

/** Calls a function of its own, loops, branches by a table, and has constants of every type. */
function sample(): Uint8Array {
  const module = new ModuleWriter();
  module.importMemory('env', 'memory', 1);
  module.importTable('env', 'table');
  const first = module.importGlobal('env', 'first', I32);
  const unary = module.type([I64], [I64]);
  const log = module.importFunction('env', 'log', unary);
  const code = new ByteSink()
    .raw([0x02, 0x40, 0x03, 0x40])
    .raw([0x20, 0x00, 0xa7, 0x0e, 0x02, 0x00, 0x01, 0x01, 0x0b, 0x0b])
    .raw([0x42])
    .s64(-(1n << 63n))
    .raw([0x21, 0x01, 0x20, 0x00, 0x50, 0x04, 0x40, 0x41])
    .s32(-5)
    .raw([0x1a, 0x05, 0x43, 0x00, 0x00, 0xc0, 0x3f, 0x1a, 0x0b])
    .raw([0x44, 0x01, 0, 0, 0, 0, 0, 0xf8, 0x7f, 0x1a])
    .raw([0xfd, 0x0c, ...Array.from({ length: 16 }, (_, i) => i * 16), 0x21, 0x03])
    .raw([0x41, 0x08, 0x29, 0x00, 0x20])
    .raw([0x10, log, 0x41, 0x00, 0x13, unary, 0x00, 0x0b]);
  const index = module.addFunction(unary, [I64, I32, V128, F32, F64], code);
  module.exportFunction('a "quoted" name', index);
  module.placeFunctions(first, [index, log, index]);
  return module.finish();
}

test('the text of a module is the module', () => {
  const bytes = sample();
  assert(WebAssembly.validate(bytes as BufferSource));
  const text = printWasm(decodeModule(bytes), (index) =>
    index === 1 ? { name: 'sample', locals: ['x'], about: 'everything' } : undefined,
  );
  assert.match(
    text,
    /;; \d+ bytes: everything\n {2}\(func \$sample \(type \$t0\) \(param \$x i64\)/,
  );
  assert.match(text, /i64\.const -9223372036854775808/);
  assert.match(text, /i64\.load offset=32 align=1/);
  assert.match(text, /f64\.const nan:0x8000000000001/);
  assertSame(text, bytes);
});

test('the text of compiled code is the code', () => {
  const code = assemble(`
    PUSH0 CALLDATALOAD
    loop: JUMPDEST
    DUP1 PUSH0 MSTORE PUSH1 0x20 PUSH0 KECCAK256 PUSH1 1 SSTORE
    PUSH1 3 SWAP1 MULMOD DUP1 DUP1 PUSH1 7 SHL ADD
    DUP1 PUSH1 @loop JUMPI GAS PUSH0 LOG1 CALLDATASIZE JUMP
    PUSH0 PUSH0 RETURN`);
  const { compiled } = compileAll(code, 'osaka', 'multipass');
  assert(compiled !== undefined);
  const text = printWasm(compiled.module, noteRegions(compiled));
  assert.match(text, /\(func \$region-0 .*\(param \$frame i32\) \(param \$pointer i32\)/);
  assertSame(text, compiled.bytes);
});

/** Immediates that are good for every instruction of a kind. */
const IMMEDIATES: Readonly<Record<string, readonly number[]>> = {
  x: [0],
  g: [0],
  T: [0],
  m: [0, 0],
  M: [0],
  i: [0],
  I: [0],
  d: [0, 0, 0, 0],
  D: [0, 0, 0, 0, 0, 0, 0, 0],
  v: new Array<number>(16).fill(0),
  s: new Array<number>(16).fill(0),
  n: [0],
};

/** All rows but what opens, closes or leaves a block, and a tee, which here prints as a set. */
function listOpcodes(): { readonly bytes: readonly number[]; readonly opcode: WasmOpcode }[] {
  const found: { bytes: number[]; opcode: WasmOpcode }[] = [];
  const add = (bytes: number[], opcode: WasmOpcode | undefined): void => {
    const isPlain = opcode !== undefined && !/[blLft]/.test(opcode.immediates);
    if (isPlain && !/^(else|end|nop|return|unreachable|local.tee)$/.test(opcode.name)) {
      found.push({ bytes, opcode });
    }
  };
  for (let byte = 0; byte < 256; byte++) {
    if (!isPrefix(byte)) add([byte], findOpcode(byte));
    else
      for (let i = 0; i < 256; i++)
        add([byte, ...new ByteSink().u32(i).bytes()], findOpcode(byte, i));
  }
  return found;
}

test('instructions have the names that binaryen knows them by', () => {
  const opcodes = listOpcodes();
  assert.ok(opcodes.length > 250);
  const module = binaryen.readBinary(moduleOf(opcodes));
  const texts = module.emitText().split('\n (func ').slice(1);
  assert.equal(texts.length, opcodes.length);
  for (const [i, { opcode }] of opcodes.entries()) {
    const { name } = opcode;
    assert.ok(texts[i]?.includes(`(${name}`), `${name}: ${texts[i]}`);
  }
  assert.equal(new Set(opcodes.map(({ opcode }) => opcode.name)).size, opcodes.length);
});

/** One function for each instruction, behind `unreachable`, where every operand is right. */
function moduleOf(opcodes: ReturnType<typeof listOpcodes>): Uint8Array {
  const header = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const section = (id: number, content: ByteSink): ByteSink =>
    new ByteSink().byte(id).sized(content);
  const types = new ByteSink().raw([1, 0x60, 1, I64, 0]);
  const functions = new ByteSink().u32(opcodes.length).raw(opcodes.map(() => 0));
  const codes = new ByteSink().u32(opcodes.length);
  for (const { bytes, opcode } of opcodes) {
    const immediates = [...opcode.immediates].flatMap((letter) => IMMEDIATES[letter] ?? []);
    // A load of an address that never comes prints as one of any type.
    const operand = opcode.name.includes('.load') ? [0x41, 0x00] : [];
    codes.sized(new ByteSink().raw([0, 0x00, ...operand, ...bytes, ...immediates, 0x00, 0x0b]));
  }
  const out = new ByteSink().raw(header);
  out.append(section(1, types).bytes()).append(section(3, functions).bytes());
  out.append(section(4, new ByteSink().raw([1, 0x70, 0, 1])).bytes());
  out.append(section(5, new ByteSink().raw([1, 0, 1])).bytes());
  out.append(section(6, new ByteSink().raw([1, I64, 1, 0x42, 0, 0x0b])).bytes());
  return out.append(section(10, codes).bytes()).bytes();
}

test('the natural alignment of an access is its width', () => {
  const widths: readonly (readonly [string, number])[] = [
    ['i64.load', 8],
    ['i64.load8_s', 1],
    ['i32.store16', 2],
    ['v128.load', 16],
    ['v128.load32x2_u', 8],
    ['v128.load8_splat', 1],
    ['v128.store64_lane', 8],
    ['v128.load32_zero', 4],
  ];
  for (const [name, bytes] of widths) assert.equal(accessBytes(name), bytes, name);
});
