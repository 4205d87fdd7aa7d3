/**
 * The interface of a contract as its source in C, C++ or Rust declares it, in the words of
 * Solidity. Code for each declaration is written from it, so that what the ABI says and what the
 * source defines cannot differ:
 *
 *     contract Token {
 *       struct Order { address maker; uint256 amount; }
 *       string public constant name = "Token";
 *       mapping(address => uint256) public balanceOf;
 *       event Transfer(address indexed from, address indexed to, uint256 value);
 *       function transfer(address to, uint256 value) returns (bool);
 *     }
 *     interface Receiver { function onReceived(uint256 value); }
 */
import { parseDeclaration, signatureOf } from './abi.ts';
import { type AbiValue, canonicalType, parseArgument } from './abi-values.ts';
import type { AbiItem, AbiParam } from './contract.ts';
import { InputError } from './errors.ts';
import {
  type Constant,
  hasTooManyTopics,
  type Model,
  type Remote,
  type Variable,
} from './model.ts';
import { findType, typeNames } from './types.ts';

interface Context {
  readonly file: string;
  readonly text: string;
}

/** What the declarations of a file have in common. */
interface Scope extends Context {
  /** The text with comments and contents of texts made blank, so that brackets are brackets. */
  readonly source: string;
  /** Fields by the name of a structure. */
  readonly structs: Map<string, readonly AbiParam[]>;
}

function reject(context: Context, at: number, message: string, remedy: string): never {
  const before = context.text.slice(0, at).split('\n');
  const place = `${context.file}:${before.length}:${(before.at(-1) ?? '').length + 1}`;
  throw new InputError('compiler-failed', `${place}: error: ${message}`, remedy);
}

const blank = (text: string): string => text.replace(/[^\n]/g, ' ');

/** Without comments and without what stands in quotes; places stay what they are. */
function maskText(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"/g, (part) =>
    part.startsWith('"') ? `"${blank(part.slice(1, -1))}"` : blank(part),
  );
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

/**
 * A parameter with the type that the source names: of the ABI, a structure, or an array of them.
 *
 * @param word - The type without what makes an array of it.
 */
function typedParam(scope: Scope, at: number, word: string, param: AbiParam): AbiParam {
  const { type, ...rest } = param;
  const suffix = /(?:\[\d*\])*$/.exec(type)?.[0] ?? '';
  const components = scope.structs.get(word);
  if (/\[0+\]/.test(suffix)) {
    reject(scope, at, `${word}${suffix} holds nothing`, 'an array has one item at least');
  }
  if (param.indexed === true && (suffix !== '' || components !== undefined)) {
    const message = `${word}${suffix} ${param.name ?? ''} cannot be indexed`;
    reject(scope, at, message, 'arrays and structures stand in the data of an event');
  }
  if (components === undefined) {
    const base = checkType(scope, at, type.slice(0, type.length - suffix.length));
    return { ...rest, type: base + suffix };
  }
  const internalType = `struct ${word}${suffix}`;
  return { ...rest, type: `tuple${suffix}`, internalType, components };
}

