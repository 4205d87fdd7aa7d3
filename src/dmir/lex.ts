/**
 * Tokens of the dMIR text. A statement is one line, so line ends are tokens; blanks and comments
 * (`;` to the end of the line) are not. A character that starts no token is reported and skipped.
 */
import type { Location } from './diagnostics.ts';

export type TokenKind =
  | 'word' // keyword, type, mnemonic with its suffix, region, space, trap kind
  | 'name' // @name
  | 'block' // @12
  | 'register' // $12
  | 'integer'
  | 'float'
  | 'mark' // punctuation
  | 'newline'
  | 'end';

export interface Token extends Location {
  readonly kind: TokenKind;
  readonly text: string;
}

/** What a name consists of: letters, digits and underscores, with single dots or hyphens inside. */
export const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*(?:[.-][A-Za-z0-9_]+)*$/;

const SKIP = /(?:[ \t\r]+|;[^\n]*)+/y;

/** In order: the first rule that matches wins. */
const RULES: readonly (readonly [TokenKind, RegExp])[] = [
  ['newline', /\n/y],
  ['block', /@[0-9]+(?![A-Za-z0-9_])/y],
  ['name', /@[A-Za-z_][A-Za-z0-9_]*(?:[.-][A-Za-z0-9_]+)*/y],
  ['register', /\$[0-9]+(?![A-Za-z0-9_])/y],
  ['float', /-?[0-9]+(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)(?![A-Za-z0-9_])/y],
  ['float', /-?(?:inf|nan)(?![A-Za-z0-9_.-])/y],
  ['integer', /-?(?:0x[0-9a-fA-F]+|[0-9]+)(?![A-Za-z0-9_])/y],
  ['mark', /->|[,=(){}:!]/y],
  ['word', /[A-Za-z_][A-Za-z0-9_]*(?:[.-][A-Za-z0-9_]+)*/y],
];

/** The longest run that reads as one thing to a person, for the message. */
const UNKNOWN = /[@$]?[^\s,=(){}:!;]+|./y;

export interface LexError extends Location {
  readonly text: string;
}

/** Splits a text into tokens; the last is always `end`. */
export function lex(text: string): { tokens: Token[]; errors: LexError[] } {
  const tokens: Token[] = [];
  const errors: LexError[] = [];
  let position = 0;
  let line = 1;
  let lineStart = 0;
  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = position;
    return pattern.exec(text)?.[0] ?? null;
  };
  while (true) {
    position += match(SKIP)?.length ?? 0;
    const column = position - lineStart + 1;
    if (position >= text.length) {
      tokens.push({ kind: 'newline', text: '\n', line, column });
      tokens.push({ kind: 'end', text: '', line, column });
      return { tokens, errors };
    }
    const token = nextToken(match);
    if (token === null) {
      const bad = match(UNKNOWN) ?? '';
      errors.push({ text: bad, line, column });
      position += Math.max(bad.length, 1);
      continue;
    }
    tokens.push({ ...token, line, column });
    position += token.text.length;
    if (token.kind === 'newline') {
      line += 1;
      lineStart = position;
    }
  }
}

function nextToken(
  match: (pattern: RegExp) => string | null,
): { kind: TokenKind; text: string } | null {
  for (const [kind, pattern] of RULES) {
    const text = match(pattern);
    if (text !== null) return { kind, text };
  }
  return null;
}

/** How a message shows a token. */
export function showToken(token: Token): string {
  if (token.kind === 'newline') return 'the end of the line';
  if (token.kind === 'end') return 'the end of the text';
  return `\`${token.text}\``;
}
