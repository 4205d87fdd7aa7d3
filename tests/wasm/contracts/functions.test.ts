/**
 * Each function of `env` against the opcode that does the same: a module and code of the EVM run at
 * one address in equal states, and give equal outputs, logs, writes and refunds. What the two paid
 * differs by the instructions around alone.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assemble } from '../../../src/vms/evm/index.ts';
import { ENV_FUNCTIONS, type EnvName } from '../../../src/vms/wasm/env/functions.ts';
import { CODED, contract, createWorld, PLAIN, runAt, WASM_CONTRACT, words } from './support.ts';

interface Pair {
  /** Body of `call`, which leaves its answer at 256. */
  readonly wasm: string;
  /** Code that leaves the answer on the stack, or with `isMemory` at 256. */
  readonly evm: string;
  /** Bytes of the answer; a word unless told. */
  readonly size?: number;
  readonly isMemory?: boolean;
  /** The module ends by itself. */
  readonly ends?: boolean;
}

const ACCOUNT_BYTES = 12;
/** Writes the account to 0, the words 7, 9 and 5 to 32, 64 and 96. */
const word = (at: number, value: number): string =>
  `(i32.store8 (i32.const ${at + 31}) (i32.const ${value}))`;
const account = (value: number): string => `(i32.store8 (i32.const 19) (i32.const ${value}))`;
const number = (name: EnvName): string => `(i64.store (i32.const 256) (call $${name}))`;
const size = (name: EnvName): string => `(i32.store (i32.const 256) (call $${name}))`;
/** A little-endian number at the start of a word, as the EVM's code would leave it. */
const little = (code: string, bytes: number): string =>
  `${Array.from({ length: bytes }, (_, i) => {
    return `${code} PUSH ${8 * i} SHR PUSH 255 AND PUSH ${256 + i} MSTORE8`;
  }).join(' ')}`;
const put = (name: EnvName): string => `(call $${name} (i32.const 256))`;
const putAccount = (name: EnvName): string => `(call $${name} (i32.const ${256 + ACCOUNT_BYTES}))`;
const at = (...places: number[]): string => places.map((each) => `(i32.const ${each})`).join(' ');
const P = BigInt(PLAIN).toString();
const C = BigInt(CODED).toString();
const flag = (text: string): string => `(i32.store8 (i32.const 287) ${text})`;
const CALL_GAS = 50_000;
/** The data of calls: the word 7 at 32. */
const called = `${account(0xb2)} ${word(32, 7)}`;

