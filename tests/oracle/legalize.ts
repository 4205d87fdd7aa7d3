/**
 * Which instruction a fork has, and the rewriting of Osaka's programs for older forks.
 *
 * The generators of single frames write the newest instructions. In an older fork most of their
 * programs would end at the first one that it lacks, so each of those becomes one of as many bytes
 * that takes and gives as many stack items where there is one. Kept apart from the table in `src/`.
 */
import { FORKS, type Fork } from '../../src/vms/evm/forks.ts';
import type { Prng } from '../support/prng.ts';
import { joinPieces, splitCode } from './assembly.ts';
import type { Case } from './case.ts';
import { OPCODE_OF_BYTE, opcodeByte } from './opcodes.ts';
import { oneIn } from './operands.ts';

/** Instructions that came after Frontier: since when, and what stands for them before. */
const LATER: Readonly<Record<string, readonly [since: Fork, substitute: string]>> = {
  DELEGATECALL: ['homestead', 'POP'],
  REVERT: ['byzantium', 'RETURN'],
  RETURNDATASIZE: ['byzantium', 'CALLDATASIZE'],
  RETURNDATACOPY: ['byzantium', 'CALLDATACOPY'],
  STATICCALL: ['byzantium', 'DELEGATECALL'],
  SHL: ['constantinople', 'MUL'],
  SHR: ['constantinople', 'DIV'],
  SAR: ['constantinople', 'SDIV'],
  EXTCODEHASH: ['constantinople', 'EXTCODESIZE'],
  CREATE2: ['constantinople', 'CREATE'],
  CHAINID: ['istanbul', 'GASLIMIT'],
  SELFBALANCE: ['istanbul', 'CALLVALUE'],
  BASEFEE: ['london', 'NUMBER'],
  // Zero more often than anything else of one byte.
  PUSH0: ['shanghai', 'CALLVALUE'],
  TLOAD: ['cancun', 'SLOAD'],
  TSTORE: ['cancun', 'SSTORE'],
  MCOPY: ['cancun', 'CALLDATACOPY'],
  BLOBHASH: ['cancun', 'BLOCKHASH'],
  BLOBBASEFEE: ['cancun', 'GASPRICE'],
  CLZ: ['osaka', 'NOT'],
};

/** One instruction in so many is left as it is, so that those are met too. */
const KEPT = 60;

/** Whether the fork has the instruction. */
export function hasOpcode(fork: Fork, name: string): boolean {
  const row = LATER[name];
  return row === undefined || FORKS.indexOf(fork) >= FORKS.indexOf(row[0]);
}

/** The instruction, or what stands for it in the fork. */
export function substituteOf(fork: Fork, name: string): string {
  let found = name;
  while (!hasOpcode(fork, found)) found = LATER[found]?.[1] ?? found;
  return found;
}

/** The program with nearly all its instructions ones that the fork has; as many bytes as before. */
export function legalize(prng: Prng, fork: Fork, code: Uint8Array): Uint8Array {
  const pieces = splitCode(code).map((piece) => {
    const name = OPCODE_OF_BYTE.get(piece[0] ?? 0)?.name;
    if (name === undefined || hasOpcode(fork, name) || oneIn(prng, KEPT)) return piece;
    return Uint8Array.of(opcodeByte(substituteOf(fork, name)), ...piece.subarray(1));
  });
  return joinPieces(pieces);
}

/** The same for all programs of a case of a single frame. */
export function legalizeCase(prng: Prng, fork: Fork, value: Case): Case {
  const { accounts, message } = value;
  return {
    accounts: accounts.map((account) => ({
      ...account,
      code: legalize(prng, fork, account.code),
    })),
    message:
      message.kind === 'create'
        ? { ...message, data: legalize(prng, fork, message.data) }
        : message,
  };
}
