/** Calls, creations and failures across the two kinds of contracts, in one transaction. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EvmMachine } from '../../../src/chain/machine.ts';
import type { CallOptions, Hex, Outcome } from '../../../src/chain/types.ts';
import { ENGINE_NAMES } from '../../../src/engines/names.ts';
import { assemble } from '../../../src/vms/evm/index.ts';
import { writeDeployment } from '../../../src/vms/wasm/deployment.ts';
import {
  contract,
  createWorld,
  deploy,
  EVM_CONTRACT,
  SENDER,
  WASM_CONTRACT,
  wordOf,
  words,
} from './support.ts';

const RECORDER: Hex = '0x00000000000000000000000000000000000000d1';
const at = (...places: number[]): string => places.map((each) => `(i32.const ${each})`).join(' ');
const account = (value: Hex): string =>
  `(i32.store8 (i32.const 19) (i32.const ${Number(BigInt(value))}))`;

type CallName = 'CALL' | 'STATICCALL' | 'DELEGATECALL';

/** Hands its call data on, and what comes back. */
function evmForward(to: Hex, op: CallName): Uint8Array {
  const value = op === 'CALL' ? 'CALLVALUE' : '';
  return assemble(`CALLDATASIZE PUSH0 PUSH0 CALLDATACOPY
    PUSH0 PUSH0 CALLDATASIZE PUSH0 ${value} PUSH ${BigInt(to)} GAS ${op}
    RETURNDATASIZE PUSH0 PUSH0 RETURNDATACOPY PUSH @done JUMPI
    RETURNDATASIZE PUSH0 REVERT
    done: JUMPDEST RETURNDATASIZE PUSH0 RETURN`);
}

/** The same as a module. */
function wasmForward(to: Hex, op: CallName): Uint8Array {
  const names = { CALL: 'callContract', STATICCALL: 'callStatic', DELEGATECALL: 'callDelegate' };
  const value = op === 'CALL' ? '(i32.const 32)' : '';
  return contract(`(local $failed i32)
    (call $callDataCopy ${at(64, 0)} (call $getCallDataSize))
    (call $getCallValue (i32.const 32)) ${account(to)}
    (local.set $failed (call $${names[op]} (i64.const -1) (i32.const 0) ${value}
      (i32.const 64) (call $getCallDataSize)))
    (call $returnDataCopy ${at(64, 0)} (call $getReturnDataSize))
    (if (local.get $failed)
      (then (call $revert (i32.const 64) (call $getReturnDataSize))))
    (call $finish (i32.const 64) (call $getReturnDataSize))`);
}

const FORWARDS = { evm: evmForward, wasm: wasmForward };

/** Keeps who called as whom with what, logs its input, and gives a word more. */
const RECORD = `CALLER PUSH 1 SSTORE ADDRESS PUSH 2 SSTORE CALLVALUE PUSH 3 SSTORE
  PUSH0 CALLDATALOAD PUSH0 MSTORE PUSH 32 PUSH0 LOG0
  PUSH0 CALLDATALOAD PUSH 1 ADD PUSH0 MSTORE PUSH 32 PUSH0 RETURN`;

const WASM_RECORD = contract(`
  (call $getCaller ${at(32 + 12)}) (i32.store8 (i32.const 31) (i32.const 1))
  (call $storageStore ${at(0, 32)})
  (call $getAddress ${at(32 + 12)}) (i32.store8 (i32.const 31) (i32.const 2))
  (call $storageStore ${at(0, 32)})
  (call $getCallValue ${at(32)}) (i32.store8 (i32.const 31) (i32.const 3))
  (call $storageStore ${at(0, 32)})
  (call $callDataCopy ${at(64, 0, 32)}) (call $emitLogEvent ${at(64, 32, 0, 0, 0, 0, 0)})
  (i32.store8 (i32.const 95) (i32.add (i32.load8_u (i32.const 95)) (i32.const 1)))
  (call $finish ${at(64, 32)})`);

/** A chain of two contracts that forward to the recorder, of the kinds given. */
function runChain(
  machine: EvmMachine,
  kinds: readonly (keyof typeof FORWARDS)[],
  ops: readonly CallName[],
  record: Uint8Array,
  options: Partial<CallOptions> = {},
): Outcome {
  const addresses: Hex[] = [EVM_CONTRACT, WASM_CONTRACT, RECORDER];
  kinds.forEach((kind, i) => {
    const forward = FORWARDS[kind](addresses[i + 1] as Hex, ops[i] as CallName);
    machine.state.setCode(addresses[i] as Hex, forward);
  });
  machine.state.setCode(RECORDER, record);
  return machine.call({
    ...{ to: EVM_CONTRACT, from: SENDER, value: 17n, data: words(41n), commit: false },
    ...options,
  });
}