const PAIRS: Readonly<Record<EnvName, Pair>> = {
  getAddress: { wasm: putAccount('getAddress'), evm: 'ADDRESS' },
  getCaller: { wasm: putAccount('getCaller'), evm: 'CALLER' },
  getCallValue: { wasm: put('getCallValue'), evm: 'CALLVALUE' },
  getCallDataSize: {
    ...{ wasm: size('getCallDataSize'), evm: little('CALLDATASIZE', 4), isMemory: true },
  },
  callDataCopy: {
    wasm: `(call $callDataCopy ${at(256, 5, 80)})`,
    ...{ evm: 'PUSH 80 PUSH 5 PUSH 256 CALLDATACOPY', isMemory: true, size: 80 },
  },
  getGasLeft: {
    wasm: `(i32.store8 (i32.const 287) (i64.gt_u (call $getGasLeft) (i64.const 20000)))`,
    evm: 'PUSH 20000 GAS GT',
  },
  finish: {
    wasm: `${word(32, 7)} (call $finish ${at(32, 32)}) unreachable`,
    ...{ evm: 'PUSH 7 PUSH 0 MSTORE PUSH 32 PUSH 0 RETURN', ends: true },
  },
  revert: {
    wasm: `${word(32, 7)} (call $storageStore ${at(32, 32)}) (call $revert ${at(32, 32)})`,
    evm: 'PUSH 7 PUSH 7 SSTORE PUSH 7 PUSH 0 MSTORE PUSH 32 PUSH 0 REVERT',
    ends: true,
  },
  invalid: { wasm: '(call $invalid)', evm: 'INVALID', ends: true },
  getReturnDataSize: {
    wasm: `${called} (drop (call $callContract (i64.const ${CALL_GAS}) ${at(0, 64, 32, 32)}))
      ${size('getReturnDataSize')}`,
    evm: `PUSH 0 PUSH 0 PUSH 0 PUSH 0 PUSH 0 PUSH ${C} PUSH ${CALL_GAS} CALL POP
      ${little('RETURNDATASIZE', 4)}`,
    isMemory: true,
  },
  returnDataCopy: {
    // The identity, which returns what it is given.
    wasm: `${account(4)} ${word(32, 7)}
      (drop (call $callStatic (i64.const ${CALL_GAS}) ${at(0, 32, 32)}))
      (call $returnDataCopy ${at(256, 1, 31)})`,
    evm: `PUSH 7 PUSH 0 MSTORE PUSH 0 PUSH 0 PUSH 32 PUSH 0 PUSH 4 PUSH ${CALL_GAS} STATICCALL POP
      PUSH 31 PUSH 1 PUSH 256 RETURNDATACOPY`,
    isMemory: true,
  },
  getBlockHash: {
    wasm: `(i32.store8 (i32.const 320) (call $getBlockHash (i64.const 299) ${at(256)}))
      (i32.store8 (i32.const 321) (call $getBlockHash (i64.const 2) ${at(288)}))`,
    evm: `PUSH 299 BLOCKHASH PUSH 256 MSTORE PUSH 2 BLOCKHASH PUSH 288 MSTORE
      PUSH 1 PUSH 321 MSTORE8`,
    ...{ isMemory: true, size: 66 },
  },
  getBlockCoinbase: { wasm: putAccount('getBlockCoinbase'), evm: 'COINBASE' },
  getBlockPrevRandao: { wasm: put('getBlockPrevRandao'), evm: 'PREVRANDAO' },
  getBlockGasLimit: {
    ...{ wasm: number('getBlockGasLimit'), evm: little('GASLIMIT', 8), isMemory: true },
  },
  getBlockTimestamp: {
    ...{ wasm: number('getBlockTimestamp'), evm: little('TIMESTAMP', 8), isMemory: true },
  },
  getBlockNumber: {
    ...{ wasm: number('getBlockNumber'), evm: little('NUMBER', 8), isMemory: true },
  },
  getTxGasPrice: { wasm: put('getTxGasPrice'), evm: 'GASPRICE' },
  getTxOrigin: { wasm: putAccount('getTxOrigin'), evm: 'ORIGIN' },
  getBaseFee: { wasm: put('getBaseFee'), evm: 'BASEFEE' },
  getBlobBaseFee: { wasm: put('getBlobBaseFee'), evm: 'BLOBBASEFEE' },
  getChainId: { wasm: put('getChainId'), evm: 'CHAINID' },
  getExternalBalance: {
    ...{
      wasm: `${account(0xb1)} (call $getExternalBalance ${at(0, 256)})`,
      evm: `PUSH ${P} BALANCE`,
    },
  },
  getExternalCodeHash: {
    wasm: `${account(0xb2)} (call $getExternalCodeHash ${at(0, 256)})`,
    evm: `PUSH ${C} EXTCODEHASH`,
  },
  getExternalCodeSize: {
    wasm: `${account(0xb2)} (i32.store8 (i32.const 287) (call $getExternalCodeSize ${at(0)}))`,
    evm: `PUSH ${C} EXTCODESIZE`,
  },
  externalCodeCopy: {
    wasm: `${account(0xb2)} (call $externalCodeCopy ${at(0, 256, 1, 40)})`,
    ...{ evm: `PUSH 40 PUSH 1 PUSH 256 PUSH ${C} EXTCODECOPY`, isMemory: true, size: 40 },
  },
  getCodeSize: {
    // The codes differ, so each compares with what others see of it.
    wasm: `(call $getAddress ${at(0)})
      (i32.store8 (i32.const 287)
        (i32.eq (call $getCodeSize) (call $getExternalCodeSize ${at(0)})))`,
    evm: 'ADDRESS EXTCODESIZE CODESIZE EQ',
  },
  codeCopy: {
    wasm: `(call $codeCopy ${at(300, 0, 4)}) (i32.store8 (i32.const 287)
      (i32.eq (i32.load (i32.const 300)) (i32.const 0x6d736100)))`,
    evm: 'PUSH 1',
  },
  storageLoad: { wasm: `${word(32, 1)} (call $storageLoad ${at(32, 256)})`, evm: 'PUSH 1 SLOAD' },
  storageStore: {
    wasm: `${word(32, 1)} (call $storageStore ${at(32, 64)}) ${word(32, 2)} ${word(64, 9)}
      (call $storageStore ${at(32, 64)})`,
    evm: 'PUSH 0 PUSH 1 SSTORE PUSH 9 PUSH 2 SSTORE PUSH 0',
  },
  storageLoadLittleEndian: {
    wasm: `${word(32, 1)} (call $storageLoadLittleEndian ${at(32, 256)})`,
    ...{ evm: little('PUSH 1 SLOAD', 4), isMemory: true },
  },
  storageStoreLittleEndian: {
    wasm: `${word(32, 2)} (i32.store8 (i32.const 64) (i32.const 9))
      (call $storageStoreLittleEndian ${at(32, 64)})`,
    evm: 'PUSH 9 PUSH 2 SSTORE PUSH 0',
  },
  transientLoad: {
    wasm: `${word(32, 3)} ${word(64, 9)} (call $transientStore ${at(32, 64)})
      (call $transientLoad ${at(32, 256)})`,
    evm: 'PUSH 9 PUSH 3 TSTORE PUSH 3 TLOAD',
  },
  transientStore: {
    wasm: `${word(32, 3)} ${word(64, 9)} (call $transientStore ${at(32, 64)})
      ${word(32, 4)} (call $transientLoad ${at(32, 256)})`,
    evm: 'PUSH 9 PUSH 3 TSTORE PUSH 4 TLOAD',
  },
  callContract: {
    wasm: `${account(0xb1)} ${word(64, 9)}
      ${flag(`(call $callContract (i64.const ${CALL_GAS}) ${at(0, 64, 32, 32)})`)}`,
    evm: `PUSH 0 PUSH 0 PUSH 0 PUSH 0 PUSH 9 PUSH ${P} PUSH ${CALL_GAS} CALL ISZERO`,
  },
  callCode: {
    wasm: `${account(0xb2)} ${word(64, 9)}
      ${flag(`(call $callCode (i64.const ${CALL_GAS}) ${at(0, 64, 32, 32)})`)}`,
    evm: `PUSH 0 PUSH 0 PUSH 0 PUSH 0 PUSH 9 PUSH ${C} PUSH ${CALL_GAS} CALLCODE ISZERO`,
  },
  callDelegate: {
    wasm: `${account(0xb2)} ${flag(`(call $callDelegate (i64.const ${CALL_GAS}) ${at(0, 32, 32)})`)}`,
    evm: `PUSH 0 PUSH 0 PUSH 0 PUSH 0 PUSH ${C} PUSH ${CALL_GAS} DELEGATECALL ISZERO`,
  },
  callStatic: {
    wasm: `${account(0xb2)} ${flag(`(call $callStatic (i64.const ${CALL_GAS}) ${at(0, 32, 32)})`)}`,
    evm: `PUSH 0 PUSH 0 PUSH 0 PUSH 0 PUSH ${C} PUSH ${CALL_GAS} STATICCALL ISZERO`,
  },
  createContract: {
    // Init code of no bytes with the salt 5, then one that traps.
    wasm: `${word(96, 5)} (drop (call $createContract ${at(64, 0, 0, 0, 0, 96, 1, 268)}))
      (i32.store8 (i32.const 128) (i32.const 0xfe))
      (i32.store8 (i32.const 288) (call $createContract ${at(64, 128, 1, 0, 0, 96, 0, 400)}))`,
    evm: `PUSH 5 PUSH 0 PUSH 0 PUSH 0 CREATE2 PUSH 256 MSTORE
      PUSH 254 PUSH 0 MSTORE8 PUSH 1 PUSH 0 PUSH 0 CREATE ISZERO PUSH 288 MSTORE8`,
    ...{ isMemory: true, size: 33 },
  },
  selfDestruct: {
    ...{ wasm: `${account(0xb1)} (call $selfDestruct ${at(0)})`, evm: `PUSH ${P} SELFDESTRUCT` },
    ends: true,
  },
  emitLogEvent: {
    wasm: `${word(32, 7)} ${word(64, 9)} ${[0, 1, 2, 3, 4]
      .map((count) => `(call $emitLogEvent ${at(31 + count, 34, count, 32, 64, 96, 32)})`)
      .join(' ')}`,
    evm: `PUSH 7 PUSH 32 MSTORE PUSH 9 PUSH 64 MSTORE PUSH 34 PUSH 31 LOG0
      PUSH 7 PUSH 34 PUSH 32 LOG1 PUSH 9 PUSH 7 PUSH 34 PUSH 33 LOG2
      PUSH 0 PUSH 9 PUSH 7 PUSH 34 PUSH 34 LOG3 PUSH 7 PUSH 0 PUSH 9 PUSH 7 PUSH 34 PUSH 35 LOG4
      PUSH 0`,
  },
  keccak256: {
    wasm: `${word(32, 7)} (call $keccak256 ${at(31, 40, 256)})`,
    evm: 'PUSH 7 PUSH 32 MSTORE PUSH 40 PUSH 31 KECCAK256',
  },
  sha256: {
    wasm: `${word(32, 7)} (call $sha256 ${at(31, 40, 256)})`,
    evm: `PUSH 7 PUSH 32 MSTORE PUSH 32 PUSH 256 PUSH 40 PUSH 31 PUSH 2 PUSH ${CALL_GAS} STATICCALL`,
    isMemory: true,
  },
  addmod: {
    wasm: `${word(32, 7)} ${word(64, 9)} ${word(96, 5)} (call $addmod ${at(32, 64, 96, 256)})`,
    evm: 'PUSH 5 PUSH 9 PUSH 7 ADDMOD',
  },
  mulmod: {
    wasm: `${word(32, 7)} ${word(64, 9)} ${word(96, 5)} (call $mulmod ${at(32, 64, 96, 256)})`,
    evm: 'PUSH 5 PUSH 9 PUSH 7 MULMOD',
  },
  expmod: {
    // 7^9 is 40353607.
    wasm: `${word(32, 7)} ${word(64, 9)} ${word(96, 251)} (call $expmod ${at(32, 64, 96, 256)})`,
    evm: 'PUSH 251 PUSH 9 PUSH 7 EXP MOD',
  },
};

