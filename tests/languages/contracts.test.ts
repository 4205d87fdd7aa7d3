/**
 * Contracts on WebAssembly, in each language: the same interface as in Solidity, and the same
 * results, reverts, events and storage for the same calls; calls between all languages.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { bytesToHex, concatBytes } from '../../src/base/bytes.ts';
import type { EngineName } from '../../src/engines/names.ts';
import { createMachine, type Hex, type Machine, type Outcome } from '../../src/index.ts';
import { canonicalType } from '../../src/languages/abi-values.ts';
import type { Abi, EvmContract } from '../../src/languages/contract.ts';
import {
  encodeCall,
  encodeConstructor,
  findFunction,
  loadContract,
  signatureOf,
} from '../../src/languages/index.ts';
import { LANGUAGE_NAMES, LANGUAGES, type LanguageName } from '../../src/languages/languages.ts';
import { readWasmModule } from '../../src/vms/wasm/index.ts';
import { missingCompiler } from '../support/compilers.ts';
import { createPrng } from '../support/prng.ts';

const ROOT = join(import.meta.dirname, '../..');
const CONTRACTS = join(import.meta.dirname, 'contracts');

const WASM_LANGUAGES = LANGUAGE_NAMES.filter((name) => name !== 'solidity');

const loaded = new Map<string, Promise<EvmContract>>();

/** A contract of a folder, in a language; compiled once. */
function load(folder: string, name: string, language: LanguageName): Promise<EvmContract> {
  const own = language === 'solidity' ? name[0]!.toUpperCase() + name.slice(1) : name;
  const file = join(folder, own + LANGUAGES[language].extensions[0]);
  const contract =
    loaded.get(file) ?? loadContract(file).then((each) => evmContract(each.contract));
  loaded.set(file, contract);
  return contract;
}

function evmContract(contract: { readonly kind: string }): EvmContract {
  assert.equal(contract.kind, 'evm');
  return contract as EvmContract;
}

const TOKENS = join(ROOT, 'examples/erc20');
const ALICE: Hex = '0x00000000000000000000000000000000000a11ce';
const BOB: Hex = '0x00000000000000000000000000000000000000b0';
const NOBODY: Hex = '0x0000000000000000000000000000000000000000';

interface Step {
  readonly from: Hex;
  readonly data: Uint8Array;
  readonly value?: bigint;
}

/** What is to be seen of a step, apart from its gas. */
interface Seen {
  readonly status: string;
  readonly output: string;
  readonly logs: readonly object[];
  readonly writes: readonly object[];
}

function createStage(engine?: EngineName): Machine {
  const options = engine === undefined ? {} : { engine, tier: { entriesMin: 0 } };
  const machine = createMachine(options);
  for (const each of [ALICE, BOB]) machine.state.setBalance(each, 10n ** 18n);
  return machine;
}

function seen({ status, output, logs, writes }: Outcome): Seen {
  return { status, output: bytesToHex(output), logs, writes };
}

function deploy(machine: Machine, { name, initCode }: EvmContract): Hex {
  const outcome = machine.deploy({ code: initCode as Uint8Array, from: ALICE });
  assert.equal(outcome.status, 'success', name);
  return outcome.address;
}

/** Arguments of a constructor, and what comes with them. */
interface Birth {
  readonly args: readonly string[];
  readonly value: bigint;
}

/**
 * Deploys a contract and makes the calls, on an engine of each kind; the address is the same each
 * time.
 */
function live(contract: EvmContract, steps: readonly Step[], birth: Birth): Seen[] {
  const [first, ...others] = (['interpreter', 'multipass', 'chaos'] as const).map((engine) =>
    liveOn(engine, contract, steps, birth),
  );
  for (const other of others) assert.deepEqual(other, first);
  return first as Seen[];
}

function liveOn(
  engine: EngineName,
  contract: EvmContract,
  steps: readonly Step[],
  birth: Birth,
): Seen[] {
  const machine = createStage(engine);
  const input = encodeConstructor(contract.abi, birth.args, contract.name);
  const code = concatBytes(contract.initCode as Uint8Array, input);
  const { status, address, logs, writes } = machine.deploy({
    code,
    from: ALICE,
    value: birth.value,
  });
  const outcomes = steps.map((step) => seen(machine.call({ to: address, ...step })));
  return [{ status, output: '', logs, writes }, ...outcomes];
}

function stepOf(abi: Abi | undefined, from: Hex, name: string, ...args: string[]): Step {
  return { from, data: encodeCall(findFunction(abi, name, args.length, name), args) };
}

