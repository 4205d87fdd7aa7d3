/**
 * The table of EVM opcodes: the one place where an opcode is declared.
 *
 * From it come the per-fork arrays of hot loops, the disassembler, the assembler, block gas, the
 * fuzz generator and, through `OpName`, the record of lowerings. Prose stands in `opcode-docs.ts`.
 *
 * Rows ascend by byte and the unassigned bytes are named, so that a hole is seen.
 *
 * Static gas is the part that is known when a block is lowered. What the machine charges elsewhere
 * is 0 here:
 * - SLOAD, SSTORE, TLOAD, TSTORE: by the state operation in the kernel, at every fork;
 * - BALANCE, EXTCODESIZE, EXTCODECOPY, EXTCODEHASH and the CALL family: by the host since EIP-2929,
 *   when the price came to depend on the access; before it, the price is static and stands here;
 * - SELFDESTRUCT: by the host, at every fork.
 * Words, bytes and growth of memory are never part of it.
 */
import type { Eip, Fork, Overrides } from './forks.ts';
import { forkOf, forkRules } from './forks.ts';

/** What an opcode does besides moving stack items. */
export type Effect =
  | 'pure' // the result depends on operands and position alone
  | 'stack' // moves items
  | 'env' // reads what stays the same during the frame
  | 'read-memory' // reads memory or return data, or their size
  | 'write-memory'
  | 'read-state'
  | 'write-state'
  | 'gas' // reads the gas counter
  | 'log'
  | 'control' // jumps and their destinations
  | 'host' // leaves the machine
  | 'halt'; // ends the frame

type Row = readonly [
  byte: number,
  name: string,
  pops: number,
  pushes: number,
  gas: number,
  immediate: number,
  effect: Effect,
  since: 'frontier' | Eip,
];

