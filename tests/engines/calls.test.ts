/** Calls that the kernel makes by itself: which ones, and that they leave what the host's leave. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMachine, type EvmMachine } from '../../src/chain/machine.ts';
import { continueUntil, runUntil } from '../../src/chain/snapshot.ts';
import type { CallOptions, Hex } from '../../src/chain/types.ts';
import { ENGINE_NAMES, type EngineName } from '../../src/engines/names.ts';
import { PROGRAM_BYTES } from '../../src/kernel/layout.ts';
import { HOST_NAMES } from '../../src/vms/evm/abi.ts';
import { assemble } from '../../src/vms/evm/assemble.ts';
import type { FrameObserver } from '../../src/vms/evm/host/observer.ts';
import { CASE_BLOCK } from '../oracle/case.ts';
import { generateCase } from '../oracle/generate.ts';
import { describe, FORK, fillWorld, toOptions } from '../state-hash/worlds.ts';

const CALLER: Hex = '0x00000000000000000000000000000000000000c0';
const CALLEE: Hex = '0x00000000000000000000000000000000000000c1';
const OTHER: Hex = '0x00000000000000000000000000000000000000c2';
const SENDER: Hex = '0x000000000000000000000000000000000000005e';
const MESSAGE: CallOptions = { to: CALLER, from: SENDER, gas: 3_000_000n };

/** Sees nothing; but where somebody looks on, the host makes every call. */
const BLIND: FrameObserver = {
  enter: () => undefined,
  exit: () => undefined,
  reject: () => undefined,
  selfDestruct: () => undefined,
};

/** Returns who it is, who called, with what value and data, and how much gas it has. */
const ECHO = assemble(`
  ADDRESS PUSH0 MSTORE CALLER PUSH 32 MSTORE CALLVALUE PUSH 64 MSTORE
  CALLDATASIZE PUSH0 PUSH 96 CALLDATACOPY CODESIZE PUSH 160 MSTORE GAS PUSH 192 MSTORE
  PUSH 224 PUSH0 RETURN`);

const VALUE_OF: Readonly<Record<string, string>> = { CALL: 'PUSH0', CALLCODE: 'PUSH0' };

/** Calls 20 times with what the counter gives as data, and hashes all that comes back. */
function loopOf(kind: string, { target = CALLEE, value = VALUE_OF[kind] ?? '', gas = 'GAS' } = {}) {
  return assemble(`
    PUSH0
    loop: JUMPDEST
      PUSH 1 ADD DUP1 PUSH 32 MSTORE
      PUSH 40 PUSH 300 PUSH 40 PUSH 24 ${value} PUSH ${target} ${gas} ${kind}
      PUSH 96 MSTORE RETURNDATASIZE PUSH 64 MSTORE GAS PUSH 128 MSTORE
      RETURNDATASIZE PUSH0 PUSH 352 RETURNDATACOPY
      PUSH 600 PUSH0 SHA3 PUSH0 MSTORE
      DUP1 PUSH 20 GT PUSH @loop JUMPI
    PUSH 32 PUSH0 RETURN`);
}

/** Counts how often the host is asked for a function. */
function watchHost({ executor }: EvmMachine): Map<string, number> {
  const counts = new Map<string, number>();
  const { host } = executor;
  const suspend = host.suspend.bind(host);
  host.suspend = (machine, number) => {
    const name = HOST_NAMES[number] as string;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    suspend(machine, number);
  };
  return counts;
}

type Codes = Readonly<Record<Hex, Uint8Array>>;
type Changed = readonly [Hex, Uint8Array];

function createWorld(codes: Codes, engine?: EngineName) {
  const machine = createMachine({ fork: 'osaka', ...(engine && { engine }) });
  for (const [address, code] of Object.entries(codes) as Changed[])
    machine.state.setCode(address, code);
  machine.state.setBalance(CALLER, 1_000n);
  return { machine, asked: watchHost(machine) };
}

/** Runs the message on two machines, one of which has the host make every call; gives the asked. */
function checkSame(
  codes: Codes,
  message = MESSAGE,
): { asked: Map<string, number>; status: string } {
  const watched = createWorld(codes, 'interpreter');
  watched.machine.executor.host.observer = BLIND;
  const expected = describe(watched.machine.call(message));
  let asked = watched.asked;
  let status = '';
  for (const engine of ENGINE_NAMES) {
    const plain = createWorld(codes, engine);
    for (let run = 0; run < 3; run++) {
      plain.asked.clear();
      const outcome = plain.machine.call({ ...message, commit: run === 2 });
      assert.deepEqual(describe(outcome), expected, `${engine}, run ${run}`);
      ({ status } = outcome);
    }
    ({ asked } = plain);
  }
  return { asked, status };
}

