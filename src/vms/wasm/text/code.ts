/**
 * Instructions of the text format, flat and folded, to the binary format. Names and immediates are
 * those of the opcode table.
 *
 * Source: WebAssembly core specification, section 6.5 "Instructions".
 */
import { CODE, type ImmKind, OPCODES, type Opcode, type OpcodeName } from '../opcodes.ts';
import { fixed, signed, unsigned, unsignedBig, vector } from './bytes.ts';
import { Cursor, isList, strangeWord } from './cursor.ts';
import { type Atom, type List, type Node, wrongText } from './lexer.ts';
import { floatBits, integerBits } from './numbers.ts';
import type { Scope } from './scope.ts';

const BY_NAME: ReadonlyMap<string, Opcode> = new Map(OPCODES.map((op) => [op.name, op]));
const VOID = 0x40;

export function opcodeBytes(name: OpcodeName): number[] {
  const code = CODE[name];
  return code > 255 ? [code >> 8, ...unsigned(code & 255)] : [code];
}

export class CodeWriter {
  readonly #scope: Scope;
  readonly #locals: ReadonlyMap<string, number>;
  /** Names of the open blocks, innermost last. */
  readonly #labels: (string | undefined)[] = [];

  constructor(scope: Scope, locals: ReadonlyMap<string, number> = new Map()) {
    this.#scope = scope;
    this.#locals = locals;
  }

  /** All instructions up to the end of the list, with the end of the expression behind them. */
  expression(cursor: Cursor): number[] {
    const code = this.#sequence(cursor);
    const stray = cursor.peek();
    if (stray !== undefined) throw wrongText(stray, 'unexpected token');
    return [...code, CODE.end];
  }

  /** Instructions up to an `end`, an `else` or the end of the list. */
  #sequence(cursor: Cursor): number[] {
    const code: number[] = [];
    while (!cursor.isAtEnd) {
      const node = cursor.peek() as Node;
      if (node.kind === 'atom' && (node.text === 'end' || node.text === 'else')) break;
      append(code, this.#instruction(cursor));
    }
    return code;
  }

