/**
 * The two sides of a differential run: anything that can hold the accounts of a case and run its
 * message. Both are made once and reused, since making an EVM costs more than a small program.
 */
import type { BlockEnv, Machine } from '../../src/chain/types.ts';
import type { Fork } from '../../src/vms/evm/forks.ts';
import { compareOutcome, createOracle, type Observed, type Oracle } from '../support/ethereumjs.ts';
import {
  CASE_BLOB_HASHES,
  CASE_BLOCK,
  CASE_GAS_PRICE,
  type Case,
  type CaseMessage,
} from './case.ts';
import { observe } from './observe.ts';

export interface Side {
  /** Runs a case from its own accounts; nothing of an earlier case is left. */
  run(value: Case): Promise<Observed> | Observed;
}

const ENVIRONMENT = { gasPrice: CASE_GAS_PRICE, blobHashes: CASE_BLOB_HASHES } as const;

function commonOptions({ from, value, gas, origin, accessList }: CaseMessage) {
  return {
    ...ENVIRONMENT,
    from,
    value,
    gas,
    ...(origin === undefined ? {} : { origin }),
    ...(accessList === undefined ? {} : { accessList }),
  };
}

/** The oracle as a side. */
export class OracleSide implements Side {
  readonly oracle: Oracle;

  constructor(oracle: Oracle) {
    this.oracle = oracle;
  }

  async run({ accounts, message }: Case): Promise<Observed> {
    this.oracle.state.reset();
    for (const account of accounts) {
      this.oracle.setAccount(account.address, account);
      for (const [slot, value] of account.storage) {
        this.oracle.setStorage(account.address, slot, value);
      }
    }
    const { kind, to, data } = message;
    const common = commonOptions(message);
    if (kind === 'create') return this.oracle.deploy({ ...common, code: data });
    return this.oracle.call({ ...common, to, data, static: message.static });
  }
}

/** A machine as a side; `machine` must have the block `CASE_BLOCK` and an empty state. */
export class MachineSide implements Side {
  readonly machine: Machine;
  readonly #empty: number;

  constructor(machine: Machine) {
    this.machine = machine;
    this.#empty = machine.snapshot();
  }

  run({ accounts, message }: Case): Observed {
    this.machine.restore(this.#empty);
    const { state } = this.machine;
    for (const { address, balance, nonce, code, storage } of accounts) {
      state.setBalance(address, balance);
      state.setNonce(address, nonce);
      if (code.length > 0) state.setCode(address, code);
      for (const [slot, value] of storage) state.setStorage(address, slot, value);
    }
    const { kind, to, data } = message;
    const common = commonOptions(message);
    if (kind === 'create') {
      return observe(this.machine, this.machine.deploy({ ...common, code: data }));
    }
    const options = { ...common, to, data, static: message.static };
    return observe(this.machine, this.machine.call(options));
  }
}

export interface Difference {
  /** The case with the gas limit that showed it. */
  value: Case;
  lines: string[];
}

/** What one run of a case came to. */
export interface Comparison {
  observed: Observed;
  difference?: Difference;
}

/** Runs a case on both sides and compares. A throw on either side is passed on. */
export async function compareSides(ours: Side, theirs: Side, value: Case): Promise<Comparison> {
  const observed = await theirs.run(value);
  const lines = compareOutcome(await ours.run(value), observed);
  return lines.length === 0 ? { observed } : { observed, difference: { value, lines } };
}

/** A new oracle over the block of the cases. */
export async function createOracleSide(
  block: BlockEnv = CASE_BLOCK,
  fork?: Fork,
): Promise<OracleSide> {
  return new OracleSide(await createOracle(block, fork));
}
