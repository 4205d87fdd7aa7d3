/**
 * Values as people type them: JSON, and what JSON lacks and contracts need.
 *
 * ```
 * value = "string" | 'string' | word | [value, …] | (value, …) | {name: value, …}
 * ```
 * A word is any run of other characters: a number of any size, an address, `true`. Nothing is
 * converted here, so no digit of a large number is lost; the type of the parameter decides.
 */
import { InputError } from './errors.ts';

export type Literal =
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean }
  | { readonly kind: 'list'; readonly items: readonly Literal[] }
  | { readonly kind: 'record'; readonly fields: ReadonlyMap<string, Literal> };

interface Reader {
  readonly text: string;
  at: number;
}

const CLOSING: Readonly<Record<string, string>> = { '[': ']', '(': ')', '{': '}' };
const END_OF_WORD = /[\s,[\](){}"':]/;

/** @throws InputError `argument-type` where the text is not a value. */
export function parseLiteral(text: string): Literal {
  const reader: Reader = { text, at: 0 };
  const value = readValue(reader);
  skipSpace(reader);
  if (reader.at < text.length) throw unexpected(reader, 'the end of the value');
  return value;
}

/** Values between commas, as in the parentheses of a call; empty text gives none. */
export function parseLiterals(text: string): Literal[] {
  const list = parseLiteral(`[${text}]`);
  return list.kind === 'list' ? [...list.items] : [];
}

function skipSpace(reader: Reader): void {
  while (/\s/.test(reader.text[reader.at] ?? '')) reader.at++;
}

function unexpected(reader: Reader, wanted: string): InputError {
  const { text, at } = reader;
  const found = at < text.length ? JSON.stringify(text[at]) : 'the end';
  return new InputError(
    'argument-type',
    `value ${JSON.stringify(text)}: ${wanted} is expected at character ${at + 1}, not ${found}`,
    'lists are written [1, 2], tuples [1, 0xab…] or {"name": 1}',
  );
}

function readValue(reader: Reader): Literal {
  skipSpace(reader);
  const first = reader.text[reader.at];
  if (first === '[' || first === '(') return { kind: 'list', items: readItems(reader, first) };
  if (first === '{') return readRecord(reader);
  if (first === '"' || first === "'") return readString(reader, first);
  const start = reader.at;
  while (reader.at < reader.text.length && !END_OF_WORD.test(reader.text[reader.at]!)) reader.at++;
  if (reader.at === start) throw unexpected(reader, 'a value');
  return { kind: 'text', text: reader.text.slice(start, reader.at), quoted: false };
}

function readItems(reader: Reader, open: string): Literal[] {
  const items: Literal[] = [];
  readSequence(reader, open, () => items.push(readValue(reader)));
  return items;
}

function readRecord(reader: Reader): Literal {
  const fields = new Map<string, Literal>();
  readSequence(reader, '{', () => {
    const key = readValue(reader);
    skipSpace(reader);
    if (key.kind !== 'text' || reader.text[reader.at] !== ':') {
      throw unexpected(reader, '":" after a name');
    }
    reader.at++;
    fields.set(key.text, readValue(reader));
  });
  return { kind: 'record', fields };
}

/** The part between brackets: `readOne` once for each item. */
function readSequence(reader: Reader, open: string, readOne: () => void): void {
  const close = CLOSING[open]!;
  reader.at++;
  skipSpace(reader);
  if (reader.text[reader.at] === close) {
    reader.at++;
    return;
  }
  for (;;) {
    readOne();
    skipSpace(reader);
    const next = reader.text[reader.at];
    if (next !== ',' && next !== close) throw unexpected(reader, `"," or "${close}"`);
    reader.at++;
    if (next === close) return;
  }
}

function readString(reader: Reader, quote: string): Literal {
  const start = reader.at;
  let end = start + 1;
  while (end < reader.text.length && reader.text[end] !== quote) {
    end += reader.text[end] === '\\' ? 2 : 1;
  }
  reader.at = Math.min(end, reader.text.length);
  if (reader.text[end] !== quote) throw unexpected(reader, `a closing ${quote}`);
  reader.at = end + 1;
  const inner = reader.text.slice(start + 1, end);
  return { kind: 'text', text: unescapeText(inner, quote, reader), quoted: true };
}

function unescapeText(inner: string, quote: string, reader: Reader): string {
  if (!inner.includes('\\')) return inner;
  const json = quote === '"' ? inner : inner.replaceAll("\\'", "'").replaceAll('"', '\\"');
  try {
    return JSON.parse(`"${json}"`);
  } catch {
    throw unexpected(reader, 'a string with the escapes of JSON');
  }
}