const OPS: readonly (readonly CallName[])[] = [
  ['CALL', 'CALL'],
  ['CALL', 'DELEGATECALL'],
  ['DELEGATECALL', 'CALL'],
  ['DELEGATECALL', 'DELEGATECALL'],
  ['CALL', 'STATICCALL'],
  ['STATICCALL', 'DELEGATECALL'],
];

/** What does not depend on what the instructions of a kind cost. */
function seen({ status, output, logs, writes }: Outcome): object {
  return { status, output: [...output], logs, writes };
}

for (const ops of OPS) {
  test(`${ops.join(' then ')} crosses the kinds as it crosses contracts of the EVM`, () => {
    const machine = createWorld();
    const expected = runChain(machine, ['evm', 'evm'], ops, assemble(RECORD));
    const isStatic = ops.includes('STATICCALL');
    assert.equal(expected.status, isStatic ? 'revert' : 'success');
    if (!isStatic) assert.equal(wordOf(expected.output), 42n);
    for (const record of [assemble(RECORD), WASM_RECORD]) {
      for (const kinds of [
        ['evm', 'wasm'],
        ['wasm', 'evm'],
        ['wasm', 'wasm'],
      ] as const) {
        assert.deepEqual(seen(runChain(machine, kinds, ops, record)), seen(expected));
      }
    }
  });
}

test('a revert crosses the kinds with its data, and undoes what each did', () => {
  const machine = createWorld();
  const failing = assemble('PUSH 9 PUSH 9 SSTORE PUSH 7 PUSH0 MSTORE PUSH 32 PUSH0 REVERT');
  for (const kinds of [
    ['evm', 'wasm'],
    ['wasm', 'evm'],
  ] as const) {
    const outcome = runChain(machine, kinds, ['CALL', 'CALL'], failing);
    assert.equal(outcome.status, 'revert');
    assert.equal(wordOf(outcome.output), 7n);
    assert.deepEqual([outcome.writes, outcome.logs], [[], []]);
    assert.equal(machine.state.getBalance(RECORDER), 0n);
  }
});

test('every engine gives the same outcome', () => {
  const outcomes = ENGINE_NAMES.map((engine) => {
    const machine = createWorld({ engine });
    const all = Array.from({ length: 40 }, () => {
      const outcome = runChain(machine, ['evm', 'wasm'], ['CALL', 'CALL'], assemble(RECORD));
      return { ...seen(outcome), gasUsed: outcome.gasUsed };
    });
    return all;
  });
  for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0]);
});

test('a callee that runs out of gas takes what it was given and no more', () => {
  const machine = createWorld();
  machine.state.setCode(WASM_CONTRACT, contract('(loop $again (br $again))'));
  const call = `PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 PUSH ${BigInt(WASM_CONTRACT)} PUSH 50000 CALL`;
  const code = assemble(`GAS ${call} GAS SWAP1 PUSH0 MSTORE SWAP1 SUB PUSH 32 MSTORE
    RETURNDATASIZE PUSH 64 MSTORE PUSH 96 PUSH0 RETURN`);
  machine.state.setCode(EVM_CONTRACT, code);
  const { status, output } = machine.call({ to: EVM_CONTRACT, gas: 200_000n });
  assert.equal(status, 'success');
  assert.deepEqual([wordOf(output), wordOf(output, 2)], [0n, 0n]);
  // The cold account, the gas, six pushes and GAS.
  assert.equal(wordOf(output, 1), 2600n + 50_000n + 5n * 2n + 2n * 3n + 2n);
});

test('a frame that cannot pay for its instance fails', () => {
  const machine = createWorld();
  machine.state.setCode(WASM_CONTRACT, contract(''));
  assert.equal(machine.call({ to: WASM_CONTRACT, gas: 611n }).status, 'halt');
  const outcome = machine.call({ to: WASM_CONTRACT, gas: 612n });
  assert.deepEqual([outcome.status, outcome.gasUsed], ['success', 612n]);
});