const interfaceOf = (abi: Abi = []): string[] =>
  abi
    .filter(({ type }) => type !== 'constructor')
    .map((item) => {
      const outputs = (item.outputs ?? []).map(canonicalType).join(',');
      const indexed = (item.inputs ?? [])
        .map((each) => (each.indexed === true ? 'i' : '-'))
        .join('');
      return `${item.type} ${signatureOf(item)} ${indexed} ${outputs}`;
    })
    .sort();

/** The life of a token: reads, transfers, allowances, and all that goes wrong. */
function tokenSteps(abi: Abi | undefined): Step[] {
  const max = (2n ** 256n - 1n).toString();
  const raw = (hex: string): Step => ({ from: ALICE, data: Buffer.from(hex, 'hex') });
  return [
    ...['name', 'symbol', 'decimals', 'totalSupply'].map((name) => stepOf(abi, BOB, name)),
    stepOf(abi, ALICE, 'transfer', BOB, '1000'),
    stepOf(abi, BOB, 'transfer', ALICE, '1001'),
    stepOf(abi, BOB, 'transfer', BOB, '10'),
    stepOf(abi, ALICE, 'transfer', NOBODY, '1'),
    stepOf(abi, ALICE, 'approve', BOB, '500'),
    stepOf(abi, ALICE, 'approve', NOBODY, '500'),
    stepOf(abi, BOB, 'allowance', ALICE, BOB),
    stepOf(abi, BOB, 'transferFrom', ALICE, BOB, '300'),
    stepOf(abi, BOB, 'transferFrom', ALICE, BOB, '300'),
    stepOf(abi, ALICE, 'approve', BOB, max),
    stepOf(abi, BOB, 'transferFrom', ALICE, BOB, '7'),
    stepOf(abi, BOB, 'transferFrom', ALICE, BOB, max),
    stepOf(abi, BOB, 'allowance', ALICE, BOB),
    stepOf(abi, BOB, 'balanceOf', ALICE),
    stepOf(abi, BOB, 'balanceOf', BOB),
    { ...stepOf(abi, ALICE, 'totalSupply'), value: 5n },
    ...['', 'a9059cbb', '12345678', `a9059cbb${'ff'.repeat(64)}`].map(raw),
    ...[`70a08231${'00'.repeat(31)}`, `70a08231${'00'.repeat(33)}`].map(raw),
  ];
}

/** Calls of every function, with values at the edges and encodings that are none. */
function everythingSteps(abi: Abi | undefined): Step[] {
  const prng = createPrng(1);
  const operand = (): string => {
    const width = prng.pick([
      0, 1, 8, 31, 32, 33, 63, 64, 65, 96, 127, 128, 129, 192, 224, 255, 256,
    ]);
    const edge = prng.pick([0n, 1n, -1n]);
    const value = prng.below(2) === 0 ? prng.bigint(width) : (1n << BigInt(width)) + edge;
    return BigInt.asUintN(256, value).toString();
  };
  const arithmetic = ['add', 'sub', 'mul', 'div', 'rem', 'less'].flatMap((name) =>
    Array.from({ length: 120 }, () => stepOf(abi, ALICE, name, operand(), operand())),
  );
  const powers = [0, 1, 2, 3, 7, 77, 78, 255, 256].flatMap((exponent) =>
    ['0', '1', '2', '10', operand()].map((base) => stepOf(abi, ALICE, 'pow', base, `${exponent}`)),
  );
  const texts = ['', 'a', 'ü€𝄞', 'x'.repeat(31), 'x'.repeat(32), 'x'.repeat(1000)];
  const words = ['0', '1', '2', '255', '256', '32767', '32768', '4294967296'].map(BigInt);
  const edges = [...words, 1n << 63n, 1n << 64n, 1n << 160n, 1n << 255n].flatMap((each) => [
    each,
    BigInt.asUintN(256, -each),
    BigInt.asUintN(256, -each - 1n),
  ]);
  const echoes = (abi ?? []).filter(({ name = '' }) => name.startsWith('echo'));
  const raw = echoes.flatMap((item) => {
    const selector = Buffer.from(encodeSelector(item), 'hex');
    return edges.map((edge): Step => {
      const word = Buffer.from(edge.toString(16).padStart(64, '0'), 'hex');
      // The values of any length find an offset here, and behind it a length.
      return { from: ALICE, data: Buffer.concat([selector, word, word, Buffer.alloc(64)]) };
    });
  });
  return [
    ...arithmetic,
    ...powers,
    ...raw,
    ...texts.flatMap((text) => [
      stepOf(abi, ALICE, 'echoString', text),
      stepOf(abi, ALICE, 'echoBytes', bytesToHex(Buffer.from(text))),
      stepOf(abi, ALICE, 'second', bytesToHex(Buffer.from(text)), '7', text),
      stepOf(abi, ALICE, 'count', text),
      stepOf(abi, ALICE, 'count', text),
    ]),
    { ...stepOf(abi, ALICE, 'paid'), value: 12345n },
    stepOf(abi, ALICE, 'paid'),
  ];
}

