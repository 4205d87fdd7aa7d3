/** What the EVM's host adds to a machine's state, as bytes: notes of frames, and its context. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { compareBytes } from '../../../base/bytes.ts';
import { LockstepError } from '../../../base/errors.ts';
import type { FrameBelow, MachineAccess } from '../../../dmir/host.ts';
import { ByteReader, ByteWriter } from '../../../dmir/state/byte-stream.ts';
import { addressToBigint, bigintToAddress, listedWarmSet } from './accounts.ts';
import type { EvmHost, EvmNote } from './host.ts';

const KINDS = ['call', 'create'] as const;
const ADDRESS_BYTES = 20;
/** Operands that a note may take away: a call has 7 or 6, a creation 3 or 4; the outermost none. */
const OPERANDS: Readonly<Record<EvmNote['kind'], readonly number[]>> = {
  call: [6, 7],
  create: [3, 4],
};

export function encodeNote(machine: MachineAccess, note: EvmNote): Uint8Array {
  const out = new ByteWriter().u8(KINDS.indexOf(note.kind)).u8(note.operands);
  if (note.kind === 'call') out.word(note.offset).word(note.size);
  else out.raw(machine.ownerId(note.owner));
  return out.bytes();
}

export function decodeNote(
  machine: MachineAccess,
  bytes: Uint8Array,
  below: FrameBelow | undefined,
): EvmNote {
  const from = new ByteReader(bytes);
  const kind = KINDS[from.choice(KINDS.length, 'the kind of a note')] as EvmNote['kind'];
  const operands = from.u8('the operands of a note');
  const allowed = below === undefined ? [0] : OPERANDS[kind];
  if (!allowed.includes(operands) || operands > (below?.window ?? 0)) {
    throw new LockstepError('L1102', { problem: `a note takes ${operands} operands away` });
  }
  const note =
    kind === 'call' ? readCall(from, operands, below) : readCreate(machine, from, operands);
  from.finish('a note');
  return note;
}

function readCall(from: ByteReader, operands: number, below: FrameBelow | undefined): EvmNote {
  const offset = from.word('the offset of an output');
  const size = from.word('the size of an output');
  if (size !== 0n && offset + size > BigInt(below?.memory ?? 0)) {
    throw new LockstepError('L1102', { problem: 'the output of a call leaves the memory below' });
  }
  return { kind: 'call', offset, size, operands };
}

function readCreate(machine: MachineAccess, from: ByteReader, operands: number): EvmNote {
  const id = from.raw(ADDRESS_BYTES, 'the address of a creation');
  return { kind: 'create', owner: machine.ownerOf(id), address: addressToBigint(id), operands };
}

/**
 * The rules' digest, the number of the block, whether there may be empty accounts, the blob hashes,
 * and the addresses that are warm from the start, in order.
 */
export function encodeContext(host: EvmHost): Uint8Array {
  const { blockNumber, blobHashes } = host.context;
  const out = new ByteWriter().raw(rulesDigest(host)).word(blockNumber);
  out.u8(host.accounts.hasEmptyAccounts ? 1 : 0).u32(blobHashes.length);
  for (const hash of blobHashes) out.blob(hash);
  const warm = [...host.accounts.warm].sort(compareNumbers);
  out.u32(warm.length);
  for (const address of warm) out.raw(bigintToAddress(address));
  return out.bytes();
}

export function decodeContext(host: EvmHost, bytes: Uint8Array): void {
  const from = new ByteReader(bytes);
  const digest = from.raw(32, 'the digest of the rules');
  if (compareBytes(digest, rulesDigest(host)) !== 0) {
    throw new LockstepError('L1102', { problem: 'it was made under other rules of the EVM' });
  }
  const blockNumber = from.word('the number of the block');
  const hasEmptyAccounts = from.choice(2, 'the mark of empty accounts') === 1;
  const blobHashes = from.list('blob hashes', 4, () => from.blob('a blob hash'));
  let last = -1n;
  const warm = from.list('addresses', ADDRESS_BYTES, () => {
    const at = from.offset;
    const address = addressToBigint(from.raw(ADDRESS_BYTES, 'an address'));
    if (address <= last) from.fail('addresses are out of order', at);
    last = address;
    return address;
  });
  from.finish('the context');
  Object.assign(host.context, { blockNumber, blobHashes });
  host.accounts.warm = listedWarmSet(warm);
  host.accounts.hasEmptyAccounts = hasEmptyAccounts;
  // A hint that never misleads: the marks themselves are cells.
  host.isDestroying = true;
}

/**
 * Digest of what is fixed for a host: switches that are on, prices, precompiles, length of blocks.
 * The kernel's prices are not in it: the state itself has them.
 */
function rulesDigest(host: EvmHost): Uint8Array {
  const { rules, costs, opcodeGas, precompiles, precompileCosts, lengthMax } = host.options;
  const entries = (row: object): string =>
    Object.entries(row)
      .map(([name, value]) => `${name}=${value}`)
      .sort()
      .join();
  const addresses = [...precompiles.keys()].sort((a, b) => a - b).map(String);
  for (const at of host.options.ownPrecompiles?.keys() ?? []) addresses.push(String(at));
  const active = Object.entries(rules).filter(([, value]) => value !== false);
  const parts = [
    entries(Object.fromEntries(active)),
    entries(costs),
    opcodeGas.join(),
    addresses.join(),
    entries(precompileCosts),
    lengthMax ?? 'usual',
  ];
  return keccak_256(new TextEncoder().encode(parts.join(';')));
}

function compareNumbers(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
