/**
 * What a user adds to a node: methods, which are rows of the same table, and precompiles, which
 * contracts call at addresses above those of the protocol.
 */
import { LockstepError } from '../base/errors.ts';
import { U64_MAX } from '../base/u256.ts';
import { PRECOMPILE_ADDRESS_MAX } from '../vms/evm/precompiles/index.ts';
import type { Precompile } from '../vms/evm/precompiles/types.ts';
import { invalidParams, RpcError, serverError } from './rpc/errors.ts';
import { type Method, method, param } from './rpc/method.ts';
import * as types from './rpc/types.ts';

/** A function that contracts call, of its input alone, for blocks are run again. */
export interface OwnPrecompile {
  /** A name for messages; the address unless told. */
  readonly name?: string;
  /** Gas of a call, at most 2^64 - 1, or what computes it for the input. */
  readonly gas: bigint | ((input: Uint8Array) => bigint);
  /** The output for the input, of which it has a copy; `null` is failure, which takes all gas. */
  readonly run: (input: Uint8Array) => Uint8Array | null;
}

/** Precompiles by address: 20 bytes in hexadecimal, above 0x0100. */
export type OwnPrecompiles = Readonly<Record<string, OwnPrecompile>>;

export interface Plugin {
  /** As `method` gives them, which makes a list of its own. */
  readonly methods?: readonly (Method | readonly Method[])[];
  readonly precompiles?: OwnPrecompiles;
}

/** What a plugin that is a function gets, so that its file need not import anything. */
const PLUGIN_KIT = { method, param, types, invalidParams, serverError, RpcError } as const;
export type PluginKit = typeof PLUGIN_KIT;

function reject(problem: string): never {
  throw new LockstepError('L1701', { problem });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The plugin that a module exports: an object, or a function that gives one.
 *
 * @throws LockstepError L1701 where it is neither, or has what no plugin has
 */
export function readPlugin(exported: unknown): Plugin {
  const plugin: unknown = typeof exported === 'function' ? exported(PLUGIN_KIT) : exported;
  if (!isObject(plugin)) {
    return reject('its default export is neither an object nor a function that gives one');
  }
  const odd = Object.keys(plugin).find((key) => key !== 'methods' && key !== 'precompiles');
  if (odd !== undefined) reject(`it has ${JSON.stringify(odd)}, and may have methods, precompiles`);
  if (plugin.methods !== undefined && !Array.isArray(plugin.methods)) {
    reject('its methods are no array');
  }
  return plugin;
}

const METHOD_NAME = /^[a-z][a-zA-Z0-9]*_[a-zA-Z0-9_]+$/;

/** @throws LockstepError L1701 for what is no row, or one of a name that is taken */
export function checkMethod(row: unknown, isTaken: (name: string) => boolean): Method {
  if (!isObject(row) || typeof row.name !== 'string') return reject('a method has no name');
  const { name, summary, params, result, run } = row;
  const what = `the method ${name.slice(0, 100)}`;
  if (!METHOD_NAME.test(name)) reject(`${what} is not written like space_name`);
  if (isTaken(name)) reject(`${what} is there already`);
  if (typeof summary !== 'string') reject(`${what} has no text that says what it does`);
  if (!isObject(result)) reject(`${what} has no schema of its result`);
  if (typeof run !== 'function') reject(`${what} has no function`);
  const isParam = (each: unknown): boolean =>
    isObject(each) &&
    typeof each.name === 'string' &&
    isObject(each.type) &&
    typeof each.type.read === 'function' &&
    isObject(each.type.schema);
  if (!Array.isArray(params) || !params.every(isParam)) {
    reject(`${what} has parameters without a name or a type`);
  }
  return row as unknown as Method;
}

/**
 * Precompiles of a user as the machine takes them. One that throws, or gives what is neither bytes
 * nor null, fails as with a wrong input, so that no block is held up by it; `tell` hears of it.
 *
 * @throws LockstepError L1701 for an address or a row that is wrong
 */
export function readPrecompiles(
  rows: OwnPrecompiles,
  tell: (error: LockstepError) => void,
): ReadonlyMap<bigint, Precompile> {
  if (!isObject(rows)) reject('its precompiles are no object of addresses');
  const table = Object.entries(rows).map(([text, row]) => {
    const address = readAddress(text);
    return [address, readPrecompile(address, text, row, tell)] as const;
  });
  const sorted = table.sort(([a], [b]) => (a < b ? -1 : 1));
  const twice = sorted.find(([address], index) => address === sorted[index - 1]?.[0]);
  if (twice !== undefined) reject(`there are two precompiles at 0x${twice[0].toString(16)}`);
  return new Map(sorted);
}

function readAddress(text: string): bigint {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) {
    return reject(`${JSON.stringify(text.slice(0, 100))} is no address of 20 bytes`);
  }
  const address = BigInt(text);
  if (address > BigInt(PRECOMPILE_ADDRESS_MAX)) return address;
  return reject(`${text} is an address of the protocol: take one above 0x0100`);
}

function readPrecompile(
  address: bigint,
  text: string,
  row: unknown,
  tell: (error: LockstepError) => void,
): Precompile {
  const { name = text, gas, run } = (isObject(row) ? row : {}) as Partial<OwnPrecompile>;
  const what = `the precompile ${name}`;
  const isPrice = typeof gas === 'function' || (typeof gas === 'bigint' && isGas(gas));
  if (!isPrice) return reject(`${what} has no gas: a bigint or a function that gives one`);
  if (typeof run !== 'function') return reject(`${what} has no function run`);
  const attempt = <T>(use: () => T, isRight: (value: T) => boolean, failed: T): T => {
    try {
      const value = use();
      if (isRight(value)) return value;
      tell(new LockstepError('L2701', { what, problem: `it gave ${typeof value}` }));
    } catch (error) {
      tell(new LockstepError('L2701', { what, problem: String(error) }));
    }
    return failed;
  };
  return {
    address,
    name,
    gas: (input) =>
      typeof gas === 'bigint' ? gas : attempt(() => gas(input.slice()), isGas, U64_MAX),
    run: (input) =>
      attempt(
        () => run(input.slice()),
        (output) => output === null || output instanceof Uint8Array,
        null,
      ),
  };
}

function isGas(value: unknown): boolean {
  return typeof value === 'bigint' && value >= 0n && value <= U64_MAX;
}
