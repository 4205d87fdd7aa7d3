/** `lockstep dump`: every stage, its sizes, and what calls have compiled. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { COMMANDS, STAGES } from '../../src/cli/commands.ts';
import { ENGINES } from '../../src/engines/tiering.ts';
import { COMPILER_NAMES } from '../../src/engines/tiers/compilers.ts';
import { lockstep } from './support/run.ts';

const TOKEN = 'examples/erc20/Token.sol';
const TRANSFER = ['--call', 'transfer(address,uint256)', `0x${'b0'.padStart(40, '0')}`, '5'];
/** Adds what it is called with to a number, in a loop. */
const LOOP = '0x5f355b6001018061ffff1160025700';

const dump = async (...words: string[]) => lockstep(['dump', ...words]);
const dumpJson = async (...words: string[]) => {
  const { code, out, err } = await lockstep(['dump', ...words, '--json']);
  assert.equal(code, 0, err);
  return JSON.parse(out);
};

test('the source is the file, and code without one says so', async () => {
  assert.equal((await dump(TOKEN, '--stage=source')).out, readFileSync(TOKEN, 'utf8'));
  const { code, err } = await dump('0x00', '--stage=source');
  assert.equal(code, 2);
  assert.match(err, /comes without a source/);
});

test('every stage of a contract has text and sizes', async () => {
  for (const stage of STAGES.filter((each) => each !== 'tiers')) {
    const { stage: shown, contract, sizes, text } = await dumpJson(TOKEN, `--stage=${stage}`);
    assert.equal(shown, stage);
    assert.equal(contract, 'Token');
    assert.ok(text.length > 100);
    for (const [name, size] of Object.entries(sizes)) assert.ok(Number(size) > 0, name);
  }
});

test('every compiler shows WebAssembly of all that the code can reach', async () => {
  for (const engine of COMPILER_NAMES) {
    const { sizes, text } = await dumpJson(TOKEN, '--stage=wasm', '--engine', engine);
    assert.ok(sizes.compiledCodeBytes <= sizes.codeBytes);
    assert.ok(sizes.wasmBytes > sizes.regions * 20);
    const regions = [...text.matchAll(/;; (\d+) bytes: @\d+/g)].map(([, bytes]) => Number(bytes));
    assert.equal(regions.length, sizes.regions);
    const sum = regions.reduce((total, each) => total + each, 0);
    assert.ok(sum < sizes.wasmBytes && sum > sizes.wasmBytes / 2);
  }
});

test('the optimised form names the same regions as the WebAssembly', async () => {
  const { sizes, text } = await dumpJson(LOOP, '--stage=opt');
  const heads = text.match(/^region \d+ at @\d+/gm);
  assert.equal(heads.length, sizes.regions);
  assert.match(text, /^region \d+ at @2, loop that changes slot\[-1\]/m);
  assert.match((await dump(LOOP, '--stage=wasm')).out, /\(func \$region-0 /);
});

test('a call compiles what it reaches, and the tiers tell which blocks these are', async () => {
  const all = await dumpJson(TOKEN, '--stage=wasm');
  const some = await dumpJson(TOKEN, '--stage=wasm', ...TRANSFER);
  assert.ok(some.sizes.wasmBytes < all.sizes.wasmBytes);
  assert.match(some.text, /^;; 256 calls on multipass, .*; the last: success$/m);
  const hot = await dumpJson(TOKEN, '--stage=tiers', ...TRANSFER);
  assert.equal(hot.rows.length, some.sizes.blocks);
  assert.equal(hot.rows[0].block, 0);
  assert.ok(hot.rows.every((row: { tier: string }) => row.tier === 'multipass'));
  const cold = await dumpJson(TOKEN, '--stage=tiers', ...TRANSFER, '--times', '1');
  assert.ok(cold.rows.every((row: { tier: string }) => row.tier === 'interpreter'));
  assert.equal(cold.sizes.wasmBytes, 0);
  const { out } = await dump(TOKEN, '--stage=tiers', ...TRANSFER);
  assert.match(out, /^@0 +\d+ +\d+ +\d+ +multipass +0 +\d+$/m);
});

test('code that would make too long a text is cut off and says so', async () => {
  // Each of 12,288 blocks runs through the 128 instructions behind it.
  const code = `0x${'5b01'.repeat(12_288)}`;
  for (const stage of ['opt', 'wasm']) {
    const { out } = await dump(code, `--stage=${stage}`);
    assert.match(out, /^;; cut off: the first blocks/);
    assert.ok(out.length < 40_000_000);
  }
  assert.match((await dump('0x00', '--stage=wasm')).out, /^;; all blocks that the code can reach/);
});

test('calldata does for code without an ABI', async () => {
  const { sizes } = await dumpJson(LOOP, '--stage=tiers', '--data', '0x00', '--times', '3');
  assert.ok(sizes.wasmBytes > 0);
});

test('the same calls show the same text', async () => {
  const words = [TOKEN, '--stage=wasm', ...TRANSFER];
  const [first, second] = [await dump(...words), await dump(...words)];
  assert.ok(first.out === second.out);
});

test('what cannot be shown is refused with what to do', async () => {
  const cases: readonly (readonly [words: string, pattern: RegExp])[] = [
    ['0x00 --stage=tiers', /which tier .* after a call: --call or --data/],
    ['0x00 --stage=evm --call f()', /--call is for the stages opt, wasm, tiers/],
    ['0x00 --stage=wasm --times 5', /--times needs a call/],
    ['0x00 --stage=wasm --data 0x --init', /exclude each other/],
    [
      '0x00 --stage=wasm --engine interpreter',
      /compiles nothing; the engines that do: .*multipass/,
    ],
    ['0x00 --stage=wasm --data 0x --times 2', /nothing of the contract was compiled.*\n.*--times/],
    ['0x00 --stage=wasm --data 0x --times 0', /--times 0: write a positive number/],
    ['examples/dmir/fib.dmir --stage=opt', /is dMIR and has no stage opt/],
    ['examples/dmir/fib.dmir --stage=tiers', /has no stage tiers.*\n.*dmir, lowered, wasm/],
    ['examples/dmir/fib.dmir --stage=wasm --engine interpreter', /compiles nothing/],
    ['examples/vault/Vault.sol --stage=tiers --call owner', /constructor of Vault takes 2/],
  ];
  for (const [words, pattern] of cases) {
    const { code, err } = await dump(...words.split(' '));
    assert.equal(code, 2, words);
    assert.match(err, pattern);
  }
});

test('--engine of the commands names every engine', () => {
  for (const { name, options } of COMMANDS) {
    const choices = options.find((option) => option.name === 'engine')?.choices;
    if (choices === undefined) continue;
    for (const engine of ENGINES) assert.ok(choices.includes(engine), `${name} --engine ${engine}`);
  }
});
