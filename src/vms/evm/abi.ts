/**
 * What the EVM's dMIR shares with its host: regions, cell spaces, words and host functions, by
 * number.
 *
 * The lowering writes these numbers into operations, the host answers to them.
 */
import { ENV_BYTES, FRAME_WORDS } from '../../dmir/host.ts';
import type { HostDecl, Region } from '../../dmir/ir.ts';

/** Regions in order; the number of a region is its place. */
export const EVM_REGIONS: readonly Region[] = [
  { name: 'memory', bounds: 'charge', writable: true, min: 0, max: 0 },
  { name: 'calldata', bounds: 'zero', writable: false, min: 0, max: 0 },
  { name: 'code', bounds: 'zero', writable: false, min: 0, max: 0 },
  { name: 'returndata', bounds: 'trap', writable: false, min: 0, max: 0 },
  { name: 'frame', bounds: 'trap', writable: false, min: 192, max: 192 },
  { name: 'env', bounds: 'trap', writable: false, min: ENV_BYTES, max: ENV_BYTES },
];

export const REGION = {
  memory: 0,
  calldata: 1,
  code: 2,
  returndata: 3,
  frame: 4,
  env: 5,
} as const;

/** Ids of the blocks that stand for no program counter. */
export const BLOCK_DYNAMIC = 0x0100_0000;
export const BLOCK_BAD_JUMP = 0x0100_0001;
/** Added to a program counter: drops the unused destination of a JUMPI, then goes on there. */
export const BLOCK_DROP = 0x0200_0000;

/**
 * Cell spaces in order: storage slots and transient slots, which operations address by number, then
 * those that only host functions read and write.
 */
export const EVM_SPACES: readonly string[] = ['slot', 'transient', 'account', 'code', 'block'];

/** Words of the region `frame`, which differ by call. */
export const FRAME_WORD = {
  ADDRESS: FRAME_WORDS.self,
  CALLER: FRAME_WORDS.caller,
  CALLVALUE: FRAME_WORDS.value,
  CALLDATASIZE: FRAME_WORDS.inputLength,
  CODESIZE: FRAME_WORDS.codeLength,
  RETURNDATASIZE: FRAME_WORDS.returnLength,
} as const;

/** Words of the region `env`, the same for a whole transaction. */
export const ENV_WORD = {
  ORIGIN: 0,
  GASPRICE: 1,
  COINBASE: 2,
  TIMESTAMP: 3,
  NUMBER: 4,
  PREVRANDAO: 5,
  GASLIMIT: 6,
  CHAINID: 7,
  BASEFEE: 8,
  BLOBBASEFEE: 9,
} as const;

export type FrameWord = keyof typeof FRAME_WORD;
export type EnvWord = keyof typeof ENV_WORD;

// Name, operands, whether it gives a result, spaces read, spaces written
const HOST_ROWS = [
  ['BALANCE', 1, 1, ['account'], []],
  ['EXTCODESIZE', 1, 1, ['account', 'code'], []],
  ['EXTCODECOPY', 4, 0, ['account', 'code'], []],
  ['EXTCODEHASH', 1, 1, ['account', 'code'], []],
  ['BLOCKHASH', 1, 1, ['block'], []],
  ['SELFBALANCE', 0, 1, ['account'], []],
  ['BLOBHASH', 1, 1, [], []],
  ['CREATE', 3, 1, ['account', 'code', 'slot'], ['account', 'code', 'slot']],
  ['CALL', 7, 1, ['account', 'code', 'slot'], ['account', 'slot']],
  ['CALLCODE', 7, 1, ['account', 'code', 'slot'], ['account', 'slot']],
  ['DELEGATECALL', 6, 1, ['account', 'code', 'slot'], ['account', 'slot']],
  ['CREATE2', 4, 1, ['account', 'code', 'slot'], ['account', 'code', 'slot']],
  ['STATICCALL', 6, 1, ['account', 'code', 'slot'], []],
  ['SELFDESTRUCT', 1, 0, ['account'], ['account']],
] as const;

type HostRow = (typeof HOST_ROWS)[number] | (typeof MODULE_HOST_ROWS)[number];

/**
 * What modules of another virtual machine ask the host besides, numbered behind the EVM's own:
 * - their code to memory: target, offset, length
 * - the SHA-256 hash of a range of memory
 * - bytes to print: a stream, a range of memory
 * - creations whose data are in two ranges: value, code, length, data, length, and the salt
 */
const MODULE_HOST_ROWS = [
  ['OWN_CODE', 3, 0, ['code'], []],
  ['SHA256_RANGE', 2, 1, [], []],
  ['PRINT', 3, 0, [], []],
  ['CREATE_JOINED', 5, 1, ['account', 'code', 'slot'], ['account', 'code', 'slot']],
  ['CREATE2_JOINED', 6, 1, ['account', 'code', 'slot'], ['account', 'code', 'slot']],
] as const;

export type EvmHostName = (typeof HOST_ROWS)[number][0];
export type HostName = EvmHostName | (typeof MODULE_HOST_ROWS)[number][0];

/** Host functions by number, the number a `suspend` carries. */
export const HOST_NAMES: readonly HostName[] = [...HOST_ROWS, ...MODULE_HOST_ROWS].map(
  (row) => row[0],
);

export const HOST = Object.fromEntries(HOST_ROWS.map(([name], i) => [name, i])) as Readonly<
  Record<EvmHostName, number>
>;

/** Count of operands, by host function. */
export const HOST_OPERANDS: readonly number[] = HOST_ROWS.map((row) => row[1]);

export const EVM_HOSTS: readonly HostDecl[] = HOST_ROWS.map(toHost);

/** Those that a module may ask, with the EVM's own at their numbers. */
export const MODULE_HOSTS: readonly HostDecl[] = [...EVM_HOSTS, ...MODULE_HOST_ROWS.map(toHost)];

function toHost([name, operands, results, reads, writes]: HostRow): HostDecl {
  return {
    name: name.toLowerCase(),
    params: Array.from({ length: operands }, () => 'i256' as const),
    results: Array.from({ length: results }, () => 'i256' as const),
    gas: 0,
    reads: [...reads],
    writes: [...writes],
    deterministic: true,
  };
}
