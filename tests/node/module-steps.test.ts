/** Frames of modules in traces: calls of the host as the opcodes that do the same. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { bytesToHex } from '../../src/base/bytes.ts';
import { encodeCall, findFunction, loadContract } from '../../src/languages/index.ts';
import { ENV_FUNCTIONS } from '../../src/vms/wasm/env/functions.ts';
import { hostCallOf } from '../../src/vms/wasm/env/operands.ts';
import { assembleModule } from '../../src/vms/wasm/index.ts';
import { createTestNode, type TestNode } from './support.ts';

const TOKENS = join(import.meta.dirname, '../../examples/erc20');
const CONTRACTS = join(import.meta.dirname, '../languages/contracts');
const BOB = '0x00000000000000000000000000000000000000b0';
/** Operands that must be the same in every language, by opcode. */
const SHOWN: Readonly<Record<string, number>> = { SLOAD: 1, SSTORE: 2 };

interface Log {
  readonly pc: number;
  readonly op: string;
  readonly gas: number;
  readonly gasCost: number;
  readonly depth: number;
  readonly stack: readonly string[];
  readonly storage?: object;
  readonly error?: string;
}

async function deploy(node: TestNode, folder: string, file: string) {
  const { contract } = await loadContract(join(folder, file));
  assert.ok(contract.kind === 'evm');
  const data = bytesToHex(contract.initCode as Uint8Array);
  const [from] = node.accounts;
  const hash = await node.rpc('eth_sendTransaction', { from, data, gas: '0xf00000' });
  const { contractAddress: to } = await node.rpc('eth_getTransactionReceipt', hash);
  const encode = (name: string, ...args: string[]): string =>
    bytesToHex(encodeCall(findFunction(contract.abi, name, args.length, name), args));
  return { to: to as string, encode };
}

async function logsOf(node: TestNode, to: string, data: string): Promise<Log[]> {
  const hash = await node.rpc('eth_sendTransaction', { from: node.accounts[0], to, data });
  const { structLogs } = await node.rpc('debug_traceTransaction', hash);
  return structLogs;
}

/** What of a trace does not depend on the language. */
const seen = (logs: readonly Log[]): object[] =>
  logs.flatMap(({ op, stack, storage }) => {
    const count = SHOWN[op];
    if (count === undefined) return [];
    return [{ op, operands: stack.slice(-count), storage }];
  });

test('a token as a module shows the same reads and writes as in Solidity', async () => {
  const [theirs, ours] = await Promise.all(
    ['Token.sol', 'token.ts'].map(async (file) => {
      const node = createTestNode();
      const { to, encode } = await deploy(node, TOKENS, file);
      const [from] = node.accounts;
      const data = encode('transfer', BOB, '1000');
      const list = await node.rpc('eth_createAccessList', { from, to, data });
      const logs = await logsOf(node, to, data);
      return { logs, slots: list.accessList[0].storageKeys };
    }),
  );
  assert.equal(seen(theirs?.logs ?? []).length, 4);
  assert.deepEqual(seen(ours?.logs ?? []), seen(theirs?.logs ?? []));
  assert.deepEqual(ours?.slots, theirs?.slots);
  const logs = ours?.logs ?? [];
  const event = logs.find(({ op }) => op === 'LOG3');
  assert.equal(event?.stack[0], BOB.replace(/^0x0+/, '0x'));
  assert.deepEqual([logs[0]?.op, logs.at(-1)?.op], ['CALLDATASIZE', 'RETURN']);
  // What is paid between two calls belongs to the first of them.
  for (const [at, log] of logs.slice(0, -1).entries()) {
    assert.equal(log.gas - log.gasCost, logs[at + 1]?.gas);
  }
});

test('a call of another contract has its frame between the steps of a module', async () => {
  const node = createTestNode();
  const token = await deploy(node, TOKENS, 'token.ts');
  for (const file of ['Relay.sol', 'relay.ts']) {
    const relay = await deploy(node, CONTRACTS, file);
    await node.rpc('eth_sendTransaction', {
      ...{ from: node.accounts[0], to: token.to, data: token.encode('transfer', relay.to, '50') },
    });
    const logs = await logsOf(node, relay.to, relay.encode('relay', token.to, BOB, '30'));
    const call = logs.findIndex(({ op }) => op === 'CALL');
    const { stack = [], depth } = logs[call] as Log;
    assert.equal(depth, 1);
    assert.equal(BigInt(stack.at(-2) ?? 0), BigInt(token.to));
    assert.deepEqual([logs[call + 1]?.op, logs[call + 1]?.depth], ['CALLDATASIZE', 2]);
    assert.equal(logs.at(-1)?.depth, 1);
    assert.equal(logs.filter((log) => log.op === 'SSTORE' && log.depth === 2).length, 2);
  }
});

test('a module that traps ends the list, and its last call did not fail', async () => {
  const node = createTestNode();
  const code = assembleModule(`(module (import "env" "getCaller" (func $caller (param i32)))
    (memory (export "memory") 1) (func (export "deploy"))
    (func (export "call") (call $caller (i32.const 0)) (unreachable)))`);
  await node.rpc('anvil_setCode', BOB, bytesToHex(code));
  const { structLogs, failed } = await node.rpc('debug_traceCall', { to: BOB }, 'latest');
  assert.deepEqual([structLogs.length, failed], [1, true]);
  assert.deepEqual([structLogs[0].op, structLogs[0].error], ['CALLER', undefined]);
});

test('every function of the host has the operands of its opcode', () => {
  const memory = Uint8Array.from({ length: 400 }, (_, at) => at & 255);
  const read = (at: number, size: number) =>
    at + size > memory.length ? undefined : memory.subarray(at, at + size);
  const operands = (name: string, ...args: number[]) => hostCallOf(name, args.map(BigInt), read);
  const word = (at: number, size = 32): bigint =>
    BigInt(bytesToHex(memory.subarray(at, at + size)));
  for (const [name, { params }] of ENV_FUNCTIONS) {
    assert.doesNotThrow(
      () =>
        hostCallOf(
          name,
          params.map(() => 1n),
          read,
        ),
      name,
    );
  }
  const at = { name: 'CREATE', stack: [7n, 5n, word(1)] };
  assert.deepEqual(operands('createContract', 1, 5, 7, 9, 11, 64, 0, 99), at);
  const salted = { name: 'CREATE2', stack: [word(64), ...at.stack] };
  assert.deepEqual(operands('createContract', 1, 5, 7, 9, 11, 64, 1, 99), salted);
  assert.deepEqual(operands('emitLogEvent', 3, 4, 1, 40, 0, 0, 0), {
    name: 'LOG1',
    stack: [word(40), 4n, 3n],
  });
  assert.deepEqual(operands('callContract', 9, 20, 60, 3, 4), {
    name: 'CALL',
    stack: [0n, 0n, 4n, 3n, word(60), word(20, 20), 9n],
  });
  const little = BigInt(bytesToHex(memory.slice(40, 72).reverse()));
  assert.deepEqual(operands('storageStoreLittleEndian', 0, 40).stack, [little, word(0)]);
  // What leaves the memory traps in the function.
  assert.deepEqual(operands('storageLoad', 390, 0).stack, [0n]);
  assert.deepEqual(operands('sha256', 3, 4, 0), { name: 'sha256', stack: [4n, 3n] });
});
