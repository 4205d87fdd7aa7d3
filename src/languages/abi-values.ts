/**
 * Values between text and the form that the ABI library takes: numbers as bigint, bytes and
 * addresses as hexadecimal text, lists and tuples as arrays (the fields of a tuple in order).
 */
import type { AbiParam } from './contract.ts';
import { InputError } from './errors.ts';
import { type Literal, parseLiteral } from './literal.ts';

/** A value that the ABI encodes. */
export type AbiValue = bigint | number | boolean | string | readonly AbiValue[];

/** Whether a mixed-case address has the right checksum (EIP-55); the library knows. */
export type ChecksumTest = (address: string) => boolean;

const UNITS: Readonly<Record<string, bigint>> = { wei: 1n, gwei: 10n ** 9n, ether: 10n ** 18n };
const DECIMAL = /^([+-]?)(\d[\d_]*)(?:\.([\d_]+))?(?:e\+?(\d+))?(wei|gwei|ether)?$/i;
const HEXADECIMAL = /^(-?)(0x[\da-f_]+)$/i;
/** No exponent above it fits 256 bits; a greater one would only cost time. */
const EXPONENT_MAX = 80n;

/**
 * An integer as people write it: `1_000`, `0xff`, `1e18`, `1.5ether`, `-1`.
 *
 * @returns undefined where the text is no integer.
 */
export function parseInteger(text: string): bigint | undefined {
  const compact = text.trim();
  const hex = HEXADECIMAL.exec(compact);
  if (hex) {
    const digits = hex[2]!.replaceAll('_', '');
    if (digits.length === 2) return undefined;
    return hex[1] === '-' ? -BigInt(digits) : BigInt(digits);
  }
  const match = DECIMAL.exec(compact);
  if (match === null) return undefined;
  const [, sign, whole, fraction = '', exponent = '0', unit = 'wei'] = match;
  if (BigInt(exponent) > EXPONENT_MAX) return undefined;
  const decimals = fraction.replaceAll('_', '');
  const scale = 10n ** BigInt(exponent) * UNITS[unit.toLowerCase()]!;
  const scaled = BigInt(whole!.replaceAll('_', '') + decimals) * scale;
  const divisor = 10n ** BigInt(decimals.length);
  if (scaled % divisor !== 0n) return undefined;
  return sign === '-' ? -(scaled / divisor) : scaled / divisor;
}

/** `transfer(address to, uint256 amount)`: how messages name a parameter. */
export function describeParam(param: AbiParam, index: number): string {
  return param.name ? `parameter ${index + 1} (${param.name})` : `parameter ${index + 1}`;
}

/** The type as a signature writes it: `(uint256,address)[]` for a tuple. */
export function canonicalType(param: AbiParam): string {
  if (!param.type.startsWith('tuple')) return param.type;
  const inner = (param.components ?? []).map(canonicalType).join(',');
  return `(${inner})${param.type.slice('tuple'.length)}`;
}

/**
 * The value of one argument.
 *
 * @param where - How messages call the place: `transfer(address,uint256), parameter 2 (amount)`.
 * @throws InputError `argument-type`
 */
export function parseArgument(
  param: AbiParam,
  argument: string | Literal,
  where: string,
  isChecksum: ChecksumTest,
): AbiValue {
  const context: Context = { where, isChecksum };
  if (typeof argument !== 'string') return fromLiteral(param, argument, context);
  const nested = param.type.endsWith(']') || param.type.startsWith('tuple');
  const literal: Literal = nested
    ? parseLiteral(argument)
    : { kind: 'text', text: argument, quoted: false };
  return fromLiteral(param, literal, context);
}

interface Context {
  readonly where: string;
  readonly isChecksum: ChecksumTest;
}

function mismatch(param: AbiParam, given: string, why: string, context: Context): InputError {
  return new InputError(
    'argument-type',
    `${context.where}: ${given} is not a value of type ${canonicalType(param)}: ${why}`,
  );
}

function showLiteral(literal: Literal): string {
  if (literal.kind === 'text') return JSON.stringify(literal.text);
  if (literal.kind === 'list') return `a list of ${literal.items.length}`;
  return `a record of ${literal.fields.size}`;
}

function fromLiteral(param: AbiParam, literal: Literal, context: Context): AbiValue {
  const array = /^(.*)\[(\d*)\]$/.exec(param.type);
  if (array) return fromList({ ...param, type: array[1]! }, array[2]!, param, literal, context);
  if (param.type === 'tuple') return fromTuple(param, literal, context);
  if (literal.kind !== 'text') {
    throw mismatch(param, showLiteral(literal), 'one plain value is expected', context);
  }
  return fromText(param, literal.text, context);
}

function fromList(
  item: AbiParam,
  count: string,
  param: AbiParam,
  literal: Literal,
  context: Context,
): AbiValue {
  if (literal.kind !== 'list') {
    throw mismatch(param, showLiteral(literal), 'write a list: [first, second]', context);
  }
  if (count !== '' && literal.items.length !== Number(count)) {
    throw mismatch(param, showLiteral(literal), `it has ${count} items`, context);
  }
  return literal.items.map((each, index) =>
    fromLiteral(item, each, { ...context, where: `${context.where}[${index}]` }),
  );
}

