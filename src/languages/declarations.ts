/**
 * The interface of a contract as its source in C, C++ or Rust declares it, in the words of
 * Solidity. Code for each declaration is written from it, so that what the ABI says and what the
 * source defines cannot differ:
 *
 *     contract Token {
 *       mapping(address => uint256) balances;
 *       event Transfer(address indexed from, address indexed to, uint256 value);
 *       function transfer(address to, uint256 value) returns (bool);
 *     }
 *     interface Receiver { function onReceived(uint256 value); }
 */
import { parseDeclaration, signatureOf } from './abi.ts';
import { canonicalType } from './abi-values.ts';
import type { AbiItem } from './contract.ts';
import { InputError } from './errors.ts';
import { hasTooManyTopics, type Model, type Remote, type Variable } from './model.ts';
import { findType, typeNames } from './types.ts';

interface Context {
  readonly file: string;
  readonly text: string;
}

function reject(context: Context, at: number, message: string, remedy: string): never {
  const before = context.text.slice(0, at).split('\n');
  const place = `${context.file}:${before.length}:${(before.at(-1) ?? '').length + 1}`;
  throw new InputError('compiler-failed', `${place}: error: ${message}`, remedy);
}

/** Comments as spaces, so that places stay what they are. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (comment) => comment.replace(/[^\n]/g, ' '));
}

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '{': '}', '[': ']' };

/** Where the bracket that opens at an index closes. */
function closingOf(text: string, open: number): number {
  const own = text[open] ?? '';
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === own) depth++;
    else if (text[at] === CLOSING[own] && --depth === 0) return at;
  }
  return -1;
}

/** A type of the ABI that this project writes code for, in its canonical name. */
function checkType(context: Context, at: number, type: string): string {
  const name = canonicalType({ type });
  if (findType(name) !== undefined) return name;
  return reject(context, at, `there is no type ${name} here`, `types are ${typeNames('abi')}`);
}

function readVariable(context: Context, at: number, text: string): Variable {
  const keys: string[] = [];
  const name = /(\w+)$/.exec(text)?.[1] ?? '';
  let rest = text.slice(0, -name.length).trim();
  for (;;) {
    const mapping = /^mapping\s*\(\s*(\w+)(?:\s+\w+)?\s*=>\s*([\s\S]*)\)$/.exec(rest);
    if (mapping === null) break;
    keys.push(checkType(context, at, mapping[1] ?? ''));
    rest = (mapping[2] ?? '').trim();
  }
  // A mapping may name its values, as `uint256 amount` does.
  const value = /^(\w+)(?:\s+\w+)?$/.exec(rest)?.[1];
  const type = value && checkType(context, at, value);
  if (type && findType(type)?.isWord === true) return { name, keys, value: type };
  return reject(
    context,
    at,
    `${text} is no declaration of a state variable`,
    'write TYPE NAME; or mapping(KEY => TYPE) NAME; with a value of a type that takes one word',
  );
}

const ITEM = /^(?:function|event|error|constructor|receive|fallback)\b/;

function readItem(context: Context, at: number, text: string): AbiItem {
  const item = parseDeclaration(text.replace(/\s+/g, ' '));
  if (item === undefined) {
    const remedy = 'write it as in Solidity: function transfer(address to, uint256 value)';
    return reject(context, at, `${text} is no declaration`, remedy);
  }
  for (const { type } of [...(item.inputs ?? []), ...(item.outputs ?? [])]) {
    checkType(context, at, type);
  }
  if (hasTooManyTopics(item)) {
    reject(
      context,
      at,
      `${item.name} has too many indexed parameters`,
      'an event has three at most',
    );
  }
  if ((item.outputs ?? []).length > 1) {
    reject(context, at, `${item.name} has several results`, 'a function has one result, or none');
  }
  return item;
}

function addItem(context: Context, at: number, items: AbiItem[], item: AbiItem): void {
  const isSame = (each: AbiItem) =>
    each.type === item.type && signatureOf(each) === signatureOf(item);
  if (items.some(isSame)) {
    reject(context, at, `${signatureOf(item)} is declared twice`, 'leave one of the two out');
  }
  items.push(item);
}

interface Body {
  readonly items: AbiItem[];
  readonly variables: Variable[];
}

/** The declarations between two braces. */
function readBody(context: Context, start: number, end: number): Body {
  const body: Body = { items: [], variables: [] };
  const source = withoutComments(context.text);
  for (let at = start; at < end; ) {
    const close = source.indexOf(';', at);
    const next = close < 0 || close > end ? end : close;
    const lead = /^\s*/.exec(source.slice(at, next))?.[0].length ?? 0;
    const text = source.slice(at + lead, next).trim();
    if (ITEM.test(text))
      addItem(context, at + lead, body.items, readItem(context, at + lead, text));
    else if (text !== '') body.variables.push(readVariable(context, at + lead, text));
    at = next + 1;
  }
  return body;
}

/**
 * Reads the declarations of a source.
 *
 * @param marker - What stands before the bracket that holds them.
 * @throws InputError `contract-none` without a contract, `compiler-failed` with the place
 */
export function readDeclarations(context: Context, marker: RegExp): Model {
  const source = withoutComments(context.text);
  const found = marker.exec(source);
  const open = found === null ? -1 : found.index + found[0].length - 1;
  const end = found === null ? -1 : closingOf(source, open);
  if (open >= 0 && end < 0) {
    const bracket = source[open] ?? '';
    reject(context, open, 'the declarations do not end', `close them with ${CLOSING[bracket]}`);
  }
  let contract: (Body & { readonly name: string }) | undefined;
  const remotes: Remote[] = [];
  const block = /\b(contract|interface)\s+(\w+)\s*\{/g;
  block.lastIndex = open + 1;
  for (let at = block.exec(source); at !== null && at.index < end; at = block.exec(source)) {
    const start = block.lastIndex;
    const close = closingOf(source, start - 1);
    if (close < 0) reject(context, at.index, `${at[2]} has no closing brace`, 'close it with }');
    const body = readBody(context, start, close);
    block.lastIndex = close;
    if (at[1] === 'contract' && contract !== undefined) {
      const message = `${at[2]} is a second contract, after ${contract.name}`;
      reject(context, at.index, message, 'a file has one contract; others are interfaces of it');
    }
    if (at[1] === 'contract') contract = { name: at[2] ?? '', ...body };
    else remotes.push({ name: at[2] ?? '', functions: body.items });
  }
  if (contract !== undefined) {
    const { name, items, variables } = contract;
    return { name, abi: items, variables, remotes };
  }
  throw new InputError(
    'contract-none',
    `${context.file} declares no contract`,
    'declare it in LOCKSTEP(contract NAME { … }), or in Rust in lockstep! { contract NAME { … } }',
  );
}