/** Calls with and without data and value, and all kinds of reverts. */
function cornerSteps(abi: Abi | undefined): Step[] {
  const mark = `0x${'ab'.repeat(32)}`;
  const raw = (hex: string, value = 0n): Step => ({
    from: BOB,
    data: Buffer.from(hex, 'hex'),
    value,
  });
  return [
    ...[
      raw('', 0n),
      raw('', 7n),
      raw('00'),
      raw('00', 7n),
      raw('0011223344'),
      raw('0011223344', 7n),
    ],
    stepOf(abi, BOB, 'ownerOf'),
    stepOf(abi, BOB, 'note', 'a title', '0x0102', '-5', mark),
    stepOf(abi, BOB, 'note', 'x'.repeat(40), `0x${'01'.repeat(400)}`, '5', mark),
    stepOf(abi, BOB, 'state', '9', mark),
    stepOf(abi, BOB, 'state', '8', mark),
    stepOf(abi, BOB, 'refuse', 'because', '0x'),
    stepOf(abi, BOB, 'refuse', '', `0x${'01'.repeat(400)}`),
    stepOf(abi, BOB, 'nothing'),
    stepOf(abi, BOB, 'complain', 'ü'.repeat(50)),
    { ...stepOf(abi, BOB, 'nothing'), value: 1n },
  ];
}

/** Calls of functions with arrays and structures, and encodings that are nearly right. */
function compositeSteps(abi: Abi | undefined, calls: readonly (readonly string[])[]): Step[] {
  const prng = createPrng(3);
  const edges = [0, 1, 2, 3, 4, 31, 32, 33, 64, 96, 128, 160, 2 ** 16, 2 ** 32, 2 ** 40].map(
    BigInt,
  );
  return calls.flatMap(([name = '', ...args]) => {
    const step = stepOf(abi, ALICE, name, ...args);
    const { data } = step;
    const words = (data.length - 4) / 32;
    const twisted = Array.from({ length: words === 0 ? 0 : 12 }, (): Step => {
      const other = data.slice();
      for (let times = 1 + prng.below(2); times > 0; times--) {
        const word = Buffer.from(prng.pick(edges).toString(16).padStart(64, '0'), 'hex');
        other.set(word, 4 + 32 * prng.below(words));
      }
      const end = prng.below(4) === 0 ? data.length - 1 - prng.below(40) : data.length;
      return { ...step, data: other.subarray(0, Math.max(4, end)) };
    });
    return [step, ...twisted];
  });
}

const NOTE = '(0x0102030405,[1,2,3],(-1,7))';

const OPEN_CALLS: readonly (readonly string[])[] = [
  ...['name', 'decimals', 'cap', 'total', 'owner'].map((name) => [name]),
  ['pair', '5', BOB],
  ['points', '[(1,2),(-3,4),(5,-6)]'],
  ['points', '[]'],
  ['again', '[(1,2),(-3,4)]'],
  ['notes', `[${NOTE},(0x,[],(0,0))]`],
  ['texts', `[0x,0xff,0x${'12'.repeat(40)}]`],
  ['nested', '[[],[1],[2,3]]', 'true'],
  ['bad', NOTE, '(8,9)'],
  ['moved', '[(1,2)]', NOTE],
  ['mark', 'one'],
  ['marks', ALICE, 'one'],
  ['total'],
];

const FIXED_CALLS: readonly (readonly string[])[] = [
  ['flags', '[true,false]'],
  ['grid', '[[1,2],[3,4],[5,6]]', 'true'],
  ['rows', '[([1,2],true),([3,4],false)]'],
  ['mixed', '[[1,2],[3,4]]', '[0xff,0x0102]'],
];

function encodeSelector(item: Abi[number]): string {
  const names = { bool: 'false', string: '', bytes: '0x', address: NOBODY } as const;
  const type = item.inputs?.[0]?.type ?? '';
  const zero = type === 'bytes32' ? `0x${'00'.repeat(32)}` : '0';
  const argument = type in names ? names[type as keyof typeof names] : zero;
  return bytesToHex(encodeCall(item, [argument])).slice(2, 10);
}

