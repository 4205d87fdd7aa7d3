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
/** Methods that are no function, by name. */
const SPECIAL: Readonly<Record<string, 'constructor' | 'receive' | 'fallback'>> = {
  deploy: 'constructor',
  receive: 'receive',
  fallback: 'fallback',
};

export function methodItem(folder: string, { name, decorators, signature }: Member): AbiItem {
  const marks = (decorators ?? []).map((each) => each.name.text);
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

/** The model of a contract from the declarations of all files, its own first. */
export function readModel(
  folder: string,
  contract: ClassNode,
  files: readonly Declarations[],
): Model {
  const methods = methodsOf(contract).map((each) => methodItem(folder, each));
  const events = files.flatMap((file) => file.events.map((each) => eventItem(folder, each)));
  const errors = files.flatMap((file) => file.errors.map((each) => errorItem(folder, each)));
  return {
    name: contract.name.text,
    abi: [...methods, ...events, ...errors],
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
