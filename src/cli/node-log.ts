/** What `lockstep node` prints while it runs: blocks, transactions, and what contracts log. */
import { bytesToHex } from '../base/bytes.ts';
import type { ChainEntry } from '../chain/blocks/chain.ts';
import type { Transaction } from '../chain/transactions/types.ts';
import { PendingError } from '../dmir/host.ts';
import { CONSOLE_ADDRESS, decodeConsoleLog } from '../node/console.ts';
import { explainMined } from '../node/execution/explain.ts';
import type { Node } from '../node/node.ts';
import type { StackTrace } from '../node/stack/entry.ts';
import { createAddress } from '../vms/evm/host/creates.ts';
import type { Io } from './io.ts';
import { createLineReader } from './printed.ts';

export interface NodeLogOptions {
  /** One JSON object for each line. */
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  /** With what contracts log. */
  readonly hasConsole: boolean;
}

/** Begins to print. */
export function createNodeLog(
  node: Node,
  io: Io,
  { isJson, isQuiet, hasConsole }: NodeLogOptions,
): { stop(): void } {
  if (isQuiet) return { stop: () => {} };
  const print = (row: Readonly<Record<string, unknown>>, text: string): void => {
    if (node.settings.isLogging) io.out(isJson ? `${JSON.stringify(row)}\n` : text);
  };
  const lines = createLineReader((line) => print({ printed: line }, `printed: ${line}\n`));
  const stop = node.dev.listen({
    printed(_stream, bytes) {
      if (hasConsole) lines.take(bytes);
    },
    codelessCall(address, input) {
      if (!hasConsole || address !== CONSOLE_ADDRESS) return;
      const line = decodeConsoleLog(input);
      if (line !== undefined) print({ console: line }, `console.log: ${line}\n`);
    },
    head({ removed, added }) {
      lines.end();
      if (removed.length > 0) {
        const blocks = removed.length;
        print({ removed: blocks }, `    Removed blocks: ${blocks}\n\n`);
      }
      for (const entry of added) printBlock(node, entry, print);
    },
    dropped({ hash }, { message }) {
      const transaction = bytesToHex(hash);
      print({ dropped: transaction, message }, `    Dropped: ${transaction}: ${message}\n\n`);
    },
  });
  return { stop };
}

/** What a fork would have to fetch first is not worth a wait of who sent the transaction. */
function unlessPending<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch (error) {
    if (error instanceof PendingError) return undefined;
    throw error;
  }
}

function formatTrace(node: Node, trace: StackTrace | undefined): string {
  const text = trace && node.stackTraces?.format(trace);
  return text === undefined ? '' : `: ${text.replaceAll('\n', '\n    ')}`;
}

/** The function that a transaction calls, with its arguments, where its contract is known. */
function describeCall(node: Node, entry: ChainEntry, tx: Transaction): string | undefined {
  const { stackTraces } = node;
  if (stackTraces === undefined) return undefined;
  const { to, data } = tx;
  if (to === undefined) return stackTraces.describeCall(data, data, true);
  const code = node.dev.read(entry, (view) => view.getCode(to) as Uint8Array);
  return stackTraces.describeCall(code, data, false);
}

function printBlock(
  node: Node,
  entry: ChainEntry,
  print: (row: Readonly<Record<string, unknown>>, text: string) => void,
): void {
  const { block, hashes, receipts, senders, hash, range } = entry;
  for (const [index, each] of hashes.entries()) {
    const { cumulativeGasUsed, result } = receipts[index] as ChainEntry['receipts'][number];
    const gasUsed = cumulativeGasUsed - (receipts[index - 1]?.cumulativeGasUsed ?? 0n);
    const tx = block.transactions[index]?.transaction;
    const contract =
      tx !== undefined && tx.to === undefined
        ? bytesToHex(createAddress(senders[index] as Uint8Array, tx.nonce))
        : undefined;
    const failed = result === false;
    const transaction = bytesToHex(each);
    const call = tx && unlessPending(() => describeCall(node, entry, tx));
    const trace = failed ? unlessPending(() => explainMined(node, each)) : undefined;
    print(
      {
        transaction,
        gasUsed: gasUsed.toString(),
        failed,
        ...(contract ? { contract } : {}),
        ...(call ? { call } : {}),
        ...(trace ? { trace } : {}),
      },
      `\n    Transaction: ${transaction}\n` +
        (contract === undefined ? '' : `    Contract created: ${contract}\n`) +
        (call === undefined ? '' : `    Call: ${call}\n`) +
        `    Gas used: ${gasUsed}\n${failed ? `    Failed${formatTrace(node, trace)}\n` : ''}`,
    );
  }
  const { number, timestamp } = block.header;
  const count = range === undefined ? 1n : number - range.first + 1n;
  print(
    { block: number.toString(), hash: bytesToHex(hash), timestamp: timestamp.toString() },
    `\n    Block Number: ${number}${count > 1n ? ` (${count} empty blocks)` : ''}\n` +
      `    Block Hash: ${bytesToHex(hash)}\n    Block Time: ${timestamp}\n\n`,
  );
}
