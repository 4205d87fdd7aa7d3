/** Stack traces of Solidity: contracts that fail in each way, compiled in each way. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encodeCall, findFunction } from '../../src/languages/abi.ts';
import type { Abi } from '../../src/languages/contract.ts';
import { createStackTraces, readArtifacts } from '../../src/node/stack/index.ts';
import { createTestNode, type TestNode } from './support.ts';

const SOURCE = `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.0;

library Sums {
    function add(uint8 a, uint8 b) external pure returns (uint8) {
        return a + b;
    }
}

contract Callee {
    error Refused(address who, uint256 amount);
    uint256 public immutable least;

    constructor(uint256 least_) {
        require(least_ > 0, "least is zero");
        least = least_;
    }

    function refuse(uint256 amount) external view {
        if (amount > least) revert Refused(msg.sender, amount); // refused
    }

    function loop() external pure {
        for (;;) {}
    }
}

interface IOther {
    function value() external view returns (uint256);
    function nothing() external;
}

contract Caller {
    Callee public callee;
    uint256[] list;

    constructor(Callee callee_) {
        callee = callee_;
    }

    modifier positive(uint256 x) {
        require(x > 0, "not positive"); // modifier
        _;
    }

    function outer(uint256 x) external view positive(x) returns (uint256) {
        return middle(x); // outer
    }

    function middle(uint256 x) internal view returns (uint256) {
        return inner(x) + 1; // middle
    }

    function inner(uint256 x) internal view returns (uint256) {
        require(x < 10, "ten \\u00e4nd more"); // inner
        callee.refuse(x); // call
        return list[x]; // index
    }

    function plain(uint256 x) external pure {
        require(x == 0); // plain
    }

    function other(address where, bool isNothing) external {
        if (isNothing) IOther(where).nothing(); // nothing
        else IOther(where).value(); // value
    }

    function divide(uint256 a, uint256 b) external pure returns (uint256) {
        return a / b; // divide
    }

    function long() external view {
        callee.loop{gas: 30000}(); // loop
    }

    function sum(uint8 a) external pure returns (uint8) {
        return Sums.add(a, 200); // sum
    }
}
`;

interface Compiled {
  readonly folder: string;
  /** Standard input and output. */
  readonly input: object;
  readonly output: object;
  readonly contracts: Readonly<
    Record<string, { abi: Abi; evm: { bytecode: { object: string; linkReferences: object } } }>
  >;
}

