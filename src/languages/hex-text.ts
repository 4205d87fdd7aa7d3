/** Hexadecimal text of people and tools to bytes; a mistake is told with its line and column. */
import { InputError } from './errors.ts';

/** Value of a hexadecimal digit's character code; -1 for any other character. */
function digitOf(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

const isSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13);

function placeOf(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return `${line}:${offset - before.lastIndexOf('\n')}`;
}

/**
 * Bytes of a text of hexadecimal digits. A leading `0x` is optional, white space may stand between
 * any two digits.
 *
 * @param label - How messages call the text: a file name or the name of an option.
 * @throws InputError `hex-odd-length`, `hex-bad-digit`, `contract-unlinked`
 */
export function parseHexText(text: string, label: string): Uint8Array {
  let at = 0;
  while (at < text.length && isSpace(text.charCodeAt(at))) at++;
  if (text.charCodeAt(at) === 0xfeff) at++;
  if (text[at] === '0' && (text[at + 1] === 'x' || text[at + 1] === 'X')) at += 2;
  const bytes = new Uint8Array((text.length - at) >> 1);
  let digits = 0;
  let last = at;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isSpace(code)) continue;
    const digit = digitOf(code);
    if (digit < 0) throw badDigit(text, at, label);
    bytes[digits >> 1] = (digits & 1) === 0 ? digit << 4 : bytes[digits >> 1]! | digit;
    digits++;
    last = at;
  }
  if ((digits & 1) === 1) {
    throw new InputError(
      'hex-odd-length',
      `${label}:${placeOf(text, last)}: odd number of hexadecimal digits (${digits}): ` +
        `the last byte has one digit, ${JSON.stringify(text[last])}`,
      'the text seems cut off: add the missing digit, or copy the whole code again',
    );
  }
  return bytes.subarray(0, digits >> 1);
}

function badDigit(text: string, at: number, label: string): InputError {
  const place = `${label}:${placeOf(text, at)}`;
  if (text.startsWith('__', at)) {
    const end = text.indexOf('__', at + 2);
    const name = text.slice(at, end < 0 ? at + 40 : end + 2);
    return new InputError(
      'contract-unlinked',
      `${place}: the code is not linked: ${name} stands where the address of a library goes`,
      'link it first (solc --link --libraries NAME=ADDRESS), or put the address there',
    );
  }
  const shown = String.fromCodePoint(text.codePointAt(at)!);
  return new InputError(
    'hex-bad-digit',
    `${place}: ${JSON.stringify(shown)} is not a hexadecimal digit`,
    'code is written with the digits 0-9 and a-f, white space between them is allowed',
  );
}
