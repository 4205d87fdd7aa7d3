/** The model of a contract from the declarations of its source. */
import type { AbiItem, AbiParam } from '../contract.ts';
import { InputError } from '../errors.ts';
import type { Model, Variable } from '../model.ts';
import { findOwnType, typeNames } from '../types.ts';
import {
  type ClassNode,
  FLAG,
  type FunctionNode,
  KIND,
  type Member,
  type Parameter,
  type SourceNode,
  type TypeNode,
} from './syntax.ts';

/** Declarations of a source by what they stand for. */
export interface Declarations {
  readonly contract: ClassNode;
  readonly events: readonly FunctionNode[];
  readonly errors: readonly FunctionNode[];
  readonly remotes: readonly ClassNode[];
}

/** @throws InputError `contract-none` */
export function readDeclarations(source: SourceNode, file: string): Declarations {
  const classes = source.statements.filter(({ kind }) => kind === KIND.class) as ClassNode[];
  const functions = source.statements.filter(
    ({ kind, flags }) => kind === KIND.function && (flags & FLAG.declare) !== 0,
  ) as FunctionNode[];
  const giving = (result: string): FunctionNode[] =>
    functions.filter(({ signature }) => signature.returnType.name?.identifier.text === result);
  const extending = (base: string): ClassNode[] =>
    classes.filter(({ extendsType }) => extendsType?.name?.identifier.text === base);
  const contracts = extending('Contract').filter(({ flags }) => (flags & FLAG.abstract) === 0);
  const [contract] = contracts;
  if (contract === undefined || contracts.length > 1) {
    const names = contracts.map(({ name }) => name.text).join(' and ');
    throw new InputError(
      'contract-none',
      contract === undefined
        ? `${file} declares no contract`
        : `${file} declares several contracts: ${names}`,
      "write one class that extends Contract of 'lockstep/contract'; files may import each other",
    );
  }
  return {
    contract,
    events: giving('Event'),
    errors: giving('CustomError'),
    remotes: extending('Remote'),
  };
}

export interface ReadContext {
  readonly file: string;
  /** Lines begin where the text says. */
  readonly text: string;
}

function placeOf({ file, text }: ReadContext, at: { readonly start: number }): string {
  const before = text.slice(0, at.start).split('\n');
  return `${file}:${before.length}:${(before.at(-1) ?? '').length + 1}`;
}

/** The ABI's name of a type; undefined for none. */
function abiTypeOf(context: ReadContext, type: TypeNode): string | undefined {
  const name = type.name?.identifier.text ?? '';
  const [argument] = type.typeArguments ?? [];
  if (name === 'void') return undefined;
  if (name === 'Indexed' && argument !== undefined) return abiTypeOf(context, argument);
  if (name === 'Array' && argument !== undefined) return `${abiTypeOf(context, argument)}[]`;
  const row = findOwnType('assemblyscript', name);
  if (row !== undefined) return row.abi;
  throw new InputError(
    'compiler-failed',
    `${placeOf(context, type.range)}: error: ${type.range} is no type of the ABI`,
    `types are ${typeNames('assemblyscript')}, and arrays of them`,
  );
}

const isIndexed = (type: TypeNode): boolean => type.name?.identifier.text === 'Indexed';

function paramOf(context: ReadContext, { name, type }: Parameter): AbiParam {
  return { name: name.text, type: abiTypeOf(context, type) ?? '' };
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

function methodItem(context: ReadContext, { name, decorators, signature }: Member): AbiItem {
  const marks = (decorators ?? []).map((each) => each.name.text);
  const stateMutability = MUTABILITIES.find((each) => marks.includes(each)) ?? 'nonpayable';
  const inputs = (signature?.parameters ?? []).map((each) => paramOf(context, each));
  const special = SPECIAL[name.text];
  if (special === 'constructor') return { type: special, inputs, stateMutability };
  if (special !== undefined) return { type: special, stateMutability };
  const type = signature && abiTypeOf(context, signature.returnType);
  const outputs = type === undefined ? [] : [{ name: '', type }];
  return { type: 'function', name: name.text, inputs, outputs, stateMutability };
}

/** Fields that are state variables, with their keys and values. */
export function variableOf(context: ReadContext, member: Member): Variable | undefined {
  const { kind, flags, type } = member;
  if (kind !== KIND.field || type == null || (flags & FLAG.static) !== 0) return undefined;
  const keys: string[] = [];
  for (let at: TypeNode = type; ; ) {
    const name = at.name?.identifier.text;
    const [first, second] = at.typeArguments ?? [];
    if (name === 'Mapping' && first !== undefined && second !== undefined) {
      keys.push(abiTypeOf(context, first) ?? '');
      if (second.name?.identifier.text !== 'Mapping') {
        return { name: member.name.text, keys, value: abiTypeOf(context, second) ?? '' };
      }
      at = second;
    } else if (name === 'Value' && first !== undefined) {
      return { name: member.name.text, keys, value: abiTypeOf(context, first) ?? '' };
    } else return undefined;
  }
}

export function readModel(context: ReadContext, declarations: Declarations): Model {
  const { contract, events, errors, remotes } = declarations;
  const abi: AbiItem[] = [
    ...methodsOf(contract).map((each) => methodItem(context, each)),
    ...events.map((each): AbiItem => {
      const inputs = each.signature.parameters.map((field) => ({
        ...paramOf(context, field),
        indexed: isIndexed(field.type),
      }));
      return { type: 'event', name: each.name.text, inputs, anonymous: false };
    }),
    ...errors.map((each): AbiItem => {
      const inputs = each.signature.parameters.map((field) => paramOf(context, field));
      return { type: 'error', name: each.name.text, inputs };
    }),
  ];
  return {
    name: contract.name.text,
    abi,
    variables: contract.members.flatMap((each) => variableOf(context, each) ?? []),
    remotes: remotes.map((each) => ({
      name: each.name.text,
      functions: methodsOf(each).map((method) => methodItem(context, method)),
    })),
  };
}
