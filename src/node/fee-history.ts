/** `eth_feeHistory` (EIP-1559; EIP-7516 for blobs). */
import type { ChainEntry } from '../chain/blocks/chain.ts';
import { blobBaseFee, blobGasLimit, nextBaseFee, nextExcessBlobGas } from '../chain/blocks/fees.ts';
import { gasOfReceipt } from '../chain/blocks/receipts.ts';
import { effectiveGasPrice } from '../chain/world.ts';
import type { Json } from './format/transaction.ts';
import type { Node } from './node.ts';
import { invalidParams, serverError } from './rpc/errors.ts';
import { type BlockTag, toQuantity } from './rpc/types.ts';

const BLOCK_COUNT_MAX = 1024n;

export function feeHistory(
  node: Node,
  asked: bigint,
  newest: BlockTag | bigint,
  percentiles: readonly number[] | undefined,
): Json {
  const last = newest === 'pending' ? node.numberOf('latest') : node.numberOf(newest);
  const head = node.numberOf('latest');
  if (last > head) throw serverError(`request beyond head block: requested ${last}, head ${head}`);
  checkOrder(percentiles ?? []);
  const first = node.numberOf('earliest');
  const wanted = asked < BLOCK_COUNT_MAX ? asked : BLOCK_COUNT_MAX;
  const count = wanted < last - first + 1n ? wanted : last - first + 1n;
  if (count === 0n) return { oldestBlock: '0x0', gasUsedRatio: [] };
  const oldest = last - count + 1n;
  const rows = Array.from({ length: Number(count) }, (_, index) =>
    node.require(oldest + BigInt(index)),
  );
  const end = rows.at(-1) as ChainEntry;
  return {
    oldestBlock: toQuantity(oldest),
    ...(percentiles === undefined
      ? {}
      : { reward: rows.map((entry) => rewards(entry, percentiles).map(toQuantity)) }),
    baseFeePerGas: [...rows.map(baseFeeOf), baseFeeAfter(node, end)].map(toQuantity),
    gasUsedRatio: rows.map(({ block: { header } }) => ratio(header.gasUsed, header.gasLimit)),
    baseFeePerBlobGas: [
      ...rows.map((entry) => blobFeeOf(node, entry)),
      blobFeeAfter(node, end),
    ].map(toQuantity),
    blobGasUsedRatio: rows.map((entry) => {
      const { blobGasUsed = 0n } = entry.block.header;
      return ratio(blobGasUsed, blobGasLimit(node.rulesOf(entry).costs));
    }),
  };
}

function checkOrder(percentiles: readonly number[]): void {
  for (const [index, each] of percentiles.entries()) {
    const before = percentiles[index - 1];
    if (before !== undefined && each <= before) {
      const pair = `#${index - 1}:${before} >= #${index}:${each}`;
      throw invalidParams(`invalid reward percentile: ${pair}`);
    }
  }
}

function ratio(used: bigint, limit: bigint): number {
  return limit === 0n ? 0 : Number(used) / Number(limit);
}

function baseFeeOf({ block }: ChainEntry): bigint {
  return block.header.baseFeePerGas ?? 0n;
}

function baseFeeAfter(node: Node, entry: ChainEntry): bigint {
  const { header } = entry.block;
  const at = { number: header.number + 1n, timestamp: header.timestamp + 1n };
  const { rules } = node.chain.rulesAfter(entry, at);
  return rules.eip1559 ? nextBaseFee(header) : 0n;
}

function blobFeeOf(node: Node, entry: ChainEntry): bigint {
  const { excessBlobGas } = entry.block.header;
  return excessBlobGas === undefined ? 0n : blobBaseFee(excessBlobGas, node.rulesOf(entry).costs);
}

function blobFeeAfter(node: Node, entry: ChainEntry): bigint {
  const { header } = entry.block;
  const at = { number: header.number + 1n, timestamp: header.timestamp + 1n };
  const { rules, costs } = node.chain.rulesAfter(entry, at);
  return rules.eip4844 ? blobBaseFee(nextExcessBlobGas(header, { rules, costs }), costs) : 0n;
}

/** Tips at percentiles of the block's gas. */
function rewards({ block, receipts }: ChainEntry, percentiles: readonly number[]): bigint[] {
  const { header, transactions } = block;
  const baseFee = header.baseFeePerGas ?? 0n;
  const rows = transactions.map(({ transaction }, index) => {
    const gas = gasOfReceipt(receipts, index);
    return { gas, tip: effectiveGasPrice(transaction, baseFee) - baseFee };
  });
  rows.sort((a, b) => (a.tip < b.tip ? -1 : a.tip > b.tip ? 1 : 0));
  return percentiles.map((percentile) => {
    const threshold = (Number(header.gasUsed) * percentile) / 100;
    let sum = 0;
    for (const { gas, tip } of rows) {
      sum += Number(gas);
      if (sum >= threshold) return tip;
    }
    return rows.at(-1)?.tip ?? 0n;
  });
}
