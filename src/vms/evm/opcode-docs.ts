/**
 * One sentence of prose for each opcode, apart from the table so that bundlers can drop it.
 *
 * PUSH1 to PUSH32, DUPn, SWAPn and LOGn share the sentence of their family. Operands are named
 * from the top of the stack.
 */
import type { OpName } from './opcodes.ts';

type Family = 'PUSH' | 'DUP' | 'SWAP' | 'LOG';
type FamilyMember = Exclude<Extract<OpName, `${Family}${number}`>, 'PUSH0'>;
export type OpcodeDocKey = Exclude<OpName, FamilyMember> | Family;

/** Sentences by opcode name or family. */
export const OPCODE_DOCS: Readonly<Record<OpcodeDocKey, string>> = {
  STOP: 'Ends the frame with success and no output.',
  ADD: 'Gives a + b modulo 2^256.',
  MUL: 'Gives a * b modulo 2^256.',
  SUB: 'Gives a - b modulo 2^256.',
  DIV: 'Gives the unsigned quotient a / b, or 0 if b is 0.',
  SDIV: 'Gives the signed quotient a / b rounded towards zero, or 0 if b is 0.',
  MOD: 'Gives the unsigned remainder of a by b, or 0 if b is 0.',
  SMOD: 'Gives the signed remainder of a by b with the sign of a, or 0 if b is 0.',
  ADDMOD: 'Gives (a + b) modulo n, computed without overflow, or 0 if n is 0.',
  MULMOD: 'Gives (a * b) modulo n, computed without overflow, or 0 if n is 0.',
  EXP: 'Gives a to the power b modulo 2^256; each significant byte of b costs more.',
  SIGNEXTEND: 'Extends the sign of x from its byte b, counted from the lowest.',
  LT: 'Gives 1 if a is below b as unsigned numbers, else 0.',
  GT: 'Gives 1 if a is above b as unsigned numbers, else 0.',
  SLT: 'Gives 1 if a is below b as signed numbers, else 0.',
  SGT: 'Gives 1 if a is above b as signed numbers, else 0.',
  EQ: 'Gives 1 if a equals b, else 0.',
  ISZERO: 'Gives 1 if a is 0, else 0.',
  AND: 'Gives the bitwise and.',
  OR: 'Gives the bitwise or.',
  XOR: 'Gives the bitwise exclusive or.',
  NOT: 'Gives the bitwise complement.',
  BYTE: 'Gives byte i of x, counted from the highest, or 0 from 32 on.',
  SHL: 'Shifts the value left by a count of bits; counts from 256 on give 0.',
  SHR: 'Shifts the value right by a count of bits, filling with zeros.',
  SAR: 'Shifts the value right by a count of bits, filling with its sign.',
  CLZ: 'Counts the leading zero bits; of 0 there are 256.',
  KECCAK256: 'Gives the keccak-256 hash of a range of memory.',
  ADDRESS: 'Gives the address whose storage and balance the frame has.',
  BALANCE: 'Gives the balance of an account in wei.',
  ORIGIN: 'Gives the address that signed the transaction.',
  CALLER: 'Gives the address that called the frame.',
  CALLVALUE: 'Gives the value of the call in wei.',
  CALLDATALOAD: 'Reads 32 bytes of input at an offset; past the end there are zeros.',
  CALLDATASIZE: 'Gives the size of the input in bytes.',
  CALLDATACOPY: 'Copies input to memory; past the end there are zeros.',
  CODESIZE: 'Gives the size of the code that runs, in bytes.',
  CODECOPY: 'Copies code that runs to memory; past the end there are zeros.',
  GASPRICE: 'Gives the price of gas that the transaction pays, in wei.',
  EXTCODESIZE: 'Gives the size of the code of an account in bytes.',
  EXTCODECOPY: 'Copies code of an account to memory; past the end there are zeros.',
  RETURNDATASIZE: 'Gives the size of what the last call returned, in bytes.',
  RETURNDATACOPY: 'Copies what the last call returned to memory; fails past the end.',
  EXTCODEHASH: 'Gives the hash of the code of an account, or 0 if there is no account.',
  BLOCKHASH: 'Gives the hash of one of the 256 blocks before this one, else 0.',
  COINBASE: 'Gives the address that receives the fees of the block.',
  TIMESTAMP: 'Gives the time of the block in seconds since 1970.',
  NUMBER: 'Gives the number of the block.',
  PREVRANDAO: 'Gives the random value of the beacon chain; before Paris, the difficulty.',
  GASLIMIT: 'Gives the gas limit of the block.',
  CHAINID: 'Gives the id of the chain.',
  SELFBALANCE: "Gives the balance of the frame's own account in wei.",
  BASEFEE: 'Gives the base fee of the block in wei.',
  BLOBHASH: "Gives a versioned hash of the transaction's blobs, or 0 past the last.",
  BLOBBASEFEE: 'Gives the blob base fee of the block in wei.',
  POP: 'Drops the top item.',
  MLOAD: 'Reads 32 bytes of memory.',
  MSTORE: 'Writes 32 bytes to memory.',
  MSTORE8: 'Writes the lowest byte of a value to memory.',
  SLOAD: 'Reads a storage slot of the own account.',
  SSTORE: 'Writes a storage slot of the own account.',
  JUMP: 'Continues at a destination, which must be a JUMPDEST.',
  JUMPI: 'Continues at a destination if the condition is not 0.',
  PC: 'Gives the position of this opcode in the code.',
  MSIZE: 'Gives the size of memory in bytes, a multiple of 32.',
  GAS: 'Gives the gas that remains after this opcode.',
  JUMPDEST: 'Marks a place where jumps may arrive.',
  TLOAD: 'Reads a transient slot of the own account, which lives as long as the transaction.',
  TSTORE: 'Writes a transient slot of the own account.',
  MCOPY: 'Copies memory to memory; the ranges may overlap.',
  PUSH0: 'Gives 0.',
  PUSH: 'Gives the number that follows the opcode; past the end of code there are zeros.',
  DUP: 'Copies the n-th item to the top.',
  SWAP: 'Exchanges the top with the item n below it.',
  LOG: 'Emits a range of memory with n topics as an event.',
  CREATE: 'Runs initcode from memory and gives the address of the new contract, or 0.',
  CALL: 'Calls an account with gas, value and input, and gives 1 for success.',
  CALLCODE: 'Runs the code of another account on the own account, with a value.',
  RETURN: 'Ends the frame with success and a range of memory as output.',
  DELEGATECALL: 'Runs the code of another account on the own account, keeping caller and value.',
  CREATE2: 'Creates at an address that depends on initcode and a salt alone.',
  STATICCALL: 'Calls an account and forbids every change of state.',
  REVERT: 'Ends the frame, undoes its changes and gives a range of memory as output.',
  INVALID: 'Ends the frame, undoes its changes and takes all its gas.',
  SELFDESTRUCT: 'Sends the whole balance to an account and ends the frame.',
};

const MEMBER = /^(PUSH|DUP|SWAP|LOG)\d+$/;

/** The sentence of an opcode. */
export function opcodeDoc(name: OpName): string {
  const family = name === 'PUSH0' ? undefined : MEMBER.exec(name)?.[1];
  return OPCODE_DOCS[(family ?? name) as OpcodeDocKey];
}
