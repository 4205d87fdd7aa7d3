/**
 * Gas of a whole transaction, from the gas of its outermost frame: the intrinsic gas before, the
 * refund after, and the floor for its data.
 */
import { intrinsicGas, settleGas } from '../chain/transactions/gas.ts';
import { type Fork, forkRules } from '../vms/evm/forks.ts';
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

/** The gas of a transaction does not depend on who is called. */
const ANYONE = new Uint8Array(20);

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
  const to = isCreation ? undefined : ANYONE;
  const fields = { to, data, accessList: [], authorizations: [] };
  const { intrinsic, floor } = intrinsicGas(fields, costs, forkRules(fork));
  const settled = settleGas(intrinsic + execution, refund, floor, costs);
  return { execution, refund: settled.refund, intrinsic, floor, transaction: settled.used };
}