  #instruction(cursor: Cursor): number[] {
    const node = cursor.next();
    if (node.kind === 'list') return this.#folded(node);
    if (node.kind === 'string') throw wrongText(node, 'unexpected token');
    if (node.text === 'block' || node.text === 'loop' || node.text === 'if') {
      return this.#flatBlock(node, cursor);
    }
    return this.#plain(node, cursor);
  }

  // ---- blocks

  #flatBlock({ text }: Atom, cursor: Cursor): number[] {
    const name = cursor.takeId()?.text;
    const code = [...opcodeBytes(text as OpcodeName), ...this.#blockType(cursor)];
    this.#labels.push(name);
    append(code, this.#sequence(cursor));
    if (text === 'if' && cursor.takeWord('else')) {
      this.#checkLabel(name, cursor);
      code.push(CODE.else);
      append(code, this.#sequence(cursor));
    }
    if (!cursor.takeWord('end')) throw wrongText(cursor.place, 'unexpected token: no end');
    this.#checkLabel(name, cursor);
    this.#labels.pop();
    code.push(CODE.end);
    return code;
  }

  #checkLabel(name: string | undefined, cursor: Cursor): void {
    const { place } = cursor;
    const label = cursor.takeId();
    if (label !== undefined && label.text !== name) throw wrongText(place, 'mismatching label');
  }

  #folded(list: List): number[] {
    const [head] = list.items;
    if (head?.kind !== 'atom') throw strangeWord(list);
    const cursor = new Cursor(list);
    if (head.text === 'block' || head.text === 'loop') return this.#foldedBlock(head, cursor);
    if (head.text === 'if') return this.#foldedIf(cursor);
    const own = this.#plain(head, cursor);
    const code: number[] = [];
    while (!cursor.isAtEnd) {
      const node = cursor.next();
      if (node.kind !== 'list') throw strangeWord(node);
      append(code, this.#folded(node));
    }
    append(code, own);
    return code;
  }

  #foldedBlock({ text }: Atom, cursor: Cursor): number[] {
    const name = cursor.takeId()?.text;
    const code = [...opcodeBytes(text as OpcodeName), ...this.#blockType(cursor)];
    this.#labels.push(name);
    append(code, this.expression(cursor));
    this.#labels.pop();
    return code;
  }

  #foldedIf(cursor: Cursor): number[] {
    const name = cursor.takeId()?.text;
    const type = this.#blockType(cursor);
    const code: number[] = [];
    while (!cursor.isAtEnd && !isList(cursor.peek(), 'then')) {
      const node = cursor.next();
      if (node.kind !== 'list') throw strangeWord(node);
      append(code, this.#folded(node));
    }
    code.push(CODE.if, ...type);
    this.#labels.push(name);
    const then = cursor.takeList('then');
    if (then === undefined) throw wrongText(cursor.place, 'unexpected token: no then');
    append(code, this.#arm(then));
    const otherwise = cursor.takeList('else');
    if (otherwise !== undefined) {
      code.push(CODE.else);
      append(code, this.#arm(otherwise));
    }
    cursor.expectEnd();
    this.#labels.pop();
    code.push(CODE.end);
    return code;
  }

  #arm(list: List): number[] {
    const cursor = new Cursor(list);
    const code = this.#sequence(cursor);
    cursor.expectEnd();
    return code;
  }

  #blockType(cursor: Cursor): number[] {
    const { index, type, isNamed } = this.#scope.typeUse(cursor, { allowsNames: false });
    const { params, results } = type;
    if (!isNamed && params.length === 0 && results.length < 2) return [results[0] ?? VOID];
    return signed(BigInt(index()));
  }

  // ---- plain instructions

  #plain(atom: Atom, cursor: Cursor): number[] {
    const isTyped = atom.text === 'select' && isList(cursor.peek(), 'result');
    const op = BY_NAME.get(isTyped ? 'select_t' : atom.text);
    if (op === undefined || atom.text === 'select_t' || atom.text === 'else') {
      throw strangeWord(atom);
    }
    const code = opcodeBytes(op.name);
    if (op.imm !== '') append(code, this.#immediates(op, op.imm, cursor, atom));
    return code;
  }

  #index(space: Parameters<Scope['index']>[0], cursor: Cursor): number[] {
    return unsigned(this.#scope.index(space, cursor));
  }

  /** An index that may be left out where it is 0. */
  #optional(space: 'table' | 'memory', cursor: Cursor): number[] {
    return cursor.isAtIndex ? this.#index(space, cursor) : [0];
  }

  #label(cursor: Cursor): number[] {
    const id = cursor.takeId();
    if (id === undefined) return unsigned(Number(cursor.number(32)));
    const at = this.#labels.lastIndexOf(id.text);
    if (at < 0) throw wrongText(id, `unknown label ${id.text}`);
    return unsigned(this.#labels.length - 1 - at);
  }

  #local(cursor: Cursor): number[] {
    const id = cursor.takeId();
    if (id === undefined) return unsigned(Number(cursor.number(32)));
    const index = this.#locals.get(id.text);
    if (index === undefined) throw wrongText(id, `unknown local ${id.text}`);
    return unsigned(index);
  }

  /** A segment and what it is copied to, of which the first may be left out. */
  #segment(space: 'elem' | 'data', to: 'table' | 'memory', cursor: Cursor): number[] {
    const second = cursor.peek(1);
    const hasBoth = second?.kind === 'atom' && /^[$0-9]/.test(second.text);
    const target = hasBoth ? this.#index(to, cursor) : [0];
    return [...this.#index(space, cursor), ...target];
  }

  #pair(space: 'table' | 'memory', cursor: Cursor): number[] {
    if (!cursor.isAtIndex) return [0, 0];
    return [...this.#index(space, cursor), ...this.#index(space, cursor)];
  }

  #immediates(op: Opcode, imm: Exclude<ImmKind, ''>, cursor: Cursor, atom: Atom): number[] {
    switch (imm) {
      case 'label':
        return this.#label(cursor);
      case 'labels': {
        const labels = [this.#label(cursor)];
        while (cursor.isAtIndex) labels.push(this.#label(cursor));
        const fallback = labels.pop() as number[];
        return [...vector(labels), ...fallback];
      }
      case 'type table': {
        const table = this.#optional('table', cursor);
        const { index } = this.#scope.typeUse(cursor, { allowsNames: false });
        return [...unsigned(index()), ...table];
      }
      case 'local':
        return this.#local(cursor);
      case 'func':
      case 'global':
      case 'elem':
      case 'data':
        return this.#index(imm, cursor);
      case 'table':
      case 'memory':
        return this.#optional(imm, cursor);
      case 'table table':
        return this.#pair('table', cursor);
      case 'memory memory':
        return this.#pair('memory', cursor);
      case 'elem table':
        return this.#segment('elem', 'table', cursor);
      case 'data memory':
        return this.#segment('data', 'memory', cursor);
      case 'memarg':
        return this.#memarg(op, cursor);
      case 'heap':
        return [cursor.heapType()];
      case 'types':
        return this.#types(cursor);
      case 'i32':
      case 'i64':
      case 'f32':
      case 'f64':
        return constantBytes(imm, cursor.atom());
      case 'v128':
        return vectorBytes(cursor);
      case 'lane':
        return [laneByte(cursor)];
      case 'lanes':
        return Array.from({ length: 16 }, () => laneByte(cursor));
      case 'memarg lane':
        return [...this.#memarg(op, cursor, 1), laneByte(cursor)];
      case 'block':
        throw wrongText(atom, 'unexpected token');
    }
  }

  #types(cursor: Cursor): number[] {
    const types: number[][] = [];
    for (let list = cursor.takeList('result'); list; list = cursor.takeList('result')) {
      const inner = new Cursor(list);
      while (!inner.isAtEnd) types.push([inner.valType()]);
    }
    return vector(types);
  }

  /** @param after - Numbers that follow, the first of which is no memory. */
  #memarg({ accessBytes }: Opcode, cursor: Cursor, after = 0): number[] {
    const next = cursor.peek(after);
    const hasMemory = cursor.isAtIndex && (after === 0 || isMemargWord(next));
    const memory = hasMemory ? this.#scope.index('memory', cursor) : 0;
    const take = (word: string): bigint | undefined => {
      const node = cursor.peek();
      if (node?.kind !== 'atom' || !node.text.startsWith(`${word}=`)) return undefined;
      cursor.next();
      const value = integerBits(node.text.slice(word.length + 1), 64);
      if (typeof value === 'string') throw wrongText(node, value);
      return value;
    };
    const { place } = cursor;
    const offset = take('offset') ?? 0n;
    const align = take('align') ?? BigInt(accessBytes);
    if (align === 0n || (align & (align - 1n)) !== 0n) {
      throw wrongText(place, 'alignment must be a power of two');
    }
    const power = align.toString(2).length - 1;
    const flags = memory === 0 ? unsigned(power) : [power | 0x40, ...unsigned(memory)];
    return [...flags, ...unsignedBig(offset)];
  }
}

