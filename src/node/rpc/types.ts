/**
 * Types of parameters and results: how a JSON value is read, and the schema that describes it.
 *
 * Readers are strict. Texts about hexadecimal values are those of go-ethereum, which tools compare.
 */
import { hexToBytes } from '../../base/bytes.ts';
import type { Hex } from '../../chain/types.ts';
import { ParamError } from './errors.ts';

/** A JSON schema. */
export type Schema = Readonly<Record<string, unknown>>;

export interface Type<T> {
  readonly schema: Schema;
  /** Whether the value may be missing. */
  readonly isOptional?: boolean;
  /** @param path - Where the value stands, for the error. */
  read(value: unknown, path: string): T;
}

export type TypeOf<T> = T extends Type<infer V> ? V : never;

const HEX = /^[0-9a-fA-F]*$/;
const NO_PREFIX = 'hex string without 0x prefix';

/** The digits of a text of hexadecimal digits. */
function digitsOf(value: unknown, path: string, wanted: string): string {
  if (typeof value !== 'string') throw new ParamError(path, `${kindOf(value)} is no ${wanted}`);
  if (value === '') throw new ParamError(path, 'empty hex string');
  if (!value.startsWith('0x') && !value.startsWith('0X')) {
    throw new ParamError(path, NO_PREFIX, true);
  }
  const digits = value.slice(2);
  if (!HEX.test(digits)) throw new ParamError(path, 'invalid hex string');
  return digits;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}

function numberType(title: string, bits: number): Type<bigint> {
  return {
    schema: { title, type: 'string', pattern: '^0x(0|[1-9a-f][0-9a-f]*)$' },
    read(value, path) {
      const digits = digitsOf(value, path, 'hexadecimal number');
      if (digits === '') throw new ParamError(path, 'hex string "0x"');
      if (digits.length > 1 && digits.startsWith('0')) {
        throw new ParamError(path, 'hex number with leading zero digits');
      }
      if (digits.length * 4 > bits) throw new ParamError(path, `hex number > ${bits} bits`);
      return BigInt(`0x${digits}`);
    },
  };
}

/** A number of 256 bits, in as few digits as hold it. */
export const quantity: Type<bigint> = numberType('quantity', 256);
export const quantity64: Type<bigint> = numberType('quantity of 64 bits', 64);

/** The methods of development nodes take numbers in any form. */
export const number: Type<bigint> = {
  schema: {
    title: 'number',
    oneOf: [{ type: 'integer' }, { type: 'string', pattern: '^(0x[0-9a-fA-F]+|[0-9]+)$' }],
  },
  read(value, path) {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) {
      return BigInt(value);
    }
    if (typeof value === 'string' && /^(0x[0-9a-fA-F]{1,64}|[0-9]{1,77})$/.test(value)) {
      return BigInt(value);
    }
    throw new ParamError(path, `${kindOf(value)} is no whole number, decimal or hexadecimal`);
  },
};

function bytesType(title: string, size?: number, goType?: string): Type<Uint8Array> {
  const digitCount = size === undefined ? '*' : `{${size * 2}}`;
  const schema = { title, type: 'string', pattern: `^0x[0-9a-fA-F]${digitCount}$` };
  return {
    schema,
    read(value, path) {
      const bytes = readBytes(value);
      if (bytes !== undefined && (size === undefined || bytes.length === size)) return bytes;
      // What is wrong with it, in the words of go-ethereum.
      const digits = readDigits(value, path, title, goType);
      if (digits.length % 2 !== 0) throw new ParamError(path, 'hex string of odd length');
      if (size !== undefined && digits.length !== size * 2) {
        const problem = `hex string has length ${digits.length}, want ${size * 2}`;
        throw new ParamError(path, `${problem} for ${title}`);
      }
      return hexToBytes(digits);
    },
  };
}

