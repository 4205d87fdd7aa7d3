/** What contracts can learn of their chain, their block and their transaction. */
import { hexToBytes } from '../base/bytes.ts';
import { LockstepError } from '../base/errors.ts';
import { requireBits } from '../base/u256.ts';
import type { Owner } from '../dmir/host.ts';
import { ENV_WORD, type EnvWord } from '../vms/evm/abi.ts';
import { addressToBigint } from '../vms/evm/host/accounts.ts';
import type { Executor } from './executor.ts';
import type { BlockEnv, BytesLike } from './types.ts';
import { MessageWarmSet } from './warm-set.ts';

export function toBytes(value: BytesLike, what: string): Uint8Array {
  return typeof value === 'string' ? hexToBytes(value, what) : value;
}

/** @throws LockstepError L1003 unless there are 20 bytes */
export function toAddress(value: BytesLike, what: string): Uint8Array {
  const bytes = toBytes(value, what);
  if (bytes.length !== 20) {
    throw new LockstepError('L1003', { what, length: bytes.length, expected: 20 });
  }
  return bytes;
}

/** Words of the block; whose name is not here is set by transaction. */
type BlockWord = Exclude<EnvWord, 'ORIGIN' | 'GASPRICE'>;

/**
 * Sets the block of an executor, for all transactions to come.
 *
 * @throws LockstepError L1003, L1004 for an address or a number out of range
 */
export function setBlock(executor: Executor, block: BlockEnv, chainId: bigint): void {
  const { host } = executor;
  const { rules, precompiles, ownPrecompiles } = host.options;
  const coinbase = toAddress(block.coinbase, 'the coinbase');
  const words: Readonly<Record<BlockWord, bigint>> = {
    COINBASE: addressToBigint(coinbase),
    TIMESTAMP: block.timestamp,
    NUMBER: block.number,
    PREVRANDAO: block.prevRandao,
    GASLIMIT: block.gasLimit,
    CHAINID: chainId,
    BASEFEE: block.baseFee,
    BLOBBASEFEE: block.blobBaseFee,
  };
  for (const [name, value] of Object.entries(words)) {
    executor.setEnv(name as EnvWord, requireBits(value, 256, `${name} of the block`));
  }
  host.context.blockNumber = block.number;
  host.context.blockHash = block.blockHash;
  const always = { precompiles, ownPrecompiles };
  const warm = new MessageWarmSet(always, rules.eip3651 ? coinbase : undefined);
  host.accounts.warm = warm;
  executor.warm = warm;
}

/** Makes a slot of an account warm, or with no slots the account alone (EIP-2930). */
export function warmUp(executor: Executor, owner: Owner, slots: readonly bigint[]): void {
  const { machine, host } = executor;
  machine.touch(host.accounts.balanceCell(machine, owner));
  for (const slot of slots) machine.touch(executor.slotCell(owner, slot));
}

/** Sets what contracts read of their transaction. */
export function setTransaction(
  executor: Executor,
  origin: Owner,
  blobHashes: readonly Uint8Array[],
): void {
  executor.machine.setEnvOwner(ENV_WORD.ORIGIN, origin);
  const { context } = executor.host;
  if (blobHashes.length > 0 || context.blobHashes.length > 0) context.blobHashes = blobHashes;
}
