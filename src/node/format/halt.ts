/** What go-ethereum says of a run that halted. */
import type { Outcome } from '../../chain/types.ts';

const TEXTS: Readonly<Partial<Record<NonNullable<Outcome['reason']>, string>>> = {
  'out-of-gas': 'out of gas',
  'memory-limit': 'out of gas',
  'stack-underflow': 'stack underflow',
  'stack-overflow': 'stack limit reached 1024 (1023)',
  'bad-jump': 'invalid jump destination',
  'invalid-opcode': 'invalid opcode: INVALID',
  'out-of-bounds': 'return data out of bounds',
  'static-violation': 'write protection',
  'call-depth': 'max call depth exceeded',
  'insufficient-balance': 'insufficient balance for transfer',
  'nonce-overflow': 'nonce uint64 overflow',
  'create-collision': 'contract address collision',
  'bad-code': 'invalid code: must not begin with 0xef',
};

export function haltText(reason: Outcome['reason']): string {
  if (reason === undefined) return 'insufficient balance for transfer';
  return TEXTS[reason] ?? reason;
}
