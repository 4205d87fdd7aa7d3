/**
 * Numbers of the text format as bit patterns. Floats are read exactly, as fractions of big
 * integers, and rounded once to the nearest, ties to even.
 *
 * Source: WebAssembly core specification, section 6.3.2 "Values".
 */

const INTEGER = /^([+-]?)(0x[0-9a-fA-F](?:_?[0-9a-fA-F])*|[0-9](?:_?[0-9])*)$/;
const DECIMAL =
  /^([0-9](?:_?[0-9])*)(?:\.((?:[0-9](?:_?[0-9])*)?))?(?:[eE]([+-]?[0-9](?:_?[0-9])*))?$/;
const HEX =
  /^0x([0-9a-fA-F](?:_?[0-9a-fA-F])*)(?:\.((?:[0-9a-fA-F](?:_?[0-9a-fA-F])*)?))?(?:[pP]([+-]?[0-9](?:_?[0-9])*))?$/;
/** Exponents beyond are zero or infinite, and would make the fraction huge. */
const EXPONENT_MAX = 5_000;

/** Why a number is none. */
export type NumberProblem = 'unknown operator' | 'constant out of range';

const plain = (digits: string): string => digits.replaceAll('_', '');

/** Bits of an integer, which may be written as a signed or an unsigned one. */
export function integerBits(text: string, bits: number): bigint | NumberProblem {
  const [, sign, digits] = INTEGER.exec(text) ?? [];
  if (digits === undefined) return 'unknown operator';
  const magnitude = BigInt(plain(digits));
  const max = sign === '-' ? 1n << BigInt(bits - 1) : (1n << BigInt(bits)) - 1n;
  if (magnitude > max) return 'constant out of range';
  return BigInt.asUintN(bits, sign === '-' ? -magnitude : magnitude);
}

/** Bits of mantissa and exponent of a format. */
interface Format {
  readonly mantissa: number;
  readonly exponent: number;
}

const FORMATS: Readonly<Record<number, Format>> = {
  32: { mantissa: 23, exponent: 8 },
  64: { mantissa: 52, exponent: 11 },
};

export function floatBits(text: string, bits: 32 | 64): bigint | NumberProblem {
  const format = FORMATS[bits] as Format;
  const hasSign = text.startsWith('-') || text.startsWith('+');
  const sign = text.startsWith('-') ? 1n << BigInt(bits - 1) : 0n;
  const magnitude = magnitudeBits(hasSign ? text.slice(1) : text, format);
  return typeof magnitude === 'bigint' ? sign | magnitude : magnitude;
}

function magnitudeBits(text: string, format: Format): bigint | NumberProblem {
  const mantissaBits = BigInt(format.mantissa);
  const infinite = ((1n << BigInt(format.exponent)) - 1n) << mantissaBits;
  if (text === 'inf') return infinite;
  if (text === 'nan') return infinite | (1n << (mantissaBits - 1n));
  const [, payload] = /^nan:0x([0-9a-fA-F](?:_?[0-9a-fA-F])*)$/.exec(text) ?? [];
  if (payload !== undefined) {
    const value = BigInt(`0x${plain(payload)}`);
    const isFitting = value > 0n && value < 1n << mantissaBits;
    return isFitting ? infinite | value : 'constant out of range';
  }
  const fraction = readFraction(text);
  if (fraction === undefined) return 'unknown operator';
  const rounded = round(fraction, format);
  return rounded >= infinite ? 'constant out of range' : rounded;
}

interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

function readFraction(text: string): Fraction | undefined {
  const isHex = text.startsWith('0x');
  const [, whole, part = '', power = '0'] = (isHex ? HEX : DECIMAL).exec(text) ?? [];
  if (whole === undefined) return undefined;
  const digits = plain(whole + part);
  const mantissa = BigInt(isHex ? `0x${digits}` : digits);
  const base = isHex ? 2n : 10n;
  const written = Number(plain(power));
  const shift = written - plain(part).length * (isHex ? 4 : 1);
  const limit = EXPONENT_MAX + 4 * digits.length;
  const exponent = Math.max(-limit, Math.min(limit, shift));
  return exponent >= 0
    ? { numerator: mantissa * base ** BigInt(exponent), denominator: 1n }
    : { numerator: mantissa, denominator: base ** BigInt(-exponent) };
}

const widthOf = (value: bigint): number => value.toString(2).length;

/** Bits of the nearest float; past the greatest those of infinity or more. */
function round({ numerator, denominator }: Fraction, { mantissa, exponent }: Format): bigint {
  if (numerator === 0n) return 0n;
  const bias = 2 ** (exponent - 1) - 1;
  // The power of two of the first digit, or one too great.
  let power = widthOf(numerator) - widthOf(denominator);
  const isBelow =
    power >= 0
      ? numerator < denominator << BigInt(power)
      : numerator << BigInt(-power) < denominator;
  if (isBelow) power--;
  const least = 1 - bias;
  const scale = mantissa - Math.max(power, least);
  const [n, d] =
    scale >= 0
      ? [numerator << BigInt(scale), denominator]
      : [numerator, denominator << BigInt(-scale)];
  const quotient = n / d;
  const twice = 2n * (n % d);
  const isUp = twice > d || (twice === d && (quotient & 1n) === 1n);
  const digits = quotient + (isUp ? 1n : 0n);
  // A carry out of the digits raises the exponent by itself.
  const field = BigInt(Math.max(power, least) + bias - 1);
  return (field << BigInt(mantissa)) + digits;
}