// Byte, name, pops, pushes, static gas at introduction, immediate bytes, effect, introduced by
// biome-ignore format: one aligned row for each opcode
const ROWS = [
  // Stop and arithmetic
  [0x00, 'STOP',           0,  0,  0,     0,  'halt',         'frontier'],
  [0x01, 'ADD',            2,  1,  3,     0,  'pure',         'frontier'],
  [0x02, 'MUL',            2,  1,  5,     0,  'pure',         'frontier'],
  [0x03, 'SUB',            2,  1,  3,     0,  'pure',         'frontier'],
  [0x04, 'DIV',            2,  1,  5,     0,  'pure',         'frontier'],
  [0x05, 'SDIV',           2,  1,  5,     0,  'pure',         'frontier'],
  [0x06, 'MOD',            2,  1,  5,     0,  'pure',         'frontier'],
  [0x07, 'SMOD',           2,  1,  5,     0,  'pure',         'frontier'],
  [0x08, 'ADDMOD',         3,  1,  8,     0,  'pure',         'frontier'],
  [0x09, 'MULMOD',         3,  1,  8,     0,  'pure',         'frontier'],
  [0x0a, 'EXP',            2,  1,  10,    0,  'pure',         'frontier'],
  [0x0b, 'SIGNEXTEND',     2,  1,  5,     0,  'pure',         'frontier'],
  // 0x0c to 0x0f: unassigned
  // Comparison and bits
  [0x10, 'LT',             2,  1,  3,     0,  'pure',         'frontier'],
  [0x11, 'GT',             2,  1,  3,     0,  'pure',         'frontier'],
  [0x12, 'SLT',            2,  1,  3,     0,  'pure',         'frontier'],
  [0x13, 'SGT',            2,  1,  3,     0,  'pure',         'frontier'],
  [0x14, 'EQ',             2,  1,  3,     0,  'pure',         'frontier'],
  [0x15, 'ISZERO',         1,  1,  3,     0,  'pure',         'frontier'],
  [0x16, 'AND',            2,  1,  3,     0,  'pure',         'frontier'],
  [0x17, 'OR',             2,  1,  3,     0,  'pure',         'frontier'],
  [0x18, 'XOR',            2,  1,  3,     0,  'pure',         'frontier'],
  [0x19, 'NOT',            1,  1,  3,     0,  'pure',         'frontier'],
  [0x1a, 'BYTE',           2,  1,  3,     0,  'pure',         'frontier'],
  [0x1b, 'SHL',            2,  1,  3,     0,  'pure',         'eip145'],
  [0x1c, 'SHR',            2,  1,  3,     0,  'pure',         'eip145'],
  [0x1d, 'SAR',            2,  1,  3,     0,  'pure',         'eip145'],
  [0x1e, 'CLZ',            1,  1,  5,     0,  'pure',         'eip7939'],
  // 0x1f: unassigned
  // Hash
  [0x20, 'KECCAK256',      2,  1,  30,    0,  'read-memory',  'frontier'],
  // 0x21 to 0x2f: unassigned
  // Environment of the frame
  [0x30, 'ADDRESS',        0,  1,  2,     0,  'env',          'frontier'],
  [0x31, 'BALANCE',        1,  1,  20,    0,  'host',         'frontier'],
  [0x32, 'ORIGIN',         0,  1,  2,     0,  'env',          'frontier'],
  [0x33, 'CALLER',         0,  1,  2,     0,  'env',          'frontier'],
  [0x34, 'CALLVALUE',      0,  1,  2,     0,  'env',          'frontier'],
  [0x35, 'CALLDATALOAD',   1,  1,  3,     0,  'env',          'frontier'],
  [0x36, 'CALLDATASIZE',   0,  1,  2,     0,  'env',          'frontier'],
  [0x37, 'CALLDATACOPY',   3,  0,  3,     0,  'write-memory', 'frontier'],
  [0x38, 'CODESIZE',       0,  1,  2,     0,  'env',          'frontier'],
  [0x39, 'CODECOPY',       3,  0,  3,     0,  'write-memory', 'frontier'],
  [0x3a, 'GASPRICE',       0,  1,  2,     0,  'env',          'frontier'],
  [0x3b, 'EXTCODESIZE',    1,  1,  20,    0,  'host',         'frontier'],
  [0x3c, 'EXTCODECOPY',    4,  0,  20,    0,  'host',         'frontier'],
  [0x3d, 'RETURNDATASIZE', 0,  1,  2,     0,  'read-memory',  'eip211'],
  [0x3e, 'RETURNDATACOPY', 3,  0,  3,     0,  'write-memory', 'eip211'],
  [0x3f, 'EXTCODEHASH',    1,  1,  400,   0,  'host',         'eip1052'],
  // Environment of the block
  [0x40, 'BLOCKHASH',      1,  1,  20,    0,  'host',         'frontier'],
  [0x41, 'COINBASE',       0,  1,  2,     0,  'env',          'frontier'],
  [0x42, 'TIMESTAMP',      0,  1,  2,     0,  'env',          'frontier'],
  [0x43, 'NUMBER',         0,  1,  2,     0,  'env',          'frontier'],
  [0x44, 'PREVRANDAO',     0,  1,  2,     0,  'env',          'frontier'],
  [0x45, 'GASLIMIT',       0,  1,  2,     0,  'env',          'frontier'],
  [0x46, 'CHAINID',        0,  1,  2,     0,  'env',          'eip1344'],
  [0x47, 'SELFBALANCE',    0,  1,  5,     0,  'host',         'eip1884'],
  [0x48, 'BASEFEE',        0,  1,  2,     0,  'env',          'eip3198'],
  [0x49, 'BLOBHASH',       1,  1,  3,     0,  'env',          'eip4844'],
  [0x4a, 'BLOBBASEFEE',    0,  1,  2,     0,  'env',          'eip7516'],
  // 0x4b to 0x4f: unassigned
  // Stack, memory, storage and flow
  [0x50, 'POP',            1,  0,  2,     0,  'stack',        'frontier'],
  [0x51, 'MLOAD',          1,  1,  3,     0,  'read-memory',  'frontier'],
  [0x52, 'MSTORE',         2,  0,  3,     0,  'write-memory', 'frontier'],
  [0x53, 'MSTORE8',        2,  0,  3,     0,  'write-memory', 'frontier'],
  [0x54, 'SLOAD',          1,  1,  0,     0,  'read-state',   'frontier'],
  [0x55, 'SSTORE',         2,  0,  0,     0,  'write-state',  'frontier'],
  [0x56, 'JUMP',           1,  0,  8,     0,  'control',      'frontier'],
  [0x57, 'JUMPI',          2,  0,  10,    0,  'control',      'frontier'],
  [0x58, 'PC',             0,  1,  2,     0,  'pure',         'frontier'],
  [0x59, 'MSIZE',          0,  1,  2,     0,  'read-memory',  'frontier'],
  [0x5a, 'GAS',            0,  1,  2,     0,  'gas',          'frontier'],
  [0x5b, 'JUMPDEST',       0,  0,  1,     0,  'control',      'frontier'],
  [0x5c, 'TLOAD',          1,  1,  0,     0,  'read-state',   'eip1153'],
  [0x5d, 'TSTORE',         2,  0,  0,     0,  'write-state',  'eip1153'],
  [0x5e, 'MCOPY',          3,  0,  3,     0,  'write-memory', 'eip5656'],
  [0x5f, 'PUSH0',          0,  1,  2,     0,  'stack',        'eip3855'],
  // Constants
  [0x60, 'PUSH1',          0,  1,  3,     1,  'stack',        'frontier'],
  [0x61, 'PUSH2',          0,  1,  3,     2,  'stack',        'frontier'],
  [0x62, 'PUSH3',          0,  1,  3,     3,  'stack',        'frontier'],
  [0x63, 'PUSH4',          0,  1,  3,     4,  'stack',        'frontier'],
  [0x64, 'PUSH5',          0,  1,  3,     5,  'stack',        'frontier'],
  [0x65, 'PUSH6',          0,  1,  3,     6,  'stack',        'frontier'],
  [0x66, 'PUSH7',          0,  1,  3,     7,  'stack',        'frontier'],
  [0x67, 'PUSH8',          0,  1,  3,     8,  'stack',        'frontier'],
  [0x68, 'PUSH9',          0,  1,  3,     9,  'stack',        'frontier'],
  [0x69, 'PUSH10',         0,  1,  3,     10, 'stack',        'frontier'],
  [0x6a, 'PUSH11',         0,  1,  3,     11, 'stack',        'frontier'],
  [0x6b, 'PUSH12',         0,  1,  3,     12, 'stack',        'frontier'],
  [0x6c, 'PUSH13',         0,  1,  3,     13, 'stack',        'frontier'],
  [0x6d, 'PUSH14',         0,  1,  3,     14, 'stack',        'frontier'],
  [0x6e, 'PUSH15',         0,  1,  3,     15, 'stack',        'frontier'],
  [0x6f, 'PUSH16',         0,  1,  3,     16, 'stack',        'frontier'],
  [0x70, 'PUSH17',         0,  1,  3,     17, 'stack',        'frontier'],
  [0x71, 'PUSH18',         0,  1,  3,     18, 'stack',        'frontier'],
  [0x72, 'PUSH19',         0,  1,  3,     19, 'stack',        'frontier'],
  [0x73, 'PUSH20',         0,  1,  3,     20, 'stack',        'frontier'],
  [0x74, 'PUSH21',         0,  1,  3,     21, 'stack',        'frontier'],
  [0x75, 'PUSH22',         0,  1,  3,     22, 'stack',        'frontier'],
  [0x76, 'PUSH23',         0,  1,  3,     23, 'stack',        'frontier'],
  [0x77, 'PUSH24',         0,  1,  3,     24, 'stack',        'frontier'],
  [0x78, 'PUSH25',         0,  1,  3,     25, 'stack',        'frontier'],
  [0x79, 'PUSH26',         0,  1,  3,     26, 'stack',        'frontier'],
  [0x7a, 'PUSH27',         0,  1,  3,     27, 'stack',        'frontier'],
  [0x7b, 'PUSH28',         0,  1,  3,     28, 'stack',        'frontier'],
  [0x7c, 'PUSH29',         0,  1,  3,     29, 'stack',        'frontier'],
  [0x7d, 'PUSH30',         0,  1,  3,     30, 'stack',        'frontier'],
  [0x7e, 'PUSH31',         0,  1,  3,     31, 'stack',        'frontier'],
  [0x7f, 'PUSH32',         0,  1,  3,     32, 'stack',        'frontier'],
  // Copies of a deeper slot
  [0x80, 'DUP1',           1,  2,  3,     0,  'stack',        'frontier'],
  [0x81, 'DUP2',           2,  3,  3,     0,  'stack',        'frontier'],
  [0x82, 'DUP3',           3,  4,  3,     0,  'stack',        'frontier'],
  [0x83, 'DUP4',           4,  5,  3,     0,  'stack',        'frontier'],
  [0x84, 'DUP5',           5,  6,  3,     0,  'stack',        'frontier'],
  [0x85, 'DUP6',           6,  7,  3,     0,  'stack',        'frontier'],
  [0x86, 'DUP7',           7,  8,  3,     0,  'stack',        'frontier'],
  [0x87, 'DUP8',           8,  9,  3,     0,  'stack',        'frontier'],
  [0x88, 'DUP9',           9,  10, 3,     0,  'stack',        'frontier'],
  [0x89, 'DUP10',          10, 11, 3,     0,  'stack',        'frontier'],
  [0x8a, 'DUP11',          11, 12, 3,     0,  'stack',        'frontier'],
  [0x8b, 'DUP12',          12, 13, 3,     0,  'stack',        'frontier'],
  [0x8c, 'DUP13',          13, 14, 3,     0,  'stack',        'frontier'],
  [0x8d, 'DUP14',          14, 15, 3,     0,  'stack',        'frontier'],
  [0x8e, 'DUP15',          15, 16, 3,     0,  'stack',        'frontier'],
  [0x8f, 'DUP16',          16, 17, 3,     0,  'stack',        'frontier'],
  // Exchange with a deeper slot
  [0x90, 'SWAP1',          2,  2,  3,     0,  'stack',        'frontier'],
  [0x91, 'SWAP2',          3,  3,  3,     0,  'stack',        'frontier'],
  [0x92, 'SWAP3',          4,  4,  3,     0,  'stack',        'frontier'],
  [0x93, 'SWAP4',          5,  5,  3,     0,  'stack',        'frontier'],
  [0x94, 'SWAP5',          6,  6,  3,     0,  'stack',        'frontier'],
  [0x95, 'SWAP6',          7,  7,  3,     0,  'stack',        'frontier'],
  [0x96, 'SWAP7',          8,  8,  3,     0,  'stack',        'frontier'],
  [0x97, 'SWAP8',          9,  9,  3,     0,  'stack',        'frontier'],
  [0x98, 'SWAP9',          10, 10, 3,     0,  'stack',        'frontier'],
  [0x99, 'SWAP10',         11, 11, 3,     0,  'stack',        'frontier'],
  [0x9a, 'SWAP11',         12, 12, 3,     0,  'stack',        'frontier'],
  [0x9b, 'SWAP12',         13, 13, 3,     0,  'stack',        'frontier'],
  [0x9c, 'SWAP13',         14, 14, 3,     0,  'stack',        'frontier'],
  [0x9d, 'SWAP14',         15, 15, 3,     0,  'stack',        'frontier'],
  [0x9e, 'SWAP15',         16, 16, 3,     0,  'stack',        'frontier'],
  [0x9f, 'SWAP16',         17, 17, 3,     0,  'stack',        'frontier'],
  // Logs
  [0xa0, 'LOG0',           2,  0,  375,   0,  'log',          'frontier'],
  [0xa1, 'LOG1',           3,  0,  750,   0,  'log',          'frontier'],
  [0xa2, 'LOG2',           4,  0,  1125,  0,  'log',          'frontier'],
  [0xa3, 'LOG3',           5,  0,  1500,  0,  'log',          'frontier'],
  [0xa4, 'LOG4',           6,  0,  1875,  0,  'log',          'frontier'],
  // 0xa5 to 0xef: unassigned
  // Calls and ends
  [0xf0, 'CREATE',         3,  1,  32000, 0,  'host',         'frontier'],
  [0xf1, 'CALL',           7,  1,  40,    0,  'host',         'frontier'],
  [0xf2, 'CALLCODE',       7,  1,  40,    0,  'host',         'frontier'],
  [0xf3, 'RETURN',         2,  0,  0,     0,  'halt',         'frontier'],
  [0xf4, 'DELEGATECALL',   6,  1,  40,    0,  'host',         'eip7'],
  [0xf5, 'CREATE2',        4,  1,  32000, 0,  'host',         'eip1014'],
  // 0xf6 to 0xf9: unassigned
  [0xfa, 'STATICCALL',     6,  1,  700,   0,  'host',         'eip214'],
  // 0xfb to 0xfc: unassigned
  [0xfd, 'REVERT',         2,  0,  0,     0,  'halt',         'eip140'],
  [0xfe, 'INVALID',        0,  0,  0,     0,  'halt',         'frontier'],
  [0xff, 'SELFDESTRUCT',   1,  0,  0,     0,  'halt',         'frontier'],
] as const satisfies readonly Row[];

