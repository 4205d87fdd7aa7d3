/** Blobs that come with a transaction: checked against their commitments, and kept for a while. */
import { bytesToHex, equalBytes } from '../base/bytes.ts';
import type { RlpItem } from '../base/rlp.ts';
import { CELLS, verifyBlobProof, verifyCellProofs } from '../chain/transactions/blob-proofs.ts';
import type { Transaction } from '../chain/transactions/types.ts';
import { toVersionedHash } from '../vms/evm/precompiles/kzg.ts';
import type { Node } from './node.ts';
import { serverError } from './rpc/errors.ts';

const BLOB_BYTES = 131_072;

type Bytes = readonly Uint8Array[];

/**
 * Keeps the blobs of a transaction by their versioned hashes.
 *
 * @param items - What stands beside the transaction: blobs, commitments and a proof for each
 *   (EIP-4844), or a version in front and a proof for each cell (EIP-7594).
 * @throws RpcError for what does not fit together
 */
export function keepBlobs(
  node: Node,
  { blobHashes }: Transaction,
  items: readonly RlpItem[],
): void {
  const [blobs, commitments, proofs] = items.filter((item) => !(item instanceof Uint8Array));
  if (!isList(blobs, blobHashes.length) || !isList(commitments, blobHashes.length)) {
    throw serverError('invalid number of blobs and commitments for the blob hashes');
  }
  for (const [index, hash] of blobHashes.entries()) {
    if (blobs[index]?.length !== BLOB_BYTES) {
      throw serverError(`blob ${index} has not ${BLOB_BYTES} bytes`);
    }
    if (!equalBytes(toVersionedHash(commitments[index] as Uint8Array), hash)) {
      throw serverError(`blob ${index}: computed hash mismatches transaction one`);
    }
  }
  const hasCells = items[0] instanceof Uint8Array;
  const count = hasCells ? blobHashes.length * CELLS : blobHashes.length;
  if (!isList(proofs, count)) throw serverError(`invalid number of blob proofs: expected ${count}`);
  if (hasCells) checkCells(blobs, commitments, proofs);
  else checkEach(blobs, commitments, proofs);
  for (const [index, hash] of blobHashes.entries()) {
    node.keepBlob(bytesToHex(hash), (blobs[index] as Uint8Array).slice());
  }
}

function isList(item: RlpItem | undefined, length: number): item is Bytes {
  if (item === undefined || item instanceof Uint8Array || item.length !== length) return false;
  return item.every((each) => each instanceof Uint8Array);
}

function checkEach(blobs: Bytes, commitments: Bytes, proofs: Bytes): void {
  for (const [index, blob] of blobs.entries()) {
    const [commitment, proof] = [commitments[index], proofs[index]] as [Uint8Array, Uint8Array];
    if (!verifyBlobProof(blob, commitment, proof)) {
      throw serverError(`invalid blob ${index}: its KZG proof does not hold`);
    }
  }
}

function checkCells(blobs: Bytes, commitments: Bytes, proofs: Bytes): void {
  if (verifyCellProofs(blobs, commitments, proofs)) return;
  throw serverError('invalid blobs: a KZG proof of their cells does not hold');
}
