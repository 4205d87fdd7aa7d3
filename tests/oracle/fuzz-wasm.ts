/**
 * The `wasm` target of the fuzzer: random modules on this machine and as they are in the platform's
 * own WebAssembly. Each exported function is called in turn; how it ended, its results, and in the
 * end memory and globals must be equal, but for the bits of a NaN. With another engine than the
 * interpreter, calls with little gas and with enough of it are compared with the interpreter's as
 * well: end, gas, every bit of results, memory and globals.
 */
import { createHash } from 'node:crypto';
import { WasmStore } from '../../src/chain/wasm/store.ts';
import type { TrapKind } from '../../src/dmir/ops.ts';
import { Kernel } from '../../src/engines/interpreter/kernel.ts';
import type { EngineName } from '../../src/engines/names.ts';
import {
  bytesToValue,
  type Extern,
  type Instance,
  valueToBytes,
} from '../../src/vms/wasm/entities.ts';
import { readWasmModule } from '../../src/vms/wasm/index.ts';
import { F32, F64, type FuncType, I32, I64, type ValType } from '../../src/vms/wasm/types.ts';
import { createPrng } from '../support/prng.ts';
import { FUEL_GLOBAL, randomWasm } from '../support/random-wasm.ts';
import { RandomHost } from '../support/random-wasm-host.ts';

const CALLS = 2;
const GAS = 200_000_000n;
/** Gas of every second call of the engines beside each other is below. */
const LITTLE_GAS = 3000;
const FUEL = 150n;

export interface WasmDifference {
  readonly seed: number;
  /** What differs, and how. */
  readonly text: string;
}

export interface WasmReport {
  readonly modules: number;
  readonly runs: number;
  readonly ends: ReadonlyMap<string, number>;
  readonly difference: WasmDifference | null;
}

/** For the engine, and for the interpreter beside it. */
const kernels: Kernel[] = [];

function kernelOf(place: number): Kernel {
  kernels[place] ??= new Kernel();
  return kernels[place];
}

/** Messages of V8 for each kind of trap. */
const MESSAGES: readonly (readonly [pattern: RegExp, kind: TrapKind])[] = [
  [/unreachable/, 'unreachable'],
  [/out of bounds/, 'out-of-bounds'],
  [/by zero/, 'division-by-zero'],
  [/result unrepresentable/, 'integer-overflow'],
  [/float unrepresentable/, 'bad-conversion'],
  [/null function|signature mismatch/, 'bad-function'],
];

function kindOf(error: unknown): string {
  if (!(error instanceof WebAssembly.RuntimeError)) throw error;
  return MESSAGES.find(([pattern]) => pattern.test(error.message))?.[1] ?? error.message;
}

/** Bits of a value of the platform; of every NaN the same ones. */
function theirBits(type: ValType, value: unknown): bigint {
  const view = new DataView(new ArrayBuffer(8));
  if (type === I32) return BigInt.asUintN(32, BigInt(value as number));
  if (type === I64) return BigInt.asUintN(64, value as bigint);
  const number = value as number;
  if (Number.isNaN(number)) return NAN;
  if (type === F64) {
    view.setFloat64(0, number);
    return view.getBigUint64(0);
  }
  view.setFloat32(0, number);
  return BigInt(view.getUint32(0));
}

const NAN = -1n;

function ourBits(type: ValType, bits: bigint): bigint {
  if (type === F32 && (bits & 0x7fff_ffffn) > 0x7f80_0000n) return NAN;
  const isNan = type === F64 && (bits & 0x7fff_ffff_ffff_ffffn) > 0x7ff0_0000_0000_0000n;
  return isNan ? NAN : bits;
}

/** An argument for the platform, which takes floats as numbers. */
function toTheirs(type: ValType, bits: bigint): number | bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  if (type === I64) return bits;
  if (type === F64) return view.getFloat64(0);
  return type === I32 ? view.getInt32(4) : view.getFloat32(4);
}

