/**
 * Random contracts as modules: statements over memory, storage, logs, hashes and gas, functions
 * that call one another, loops, and calls of the accounts that stand at the start of their memory.
 */
import { ENV_FUNCTIONS, type EnvName } from '../../src/vms/wasm/env/functions.ts';
import { assembleModule } from '../../src/vms/wasm/index.ts';
import { importOf } from '../wasm/contracts/support.ts';
import type { createPrng } from './prng.ts';

type Prng = ReturnType<typeof createPrng>;

/** Bytes between the accounts that a contract may call. */
export const ACCOUNT_STEP = 32;
/** Addresses that statements use begin here, behind the accounts. */
const SPACE = 256;
const SPACE_BYTES = 6000;
const FUNCTIONS = 4;
const STATEMENTS_MAX = 7;
const NESTING_MAX = 3;
const LOCALS = ['$a', '$b', '$c'] as const;

class Writer {
  readonly #random: Prng;
  readonly #accounts: number;
  /** Functions with a lower number may be called. */
  #place = 0;
  #depth = 0;

  constructor(random: Prng, accounts: number) {
    this.#random = random;
    this.#accounts = accounts;
  }

  module(): string {
    const funcs = Array.from({ length: FUNCTIONS }, (_, place) => {
      this.#place = place;
      return `(func $f${place} (param $a i32) (param $b i32) (result i32) (local $c i32)
        (local $x i64) (local $l1 i32) (local $l2 i32) (local $l3 i32)
        ${this.#statements()} ${this.#value()})`;
    });
    this.#place = FUNCTIONS;
    const call = `(local $a i32) (local $b i32) (local $c i32) (local $x i64)
      (local $l1 i32) (local $l2 i32) (local $l3 i32)
      (call $callDataCopy (i32.const ${SPACE}) (i32.const 0) (i32.const 200))
      (local.set $a (i32.load8_u (i32.const ${SPACE + 3})))
      ${this.#statements()} ${this.#statements()}
      (call $finish (i32.const ${SPACE}) (i32.const 600))`;
    return `(memory (export "memory") ${1 + this.#draw(2)}) ${funcs.join('\n')}
      (func (export "deploy")) (func (export "call") ${call})`;
  }

