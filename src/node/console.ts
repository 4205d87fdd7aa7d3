/**
 * `console.log` of contracts: calls to an address without code, whose data are a signature of
 * `log` and its values (Hardhat's `console.sol`, forge-std).
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex } from '../base/bytes.ts';
import { bytesToBigint } from '../base/u256.ts';
import { checksumAddress } from './wallets.ts';

/** `console.log` in letters. */
export const CONSOLE_ADDRESS = 0x000000000000000000636f6e736f6c652e6c6f67n;

type ConsoleType =
  | 'uint256'
  | 'int256'
  | 'string'
  | 'bool'
  | 'address'
  | 'bytes'
  | `bytes${number}`;

const WORD = 32;
const SELECTOR_BYTES = 4;
const MIXED = ['uint256', 'string', 'bool', 'address'] as const;
const VALUES_MAX = 4;

let table: ReadonlyMap<string, readonly ConsoleType[]> | undefined;

/** Every signature: up to four mixed values, or one of another type. */
function signatures(): ReadonlyMap<string, readonly ConsoleType[]> {
  const rows: ConsoleType[][] = [[], ['int256'], ['bytes']];
  for (let size = 1; size <= WORD; size++) rows.push([`bytes${size}`]);
  let last: ConsoleType[][] = [[]];
  for (let count = 1; count <= VALUES_MAX; count++) {
    last = last.flatMap((types) => MIXED.map((type) => [...types, type]));
    rows.push(...last);
  }
  const found = new Map<string, readonly ConsoleType[]>();
  for (const types of rows) {
    const list = types.join(',');
    // The first version of the library wrote `uint` and `int`, which have other selectors.
    const old = list.replaceAll('int256', 'int');
    for (const each of [list, old]) found.set(selectorOf(`log(${each})`), types);
    const [only] = types;
    if (types.length === 1 && only !== undefined) {
      for (const name of namedLogs(only)) found.set(selectorOf(name), types);
    }
  }
  return found;
}

/** `logUint(uint256)` and its like. */
function namedLogs(type: ConsoleType): string[] {
  const name = `${type.slice(0, 1).toUpperCase()}${type.slice(1)}`.replace('256', '');
  return [`log${name}(${type})`, `log${name}(${type.replace('int256', 'int')})`];
}

function selectorOf(signature: string): string {
  return bytesToHex(keccak_256(new TextEncoder().encode(signature)).subarray(0, SELECTOR_BYTES));
}

/** What a contract logged, as a line; undefined for data that are no log. */
export function decodeConsoleLog(input: Uint8Array): string | undefined {
  if (input.length < SELECTOR_BYTES) return undefined;
  table ??= signatures();
  const types = table.get(bytesToHex(input.subarray(0, SELECTOR_BYTES)));
  if (types === undefined) return undefined;
  const data = input.subarray(SELECTOR_BYTES);
  const values = types.map((type, index) => readValue(type, data, index * WORD));
  return values.includes(undefined) ? undefined : format(values as string[], types);
}

function readValue(type: ConsoleType, data: Uint8Array, at: number): string | undefined {
  const word = data.subarray(at, at + WORD);
  if (word.length < WORD) return undefined;
  if (type === 'string' || type === 'bytes') return readBytes(type, data, bytesToBigint(word));
  if (type === 'bool') return bytesToBigint(word) === 0n ? 'false' : 'true';
  if (type === 'address') return checksumAddress(word.subarray(12));
  if (type === 'uint256') return bytesToBigint(word).toString();
  if (type === 'int256') return BigInt.asIntN(256, bytesToBigint(word)).toString();
  return bytesToHex(word.subarray(0, Number(type.slice(5))));
}

function readBytes(type: 'string' | 'bytes', data: Uint8Array, offset: bigint): string | undefined {
  if (offset + BigInt(WORD) > BigInt(data.length)) return undefined;
  const start = Number(offset) + WORD;
  const length = bytesToBigint(data.subarray(start - WORD, start));
  if (BigInt(start) + length > BigInt(data.length)) return undefined;
  const bytes = data.subarray(start, start + Number(length));
  return type === 'bytes' ? bytesToHex(bytes) : new TextDecoder().decode(bytes);
}

/** Values between spaces, or in the places that a first text has for them. */
function format(values: readonly string[], types: readonly ConsoleType[]): string {
  const [first, ...rest] = values;
  if (first === undefined) return '';
  if (types[0] !== 'string' || !first.includes('%')) return values.join(' ');
  const filled = first.replace(/%([sdiox%])/g, (whole, kind: string) => {
    if (kind === '%') return '%';
    const value = rest.shift();
    if (value === undefined) return whole;
    const isNumber = /^-?\d+$/.test(value);
    return kind === 'x' && isNumber ? `0x${BigInt(value).toString(16)}` : value;
  });
  return [filled, ...rest].join(' ');
}