for (const kind of ['CALL', 'CALLCODE', 'DELEGATECALL', 'STATICCALL']) {
  test(`${kind} of warm code is made without the host, and does what the host's does`, () => {
    const { asked, status } = checkSame({ [CALLER]: loopOf(kind), [CALLEE]: ECHO });
    assert.equal(status, 'success');
    // The first is cold; chaos, the last engine, is told of every fourth.
    assert.ok((asked.get(kind) ?? 0) <= 6, `${asked.get(kind)} of 20`);
  });

  test(`${kind} of code that fails, reverts or runs out of gas`, () => {
    const revert = 'PUSH 7 PUSH0 SSTORE PUSH 5 PUSH0 LOG0 PUSH 64 PUSH0 REVERT';
    for (const code of [revert, 'PUSH0 PUSH0 TSTORE INVALID(0xfe)', 'l: JUMPDEST PUSH @l JUMP']) {
      checkSame({ [CALLER]: loopOf(kind, { gas: 'PUSH 30000' }), [CALLEE]: assemble(code) });
    }
    // Too little for the call itself, at every point of the loop.
    for (let gas = 21_000n; gas < 32_000n; gas += 1013n) {
      checkSame({ [CALLER]: loopOf(kind), [CALLEE]: ECHO }, { ...MESSAGE, gas });
    }
  });
}

test("a call that moves value, to no code or to a precompile is the host's", () => {
  const { asked } = checkSame({ [CALLER]: loopOf('CALL', { value: 'PUSH 3' }), [CALLEE]: ECHO });
  assert.equal(asked.get('CALL'), 20);
  for (const target of [OTHER, '0x04'] as const) {
    const codes = { [CALLER]: loopOf('STATICCALL', { target }), [CALLEE]: ECHO };
    assert.equal(checkSame(codes).asked.get('STATICCALL'), 20);
  }
});

test('what a call stores is undone when the frame that made it fails', () => {
  const store = assemble('PUSH0 SLOAD PUSH 1 ADD DUP1 PUSH0 SSTORE PUSH0 MSTORE PUSH 9 PUSH0 LOG0');
  const middle = new Uint8Array([...loopOf('CALL', { target: OTHER }).slice(0, -4)]);
  const failing = new Uint8Array([...middle, ...assemble('INVALID(0xfe)')]);
  const codes = { [CALLER]: loopOf('CALL'), [CALLEE]: failing, [OTHER]: store };
  checkSame(codes, { ...MESSAGE, gas: 12_000_000n });
});

test('a static call stays static in what it calls', () => {
  const codes = {
    [CALLER]: loopOf('STATICCALL', { gas: 'PUSH 300000' }),
    [CALLEE]: loopOf('CALL', { target: OTHER, gas: 'PUSH 5000' }),
    [OTHER]: assemble('PUSH 1 PUSH0 SSTORE'),
  };
  const { status } = checkSame(codes, { ...MESSAGE, gas: 10_000_000n });
  assert.equal(status, 'success');
});

test('calls end at a depth of 1,024', () => {
  const deeper = 'PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 ADDRESS GAS CALL';
  const code = assemble(`
    ${deeper} ISZERO PUSH @end JUMPI STOP
    end: JUMPDEST PUSH 1 PUSH0 SLOAD ADD PUSH0 SSTORE`);
  checkSame({ [CALLER]: code }, { ...MESSAGE, gas: 1n << 62n });
});

test('EXTCODESIZE of warm code is answered without the host', () => {
  const code = assemble(`
    PUSH0
    loop: JUMPDEST
      PUSH 1 ADD
      PUSH0 PUSH0 PUSH0 PUSH0 PUSH ${CALLEE} GAS STATICCALL POP
      PUSH ${CALLEE} EXTCODESIZE PUSH0 MSTORE PUSH 64 PUSH0 SHA3 PUSH 32 MSTORE
      DUP1 PUSH 20 GT PUSH @loop JUMPI
    PUSH 64 PUSH0 RETURN`);
  const { asked } = checkSame({ [CALLER]: code, [CALLEE]: ECHO });
  assert.equal(asked.get('EXTCODESIZE'), undefined);
});

