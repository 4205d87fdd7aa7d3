/** What a platform must have for the machine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

test('a platform that lacks a feature is told which it must have', async (context) => {
  const file = '../../src/engines/interpreter/kernel.ts?platform';
  const { Kernel } = await import(file);
  const problem = 'Unknown type code 0x5e, enable with --experimental-wasm-gc @+11';
  const refuse = function refuse(): never {
    throw new WebAssembly.CompileError(problem);
  };
  context.mock.method(WebAssembly, 'Module', refuse as unknown as typeof WebAssembly.Module);
  assert.throws(() => new Kernel(), {
    code: 'L2004',
    plane: 'host',
    message: `this platform cannot run the machine: CompileError: ${problem}`,
    remedy: /Node 22 or later/,
  });
});
