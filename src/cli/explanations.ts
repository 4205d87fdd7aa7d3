/** Why a frame halted, in words: the text of `lockstep error KIND` and of a failed run. */
import type { Outcome } from '../chain/types.ts';

export type HaltReason = NonNullable<Outcome['reason']>;

export const HALTS: Readonly<Record<HaltReason, string>> = {
  none: 'the frame did not halt',
  'out-of-gas': 'the gas of the frame does not pay the next step; give more with --gas',
  'stack-underflow': 'an instruction takes more items than the stack has',
  'stack-overflow': 'the stack would hold more than 1024 items',
  'bad-jump': 'a jump leads to a place that is no jump destination',
  'invalid-opcode': 'the byte is no instruction of this fork, or it is INVALID (0xfe)',
  'out-of-bounds': 'a read or write passes the end of its memory or of the return data',
  'static-violation': 'a static call may not change state, log, create or move value',
  'division-by-zero': 'a division traps on zero',
  'integer-overflow': 'a result does not fit the type of a trapping operation',
  'memory-limit': 'memory would pass the greatest size that the machine gives',
  'call-depth': 'calls are nested too deeply',
  'bad-conversion': 'a float has no integer of the wanted type',
  unreachable: 'the program came to a place that its author declared unreachable',
  'cell-exists': 'a cell that may be inserted once is there already',
  'cell-missing': 'a cell that must exist is not there',
  'bad-function': 'an indirect call names no function of the right type',
  user: 'the program trapped by its own decision',
  'insufficient-balance': 'the sender has less than the value of the call',
  'nonce-overflow': 'the nonce of the creator has its greatest value',
  'create-collision': 'the address of the new contract has code or a nonce already',
  'bad-code': 'the deployed code is too large (EIP-170) or starts with 0xef (EIP-3541)',
};

/** `out of gas: the gas of …`. */
export function explainHalt(reason: HaltReason | undefined): string {
  if (reason === undefined) return 'halted';
  return `${reason.replaceAll('-', ' ')}: ${HALTS[reason]}`;
}
