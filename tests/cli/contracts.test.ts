/** Contracts on WebAssembly through the command: run, compile, disasm, dump, and their mistakes. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createMachine } from '../../src/index.ts';
import { assembleModule } from '../../src/vms/wasm/index.ts';
import { missingCompiler } from '../support/compilers.ts';
import { printingModule } from './support/printing.ts';
import { folderOf, lockstep } from './support/run.ts';

const TOKEN = 'examples/erc20/token.ts';
const BOB = '0x00000000000000000000000000000000000000b0';

test('run deploys a token in AssemblyScript, calls it, and names what it wrote', async () => {
  const words = ['run', TOKEN, '--call', 'transfer(address,uint256)', BOB, '1000', '--json'];
  const { code, out } = await lockstep(words, { machine: createMachine() });
  assert.equal(code, 0);
  const { format, deploy, call } = JSON.parse(out);
  assert.equal(format, 'assemblyscript');
  assert.equal(deploy.events[0].name, 'Transfer');
  assert.deepEqual(call.result, [{ name: '', type: 'bool', value: true }]);
  assert.equal(call.events[0].name, 'Transfer');
  const variables = call.writes.map(({ variable }: { variable: string }) => variable);
  assert.match(variables.join(' '), /balanceOf\[0x0+A11cE\].* balanceOf\[0x0+B0\]/);
});

test('compile writes an artifact that run takes', async (context) => {
  const folder = folderOf(context, {});
  const { code, out } = await lockstep(['compile', TOKEN, '--out', folder]);
  assert.equal(code, 0);
  assert.match(out, /runtime code +[\d,]+ bytes +of at most 1,048,576/);
  assert.match(out, /0xa9059cbb +transfer\(address to, uint256 value\) returns \(bool\)/);
  const words = ['run', join(folder, 'Token.json'), '--call', 'symbol', '--json'];
  const ran = await lockstep(words, { machine: createMachine() });
  assert.equal(ran.code, 0, ran.err);
  assert.equal(JSON.parse(ran.out).call.result[0].value, 'LOCK');
});

test('run shows what a module prints, once, in the call that is told of', async (context) => {
  const folder = folderOf(context, {});
  const file = join(folder, 'print.wasm');
  writeFileSync(file, printingModule('hello\nworld'));
  const run = async (...words: string[]): Promise<string> =>
    (await lockstep(['run', file, '--data', '0x', ...words], { machine: createMachine() })).out;
  assert.match(await run(), /\nprinted\n {2}hello\n {2}world\n/);
  const { call } = JSON.parse(await run('--json'));
  assert.deepEqual(call.printed, ['hello', 'world']);
});

test('disasm prints the module, and dump says what it cannot show', async () => {
  const disasm = await lockstep(['disasm', TOKEN]);
  assert.match(disasm.out, /^\(module\n[\s\S]*"emitLogEvent"/);
  const dump = await lockstep(['dump', TOKEN, '--stage=evm']);
  assert.equal(dump.code, 2);
  assert.match(dump.err, /is a WebAssembly module[\s\S]*--stage=source, bytecode, dmir, wasm/);
  const source = await lockstep(['dump', TOKEN, '--stage=source']);
  assert.match(source.out, /export class Token extends Contract/);
});

test('dump shows what a module is lowered to and compiled to, and takes its text', async (context) => {
  const folder = folderOf(context, {
    'sum.wat': `(module (import "env" "ask" (func $ask (param i32) (result i32)))
      (global $last (import "env" "last") (mut i64)) (memory 1) (table 1 funcref)
      (func (export "sum") (param i32 i32) (result i32)
        (i32.add (call $ask (local.get 0)) (local.get 1)))
      (func (export "lanes") (param i32) (result i32)
        (i8x16.extract_lane_s 3 (i8x16.splat (local.get 0)))))`,
  });
  const file = join(folder, 'sum.wat');
  const dmir = await lockstep(['dump', file, '--stage=dmir']);
  assert.match(dmir.out, /^;; \d+ bytes of the module, 3 functions, /);
  assert.match(dmir.out, /host @f1\(i32\) -> i32[\s\S]*func @sum\(i32, i32\) -> i32 \{\n@0/);
  const { sizes, text } = JSON.parse(
    (await lockstep(['dump', file, '--stage=wasm', '--json'])).out,
  );
  assert.equal(sizes.compiled, 3);
  assert.match(text, /;; \d+ bytes: @sum\n {2}\(func \$sum\./);
  assembleModule(text);
  const call = await lockstep(['dump', file, '--stage=wasm', '--call', 'sum']);
  assert.match(call.err, /--call is for EVM code/);
  assert.match((await lockstep(['disasm', file])).out, /i8x16\.splat/);
});

test('a mistake in AssemblyScript has its place', async (context) => {
  const head = "import { Contract, u256, Value } from 'lockstep/contract';\n";
  const indexed = ['a', 'b', 'c', 'd'].map((name) => `${name}: Indexed<bool>`).join(', ');
  const folder = folderOf(context, {
    'type.ts': `${head}export class A extends Contract {\n  f(a: f64): void {}\n}\n`,
    'body.ts': `${head}export class A extends Contract {\n  f(a: u256): bool { return a; }\n}\n`,
    'topics.ts': `${head}declare function E(${indexed}): Event;\nexport class A extends Contract {}\n`,
    'field.ts': `${head}export class A extends Contract {\n  a!: string;\n}\n`,
    'constructor.ts': `${head}export class A extends Contract {\n  constructor() {}\n}\n`,
    'none.ts': 'export class A {}\n',
  });
  const type = await lockstep(['compile', join(folder, 'type.ts')]);
  assert.equal(type.code, 1);
  assert.match(type.err, /type\.ts:3:8: error: f64 is no type of the ABI/);
  const body = await lockstep(['compile', join(folder, 'body.ts')]);
  assert.equal(body.code, 1);
  assert.match(body.err, /not assignable to type 'bool'[\s\S]*in body\.ts\(3,29\)/);
  const topics = await lockstep(['compile', join(folder, 'topics.ts')]);
  assert.match(topics.err, /topics\.ts:2:18: error: E has too many indexed parameters/);
  const field = await lockstep(['compile', join(folder, 'field.ts')]);
  assert.match(field.err, /field\.ts:3:3: error: a has no type of a state variable/);
  const creation = await lockstep(['compile', join(folder, 'constructor.ts')]);
  assert.match(creation.err, /constructor\.ts:3:3: error: A has a constructor[\s\S]*deploy/);
  const none = await lockstep(['compile', join(folder, 'none.ts')]);
  assert.match(none.err, /declares no contract[\s\S]*extends Contract/);
});

test('what no type of AssemblyScript can be has its place', async (context) => {
  const head = "import { Contract, Event, Results, Struct, u256 } from 'lockstep/contract';\n";
  const two = 'class Two extends Results { a!: u256; b!: u256; }\n';
  const contract = (body: string): string => `export class A extends Contract { ${body} }\n`;
  const mistakes: readonly (readonly [text: string, said: RegExp])[] = [
    [contract('f(a: StaticArray<u8>): void {}'), /2:40: error: StaticArray<u8> is no type of/],
    [two + contract('f(a: Two): void {}'), /3:40: error: Two is no type[\s\S]*extends Struct/],
    [`class S extends Struct { s!: S; }\n${contract('f(a: S): void {}')}`, /S has itself as a/],
    [`class S extends Struct {}\n${contract('f(a: S): void {}')}`, /2:7: error: S has no fields/],
    [`declare function E(a: Indexed<Array<u8>>): Event;\n${contract('')}`, /a cannot be indexed/],
    [contract("f(): void { throw 'text'; }"), /2:47: error: what is thrown is no error of the/],
    [contract('a!: Mapping<Array<u8>, u8>;'), /2:47: error: Array<u8> is no type of a key/],
  ];
  for (const [text, said] of mistakes) {
    const folder = folderOf(context, { 'a.ts': head + text });
    const { code, err } = await lockstep(['compile', join(folder, 'a.ts')]);
    assert.equal(code, 1, text);
    assert.match(err, said);
  }
});

test('a contract that the file does not have is named, as in Solidity', async () => {
  for (const words of [[TOKEN, '--contract', 'Tokn'], [`${TOKEN}:Tokn`]]) {
    const { code, err } = await lockstep(['compile', ...words]);
    assert.equal(code, 2);
    assert.match(err, /has no contract Tokn; did you mean Token\?/);
  }
  assert.equal((await lockstep(['compile', `${TOKEN}:Token`])).code, 0);
});

test('the contract of the page on languages runs', async (context) => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/languages.md'), 'utf8');
  const text = /^```typescript\n(.*?)^```$/ms.exec(page)?.[1] ?? '';
  const file = join(folderOf(context, { 'till.ts': text }), 'till.ts');
  const words = ['run', file, '--call', 'pay', '3', '--json'];
  const { out } = await lockstep(words, { machine: createMachine() });
  assert.equal(JSON.parse(out).call.events[0].name, 'Paid');
});

test('a module that is no contract is refused before it is written', async (context) => {
  const folder = folderOf(context, { 'a.wasm': '\0asm\x01\0\0\0' });
  const { code, err } = await lockstep(['compile', join(folder, 'a.wasm'), '--out', folder]);
  assert.equal(code, 2);
  assert.match(err, /is no contract: it exports no function[\s\S]*docs\/wasm-contracts\.md/);
  assert.ok(!existsSync(join(folder, 'a.json')));
});

test('a contract in several files has the events and errors of all', async (context) => {
  const folder = folderOf(context, {
    'events.ts': [
      "import type { CustomError, Event, Indexed, u256 } from 'lockstep/contract';",
      'export declare function Pinged(by: Indexed<u256>): Event;',
      'export declare function Refused(why: string): CustomError;',
    ].join('\n'),
    'a.ts': [
      "import { Contract, u256 } from 'lockstep/contract';",
      "import { Pinged, Refused } from './events';",
      'export class A extends Contract {',
      "  ping(by: u256): void { if (by.isZero) Refused('none').revert(); Pinged(by).emit(); }",
      '}',
    ].join('\n'),
  });
  const run = async (by: string) => {
    const words = ['run', join(folder, 'a.ts'), '--call', 'ping', by, '--json'];
    const { out, err } = await lockstep(words, { machine: createMachine() });
    return JSON.parse(out || err).call;
  };
  assert.equal((await run('7')).events[0].name, 'Pinged');
  assert.equal((await run('0')).error.text, 'Refused(why: "none")');
});

test('a declared function that is not defined is named', {
  skip: missingCompiler('c++'),
}, async (context) => {
  const text =
    '#include <lockstep.hpp>\nLOCKSTEP(contract A { function f(uint8 a); })\nvoid f(int) {}\n';
  const folder = folderOf(context, { 'a.cpp': text });
  const { code, err } = await lockstep(['compile', join(folder, 'a.cpp')]);
  assert.equal(code, 1);
  assert.match(err, /undefined symbol: f\(unsigned char\)[\s\S]*define every function/);
});

test('the time of a compilation stays out of C', {
  skip: missingCompiler('c'),
}, async (context) => {
  const text = [
    '#include <lockstep.h>',
    'LOCKSTEP(contract A { function f() returns (string); })',
    'string f(void) { string s = {__TIME__, 8}; return s; }',
  ];
  const folder = folderOf(context, { '-a.c': text.join('\n') });
  const { code, err } = await lockstep(['compile', join(folder, '-a.c')]);
  assert.equal(code, 1);
  assert.match(err, /-a\.c:3:30: error: .*date-time/);
});

test('Go is known and not compiled', async (context) => {
  const folder = folderOf(context, { 'a.go': 'package main\n' });
  const { code, err } = await lockstep(['compile', join(folder, 'a.go')]);
  assert.equal(code, 2);
  assert.match(err, /is Go, which Lockstep does not compile/);
});
