/**
 * Every pure dMIR operation on seeded operands, most of them at edges: NaNs with payloads, signed
 * zeros, subnormals, the ends of each integer type. Platform-neutral.
 *
 * The rules of the floats compute with the platform's own numbers, so this is where a platform
 * with another rounding or another NaN would show. The operands of an operation depend on its name
 * alone, so a new row of the table changes no other.
 */
import { evalPure } from '../../src/dmir/eval.ts';
import { PURE_SHAPES, type PureShape } from '../core/pure-shapes.ts';
import { createPrng, type Prng } from '../support/prng.ts';
import { randomValue } from '../support/random-values.ts';
import type { Recorder } from './record.ts';

const DRAWS_PER_SHAPE = 16;

const toHex = (value: bigint): string => `0x${value.toString(16)}`;

function seedOf(name: string): number {
  let seed = 0;
  for (let i = 0; i < name.length; i++) seed = (Math.imul(seed, 31) + name.charCodeAt(i)) | 0;
  return seed;
}

function evaluate({ op, type, operandTypes }: PureShape, prng: Prng): string {
  const operands = operandTypes.map((each) => randomValue(prng, each));
  const result = evalPure(op, type, operandTypes, operands);
  const shown = 'trap' in result ? result.trap : result.results.map(toHex).join(' ');
  return `${op}.${type} ${operands.map(toHex).join(' ')} -> ${shown}`;
}

/** Records each operation as a program `operation-NAME`. */
export function recordOperations(recorder: Recorder): void {
  for (const [op, shapes] of Map.groupBy(PURE_SHAPES, (shape) => shape.op)) {
    const name = `operation-${op}`;
    const prng = createPrng(seedOf(name));
    recorder.program(name, (write) => {
      for (const shape of shapes) {
        for (let i = 0; i < DRAWS_PER_SHAPE; i++) write('outcome', evaluate(shape, prng));
      }
    });
  }
}
