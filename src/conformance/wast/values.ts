/** Constants of scripts as bit patterns, and whether a result is what a script expects. */
import {
  EXTERNREF,
  F32,
  F64,
  FUNCREF,
  I32,
  I64,
  V128,
  type ValType,
} from '../../vms/wasm/types.ts';
import type { WastValue } from './script.ts';

const NUMBERS: Readonly<Record<string, readonly [type: ValType, bits: number]>> = {
  i8: [I32, 8],
  i16: [I32, 16],
  i32: [I32, 32],
  i64: [I64, 64],
  f32: [F32, 32],
  f64: [F64, 64],
};

/** Bits of a NaN: all of the exponent, the bit that makes it quiet, the sign. */
const NANS: Readonly<Record<string, readonly [quiet: bigint, magnitude: bigint]>> = {
  f32: [0x7fc0_0000n, 0x7fff_ffffn],
  f64: [0x7ff8_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn],
};

/** A value of a type that is not there; the script's command is skipped. */
export class UnsupportedValueError extends Error {
  readonly feature: string;

  constructor(feature: string) {
    super(`a value of the feature ${feature}`);
    this.name = 'UnsupportedValueError';
    this.feature = feature;
  }
}

/** Bits of an argument. @throws UnsupportedValueError */
export function toBits({ type, value, lane }: WastValue): bigint {
  if (type === 'v128') {
    const lanes = lanesOf(value, lane);
    return lanes.reduce((bits, each, i) => bits | (toBits(each) << BigInt(i * widthOf(lane))), 0n);
  }
  const number = NUMBERS[type];
  if (number !== undefined) return BigInt.asUintN(number[1], BigInt(String(value)));
  if (type === 'ref.null') return 0n;
  // Null is 0, so that the host's references begin with 1.
  if (type === 'ref.extern') return BigInt(String(value)) + 1n;
  throw new UnsupportedValueError('gc');
}

/** Bits of a lane of a shape such as `i16x8`. */
function widthOf(shape = ''): number {
  return Number(/^[if](\d+)x/.exec(shape)?.[1]);
}

/** The lanes of a vector as values of their own; narrow ones are numbers of their width. */
function lanesOf(value: WastValue['value'], shape = ''): WastValue[] {
  const type = shape.split('x')[0] as string;
  return (value as readonly string[]).map((each) => ({ type, value: each }));
}

/** Whether a result of a type is one that the script expects. @throws UnsupportedValueError */
export function isExpected(expected: WastValue, type: ValType, bits: bigint): boolean {
  const { type: name, value, values } = expected;
  if (name === 'either') return (values ?? []).some((each) => isExpected(each, type, bits));
  if (name === 'v128') return type === V128 && isExpectedVector(expected, bits);
  const nan = NANS[name];
  if (nan !== undefined && (value === 'nan:canonical' || value === 'nan:arithmetic')) {
    const [quiet, magnitude] = nan;
    const isCanonical = (bits & magnitude) === quiet;
    const isSameType = NUMBERS[name]?.[0] === type;
    return isSameType && (isCanonical || (value === 'nan:arithmetic' && (bits & quiet) === quiet));
  }
  const number = NUMBERS[name];
  if (number !== undefined) return number[0] === type && bits === toBits(expected);
  switch (name) {
    case 'ref.null':
      return (type === FUNCREF || type === EXTERNREF) && bits === 0n;
    case 'ref.func':
      return type === FUNCREF && bits !== 0n;
    case 'ref.extern':
      return type === EXTERNREF && (value == null ? bits !== 0n : bits === toBits(expected));
    default:
      throw new UnsupportedValueError('gc');
  }
}

function isExpectedVector({ value, lane }: WastValue, bits: bigint): boolean {
  const width = widthOf(lane);
  return lanesOf(value, lane).every((each, i) => {
    const [type] = NUMBERS[each.type] as readonly [ValType, number];
    return isExpected(each, type, BigInt.asUintN(width, bits >> BigInt(i * width)));
  });
}

/** A value for messages. */
export function showExpected({ type, value, values }: WastValue): string {
  if (type === 'either') return (values ?? []).map(showExpected).join(' or ');
  return value == null ? type : `${type} ${value}`;
}
