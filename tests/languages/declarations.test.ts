/** Declarations in the words of Solidity: what is read of them, and what is said of mistakes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeFunction, signatureOf } from '../../src/languages/abi.ts';
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

test('public values have functions, and structures are known by their names', () => {
  const model = read(`LOCKSTEP(
    struct Outer { Inner[2] parts; }
    contract Shop {
      struct Inner { uint8 id; string text; } // struct No { bool a; }
      string public constant motto = "a; b) // {";
      uint16 constant most = 1e3;
      bool open = true;
      mapping(address owner => mapping(bytes => uint8 amount)) public stock;
      function find(Outer[] all, uint8 id) returns (Inner found, bool);
    })`);
  assert.deepEqual(
    model.abi.map((item) => `${describeFunction(item)} ${item.stateMutability}`),
    [
      'motto() returns (string) view',
      'stock(address owner, bytes) returns (uint8 amount) view',
      'find(((uint8,string)[2])[] all, uint8 id) returns ((uint8,string) found, bool) nonpayable',
    ],
  );
  assert.equal(model.abi[2]?.inputs?.[0]?.internalType, 'struct Outer[]');
  assert.deepEqual(
    model.constants.map(({ name, value }) => [name, value]),
    [
      ['motto', 'a; b) // {'],
      ['most', 1000n],
    ],
  );
  assert.deepEqual(
    model.variables.map(({ name, initial, getter }) => [name, initial, getter?.name]),
    [
      ['open', true, undefined],
      ['stock', undefined, 'stock'],
    ],
  );
});

test('names that Rust keeps for itself are marked, or changed where they cannot be', () => {
  const items = writeItems(read('LOCKSTEP(contract A { event E(bool self, bool type); })'));
  assert.match(items, /pub self_: bool, pub r#type: bool/);
});

/** Text between the braces, where the mistake is, and what is said. */
const MISTAKES: readonly (readonly [body: string, place: string, said: RegExp])[] = [
  ['function f(uint255 a);', '1:26', /function f\(uint255 a\) is no declaration/],
  ['function f(uint128 a);', '1:26', /no type uint128 here/],
  ['function f(uint128[] a);', '1:26', /no type uint128 here/],
  ['function f(bool[0] a);', '1:26', /bool\[0\] holds nothing/],
  ['event E(bool[] indexed a);', '1:26', /bool\[\] a cannot be indexed/],
  ['struct P { bool a; } event E(P indexed a);', '1:47', /P a cannot be indexed/],
  ['struct P { P[] a; }', '1:26', /the structure P has itself as a field/],
  ['struct P { A a; } struct A { P a; }', '1:26', /the structure P has itself as a field/],
  ['struct P { mapping(bool => bool) a; }', '1:26', /is no field of P/],
  ['struct P { }', '1:26', /P has no fields/],
  ['uint256[] a;', '1:26', /is no declaration of a state variable/],
  ['string constant a;', '1:26', /is no declaration of a state variable/],
  ['uint256 immutable a;', '1:26', /is no declaration of a state variable/],
  ['mapping(bool => bool) a = true;', '1:26', /is no declaration of a state variable/],
  ['uint8 constant a = 256;', '1:26', /256 is no uint8/],
  ['string constant a = b;', '1:26', /b is no string/],
  ['uint8 a = "b";', '1:26', /"b" is no uint8/],
  ['bool public a;\n function a() returns (bool);', '2:2', /a\(\) is declared twice/],
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
