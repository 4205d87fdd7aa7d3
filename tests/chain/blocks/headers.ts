/** Headers for tests. */
import { NO_OMMERS_HASH } from '../../../src/chain/blocks/block.ts';
import type { Header } from '../../../src/chain/blocks/header.ts';

/** A header of zeros but for the given fields. */
export function createHeader(fields: Partial<Header> = {}): Header {
  return {
    parentHash: new Uint8Array(32),
    ommersHash: NO_OMMERS_HASH,
    coinbase: new Uint8Array(20),
    stateRoot: new Uint8Array(32),
    transactionsRoot: new Uint8Array(32),
    receiptsRoot: new Uint8Array(32),
    logsBloom: new Uint8Array(256),
    difficulty: 131_072n,
    number: 1n,
    gasLimit: 5_000_000n,
    gasUsed: 0n,
    timestamp: 1n,
    extraData: new Uint8Array(0),
    mixHash: new Uint8Array(32),
    nonce: new Uint8Array(8),
    ...fields,
  };
}
