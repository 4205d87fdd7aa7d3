/** What the official layouts share: numbers, bytes, and accounts, as JSON has them. */
import { hexToBytes } from '../base/bytes.ts';
import type { GenesisAccount } from '../chain/genesis.ts';
import { FormatError } from './types.ts';

export type Json = Readonly<Record<string, unknown>>;

/** An object under a key. */
export function readObject(value: unknown, what: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FormatError(`${what} is missing or no object`);
  }
  return value as Json;
}

export function readText(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new FormatError(`${what} is missing or no text`);
  return value;
}

export function readList(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new FormatError(`${what} is missing or no list`);
  return value;
}

/** A number in hexadecimal or decimal text; no digits after `0x` are zero. */
export function readNumber(value: unknown, what: string): bigint {
  if (typeof value === 'number') return BigInt(value);
  const text = readText(value, what);
  if (!/^(0x[0-9a-fA-F]*|[0-9]+)$/.test(text)) {
    throw new FormatError(`${what} is "${text}", which is no number`);
  }
  return text === '0x' ? 0n : BigInt(text);
}

/** The same, or a default where the key is missing. */
export function readNumberOr(value: unknown, what: string, other: bigint): bigint {
  return value === undefined || value === null ? other : readNumber(value, what);
}

/** @param length in bytes, where it is fixed */
export function readBytes(value: unknown, what: string, length?: number): Uint8Array {
  const text = readText(value, what);
  if (!/^(0x)?([0-9a-fA-F]{2})*$/.test(text)) {
    throw new FormatError(`${what} is "${text.slice(0, 80)}", which is no hexadecimal text`);
  }
  const bytes = hexToBytes(text, what);
  if (length !== undefined && bytes.length !== length) {
    throw new FormatError(`${what} has ${bytes.length} bytes and needs ${length}`);
  }
  return bytes;
}

/** Accounts by address: `pre`, `postState`, `alloc`. */
export function readAccounts(value: unknown, what: string): GenesisAccount[] {
  return Object.entries(readObject(value, what)).map(([address, account]) => {
    const where = `${what}.${address}`;
    const { balance, nonce, code, storage } = readObject(account, where);
    return {
      address: readBytes(address, 'an address', 20),
      balance: readNumberOr(balance, `${where}.balance`, 0n),
      nonce: readNumberOr(nonce, `${where}.nonce`, 0n),
      code: code === undefined ? new Uint8Array(0) : readBytes(code, `${where}.code`),
      storage: Object.entries(storage === undefined ? {} : readObject(storage, where)).map(
        ([slot, content]) => ({
          slot: readNumber(slot, `a slot of ${where}`),
          value: readNumber(content, `slot ${slot} of ${where}`),
        }),
      ),
    };
  });
}