test('a trap takes the gas of the frame, and memory is new in every one', () => {
  const machine = createWorld();
  const code = contract(`(if (i32.load (i32.const 65532)) (then unreachable))
    (i32.store (i32.const 65532) (i32.const 1)) (drop (memory.grow (i32.const 1)))
    (call $callDataCopy ${at(0, 31, 1)}) (if (i32.load8_u (i32.const 0)) (then unreachable))`);
  machine.state.setCode(WASM_CONTRACT, code);
  const good = words(0n);
  assert.equal(machine.call({ to: WASM_CONTRACT, data: good }).status, 'success');
  assert.equal(machine.call({ to: WASM_CONTRACT, data: good }).status, 'success');
  const bad = machine.call({ to: WASM_CONTRACT, data: words(1n), gas: 50_000n });
  const { status, reason, gasUsed } = bad;
  assert.deepEqual([status, reason, gasUsed], ['halt', 'unreachable', 50_000n]);
});

test('reentrancy: a callee calls back into a frame of a module that waits', () => {
  const machine = createWorld();
  machine.state.setCode(EVM_CONTRACT, evmForward(WASM_CONTRACT, 'CALL'));
  // Counts in its slot and, when called from outside, goes round by the other contract.
  const code = contract(`
    (call $storageLoad ${at(0, 32)})
    (i32.store8 (i32.const 63) (i32.add (i32.load8_u (i32.const 63)) (i32.const 1)))
    (call $storageStore ${at(0, 32)})
    (if (i32.eqz (call $getCallDataSize))
      (then ${account(EVM_CONTRACT)} (i32.store8 (i32.const 64) (i32.const 5))
        (drop (call $callContract (i64.const -1) ${at(0, 96, 64, 1)}))
        (i32.store8 (i32.const 19) (i32.const 0))
        (call $storageLoad ${at(0, 32)})
        (call $finish ${at(32, 32)})))`);
  machine.state.setCode(WASM_CONTRACT, code);
  const { status, output, writes } = machine.call({ to: WASM_CONTRACT });
  assert.deepEqual([status, wordOf(output), writes[0]?.after], ['success', 2n, 2n]);
});

test('calls go 1,024 frames deep, whatever the kinds', () => {
  const evm = (to: Hex): Uint8Array =>
    assemble(`PUSH 32 PUSH0 PUSH0 PUSH0 PUSH0 PUSH ${BigInt(to)} GAS CALL POP
      PUSH0 MLOAD PUSH 1 ADD PUSH0 MSTORE PUSH 32 PUSH0 RETURN`);
  const wasm = (to: Hex): Uint8Array =>
    contract(`${account(to)} (drop (call $callContract (i64.const -1) ${at(0, 32, 0, 0)}))
      (if (call $getReturnDataSize) (then (call $returnDataCopy ${at(64, 0, 32)})))
      (i32.store8 (i32.const 127) (i32.const 1))
      (i32.store8 (i32.const 159) (i32.const 0))
      (i32.store8 (i32.const 191) (i32.const 3))
      (i32.store8 (i32.const 190) (i32.const 255))
      (call $addmod ${at(64, 96, 160, 64)})
      (call $finish ${at(64, 32)})`);
  for (const kinds of [
    [evm, evm],
    [evm, wasm],
    [wasm, evm],
    [wasm, wasm],
  ] as const) {
    const machine = createWorld();
    machine.state.setCode(EVM_CONTRACT, kinds[0](WASM_CONTRACT));
    machine.state.setCode(WASM_CONTRACT, kinds[1](EVM_CONTRACT));
    const { status, output } = machine.call({ to: EVM_CONTRACT, gas: 1n << 60n });
    assert.equal(status, 'success');
    assert.equal(wordOf(output), 1025n);
  }
});

test('creations by either kind run deploy with its data, and leave the module as code', () => {
  const machine = createWorld();
  const module = contract(
    `(call $storageLoad ${at(0, 32)}) (call $finish ${at(32, 32)})`,
    '',
    `(call $callDataCopy ${at(32, 0, 32)}) (call $storageStore ${at(0, 32)})`,
  );
  const data = writeDeployment(module, words(99n));
  const factory = assemble(`CALLDATASIZE PUSH0 PUSH0 CALLDATACOPY
    CALLDATASIZE PUSH0 CALLVALUE CREATE PUSH0 MSTORE PUSH 32 PUSH0 RETURN`);
  machine.state.setCode(EVM_CONTRACT, factory);
  // Code and data of the constructor stand apart: the data are the first word.
  const wasmFactory = contract(`
    (call $callDataCopy ${at(256, 0)} (call $getCallDataSize))
    (call $getCallValue ${at(0)})
    (drop (call $createContract ${at(0, 288)}
      (i32.sub (call $getCallDataSize) (i32.const 32)) ${at(256, 32, 0, 0, 32 + 12)}))
    (call $finish ${at(32, 32)})`);
  machine.state.setCode(WASM_CONTRACT, wasmFactory);
  const apart = Uint8Array.of(...words(99n), ...module);
  for (const [to, input] of [
    [EVM_CONTRACT, data],
    [WASM_CONTRACT, apart],
  ] as const) {
    const made = machine.call({ to, from: SENDER, data: input, value: 5n });
    assert.equal(made.status, 'success');
    const address = `0x${wordOf(made.output).toString(16).padStart(40, '0')}` as Hex;
    assert.deepEqual(machine.state.getCode(address), module);
    assert.equal(machine.state.getBalance(address), 5n);
    assert.equal(machine.state.getNonce(address), 1n);
    assert.equal(wordOf(machine.call({ to: address }).output), 99n);
  }
});

