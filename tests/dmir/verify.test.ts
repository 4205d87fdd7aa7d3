/**
 * What the verifier says of modules that no text can express; `tests/filetests/verify` has the
 * rest.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { createFuncBuilder, createModule } from '../../src/dmir/builder.ts';
import { formatDiagnostic } from '../../src/dmir/diagnostics.ts';
import type { Inst, Module } from '../../src/dmir/ir.ts';
import { parseModule } from '../../src/dmir/parse.ts';
import { printModule } from '../../src/dmir/print.ts';
import { verifyModule } from '../../src/dmir/verify.ts';

function messages(module: Module): string[] {
  return verifyModule(module).map((each) => formatDiagnostic(each));
}

/** A valid module of one function, for a test to spoil. */
function createSample(): { module: Module; insts: Inst[] } {
  const module = createModule('sample');
  module.regions.push({ name: 'mem', bounds: 'trap', writable: true, min: 64, max: 64 });
  const builder = createFuncBuilder(module, 'f', { params: ['i64'], results: ['i64'] });
  const [x] = builder.block(0, ['i64']);
  const sum = builder.op('add', 'i64', x!, 5n);
  builder.inst('store', { type: 'i64', imm: 'mem', args: [8n, sum] });
  builder.end('return', { args: [sum] });
  return { module, insts: builder.func.blocks.get(0)!.insts };
}

test('the sample is valid', () => {
  assert.deepEqual(messages(createSample().module), []);
});

test('a violation is data with its place', () => {
  const { module, insts } = createSample();
  insts[0]!.args.pop();
  assert.deepEqual(verifyModule(module), [
    {
      code: 'operand-count',
      message: '`add` takes 2 operands, not 1',
      func: 'f',
      block: 0,
      inst: 0,
      line: null,
      column: null,
    },
  ]);
});

const IN_F = '@f, block @0, instruction';

const CASES: Record<
  string,
  readonly [spoil: (insts: Inst[], module: Module) => void, ...string[]]
> = {
  'an immediate where there is none': [
    ([add]) => {
      add!.imm = 3;
    },
    `${IN_F} 0: error: \`add\` takes no immediate, so it must be 0, not 3`,
  ],
  'a region out of range': [
    ([, store]) => {
      store!.imm = 1;
    },
    `${IN_F} 1: error: \`store\` names region 1 of 1`,
  ],
  'a constant out of range': [
    ([add]) => {
      add!.args[1] = ~7;
    },
    `${IN_F} 0: error: operand 2 of \`add\` names constant 7 of 2`,
  ],
  'a negative constant': [
    (_, module) => {
      module.funcs[0]!.consts[0] = -1n;
    },
    `${IN_F} 0: error: operand 2 of \`add\` is -1; constants are bit patterns, which are not negative`,
  ],
  'a register without a type': [
    ([add]) => {
      add!.args[1] = 9;
    },
    `${IN_F} 0: error: operand 2 of \`add\`: $9 has no type in the function`,
    `${IN_F} 0: error: $9 is never defined`,
  ],
  'a result without a type': [
    ([add]) => {
      add!.results = [9];
    },
    `${IN_F} 0: error: $9 has no type in the function`,
    `${IN_F} 1: error: $1 is never defined`,
    `${IN_F} 2: error: $1 is never defined`,
  ],
  'a result of the wrong type': [
    (_, module) => {
      module.funcs[0]!.types[1] = 'i32';
    },
    `${IN_F} 0: error: result 1 of \`add\` is $1: i32, not i64`,
    `${IN_F} 1: error: operand 2 of \`store\` is $1: i32, not i64`,
    `${IN_F} 2: error: operand 1 of \`return\` is $1: i32, not i64`,
  ],
  'a source program counter below -1': [
    ([add]) => {
      add!.pc = -2;
    },
    `${IN_F} 0: error: source program counter -2 is neither -1 nor a whole number`,
  ],
  'an unknown operation': [
    ([add]) => {
      add!.op = 'frobnicate' as 'add';
    },
    `${IN_F} 0: error: \`frobnicate\` is no operation`,
  ],
  'a name that is no identifier': [
    (_, module) => {
      module.regions[0]!.name = 'a b';
      module.name = '-';
    },
    'module: error: `-` is no name for a module',
    'module: error: `a b` is no name',
  ],
  'a block under another key': [
    (_, module) => {
      const { blocks } = module.funcs[0]!;
      const block = blocks.get(0)!;
      blocks.clear();
      blocks.set(4, block);
    },
    '@f, block @0: error: block @0 under the key 4: ids are whole numbers below 2^32',
  ],
};

for (const [name, [spoil, ...expected]] of Object.entries(CASES)) {
  test(name, () => {
    const { module, insts } = createSample();
    spoil(insts, module);
    assert.deepEqual(messages(module), expected);
    // Printing what is wrong must work too, so that it can be looked at.
    assert.ok(printModule(module).length > 0);
  });
}

test('violations of a text name its lines, columns and registers', () => {
  const { module, errors, locations } = parseModule(
    'func @f(i64) -> i64 {\n@0:\n  $70 = add $0, 1\n  $71 = add.i32 $70, 1\n  return $70\n}\n',
  );
  assert.deepEqual(errors, []);
  const [first] = verifyModule(module, locations);
  assert.equal(
    formatDiagnostic(first!, 'f.dmir'),
    'f.dmir:4:9: error: operand 1 of `add` is $70: i64, not i32',
  );
});
