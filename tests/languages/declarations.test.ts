/** Declarations in the words of Solidity: what is read of them, and what is said of mistakes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signatureOf } from '../../src/languages/abi.ts';
import { writeHeader } from '../../src/languages/c/glue.ts';
import { readDeclarations } from '../../src/languages/declarations.ts';
import { InputError } from '../../src/languages/errors.ts';
import { layoutOf } from '../../src/languages/model.ts';
import { writeItems } from '../../src/languages/rust/glue.ts';

const read = (text: string) => readDeclarations({ file: 'a.c', text }, /\bLOCKSTEP\s*\(/);

test('functions, events, errors, variables and interfaces are told apart', () => {
  const model = read(`
    #include <lockstep.h>
    LOCKSTEP(contract Bank { // LOCKSTEP(contract No {})
      mapping(address owner => mapping(uint256 id => bool held)) holdings;
      uint256 /* all of it */ total;
      constructor(address owner) payable;
      receive() external payable;
      function of(address owner, uint id) external view returns (bool);
      event Moved(address indexed owner, string text);
      error Missing(uint256 id);
    }
    interface Other { function ping() returns (uint8); })`);
  assert.equal(model.name, 'Bank');
  assert.deepEqual(
    model.abi.map((item) => `${item.type} ${signatureOf(item)}`),
    [
      'constructor constructor(address)',
      'receive receive()',
      'function of(address,uint256)',
      'event Moved(address,string)',
      'error Missing(uint256)',
    ],
  );
  assert.deepEqual(model.variables, [
    { name: 'holdings', keys: ['address', 'uint256'], value: 'bool' },
    { name: 'total', keys: [], value: 'uint256' },
  ]);
  assert.deepEqual(
    layoutOf(model).storage.map(({ label, slot, type }) => [label, slot, type]),
    [
      ['holdings', '0', 't_mapping(t_address,t_mapping(t_uint256,t_bool))'],
      ['total', '1', 't_uint256'],
    ],
  );
  assert.deepEqual(
    model.remotes.map(({ name, functions }) => [name, functions.length]),
    [['Other', 1]],
  );
  const header = writeHeader(model, 'c');
  assert.match(header, /Other_ping\(IN\(address\) __at\)/);
  assert.match(header, /holdings_get\(IN\(address\) key0, IN\(u256\) key1\)/);
});

test('names that Rust keeps for itself are marked, or changed where they cannot be', () => {
  const items = writeItems(read('LOCKSTEP(contract A { event E(bool self, bool type); })'));
  assert.match(items, /pub self_: bool, pub r#type: bool/);
});

/** Text between the braces, where the mistake is, and what is said. */
const MISTAKES: readonly (readonly [body: string, place: string, said: RegExp])[] = [
  ['function f(uint255 a);', '1:26', /function f\(uint255 a\) is no declaration/],
  ['function f(uint128 a);', '1:26', /no type uint128 here/],
  ['function f(uint256[] a);', '1:26', /no type uint256\[\] here/],
  ['function f() returns (bool, bool);', '1:26', /f has several results/],
  ['uint256 a;\n string b;', '2:2', /string b is no declaration of a state variable/],
  ['mapping(address => string) b;', '1:26', /is no declaration of a state variable/],
  ['mapping(foo => bool) b;', '1:26', /no type foo here/],
  ['nothing', '1:26', /nothing is no declaration/],
  ['function f(uint a);\n function f(uint256 b);', '2:2', /f\(uint256\) is declared twice/],
  [
    'event E(bool indexed a, bool indexed b, bool indexed c, bool indexed d);',
    '1:26',
    /E has too many indexed parameters/,
  ],
  ['} contract Shop {', '1:28', /Shop is a second contract, after Bank/],
  ['event E(fixed a);', '1:26', /event E\(fixed a\) is no declaration/],
];

for (const [body, place, said] of MISTAKES) {
  test(`a mistake has its place: ${body.replace('\n', ' ')}`, () => {
    assert.throws(
      () => read(`LOCKSTEP(contract Bank { ${body} })`),
      (error: InputError) => {
        assert.ok(error instanceof InputError);
        assert.equal(error.code, 'compiler-failed');
        assert.ok(error.message.startsWith(`a.c:${place}: error: `), error.message);
        assert.match(error.message, said);
        assert.notEqual(error.remedy, '');
        return true;
      },
    );
  });
}

test('declarations that do not end have their place', () => {
  assert.throws(
    () => read('int a;\nLOCKSTEP(contract Bank { function f(); }'),
    (error: InputError) =>
      error.message === 'a.c:2:9: error: the declarations do not end' &&
      /with \)/.test(error.remedy),
  );
});

test('a source without a contract says how one is declared', () => {
  for (const text of [
    '',
    'int main;',
    'LOCKSTEP(interface A { })',
    '// LOCKSTEP(contract A { })',
  ]) {
    assert.throws(
      () => read(text),
      (error: InputError) => error.code === 'contract-none' && /LOCKSTEP/.test(error.remedy),
    );
  }
});
