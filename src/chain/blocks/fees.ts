/** The base fees of gas (EIP-1559) and of blob gas (EIP-4844, EIP-7691, EIP-7918). */
import { U256_MAX } from '../../base/u256.ts';
import type { HostCosts } from '../../vms/evm/gas.ts';
import type { Header } from './header.ts';
import type { BlockRules } from './rules.ts';

/** A block's gas target is this part of its limit. */
const ELASTICITY = 2n;
/** The base fee moves by at most this part. */
const FEE_CHANGE_DIVISOR = 8n;
/** Wei: the base fee of the first block of EIP-1559. */
export const INITIAL_BASE_FEE = 1_000_000_000n;

/** Wei for a unit of blob gas at least (EIP-4844). */
const BLOB_FEE_MIN = 1n;
/** Gas whose price bounds the price of a blob from below (EIP-7918). */
const BLOB_BASE_COST = 8192n;

/** The gas limit that a block is measured against: the parent's, doubled at EIP-1559's start. */
export function parentGasLimit(parent: Header, rules: BlockRules): bigint {
  const isFirst = rules.rules.eip1559 && parent.baseFeePerGas === undefined;
  return isFirst ? parent.gasLimit * ELASTICITY : parent.gasLimit;
}

/** Wei for a unit of gas in the block after a parent. */
export function nextBaseFee(
  parent: Pick<Header, 'baseFeePerGas' | 'gasLimit' | 'gasUsed'>,
): bigint {
  const { baseFeePerGas: fee, gasLimit, gasUsed } = parent;
  if (fee === undefined) return INITIAL_BASE_FEE;
  const target = gasLimit / ELASTICITY;
  if (gasUsed === target || target === 0n) return fee;
  if (gasUsed > target) {
    const rise = (fee * (gasUsed - target)) / target / FEE_CHANGE_DIVISOR;
    return fee + (rise > 1n ? rise : 1n);
  }
  return fee - (fee * (target - gasUsed)) / target / FEE_CHANGE_DIVISOR;
}

/** `factor * e ** (numerator / denominator)` by the sum of its series in integers (EIP-4844). */
export function fakeExponential(factor: bigint, numerator: bigint, denominator: bigint): bigint {
  let sum = 0n;
  let term = factor * denominator;
  for (let i = 1n; term > 0n; i++) {
    sum += term;
    term = (term * numerator) / (denominator * i);
  }
  return sum / denominator;
}

/** Exponent of e from which on a fee of 1 wei passes 256 bits. */
const FEE_EXPONENT_MAX = 178n;

/**
 * Wei for a unit of blob gas at an excess. A fee past 256 bits, which no chain reaches and nobody
 * could pay, is the highest number of 256 bits: the series of a hostile excess would not end.
 */
export function blobBaseFee(
  excessBlobGas: bigint,
  { blobFeeFraction }: Pick<HostCosts, 'blobFeeFraction'>,
): bigint {
  if (excessBlobGas >= blobFeeFraction * FEE_EXPONENT_MAX) return U256_MAX;
  return fakeExponential(BLOB_FEE_MIN, excessBlobGas, blobFeeFraction);
}

/** Blob gas of a block at most. */
export function blobGasLimit({ blobsMax, blobGas }: HostCosts): bigint {
  return blobsMax * blobGas;
}

/**
 * The excess of blob gas of the block after a parent. With EIP-7918 it does not fall while a
 * blob's gas is cheaper than the execution gas that blobs stand for.
 *
 * @param rules - Of the block, not of its parent.
 */
export function nextExcessBlobGas(
  parent: Pick<Header, 'excessBlobGas' | 'blobGasUsed' | 'baseFeePerGas'>,
  { rules, costs }: Pick<BlockRules, 'rules' | 'costs'>,
): bigint {
  const { excessBlobGas: excess = 0n, blobGasUsed: used = 0n, baseFeePerGas = 0n } = parent;
  const { blobGas, blobsTarget, blobsMax } = costs;
  const target = blobsTarget * blobGas;
  const sum = excess + used;
  if (sum < target) return 0n;
  if (rules.eip7918) {
    const isCheap = BLOB_BASE_COST * baseFeePerGas > blobGas * blobBaseFee(excess, costs);
    if (isCheap) return excess + (used * (blobsMax - blobsTarget)) / blobsMax;
  }
  return sum - target;
}
