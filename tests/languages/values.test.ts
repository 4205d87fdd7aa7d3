/** Text of people to values of the ABI, and back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToHex } from '../../src/base/bytes.ts';
import {
  decodeLog,
  decodeRevert,
  decodeValues,
  encodeArguments,
  encodeCall,
  findFunction,
  parseSignature,
  selectorOf,
  signatureOf,
} from '../../src/languages/abi.ts';
import { parseInteger } from '../../src/languages/abi-values.ts';
import type { AbiItem } from '../../src/languages/contract.ts';
import { InputError } from '../../src/languages/errors.ts';
import { parseHexText } from '../../src/languages/hex-text.ts';
import { parseLiteral } from '../../src/languages/literal.ts';
import { suggest } from '../../src/languages/suggest.ts';

const word = (value: bigint | number): string =>
  BigInt.asUintN(256, BigInt(value)).toString(16).padStart(64, '0');
const encode = (signature: string, ...given: string[]): string =>
  bytesToHex(encodeArguments(parseSignature(signature).inputs ?? [], given, signature)).slice(2);

test('integers in every notation', () => {
  const cases: readonly [string, bigint | undefined][] = [
    ['1000', 1000n],
    ['1_000', 1000n],
    ['-5', -5n],
    ['+5', 5n],
    ['0x3e8', 1000n],
    ['-0xff', -255n],
    ['1e18', 10n ** 18n],
    ['1.5e3', 1500n],
    ['1.5', undefined],
    ['2gwei', 2n * 10n ** 9n],
    ['0.1ether', 10n ** 17n],
    [
      '115792089237316195423570985008687907853269984665640564039457584007913129639935',
      2n ** 256n - 1n,
    ],
    ['1e999999999', undefined],
    ['0x', undefined],
    ['ten', undefined],
    ['', undefined],
  ];
  for (const [text, value] of cases) assert.equal(parseInteger(text), value, text);
});

test('static values', () => {
  assert.equal(encode('f(uint8,int16,bool)', '255', '-1', 'true'), word(255) + word(-1) + word(1));
  assert.equal(encode('f(bytes3)', '0xabcdef'), 'abcdef'.padEnd(64, '0'));
  assert.equal(
    encode('f(address)', '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045').slice(24, 28),
    'd8da',
  );
  assert.equal(encode('f(uint)', '1e18'), word(10n ** 18n));
});

test('lists and tuples, by place or by name, without loss of digits', () => {
  const large = 2n ** 200n + 1n;
  const expected = word(large) + word(0xab);
  const signature = 'f((uint256 amount, address owner) x)';
  const owner = `0x${'0'.repeat(38)}ab`;
  assert.equal(encode(signature, `[${large}, ${owner}]`), expected);
  assert.equal(encode(signature, `(${large}, ${owner})`), expected);
  assert.equal(encode(signature, `{"owner": "${owner}", "amount": ${large}}`), expected);
  assert.equal(encode('f(uint8[2][])', '[[1,2],[3,4]]'), [32, 2, 1, 2, 3, 4].map(word).join(''));
});

test('literals', () => {
  assert.deepEqual(parseLiteral('"a, \\"b\\""'), { kind: 'text', text: 'a, "b"', quoted: true });
  assert.deepEqual(parseLiteral('[]'), { kind: 'list', items: [] });
  for (const wrong of ['[1', '[1 2]', '{a 1}', '"x', '1]', '[,]']) {
    assert.throws(() => parseLiteral(wrong), { name: 'InputError', code: 'argument-type' }, wrong);
  }
});

test('an argument that does not fit names parameter, type and what was given', () => {
  const cases: readonly [string, string, RegExp][] = [
    [
      'f(uint8 small)',
      '256',
      /parameter 1 \(small\): "256" is not a value of type uint8: .*0 to 255/,
    ],
    ['f(int8)', '-129', /-128 to 127/],
    ['f(bool)', 'yes', /true or false/],
    ['f(bytes4)', '0x01', /it has 1 bytes, not 4/],
    ['f(bytes)', '0x1', /two hexadecimal digits/],
    ['f(address)', 'bob', /40 hexadecimal digits/],
    ['f(uint8[2])', '[1]', /a list of 1 is not a value of type uint8\[2\]: it has 2 items/],
    ['f(uint8[])', '[1,300]', /parameter 1\[1\]: "300"/],
    ['f(uint8[])', '7', /write a list/],
    ['f((uint8 a,bool b) s)', '{"a": 1, "c": true}', /the field b is missing/],
    ['f((uint8 a,(bool c) b) s)', '[1, [maybe]]', /parameter 1 \(s\)\.b\.c: "maybe"/],
    ['f(uint8)', '[1]', /"\[1\]"/],
  ];
  for (const [signature, text, pattern] of cases) {
    assert.throws(() => encode(signature, text), { name: 'InputError', message: pattern });
  }
});

test('signatures', () => {
  for (const text of [
    'transfer(address,uint256)',
    'function transfer(address to, uint256 value) returns (bool)',
    ' transfer(address,uint)(bool) ',
  ]) {
    assert.equal(signatureOf(parseSignature(text)), 'transfer(address,uint256)');
    assert.equal(selectorOf(parseSignature(text)), '0xa9059cbb');
  }
  assert.equal(signatureOf(parseSignature('f((uint a,bytes b)[2] x)')), 'f((uint256,bytes)[2])');
  for (const text of ['f', 'f(', 'f(uint7)', '1f()', 'f(foo)', '']) {
    assert.throws(() => parseSignature(text), { code: 'signature-invalid' }, text);
  }
});

const overloads: readonly AbiItem[] = [
  { type: 'function', name: 'mint', inputs: [{ type: 'uint256', name: 'id' }], outputs: [] },
  { type: 'function', name: 'mint', inputs: [{ type: 'address' }, { type: 'uint256' }] },
  { type: 'function', name: 'mint', inputs: [{ type: 'bytes' }] },
];

test('a bare name chooses by the number of arguments, else asks', () => {
  assert.equal(signatureOf(findFunction(overloads, 'mint', 2, 'C')), 'mint(address,uint256)');
  assert.throws(() => findFunction(overloads, 'mint', 1, 'C'), {
    code: 'function-ambiguous',
    message: /mint\(uint256\), mint\(address,uint256\), mint\(bytes\)/,
  });
  assert.throws(() => findFunction(overloads, 'burn', 1, 'C'), { code: 'function-unknown' });
  const proxy: readonly AbiItem[] = [{ type: 'fallback' }];
  assert.equal(signatureOf(findFunction(proxy, 'f(uint)', 1, 'C')), 'f(uint256)');
});

test('a call and its decoded parts', () => {
  const item = parseSignature('f(uint256 a,string b)');
  const data = encodeCall(item, ['7', 'é']);
  const fields = decodeValues(item.inputs ?? [], data.subarray(4));
  assert.deepEqual(fields, [
    { name: 'a', type: 'uint256', text: '7', json: '7' },
    { name: 'b', type: 'string', text: '"é"', json: 'é' },
  ]);
  assert.equal(decodeValues([{ type: 'uint256' }], new Uint8Array(0)), undefined);
});

test('reverts', () => {
  const text = (hex: string, abi?: readonly AbiItem[]): string =>
    decodeRevert(abi, parseHexText(hex, 'data')).text;
  assert.equal(text('0x'), 'no reason was given');
  assert.match(text('0x0102'), /too short/);
  assert.match(text(`0x4e487b71${word(0x12)}`), /Panic\(0x12\): division or modulo by zero/);
  assert.match(text(`0x4e487b71${word(0x99)}`), /does not define/);
  assert.match(text('0x12345678'), /unknown error 0x12345678/);
  // The selector of a known error with data that does not decode.
  assert.match(text('0x08c379a0ff'), /unknown error 0x08c379a0/);
  assert.equal(
    text(`0x118cdaa7${word(5)}`),
    `OwnableUnauthorizedAccount(account: 0x${'0'.repeat(39)}5)`,
  );
});

test('events: indexed, hashed and plain values; ERC-20 and ERC-721 told apart', () => {
  const transfer = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';
  const topics = [transfer, `0x${word(1)}`, `0x${word(2)}`];
  const fungible = decodeLog(undefined, { topics, data: parseHexText(word(9), 'data') });
  assert.equal(fungible?.fields[2]?.name, 'value');
  const token = { topics: [...topics, `0x${word(9)}`], data: new Uint8Array(0) };
  assert.equal(decodeLog(undefined, token)?.fields[2]?.name, 'tokenId');
  const named: AbiItem = {
    type: 'event',
    name: 'Named',
    inputs: [
      { type: 'uint256', name: 'count' },
      { type: 'string', name: 'name', indexed: true },
    ],
  };
  const topic = '0x8adef7b9c4f7b9b1bd0f4c87e1d07b4ba8a4f7bfa0d3f8ed8f7f5c2b3b1a9d00';
  assert.equal(decodeLog([named], { topics: [topic], data: new Uint8Array(0) }), undefined);
});

test('hexadecimal text', () => {
  assert.deepEqual([...parseHexText(' 0xAB\n c d\t', 'x')], [0xab, 0xcd]);
  assert.deepEqual([...parseHexText('', 'x')], []);
  assert.throws(() => parseHexText('0x1', 'x'), { message: /^x:1:3: odd number .* \(1\)/ });
  assert.throws(() => parseHexText('12\n3z', 'x'), { message: /^x:2:2: "z"/ });
});

test('suggestions', () => {
  assert.equal(suggest('trasnfer', ['transfer', 'approve']), 'transfer');
  assert.equal(suggest('xyz', ['transfer', 'approve']), undefined);
  assert.ok(new InputError('usage', 'x').fault === 'usage');
});