/** Solidity looks for memory before it sees that call data end: `Panic(0x41)`. */
const NO_MEMORY = `0x4e487b71${'41'.padStart(64, '0')}`;

function compareLives(
  theirs: EvmContract,
  ours: EvmContract,
  steps: readonly Step[],
  birth: Birth = { args: [], value: 0n },
): void {
  const expected = live(theirs, steps, birth).map((outcome) =>
    outcome.output === NO_MEMORY ? { ...outcome, output: '0x' } : outcome,
  );
  const lived = live(ours, steps, birth);
  assert.equal(expected[0]?.status, 'success');
  for (const [index, outcome] of expected.entries()) {
    const step = steps[index - 1];
    const context = step === undefined ? 'deployment' : bytesToHex(step.data);
    assert.deepEqual(lived[index], outcome, `step ${index}, ${context}`);
  }
}

for (const language of WASM_LANGUAGES) {
  const skip = missingCompiler(language);
  const { title } = LANGUAGES[language];

  if (language !== 'c') {
    test(`a token in ${title} lives as the one in Solidity`, { skip }, async () => {
      const solidity = await load(TOKENS, 'token', 'solidity');
      const own = await load(TOKENS, 'token', language);
      assert.deepEqual(interfaceOf(own.abi), interfaceOf(solidity.abi));
      compareLives(solidity, own, tokenSteps(solidity.abi));
    });
  }

  test(`arithmetic and types in ${title} are those of Solidity`, { skip }, async () => {
    const solidity = await load(CONTRACTS, 'everything', 'solidity');
    const own = await load(CONTRACTS, 'everything', language);
    assert.deepEqual(interfaceOf(own.abi), interfaceOf(solidity.abi));
    compareLives(solidity, own, everythingSteps(solidity.abi));
  });

  test(`constructor, fallback and messages in ${title} are those of Solidity`, {
    skip,
  }, async () => {
    const solidity = await load(CONTRACTS, 'corner', 'solidity');
    const own = await load(CONTRACTS, 'corner', language);
    assert.deepEqual(interfaceOf(own.abi), interfaceOf(solidity.abi));
    const birth = { args: [BOB, '9'], value: 11n };
    compareLives(solidity, own, cornerSteps(solidity.abi), birth);
    const machine = createStage();
    const code = own.initCode as Uint8Array;
    assert.equal(machine.deploy({ code, from: ALICE }).status, 'revert', 'no arguments');
  });

  test(`getters, structures and arrays in ${title} are those of Solidity`, { skip }, async () => {
    const solidity = await load(CONTRACTS, 'open', 'solidity');
    const own = await load(CONTRACTS, 'open', language);
    assert.deepEqual(interfaceOf(own.abi), interfaceOf(solidity.abi));
    compareLives(solidity, own, compositeSteps(solidity.abi, OPEN_CALLS));
    if (language === 'assemblyscript') return;
    const theirs = await load(CONTRACTS, 'fixed', 'solidity');
    const ours = await load(CONTRACTS, 'fixed', language);
    assert.deepEqual(interfaceOf(ours.abi), interfaceOf(theirs.abi));
    compareLives(theirs, ours, compositeSteps(theirs.abi, FIXED_CALLS));
  });

  test(`a module from ${title} is valid, small and imports the host alone`, { skip }, async () => {
    const { runtimeCode, initCode } = await load(CONTRACTS, 'relay', language);
    const code = runtimeCode as Uint8Array;
    const module = readWasmModule(code);
    assert.ok(module.imports.every((each) => each.module === 'env'));
    const exports = module.exports.map(({ name }) => name);
    for (const name of ['call', 'deploy', 'memory']) assert.ok(exports.includes(name), name);
    assert.ok(code.length < 8_000, `${code.length} bytes`);
    // Creation data: the length of the module, then the module.
    assert.equal(new DataView((initCode as Uint8Array).buffer).getUint32(0), code.length);
    assert.deepEqual(initCode?.subarray(4), code);
  });

  test(`the same source in ${title} gives the same bytes anywhere`, { skip }, async () => {
    const first = await load(CONTRACTS, 'relay', language);
    const folder = mkdtempSync(join(tmpdir(), 'lockstep-same-'));
    after(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(join(folder, 'deep/er'), { recursive: true });
    const name = `relay${LANGUAGES[language].extensions[0]}`;
    cpSync(join(CONTRACTS, name), join(folder, 'deep/er', name));
    const second = await loadContract(join(folder, 'deep/er', name));
    assert.deepEqual(evmContract(second.contract).runtimeCode, first.runtimeCode);
  });
}

/** What stands before and behind the declarations of a contract, and the function that it has. */
const MANY_FORMS = {
  c: ['#include <lockstep.h>\nLOCKSTEP(', ')', 'u256 out(u256 a0) { v299_set(a0); return a0; }'],
  'c++': ['#include <lockstep.hpp>\nLOCKSTEP(', ')', 'u256 out(u256 a0) { return v299 = a0; }'],
  rust: [
    'use lockstep::{lockstep, U256};\nlockstep! {',
    '}',
    'fn out(a0: U256) -> U256 { V299.set(a0); a0 }',
  ],
} as const;

for (const [language, [open, close, body]] of Object.entries(MANY_FORMS)) {
  const skip = missingCompiler(language as LanguageName);
  const { title, extensions } = LANGUAGES[language as LanguageName];
  test(`variables in ${title} have any name and any number`, { skip }, async (context) => {
    const names = ['value', 'result', 'data'];
    const declared = names.map((name, at) => `uint256 public ${name} = ${at + 5};`);
    const more = Array.from({ length: 300 }, (_, at) => `uint256 v${at};`);
    const lines = [...declared, 'mapping(uint256 => uint256) public a0;', ...more];
    const interior = [...lines, 'function out(uint256 a0) returns (uint256);'].join('\n');
    const folder = mkdtempSync(join(tmpdir(), 'lockstep-many-'));
    context.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, `many${extensions[0]}`);
    writeFileSync(file, `${open} contract Many { ${interior} } ${close}\n${body}\n`);
    const contract = evmContract((await loadContract(file)).contract);
    const machine = createStage();
    const to = deploy(machine, contract);
    const call = (...args: [string, ...string[]]) =>
      machine.call({ to, ...stepOf(contract.abi, ALICE, ...args) });
    for (const [at, name] of names.entries()) {
      assert.equal(bytesToHex(call(name).output), wordHex(BigInt(at + 5)), name);
    }
    assert.equal(bytesToHex(call('a0', '1').output), wordHex(0n));
    const { output, writes } = call('out', '77');
    assert.equal(bytesToHex(output), wordHex(77n));
    assert.deepEqual(
      writes.map(({ slot }) => BigInt(slot)),
      [BigInt(names.length + 1 + 299)],
    );
  });
}

