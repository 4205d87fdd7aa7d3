/**
 * What the code around a contract on WebAssembly is written from: its ABI, its state variables and
 * the other contracts that it calls. Each language reads it from its sources in its own way.
 */
import type { AbiValue } from './abi-values.ts';
import type {
  Abi,
  AbiItem,
  AbiParam,
  EvmContract,
  StorageLayout,
  StorageType,
} from './contract.ts';
import { findType } from './types.ts';

/** A value, or with keys a mapping (of mappings) to values; types are those of the ABI. */
export interface Variable {
  readonly name: string;
  readonly keys: readonly string[];
  readonly value: string;
  /** What it is when the contract is deployed, where that is not zero. */
  readonly initial?: AbiValue;
  /** The function that reads it, where the declaration is `public`. */
  readonly getter?: AbiItem;
}

/** A value of the code, which takes no storage. */
export interface Constant {
  readonly name: string;
  readonly type: string;
  readonly value: AbiValue;
  readonly getter?: AbiItem;
}

/** Another contract, of which some functions are known. */
export interface Remote {
  readonly name: string;
  readonly functions: readonly AbiItem[];
}

export interface Model {
  readonly name: string;
  readonly abi: Abi;
  readonly variables: readonly Variable[];
  readonly constants: readonly Constant[];
  readonly remotes: readonly Remote[];
}

/** Functions that the source defines: all but those that declarations of values give. */
export function definedFunctions(model: Model): AbiItem[] {
  const own = new Set([...model.variables, ...model.constants].map(({ getter }) => getter));
  return itemsOf(model, 'function').filter((item) => !own.has(item));
}

/** All parameters and results that the interface and other contracts have. */
export function paramsOf({ abi, remotes }: Model): AbiParam[] {
  const items = [...abi, ...remotes.flatMap(({ functions }) => functions)];
  return items.flatMap(({ inputs = [], outputs = [] }) => [...inputs, ...outputs]);
}

export function itemsOf(model: Model, type: AbiItem['type']): AbiItem[] {
  return model.abi.filter((item) => item.type === type);
}

/** A log has four topics, of which the first is the event's own. */
export function hasTooManyTopics({ type, inputs }: AbiItem): boolean {
  return type === 'event' && (inputs ?? []).filter(({ indexed }) => indexed === true).length > 3;
}

/** Every variable takes the slots from its own on: one each, in the order of the sources. */
export function layoutOf(model: Model): StorageLayout {
  const types: Record<string, StorageType> = {};
  const enter = (keys: readonly string[], value: string): string => {
    const [key, ...rest] = keys;
    if (key === undefined) {
      const id = `t_${value}`;
      const numberOfBytes = String(findType(value)?.bytes ?? 32);
      types[id] = { encoding: 'inplace', label: value, numberOfBytes };
      return id;
    }
    const inner = enter(rest, value);
    const outer = enter([], key);
    const label = `mapping(${key} => ${types[inner]?.label})`;
    const id = `t_mapping(${outer},${inner})`;
    types[id] = { encoding: 'mapping', label, numberOfBytes: '32', key: outer, value: inner };
    return id;
  };
  const storage = model.variables.map(({ name, keys, value }, index) => ({
    label: name,
    slot: String(index),
    offset: 0,
    type: enter(keys, value),
  }));
  return { storage, types };
}

/** A compiled module as a contract. */
export function moduleContract(
  model: Model,
  module: Uint8Array,
  origin: Pick<EvmContract, 'file' | 'format' | 'compiler'>,
): EvmContract {
  return {
    kind: 'evm',
    name: model.name,
    ...origin,
    abi: model.abi,
    initCode: prefixLength(module),
    runtimeCode: module,
    storageLayout: layoutOf(model),
  };
}

/** Creation data of a module: its length in four bytes, itself, and then the arguments. */
function prefixLength(module: Uint8Array): Uint8Array {
  const data = new Uint8Array(4 + module.length);
  new DataView(data.buffer).setUint32(0, module.length);
  data.set(module, 4);
  return data;
}