const folder = mkdtempSync(join(tmpdir(), 'lockstep-stack-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Compiles the source and writes a build-info as Hardhat and forge have it. */
function compile(name: string, settings: object): Compiled {
  const solc = createRequire(import.meta.url)('solc');
  const input = {
    language: 'Solidity',
    sources: { 'contracts/All.sol': { content: SOURCE } },
    settings: {
      ...settings,
      outputSelection: { '*': { '*': ['abi', 'evm.bytecode', 'evm.deployedBytecode'] } },
    },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const own = join(folder, name);
  mkdirSync(join(own, 'build-info'), { recursive: true });
  writeFileSync(join(own, 'build-info', '1.json'), JSON.stringify({ input, output }));
  return { folder: own, input, output, contracts: output.contracts['contracts/All.sol'] };
}

const LEGACY = compile('legacy', { optimizer: { enabled: false } });

/** The line with a comment. */
function lineOf(mark: string): number {
  return SOURCE.split('\n').findIndex((line) => line.endsWith(`// ${mark}`)) + 1;
}

interface Placed {
  readonly node: TestNode;
  readonly caller: string;
  readonly callee: string;
  /** What a call fails with, without the first line. */
  trace(name: string, ...args: string[]): Promise<string[]>;
}

async function place(
  { folder: from, contracts }: Pick<Compiled, 'folder' | 'contracts'>,
  told?: TestNode,
): Promise<Placed> {
  const node = told ?? createTestNode({ stackTraces: createStackTraces(readArtifacts(from)) });
  const deploy = async (name: string, args = '', library?: string): Promise<string> => {
    const { object } = contracts[name]!.evm.bytecode;
    const linked = object.replace(/__.{36}__/g, library?.slice(2) ?? '');
    const request = { from: node.accounts[0], data: `0x${linked}${args}` };
    const hash = await node.rpc('eth_sendTransaction', request);
    return (await node.rpc('eth_getTransactionReceipt', hash)).contractAddress;
  };
  const library = await deploy('Sums');
  const callee = await deploy('Callee', '5'.padStart(64, '0'));
  const caller = await deploy('Caller', callee.slice(2).padStart(64, '0'), library);
  const { abi } = contracts.Caller!;
  return {
    node,
    caller,
    callee,
    async trace(name, ...args) {
      const item = findFunction(abi, name, args.length, 'Caller');
      const data = `0x${Buffer.from(encodeCall(item, args)).toString('hex')}`;
      const { message } = await node.fail('eth_call', { to: caller, data }, 'latest');
      return message.split('\n').slice(1);
    },
  };
}

const at = (name: string, mark: string, column = '\\d+'): RegExp =>
  new RegExp(
    `^    at ${name.replace('.', '\\.')} \\(contracts/All\\.sol:${lineOf(mark)}:${column}\\)$`,
  );

function compare(lines: readonly string[], wanted: readonly (string | RegExp)[]): void {
  assert.equal(lines.length, wanted.length, lines.join('\n'));
  for (const [index, line] of lines.entries()) {
    const each = wanted[index] as string | RegExp;
    if (typeof each === 'string') assert.equal(line, each);
    else assert.match(line, each);
  }
}

test('a node is told of contracts by requests, and the latest of the same code hold', async () => {
  const node = createTestNode();
  const { trace } = await place(LEGACY, node);
  const add = (input: unknown, output: unknown): Promise<unknown> =>
    node.rpc('hardhat_addCompilationResult', '0.8.30', input, output);
  assert.deepEqual(await trace('plain', '1'), []);
  assert.equal(await add(LEGACY.input, { sources: {}, contracts: {} }), false);
  assert.equal(await add({}, { contracts: { 'All.sol': { Caller: { abi: [] } } } }), false);
  assert.equal(await add(LEGACY.input, LEGACY.output), true);
  compare(await trace('plain', '1'), ['reverted without a reason', at('Caller.plain', 'plain')]);

  // The metadata alone tell the code of a source from that of the same with another comment.
  const sources = { 'contracts/All.sol': { content: `\n\n${SOURCE}` } };
  assert.equal(await add({ ...LEGACY.input, sources }, shifted(LEGACY.output, 2)), true);
  const [, line = ''] = await trace('plain', '1');
  assert.match(line, new RegExp(`All\\.sol:${lineOf('plain') + 2}:`));
  const { message } = await node.fail('hardhat_addCompilationResult', '0.8.30', {});
  assert.match(message, /missing value for required argument 2 \(output\)/);
});

test('what is no entry of an ABI is left out, and failures are told all the same', async () => {
  const node = createTestNode();
  const { trace } = await place(LEGACY, node);
  const items: unknown[] = [
    null,
    5,
    {},
    { type: 'error', name: 5 },
    { type: 'error', name: 'E(', inputs: [] },
    { type: 'function', name: 'f', inputs: [null] },
    { type: 'error', name: 'E', inputs: [{ type: 'tuple', components: [{ type: 'a,b)' }] }] },
  ];
  const output = JSON.parse(JSON.stringify(LEGACY.output), (key, value) =>
    key === 'abi' ? [...items, ...value] : value,
  );
  const isKnown = await node.rpc('hardhat_addCompilationResult', '0.8.30', LEGACY.input, output);
  assert.equal(isKnown, true);
  compare(await trace('plain', '1'), ['reverted without a reason', at('Caller.plain', 'plain')]);
});

/** An output whose source maps begin so many bytes later. */
function shifted(output: object, by: number): unknown {
  return JSON.parse(JSON.stringify(output), (key, value) => {
    if (key !== 'sourceMap') return value;
    return value.replace(/(^|;)(\d+)(?=:|;|$)/g, (_: string, before: string, start: string) => {
      return `${before}${Number(start) + by}`;
    });
  });
}

test('inner functions, other contracts and every kind of reason are told', async () => {
  const { trace, callee, node } = await place(LEGACY);
  compare(await trace('outer', '11'), [
    "reverted with reason string 'ten änd more'",
    at('Caller.inner', 'inner', '9'),
    at('Caller.middle', 'middle', '16'),
    at('Caller.outer', 'outer', '16'),
  ]);
  compare(await trace('outer', '0'), [
    "reverted with reason string 'not positive'",
    at('Caller.positive', 'modifier'),
  ]);
  compare(await trace('outer', '7'), [
    /^reverted with custom error 'Refused\(0x[\da-fA-F]{40}, 7\)'$/,
    at('Callee.refuse', 'refused'),
    at('Caller.inner', 'call', '9'),
    at('Caller.middle', 'middle'),
    at('Caller.outer', 'outer'),
  ]);
  compare(await trace('outer', '1'), [
    'reverted with panic code 0x32 (an array index is out of bounds or negative)',
    at('Caller.inner', 'index', '16'),
    at('Caller.middle', 'middle'),
    at('Caller.outer', 'outer'),
  ]);
  compare(await trace('plain', '1'), ['reverted without a reason', at('Caller.plain', 'plain')]);
  compare(await trace('divide', '1', '0'), [
    'reverted with panic code 0x12 (division or modulo by zero)',
    at('Caller.divide', 'divide'),
  ]);
  const nobody = `0x${'00'.repeat(18)}beef`;
  compare(await trace('other', nobody, 'true'), [
    `called an account without code: ${nobody}`,
    at('Caller.other', 'nothing'),
  ]);
  compare(await trace('other', nobody, 'false'), [
    `called an account without code: ${nobody}`,
    at('Caller.other', 'value'),
  ]);
  compare(await trace('other', callee, 'true'), [
    /^the contract has no function with selector 0x[\da-f]{8} and no fallback$/,
    /^ {4}at Callee \(contracts\/All\.sol:10:1\)$/,
    at('Caller.other', 'nothing'),
  ]);
  compare(await trace('long'), [
    /^out of gas$/,
    /^ {4}at Callee\.loop \(contracts\/All\.sol:24:\d+\)$/,
    at('Caller.long', 'loop'),
  ]);
  compare(await trace('sum', '100'), [
    'reverted with panic code 0x11 (arithmetic overflow or underflow outside of an unchecked block)',
    /^ {4}at Sums\.add \(contracts\/All\.sol:6:16\)$/,
    at('Caller.sum', 'sum'),
  ]);
  const { bytecode } = LEGACY.contracts.Callee!.evm;
  const data = `0x${bytecode.object}${'0'.repeat(64)}`;
  const { message } = await node.fail('eth_estimateGas', { from: node.accounts[0], data });
  compare(message.split('\n'), [
    'execution reverted: least is zero',
    "reverted with reason string 'least is zero'",
    /^ {4}at Callee\.constructor \(contracts\/All\.sol:15:9\)$/,
  ]);
});

test('calls that do not fit their function are told', async () => {
  const { node, caller } = await place(LEGACY);
  const call = async (request: object): Promise<string[]> => {
    const { message, data } = await node.fail('eth_call', { to: caller, ...request }, 'latest');
    assert.equal(data, '0x');
    return message.split('\n').slice(1);
  };
  const plain = findFunction(LEGACY.contracts.Caller!.abi, 'plain', 1, 'Caller');
  const whole = `0x${Buffer.from(encodeCall(plain, ['0'])).toString('hex')}`;
  const definition = /^ {4}at Caller\.plain \(contracts\/All\.sol:\d+:5\)$/;
  const sent = { data: whole, value: '0x5', from: node.accounts[0] };
  compare(await call(sent), ['plain is not payable and was sent 5 wei', definition]);
  compare(await call({ data: whole.slice(0, 20) }), [
    'the data are no arguments of plain(uint256)',
    definition,
  ]);
  compare(await call({}), [
    'the contract has no receive function and was called without data',
    /^ {4}at Caller \(/,
  ]);
});

test('what an optimizer may have moved is said to be near', async () => {
  const optimized = await place(compile('optimized', { optimizer: { enabled: true, runs: 200 } }));
  const [reason, first] = await optimized.trace('outer', '11');
  assert.equal(reason, "reverted with reason string 'ten änd more'");
  assert.match(
    first ?? '',
    new RegExp(`at Caller\\.inner \\(near contracts/All\\.sol:${lineOf('inner')}:`),
  );
  const yul = await place(compile('yul', { viaIR: true, optimizer: { enabled: true } }));
  const lines = await yul.trace('outer', '7');
  assert.match(lines[0] ?? '', /^reverted with custom error 'Refused/);
  assert.equal(lines.length, 3);
  for (const line of lines.slice(1))
    assert.match(line, /^ {4}at \w+\.\w+ \(near contracts\/All\.sol/);
});

test('unknown contracts are said to be unknown, and what succeeds has no trace', async () => {
  const { node, caller } = await place(LEGACY);
  const unknown = `0x${'77'.repeat(20)}`;
  await node.rpc('anvil_setCode', unknown, '0x5f5ffd');
  const { message } = await node.fail('eth_call', { to: unknown }, 'latest');
  assert.equal(message.split('\n')[2], `    at <unknown contract> (${unknown})`);
  assert.match(await node.rpc('eth_call', { to: caller, data: '0x8cfd4fa5' }).catch(String), /./);
});

test('artifacts of other tools have the same information', async (context) => {
  const { contracts } = LEGACY;
  const solc = JSON.parse(JSON.stringify(contracts));
  const root = mkdtempSync(join(tmpdir(), 'lockstep-artifacts-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const write = (path: string, value: unknown): void => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), typeof value === 'string' ? value : JSON.stringify(value));
  };
  const output = {
    contracts: { 'contracts/All.sol': solc },
    sources: { 'contracts/All.sol': { id: 0 } },
  };
  const input = { sources: { 'project/contracts/All.sol': { content: SOURCE } } };
  const renamed = {
    contracts: { 'project/contracts/All.sol': solc },
    sources: { 'project/contracts/All.sol': { id: 0 } },
  };
  write('hardhat3/build-info/x.json', { input });
  write('hardhat3/build-info/x.output.json', { output: renamed });
  write('solc/contracts/All.sol', SOURCE);
  write('solc/out.json', output);
  write('foundry/contracts/All.sol', SOURCE);
  for (const name of ['Sums', 'Callee', 'Caller']) {
    const { abi, evm } = solc[name];
    const metadata = { settings: { compilationTarget: { 'contracts/All.sol': name } } };
    const { bytecode, deployedBytecode } = evm;
    write(`foundry/out/All.sol/${name}.json`, { abi, bytecode, deployedBytecode, metadata, id: 0 });
  }
  for (const own of ['hardhat3', 'solc/out.json', 'foundry/out']) {
    const { trace } = await place({ folder: join(root, own), contracts });
    compare(await trace('plain', '1'), ['reverted without a reason', at('Caller.plain', 'plain')]);
  }
  assert.throws(
    () => readArtifacts(join(root, 'solc', 'contracts')),
    /no contract with a source map/,
  );
  assert.throws(() => readArtifacts(join(root, 'nowhere')), /does not exist/);
});
