/** The commands besides `run`: help, version, compile, disasm, dump, error. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { COMMANDS } from '../../src/cli/commands.ts';
import { folderOf, lockstep } from './support/run.ts';

const TOKEN = 'examples/erc20/Token.sol';

test('help names every command, and each has its page', async () => {
  const { code, out } = await lockstep([]);
  assert.equal(code, 0);
  for (const { name, options } of COMMANDS) {
    assert.match(out, new RegExp(`^  ${name}\\b`, 'm'));
    const page = await lockstep([name, '--help']);
    assert.equal(page.code, 0);
    for (const option of options) assert.ok(page.out.includes(`--${option.name}`));
  }
});

test('--version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  assert.equal((await lockstep(['--version'])).out, `lockstep ${version}\n`);
});

test('compile shows sizes and selectors, and writes what run reads', async (context) => {
  const folder = folderOf(context, {});
  const { code, out } = await lockstep(['compile', TOKEN, '--out', folder]);
  assert.equal(code, 0);
  assert.match(out, /init code +[\d,]+ bytes +of at most 49,152/);
  assert.match(out, /0xa9059cbb +transfer\(address to, uint256 value\) returns \(bool\)/);
  const ran = await lockstep([
    'run',
    join(folder, 'Token.json'),
    '--call',
    'totalSupply',
    '--json',
  ]);
  assert.equal(ran.code, 0);
  const report = JSON.parse(ran.out);
  assert.equal(report.format, 'hardhat');
  assert.equal(report.contract, 'Token');
});

test('disasm reads a file and a literal', async () => {
  const { code, out } = await lockstep(['disasm', '0x6001600201']);
  assert.equal(code, 0);
  assert.deepEqual(out.trim().split('\n'), ['0000: PUSH1 0x01', '0002: PUSH1 0x02', '0004: ADD']);
  const init = await lockstep(['disasm', TOKEN, '--init']);
  assert.match(init.out, /CODECOPY/);
});

test('dump shows bytecode and instructions', async () => {
  assert.equal((await lockstep(['dump', '0x6001', '--stage=bytecode'])).out, '0x6001\n');
  const { out } = await lockstep(['dump', '0x6001', '--stage=evm']);
  assert.equal(out, ';; 2 bytes of EVM code, 1 EVM instructions\n0000: PUSH1 0x01\n');
});

test('error explains codes of every kind', async () => {
  const answers: readonly [string, RegExp][] = [
    ['0', /exit code 0: everything/],
    ['2', /bad usage/],
    ['out-of-gas', /halt out-of-gas: .*--gas/],
    ['hex-odd-length', /one is left over\. Exit code 2/],
    ['L1001', /error L1001/],
    ['0x11', /panic 0x11: arithmetic overflow/],
    [`0x4e487b71${'32'.padStart(64, '0')}`, /Panic\(0x32\): an array index is out of bounds/],
    [
      `0x08c379a0${'20'.padStart(64, '0')}${'2'.padStart(64, '0')}${'6e6f'.padEnd(64, '0')}`,
      /Error\(string\): "no"/,
    ],
    ['0xdeadbeef', /unknown error 0xdeadbeef.*--abi/],
  ];
  for (const [given, pattern] of answers) {
    const { code, out } = await lockstep(['error', given]);
    assert.equal(code, 0);
    assert.match(out, pattern);
  }
  const custom = `0x9cfea583${'1'.repeat(40).padStart(64, '0')}`;
  const { out } = await lockstep(['error', custom, '--abi', TOKEN]);
  assert.match(out, /InvalidReceiver\(receiver: 0x1{40}\)/);
});