/** Small numbers and any bits; no NaN, whose bits the platform may change. */
function drawArgument(random: ReturnType<typeof createPrng>, type: ValType): bigint {
  const width = type === I32 || type === F32 ? 32 : 64;
  const bits = random.below(2) === 0 ? BigInt(random.below(70)) : random.bigint(width);
  return ourBits(type, bits) === NAN ? 0n : bits;
}

/** Runs modules with the seeds from `seed` on until one differs. */
export function fuzzWasm(
  seed: number,
  count: number,
  engine: EngineName = 'interpreter',
): WasmReport {
  const ends = new Map<string, number>();
  let runs = 0;
  for (let i = 0; i < count; i++) {
    const pair = new Pair(seed + i, engine);
    for (const end of pair.ends()) {
      runs++;
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }
    const { difference } = pair;
    if (difference !== null) return { modules: i + 1, runs, ends, difference };
  }
  return { modules: count, runs, ends, difference: null };
}

class Pair {
  difference: WasmDifference | null = null;
  readonly #seed: number;
  readonly #engine: EngineName;

  constructor(seed: number, engine: EngineName) {
    this.#seed = seed;
    this.#engine = engine;
  }

  /** How each call ended, up to the first that differs. */
  *ends(): Generator<string> {
    const random = createPrng(this.#seed);
    const { bytes, funcs } = randomWasm(random);
    const made = this.#instantiate(bytes, 0);
    const host = new RandomHost();
    const theirMade = instantiateTheirs(bytes, host);
    const [ourEnd, theirEnd] = [made, theirMade].map((side) => side.trap ?? 'instance');
    if (ourEnd !== theirEnd || !isSame(made.host, host)) {
      this.#report('start', `${ourEnd} ${made.host.notes}`, `${theirEnd} ${host.notes}`);
    }
    if (made.trap !== undefined || theirMade.trap !== undefined) {
      yield `start: ${ourEnd}`;
      return;
    }
    const { store, instance } = made;
    const { exports } = theirMade;
    for (let i = 0; i < funcs.length * CALLS; i++) {
      const name = `f${i % funcs.length}`;
      const type = funcs[i % funcs.length] as FuncType;
      const args = type.params.map((param) => drawArgument(random, param));
      this.#refuel(instance, exports);
      const ours = callOurs(store, instance, name, args);
      const theirs = callTheirs(exports, name, type, args);
      yield ours.split(' ')[0] as string;
      if (ours !== theirs || !isSame(made.host, host)) {
        const notes = [made.host, host].map(({ notes }) => notes.slice(-3).join(' | '));
        const what = `${name}(${args.join(', ')})`;
        this.#report(what, `${ours}; ${notes[0]}`, `${theirs}; ${notes[1]}`);
        return;
      }
    }
    this.#compareState(instance, exports);
    if (this.#engine !== 'interpreter') this.#compareEngines(bytes, funcs, random);
  }

  #instantiate(bytes: Uint8Array, place: number): Made {
    const engine = place === 0 ? this.#engine : 'interpreter';
    const store = new WasmStore({ kernel: kernelOf(place), engine, seed: this.#seed });
    const host = new RandomHost();
    const made = store.instantiate(readWasmModule(bytes), host.here(store.linker), { gas: GAS });
    if (made.kind === 'instance') return { store, host, instance: made.instance, trap: undefined };
    return { host, trap: made.kind === 'trap' ? made.trap : made.kind };
  }

  /** Two fresh instances, on the engine and on the interpreter. */
  #compareEngines(
    bytes: Uint8Array,
    funcs: readonly FuncType[],
    random: ReturnType<typeof createPrng>,
  ): void {
    const sides = [this.#instantiate(bytes, 0), this.#instantiate(bytes, 1)].filter(isInstance);
    for (let i = 0; i < funcs.length * CALLS; i++) {
      const name = `f${i % funcs.length}`;
      const type = funcs[i % funcs.length] as FuncType;
      const args = type.params.map((param) => drawArgument(random, param));
      const gas = random.below(2) === 0 ? GAS : BigInt(random.below(LITTLE_GAS));
      const [ours, theirs] = sides.map(({ store, instance, host }) => {
        setFuel(instance);
        const func = instance.exports.get(name) as Extern & { kind: 'func' };
        const { kind, trap, results, gasUsed } = store.call(func, args, { gas });
        const state = [...instance.exports.values()].map((extern) => {
          return 'bytes' in extern ? hash(extern.bytes) : '';
        });
        const end = `${kind} ${trap} ${results.join(' ')}, gas ${gasUsed}`;
        return `${end}, state ${state.join(' ')}, notes ${hash(host.notes.join())}`;
      }) as [string, string];
      if (ours === theirs) continue;
      this.#report(`${name}(${args.join(', ')}) with gas ${gas}`, ours, theirs);
      return;
    }
  }

  /** Gives both sides the fuel of one call. */
  #refuel(instance: Instance, exports: WebAssembly.Exports): void {
    setFuel(instance);
    (exports[FUEL_GLOBAL] as WebAssembly.Global).value = Number(FUEL);
  }

  #report(what: string, ours: string, theirs: string): void {
    const text = `seed ${this.#seed}: ${what}\n  ours   ${ours}\n  theirs ${theirs}`;
    this.difference ??= { seed: this.#seed, text };
  }

  #compareState({ exports: own }: Instance, exports: WebAssembly.Exports): void {
    for (const [name, extern] of own) {
      if (extern.kind === 'memory') {
        const theirs = new Uint8Array((exports[name] as WebAssembly.Memory).buffer);
        if (Buffer.compare(extern.bytes, theirs) === 0) continue;
        const at = extern.bytes.findIndex((byte, i) => byte !== theirs[i]);
        this.#report(`memory at ${at}`, `${extern.bytes[at]}`, `${theirs[at]}`);
      } else if (extern.kind === 'global') {
        const { type } = extern.type;
        const ours = ourBits(type, bytesToValue(extern.bytes));
        const theirs = theirBits(type, (exports[name] as WebAssembly.Global).value);
        if (ours !== theirs) this.#report(`global ${name}`, `${ours}`, `${theirs}`);
      }
    }
  }
}

/** A side's instance, or how its instantiation trapped. */
type Made =
  | {
      readonly store: WasmStore;
      readonly instance: Instance;
      readonly host: RandomHost;
      readonly trap: undefined;
    }
  | { readonly host: RandomHost; readonly trap: string };

function isInstance(made: Made): made is Made & { trap: undefined } {
  return made.trap === undefined;
}

function isSame(a: RandomHost, b: RandomHost): boolean {
  return a.notes.length === b.notes.length && a.notes.join() === b.notes.join();
}

function instantiateTheirs(bytes: Uint8Array<ArrayBuffer>, host: RandomHost) {
  const module = new WebAssembly.Module(bytes);
  try {
    const { exports } = new WebAssembly.Instance(module, host.onPlatform());
    return { exports, trap: undefined };
  } catch (error) {
    return { trap: kindOf(error) };
  }
}

function setFuel({ exports }: Instance): void {
  (exports.get(FUEL_GLOBAL) as Extern & { kind: 'global' }).bytes = valueToBytes(I32, FUEL);
}

function hash(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

function callOurs(
  store: WasmStore,
  { exports }: Instance,
  name: string,
  args: readonly bigint[],
): string {
  const func = exports.get(name) as Extern & { kind: 'func' };
  const { kind, results, trap } = store.call(func, args, { gas: GAS });
  if (kind !== 'return') return trap ?? kind;
  const bits = results.map((value, i) => ourBits(func.type.results[i] as ValType, value));
  return `return ${bits.join(' ')}`;
}

function callTheirs(
  exports: WebAssembly.Exports,
  name: string,
  { params, results }: FuncType,
  args: readonly bigint[],
): string {
  const given = args.map((bits, i) => toTheirs(params[i] as ValType, bits));
  try {
    const result: unknown = (exports[name] as (...values: unknown[]) => unknown)(...given);
    const values = results.length > 1 ? (result as unknown[]) : [result].slice(0, results.length);
    const bits = values.map((value, i) => theirBits(results[i] as ValType, value));
    return `return ${bits.join(' ')}`;
  } catch (error) {
    return kindOf(error);
  }
}
