/** The model of a contract from the declarations of its source. */
import { join } from 'node:path';
import type { AbiItem, AbiParam } from '../contract.ts';
import { InputError } from '../errors.ts';
import { hasTooManyTopics, type Model, type Variable } from '../model.ts';
import { findOwnType, typeNames } from '../types.ts';
import {
  type ClassNode,
  FLAG,
  type FunctionNode,
  KIND,
  type Member,
  type Parameter,
  type Range,
  type SourceNode,
  type TypeNode,
} from './syntax.ts';

/** Declarations of a source by what they stand for. */
export interface Declarations {
  readonly source: SourceNode;
  readonly contracts: readonly ClassNode[];
  readonly events: readonly FunctionNode[];
  readonly errors: readonly FunctionNode[];
  readonly remotes: readonly ClassNode[];
}

export function readDeclarations(source: SourceNode): Declarations {
  const classes = source.statements.filter(({ kind }) => kind === KIND.class) as ClassNode[];
  const functions = source.statements.filter(
    ({ kind, flags }) => kind === KIND.function && (flags & FLAG.declare) !== 0,
  ) as FunctionNode[];
  const giving = (...results: readonly string[]): FunctionNode[] =>
    functions.filter(({ signature: { returnType } }) =>
      results.includes(returnType.name?.identifier.text ?? ''),
    );
  const extending = (base: string): ClassNode[] =>
    classes.filter(({ extendsType }) => extendsType?.name?.identifier.text === base);
  return {
    source,
    contracts: extending('Contract').filter(({ flags }) => (flags & FLAG.abstract) === 0),
    events: giving('Event'),
    errors: giving('Error', 'CustomError'),
    remotes: extending('Remote'),
  };
}

/** @throws InputError `contract-none` */
export function onlyContract({ contracts }: Declarations, file: string): ClassNode {
  const [contract] = contracts;
  if (contract !== undefined && contracts.length === 1) return contract;
  const names = contracts.map(({ name }) => name.text).join(' and ');
  throw new InputError(
    'contract-none',
    contract === undefined
      ? `${file} declares no contract`
      : `${file} declares several contracts: ${names}`,
    "write one class that extends Contract of 'lockstep/contract'; files may import each other",
  );
}

/** A mistake, with its place below the folder. */
function reject(folder: string, { start, source }: Range, message: string, remedy: string): never {
  const before = source.text.slice(0, start).split('\n');
  const file = join(folder, source.normalizedPath);
  const place = `${file}:${before.length}:${(before.at(-1) ?? '').length + 1}`;
  throw new InputError('compiler-failed', `${place}: error: ${message}`, remedy);
}

/** The ABI's name of a type; undefined for none. */
function abiTypeOf(folder: string, type: TypeNode): string | undefined {
  const name = type.name?.identifier.text ?? '';
  const [argument] = type.typeArguments ?? [];
  if (name === 'void') return undefined;
  if (name === 'Indexed' && argument !== undefined) return abiTypeOf(folder, argument);
  if (name === 'Array' && argument !== undefined) return `${abiTypeOf(folder, argument)}[]`;
  const row = findOwnType('assemblyscript', name);
  if (row !== undefined) return row.abi;
  const remedy = `types are ${typeNames('assemblyscript')}, and arrays of them`;
  return reject(folder, type.range, `${type.range} is no type of the ABI`, remedy);
}

const isIndexed = (type: TypeNode): boolean => type.name?.identifier.text === 'Indexed';

function paramOf(folder: string, { name, type }: Parameter): AbiParam {
  return { name: name.text, type: abiTypeOf(folder, type) ?? '' };
}

const HIDDEN = FLAG.private | FLAG.protected | FLAG.static | FLAG.get | FLAG.set | FLAG.constructor;

/** Public methods, in the order of the source. */
export function methodsOf({ members }: ClassNode): Member[] {
  return members.filter(({ kind, flags }) => kind === KIND.method && (flags & HIDDEN) === 0);
}

const MUTABILITIES = ['pure', 'view', 'payable'] as const;

const marksOf = ({ decorators }: Member): string[] => {
  return (decorators ?? []).map((each) => each.name.text);
};
/** Methods that are no function, by name. */
const SPECIAL: Readonly<Record<string, 'constructor' | 'receive' | 'fallback'>> = {
  deploy: 'constructor',
  receive: 'receive',
  fallback: 'fallback',
};

export function methodItem(folder: string, member: Member): AbiItem {
  const { name, signature } = member;
  const marks = marksOf(member);
  const stateMutability = MUTABILITIES.find((each) => marks.includes(each)) ?? 'nonpayable';
  const inputs = (signature?.parameters ?? []).map((each) => paramOf(folder, each));
  const special = SPECIAL[name.text];
  if (special === 'constructor') return { type: special, inputs, stateMutability };
  if (special !== undefined) return { type: special, stateMutability };
  const type = signature && abiTypeOf(folder, signature.returnType);
  const outputs = type === undefined ? [] : [{ name: '', type }];
  return { type: 'function', name: name.text, inputs, outputs, stateMutability };
}

/** Fields of an instance, which are state variables and constants. */
const isField = ({ kind, flags }: Member): boolean =>
  kind === KIND.field && (flags & FLAG.static) === 0;

/** Whether a field is its initial value and takes no storage. */
export function isConstant(member: Member): boolean {
  return isField(member) && (member.flags & FLAG.readonly) !== 0 && member.initializer != null;
}

/** A state variable: what lasts of it, and its types in the source. */
export interface StateField extends Variable {
  /** Types of the keys. */
  readonly keyTypes: readonly string[];
  /** Type of the value. */
  readonly valueType: string;
  /** The field is a handle with `get` and `set`, not the value itself. */
  readonly isHandle: boolean;
}