test('every language calls every other, and reverts pass through', async () => {
  const present = LANGUAGE_NAMES.filter((each) => missingCompiler(each) === false);
  const relays = await Promise.all(present.map((each) => load(CONTRACTS, 'relay', each)));
  for (const tokenLanguage of present.filter((each) => each !== 'c')) {
    const token = await load(TOKENS, 'token', tokenLanguage);
    for (const [index, relay] of relays.entries()) {
      const context = `${present[index]} calls ${tokenLanguage}`;
      const machine = createStage();
      const at = { token: deploy(machine, token), relay: deploy(machine, relay) };
      const send = (to: Hex, step: Step) => machine.call({ to, ...step });
      send(at.token, stepOf(token.abi, ALICE, 'transfer', at.relay, '70'));
      const relayed = (value: string) =>
        send(at.relay, stepOf(relay.abi, BOB, 'relay', at.token, BOB, value));
      const done = relayed('30');
      assert.equal(bytesToHex(done.output), wordHex(1n), context);
      const addresses = done.logs.map(({ address }) => address);
      assert.deepEqual(addresses, [at.relay, at.token], context);
      // What the token reverts with, the relay reverts with, and its own event is gone too.
      const direct = seen(send(at.token, stepOf(token.abi, at.relay, 'transfer', BOB, '41')));
      assert.equal(direct.status, 'revert');
      assert.deepEqual(seen(relayed('41')), direct, context);
      const sum = send(at.relay, stepOf(relay.abi, BOB, 'sum', at.token, at.relay, BOB));
      assert.equal(bytesToHex(sum.output), wordHex(70n), context);
      // An account without code gives no result, which is no result.
      const missing = send(at.relay, stepOf(relay.abi, BOB, 'sum', NOBODY, at.relay, BOB));
      assert.deepEqual([missing.status, missing.output.length], ['revert', 0], context);
    }
  }
});

const wordHex = (value: bigint): string => `0x${value.toString(16).padStart(64, '0')}`;

test('the example of docs/languages.md compiles', async (context) => {
  const page = readFileSync(join(ROOT, 'docs/languages.md'), 'utf8');
  const text = /^```typescript\n(.*?)^```$/ms.exec(page)?.[1] ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-page-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'till.ts');
  writeFileSync(file, text);
  const { contract } = await loadContract(file);
  assert.equal(contract.name, 'Till');
});