  #draw(bound: number): number {
    return this.#random.below(bound);
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#draw(items.length)] as T;
  }

  #statements(): string {
    const count = 1 + this.#draw(STATEMENTS_MAX);
    return Array.from({ length: count }, () => this.#statement()).join('\n');
  }

  #value(): string {
    const local = `(local.get ${this.#pick(LOCALS)})`;
    switch (this.#draw(6)) {
      case 0:
        return `(i32.const ${this.#draw(300)})`;
      case 1:
        return `(i32.load ${this.#address()})`;
      case 2:
        return `(i32.${this.#pick(['add', 'xor', 'mul', 'shr_u'])} ${local} ${this.#value()})`;
      case 3:
        return `(i32.wrap_i64 (local.get $x))`;
      default:
        return local;
    }
  }

  /** An address of the space; seldom any at all. */
  #address(): string {
    if (this.#draw(150) === 0) return `(i32.mul ${this.#value()} (i32.const 977))`;
    if (this.#draw(3) > 0) return `(i32.const ${SPACE + this.#draw(SPACE_BYTES)})`;
    const part = `(i32.and (local.get ${this.#pick(LOCALS)}) (i32.const 4095))`;
    return `(i32.add ${part} (i32.const ${SPACE}))`;
  }

  #length(): string {
    return `(i32.const ${this.#pick([0, 4, 20, 32, 64, 100])})`;
  }

  #account(): string {
    return `(i32.const ${ACCOUNT_STEP * this.#draw(this.#accounts)})`;
  }

  /** A call of another account; its result goes to a local. */
  #callOut(): string {
    const name = this.#pick(['callContract', 'callContract', 'callStatic', 'callDelegate']);
    const gas = `(i64.const ${this.#pick([-1, 30_000, 90_000, 400_000])})`;
    const value = name === 'callContract' ? `(i32.const ${ACCOUNT_STEP * this.#accounts})` : '';
    return `(local.set $b (call $${name} ${gas} ${this.#account()} ${value}
      ${this.#address()} ${this.#length()}))`;
  }

  #statement(): string {
    const put = this.#pick(['getCaller', 'getAddress', 'getCallValue', 'getBlockCoinbase']);
    const rows: readonly (() => string)[] = [
      () => `(local.set ${this.#pick(LOCALS)} ${this.#value()})`,
      () => `(i32.store ${this.#address()} ${this.#value()})`,
      () => `(i64.store offset=${this.#draw(1100)} ${this.#address()} (local.get $x))`,
      () => `(i32.store8 ${this.#address()} ${this.#value()})`,
      () => `(local.set $x (i64.rotl (i64.xor (local.get $x)
        (i64.load ${this.#address()})) (i64.const 7)))`,
      () => `(call $storageLoad (i32.const ${200 + this.#draw(3)}) ${this.#address()})`,
      () => `(call $storageStore (i32.const ${200 + this.#draw(3)}) ${this.#address()})`,
      () => `(call $transientStore ${this.#address()} ${this.#address()})`,
      () => `(call $keccak256 ${this.#address()} ${this.#length()} ${this.#address()})`,
      () => `(call $emitLogEvent ${this.#address()} ${this.#length()} (i32.const ${this.#draw(5)})
        ${this.#address()} ${this.#address()} ${this.#address()} ${this.#address()})`,
      () => `(call $${put} ${this.#address()})`,
      () => `(call $${this.#pick(['addmod', 'mulmod'])} ${this.#address()} ${this.#address()}
        ${this.#address()} ${this.#address()})`,
      () => `(local.set $x (i64.add (local.get $x) (call $getGasLeft)))`,
      () => `(memory.fill ${this.#address()} ${this.#value()} ${this.#length()})`,
      () => `(memory.copy ${this.#address()} ${this.#address()} ${this.#length()})`,
      () => `(local.set $c (memory.grow (i32.const ${this.#draw(2)})))`,
      () => `(call $returnDataCopy ${this.#address()} (i32.const 0)
        (select (call $getReturnDataSize) (i32.const 64)
          (i32.lt_u (call $getReturnDataSize) (i32.const 64))))`,
      () => this.#callOut(),
      () => this.#nested(),
      () => this.#nested(),
      () => this.#callFunction(),
      () => this.#callFunction(),
    ];
    return this.#pick(rows)();
  }

  #callFunction(): string {
    if (this.#place === 0) return `(local.set $a ${this.#value()})`;
    const callee = `$f${this.#draw(this.#place)}`;
    return `(local.set $b (call ${callee} ${this.#value()} ${this.#value()}))`;
  }

  #nested(): string {
    if (this.#depth === NESTING_MAX) return `(local.set $c ${this.#value()})`;
    this.#depth++;
    const counter = `$l${this.#depth}`;
    const end = this.#pick([
      ...['(unreachable)', '(call $revert (i32.const 256) (i32.const 40))', '(call $invalid)'],
      '(call $finish (i32.const 300) (i32.const 33))',
    ]);
    const isEnd = this.#draw(3) === 0;
    const text =
      this.#draw(2) === 0
        ? `(if (i32.gt_u ${this.#value()} (i32.const ${this.#draw(isEnd ? 9000 : 90)}))
            (then ${isEnd ? end : this.#statements()}) (else ${this.#statements()}))`
        : `(local.set ${counter} (i32.const ${this.#draw(12)}))
          (loop $again${this.#depth} ${this.#statements()}
            (br_if $again${this.#depth} (i32.gt_s (local.tee ${counter}
              (i32.sub (local.get ${counter}) (i32.const 1))) (i32.const 0))))`;
    this.#depth--;
    return text;
  }
}

/** A contract that may call so many accounts, whose ids its memory begins with. */
export function randomContract(random: Prng, accounts: readonly Uint8Array[]): Uint8Array {
  const text = new Writer(random, accounts.length).module();
  const names = [...ENV_FUNCTIONS.keys()].filter((name) => {
    return new RegExp(`\\$${name}\\b`).test(text);
  });
  const datas = accounts.map((account, i) => {
    const bytes = [...account].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`);
    return `(data (i32.const ${ACCOUNT_STEP * i}) "${bytes.join('')}")`;
  });
  const imports = names.map((name) => importOf(name as EnvName));
  return assembleModule(`(module ${imports.join('\n')} ${text} ${datas.join('\n')})`);
}
