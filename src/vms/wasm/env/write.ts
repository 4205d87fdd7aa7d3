/**
 * What the host functions of `functions.ts` do, in operations of dMIR: each is a closed function of
 * the module. State, logs and hashes are operations; what concerns other accounts suspends as the
 * EVM's opcodes do, with the same operands, so that the one host answers both.
 */
import type { FuncBuilder } from '../../../dmir/builder.ts';
import { FRAME_REGIONS, FRAME_WORDS } from '../../../dmir/host.ts';
import type { RegId } from '../../../dmir/ir.ts';
import { ENV_FUNCTIONS, type EnvName } from './functions.ts';
import { WASI_FUNCTIONS, writeWasi } from './wasi.ts';
import { ENDED, type EnvAbi, EnvWriter, type Write } from './writer.ts';

const { memory: MEMORY, input: INPUT, returnData: RETURN_DATA } = FRAME_REGIONS;
const TOPICS_MAX = 4;
/** Squarings and products of `expmod` for a bit of the exponent, at the price of MULMOD. */
const EXPMOD_BIT = 16n;

/** A word of the frame or the environment, written to memory. */
function put(read: (env: EnvWriter) => RegId, isAccount = false): Write {
  return (env, target) => {
    if (isAccount) env.putAccount(target as RegId, read(env));
    else env.putWord(target as RegId, read(env));
    return undefined;
  };
}

function number(opcode: string): Write {
  return (env) => env.op('trunc', 'i64', env.envWord(opcode));
}

function load(space: string, write?: 'store'): Write {
  return (env, key, target) => {
    const args = [env.word(key as RegId)];
    const [value] = env.inst('cell_load', { type: 'i256', imm: space, args });
    env.putWord(target as RegId, value as RegId, write);
    return undefined;
  };
}

function store(space: string, read?: 'load'): Write {
  return (env, key, value) => {
    const args = [env.word(key as RegId), env.word(value as RegId, read)];
    env.inst('cell_store', { type: 'i256', imm: space, args });
    return undefined;
  };
}

/** A call: with a value, or with that of the frame or none. The output is not copied. */
function call(host: string, hasValue: boolean): Write {
  return (env, gas, address, ...rest) => {
    const value = hasValue ? [env.word(rest.shift() as RegId)] : [];
    const target = env.account(address as RegId);
    const [data, length] = rest as [RegId, RegId];
    const range = env.range(data, length);
    const limit = env.op('zext', 'i256', gas as RegId);
    return env.failed(env.ask(host, [limit, target, ...value, ...range, 0n, 0n]));
  };
}

const create: Write = (env, ...args) => {
  const [value, code, codeLength, data, dataLength, salt, isSalted, result] = args as [
    ...[RegId, RegId, RegId, RegId, RegId, RegId, RegId, RegId],
  ];
  const operands = [
    env.word(value),
    ...env.range(code, codeLength),
    ...env.range(data, dataLength),
  ];
  const join = env.newBlock();
  env.branch(
    env.op('ne', 'i32', isSalted, 0n),
    () => {
      if (!env.charge('CREATE2')) env.trap('invalid-opcode');
      else env.goTo(join, env.ask('create2_joined', [...operands, env.word(salt)]));
    },
    () => {
      env.charge('CREATE');
      env.goTo(join, env.ask('create_joined', operands));
    },
  );
  const [address] = env.begin(join, ['i256']) as [RegId];
  env.putAccount(result, address);
  return env.failed(address);
};

const log: Write = (env, data, length, count, ...topics) => {
  const ways = Array.from({ length: TOPICS_MAX + 2 }, () => env.newBlock());
  const join = env.newBlock();
  const place = env.wide(count as RegId);
  env.end('br_table', { type: 'i64', args: [place], targets: ways.map((way) => [way]) });
  for (const [topicCount, way] of ways.entries()) {
    env.begin(way);
    if (topicCount > TOPICS_MAX) {
      env.trap('invalid-opcode');
      continue;
    }
    env.charge(`LOG${topicCount}`);
    const words = topics.slice(0, topicCount).map((topic) => env.word(topic));
    const args = [data, length].map((each) => env.wide(each as RegId));
    env.inst('log', { type: 'i64', imm: MEMORY, args: [...args, ...words] });
    env.goTo(join);
  }
  env.begin(join);
  return undefined;
};

