/**
 * A sandbox for scripts of others: QuickJS, an interpreter of JavaScript that is a WebAssembly
 * module (the optional peer `quickjs-wasi`). What runs in it reaches nothing but the functions that
 * it is given. It has no clock and no randomness, a limited memory, and a count of rounds and calls
 * after which it ends, whatever it does (`boundModule`).
 */

import { LockstepError } from '../../base/errors.ts';
import { boundModule } from '../../vms/wasm/bounded.ts';
import { serverError } from '../rpc/errors.ts';

/** A value of the sandbox; given back by `dispose`. */
interface Handle {
  toString(): string;
  toNumber(): number;
  dispose(): void;
}

/** What is used of an instance. */
interface Instance {
  readonly undefined: Handle;
  evalCode(code: string, filename: string): Handle;
  callFunction(func: Handle, self: Handle, ...args: Handle[]): Handle;
  newFunction(name: string, run: (...args: Handle[]) => Handle): Handle;
  newString(text: string): Handle;
  newNumber(value: number): Handle;
  newArrayBuffer(bytes: Uint8Array): Handle;
  newObject(): Handle;
  setProp(object: Handle, name: string, value: Handle): void;
  getProp(object: Handle, name: Handle): Handle;
}

interface InstanceOptions {
  readonly wasm: WebAssembly.Module;
  readonly memoryLimit: number;
  readonly maxStackSize: number;
  readonly timezoneOffset: number;
  readonly wasi: () => Readonly<Record<string, (...args: never[]) => number>>;
}

/** The package `quickjs-wasi` and the bytes of its `quickjs.wasm`. */
export interface QuickJsPackage {
  readonly QuickJS: { create(options: InstanceOptions): Promise<unknown> };
  readonly wasm: Uint8Array;
}

const PACKAGE: string = 'quickjs-wasi';
const MEMORY_BYTES_MAX = 32 << 20;
const STACK_BYTES_MAX = 256 << 10;
/** Rounds and calls within the interpreter: some seconds, and millions of lines of a script. */
const COUNT_MAX = 1_000_000_000n;
const NO_ERROR = 0;

/** What goes in and comes out of functions of the host: bytes are buffers inside. */
export type Plain = string | number | Uint8Array | undefined;
/** A function of the host; its arguments are texts inside, whatever they were. */
export type HostFunction = (...args: readonly string[]) => Plain;

/** Loads the package as this platform can. */
async function loadPackage(): Promise<QuickJsPackage> {
  try {
    const { QuickJS } = (await import(PACKAGE)) as Pick<QuickJsPackage, 'QuickJS'>;
    const url = new URL(import.meta.resolve(`${PACKAGE}/quickjs.wasm`));
    const files = globalThis.process?.getBuiltinModule?.('node:fs');
    if (files !== undefined) return { QuickJS, wasm: files.readFileSync(url) };
    const response = await fetch(url);
    return { QuickJS, wasm: new Uint8Array(await response.arrayBuffer()) };
  } catch (error) {
    throw new LockstepError('L1702', { problem: problemOf(error) });
  }
}

/** A package that is not there is another matter than one that is broken. */
function problemOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const isMissing =
    code === 'ERR_MODULE_NOT_FOUND' ? message.includes(`'${PACKAGE}'`) : error instanceof TypeError;
  return isMissing ? 'is not there' : `cannot be loaded: ${message}`;
}

/** Makes sandboxes of one package, which is loaded once. */
export class Sandboxes {
  readonly #given: QuickJsPackage | undefined;
  #ready: Promise<{ readonly create: () => Promise<unknown> }> | undefined;

  constructor(given: QuickJsPackage | undefined) {
    this.#given = given;
  }

