/** The speed programs as cases: a block, accounts and one message each, at Osaka. */
import type { BlockEnv, CallOptions, Hex } from '../../src/chain/types.ts';
import { readSpeedPrograms, type SpeedProgram } from '../support/corpora.ts';
import { type CaseAccount, hexTextToBytes } from './case.ts';

export interface SpeedCase {
  name: string;
  block: BlockEnv;
  accounts: CaseAccount[];
  options: CallOptions & { from: Hex; to: Hex; data: Hex };
}

function toBlock(env: Record<string, string>): BlockEnv {
  return {
    number: BigInt(env.currentNumber ?? 1),
    timestamp: BigInt(env.currentTimestamp ?? 0),
    gasLimit: BigInt(env.currentGasLimit ?? 0),
    coinbase: env.currentCoinbase as Hex,
    prevRandao: BigInt(env.currentRandom ?? 0),
    baseFee: BigInt(env.currentBaseFee ?? 0),
    blobBaseFee: 1n,
    blockHash: () => undefined,
  };
}

function toAccounts(pre: SpeedProgram['pre']): CaseAccount[] {
  return Object.entries(pre).map(([address, { balance, nonce, code, storage }]) => ({
    address: address.toLowerCase() as Hex,
    balance: BigInt(balance),
    nonce: BigInt(nonce),
    code: hexTextToBytes(code),
    storage: Object.entries(storage).map(([slot, value]) => [BigInt(slot), BigInt(value)] as const),
  }));
}

/** Every data set of every speed program; undefined where there are no corpora. */
export function listSpeedCases(): SpeedCase[] | undefined {
  return readSpeedPrograms()?.map(({ name, env, pre, from, to, data, value, gas }) => ({
    name,
    block: toBlock(env),
    accounts: toAccounts(pre),
    options: {
      from: from as Hex,
      to: to as Hex,
      data: data as Hex,
      value,
      gas,
      gasPrice: 10n,
    },
  }));
}