/** The first words of parameters and results: their types, without what makes arrays of them. */
const TYPE_WORD = /([(,]\s*)([A-Za-z_]\w*)/g;

const ITEM = /^(?:function|event|error|constructor|receive|fallback)\b/;

function readItem(scope: Scope, at: number, text: string): AbiItem {
  const words = [...text.matchAll(TYPE_WORD)].map((each) => each[2] ?? '');
  // The parser knows no structures, so another type stands in their place.
  const known = text.replace(TYPE_WORD, (all, lead, word) =>
    scope.structs.has(word) ? `${lead}bytes32` : all,
  );
  const item = parseDeclaration(known.replace(/\s+/g, ' '));
  if (item === undefined) {
    const remedy = 'write it as in Solidity: function transfer(address to, uint256 value)';
    return reject(scope, at, `${text} is no declaration`, remedy);
  }
  if (hasTooManyTopics(item)) {
    const message = `${item.name} has too many indexed parameters`;
    reject(scope, at, message, 'an event has three at most');
  }
  let next = 0;
  const typed = (params: readonly AbiParam[]) =>
    params.map((param) => typedParam(scope, at, words[next++] ?? '', param));
  return {
    ...item,
    ...(item.inputs && { inputs: typed(item.inputs) }),
    ...(item.outputs && { outputs: typed(item.outputs) }),
  };
}

/** Reads structures, which may have others as fields, and makes their text blank. */
function readStructs(context: Context & { source: string }, start: number, end: number): Scope {
  const structs = new Map<string, readonly AbiParam[]>();
  const scope: Scope = { ...context, structs };
  const part = context.source.slice(start, end);
  const found = new Map(
    [...part.matchAll(/\bstruct\s+(\w+)\s*\{([^{}]*)\}/g)].map((each) => {
      const [all, name = '', fields = ''] = each;
      return [name, { at: start + each.index, fields, all }];
    }),
  );
  const enter = (name: string, parents: readonly string[]): void => {
    const own = found.get(name);
    if (own === undefined || structs.has(name)) return;
    if (parents.includes(name)) {
      reject(scope, own.at, `the structure ${name} has itself as a field`, 'use another type');
    }
    const fields = own.fields.split(';').flatMap((field) => {
      const trimmed = field.trim();
      if (trimmed === '') return [];
      const [, word = '', suffix = '', label] = /^(\w+)((?:\[\d*\])*)\s+(\w+)$/.exec(trimmed) ?? [];
      if (label === undefined) {
        reject(scope, own.at, `${trimmed} is no field of ${name}`, 'write TYPE NAME;');
      }
      enter(word, [...parents, name]);
      return typedParam(scope, own.at, word, { name: label, type: word + suffix });
    });
    if (fields.length === 0) {
      reject(scope, own.at, `the structure ${name} has no fields`, 'write TYPE NAME;');
    }
    structs.set(name, fields);
  };
  for (const name of found.keys()) enter(name, []);
  const source = [...found.values()].reduce((text, { at, all }) => {
    return text.slice(0, at) + blank(all) + text.slice(at + all.length);
  }, context.source);
  return { ...scope, source };
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
  readonly constants: Constant[];
}

/** Type, words such as `public`, name, and the value that it begins with. */
const VARIABLE =
  /^([\s\S]*?)((?:\s+(?:public|private|internal|constant|immutable))*)\s+(\w+)\s*(?:=(?!>)\s*([\s\S]+))?$/;

/** The value of a literal: text in quotes, bytes and addresses as `0x…`, a number or a truth. */
function readLiteral(scope: Scope, at: number, type: string, text: string): AbiValue {
  const compact = text.replace(/\s+/g, '');
  try {
    const given = type === 'string' ? JSON.parse(text.startsWith('"') ? text : '') : compact;
    return parseArgument({ type }, given, type, () => true);
  } catch {
    const remedy = 'write a literal: 18, 1e18, 0x…, true or "text"';
    return reject(scope, at, `${text} is no ${type}`, remedy);
  }
}

function addVariable(scope: Scope, at: number, body: Body, text: string, raw: string): void {
  const [, type = '', words = '', name = ''] = VARIABLE.exec(text) ?? [];
  const marks = words.split(/\s+/);
  const keys: AbiParam[] = [];
  let rest = type.trim();
  for (;;) {
    const mapping = /^mapping\s*\(\s*(\w+)(?:\s+(\w+))?\s*=>\s*([\s\S]*)\)$/.exec(rest);
    if (mapping === null) break;
    keys.push({ name: mapping[2] ?? '', type: checkType(scope, at, mapping[1] ?? '') });
    rest = (mapping[3] ?? '').trim();
  }
  // A mapping may name its values, as `uint256 amount` does.
  const [, word = '', label = ''] = /^(\w+)(?:\s+(\w+))?$/.exec(rest) ?? [];
  const isConstant = marks.includes('constant');
  const value = word && checkType(scope, at, word);
  const literal = VARIABLE.exec(raw)?.[4];
  const isWord = findType(value)?.isWord === true;
  const takes = isConstant ? keys.length === 0 && literal !== undefined : isWord;
  if (!value || !takes || marks.includes('immutable') || (literal && keys.length > 0)) {
    reject(
      scope,
      at,
      `${raw} is no declaration of a state variable`,
      'write TYPE NAME; or mapping(KEY => TYPE) NAME; with a value of a type that takes one word, ' +
        'or TYPE constant NAME = VALUE;',
    );
  }
  const outputs = [{ name: label, type: value }];
  const item: AbiItem = { type: 'function', name, inputs: keys, outputs, stateMutability: 'view' };
  const getter = marks.includes('public') ? { getter: item } : {};
  if (marks.includes('public')) addItem(scope, at, body.items, item);
  const begins = literal === undefined ? undefined : readLiteral(scope, at, value, literal);
  if (isConstant && begins !== undefined) {
    body.constants.push({ name, type: value, value: begins, ...getter });
  } else {
    const initial = begins === undefined ? {} : { initial: begins };
    body.variables.push({ name, keys: keys.map((key) => key.type), value, ...initial, ...getter });
  }
}

/** The declarations between two braces. */
function readBody(scope: Scope, start: number, end: number): Body {
  const body: Body = { items: [], variables: [], constants: [] };
  const { source } = scope;
  for (let at = start; at < end; ) {
    const close = source.indexOf(';', at);
    const next = close < 0 || close > end ? end : close;
    const lead = /^\s*/.exec(source.slice(at, next))?.[0].length ?? 0;
    const text = source.slice(at + lead, next).trim();
    const raw = scope.text.slice(at + lead, at + lead + text.length);
    if (ITEM.test(text)) addItem(scope, at + lead, body.items, readItem(scope, at + lead, text));
    else if (text !== '') addVariable(scope, at + lead, body, text, raw);
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
  const masked = maskText(context.text);
  const found = marker.exec(masked);
  const open = found === null ? -1 : found.index + found[0].length - 1;
  const end = found === null ? -1 : closingOf(masked, open);
  if (open >= 0 && end < 0) {
    const bracket = masked[open] ?? '';
    reject(context, open, 'the declarations do not end', `close them with ${CLOSING[bracket]}`);
  }
  const scope = readStructs({ ...context, source: masked }, open + 1, Math.max(end, 0));
  const { source } = scope;
  let contract: (Body & { readonly name: string }) | undefined;
  const remotes: Remote[] = [];
  const block = /\b(contract|interface)\s+(\w+)\s*\{/g;
  block.lastIndex = open + 1;
  for (let at = block.exec(source); at !== null && at.index < end; at = block.exec(source)) {
    const start = block.lastIndex;
    const close = closingOf(source, start - 1);
    if (close < 0) reject(context, at.index, `${at[2]} has no closing brace`, 'close it with }');
    const body = readBody(scope, start, close);
    block.lastIndex = close;
    if (at[1] === 'contract' && contract !== undefined) {
      const message = `${at[2]} is a second contract, after ${contract.name}`;
      reject(context, at.index, message, 'a file has one contract; others are interfaces of it');
    }
    if (at[1] === 'contract') contract = { name: at[2] ?? '', ...body };
    else remotes.push({ name: at[2] ?? '', functions: body.items });
  }
  if (contract !== undefined) {
    const { name, items, variables, constants } = contract;
    return { name, abi: items, variables, constants, remotes };
  }
  throw new InputError(
    'contract-none',
    `${context.file} declares no contract`,
    'declare it in LOCKSTEP(contract NAME { … }), or in Rust in lockstep! { contract NAME { … } }',
  );
}