  /** @throws LockstepError L1702 where the package cannot be loaded */
  async create(): Promise<Sandbox> {
    this.#ready ??= this.#load();
    try {
      return new Sandbox((await (await this.#ready).create()) as Instance);
    } catch (error) {
      this.#ready = undefined;
      throw error;
    }
  }

  async #load() {
    const { QuickJS, wasm: bytes } = this.#given ?? (await loadPackage());
    const wasm = await WebAssembly.compile(boundModule(bytes, COUNT_MAX));
    const options: InstanceOptions = {
      wasm,
      memoryLimit: MEMORY_BYTES_MAX,
      maxStackSize: STACK_BYTES_MAX,
      timezoneOffset: 0,
      // Memory is zero where time and randomness would be written, and nothing is printed.
      wasi: () => ({
        clock_time_get: () => NO_ERROR,
        random_get: () => NO_ERROR,
        fd_write: () => NO_ERROR,
      }),
    };
    return { create: () => QuickJS.create(options) };
  }
}

/** One sandbox. What a function of the host throws goes through the script to who called it. */
export class Sandbox {
  readonly #instance: Instance;
  #problem: { readonly error: unknown } | undefined;
  #host: Handle | undefined;
  #functions: Readonly<Record<string, HostFunction>> = {};
  /** Results of the host's functions, which the script has copies of. */
  readonly #spent: Handle[] = [];

  constructor(instance: Instance) {
    this.#instance = instance;
  }

  /**
   * Runs a script that is a function of an object with the host's functions, and gives back an
   * object of functions. Those of a script that was loaded before are not to be called any more.
   */
  load(code: string, functions: Readonly<Record<string, HostFunction>>): Guest {
    const instance = this.#instance;
    this.#functions = functions;
    this.#host ??= this.#createHost(Object.keys(functions));
    const host = this.#host;
    const made = this.#run(() => {
      const main = instance.evalCode(code, '<host>');
      const object = instance.callFunction(main, instance.undefined, host);
      main.dispose();
      return object;
    });
    return new Guest(instance, made, (work) => this.#run(work));
  }

  /** A name is taken once in an instance, so that what it means is looked up with each call. */
  #createHost(names: readonly string[]): Handle {
    const instance = this.#instance;
    const host = instance.newObject();
    for (const name of names) {
      const own = instance.newFunction(name, (...args) => this.#call(name, args));
      instance.setProp(host, name, own);
      own.dispose();
    }
    return host;
  }

  #call(name: string, args: readonly Handle[]): Handle {
    const { undefined: nothing } = this.#instance;
    try {
      const run = this.#functions[name] as HostFunction;
      const result = toHandle(this.#instance, run(...args.map(String)));
      if (result !== nothing) this.#spent.push(result);
      return result;
    } catch (error) {
      this.#problem ??= { error };
      // The script learns no more: an error would show it where files of the host are.
      throw 'failed';
    }
  }

  /** What the host's functions failed with is told first, even where the script caught it. */
  #run<T>(work: () => T): T {
    let result: T | undefined;
    let failure: { readonly error: unknown } | undefined;
    try {
      result = work();
    } catch (error) {
      failure = { error };
    }
    const problem = this.#problem;
    this.#problem = undefined;
    if (problem !== undefined) throw problem.error;
    if (failure !== undefined) throw scriptError(failure.error);
    for (const handle of this.#spent.splice(0)) handle.dispose();
    return result as T;
  }
}

/** What a script ended with. */
function scriptError(error: unknown): Error {
  if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) {
    return serverError(`the script was stopped: it may take ${COUNT_MAX} rounds and calls at most`);
  }
  const { handle, message } = error as { readonly handle?: Handle; readonly message: string };
  const text = handle === undefined ? message : handle.toString();
  handle?.dispose();
  return serverError(text);
}

function toHandle(instance: Instance, value: Plain): Handle {
  if (typeof value === 'string') return instance.newString(value);
  if (typeof value === 'number') return instance.newNumber(value);
  return value === undefined ? instance.undefined : instance.newArrayBuffer(value);
}

/** Functions of a script. */
export class Guest {
  readonly #instance: Instance;
  readonly #object: Handle;
  readonly #run: <T>(work: () => T) => T;
  readonly #functions = new Map<string, Handle>();

  constructor(instance: Instance, object: Handle, run: <T>(work: () => T) => T) {
    this.#instance = instance;
    this.#object = object;
    this.#run = run;
  }

  /** Calls a function; what it returns is a text, or `undefined`. */
  call(name: string, ...args: readonly Plain[]): string {
    const instance = this.#instance;
    return this.#run(() => {
      const handles = args.map((each) => toHandle(instance, each));
      try {
        const result = instance.callFunction(this.#function(name), instance.undefined, ...handles);
        const text = result.toString();
        result.dispose();
        return text;
      } finally {
        for (const handle of handles) if (handle !== instance.undefined) handle.dispose();
      }
    });
  }

  #function(name: string): Handle {
    const known = this.#functions.get(name);
    if (known !== undefined) return known;
    const key = this.#instance.newString(name);
    const found = this.#instance.getProp(this.#object, key);
    key.dispose();
    this.#functions.set(name, found);
    return found;
  }
}
