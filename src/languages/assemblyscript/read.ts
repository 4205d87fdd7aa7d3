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
  const giving = (result: string): FunctionNode[] =>
    functions.filter(({ signature }) => signature.returnType.name?.identifier.text === result);
  const extending = (base: string): ClassNode[] =>
    classes.filter(({ extendsType }) => extendsType?.name?.identifier.text === base);
  return {
    source,
    contracts: extending('Contract').filter(({ flags }) => (flags & FLAG.abstract) === 0),
    events: giving('Event'),
    errors: giving('CustomError'),
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

/** Where a mistake is, below the folder. */
function placeOf(folder: string, { start, source }: Range): string {
  const before = source.text.slice(0, start).split('\n');
  const file = join(folder, source.normalizedPath);
  return `${file}:${before.length}:${(before.at(-1) ?? '').length + 1}`;
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
  throw new InputError(
    'compiler-failed',
    `${placeOf(folder, type.range)}: error: ${type.range} is no type of the ABI`,
    `types are ${typeNames('assemblyscript')}, and arrays of them`,
  );
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

/** Fields that are state variables, with their keys and values. */
export function variableOf(folder: string, member: Member): Variable | undefined {
  const { kind, flags, type } = member;
  if (kind !== KIND.field || type == null || (flags & FLAG.static) !== 0) return undefined;
  const keys: string[] = [];
  for (let at: TypeNode = type; ; ) {
    const name = at.name?.identifier.text;
    const [first, second] = at.typeArguments ?? [];
    if (name === 'Mapping' && first !== undefined && second !== undefined) {
      keys.push(abiTypeOf(folder, first) ?? '');
      if (second.name?.identifier.text !== 'Mapping') {
        return { name: member.name.text, keys, value: abiTypeOf(folder, second) ?? '' };
      }
      at = second;
    } else if (name === 'Value' && first !== undefined) {
      return { name: member.name.text, keys, value: abiTypeOf(folder, first) ?? '' };
    } else return undefined;
  }
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

/** Whether a field with a mark is its initial value, which its function gives. */
export function isConstant(member: Member): boolean {
  const { kind, flags, type, initializer } = member;
  const isReadonly = (flags & FLAG.readonly) !== 0 && (flags & FLAG.static) === 0;
  const hasValue = kind === KIND.field && isReadonly && type != null && initializer != null;
  return hasValue && marksOf(member).length > 0;
}

/** A marked field is read by a function of its name, by its keys if it has some. */
function fieldEntry(folder: string, field: Member): Entry | undefined {
  const marks = marksOf(field);
  const stateMutability = MUTABILITIES.find((each) => marks.includes(each));
  if (stateMutability === undefined || field.kind !== KIND.field) return undefined;
  const name = field.name.text;
  if (field.type == null || !(isConstant(field) || variableOf(folder, field))) {
    throw new InputError(
      'compiler-failed',
      `${placeOf(folder, field.range)}: error: ${name} is no value that a function can read`,
      'write readonly NAME: TYPE = …; or a field of the type Value or Mapping',
    );
  }
  const item = (inputs: readonly string[], output: string): AbiItem => ({
    ...{ type: 'function', name, stateMutability },
    inputs: inputs.map((type) => ({ name: '', type })),
    outputs: [{ name: '', type: output }],
  });
  const place = `contract.${name}`;
  const variable = variableOf(folder, field);
  if (variable === undefined) {
    const own = item([], abiTypeOf(folder, field.type) ?? '');
    return { item: own, parameters: [], result: String(field.type.range), call: () => place };
  }
  const types: string[] = [];
  let at = field.type;
  for (; at.name?.identifier.text === 'Mapping'; at = at.typeArguments?.[1] as TypeNode) {
    types.push(String(at.typeArguments?.[0]?.range));
  }
  const [value] = at.name?.identifier.text === 'Value' ? (at.typeArguments ?? []) : [at];
  return {
    item: item(variable.keys, variable.value),
    parameters: types,
    result: String(value?.range),
    call: (values) => {
      const gets = types.length === 0 ? ['.get()'] : values.map((each) => `.get(${each})`);
      return place + gets.join('');
    },
  };
}

/** Functions of a contract, in the order of the source. */
export function entriesOf(folder: string, contract: ClassNode): Entry[] {
  const methods = new Set(methodsOf(contract));
  return contract.members.flatMap((member) => {
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
  throw new InputError(
    'compiler-failed',
    `${placeOf(folder, name.range)}: error: ${name.text} has too many indexed parameters`,
    'an event has three at most',
  );
}

export function errorItem(folder: string, { name, signature }: FunctionNode): AbiItem {
  const inputs = signature.parameters.map((each) => paramOf(folder, each));
  return { type: 'error', name: name.text, inputs };
}
