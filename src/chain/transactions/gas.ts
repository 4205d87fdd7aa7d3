/**
 * Gas that depends on the transaction alone: what it pays before its first operation, the floor
 * for its data, and what it pays at the end (Yellow Paper, section 6.2).
 */
import type { ForkRules } from '../../vms/evm/forks.ts';
import type { HostCosts } from '../../vms/evm/gas.ts';
import type { Transaction } from './types.ts';

/** The fields that decide the intrinsic gas. */
export type GasFields = Pick<Transaction, 'to' | 'data' | 'accessList' | 'authorizations'>;

export interface IntrinsicGas {
  /** Charged before execution; the gas limit is at least this. */
  readonly intrinsic: bigint;
  /** The least that the transaction pays in the end (EIP-7623); 0 before. */
  readonly floor: bigint;
}

/** Tokens of a byte that is not zero, where a zero byte is one token (EIP-7623). */
const TOKENS_OF_BYTE = 4;

/** What was asked for last: a transaction is checked, and then run. */
let last:
  | {
      readonly tx: GasFields;
      readonly costs: HostCosts;
      readonly rules: ForkRules;
      readonly gas: IntrinsicGas;
    }
  | undefined;

/** The result for the same objects again is that of before: nobody changes a transaction. */
export function intrinsicGas(tx: GasFields, costs: HostCosts, rules: ForkRules): IntrinsicGas {
  if (last?.tx === tx && last.costs === costs && last.rules === rules) return last.gas;
  const gas = findIntrinsicGas(tx, costs, rules);
  last = { tx, costs, rules, gas };
  return gas;
}

function findIntrinsicGas(tx: GasFields, costs: HostCosts, rules: ForkRules): IntrinsicGas {
  const { data, accessList, authorizations } = tx;
  const zeros = countZeros(data);
  const others = data.length - zeros;
  let intrinsic =
    costs.txBase + BigInt(zeros) * costs.txDataZeroByte + BigInt(others) * costs.txDataByte;
  if (tx.to === undefined) {
    const words = Math.ceil(data.length / 32);
    intrinsic += costs.txCreate + BigInt(words) * costs.initcodeWord;
  }
  if (accessList.length > 0) {
    let slots = 0;
    for (const entry of accessList) slots += entry.slots.length;
    intrinsic +=
      BigInt(accessList.length) * costs.txAccessAddress + BigInt(slots) * costs.txAccessKey;
  }
  intrinsic += BigInt(authorizations.length) * costs.txAuthorization;
  const tokens = BigInt(zeros + TOKENS_OF_BYTE * others);
  const floor = rules.eip7623 ? costs.txBase + tokens * costs.txFloorToken : 0n;
  return { intrinsic, floor };
}

function countZeros(data: Uint8Array): number {
  let zeros = 0;
  for (let i = 0; i < data.length; i++) if (data[i] === 0) zeros++;
  return zeros;
}

/** What is charged at the end. */
export interface SettledGas {
  /** What the sender pays for. */
  readonly used: bigint;
  /** What counted of the refund counter. */
  readonly refund: bigint;
}

/**
 * The gas of a transaction after its refund, which is capped (EIP-3529: at a fifth of the gas
 * used, before at the half), and not below the floor.
 *
 * @param used - Intrinsic gas and that of the frames.
 * @param counter - The refund counter at the end; never negative.
 */
export function settleGas(
  used: bigint,
  counter: bigint,
  floor: bigint,
  costs: HostCosts,
): SettledGas {
  const cap = used / costs.refundQuotient;
  const refund = counter < cap ? counter : cap;
  const paid = used - refund;
  return { used: paid > floor ? paid : floor, refund };
}

/** Highest size of init code of any kind: of a module with as much of what it reads. */
export function initCodeBytesMax({ initcodeBytesMax, moduleBytesMax }: HostCosts): bigint {
  const most = moduleBytesMax * 2n;
  return most > initcodeBytesMax ? most : initcodeBytesMax;
}
