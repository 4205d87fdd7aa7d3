/** A resumed machine needs nothing from outside that its state or the recorded tape has. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToHex } from '../../src/base/bytes.ts';
import { LockstepError } from '../../src/base/errors.ts';
import { bigintToBytes32 } from '../../src/base/u256.ts';
import { decodeSnapshot, resumeSnapshot, runUntil } from '../../src/chain/snapshot.ts';
import type { MachineState } from '../../src/dmir/state/machine-state.ts';
import { type Backend, createPending } from '../../src/state/backends/backend.ts';
import { cellPath } from '../../src/state/cells.ts';
import { assemble } from '../../src/vms/evm/assemble.ts';
import { type Case, SENDER, TARGET } from '../oracle/case.ts';
import { generateCase } from '../oracle/generate.ts';
import { createWorld, type Ended, FORK, finish, runWhole } from './worlds.ts';

const PROGRAMS = 40;
const CODE_SPACE = 5;
const ZERO_OWNER = new Uint8Array(32);

/** A backend that does not answer for the cells and code of a snapshot, nor any scan. */
function refuse(backend: Backend, bytes: Uint8Array): { guarded: Backend; asked: string[] } {
  const { state, codes } = decodeSnapshot(bytes);
  const known = new Set(
    state.cells.map(({ space, owner, key }) =>
      cellPath({ space, owner, key: bigintToBytes32(key) }),
    ),
  );
  for (const hash of codes.keys()) {
    const key = bigintToBytes32(BigInt(hash));
    known.add(cellPath({ space: CODE_SPACE, owner: ZERO_OWNER, key }));
  }
  const asked: string[] = [];
  const never = createPending(new Promise(() => {}));
  const guarded: Backend = {
    get(cell) {
      if (known.has(cellPath(cell))) return never;
      asked.push(bytesToHex(cell.owner));
      return backend.get(cell);
    },
    put: (cell, value) => backend.put(cell, value),
    delete: (cell) => backend.delete(cell),
    scan() {
      throw new Error('a scan was asked for');
    },
  };
  return { guarded, asked };
}

/** Runs the second half of a case on such a backend with the tape of the whole run. */
function runGuarded(
  value: Case,
  part: bigint,
): { whole: Ended; asked: string[]; state?: MachineState } {
  const first = createWorld(value);
  const whole = runWhole(first.machine, first.options);
  const { machine, backend, options } = createWorld(value);
  const progress = runUntil(machine, options, (whole.outcome.steps * part) / 8n);
  if (progress.kind === 'ended') return { whole, asked: [] };
  const { bytes, state } = progress.snapshot;
  const { guarded, asked } = refuse(backend, bytes);
  const executor = resumeSnapshot(bytes, {
    fork: FORK,
    backend: guarded,
    tape: whole.state.tape,
    blockHash: () => {
      throw new Error('a block hash was asked for');
    },
  });
  const end = finish(executor);
  assert.equal(end.hash, whole.hash);
  return { whole, asked, state };
}

test('a resumed run asks only for cells that it had not reached', () => {
  let asked = 0;
  let answers = 0;
  for (let seed = 0; seed < PROGRAMS; seed++) {
    const mode = seed % 4 === 3 ? 'straight' : 'calls';
    const { value } = generateCase({ seed: seed + 7000, mode, specimens: [] });
    const run = runGuarded(value, BigInt(1 + (seed % 7)));
    asked += run.asked.length;
    answers += run.whole.state.tape.length - (run.state?.tape.length ?? 0);
  }
  assert.ok(asked > 0 && answers > 0, `${asked} cells asked for, ${answers} answers of the tape`);
});

const BLOCK_HASHES = `
  PUSH 999 BLOCKHASH PUSH 0 MSTORE
  PUSH 0 PUSH 0 PUSH 0 CREATE POP
  PUSH @next JUMP next: JUMPDEST
  PUSH 998 BLOCKHASH PUSH 32 MSTORE SELFBALANCE PUSH 64 MSTORE
  PUSH 96 PUSH 0 RETURN`;

function blockHashCase(): Case {
  const code = assemble(BLOCK_HASHES);
  const message = { kind: 'call', to: TARGET, from: SENDER, value: 0n, static: false } as const;
  return {
    accounts: [{ address: TARGET, balance: 5n, nonce: 1n, code, storage: [] }],
    message: { ...message, data: new Uint8Array(0), gas: 200_000n },
  };
}

test('block hashes and the emptiness of storage are on the tape, in order', () => {
  const { whole } = runGuarded(blockHashCase(), 7n);
  assert.deepEqual(
    whole.state.tape.map(({ kind }) => kind),
    [0, 1, 0],
  );
  assert.deepEqual(
    whole.state.tape.map(({ question }) => question).filter((_, i) => i !== 1),
    [999n, 998n],
  );
});

test('a tape that answers other questions is refused', () => {
  const { machine, backend, options } = createWorld(blockHashCase());
  const progress = runUntil(machine, options, 1n);
  assert.ok(progress.kind === 'paused');
  const { bytes } = progress.snapshot;
  const wrong = { kind: 0, question: 1n, answer: 2n };
  assert.throws(
    () => {
      const tape = [...decodeSnapshot(bytes).state.tape, wrong];
      finish(resumeSnapshot(bytes, { fork: FORK, backend, tape }));
    },
    (error) => error instanceof LockstepError && error.code === 'L1102',
  );
});