function fromTuple(param: AbiParam, literal: Literal, context: Context): AbiValue {
  const fields = param.components ?? [];
  const names = fields.map((field, index) => field.name || String(index));
  if (literal.kind === 'text') {
    throw mismatch(param, showLiteral(literal), 'write a list of its fields', context);
  }
  const size = literal.kind === 'list' ? literal.items.length : literal.fields.size;
  if (size !== fields.length) {
    const wanted = `it has ${fields.length} fields (${names.join(', ')})`;
    throw mismatch(param, showLiteral(literal), wanted, context);
  }
  return fields.map((field, index) => {
    const name = names[index]!;
    const each = literal.kind === 'list' ? literal.items[index] : literal.fields.get(name);
    if (each === undefined) {
      throw mismatch(param, showLiteral(literal), `the field ${name} is missing`, context);
    }
    return fromLiteral(field, each, { ...context, where: `${context.where}.${name}` });
  });
}

function fromText(param: AbiParam, text: string, context: Context): AbiValue {
  const { type } = param;
  const given = JSON.stringify(text);
  if (type === 'string') return text;
  if (type === 'bool') {
    if (text === 'true' || text === '1') return true;
    if (text === 'false' || text === '0') return false;
    throw mismatch(param, given, 'write true or false', context);
  }
  if (type === 'address') return fromAddress(param, text, context);
  if (type.startsWith('bytes') || type === 'function') return fromBytes(param, text, context);
  return fromInteger(param, text, context);
}

function fromAddress(param: AbiParam, text: string, context: Context): string {
  const given = JSON.stringify(text);
  if (!/^0x[\da-f]{40}$/i.test(text)) {
    const digits = /^0x[\da-f]*$/i.test(text) ? `it has ${text.length - 2}` : 'it has others';
    throw mismatch(param, given, `an address is 0x and 40 hexadecimal digits, ${digits}`, context);
  }
  const mixed = /[a-f]/.test(text) && /[A-F]/.test(text.slice(2));
  if (mixed && !context.isChecksum(text)) {
    const why = 'its checksum (EIP-55) is wrong; check the address, or write it in lower case';
    throw mismatch(param, given, why, context);
  }
  return text.toLowerCase();
}

function fromBytes(param: AbiParam, text: string, context: Context): string {
  const given = JSON.stringify(text);
  if (!/^0x(?:[\da-f]{2})*$/i.test(text)) {
    const why = 'write 0x and two hexadecimal digits for each byte';
    throw mismatch(param, given, why, context);
  }
  const size = param.type === 'function' ? 24 : Number(param.type.slice('bytes'.length) || NaN);
  const found = (text.length - 2) / 2;
  if (!Number.isNaN(size) && found !== size) {
    throw mismatch(param, given, `it has ${found} bytes, not ${size}`, context);
  }
  return text;
}

function fromInteger(param: AbiParam, text: string, context: Context): bigint {
  const given = JSON.stringify(text);
  const match = /^(u?)int(\d+)$/.exec(param.type);
  if (match === null) throw mismatch(param, given, 'the type is unknown', context);
  const value = parseInteger(text);
  if (value === undefined) {
    throw mismatch(param, given, 'write an integer: 1000, 1_000, 0x3e8, 1e3', context);
  }
  const bits = BigInt(match[2]!);
  const signed = match[1] === '';
  const min = signed ? -(1n << (bits - 1n)) : 0n;
  const max = signed ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
  if (value < min || value > max) {
    const range = bits <= 64n ? `${min} to ${max}` : `at most ${bits} bits`;
    const why = value < 0n && !signed ? 'it is negative' : `the range is ${range}`;
    throw mismatch(param, given, why, context);
  }
  return value;
}

/** A decoded value for people: `[1, (0xab…, "text")]`. */
export function formatValue(param: AbiParam, value: unknown): string {
  const array = /^(.*)\[\d*\]$/.exec(param.type);
  if (array && Array.isArray(value)) {
    const item = { ...param, type: array[1]! };
    return `[${value.map((each) => formatValue(item, each)).join(', ')}]`;
  }
  if (param.type === 'tuple' && Array.isArray(value)) {
    const parts = (param.components ?? []).map((field, index) => {
      const text = formatValue(field, value[index]);
      return field.name ? `${field.name}: ${text}` : text;
    });
    return `(${parts.join(', ')})`;
  }
  return typeof value === 'string' && param.type === 'string'
    ? JSON.stringify(value)
    : String(value);
}

/** A decoded value for programs: integers as decimal text, tuples as objects of their names. */
export function valueToJson(param: AbiParam, value: unknown): unknown {
  const array = /^(.*)\[\d*\]$/.exec(param.type);
  if (array && Array.isArray(value)) {
    const item = { ...param, type: array[1]! };
    return value.map((each) => valueToJson(item, each));
  }
  if (param.type === 'tuple' && Array.isArray(value)) {
    const fields = param.components ?? [];
    const list = fields.map((field, index) => valueToJson(field, value[index]));
    const named = fields.every((field) => field.name);
    return named ? Object.fromEntries(fields.map((field, i) => [field.name, list[i]])) : list;
  }
  return typeof value === 'bigint' || typeof value === 'number' ? String(value) : value;
}