/** Undefined for what is no text of bytes. */
function readBytes(value: unknown): Uint8Array | undefined {
  if (typeof value !== 'string' || !/^0[xX]/.test(value)) return undefined;
  try {
    return hexToBytes(value);
  } catch {
    return undefined;
  }
}

function readDigits(value: unknown, path: string, title: string, goType?: string): string {
  try {
    return digitsOf(value, path, title);
  } catch (error) {
    if (goType === undefined || !(error instanceof ParamError) || !error.isWhole) throw error;
    const text = `json: cannot unmarshal ${error.message} into Go value of type ${goType}`;
    throw new ParamError(path, text, true);
  }
}

export const data: Type<Uint8Array> = bytesType('bytes');
export const address: Type<Uint8Array> = bytesType('address', 20, 'common.Address');
export const hash: Type<Uint8Array> = bytesType('hash', 32, 'common.Hash');
export const word: Type<Uint8Array> = bytesType('word of 32 bytes', 32);

/** A slot: at most 32 bytes. */
export const storageKey: Type<bigint> = {
  schema: { title: 'storage key', type: 'string', pattern: '^0x[0-9a-fA-F]{0,64}$' },
  read(value, path) {
    if (typeof value !== 'string') throw new ParamError(path, `${kindOf(value)} is no storage key`);
    const digits = value.replace(/^0[xX]/, '');
    if (!HEX.test(digits)) {
      throw new ParamError('', `invalid hex in storage key: ${JSON.stringify(value)}`, true);
    }
    if (digits.length > 64) {
      const problem = 'hex string too long, want at most 32 bytes';
      throw new ParamError('', `${problem} for the storage key ${JSON.stringify(value)}`, true);
    }
    return digits === '' ? 0n : BigInt(`0x${digits}`);
  },
};

export const boolean: Type<boolean> = {
  schema: { type: 'boolean' },
  read(value, path) {
    if (typeof value === 'boolean') return value;
    throw new ParamError(path, `${kindOf(value)} is neither true nor false`);
  },
};

export const text: Type<string> = {
  schema: { type: 'string' },
  read(value, path) {
    if (typeof value === 'string') return value;
    throw new ParamError(path, `${kindOf(value)} is no text`);
  },
};

/** Any JSON value. */
export const json: Type<unknown> = { schema: {}, read: (value) => value };

export function oneOf<const T extends string>(...values: readonly T[]): Type<T> {
  return {
    schema: { enum: values },
    read(value, path) {
      const found = values.find((each) => each === value);
      if (found !== undefined) return found;
      throw new ParamError(path, `${JSON.stringify(value)} is none of ${values.join(', ')}`);
    },
  };
}

export function optional<T>(type: Type<T>): Type<T | undefined> {
  return {
    schema: type.schema,
    isOptional: true,
    read: (value, path) =>
      value === undefined || value === null ? undefined : type.read(value, path),
  };
}

export function array<T>(item: Type<T>, countMax = 100_000): Type<T[]> {
  return {
    schema: { type: 'array', items: item.schema },
    read(value, path) {
      if (!Array.isArray(value)) throw new ParamError(path, `${kindOf(value)} is no array`);
      if (value.length > countMax) {
        throw new ParamError(path, `an array of ${value.length} items, at most ${countMax}`);
      }
      return value.map((each, index) => item.read(each, `${path}[${index}]`));
    },
  };
}

function readObject(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new ParamError(path, `${kindOf(value)} is no object`);
}

type Shape = Readonly<Record<string, Type<unknown>>>;
type OptionalKeys<S extends Shape> = {
  [K in keyof S]: undefined extends TypeOf<S[K]> ? K : never;
}[keyof S];
export type ObjectOf<S extends Shape> = {
  readonly [K in Exclude<keyof S, OptionalKeys<S>>]: TypeOf<S[K]>;
} & { readonly [K in OptionalKeys<S>]?: Exclude<TypeOf<S[K]>, undefined> };

