/**
 * The table of bytecode forms: what the interpreter's words are and how their fields read.
 *
 * A word is 8 bytes: the form's number and three 16-bit fields. Fields are named by a letter:
 *
 *   d a b c e f  register: signed byte offset from the window pointer at block entry
 *   k            constant: unsigned byte offset into the constants behind the words
 *   i            immediate: unsigned 16-bit number
 *   s            signed 16-bit change of the window pointer
 *   .            unused
 *   T            32-bit address of a block, in two fields
 *   P            32-bit number, in two fields
 *   |            end of a word; a further word follows
 *   *T           as many words as there are pairs of targets
 *
 * Scalar forms (`ADD_I64`) are derived from the operation table by `scalar-forms.ts` and numbered
 * behind the forms here: the 256-bit ones and those of control, memory and state. A field of 8
 * bytes of a register is marked by the name of the form (`_64`); most others take 32.
 */
import { SCALAR_FORMS, type ScalarFormName } from './scalar-forms.ts';

const FORMS = {
  // Control. JUMP is number 0, and a zeroed word jumps nowhere: address 0 holds no block.
  JUMP: 's T',
  DISPATCH: 's a .',
  BR_NZ: 'a . s | T T',
  BR_NZ64: 'a . s | T T',
  BR_EQ: 'a b s | T T',
  BR_EQ_K: 'a k s | T T',
  BR_ULT: 'a b s | T T',
  BR_ULT_K: 'a k s | T T',
  BR_UGT_K: 'a k s | T T',
  BR_SLT: 'a b s | T T',
  BR_SLT_K: 'a k s | T T',
  BR_SGT_K: 'a k s | T T',
  SUSPEND: 'i s . | T P',
  LOWER: '. P', // header of a stub: the block's id,
  ENTER: '. P', // compiled code: its index in the table
  STOP: '. . .',
  FINISH: 'i a b',
  REVERT: 'i a b',
  TRAP: 'i . .',
  // Values
  MOVE: 'd a .',
  MOVE2: 'd a . | d a . .',
  SET_K: 'd . k',
  SET_I: 'd . i',
  ZEXT64: 'd a .',
  SELECT: 'd a b | c . . .',
  // 256-bit arithmetic
  ADD: 'd a b',
  ADD_K: 'd a k',
  ADD_I: 'd a i',
  SUB: 'd a b',
  SUB_I: 'd a i',
  RSUB_K: 'd a k', // constant minus register
  MUL: 'd a b',
  MUL_K: 'd a k',
  UDIV: 'd a b',
  UDIV_K: 'd a k',
  SDIV: 'd a b',
  SDIV_K: 'd a k',
  UREM: 'd a b',
  UREM_K: 'd a k',
  SREM: 'd a b',
  SREM_K: 'd a k',
  ADDMOD: 'd a b | c . . .',
  ADDMOD_K: 'd a b | k . . .',
  MULMOD: 'd a b | c . . .',
  MULMOD_K: 'd a b | k . . .',
  POW: 'd a b',
  UMULHI: 'd a b',
  SMULHI: 'd a b',
  // 256-bit bits
  AND: 'd a b',
  AND_K: 'd a k',
  AND_K64: 'd a k', // the constant fits 64 bits
  OR: 'd a b',
  OR_K: 'd a k',
  XOR: 'd a b',
  XOR_K: 'd a k',
  NOT: 'd a .',
  SHL: 'd a b',
  SHL_I: 'd a i',
  USHR: 'd a b',
  USHR_I: 'd a i',
  SSHR: 'd a b',
  SSHR_I: 'd a i',
  BYTE: 'd a b',
  BYTE_I: 'd a i', // the immediate is the index
  SEXT: 'd a b',
  SEXT_I: 'd a i', // the immediate is the index
  CLZ: 'd a .',
  CTZ: 'd a .',
  POPCNT: 'd a .',
  BSWAP: 'd a .',
  // 256-bit comparison; results are 32 bytes wide
  EQ: 'd a b',
  EQ_K: 'd a k',
  ISZERO: 'd a .',
  ULT: 'd a b',
  ULT_K: 'd a k',
  UGT_K: 'd a k',
  SLT: 'd a b',
  SLT_K: 'd a k',
  SGT_K: 'd a k',
  // Memory; region 0 grows and is charged, others by number
  MLOAD: 'd a .',
  MLOAD_I: 'd . i',
  MSTORE: '. a b',
  MSTORE_I: 'i . b',
  MSTORE_K: '. a k',
  MSTORE_IK: 'i . k',
  MSTORE8: '. a b',
  MSIZE: 'd . .',
  LOADZ: 'd a i', // big-endian, zeros past the end, region by number
  LOADZ_I: 'd i i', // offset, region
  WORD_FRAME: 'd . i', // 32-byte word of the frame at the byte offset
  WORD_ENV: 'd . i',
  COPY: 'i a b | c . . .', // regions; destination, source, length
  KECCAK: 'd a b',
  KECCAK_I: 'd i i',
  // Gas
  CHARGE: '. P',
  CHARGE_DYN: '. a .',
  GAS: 'd . . | P P', // second word: gas of the rest of the block
  // State; the space is an immediate
  CELL_LOAD: 'd a i',
  CELL_STORE: 'i a b | P P', // second word: gas of the rest of the block
  CELL_ORIGINAL: 'd a i',
  CELL_IS_WARM: 'd a i',
  CELL_DELETE: 'i a .',
  CELL_ADD: 'd a b | i . . .',
  CELL_INSERT: 'i a b',
  CELL_CONSUME: 'd a i',
  REFUND: '. a .',
  LOG: 'i a b | c e f g',
  // Control of closed functions. A call goes on at a block of its own, the second target.
  GOTO: '. T', // to a block of the same function
  CALL: 's T | T . .',
  CALL_INDIRECT: 'a s . | T P', // the number of the signature
  TAIL_CALL_INDIRECT: 'a P',
  RETURN: '. . .',
  RETURN_64: 'a . .', // with the one result at the bottom of the window
  BR_TABLE_64: 'a i s | *T', // the number of the last target, which is the default
  BR_TABLE: 'a i s | *T',
  BR_EQ_64: 'a b . | T T',
  BR_EQ_64_K: 'a k . | T T',
  BR_ULT_64: 'a b . | T T',
  BR_ULT_64_K: 'a k . | T T',
  BR_UGT_64_K: 'a k . | T T',
  BR_SLT_64: 'a b . | T T',
  BR_SLT_64_K: 'a k . | T T',
  BR_SGT_64_K: 'a k . | T T',
  BR_SLT_32: 'a b . | T T',
  BR_SLT_32_K: 'a k . | T T',
  BR_SGT_32_K: 'a k . | T T',
  TRAP_NE_64: 'a b i', // traps with the kind where they differ
  // Values of 64 bits
  MOVE_64: 'd a .',
  MOVE2_64: 'd a . | d a . .',
  SET_64_K: 'd . k',
  SET_64_I: 'd . i',
  SELECT_64: 'd a b | c . . .',
  CLAMP_64: 'd a .', // the greatest number where 256 bits do not fit
  EXTEND8_64: 'd a .', // sign above the bits
  EXTEND16_64: 'd a .',
  EXTEND32_64: 'd a .',
  // 256-bit operations beside the EVM's
  ROTL: 'd a b',
  ROTR: 'd a b',
  OVERFLOW: 'd a b | e i . .', // operation: see wide.ts
  CHECKED: 'd a b | i . . .',
  DIVIDE: 'd a b | i . . .', // rule: see wide.ts
  // Memory by region: 64-bit addresses and sizes
  LOAD8: 'd a i',
  LOAD16: 'd a i',
  LOAD16_BE: 'd a i',
  LOAD32: 'd a i',
  LOAD32_BE: 'd a i',
  LOAD64: 'd a i',
  LOAD64_BE: 'd a i',
  LOAD128: 'd a i',
  LOAD128_BE: 'd a i',
  LOAD256: 'd a i',
  LOAD256_BE: 'd a i',
  STORE8: 'i a b',
  STORE16: 'i a b',
  STORE16_BE: 'i a b',
  STORE32: 'i a b',
  STORE32_BE: 'i a b',
  STORE64: 'i a b',
  STORE64_BE: 'i a b',
  STORE128: 'i a b',
  STORE128_BE: 'i a b',
  STORE256: 'i a b',
  STORE256_BE: 'i a b',
  // The same with an offset that is added to the address, or that is the address
  LOAD8_AT: 'd a i | P . .',
  LOAD16_AT: 'd a i | P . .',
  LOAD32_AT: 'd a i | P . .',
  LOAD64_AT: 'd a i | P . .',
  LOAD32_C: 'd . i | P . .',
  LOAD64_C: 'd . i | P . .',
  STORE8_AT: 'i a b | P . .',
  STORE16_AT: 'i a b | P . .',
  STORE32_AT: 'i a b | P . .',
  STORE64_AT: 'i a b | P . .',
  STORE32_C: 'i . b | P . .',
  STORE64_C: 'i . b | P . .',
  MEM_SIZE: 'd . i',
  MEM_GROW: 'd a i',
  MEM_COPY: 'i a b | c . . .',
  MEM_FILL: 'i a b | c . . .',
  MEM_COMPARE: 'd a b | c i . .',
  HASH: 'd a b | i . . .',
  OUTPUT: 'i a b | i . . .', // region; then 1 for a success, 2 for a revert
  LOG_RANGE: 'i a b | c e f g | i . . .', // topics; region in the third word
} as const;

export type FormName = keyof typeof FORMS | ScalarFormName;

const WORDS: Readonly<Record<string, string>> = {
  ...FORMS,
  ...Object.fromEntries(SCALAR_FORMS.map(({ name, words }) => [name, words])),
};

export interface Form {
  readonly name: FormName;
  readonly number: number;
  /** Field letters of each word. */
  readonly words: readonly (readonly string[])[];
}

/** Names in numeric order. */
export const FORM_NAMES = Object.keys(WORDS) as FormName[];

/** Numbers by name. */
export const FORM: Readonly<Record<FormName, number>> = Object.fromEntries(
  FORM_NAMES.map((name, number) => [name, number]),
) as Record<FormName, number>;

export const FORM_ROWS: readonly Form[] = FORM_NAMES.map((name, number) => ({
  name,
  number,
  words: (WORDS[name] as string).split('|').map((word) => word.trim().split(/\s+/)),
}));
