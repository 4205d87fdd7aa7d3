/**
 * Reads tokens one after another for the parser. A wrong token throws a `SyntaxProblem`, which the
 * parser catches at the end of the line, so that the rest of the text is still read.
 */
import type { Location } from '../diagnostics.ts';
import { showToken, type Token, type TokenKind } from '../lex.ts';
import { isType, TYPES, type Type } from '../types.ts';
import type { Literal } from './literals.ts';

/** Never leaves the parser. */
export class SyntaxProblem extends Error {
  readonly location: Location;

  constructor(message: string, location: Location) {
    super(message);
    this.location = location;
  }
}

export class Cursor {
  readonly #tokens: readonly Token[];
  #index = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get token(): Token {
    const token = this.#tokens[this.#index];
    if (token === undefined) throw new Error('BUG: read past the end of the text');
    return token;
  }

  /** The token and a step to the next; the last token is never passed. */
  next(): Token {
    const token = this.token;
    if (token.kind !== 'end') this.#index += 1;
    return token;
  }

  at(kind: TokenKind, text?: string): boolean {
    return this.token.kind === kind && (text === undefined || this.token.text === text);
  }

  accept(kind: TokenKind, text?: string): boolean {
    if (!this.at(kind, text)) return false;
    this.next();
    return true;
  }

  /** Fails with what was expected and what stands there. */
  fail(expected: string): never {
    throw new SyntaxProblem(`expected ${expected}, found ${showToken(this.token)}`, this.token);
  }

  expect(kind: TokenKind, expected: string): Token {
    if (this.token.kind !== kind) this.fail(expected);
    return this.next();
  }

  mark(text: string, why: string): void {
    if (!this.accept('mark', text)) this.fail(`\`${text}\` ${why}`);
  }

  keyword(text: string): boolean {
    return this.accept('word', text);
  }

  endOfLine(): void {
    if (!this.accept('newline')) this.fail('the end of the line');
  }

  skipLine(): void {
    while (!this.at('newline') && !this.at('end')) this.next();
    this.accept('newline');
  }

  type(): Type {
    const { token } = this;
    if (token.kind !== 'word' || !isType(token.text)) this.fail(`a type (${TYPES.join(', ')})`);
    this.next();
    return token.text as Type;
  }

  /** An unsigned integer of at most 2^53 - 1. */
  number(what: string): number {
    const { token } = this;
    if (token.kind !== 'integer' || token.text.startsWith('-')) this.fail(what);
    const value = BigInt(token.text);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new SyntaxProblem(`${token.text} is too large for ${what}`, token);
    }
    this.next();
    return Number(value);
  }

  literal(): Literal {
    const { kind, text } = this.next();
    if (kind === 'float') {
      const word = text.replace('-', '');
      if (word === 'nan') return { kind: 'float', value: Number.NaN };
      if (word !== 'inf') return { kind: 'float', value: Number(text) };
      return { kind: 'float', value: text === 'inf' ? Infinity : -Infinity };
    }
    const negative = text.startsWith('-');
    const value = BigInt(negative ? text.slice(1) : text);
    return { kind: 'integer', value: negative ? -value : value, hex: text.startsWith('0x') };
  }
}