/** Names of all opcodes; a record over it that forgets an opcode does not compile. */
export type OpName = (typeof ROWS)[number][1];

/** Static gas that an EIP changed: each takes the amounts before it and lists only its changes. */
const GAS_CHANGES: readonly (readonly [Eip, Partial<Readonly<Record<OpName, number>>>])[] = [
  [
    'eip150',
    {
      BALANCE: 400,
      EXTCODESIZE: 700,
      EXTCODECOPY: 700,
      CALL: 700,
      CALLCODE: 700,
      DELEGATECALL: 700,
    },
  ],
  ['eip1884', { BALANCE: 700, EXTCODEHASH: 700 }],
  [
    'eip2929',
    {
      BALANCE: 0,
      EXTCODESIZE: 0,
      EXTCODECOPY: 0,
      EXTCODEHASH: 0,
      CALL: 0,
      CALLCODE: 0,
      DELEGATECALL: 0,
      STATICCALL: 0,
    },
  ],
];

/** Names that an opcode had earlier; the assembler takes them. */
export const OPCODE_ALIASES: Readonly<Record<string, OpName>> = {
  DIFFICULTY: 'PREVRANDAO',
  SHA3: 'KECCAK256',
  SUICIDE: 'SELFDESTRUCT',
};

export interface OpcodeRow {
  readonly byte: number;
  readonly name: OpName;
  /** Stack items that it needs. */
  readonly pops: number;
  /** Stack items that stand in the place of the popped ones afterwards. */
  readonly pushes: number;
  /** Static gas at the fork of introduction; see the header. */
  readonly gas: number;
  /** Bytes after the opcode that belong to it. */
  readonly immediate: number;
  readonly effect: Effect;
  /** The EIP that introduced it; `frontier` for the first opcodes. */
  readonly since: 'frontier' | Eip;
  /** The fork that introduced it. */
  readonly fork: Fork;
}

