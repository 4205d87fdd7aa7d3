/**
 * Encoded functions before they have an address: pieces, each with the header of a bytecode block.
 *
 * A block of a function is one piece and more where it calls (the callee returns to a piece), where
 * a branch has to move values on one of its edges, and where constants would not fit. A relocation
 * names a block by its id or another piece or function by a key above all ids.
 */
import type { BlockId, HostDecl, Inst, Module } from '../ir.ts';

/** Keys of pieces that are no block's first one, and of functions. */
export const PIECE_KEYS = 2 ** 32;
export const FUNCTION_KEYS = 2 ** 33;

export interface Piece {
  /** Id of the block, of which it is the first piece, or a key. */
  readonly key: number;
  readonly block: BlockId;
  /** Index of the first instruction that the header counts. */
  readonly first: number;
  /** How many instructions it counts. */
  readonly count: number;
  /** Byte offset in the code of the function. */
  readonly offset: number;
  readonly byteLength: number;
  /** Pairs of byte offset in the piece and index of the instruction whose words begin there. */
  readonly marks: readonly number[];
}

/** Gas that an instruction charges by a constant amount. */
export function constantCharge(module: Module, inst: Inst): number {
  if (inst.op === 'charge') return inst.imm;
  return inst.op === 'suspend' ? (module.hosts[inst.imm] as HostDecl).gas : 0;
}

/**
 * What a charge that could not be paid as a whole left: the instruction that failed, the gas then.
 */
export function failedCharge(
  module: Module,
  insts: readonly Inst[],
  first: number,
  gas: bigint,
): { readonly index: number; readonly gas: bigint } {
  let left = gas;
  for (let index = first; index < insts.length; index++) {
    const charge = BigInt(constantCharge(module, insts[index] as Inst));
    if (charge > left) return { index, gas: left };
    left -= charge;
  }
  throw new Error('BUG: a charge failed that can be paid');
}
