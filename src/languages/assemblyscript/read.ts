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

/** What the declarations of all files have in common. */
export interface Scope {
  /** Where the contract lies. */
  readonly folder: string;
  /** Classes of structures, and of several results, by name. */
  readonly structs: ReadonlyMap<string, ClassNode>;
  /** Names of errors. */
  readonly errors: ReadonlySet<string>;
}

export function scopeOf(folder: string, files: readonly Declarations[]): Scope {
  const structs = files.flatMap((file) => file.structs);
  const errors = files.flatMap((file) => file.errors.map(({ name }) => name.text));
  return {
    folder,
    structs: new Map(structs.map((each) => [each.name.text, each])),
    errors: new Set(errors),
  };
}

/** Declarations of a source by what they stand for. */
export interface Declarations {
  readonly source: SourceNode;
  readonly contracts: readonly ClassNode[];
  readonly events: readonly FunctionNode[];
  readonly errors: readonly FunctionNode[];
  readonly remotes: readonly ClassNode[];
  readonly structs: readonly ClassNode[];
}

export function readDeclarations(source: SourceNode): Declarations {
  const classes = source.statements.filter(({ kind }) => kind === KIND.class) as ClassNode[];
  const functions = source.statements.filter(
    ({ kind, flags }) => kind === KIND.function && (flags & FLAG.declare) !== 0,
  ) as FunctionNode[];
  const giving = (...results: readonly string[]): FunctionNode[] =>
    functions.filter(({ signature }) => results.includes(nameOf(signature.returnType)));
  const extending = (base: string): ClassNode[] =>
    classes.filter(({ extendsType }) => nameOf(extendsType) === base);
  return {
    source,
    contracts: extending('Contract').filter(({ flags }) => (flags & FLAG.abstract) === 0),
    events: giving('Event'),
    errors: giving('Error', 'CustomError'),
    remotes: extending('Remote'),
    structs: [...extending('Struct'), ...extending('Results')],
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
export function reject(
  scope: Scope,
  { start, source }: Range,
  message: string,
  remedy: string,
): never {
  const before = source.text.slice(0, start).split('\n');
  const file = join(scope.folder, source.normalizedPath);
  const place = `${file}:${before.length}:${(before.at(-1) ?? '').length + 1}`;
  throw new InputError('compiler-failed', `${place}: error: ${message}`, remedy);
}

const nameOf = (type: TypeNode | null | undefined): string => type?.name?.identifier.text ?? '';

/** Whether a class is several results, of which a function gives each. */
const isResults = (node: ClassNode | undefined): boolean => nameOf(node?.extendsType) === 'Results';

/**
 * What the ABI has for a type.
 *
 * @param parents - Structures that have the type as a field.
 */
function typeParam(scope: Scope, type: TypeNode, parents: readonly string[] = []): AbiParam {
  const name = nameOf(type);
  const [argument] = type.typeArguments ?? [];
  if (name === 'Indexed' && argument !== undefined) return typeParam(scope, argument, parents);
  if (name === 'Array' && argument !== undefined) {
    const { type: item, internalType, ...rest } = typeParam(scope, argument, parents);
    const own = internalType === undefined ? {} : { internalType: `${internalType}[]` };
    return { ...rest, type: `${item}[]`, ...own };
  }
  const row = findOwnType('assemblyscript', name);
  if (row !== undefined) return { type: row.abi };
  const node = scope.structs.get(name);
  if (node !== undefined && !isResults(node)) {
    if (parents.includes(name)) {
      reject(scope, type.range, `${name} has itself as a field`, 'use another type');
    }
    const components = fieldParams(scope, node, [...parents, name]);
    return { type: 'tuple', internalType: `struct ${name}`, components };
  }
  const remedy =
    node === undefined
      ? `types are ${typeNames('assemblyscript')}, classes that extend Struct, and Array of them`
      : `what extends Results is what a function gives; a value extends Struct`;
  return reject(scope, type.range, `${type.range} is no type of the ABI`, remedy);
}

/** Fields of a structure, or several results. */
function fieldParams(scope: Scope, node: ClassNode, parents: readonly string[] = []): AbiParam[] {
  const params = node.members.filter(isField).map(({ name, type, range }) => {
    if (type == null) return reject(scope, range, `${name.text} has no type`, 'write its type');
    return { name: name.text, ...typeParam(scope, type, parents) };
  });
  if (params.length > 0) return params;
  const message = `${node.name.text} has no fields`;
  return reject(scope, node.name.range, message, 'write NAME!: TYPE;');
}

/** Fields of a structure with their types in the source. */
export function structFields(
  scope: Scope,
  node: ClassNode,
): { readonly name: string; readonly type: string; readonly param: AbiParam }[] {
  const fields = node.members.filter(isField);
  return fieldParams(scope, node).map((param, at) => {
    const { name, type } = fields[at] as Member;
    return { name: name.text, type: String(type?.range), param };
  });
}

const isIndexed = (type: TypeNode): boolean => nameOf(type) === 'Indexed';

const paramOf = (scope: Scope, { name, type }: Parameter): AbiParam => ({
  name: name.text,
  ...typeParam(scope, type),
});

/** What a function gives: nothing, one value, or several. */
function outputsOf(scope: Scope, type: TypeNode): AbiParam[] {
  if (nameOf(type) === 'void') return [];
  const node = scope.structs.get(nameOf(type));
  if (node !== undefined && isResults(node)) return fieldParams(scope, node);
  return [{ name: '', ...typeParam(scope, type) }];
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

export function methodItem(scope: Scope, member: Member): AbiItem {
  const { name, signature } = member;
  const marks = marksOf(member);
  const stateMutability = MUTABILITIES.find((each) => marks.includes(each)) ?? 'nonpayable';
  const inputs = (signature?.parameters ?? []).map((each) => paramOf(scope, each));
  const special = SPECIAL[name.text];
  if (special === 'constructor') return { type: special, inputs, stateMutability };
  if (special !== undefined) return { type: special, stateMutability };
  const outputs = signature === undefined ? [] : outputsOf(scope, signature.returnType);
  return { type: 'function', name: name.text, inputs, outputs, stateMutability };
}

/** Fields of an instance: of a contract they are state variables and constants. */
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

function keyType(scope: Scope, type: TypeNode): string {
  const row = findOwnType('assemblyscript', nameOf(type));
  if (row !== undefined) return row.abi;
  const remedy = `keys are ${typeNames('assemblyscript')}`;
  return reject(scope, type.range, `${type.range} is no type of a key`, remedy);
}

/**
 * The state variable that a field is; undefined for what is no field, or a constant.
 *
 * @throws InputError `compiler-failed` where the type is none of a state variable
 */
export function variableOf(scope: Scope, member: Member): StateField | undefined {
  const { type, name, range } = member;
  if (!isField(member) || isConstant(member)) return undefined;
  const keys: TypeNode[] = [];
  let at = type ?? undefined;
  while (at !== undefined && nameOf(at) === 'Mapping') {
    const [key, value]: readonly (TypeNode | undefined)[] = at.typeArguments ?? [];
    if (key !== undefined) keys.push(key);
    at = value;
  }
  const isValue = keys.length === 0 && nameOf(at) === 'Value';
  const value = isValue ? at?.typeArguments?.[0] : at;
  const row = findOwnType('assemblyscript', nameOf(value));
  if (value === undefined || row?.isWord !== true) {
    const remedy =
      'its type is one that takes a word, such as u256, or a Mapping to one; ' +
      'what lasts no longer than a call is static, and a constant readonly with a value';
    return reject(scope, range, `${name.text} has no type of a state variable`, remedy);
  }
  return {
    name: name.text,
    keys: keys.map((each) => keyType(scope, each)),
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
  /** Type of what `call` gives; undefined for nothing. */
  readonly result: string | undefined;
  /** Whether that has several results as its fields. */
  readonly hasFields: boolean;
  /** @param values - Expressions of the parameters. */
  call(values: readonly string[]): string;
}

function methodEntry(scope: Scope, method: Member): Entry {
  const item = methodItem(scope, method);
  const { parameters = [], returnType } = method.signature ?? {};
  return {
    item,
    parameters: parameters.map(({ type }) => String(type.range)),
    result: (item.outputs ?? []).length > 0 ? String(returnType?.range) : undefined,
    hasFields: givesFields(scope, method),
    call: (values) => `contract.${method.name.text}(${values.join(', ')})`,
  };
}

/** Whether a method gives several results. */
export const givesFields = (scope: Scope, { signature }: Member): boolean =>
  isResults(scope.structs.get(nameOf(signature?.returnType)));

/** A field that is not private is read by a function of its name, by its keys if it has some. */
function fieldEntry(scope: Scope, field: Member): Entry | undefined {
  if (!isField(field) || (field.flags & HIDDEN) !== 0) return undefined;
  const name = field.name.text;
  const marks = marksOf(field);
  const stateMutability = MUTABILITIES.find((each) => marks.includes(each)) ?? 'view';
  const item = (inputs: readonly string[], output: AbiParam): AbiItem => ({
    ...{ type: 'function', name, stateMutability },
    inputs: inputs.map((type) => ({ name: '', type })),
    outputs: [{ name: '', ...output }],
  });
  const place = `contract.${name}`;
  const variable = variableOf(scope, field);
  if (variable === undefined) {
    const { type } = field;
    if (type == null) return reject(scope, field.range, `${name} has no type`, 'write its type');
    const own = item([], typeParam(scope, type));
    const result = String(type.range);
    return { item: own, parameters: [], result, hasFields: false, call: () => place };
  }
  const { keys, value, keyTypes, valueType, isHandle } = variable;
  return {
    item: item(keys, { type: value }),
    parameters: keyTypes,
    result: valueType,
    hasFields: false,
    call: (values) => {
      if (!isHandle) return place;
      const gets = values.length === 0 ? ['.get()'] : values.map((each) => `.get(${each})`);
      return place + gets.join('');
    },
  };
}

/** Functions of a contract, in the order of the source. */
export function entriesOf(scope: Scope, contract: ClassNode): Entry[] {
  const methods = new Set(methodsOf(contract));
  return contract.members.flatMap((member) => {
    if ((member.flags & FLAG.constructor) !== 0) {
      const remedy = 'the method deploy runs once, when the contract is deployed';
      reject(scope, member.range, `${contract.name.text} has a constructor`, remedy);
    }
    return (methods.has(member) ? methodEntry : fieldEntry)(scope, member) ?? [];
  });
}

/** The model of a contract from the declarations of all files, its own first. */
export function readModel(
  scope: Scope,
  contract: ClassNode,
  files: readonly Declarations[],
): Model {
  const functions = entriesOf(scope, contract).map(({ item }) => item);
  const events = files.flatMap((file) => file.events.map((each) => eventItem(scope, each)));
  const errors = files.flatMap((file) => file.errors.map((each) => errorItem(scope, each)));
  return {
    name: contract.name.text,
    abi: [...functions, ...events, ...errors],
    variables: contract.members.flatMap((each) => variableOf(scope, each) ?? []),
    constants: [],
    remotes: files
      .flatMap(({ remotes }) => remotes)
      .map((each) => ({
        name: each.name.text,
        functions: methodsOf(each).map((method) => methodItem(scope, method)),
      })),
  };
}

export function eventItem(scope: Scope, { name, signature }: FunctionNode): AbiItem {
  const inputs = signature.parameters.map((each) => ({
    ...paramOf(scope, each),
    indexed: isIndexed(each.type),
  }));
  const item: AbiItem = { type: 'event', name: name.text, inputs, anonymous: false };
  const list = inputs.findIndex(({ indexed, type }) => indexed && /\]$|^tuple/.test(type));
  if (list >= 0) {
    const message = `${inputs[list]?.name} cannot be indexed`;
    const { range } = signature.parameters[list] as Parameter & { range: Range };
    reject(scope, range, message, 'arrays and structures stand in the data of an event');
  }
  if (!hasTooManyTopics(item)) return item;
  const message = `${name.text} has too many indexed parameters`;
  return reject(scope, name.range, message, 'an event has three at most');
}

export function errorItem(scope: Scope, { name, signature }: FunctionNode): AbiItem {
  const inputs = signature.parameters.map((each) => paramOf(scope, each));
  return { type: 'error', name: name.text, inputs };
}
