/**
 * Runs the old VM tests: the code of one frame under the rules of Frontier, without a transaction
 * around it, so that nothing is paid beforehand and no value moves.
 *
 * A test that has no `gas` must halt. The others name the gas that is left, the output, the hash of
 * the logs and the accounts afterwards.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex } from '../base/bytes.ts';
import { logsHash, logToBytes } from '../chain/blocks/receipts.ts';
import { setTransaction } from '../chain/environment.ts';
import { type GenesisAccount, putAccounts } from '../chain/genesis.ts';
import type { Outcome } from '../chain/types.ts';
import type { EvmWorld } from '../chain/world.ts';
import { createEvmView, type EvmAccount } from '../state/views/evm.ts';
import { FRAME_WORD } from '../vms/evm/abi.ts';
import { readAccounts, readBytes, readNumber, readObject } from './fixture.ts';
import { readEnv } from './state-fixture.ts';
import type { CaseResult, Runner } from './types.ts';
import { worldFor } from './worlds.ts';

const FORK = 'Frontier';

/** One case, of the fork `Frontier`. */
export const runVmTest: Runner = function* (path, name, test, options) {
  if (!options.isWanted(path, name, FORK)) return;
  const fields = readObject(test, 'the test');
  const entry = worldFor(FORK, undefined, options.engine);
  if (entry === undefined) throw new Error(`BUG: there are no rules for ${FORK}`);
  const { world } = entry;
  putAccounts(world.backend, readAccounts(fields.pre, 'pre'));
  world.reset();
  world.setBlock(readEnv(fields.env, world.rules, () => 0n));
  const { gas, outcome } = execute(world, fields.exec);
  const difference =
    fields.gas === undefined
      ? compareHalt(outcome)
      : (compareOutcome(fields, outcome, gas) ?? compareState(fields.post, world));
  yield {
    name,
    fork: FORK,
    outcome: difference === undefined ? 'passed' : 'failed',
    ...difference,
  };
};

/** Runs the frame that `exec` describes. */
function execute(world: EvmWorld, value: unknown): { gas: bigint; outcome: Outcome } {
  const exec = readObject(value, 'exec');
  const { executor } = world;
  const { machine } = executor;
  const address = readBytes(exec.address, 'exec.address', 20);
  const caller = readBytes(exec.caller, 'exec.caller', 20);
  const gas = readNumber(exec.gas, 'exec.gas');
  executor.begin();
  setTransaction(executor, machine.ownerOf(readBytes(exec.origin, 'exec.origin', 20)), []);
  executor.setEnv('GASPRICE', readNumber(exec.gasPrice, 'exec.gasPrice'));
  executor.warm.begin(caller, address);
  const end = executor.startCall({
    from: machine.ownerOf(caller),
    to: address,
    data: readBytes(exec.data, 'exec.data'),
    value: 0n,
    gas,
    isStatic: false,
  });
  // The value can be read, but was not moved.
  if (end === undefined) {
    machine.setFrameWord(FRAME_WORD.CALLVALUE, readNumber(exec.value, 'exec.value'));
  }
  return { gas, outcome: executor.finish(gas, end) };
}

type Difference = Pick<CaseResult, 'field' | 'expected' | 'got' | 'reason'>;

function compareHalt({ status }: Outcome): Difference | undefined {
  if (status === 'halt') return undefined;
  return { field: 'status', expected: 'halt', got: status };
}

function compareOutcome(
  fields: Readonly<Record<string, unknown>>,
  outcome: Outcome,
  gas: bigint,
): Difference | undefined {
  const { status, reason } = outcome;
  if (status !== 'success') {
    const got = reason === undefined ? status : `${status}: ${reason}`;
    return { field: 'status', expected: 'success', got };
  }
  const rows: readonly (readonly [field: string, expected: string, got: string])[] = [
    ['gas left', String(readNumber(fields.gas, 'gas')), String(gas - outcome.gasUsed)],
    ['output', bytesToHex(readBytes(fields.out, 'out')), bytesToHex(outcome.output)],
    [
      'logs hash',
      bytesToHex(readBytes(fields.logs, 'logs', 32)),
      bytesToHex(logsHash(outcome.logs.map(logToBytes))),
    ],
  ];
  const row = rows.find(([, expected, got]) => expected !== got);
  return row === undefined ? undefined : { field: row[0], expected: row[1], got: row[2] };
}

function compareState(post: unknown, world: EvmWorld): Difference | undefined {
  world.flush();
  const view = createEvmView({ backend: world.backend, keccak256: keccak_256 });
  const dump = view.dump();
  if (!Array.isArray(dump)) throw new Error('BUG: a state in memory is not at hand');
  const got = new Map((dump as EvmAccount[]).map((account) => [nameOf(account), textOf(account)]));
  const expected = new Map(
    readAccounts(post, 'post').map((account) => [nameOf(account), textOf(account)]),
  );
  for (const name of new Set([...expected.keys(), ...got.keys()])) {
    const [wanted = EMPTY, found = EMPTY] = [expected.get(name), got.get(name)];
    if (wanted !== found) return { field: `account ${name}`, expected: wanted, got: found };
  }
  return undefined;
}

const nameOf = ({ address }: GenesisAccount): string => bytesToHex(address);

/** An account on one line; slots of zero are none. */
function textOf({ balance, nonce, code, storage }: Omit<GenesisAccount, 'address'>): string {
  const slots = storage
    .filter(({ value }) => value !== 0n)
    .sort((a, b) => (a.slot < b.slot ? -1 : 1))
    .map(({ slot, value }) => `${slot.toString(16)}=${value.toString(16)}`);
  return `balance ${balance} nonce ${nonce} code ${bytesToHex(code)} storage {${slots.join(' ')}}`;
}

const EMPTY = textOf({ balance: 0n, nonce: 0n, code: new Uint8Array(0), storage: [] });
