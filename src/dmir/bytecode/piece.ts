/**
 * Encoded functions before they have an address: pieces, each with the header of a bytecode block.
 *
 * A block of a function is one piece and more where it calls (the callee returns to a piece), where
 * a branch has to move values on one of its edges, and where constants would not fit. A relocation
 * names a block by its id or another piece or function by a key above all ids.
 */
import type { Block, HostDecl, Inst, Module } from '../ir.ts';
import { OPS } from '../ops.ts';
import type { Relocation } from './writer.ts';

/** Keys of pieces that are no block's first one, and of functions. */
export const PIECE_KEYS = 2 ** 32;
export const FUNCTION_KEYS = 2 ** 33;

export interface Piece {
  readonly key: number;
  readonly block: Block;
  /** Index of the first instruction that the header counts. */
  readonly first: number;
  /** How many instructions it counts. */
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly relocations: readonly Relocation[];
  /** Pairs of byte offset and index of the instruction whose words begin there. */
  readonly marks: readonly number[];
}

/** Gas that an instruction charges by a constant amount. */
export function constantCharge(module: Module, inst: Inst): number {
  if (inst.op === 'charge') return inst.imm;
  return inst.op === 'suspend' ? (module.hosts[inst.imm] as HostDecl).gas : 0;
}

/** Whether the instruction can trap, act or see the gas, so that later charges stay behind it. */
export function isBarrier(inst: Inst): boolean {
  if (inst.op === 'charge') return false;
  const { effect, traps } = OPS[inst.op];
  return effect !== 'pure' || traps.length > 0;
}

const CHARGE_MAX = 2 ** 32 - 1;

/**
 * The charges from an instruction on that can be made at once: those before the next barrier. A
 * suspension charges before it acts, so its own gas is among them.
 */
export function chargesFrom(
  module: Module,
  block: Block,
  first: number,
): { readonly amount: number; readonly end: number } {
  let amount = 0;
  let index = first;
  for (; index < block.insts.length; index++) {
    const inst = block.insts[index] as Inst;
    const charge = constantCharge(module, inst);
    if (amount + charge > CHARGE_MAX) break;
    amount += charge;
    if (isBarrier(inst)) return { amount, end: inst.op === 'suspend' ? index + 1 : index };
  }
  return { amount, end: index };
}

/**
 * What a charge that could not be paid as a whole left: the instruction that failed, the gas then.
 */
export function failedCharge(
  module: Module,
  block: Block,
  first: number,
  gas: bigint,
): { readonly index: number; readonly gas: bigint } {
  let left = gas;
  for (let index = first; index < block.insts.length; index++) {
    const charge = BigInt(constantCharge(module, block.insts[index] as Inst));
    if (charge > left) return { index, gas: left };
    left -= charge;
  }
  throw new Error('BUG: a charge failed that can be paid');
}
