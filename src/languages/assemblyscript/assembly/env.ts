/**
 * The functions of the host, module `env`. Pointers lead to addresses of 20 bytes and words of 32,
 * big-endian where they are numbers. `finish`, `revert` and `invalid` do not return.
 */

/* Frame and return data. */

@external('env', 'getAddress')
export declare function getAddress(result: usize): void;
@external('env', 'getCaller')
export declare function getCaller(result: usize): void;
@external('env', 'getCallValue')
export declare function getCallValue(result: usize): void;
@external('env', 'getCallDataSize')
export declare function getCallDataSize(): i32;
@external('env', 'callDataCopy')
export declare function callDataCopy(result: usize, offset: i32, length: i32): void;
@external('env', 'getGasLeft')
export declare function getGasLeft(): i64;
@external('env', 'finish')
export declare function finish(data: usize, length: i32): void;
@external('env', 'revert')
export declare function revert(data: usize, length: i32): void;
@external('env', 'invalid')
export declare function invalid(): void;
@external('env', 'getReturnDataSize')
export declare function getReturnDataSize(): i32;
@external('env', 'returnDataCopy')
export declare function returnDataCopy(result: usize, offset: i32, length: i32): void;

/* Block and transaction. */

@external('env', 'getBlockHash')
export declare function getBlockHash(number: i64, result: usize): i32;
@external('env', 'getBlockCoinbase')
export declare function getBlockCoinbase(result: usize): void;
@external('env', 'getBlockPrevRandao')
export declare function getBlockPrevRandao(result: usize): void;
@external('env', 'getBlockGasLimit')
export declare function getBlockGasLimit(): i64;
@external('env', 'getBlockTimestamp')
export declare function getBlockTimestamp(): i64;
@external('env', 'getBlockNumber')
export declare function getBlockNumber(): i64;
@external('env', 'getTxGasPrice')
export declare function getTxGasPrice(result: usize): void;
@external('env', 'getTxOrigin')
export declare function getTxOrigin(result: usize): void;
@external('env', 'getBaseFee')
export declare function getBaseFee(result: usize): void;
@external('env', 'getBlobBaseFee')
export declare function getBlobBaseFee(result: usize): void;
@external('env', 'getChainId')
export declare function getChainId(result: usize): void;

/* Accounts. */

@external('env', 'getExternalBalance')
export declare function getExternalBalance(address: usize, result: usize): void;
@external('env', 'getExternalCodeHash')
export declare function getExternalCodeHash(address: usize, result: usize): void;
@external('env', 'getExternalCodeSize')
export declare function getExternalCodeSize(address: usize): i32;
@external('env', 'externalCodeCopy')
export declare function externalCodeCopy(
  address: usize,
  result: usize,
  offset: i32,
  length: i32,
): void;
@external('env', 'getCodeSize')
export declare function getCodeSize(): i32;
@external('env', 'codeCopy')
export declare function codeCopy(result: usize, offset: i32, length: i32): void;

/* Storage. */

@external('env', 'storageLoad')
export declare function storageLoad(key: usize, result: usize): void;
@external('env', 'storageStore')
export declare function storageStore(key: usize, value: usize): void;
@external('env', 'storageLoadLittleEndian')
export declare function storageLoadLittleEndian(key: usize, result: usize): void;
@external('env', 'storageStoreLittleEndian')
export declare function storageStoreLittleEndian(key: usize, value: usize): void;
@external('env', 'transientLoad')
export declare function transientLoad(key: usize, result: usize): void;
@external('env', 'transientStore')
export declare function transientStore(key: usize, value: usize): void;

/* Calls, whose result is 0 for success. */

@external('env', 'callContract')
export declare function callContract(
  gas: i64,
  address: usize,
  value: usize,
  data: usize,
  length: i32,
): i32;
@external('env', 'callCode')
export declare function callCode(
  gas: i64,
  address: usize,
  value: usize,
  data: usize,
  length: i32,
): i32;
@external('env', 'callDelegate')
export declare function callDelegate(gas: i64, address: usize, data: usize, length: i32): i32;
@external('env', 'callStatic')
export declare function callStatic(gas: i64, address: usize, data: usize, length: i32): i32;
@external('env', 'createContract')
export declare function createContract(
  value: usize,
  code: usize,
  codeLength: i32,
  data: usize,
  length: i32,
  salt: usize,
  isCreate2: i32,
  result: usize,
): i32;
@external('env', 'selfDestruct')
export declare function selfDestruct(heir: usize): void;

/* Logs, hashing, arithmetic. */

@external('env', 'emitLogEvent')
export declare function emitLogEvent(
  data: usize,
  length: i32,
  topicCount: i32,
  topic1: usize,
  topic2: usize,
  topic3: usize,
  topic4: usize,
): void;
@external('env', 'keccak256')
export declare function keccak256(data: usize, length: i32, result: usize): void;
@external('env', 'sha256')
export declare function sha256(data: usize, length: i32, result: usize): void;
@external('env', 'addmod')
export declare function addmod(a: usize, b: usize, n: usize, result: usize): void;
@external('env', 'mulmod')
export declare function mulmod(a: usize, b: usize, n: usize, result: usize): void;
@external('env', 'expmod')
export declare function expmod(a: usize, b: usize, n: usize, result: usize): void;