function toRow(row: (typeof ROWS)[number]): OpcodeRow {
  const [byte, name, pops, pushes, gas, immediate, effect, since] = row;
  const fork = since === 'frontier' ? since : forkOf(since);
  return { byte, name, pops, pushes, gas, immediate, effect, since, fork };
}

/** The rows in the order of the table. */
export const OPCODE_LIST: readonly OpcodeRow[] = ROWS.map(toRow);

/** The rows by byte, of all forks; `undefined` where a byte is unassigned. */
export const OPCODES: readonly (OpcodeRow | undefined)[] = Array.from({ length: 256 }, (_, byte) =>
  OPCODE_LIST.find((row) => row.byte === byte),
);

/** Bytes by name: `OP.ADD` is 0x01. */
export const OP = Object.fromEntries(OPCODE_LIST.map((row) => [row.name, row.byte])) as Readonly<
  Record<OpName, number>
>;

export function isOpcodeName(name: string): name is OpName {
  return Object.hasOwn(OP, name);
}

/** The opcodes of one fork as arrays of 256 entries; an invalid byte has zeros in all of them. */
export interface ForkOpcodes {
  readonly gas: Uint32Array;
  readonly pops: Uint8Array;
  readonly pushes: Uint8Array;
  /** 1 where the byte is an opcode of the fork; INVALID (0xfe) is one, which always halts. */
  readonly valid: Uint8Array;
  /** Bytes after the opcode that belong to it, at every fork: decoding does not depend on one. */
  readonly immediate: Uint8Array;
}