const ANSWER = 256;
/** What a module pays for its frame, 612, and for the instructions around. */
const AROUND_MAX = 650n;

for (const name of ENV_FUNCTIONS.keys()) {
  const { wasm, evm, isMemory = false, ends = false, size: bytes = 32 } = PAIRS[name as EnvName];
  test(`${name} does what its opcode does`, () => {
    const machine = createWorld();
    machine.state.setStorage(WASM_CONTRACT, 1n, 0x0807n);
    const end = ends ? '' : `(call $finish ${at(ANSWER, bytes)})`;
    const store = isMemory ? '' : `PUSH ${ANSWER} MSTORE`;
    const code = ends ? evm : `${evm} ${store} PUSH ${bytes} PUSH ${ANSWER} RETURN`;
    const options = { value: 17n, gas: 300_000n, data: words(3n, 1n << 255n) };
    const found = runAt(machine, WASM_CONTRACT, contract(`${wasm} ${end}`), options);
    const expected = runAt(machine, WASM_CONTRACT, assemble(code), options);
    assert.equal(found.status, expected.status, `${found.reason}`);
    assert.deepEqual(found.output, expected.output);
    assert.deepEqual(found.logs, expected.logs);
    assert.deepEqual(found.writes, expected.writes);
    assert.equal(found.gasRefund, expected.gasRefund);
    const more = found.gasUsed - expected.gasUsed;
    assert.ok(more >= 0n && more < AROUND_MAX, `${found.gasUsed}, ${expected.gasUsed}`);
  });
}
