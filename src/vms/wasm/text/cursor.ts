/** Walks the items of a list of the text format, one after another. */
import { LockstepError } from '../../../base/errors.ts';
import type { UnsupportedFeature } from '../errors.ts';
import { EXTERNREF, FUNCREF, VAL_TYPES, type ValType, type ValTypeName } from '../types.ts';
import { type Atom, type List, type Node, wrongText } from './lexer.ts';
import { integerBits } from './numbers.ts';

/** Whether a node is a list that begins with one of the words. */
export function isList(node: Node | undefined, ...heads: readonly string[]): node is List {
  if (node?.kind !== 'list') return false;
  const [head] = node.items;
  return head?.kind === 'atom' && heads.includes(head.text);
}

/** The text uses a feature that is not there. */
export function unsupportedText(node: Node, feature: UnsupportedFeature): LockstepError {
  return new LockstepError('L1603', { offset: `${node.line}:${node.column}`, feature });
}

/** Words of features that are not there. */
const FOREIGN: readonly (readonly [pattern: RegExp, feature: UnsupportedFeature])[] = [
  [/relaxed/, 'relaxed-simd'],
  [/atomic|^shared$/, 'threads'],
  [/^(throw|throw_ref|try|try_table|catch|catch_all|rethrow|delegate|tag)$|exn/, 'exceptions'],
  [
    /^(call_ref|return_call_ref|ref\.as_non_null|br_on_null|br_on_non_null)$/,
    'function-references',
  ],
  [/^(struct|array|sub|rec|i31|anyref|eqref|structref|arrayref|i31ref|null\w*ref|any|eq)$/, 'gc'],
  [/^(none|nofunc|noextern|(struct|array|any|extern|i31)\..*|ref\.(i31|test|cast|eq))$/, 'gc'],
  [/^br_on_cast/, 'gc'],
  [/^pagesize$/, 'custom-page-sizes'],
  [/^(descriptor|describes|exact)$|_desc/, 'custom-descriptors'],
  [/^i64\.(add128|sub128|mul_wide_[su])$/, 'wide-arithmetic'],
];

/** What is wrong with a word that is out of place: its feature, or that nobody knows it. */
export function strangeWord(node: Node): LockstepError {
  const [head] = node.kind === 'list' ? node.items : [node];
  const word = head?.kind === 'atom' ? head.text : '';
  const feature = FOREIGN.find(([pattern]) => pattern.test(word))?.[1];
  if (feature !== undefined) return unsupportedText(node, feature);
  return wrongText(node, word === '' ? 'unexpected token' : `unknown operator ${word}`);
}

export class Cursor {
  readonly #list: List;
  #at: number;

  /** @param from - The first item; by default the one behind the head. */
  constructor(list: List, from = 1) {
    this.#list = list;
    this.#at = from;
  }

  get place(): Node {
    return this.peek() ?? this.#list;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#list.items.length;
  }

  peek(ahead = 0): Node | undefined {
    return this.#list.items[this.#at + ahead];
  }

  next(): Node {
    const node = this.peek();
    if (node === undefined) throw wrongText(this.#list, 'unexpected token )');
    this.#at++;
    return node;
  }

  expectEnd(): void {
    const node = this.peek();
    if (node !== undefined) throw strangeWord(node);
  }

  /** The next item where it is a list with the head. */
  takeList(...heads: readonly string[]): List | undefined {
    const node = this.peek();
    if (!isList(node, ...heads)) return undefined;
    this.#at++;
    return node;
  }

  /** The next item where it is the word. */
  takeWord(word: string): boolean {
    const node = this.peek();
    if (node?.kind !== 'atom' || node.text !== word) return false;
    this.#at++;
    return true;
  }

  atom(): Atom {
    const node = this.next();
    if (node.kind !== 'atom') throw strangeWord(node);
    return node;
  }

  /** The identifier that comes next; undefined where there is none. */
  takeId(): Atom | undefined {
    const node = this.peek();
    if (node?.kind !== 'atom' || !node.text.startsWith('$')) return undefined;
    this.#at++;
    return node;
  }

  /** Whether an index or an identifier comes next. */
  get isAtIndex(): boolean {
    const node = this.peek();
    return node?.kind === 'atom' && /^[$0-9]/.test(node.text);
  }

  string(): Uint8Array {
    const node = this.next();
    if (node.kind !== 'string') throw wrongText(node, 'unexpected token: no string');
    return node.bytes;
  }

  name(): Uint8Array {
    const node = this.place;
    const bytes = this.string();
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      throw wrongText(node, 'malformed UTF-8 encoding');
    }
    return bytes;
  }

  /** A number of bits, unsigned. */
  number(bits: number): bigint {
    const atom = this.atom();
    if (/^[+-]/.test(atom.text)) throw wrongText(atom, 'unknown operator');
    const value = integerBits(atom.text, bits);
    if (typeof value === 'string') throw wrongText(atom, value);
    return value;
  }

  valType(): ValType {
    const node = this.next();
    if (node.kind === 'atom' && Object.hasOwn(VAL_TYPES, node.text)) {
      return VAL_TYPES[node.text as ValTypeName];
    }
    if (isList(node, 'ref')) return nullable(node);
    throw strangeWord(node);
  }

  /** A word for what a reference refers to, as `ref.null` takes it. */
  heapType(): ValType {
    const atom = this.atom();
    if (atom.text === 'func') return FUNCREF;
    if (atom.text === 'extern') return EXTERNREF;
    if (/^[$0-9]/.test(atom.text)) throw unsupportedText(atom, 'function-references');
    throw strangeWord(atom);
  }
}

/** `(ref null func)` is `funcref`; what cannot be null is of another feature. */
function nullable(node: List): ValType {
  const cursor = new Cursor(node);
  if (!cursor.takeWord('null')) throw unsupportedText(node, 'function-references');
  const type = cursor.heapType();
  cursor.expectEnd();
  return type;
}
