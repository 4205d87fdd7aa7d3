/** What contracts can learn of their chain, their block and their transaction. */
import { hexToBytes } from '../base/bytes.ts';
import { LockstepError } from '../base/errors.ts';
import { requireBits } from '../base/u256.ts';
import type { Owner } from '../dmir/host.ts';
import { ENV_WORD, type EnvWord } from '../vms/evm/abi.ts';
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

/** Numbers that contracts read of their block, and where the block has them. */
const BLOCK_WORDS = [
  ['TIMESTAMP', 'timestamp'],
  ['NUMBER', 'number'],
  ['PREVRANDAO', 'prevRandao'],
  ['GASLIMIT', 'gasLimit'],
  ['BASEFEE', 'baseFee'],
  ['BLOBBASEFEE', 'blobBaseFee'],
] as const satisfies readonly (readonly [EnvWord, keyof BlockEnv])[];

/**
 * Sets the block of an executor, for all transactions to come.
 *
 * @throws LockstepError L1003, L1004 for an address or a number out of range
 */
export function setBlock(executor: Executor, block: BlockEnv, chainId: bigint): void {
  const { host } = executor;
  const { rules, precompiles, ownPrecompiles } = host.options;
  const coinbase = toAddress(block.coinbase, 'the coinbase');
  executor.machine.setEnvBytes(ENV_WORD.COINBASE, coinbase);
  executor.setEnv('CHAINID', requireBits(chainId, 256, 'CHAINID of the block'));
  for (const [name, field] of BLOCK_WORDS) {
    executor.setEnv(name, requireBits(block[field], 256, `${name} of the block`));
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