/**
 * The state variable that a field is; undefined for what is no field, or a constant.
 *
 * @throws InputError `compiler-failed` where the type is none of a state variable
 */
export function variableOf(folder: string, member: Member): StateField | undefined {
  const { type, name, range } = member;
  if (!isField(member) || isConstant(member)) return undefined;
  const keys: TypeNode[] = [];
  let at = type ?? undefined;
  for (; at?.name?.identifier.text === 'Mapping'; at = at.typeArguments?.[1]) {
    keys.push(...(at.typeArguments ?? []).slice(0, 1));
  }
  const isValue = keys.length === 0 && at?.name?.identifier.text === 'Value';
  const value = isValue ? at?.typeArguments?.[0] : at;
  const row = findOwnType('assemblyscript', value?.name?.identifier.text ?? '');
  if (value === undefined || row?.isWord !== true) {
    const remedy =
      'its type is one that takes a word, such as u256, or a Mapping to one; ' +
      'what lasts no longer than a call is static, and a constant readonly with a value';
    return reject(folder, range, `${name.text} has no type of a state variable`, remedy);
  }
  return {
    name: name.text,
    keys: keys.map((each) => abiTypeOf(folder, each) ?? ''),
    value: row.abi,
    keyTypes: keys.map((each) => String(each.range)),
    valueType: String(value.range),
    isHandle: isValue || keys.length > 0,
  };
}

/** A function of a contract, with the types and the code that answer a call of it. */
export interface Entry {
  readonly item: AbiItem;
  readonly parameters: readonly string[];
  /** Type of the result; undefined for none. */
  readonly result: string | undefined;
  /** @param values - Expressions of the parameters. */
  call(values: readonly string[]): string;
}

function methodEntry(folder: string, method: Member): Entry {
  const item = methodItem(folder, method);
  const hasResult = (item.outputs ?? []).length > 0;
  return {
    item,
    parameters: (method.signature?.parameters ?? []).map(({ type }) => String(type.range)),
    result: hasResult ? String(method.signature?.returnType.range) : undefined,
    call: (values) => `contract.${method.name.text}(${values.join(', ')})`,
  };
}

/** A field that is not private is read by a function of its name, by its keys if it has some. */
function fieldEntry(folder: string, field: Member): Entry | undefined {
  if (!isField(field) || (field.flags & HIDDEN) !== 0) return undefined;
  const name = field.name.text;
  const marks = marksOf(field);
  const stateMutability = MUTABILITIES.find((each) => marks.includes(each)) ?? 'view';
  const item = (inputs: readonly string[], output: string): AbiItem => ({
    ...{ type: 'function', name, stateMutability },
    inputs: inputs.map((type) => ({ name: '', type })),
    outputs: [{ name: '', type: output }],
  });
  const place = `contract.${name}`;
  const variable = variableOf(folder, field);
  if (variable === undefined) {
    const { type } = field;
    if (type == null) return reject(folder, field.range, `${name} has no type`, 'write its type');
    const own = item([], abiTypeOf(folder, type) ?? '');
    return { item: own, parameters: [], result: String(type.range), call: () => place };
  }
  const { keys, value, keyTypes, valueType, isHandle } = variable;
  return {
    item: item(keys, value),
    parameters: keyTypes,
    result: valueType,
    call: (values) => {
      if (!isHandle) return place;
      const gets = values.length === 0 ? ['.get()'] : values.map((each) => `.get(${each})`);
      return place + gets.join('');
    },
  };
}

/** Functions of a contract, in the order of the source. */
export function entriesOf(folder: string, contract: ClassNode): Entry[] {
  const methods = new Set(methodsOf(contract));
  return contract.members.flatMap((member) => {
    if ((member.flags & FLAG.constructor) !== 0) {
      const remedy = 'the method deploy runs once, when the contract is deployed';
      reject(folder, member.range, `${contract.name.text} has a constructor`, remedy);
    }
    return (methods.has(member) ? methodEntry : fieldEntry)(folder, member) ?? [];
  });
}

/** The model of a contract from the declarations of all files, its own first. */
export function readModel(
  folder: string,
  contract: ClassNode,
  files: readonly Declarations[],
): Model {
  const functions = entriesOf(folder, contract).map(({ item }) => item);
  const events = files.flatMap((file) => file.events.map((each) => eventItem(folder, each)));
  const errors = files.flatMap((file) => file.errors.map((each) => errorItem(folder, each)));
  return {
    name: contract.name.text,
    abi: [...functions, ...events, ...errors],
    variables: contract.members.flatMap((each) => variableOf(folder, each) ?? []),
    remotes: files
      .flatMap(({ remotes }) => remotes)
      .map((each) => ({
        name: each.name.text,
        functions: methodsOf(each).map((method) => methodItem(folder, method)),
      })),
  };
}

export function eventItem(folder: string, { name, signature }: FunctionNode): AbiItem {
  const inputs = signature.parameters.map((each) => ({
    ...paramOf(folder, each),
    indexed: isIndexed(each.type),
  }));
  const item: AbiItem = { type: 'event', name: name.text, inputs, anonymous: false };
  if (!hasTooManyTopics(item)) return item;
  const message = `${name.text} has too many indexed parameters`;
  return reject(folder, name.range, message, 'an event has three at most');
}

export function errorItem(folder: string, { name, signature }: FunctionNode): AbiItem {
  const inputs = signature.parameters.map((each) => paramOf(folder, each));
  return { type: 'error', name: name.text, inputs };
}
