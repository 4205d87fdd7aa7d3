/** The benches: what they measure is proven, and every suite runs; no test looks at a time. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { prepareSubject, SIZES, TOKEN_SUITE } from '../bench/contracts.ts';
import { casesOf } from '../bench/evm.ts';
import { countInstructions } from '../bench/instructions.ts';
import { measureBeside } from '../bench/peer.ts';
import { WASM_PROGRAMS } from '../bench/wasm/programs.ts';
import { measureWasm } from '../bench/wasm.ts';
import { renderToken } from '../scripts/gen-token.ts';
import { bytesToHex } from '../src/base/bytes.ts';
import type { Hex } from '../src/chain/types.ts';
import { compareRuns } from '../src/cli/bench/baseline.ts';
import { geometricMean, interleave, median, quantile } from '../src/cli/bench/measure.ts';
import {
  codeOf,
  copyOf,
  fillCopy,
  loadMachine,
  prove,
  type Subject,
} from '../src/cli/bench/subject.ts';
import { BENCH_ENGINES } from '../src/cli/bench/suites.ts';
import { COMPILER_NAMES } from '../src/engines/tiers/compilers.ts';
import { assembleModule } from '../src/vms/wasm/index.ts';
import { folderOf, lockstep } from './cli/support/run.ts';
import { CASE_BLOCK } from './oracle/case.ts';
import { createOracle } from './support/ethereumjs.ts';

// Before the first test: the test runner's promise hooks make the oracle ten times slower.
const subjects: Subject[] = [];
for (const contract of [...SIZES, ...TOKEN_SUITE]) subjects.push(await prepareSubject(contract));

const bench = async (...words: string[]) => {
  const { code, out, err } = await lockstep(['bench', ...words, '--json']);
  assert.equal(code, 0, err);
  return JSON.parse(out);
};

test('statistics are what their names say', () => {
  assert.equal(median([5, 1, 3]), 3);
  assert.equal(quantile([1, 2, 3, 4], 1), 4);
  assert.ok(Math.abs(geometricMean([2, 8]) - 4) < 1e-9);
});

test('runs of several go in turns', async () => {
  const order: string[] = [];
  const runner = (name: string) => ({
    run: () => {
      order.push(name);
      const start = performance.now();
      while (performance.now() - start < 3);
    },
    warmUpMs: 0,
    roundMsMin: 0.001,
  });
  const medians = await interleave([runner('a'), runner('b')], 3);
  assert.equal(medians.length, 2);
  assert.match(order.join(''), /^a+b+ababab$/);
});

test('a peer is measured when it gives the same, and refused when it does not', async () => {
  const subject = subjects.find(({ name }) => name === 'erc721') as Subject;
  const program = join(import.meta.dirname, 'support/bench-peer.ts');
  const options = { engines: ['interpreter'], rounds: 1, filter: undefined } as const;
  const peer = `${process.execPath} ${program}`;
  const { rows, theirs } = await measureBeside('erc721', casesOf(subject), { ...options, peer });
  assert.ok(theirs > 0 && rows.length === 1 && (rows[0]?.ratio ?? 0) > 0);
  const wrong = measureBeside('erc721', casesOf(subject), { ...options, peer: `${peer} wrong` });
  await assert.rejects(wrong, /erc721 on interpreter and on the peer/);
});

test('a peer runs the WebAssembly programs, and is refused where a result differs', async () => {
  const program = { ...(WASM_PROGRAMS[0] as (typeof WASM_PROGRAMS)[0]), size: 15 };
  const peer = `${process.execPath} ${join(import.meta.dirname, 'support/bench-wasm-peer.ts')}`;
  const rows = await measureWasm(program, ['interpreter'], { rounds: 1, peer });
  assert.deepEqual(
    rows.map(({ engine }) => engine),
    ['interpreter', 'peer'],
  );
  assert.ok(rows.every(({ oursMs }) => oursMs > 0));
  const wrong = measureWasm(program, ['interpreter'], { rounds: 1, peer: `${peer} wrong` });
  await assert.rejects(wrong, /fib on peer/);
});

test('every contract succeeds with the same outcome on every engine', async (context) => {
  for (const subject of subjects) {
    await context.test(subject.name, () => {
      for (const engine of BENCH_ENGINES) prove(subject, engine);
    });
  }
});

test('the contracts have the sizes that the suites speak of', () => {
  const sizes = subjects.slice(0, SIZES.length).map((subject) => codeOf(subject).length);
  for (const [i, kilobytes] of [2, 11, 23].entries()) {
    assert.equal(Math.floor((sizes[i] as number) / 1000), kilobytes);
  }
});

test('instructions are counted by kind', async () => {
  const oracle = await createOracle(CASE_BLOCK);
  const counts = countInstructions(oracle);
  const to = '0x00000000000000000000000000000000000000c0';
  // Two hashes, a write, an event with one topic, a call of nobody.
  const code = '0x5f5f205f5f20555f5f5fa15f5f5f5f5f5f5ff100';
  oracle.setAccount(to, { code });
  const { status } = await oracle.call({ to });
  assert.equal(status, 'success');
  const { all, kinds } = counts();
  assert.equal(all, 20);
  assert.deepEqual(kinds, { KECCAK256: 2, SLOAD: 0, SSTORE: 1, LOG: 1, CALL: 1 });
});

test('lockstep bench measures a contract on every engine', async () => {
  const { suite, machine, rows } = await bench('latency', '--rounds', '3');
  assert.equal(suite, 'latency');
  assert.match(machine, /Node \d+/);
  assert.deepEqual(
    rows.map(({ name, engine }: Record<string, string>) => `${name} ${engine}`),
    BENCH_ENGINES.map((engine) => `token ${engine}`),
  );
  const transfers = await bench('erc', '--rounds', '1');
  assert.deepEqual(
    transfers.rows.map(({ engine }: Record<string, string>) => engine),
    BENCH_ENGINES,
  );
  const [row] = (await bench('call', '--engine', 'interpreter', '--rounds', '1')).rows;
  assert.ok(row.us > 0);
  assert.equal(row.ratio, 1);
});

test('lockstep bench compile tells what calls have compiled', async () => {
  const call = ['--call', 'approve(address,uint256)', `0x${'1'.repeat(40)}`, '7'];
  const file = 'examples/erc20/Token.sol';
  const { rows } = await bench('compile', file, ...call, '--rounds', '1');
  assert.equal(rows.length, COMPILER_NAMES.length);
  for (const row of rows) {
    assert.equal(row.name, 'Token');
    assert.ok(row.compiledCodeBytes > 0 && row.compiledCodeBytes < row.codeBytes / 2);
    assert.equal(row.wasmPerCodeByte, row.wasmBytes / row.codeBytes);
    assert.ok(row.operations > row.blocks);
  }
});

test('lockstep bench memory compiles every copy in a process of its own', async () => {
  const { rows } = await bench('memory', '--rounds', '3');
  for (const { engine, copies, compiledCopies, wasmBytes } of rows) {
    assert.equal(copies, 3);
    assert.equal(compiledCopies, COMPILER_NAMES.includes(engine) ? 3 : 0);
    assert.equal(wasmBytes > 0, COMPILER_NAMES.includes(engine));
  }
});

test('a run is kept, and the next one compared with it', async (context) => {
  const file = join(folderOf(context, { 'other.json': '{"suite":"evm","rows":[]}' }), 'run.json');
  const words = ['bench', 'compile', '--rounds', '1'];
  assert.equal((await lockstep([...words, '--save', file])).code, 0);
  const saved = JSON.parse(readFileSync(file, 'utf8'));
  assert.equal(saved.suite, 'compile');
  const { out } = await lockstep([...words, '--against', file]);
  assert.match(out, /^now \/ saved\nname +engine .*wasmBytes/m);
  assert.match(out, /^token +multipass +1\.00×/m);
  const text = compareRuns(
    { suite: 'x', machine: 'b', rows: [{ name: 'p', engine: 'e', us: 3, codeBytes: 5 }] },
    { suite: 'x', machine: 'a', rows: [{ name: 'p', engine: 'e', us: 2, text: 'no figure' }] },
  );
  assert.equal(
    text,
    'now / saved, on another machine: a\nname  engine     us\np     e       1.50×\n',
  );
  const other = await lockstep([...words, '--against', file.replace('run', 'other')]);
  assert.equal(other.code, 2);
  assert.match(other.err, /holds a run of the suite evm, not of compile/);
});

test('what cannot be measured is refused with what to do', async () => {
  const cases: readonly (readonly [words: string, pattern: RegExp])[] = [
    ['speed', /no suite speed; the suites: call, latency, compile, memory, erc/],
    ['examples/erc20/Token.sol', /the suite comes before the file/],
    ['call examples/erc20/Token.sol', /needs a call of the file: --call/],
    ['evm', /needs what only the repository has; there: npm run bench -- evm/],
    ['languages', /there: npm run bench -- languages/],
    ['node', /there: npm run bench -- node/],
    ['compile --engine interpreter --rounds 1', /nothing of token is compiled/],
    ['erc 0x00', /erc measures transfers of the built-in token/],
    ['call 0xfe --data 0x', /ends with halt \(invalid-opcode\); only success is measured/],
    ['call --call f()', /--call needs a file/],
    ['call --engine turbo', /no engine turbo/],
    ['call --rounds 0', /--rounds 0: write a positive number/],
    ['call 0x00 0x01', /a suite and a file, not 0x01/],
    ['call examples/dmir/fib.dmir --data 0x', /is dMIR; bench measures EVM code/],
    ['call --against /no/such/file', /holds no saved run/],
  ];
  for (const [words, pattern] of cases) {
    const { code, err } = await lockstep(['bench', ...words.split(' ')]);
    assert.equal(code, 2, words);
    assert.match(err, pattern);
  }
});

test('the built-in token is the example', async () => {
  const file = join(import.meta.dirname, '../src/cli/bench/token.generated.ts');
  assert.equal(readFileSync(file, 'utf8'), await renderToken(), 'run: npm run gen');
});

test('a copy of a module is a module that no machine has seen, and does the same', () => {
  const code = assembleModule(`
    (module
      (import "env" "finish" (func $finish (param i32 i32)))
      (memory (export "memory") 1)
      (data (i32.const 7) "\\2a")
      (func (export "deploy"))
      (func (export "call") (call $finish (i32.const 0) (i32.const 8))))
  `);
  const to: Hex = '0x00000000000000000000000000000000000000c0';
  const account = { address: to, balance: 0n, nonce: 0n, code: bytesToHex(code), storage: [] };
  const call = { to };
  const subject: Subject = {
    name: 'm',
    fork: 'osaka',
    block: {},
    world: [account],
    calls: [call],
  };
  const machine = loadMachine(subject, 'interpreter');
  const { output, gasUsed } = machine.call({ ...call, commit: false });
  for (const number of [0, 1]) {
    const copy = copyOf(subject, number);
    fillCopy(machine, subject, copy);
    machine.state.setCode(copy.address, copy.code);
    const outcome = machine.call({ ...call, to: copy.address, commit: false });
    assert.deepEqual([outcome.output, outcome.gasUsed], [output, gasUsed]);
  }
  assert.equal(output[7], 0x2a);
  assert.notDeepEqual(copyOf(subject, 0).code, copyOf(subject, 1).code);
});
