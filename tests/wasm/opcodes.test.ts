/**
 * The opcode table against the platform: its validator is the second source of codes, immediates
 * and types. Each instruction stands in a function that hands it its operands.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readWasmModule } from '../../src/vms/wasm/index.ts';
import { OPCODES, type Opcode } from '../../src/vms/wasm/opcodes.ts';
import { unsigned } from '../../src/vms/wasm/text/bytes.ts';
import { FUNCREF, I32, type ValType } from '../../src/vms/wasm/types.ts';
import { writeModule } from '../support/wasm-writer.ts';

/** Immediates that name the first of everything. */
const IMMEDIATES: Readonly<Record<Opcode['imm'], readonly number[]>> = {
  '': [],
  block: [0x40],
  label: [0],
  labels: [0, 0],
  func: [0],
  'type table': [0, 0],
  local: [0],
  global: [0],
  table: [0],
  'table table': [0, 0],
  'elem table': [0, 0],
  elem: [0],
  'data memory': [0, 0],
  data: [0],
  memory: [0],
  'memory memory': [0, 0],
  memarg: [0, 0],
  i32: [1],
  i64: [1],
  f32: [0, 0, 0, 0],
  f64: [0, 0, 0, 0, 0, 0, 0, 0],
  v128: new Array<number>(16).fill(1),
  lane: [0],
  lanes: new Array<number>(16).fill(0),
  'memarg lane': [0, 0, 0],
  heap: [FUNCREF],
  types: [1, I32],
};

function moduleWith(
  { code, imm }: Opcode,
  params: readonly ValType[],
  results: readonly ValType[],
): Uint8Array<ArrayBuffer> {
  const bytes = code > 255 ? [code >> 8, ...unsigned(code & 255)] : [code];
  const operands = params.flatMap((_, i) => [0x20, i]);
  return writeModule({
    types: [{ params, results }],
    funcs: [{ type: 0, locals: [], code: [...operands, ...bytes, ...IMMEDIATES[imm], 0x0b] }],
    tables: [[FUNCREF, 0, 1]],
    memories: [[0, 1]],
    globals: [],
    exports: [['f', 0, 0]],
    elems: [[1, 0, 1, 0]],
    datas: [[1, 1, 7]],
  });
}

const accepts = (bytes: Uint8Array<ArrayBuffer>): boolean => {
  try {
    readWasmModule(bytes);
    return true;
  } catch {
    return false;
  }
};

for (const opcode of OPCODES) {
  const { name, operands, results } = opcode;
  if (operands === undefined) continue;
  test(`${name} has the types that the platform gives it`, () => {
    const right = moduleWith(opcode, operands, results);
    assert.ok(WebAssembly.validate(right));
    assert.ok(accepts(right));
    // With another result, and with an operand less, neither takes it.
    const types: readonly ValType[] = results[0] === I32 ? [FUNCREF] : [I32];
    for (const wrong of [
      moduleWith(opcode, operands, [...results, ...types]),
      ...(operands.length === 0 ? [] : [moduleWith(opcode, operands.slice(1), results)]),
    ]) {
      assert.equal(accepts(wrong), WebAssembly.validate(wrong));
      assert.equal(accepts(wrong), false);
    }
  });
}

test('codes ascend in the table, and no two rows share one', () => {
  const codes = OPCODES.map(({ code }) => code);
  assert.deepEqual(
    codes,
    [...new Set(codes)].sort((a, b) => a - b),
  );
});

test('a byte is an instruction here where it is one of the platform and of no other feature', () => {
  for (let byte = 0; byte < 256; byte++) {
    const known = OPCODES.some(({ code }) => code === byte);
    const row = { ...(OPCODES[0] as Opcode), code: byte, imm: '' } as Opcode;
    const bytes = moduleWith(row, [], []);
    // A code that is known may be wrong here for its operands; one that is not must be rejected.
    if (!known) assert.equal(accepts(bytes), false, `0x${byte.toString(16)}`);
  }
});