test('code that changes between two messages is called as it is then', () => {
  const codes = { [CALLER]: loopOf('CALL'), [CALLEE]: ECHO };
  const { machine } = createWorld(codes);
  machine.call(MESSAGE);
  const other = assemble('PUSH 77 PUSH0 MSTORE PUSH 32 PUSH0 RETURN');
  const delegation = new Uint8Array([0xef, 1, 0, ...new Uint8Array(19), 0xc2]);
  const changes: readonly Changed[] = [
    [CALLEE, other],
    [OTHER, ECHO],
    [CALLEE, delegation],
    [CALLEE, ECHO],
  ];
  const now: Record<Hex, Uint8Array> = { ...codes };
  for (const [address, code] of changes) {
    now[address] = code;
    machine.state.setCode(address, code);
    const fresh = createWorld(now).machine;
    fresh.executor.host.observer = BLIND;
    const expected = describe(fresh.call(MESSAGE));
    assert.deepEqual(describe(machine.call(MESSAGE)), expected);
    // Programs that are given up leave nothing to be called.
    machine.executor.machine.clearPrograms();
    assert.deepEqual(describe(machine.call(MESSAGE)), expected);
  }
});

test('a program that is given up in the middle of a run is not called any more', () => {
  // Each turn calls the same account and one that is new, for whose code another is given up.
  const fresh = (turn: number): Hex => `0x${(0x1000 + turn).toString(16).padStart(40, '0')}`;
  const caller = assemble(`
    PUSH0
    loop: JUMPDEST
      PUSH 1 ADD
      PUSH 32 PUSH0 PUSH 32 PUSH0 PUSH0 PUSH ${CALLEE} GAS CALL POP
      PUSH 32 PUSH 32 PUSH0 PUSH0 PUSH0 DUP6 PUSH ${fresh(0)} ADD GAS CALL POP
      PUSH 64 PUSH0 SHA3 PUSH0 MSTORE
      DUP1 PUSH 20 GT PUSH @loop JUMPI
    PUSH 32 PUSH0 RETURN`);
  const codes: Record<Hex, Uint8Array> = { [CALLER]: caller, [CALLEE]: ECHO };
  for (let turn = 1; turn <= 20; turn++) {
    codes[fresh(turn)] = assemble(`PUSH ${turn} PUSH0 MSTORE PUSH 32 PUSH0 RETURN`);
  }
  const { machine: watched } = createWorld(codes, 'interpreter');
  watched.executor.host.observer = BLIND;
  const expected = describe(watched.call(MESSAGE));
  for (const engine of ENGINE_NAMES) {
    const { machine } = createWorld(codes, engine);
    const { area, kernel } = machine.executor.machine;
    const takeChunk = area.takeChunk.bind(area);
    let evictions = 0;
    area.takeChunk = (bytes) => {
      if (area.onFull()) evictions++;
      return takeChunk(bytes);
    };
    area.freeChunk = (address, bytes) => {
      // What the kernel knows of a program may outlast the rest of it.
      kernel.u8.fill(0xff, address + PROGRAM_BYTES, address + bytes);
    };
    for (let run = 0; run < 3; run++) {
      assert.deepEqual(describe(machine.call({ ...MESSAGE, commit: false })), expected, engine);
    }
    assert.ok(evictions > 3, engine);
  }
});

test('the state between two blocks does not tell who made a call', () => {
  const machines = [0, 1].map(() => createMachine({ fork: FORK, block: CASE_BLOCK }));
  const [plain, watched] = machines as [EvmMachine, EvmMachine];
  watched.executor.host.observer = BLIND;
  const asked = watchHost(plain);
  const calls = ['CALL', 'CALLCODE', 'DELEGATECALL', 'STATICCALL'] as const;
  const all = watchHost(watched);
  for (const machine of machines) machine.snapshot();
  for (let seed = 0; seed < 8; seed++) {
    const mode = seed % 2 === 0 ? 'calls' : 'recursion';
    const { value, prng } = generateCase({ seed, mode, specimens: [] });
    value.message.gas = value.message.gas < 400_000n ? value.message.gas : 400_000n;
    const options = toOptions(value);
    const runs = machines.map((machine) => {
      machine.restore(0);
      fillWorld(machine, value);
      // The second time the callees are known from the start.
      if ('to' in options) machine.call({ ...options, commit: false });
      return runUntil(machine, options, 0n);
    });
    for (let steps = 0n; ; steps += BigInt(1 + prng.below(250))) {
      const [ours, theirs] = runs as [(typeof runs)[0], (typeof runs)[0]];
      const at = `seed ${seed}, step ${steps}`;
      assert.equal(ours.kind, theirs.kind, at);
      const hashes = runs.map((run) => (run.kind === 'ended' ? run.hash : run.snapshot.hash));
      assert.equal(hashes[0], hashes[1], at);
      if (ours.kind === 'ended') break;
      for (const [i, machine] of machines.entries()) {
        runs[i] = continueUntil(machine.executor, steps);
      }
    }
  }
  const count = (counts: ReadonlyMap<string, number>) =>
    calls.reduce((sum, name) => sum + (counts.get(name) ?? 0), 0);
  assert.ok(count(asked) < count(all) * 0.8, `${count(asked)} of ${count(all)} calls were asked`);
});
