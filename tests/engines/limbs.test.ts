/**
 * What compiled code does itself for small numbers and leaves to the kernel for others: products,
 * quotients, and memory that grows by a word. Both sides of each border, on every compiler.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bytesToBigint } from '../../src/base/u256.ts';
import { createMachine } from '../../src/chain/machine.ts';
import { COMPILERS, type CompilerName } from '../../src/engines/tiers/compilers.ts';
import { assemble } from '../../src/vms/evm/assemble.ts';

const TO = '0x00000000000000000000000000000000000000c0';
const BITS = [0n, 1n, 2n, 31n, 32n, 62n, 63n, 64n, 65n, 127n, 128n, 192n, 255n];
const EDGES = [0n, 3n, 0xdead_beef_cafe_f00dn].concat(
  BITS.flatMap((bit) => [-2n, -1n, 0n, 1n].flatMap((by) => [(1n << bit) + by, -(1n << bit) + by])),
);
const word = (value: bigint): string => BigInt.asUintN(256, value).toString(16).padStart(64, '0');

/** The operations on two's complement numbers. */
const OPERATIONS: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  MUL: (a, b) => a * b,
  SDIV: (a, b) => (b === 0n ? 0n : a / b),
  DIV: (a, b) => (b === 0n ? 0n : BigInt.asUintN(256, a) / BigInt.asUintN(256, b)),
  MOD: (a, b) => (b === 0n ? 0n : BigInt.asUintN(256, a) % BigInt.asUintN(256, b)),
  SMOD: (a, b) => (b === 0n ? 0n : a % b),
};

for (const engine of Object.keys(COMPILERS) as CompilerName[]) {
  describe(`${engine} at the edges of a limb`, () => {
    for (const [name, apply] of Object.entries(OPERATIONS)) {
      it(name, () => {
        const machine = createMachine({ engine, tier: { entriesMin: 0 } });
        const code = `PUSH1 0x20 CALLDATALOAD PUSH0 CALLDATALOAD ${name} PUSH0 MSTORE`;
        machine.state.setCode(TO, assemble(`${code} PUSH1 0x20 PUSH0 RETURN`));
        for (const x of EDGES) {
          for (const y of EDGES) {
            const [a, b] = [BigInt.asIntN(256, x), BigInt.asIntN(256, y)];
            const { output } = machine.call({ to: TO, data: `0x${word(a)}${word(b)}` });
            const wanted = BigInt.asUintN(256, apply(a, b));
            assert.equal(bytesToBigint(output), wanted, `${name} of ${a} and ${b}`);
          }
        }
      });
    }

    it('memory that grows word by word, over words of an earlier call, at every gas', () => {
      const sides = [createMachine(), createMachine({ engine, tier: { entriesMin: 0 } })];
      const code = assemble(`
        PUSH0 CALLDATALOAD PUSH0
        loop: JUMPDEST
        DUP1 MLOAD POP
        PUSH32 -1 DUP2 PUSH1 0x20 ADD MSTORE
        PUSH1 0x40 ADD
        DUP2 DUP2 LT PUSH1 @loop JUMPI
        MSIZE PUSH0 MSTORE PUSH1 0x60 PUSH0 RETURN`);
      const run = (bytes: bigint, gas: bigint) => {
        const [wanted, got] = sides.map((side) => {
          side.state.setCode(TO, code);
          const { status, gasUsed, output } = side.call({ to: TO, data: `0x${word(bytes)}`, gas });
          return { status, gasUsed, output };
        });
        assert.deepEqual(got, wanted, `${bytes} bytes with ${gas} gas`);
      };
      for (const bytes of [0x40n, 0x2000n, 0x60000n, 0x2000n]) run(bytes, 10_000_000n);
      for (let gas = 0n; gas < 1_200n; gas += 7n) run(0x400n, gas);
    });
  });
}