function modular(op: 'addmod' | 'mulmod'): Write {
  return (env, ...args) => {
    const [a, b, n, target] = args as [RegId, RegId, RegId, RegId];
    env.putWord(target, env.op(op, 'i256', env.word(a), env.word(b), env.word(n)));
    return undefined;
  };
}

/** Squares and multiplies, from the exponent's lowest bit. */
const power: Write = (env, ...args) => {
  const [a, b, n, target] = args as [RegId, RegId, RegId, RegId];
  const modulus = env.word(n);
  const bits = env.op('sub', 'i256', 256n, env.op('clz', 'i256', env.word(b)));
  env.inst('charge_dyn', { type: 'i256', args: [env.op('mul', 'i256', bits, EXPMOD_BIT)] });
  const [head, body, done] = [env.newBlock(), env.newBlock(), env.newBlock()];
  env.goTo(head, env.op('addmod', 'i256', 1n, 0n, modulus), env.word(a), env.word(b));
  const [result, base, rest] = env.begin(head, ['i256', 'i256', 'i256']) as [RegId, RegId, RegId];
  const isDone = env.op('iszero', 'i256', rest);
  env.end('br_if', { args: [isDone], targets: [[done], [body]] });
  env.begin(body);
  const product = env.op('mulmod', 'i256', result, base, modulus);
  const isOdd = env.op('trunc', 'i1', rest);
  env.goTo(
    head,
    env.op('select', 'i256', isOdd, product, result),
    env.op('mulmod', 'i256', base, base, modulus),
    env.op('ushr', 'i256', rest, 1n),
  );
  env.begin(done);
  env.putWord(target, result);
  return undefined;
};

/** A hash of a range: by an operation, or by the host. */
function hash(read: (env: EnvWriter, data: RegId, length: RegId) => RegId): Write {
  return (env, data, length, target) => {
    env.putWord(target as RegId, read(env, data as RegId, length as RegId));
    return undefined;
  };
}

function copyCode(host: string): Write {
  return (env, ...args) => {
    const [target, offset, length] = args.slice(-3) as [RegId, RegId, RegId];
    const account = args.length > 3 ? [env.account(args[0] as RegId)] : [];
    const [to, size] = env.range(target, length);
    env.tell(host, [...account, to, env.op('zext', 'i256', offset), size]);
    return undefined;
  };
}

/** What another account says of itself, as a word. */
function askAccount(host: string): Write {
  return (env, address, target) => {
    env.putWord(target as RegId, env.ask(host, [env.account(address as RegId)]));
    return undefined;
  };
}

function output(op: 'finish' | 'revert'): Write {
  return (env, data, length) => {
    const args = [data, length].map((each) => env.wide(each as RegId));
    return env.end(op, { type: 'i64', imm: MEMORY, args });
  };
}