function isMemargWord(node: Node | undefined): boolean {
  return node?.kind === 'atom' && /^(offset=|align=|[$0-9])/.test(node.text);
}

function laneByte(cursor: Cursor): number {
  const node = cursor.place;
  const value = Number(cursor.number(32));
  if (value > 255) throw wrongText(node, 'malformed lane index');
  return value;
}

/** A shape and its lanes. */
export function vectorBytes(cursor: Cursor): number[] {
  const shape = cursor.atom();
  const [, kind, bits, count] = /^([if])(8|16|32|64)x(16|8|4|2)$/.exec(shape.text) ?? [];
  if (Number(bits) * Number(count) !== 128) throw wrongText(shape, 'unexpected token');
  const width = Number(bits);
  return Array.from({ length: Number(count) }, () => {
    const atom = cursor.atom();
    const value =
      kind === 'i' ? integerBits(atom.text, width) : floatBits(atom.text, width as 32 | 64);
    if (typeof value === 'string') throw wrongText(atom, `${value} ${atom.text}`);
    return fixed(value, width / 8);
  }).flat();
}

function append(to: number[], bytes: readonly number[]): void {
  for (const byte of bytes) to.push(byte);
}

function constantBytes(type: 'i32' | 'i64' | 'f32' | 'f64', atom: Atom): number[] {
  const width = type === 'i32' || type === 'f32' ? 32 : 64;
  const isInteger = type.startsWith('i');
  const bits = isInteger ? integerBits(atom.text, width) : floatBits(atom.text, width);
  if (typeof bits === 'string') throw wrongText(atom, `${bits} ${atom.text}`);
  return isInteger ? signed(BigInt.asIntN(width, bits)) : fixed(bits, width / 8);
}
