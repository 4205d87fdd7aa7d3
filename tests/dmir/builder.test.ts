/**
 * The builder fills in what follows from the table.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { createFuncBuilder, createModule } from '../../src/dmir/builder.ts';
import { printModule } from '../../src/dmir/print.ts';
import { verifyModule } from '../../src/dmir/verify.ts';
import { runReference } from '../support/reference.ts';

test('a function with a loop, a call and two results', () => {
  const module = createModule();
  const gcd = createFuncBuilder(module, 'gcd', { params: ['i64', 'i64'], results: ['i64'] });
  const [a, b] = gcd.block(0, ['i64', 'i64']);
  gcd.brIf(gcd.op('iszero', 'i64', b!), [1], [2]);
  gcd.block(1);
  gcd.end('return', { args: [a!] });
  gcd.block(2);
  gcd.br(0, b!, gcd.op('urem', 'i64', a!, b!));
  const both = createFuncBuilder(module, 'both', { results: ['i64', 'i1'] });
  both.block(0);
  const [found] = both.inst('call', { imm: 'gcd', args: [12n, 18n] });
  const [sum, flag] = both.inst('uadd_overflow', { type: 'i64', args: [found!, (1n << 64n) - 1n] });
  both.end('return', { args: [sum!, flag!] });
  assert.deepEqual(verifyModule(module), []);
  assert.deepEqual(runReference(module, 'both', []).results, [5n, 1n]);
  assert.match(printModule(module), /\$0 = call @gcd\(12, 18\)/);
});

test('an open function knows what it grows by, and equal constants are one', () => {
  const module = createModule();
  const builder = createFuncBuilder(module, 'main', { open: true });
  builder.block(0);
  builder.br(16, 7n, 7n, 7n);
  const [x] = builder.block(16, ['i256']);
  builder.dispatch('i256', x!);
  assert.equal(builder.func.blocks.get(0)!.grow, 3);
  assert.equal(builder.func.blocks.get(16)!.grow, 0);
  assert.deepEqual(builder.func.consts, [7n]);
  assert.deepEqual(verifyModule(module), []);
});

test('a wrong name is a bug of the caller', () => {
  const builder = createFuncBuilder(createModule(), 'f');
  assert.throws(() => builder.inst('stop'), /BUG: an instruction before the first block/);
  builder.block(0);
  assert.throws(
    () => builder.inst('call', { imm: 'g' }),
    /BUG: `call` names `g`, which is not declared/,
  );
});