const WRITES: Readonly<Record<EnvName, Write>> = {
  getAddress: put((env) => env.frameWord(FRAME_WORDS.self), true),
  getCaller: put((env) => env.frameWord(FRAME_WORDS.caller), true),
  getCallValue: put((env) => env.frameWord(FRAME_WORDS.value)),
  getCallDataSize: (env) => env.size(INPUT),
  callDataCopy: (env, ...args) => {
    env.copyFrom(INPUT, ...(args as [RegId, RegId, RegId]));
    return undefined;
  },
  getGasLeft: (env) => env.inst('gas_left', { type: 'i64' })[0],
  finish: output('finish'),
  revert: output('revert'),
  invalid: (env) => env.trap('invalid-opcode'),
  getReturnDataSize: (env) => env.size(RETURN_DATA),
  returnDataCopy: (env, ...args) => {
    const [target, offset, length] = args as [RegId, RegId, RegId];
    // A read past the end traps even where nothing is copied (EIP-211).
    const end = env.op('add', 'i64', env.wide(offset), env.wide(length));
    const [bytes] = env.inst('mem_size', { type: 'i64', imm: RETURN_DATA });
    env.trapIf(env.op('ugt', 'i64', end, bytes as RegId), 'out-of-bounds');
    env.copyFrom(RETURN_DATA, target, offset, length);
    return undefined;
  },
  getBlockHash: (env, block, target) => {
    const word = env.ask('blockhash', [env.op('zext', 'i256', block as RegId)]);
    env.putWord(target as RegId, word);
    return env.failed(word);
  },
  getBlockCoinbase: put((env) => env.envWord('COINBASE'), true),
  getBlockPrevRandao: put((env) => env.envWord('PREVRANDAO')),
  getBlockGasLimit: number('GASLIMIT'),
  getBlockTimestamp: number('TIMESTAMP'),
  getBlockNumber: number('NUMBER'),
  getTxGasPrice: put((env) => env.envWord('GASPRICE')),
  getTxOrigin: put((env) => env.envWord('ORIGIN'), true),
  getBaseFee: put((env) => env.envWord('BASEFEE')),
  getBlobBaseFee: put((env) => env.envWord('BLOBBASEFEE')),
  getChainId: put((env) => env.envWord('CHAINID')),
  getExternalBalance: askAccount('balance'),
  getExternalCodeHash: askAccount('extcodehash'),
  getExternalCodeSize: (env, address) => {
    const size = env.ask('extcodesize', [env.account(address as RegId)]);
    return env.op('trunc', 'i32', size);
  },
  externalCodeCopy: copyCode('extcodecopy'),
  getCodeSize: (env) => env.op('trunc', 'i32', env.frameWord(FRAME_WORDS.codeLength)),
  codeCopy: copyCode('own_code'),
  storageLoad: load('slot'),
  storageStore: store('slot'),
  storageLoadLittleEndian: load('slot', 'store'),
  storageStoreLittleEndian: store('slot', 'load'),
  transientLoad: load('transient'),
  transientStore: store('transient'),
  callContract: call('call', true),
  callCode: call('callcode', true),
  callDelegate: call('delegatecall', false),
  callStatic: call('staticcall', false),
  createContract: create,
  selfDestruct: (env, address) => {
    env.tell('selfdestruct', [env.account(address as RegId)]);
    return env.end('stop');
  },
  emitLogEvent: log,
  keccak256: hash((env, data, length) => {
    const args = [env.wide(data), env.wide(length)];
    return env.inst('keccak256', { type: 'i64', imm: MEMORY, args })[0] as RegId;
  }),
  sha256: hash((env, data, length) => env.ask('sha256_range', env.range(data, length))),
  addmod: modular('addmod'),
  mulmod: modular('mulmod'),
  expmod: power,
};

/** Functions that charge by themselves, because what they cost depends on an argument. */
const CHARGES_ITSELF: ReadonlySet<EnvName> = new Set(['createContract', 'emitLogEvent']);

/** Writes the function of a module and a name into an empty closed one with its parameters. */
export function writeImport(
  builder: FuncBuilder,
  name: string,
  isWasi: boolean,
  abi: EnvAbi,
): void {
  const env = new EnvWriter(builder, abi);
  const args = env.begin(0, builder.func.params);
  const row = isWasi ? WASI_FUNCTIONS.get(name) : undefined;
  if (row === undefined) writeEnv(env, name as EnvName, args);
  else writeWasi(env, row, args);
}

function writeEnv(env: EnvWriter, name: EnvName, args: readonly RegId[]): void {
  const { opcode } = ENV_FUNCTIONS.get(name) as { opcode: string };
  if (!CHARGES_ITSELF.has(name) && !env.charge(opcode)) {
    env.trap('invalid-opcode');
    return;
  }
  const result = WRITES[name](env, ...args);
  if (result === ENDED) return;
  env.end('return', { args: result === undefined ? [] : [result] });
}
