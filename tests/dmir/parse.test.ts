/**
 * The parser on texts that no one means: it never throws, and always says something.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { formatDiagnostic } from '../../src/dmir/diagnostics.ts';
import { lex } from '../../src/dmir/lex.ts';
import { parseModule } from '../../src/dmir/parse.ts';
import { printModule } from '../../src/dmir/print.ts';
import { verifyModule } from '../../src/dmir/verify.ts';
import { createPrng } from '../support/prng.ts';

const FOLDER = path.join(import.meta.dirname, '../filetests');
const TEXTS = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.dmir'))
  .sort()
  .map((name) => readFileSync(path.join(FOLDER, name), 'utf8'));

test('an empty text is an empty module', () => {
  const { module, errors } = parseModule('');
  assert.deepEqual(errors, []);
  assert.equal(printModule(module), '');
});

test('three errors of different kinds come at once, each with its place', () => {
  const { errors } = parseModule(
    'region mem trap rw 64\nfunc @f() -> i64 {\n@0:\n  $0 = ad.i64 1, 2\n  retrn $0\n  return §\n}\n',
  );
  assert.deepEqual(
    errors.map((each) => formatDiagnostic(each, 'bad.dmir')),
    [
      'bad.dmir:1:22: error: expected the number of bytes at most, found the end of the line',
      'bad.dmir:4:8: error: `ad` is no operation; did you mean `add`?',
      'bad.dmir:5:3: error: `retrn` is no operation; did you mean `return`?',
      'bad.dmir:6:10: error: `§` is not part of the language; remove it',
    ],
  );
});

test('line ends of other systems and tabs are blanks', () => {
  const { module, errors } = parseModule('func @f() {\r\n@0:\r\n\tstop\r\n}\r\n');
  assert.deepEqual(errors, []);
  assert.equal(printModule(module), 'func @f() {\n@0:\n  stop\n}\n');
});

test('tokens remember their place', () => {
  const { tokens } = lex('a $1\n  @2 ; c\n');
  assert.deepEqual(
    tokens.map(({ text, line, column }) => [text, line, column]),
    [
      ['a', 1, 1],
      ['$1', 1, 3],
      ['\n', 1, 5],
      ['@2', 2, 3],
      ['\n', 2, 9],
      ['\n', 3, 1],
      ['', 3, 1],
    ],
  );
});

test('texts with random damage never throw, whatever they say', () => {
  const random = createPrng(7);
  const words = TEXTS.flatMap((text) => text.split(/\s+/)).filter((word) => word !== '');
  for (let round = 0; round < 1500; round++) {
    let text = TEXTS[random.below(TEXTS.length)]!;
    for (let edit = random.below(4); edit >= 0; edit--) {
      const at = random.below(text.length);
      const end = at + random.below(12);
      const insert = random.below(2) === 0 ? '' : words[random.below(words.length)]!;
      text = text.slice(0, at) + insert + text.slice(end);
    }
    const { module, errors, locations } = parseModule(text);
    for (const error of errors) assert.ok(error.line !== null && error.message.length > 0);
    printModule(module);
    if (errors.length === 0 && verifyModule(module, locations).length === 0) {
      const printed = printModule(module);
      assert.equal(printModule(parseModule(printed).module), printed, text);
    }
  }
});