test('a deployment pays for reading the module and for its code', () => {
  const machine = createWorld();
  const module = contract('');
  const { status, gasUsed } = deploy(machine, module);
  assert.equal(status, 'success');
  assert.equal(gasUsed, BigInt(module.length) * 204n + 612n);
});

test('a contract that destroys itself in the transaction that made it is gone', () => {
  const machine = createWorld();
  const module = contract('', '', `${account(SENDER)} (call $selfDestruct ${at(0)}) unreachable`);
  const outcome = machine.deploy({ code: module, from: SENDER, value: 3n });
  assert.equal(outcome.status, 'success');
  assert.equal(machine.state.getCode(outcome.address).length, 0);
  assert.equal(machine.state.getBalance(outcome.address), 0n);
  assert.equal(machine.state.getBalance(SENDER), 10n ** 18n);
});

test('a run that pauses inside frames of either kind ends as one in a piece', () => {
  // Loops, asks the host, grows its memory and calls back, twice.
  const module = contract(
    `(local $i i32)
    (call $callDataCopy ${at(0, 0, 32)})
    (if (i32.eqz (i32.load8_u (i32.const 31)))
      (then (call $storageStore ${at(0, 0)}) (call $finish ${at(0, 32)})))
    (loop $again
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (call $work (local.get $i))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 40000))))
    (if (i32.load (i32.mul (memory.grow (i32.const 2)) (i32.const 65536))) (then unreachable))
    (i32.store8 (i32.const 31) (i32.sub (i32.load8_u (i32.const 31)) (i32.const 1)))
    (call $getCaller ${at(64)})
    (drop (call $callContract (i64.const -1) ${at(64, 128, 0, 32)}))
    (call $returnDataCopy ${at(32, 0, 32)})
    (call $storageStore ${at(96, 32)})
    (call $finish ${at(32, 32)})`,
    `(func $work (param i32)
      (call $getExternalBalance ${at(64, 32)})
      (i32.store (i32.const 60) (i32.xor (local.get 0) (i32.load (i32.const 60)))))`,
  );
  const evm = assemble(`PUSH 1 PUSH @loop JUMP
    loop: JUMPDEST PUSH 1 ADD DUP1 PUSH 60000 GT PUSH @loop JUMPI
    PUSH 70000 MSTORE PUSH0 CALLDATALOAD PUSH0 MSTORE
    PUSH 32 PUSH0 PUSH 32 PUSH0 PUSH0 PUSH ${BigInt(WASM_CONTRACT)} GAS CALL
    PUSH0 MLOAD ADD PUSH 5 SSTORE RETURNDATASIZE PUSH0 RETURN`);
  const options = { to: EVM_CONTRACT, from: SENDER, data: words(3n), gas: 1n << 40n };
  const expected = (() => {
    const machine = createWorld({ engine: 'interpreter' });
    machine.state.setCode(EVM_CONTRACT, evm);
    machine.state.setCode(WASM_CONTRACT, module);
    return machine.call({ ...options, commit: false });
  })();
  assert.equal(expected.status, 'success');
  for (const engine of ENGINE_NAMES) {
    const machine = createWorld({ engine, tier: { seed: 5, entriesMin: 0 } });
    machine.state.setCode(EVM_CONTRACT, evm);
    machine.state.setCode(WASM_CONTRACT, module);
    const { executor } = machine;
    let end = machine.start(options);
    let pauses = 0;
    for (; end === undefined; pauses++) {
      executor.machine.patience = 0.1;
      end = executor.machine.advance();
    }
    const outcome = executor.outcome(options.gas, end);
    assert.ok(pauses > 100, `${engine}: ${pauses} pauses`);
    assert.deepEqual(seen(outcome), seen(expected), engine);
    assert.equal(outcome.gasUsed, expected.gasUsed, engine);
  }
});
