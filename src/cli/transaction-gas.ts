/**
 * Gas of a whole transaction, from the gas of its outermost frame: the intrinsic gas before, the
 * refund after (capped, EIP-3529), and the floor for its data (EIP-7623).
 */
import type { Fork } from '../vms/evm/forks.ts';
import { costsOf } from '../vms/evm/gas.ts';

export interface TransactionGas {
  /** Used by the frames, before the refund. */
  readonly execution: bigint;
  /** What counts of the refund. */
  readonly refund: bigint;
  readonly intrinsic: bigint;
  /** The least that a transaction with this data pays; zero before EIP-7623. */
  readonly floor: bigint;
  /** What a sender pays for. */
  readonly transaction: bigint;
}

/**
 * @param data - Calldata, or the init code of a creation.
 * @param refund - The refund counter at the end of the transaction.
 */
export function transactionGas(
  fork: Fork,
  data: Uint8Array,
  isCreation: boolean,
  execution: bigint,
  refund: bigint,
): TransactionGas {
  const costs = costsOf(fork);
  let zeros = 0n;
  for (const byte of data) if (byte === 0) zeros++;
  const others = BigInt(data.length) - zeros;
  const words = (BigInt(data.length) + 31n) / 32n;
  const creation = isCreation ? costs.txCreate + words * costs.initcodeWord : 0n;
  const intrinsic =
    costs.txBase + zeros * costs.txDataZeroByte + others * costs.txDataByte + creation;
  const used = intrinsic + execution;
  const cap = used / costs.refundQuotient;
  const counted = refund < cap ? refund : cap;
  const tokens = zeros + 4n * others;
  const floor = costs.txFloorToken === 0n ? 0n : costs.txBase + tokens * costs.txFloorToken;
  const paid = used - counted;
  return {
    execution,
    refund: counted,
    intrinsic,
    floor,
    transaction: paid > floor ? paid : floor,
  };
}
