/** Regions as text: every kind of statement and of end, and what is known of limbs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileAll } from '../../src/cli/compiled.ts';
import { chooseRegions } from '../../src/engines/multipass/compile.ts';
import { printRegion } from '../../src/engines/multipass/print.ts';
import { assemble } from '../../src/vms/evm/assemble.ts';

function printRegions(source: string): string[] {
  const { compiled } = compileAll(assemble(source), 'osaka', 'multipass');
  assert(compiled !== undefined);
  const { program, blocks } = compiled;
  const { versions } = chooseRegions({ source: program.source, blocks });
  return versions.map((version, place) =>
    printRegion(version, place, (host) => `host-${host}`).join('\n'),
  );
}

test('a tree of blocks with both ways of a branch', () => {
  const [region] = printRegions(`
    PUSH0 CALLDATALOAD PUSH1 0xff AND
    DUP1 PUSH1 3 LT PUSH1 @big JUMPI
    PUSH0 PUSH0 REVERT
    big: JUMPDEST PUSH1 1 ADD PUSH0 MSTORE PUSH1 0x20 PUSH0 RETURN`);
  assert.equal(
    region,
    `region 0 at @0 {
  enter gas 33, steps 6, high 3
  r0 = load_zero 1, 0
  %0 = i64.and r0.0, 0xff  ; < 2^8
  %1 = i64.lt_u 3, %0
  if %1
    enter gas 17, steps 4
    cover 0
    %2 = i64.add %0, 1  ; < 2^9
    store 0, %2
    finish 0, 0x20
  else
    enter gas 4, steps 2
    revert 0, 0
}`,
  );
});

test('a loop, and the version of it that knows more', () => {
  const texts = printRegions(`
    PUSH0 CALLDATALOAD PUSH1 0xff AND
    loop: JUMPDEST PUSH1 1 ADD DUP1 PUSH2 1000 GT PUSH1 @loop JUMPI STOP`);
  assert.match(texts[0] ?? '', /^region 0 at @5, loop that changes slot\[-1\] \{\n/);
  assert.match(texts[0] ?? '', /\n {4}loop, top 0, slot\[-1\] = \(%0 /);
  assert.match(texts[0] ?? '', /\n {2}else\n {4}enter gas 0, steps 1\n {4}stop\n\}$/);
  assert.match(texts[1] ?? '', /\n {2}goto @5 region 2, top 1, slot\[0\] = %\d+/);
  assert.match(
    texts[2] ?? '',
    /^region 2 at @5, loop .*, entered with slot\[-1\] < 2\^9 and window -?\d+ to \d+/,
  );
});

test('statements that charge, hosts, and ends', () => {
  const text = printRegions(`
    PUSH1 0x20 PUSH0 KECCAK256 SLOAD GAS ADD CALLER MUL CALLDATASIZE SHL
    MSIZE MSTORE PUSH0 MLOAD BALANCE POP
    CALLDATASIZE JUMP`).join('\n');
  for (const line of [
    /^ {2}r0 = charge rtKeccak 0, 0x20$/m,
    /^ {2}r1 = charge cellLoad 0, r0$/m,
    /^ {2}l0 = gas_left \+ \d+$/m,
    /^ {2}l\d+\.\.l\d+ = mul \(.*\), \(.*\)$/m,
    /^ {2}r\d+ = rtShl \(.*\), frame\[\d+\]$/m,
    /^ {2}l\d+ = memory_size$/m,
    /^ {2}cover l\d+$/m,
    /^ {2}l\d+\.\.l\d+ = load 0$/m,
    /^ {2}suspend host-\d+ then @\d+, top \d+, /m,
    /^ {2}dispatch frame\[\d+\], top -1$/m,
  ]) {
    assert.match(text, line);
  }
});
