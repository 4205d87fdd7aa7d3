/** A program in the making for a fork, with bytes behind its code that it copies to memory. */
import type { Fork } from '../../src/vms/evm/forks.ts';
import type { Prng } from '../support/prng.ts';
import { Assembler } from './assembly.ts';
import { hasOpcode, substituteOf } from './legalize.ts';
import { pick } from './operands.ts';

export class Program {
  readonly prng: Prng;
  readonly fork: Fork;
  readonly code = new Assembler();
  /** Whether it is to run where no change is allowed. */
  readonly isQuiet: boolean;
  readonly #tail: Uint8Array[] = [];

  constructor(prng: Prng, fork: Fork, isQuiet = false) {
    this.prng = prng;
    this.fork = fork;
    this.isQuiet = isQuiet;
  }

  has(name: string): boolean {
    return hasOpcode(this.fork, name);
  }

  /** Instructions as they are, whether or not the fork has them. */
  op(...names: string[]): this {
    this.code.op(...names);
    return this;
  }

  /** One of the instructions that the fork has, or what stands for one. */
  pickOp(names: readonly string[]): string {
    return substituteOf(this.fork, pick(this.prng, names));
  }

  push(value: bigint | number): this {
    const isZero = value === 0 || value === 0n;
    this.code.push(value, isZero && !this.has('PUSH0') ? 1 : undefined);
    return this;
  }

  /** Pushes values so that the first one ends on top. */
  pushAll(...values: readonly (bigint | number)[]): this {
    for (const value of [...values].reverse()) this.push(value);
    return this;
  }

  /** Copies bytes to memory that stand behind the code. */
  copy(bytes: Uint8Array, offset: number): this {
    this.#tail.unshift(bytes);
    const distance = this.#tail.reduce((size, part) => size + part.length, 0);
    // From the end of the code, which is not known yet.
    this.push(bytes.length).push(distance).op('CODESIZE', 'SUB').push(offset);
    return this.op('CODECOPY');
  }

  finish(): Uint8Array {
    this.code.op('INVALID');
    for (const part of this.#tail) this.code.raw(part);
    return this.code.finish();
  }
}

/** Init code that deploys a program. */
export function deployer(prng: Prng, fork: Fork, runtime: Uint8Array): Uint8Array {
  const program = new Program(prng, fork);
  program.copy(runtime, 0);
  return program.pushAll(0, runtime.length).op('RETURN').finish();
}