/** An object with these fields; others are passed over. Fields without a value are left out. */
export function object<const S extends Shape>(shape: S): Type<ObjectOf<S>> {
  const entries = Object.entries(shape);
  const properties = Object.fromEntries(entries.map(([name, { schema }]) => [name, schema]));
  const required = entries.filter(([, type]) => !type.isOptional).map(([name]) => name);
  return {
    schema: { type: 'object', properties, ...(required.length > 0 ? { required } : {}) },
    read(value, path) {
      const source = readObject(value, path);
      const result: Record<string, unknown> = {};
      for (const [name, type] of entries) {
        const own = Object.hasOwn(source, name) ? source[name] : undefined;
        if (!type.isOptional && (own === undefined || own === null)) {
          throw new ParamError(`${path}.${name}`, 'is missing');
        }
        const read = type.read(own, `${path}.${name}`);
        if (read !== undefined) result[name] = read;
      }
      return result as ObjectOf<S>;
    },
  };
}

/** An object whose keys and values have types of their own; a list, since keys are bytes. */
export function record<K, V>(
  key: Type<K>,
  value: Type<V>,
): Type<(readonly [key: K, value: V, name: string])[]> {
  return {
    schema: { type: 'object', additionalProperties: value.schema },
    read: (source, path) =>
      Object.entries(readObject(source, path)).map(([name, each]) => {
        const at = `${path}.${name}`;
        return [key.read(name, at), value.read(each, at), name] as const;
      }),
  };
}

/** The first type that reads the value; the error is that of the last. */
export function either<A, B>(first: Type<A>, second: Type<B>): Type<A | B> {
  return {
    schema: { oneOf: [first.schema, second.schema] },
    read(value, path) {
      try {
        return first.read(value, path);
      } catch (error) {
        if (!(error instanceof ParamError)) throw error;
        return second.read(value, path);
      }
    },
  };
}

// ---- blocks

const TAGS = ['latest', 'pending', 'earliest', 'safe', 'finalized'] as const;
export type BlockTag = (typeof TAGS)[number];

/** How a request names a block. */
export type BlockId = BlockTag | bigint | { readonly hash: Uint8Array };

const TAG_NAMES: ReadonlySet<unknown> = new Set(TAGS);

/** A number or a tag. */
export const blockNumber: Type<BlockTag | bigint> = {
  schema: { title: 'block', oneOf: [{ enum: TAGS }, quantity64.schema] },
  read(value, path) {
    if (TAG_NAMES.has(value)) return value as BlockTag;
    return quantity64.read(value, path);
  },
};

const byHash = object({ blockHash: optional(hash), blockNumber: optional(blockNumber) });

/** A number, a tag or a hash; an object as of EIP-1898 too. */
export const blockId: Type<BlockId> = {
  schema: { oneOf: [blockNumber.schema, hash.schema, byHash.schema] },
  read(value, path) {
    if (typeof value === 'string' && value.length === 66) return { hash: hash.read(value, path) };
    if (typeof value !== 'object' || value === null) return blockNumber.read(value, path);
    const { blockHash, blockNumber: at } = byHash.read(value, path);
    if ((blockHash === undefined) === (at === undefined)) {
      throw new ParamError(path, 'needs either blockHash or blockNumber');
    }
    return blockHash === undefined ? (at ?? 'latest') : { hash: blockHash };
  },
};

/** The block that is meant where none is named. */
export const latestBlock: Type<BlockId> = {
  schema: blockId.schema,
  isOptional: true,
  read: (value, path) =>
    value === undefined || value === null ? 'latest' : blockId.read(value, path),
};

// ---- writing

/** A number as results have it. */
export function toQuantity(value: bigint | number): Hex {
  return `0x${value.toString(16)}`;
}

/** A word of 32 bytes as results have it. */
export function toWord(value: bigint): Hex {
  return `0x${value.toString(16).padStart(64, '0')}`;
}