const CACHE = new Map<Fork, ForkOpcodes>();

/** The opcodes of a fork, with exceptions where `overrides` are given; cached without them. */
export function opcodesOf(fork: Fork, overrides?: Overrides): ForkOpcodes {
  if (overrides !== undefined) return buildOpcodes(fork, overrides);
  const known = CACHE.get(fork) ?? buildOpcodes(fork);
  CACHE.set(fork, known);
  return known;
}

function buildOpcodes(fork: Fork, overrides?: Overrides): ForkOpcodes {
  const rules = forkRules(fork, overrides);
  const table = {
    gas: new Uint32Array(256),
    pops: new Uint8Array(256),
    pushes: new Uint8Array(256),
    valid: new Uint8Array(256),
    immediate: new Uint8Array(256),
  };
  for (const row of OPCODE_LIST) {
    if (row.since !== 'frontier' && !rules[row.since]) continue;
    table.gas[row.byte] = row.gas;
    table.pops[row.byte] = row.pops;
    table.pushes[row.byte] = row.pushes;
    table.valid[row.byte] = 1;
    table.immediate[row.byte] = row.immediate;
  }
  for (const [eip, changes] of GAS_CHANGES) {
    if (!rules[eip]) continue;
    for (const row of OPCODE_LIST) {
      const gas = changes[row.name];
      if (gas !== undefined && table.valid[row.byte] === 1) table.gas[row.byte] = gas;
    }
  }
  for (const row of OPCODE_LIST) {
    const gas = overrides?.opcodes?.[row.name];
    if (gas !== undefined && table.valid[row.byte] === 1) table.gas[row.byte] = gas;
  }
  return table;
}
