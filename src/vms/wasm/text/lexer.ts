/**
 * S-expressions of the WebAssembly text format: atoms, strings and lists with their places.
 * Comments and annotations are left out.
 *
 * Source: WebAssembly core specification, section 6.3 "Lexical Format".
 */
import { LockstepError } from '../../../base/errors.ts';

interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Atom extends Place {
  readonly kind: 'atom';
  readonly text: string;
}

export interface Text extends Place {
  readonly kind: 'string';
  readonly bytes: Uint8Array;
}

export interface List extends Place {
  readonly kind: 'list';
  readonly items: readonly Node[];
}

export type Node = Atom | Text | List;

const ATOM = /[!#$%&'*+\-./0-9:<=>?@A-Z\\^_`a-z|~]+/y;
const SPACE = /(?:[ \t\r\n]|;;[^\n\r]*)+/y;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text is not of the format. */
export function wrongText({ line, column }: Place, problem: string): LockstepError {
  return new LockstepError('L1606', { line, column, problem });
}

/** @throws LockstepError L1606 */
export function readNodes(text: string): Node[] {
  return new Lexer(text).nodes();
}

class Lexer {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;
  /** Where the lines were counted to. */
  #counted = 0;

  constructor(text: string) {
    this.#text = text;
  }

  nodes(): Node[] {
    const open: { readonly place: Place; readonly items: Node[] }[] = [];
    let items: Node[] = [];
    for (;;) {
      this.#skip();
      if (this.#at >= this.#text.length) break;
      const place = this.#place();
      const char = this.#text[this.#at];
      if (char === '(') {
        this.#at++;
        open.push({ place, items });
        items = [];
      } else if (char === ')') {
        this.#at++;
        const outer = open.pop();
        if (outer === undefined) throw wrongText(place, 'unexpected token )');
        outer.items.push({ kind: 'list', items, ...outer.place });
        items = outer.items;
      } else {
        items.push(this.#token(place));
      }
    }
    const unclosed = open.pop();
    if (unclosed !== undefined) throw wrongText(unclosed.place, 'unexpected token: no )');
    return items;
  }

  #place(): Place {
    for (; this.#counted < this.#at; this.#counted++) {
      if (this.#text[this.#counted] !== '\n') continue;
      this.#line++;
      this.#lineStart = this.#counted + 1;
    }
    return { line: this.#line, column: this.#at - this.#lineStart + 1 };
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found = ''] = pattern.exec(this.#text) ?? [];
    this.#at += found.length;
    return found;
  }

  #skip(): void {
    while (this.#match(SPACE) !== '' || this.#blockComment() || this.#annotation());
  }

  /** Skips a comment of the form `(; … ;)`, which may hold others. */
  #blockComment(): boolean {
    if (!this.#text.startsWith('(;', this.#at)) return false;
    const place = this.#place();
    let depth = 0;
    do {
      if (this.#text.startsWith('(;', this.#at)) {
        depth++;
        this.#at += 2;
      } else if (this.#text.startsWith(';)', this.#at)) {
        depth--;
        this.#at += 2;
      } else {
        this.#at++;
      }
      if (this.#at > this.#text.length) throw wrongText(place, 'unclosed comment');
    } while (depth > 0);
    return true;
  }

  /** Skips an annotation, `(@id …)`, in which any tokens may stand. */
  #annotation(): boolean {
    if (!this.#text.startsWith('(@', this.#at)) return false;
    const place = this.#place();
    this.#at += 2;
    const isQuoted = this.#text[this.#at] === '"';
    const name = isQuoted ? this.#utf8(this.#string(place), place) : this.#match(ATOM);
    if (name === '') throw wrongText(place, 'empty annotation id');
    for (let depth = 1; depth > 0; ) {
      while (this.#match(SPACE) !== '' || this.#blockComment());
      const char = this.#text[this.#at];
      if (char === undefined) throw wrongText(place, 'unclosed annotation');
      if (char === '"') {
        this.#string(place);
        continue;
      }
      if (char < ' ' || char > '~') throw wrongText(this.#place(), 'illegal character');
      if (char === '(') depth++;
      if (char === ')') depth--;
      this.#at++;
    }
    return true;
  }

  /** Tokens touch nothing but parentheses, spaces and comments. */
  #token(place: Place): Node {
    const node = this.#text[this.#at] === '"' ? this.#stringNode(place) : this.#atom(place);
    const next = this.#text[this.#at];
    if (next !== undefined && !/[\s();]/.test(next)) throw wrongText(place, 'unknown operator');
    return node;
  }

  #stringNode(place: Place): Text {
    return { kind: 'string', bytes: this.#string(place), ...place };
  }

  #atom(place: Place): Atom {
    const text = this.#match(ATOM);
    if (text === '') throw wrongText(place, 'illegal character');
    if (text !== '$') return { kind: 'atom', text, ...place };
    // An identifier may be written as a string.
    const bytes = this.#text[this.#at] === '"' ? this.#string(place) : [];
    if (bytes.length === 0) throw wrongText(place, 'empty identifier');
    const name = this.#utf8(Uint8Array.from(bytes), place);
    return { kind: 'atom', text: `$${name}`, ...place };
  }

  #utf8(bytes: Uint8Array, place: Place): string {
    try {
      return decoder.decode(bytes);
    } catch {
      throw wrongText(place, 'malformed UTF-8 encoding');
    }
  }

  #string(place: Place): Uint8Array {
    const bytes: number[] = [];
    for (this.#at++; ; this.#at++) {
      const char = this.#text.codePointAt(this.#at);
      if (char === undefined || char === 0x0a) throw wrongText(place, 'unclosed string');
      if (char < 0x20 || char === 0x7f) throw wrongText(place, 'illegal character');
      if (char === 0x22) break;
      if (char === 0x5c) this.#escape(place, bytes);
      else {
        bytes.push(...encoder.encode(String.fromCodePoint(char)));
        if (char > 0xffff) this.#at++;
      }
    }
    this.#at++;
    return Uint8Array.from(bytes);
  }

  #escape(place: Place, bytes: number[]): void {
    const rest = this.#text.slice(this.#at, this.#at + 16);
    const [whole, byte, point, simple] =
      /^\\(?:([0-9a-fA-F]{2})|u\{([0-9a-fA-F](?:_?[0-9a-fA-F])*)\}|([tnr"'\\]))/.exec(rest) ?? [];
    if (whole === undefined) throw wrongText(place, 'illegal escape');
    this.#at += whole.length - 1;
    if (byte !== undefined) bytes.push(Number.parseInt(byte, 16));
    else if (simple !== undefined) bytes.push(ESCAPES[simple] ?? simple.charCodeAt(0));
    else {
      const code = Number.parseInt((point as string).replaceAll('_', ''), 16);
      const isScalar = code < 0xd800 || (code >= 0xe000 && code <= 0x10ffff);
      if (!isScalar) throw wrongText(place, 'illegal escape');
      bytes.push(...encoder.encode(String.fromCodePoint(code)));
    }
  }
}

const ESCAPES: Readonly<Record<string, number>> = { t: 0x09, n: 0x0a, r: 0x0d };
