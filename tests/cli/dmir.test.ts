/** dMIR files on the command line: they run, compile to bytes that run too, and can be shown. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeModule, encodeModule, isContainer } from '../../src/dmir/bytecode/container.ts';
import { printBytecode } from '../../src/dmir/bytecode/disassemble.ts';
import { parseModule } from '../../src/dmir/parse.ts';
import { printModule } from '../../src/dmir/print.ts';
import { verifyModule } from '../../src/dmir/verify.ts';
import { folderOf, lockstep, type Ran } from './support/run.ts';

const FIB = 'examples/dmir/fib.dmir';
const COUNTER = 'examples/dmir/counter.dmir';
const TOKEN = 'examples/erc20/Token.sol';

const FILES: Readonly<Record<string, string>> = {
  'spin.dmir': 'func @main() {\n@0:\n  br @1()\n@1:\n  br @1()\n}\n',
  'ends.dmir': [
    'region mem trap rw 64 64',
    'space slot',
    'host @ask(i256) -> i256',
    'open func @log {\n@0:\n  store_be.i256 mem, 0, 258\n  log.i64 mem, 30, 2, 7, 8\n  stop\n}',
    'open func @revert {\n@0:\n  store_be.i256 mem, 0, 258\n  revert.i64 mem, 30, 2\n}',
    'open func @store {\n@0:\n  cell_store slot, 5, 6\n  stop\n}',
    'open func @ask {\n@0:\n  suspend @ask(9) -> @1()\n@1($0: i256):\n  stop\n}',
    'func @divide(i64, i64) -> i64 {\n@0:\n  $2 = udiv $0, $1\n  return $2\n}',
    'func @half(f64) -> f64, f32 {\n@0:\n  $1 = fmul $0, 0.5\n  return $1, 1.5\n}',
    '',
  ].join('\n'),
  'regions.dmir': [
    'region a trap rw 0 4294967295',
    'region b trap rw 0 4294967295',
    'func @main() {\n@0:\n  return\n}\n',
  ].join('\n'),
};

function parseReport({ code, out }: Ran): Record<string, unknown> {
  const report = JSON.parse(out);
  assert.equal(code, report.ok ? 0 : 1);
  return report;
}

test('run shows results, gas and steps', async () => {
  const { code, out, err } = await lockstep(['run', FIB, '--call', '@fib', '20']);
  assert.equal(err, '');
  assert.equal(code, 0);
  assert.match(out, /^@fib\(20\) {2}success$/m);
  assert.match(out, /result +6765 {2}i64/);
  assert.match(out, /gas +105\n/);
  assert.match(out, /steps +125\n/);
  assert.match(out, /time +[\d.]+ ms {2}interpreter/);
  const main = await lockstep(['run', FIB]);
  assert.match(main.out, /result +2880067194370816120 {2}i64/);
});

test('run --json prints one object', async () => {
  const report = parseReport(await lockstep(['run', FIB, '--call', 'fib', '0x14', '--json']));
  assert.equal(report.status, 'success');
  assert.deepEqual(report.arguments, ['20']);
  assert.deepEqual(report.result, [{ type: 'i64', value: '6765' }]);
  assert.equal(report.gas, 105);
  assert.equal(report.steps, 125);
});

test('a trap has its kind and ends with exit code 1', async () => {
  const words = ['run', FIB, '--call', '@fib', '20', '--gas', '50'];
  const { code, out } = await lockstep(words);
  assert.equal(code, 1);
  assert.match(out, /trap: out-of-gas: .*--gas/);
  assert.match(out, /gas +50\n/);
  const report = parseReport(await lockstep([...words, '--json']));
  assert.equal(report.status, 'trap');
  assert.equal(report.reason, 'out-of-gas');
  assert.deepEqual(report.result, []);
});

test('every way to end is told', async (context) => {
  const file = join(folderOf(context, FILES), 'ends.dmir');
  const call = (...words: string[]): Promise<Ran> => lockstep(['run', file, '--call', ...words]);
  assert.match((await call('@log')).out, /success\n +log +0x7 {2}0x8 {2}0x0102\n/);
  assert.match((await call('@revert')).out, /revert\n +output +0x0102\n/);
  assert.match((await call('@store')).out, /success\n +cell +slot 0x5 {2}6\n/);
  assert.match((await call('@ask')).out, /suspended: it asks for @ask\(9\)/);
  assert.match((await call('@divide', '1', '0')).out, /trap: division-by-zero/);
  assert.match((await call('@divide', '-1', '2')).out, /result +9223372036854775807 {2}i64/);
  assert.match((await call('@half', '5')).out, /result +2.5 {2}f64, 1.5 {2}f32/);
  const report = parseReport(await call('@ask', '--json'));
  assert.deepEqual(report.suspended, { host: 'ask', arguments: ['9'] });
  const logs = parseReport(await call('@log', '--json')).logs;
  assert.deepEqual(logs, [{ topics: ['0x7', '0x8'], data: '0x0102' }]);
});

test('every engine runs a dMIR file, and compiled code counts no steps', async () => {
  for (const engine of ['interpreter', 'singlepass', 'multipass', 'auto', 'chaos']) {
    const ran = await lockstep(['run', FIB, '--call', '@fib', '20', '--engine', engine, '--json']);
    const { result, steps, time } = JSON.parse(ran.out);
    assert.equal(result[0].value, '6765', engine);
    assert.equal(typeof steps, engine === 'interpreter' ? 'number' : 'undefined', engine);
    assert.equal(time[0].engine, engine);
  }
  const both = ['run', FIB, '--call', '@fib', '2', '--engine', 'auto', '--steps', '9'];
  const { code, err } = await lockstep(both);
  assert.equal(code, 2);
  assert.match(err, /compiled code counts no steps/);
});

test('a run that would never end is stopped', async (context) => {
  const file = join(folderOf(context, FILES), 'spin.dmir');
  const { code, out } = await lockstep(['run', file, '--steps', '1e6']);
  assert.equal(code, 1);
  assert.match(out, /stopped after 1,000,000 steps; --steps N/);
  const report = parseReport(await lockstep(['run', file, '--steps', '1000', '--json']));
  assert.equal(report.status, 'paused');
  assert.equal(report.steps, 1000);
});

test('compile writes bytes that run as the text does', async (context) => {
  const folder = folderOf(context, {});
  const { code, out } = await lockstep(['compile', FIB, '--out', folder]);
  assert.equal(code, 0);
  assert.match(out, /valid dMIR\n +functions +@main, @fib, @recursive\n +bytecode +\d+ bytes/);
  const file = join(folder, 'fib.dmirb');
  assert.ok(isContainer(readFileSync(file)));
  const [text, bytes] = await Promise.all(
    [FIB, file].map((name) => lockstep(['run', name, '--call', '@fib', '30', '--json'])),
  );
  const { file: _, time: __, ...wanted } = parseReport(text as Ran);
  const { file: ___, time: ____, ...found } = parseReport(bytes as Ran);
  assert.deepEqual(found, wanted);
  // The content tells the format, whatever the file is called.
  const renamed = join(folder, 'contract.hex');
  writeFileSync(renamed, readFileSync(file));
  assert.match((await lockstep(['run', renamed])).out, /2880067194370816120/);
});

test('damaged bytes are refused with their place', async (context) => {
  const folder = folderOf(context, {});
  const { module } = parseModule(readFileSync(COUNTER, 'utf8'));
  const bytes = encodeModule(module);
  const file = join(folder, 'damaged');
  const check = async (content: Uint8Array): Promise<void> => {
    writeFileSync(file, content);
    for (const words of [
      ['run', file],
      ['compile', file],
      ['dump', file, '--stage=dmir'],
      ['dump', file, '--stage=lowered'],
    ]) {
      const ran = await lockstep(words);
      assert.doesNotMatch(ran.err, /internal error/);
      if (ran.code === 0 || ran.err === '') continue;
      assert.equal(ran.code, 1);
      assert.match(ran.err, /damaged: dMIR bytecode, byte \d+: |is not valid dMIR: \d+ error/);
    }
  };
  for (let length = 4; length < bytes.length; length += 7) {
    const cut = bytes.slice(0, length);
    await check(cut);
    assert.match((await lockstep(['run', file])).err, /damaged: dMIR bytecode, byte \d+: /);
  }
  for (let place = 4; place < bytes.length; place += 5) {
    const changed = Uint8Array.from(bytes);
    changed[place] = (changed[place] as number) ^ 0x15;
    await check(changed);
  }
  writeFileSync(file, Uint8Array.from([...bytes.slice(0, 4), 9, ...bytes.slice(5)]));
  assert.match((await lockstep(['run', file])).err, /byte 4: version 9 is unknown/);
});

const MISUSES: readonly (readonly [words: string, ...patterns: RegExp[]])[] = [
  [`${FIB} --call @fob 1`, /has no function @fob; did you mean fib\?/],
  [`${FIB} --call @fib`, /@fib\(i64\) takes 1 arguments, not 0/],
  [`${FIB} --call @fib 0x1${'0'.repeat(16)}`, /does not fit the type i64/],
  [`${FIB} --call @fib x`, /"x" is not an integer/],
  [`${FIB} --data 0x00`, /--data is for EVM code/],
  [`${FIB} --trace`, /--trace is for EVM code/],
  [`${FIB} --gas 9223372036854775808`, /below 2\^63/],
  [`${FIB} --steps 0`, /--steps 0: write a positive number/],
  ['0x00 --steps 5', /--steps is for dMIR/],
];

for (const [words, ...patterns] of MISUSES) {
  test(`lockstep run ${words}`, async () => {
    const { code, err } = await lockstep(['run', ...words.split(' ')]);
    assert.equal(code, 2);
    for (const pattern of patterns) assert.match(err, pattern);
  });
}

test('regions that no machine has memory for are refused', async (context) => {
  const file = join(folderOf(context, FILES), 'regions.dmir');
  const { code, err } = await lockstep(['run', file]);
  assert.equal(code, 1);
  assert.match(err, /cannot run: The regions take \d+ bytes at most/);
});

test('dump shows each stage of a dMIR file', async () => {
  const { module } = parseModule(readFileSync(FIB, 'utf8'));
  const dump = async (stage: string): Promise<string> =>
    (await lockstep(['dump', FIB, `--stage=${stage}`])).out;
  assert.equal(await dump('dmir'), printModule(module));
  assert.equal(await dump('lowered'), printBytecode(module));
  const bytes = Buffer.from((await dump('bytecode')).trim().slice(2), 'hex');
  assert.equal(printModule(decodeModule(bytes)), printModule(module));
  assert.match((await lockstep(['dump', FIB, '--stage=evm'])).err, /is dMIR and has no stage evm/);
});

test('dump shows EVM code as dMIR that parses and verifies', async () => {
  const { code, out } = await lockstep(['dump', TOKEN, '--stage=dmir']);
  assert.equal(code, 0);
  const { module, errors } = parseModule(out);
  assert.deepEqual(errors, []);
  assert.deepEqual(verifyModule(module), []);
  assert.doesNotMatch(out, /cut off/);
});

test('dump shows EVM code as the register bytecode of its blocks', async () => {
  const { code, out } = await lockstep(['dump', '0x600160020156005b3556', '--stage=lowered']);
  assert.equal(code, 0);
  assert.equal(
    out,
    [
      ';; 10 bytes of EVM code, 3 blocks, 6 dMIR operations, 4 words of bytecode',
      ';; @16777217 traps: the destination of the jump is none',
      '@0: gas 17, steps 2, grow 64',
      '  JUMP sp+0, @16777217',
      '',
      '@7: gas 12, steps 3, need 32',
      '  LOADZ [0], [-32], 1',
      '  DISPATCH sp-32, [0]',
      '',
      '@16777217: gas 0, steps 1',
      '  TRAP 4',
      '',
    ].join('\n'),
  );
  const token = await lockstep(['dump', TOKEN, '--stage=lowered']);
  assert.match(token.out, /^;; .*\n@0: gas \d+/);
});

test('dump of code with too many blocks is cut off and says so', async () => {
  // Each of 12,288 blocks runs through the 128 instructions behind it.
  const code = `0x${'5b01'.repeat(12_288)}`;
  for (const stage of ['dmir', 'lowered']) {
    const { out } = await lockstep(['dump', code, `--stage=${stage}`]);
    assert.match(out, /^;; cut off: at least \d+ blocks? more/);
    assert.ok(out.length < 20_000_000);
  }
});
