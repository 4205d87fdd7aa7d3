/**
 * Methods of development nodes, under the names that anvil, Hardhat and others have for them. Where
 * those disagree it is as with anvil.
 */
import { bytesToHex, concatBytes } from '../../base/bytes.ts';
import { bigintToBytes32, bytesToBigint } from '../../base/u256.ts';
import type { PooledTransaction } from '../../chain/dev/pool.ts';
import { dumpState, loadState } from '../dump.ts';
import { setTokenSlot } from '../execution/token-slot.ts';
import type { ForkOptions } from '../fork/fork.ts';
import { blockToJson } from '../format/block.ts';
import type { Node } from '../node.ts';
import { invalidParams, serverError } from '../rpc/errors.ts';
import { type Method, method, param } from '../rpc/method.ts';
import { callRequest } from '../rpc/requests.ts';
import * as t from '../rpc/types.ts';
import { fillTransaction, readRaw, sign } from '../sending.ts';
import { walletOfKey } from '../wallets.ts';
import { names } from './names.ts';

const address = param('address', t.address);
const amount = param('amount', t.number);
const seconds = param('seconds', t.number);
const flag = param('isEnabled', t.boolean);
const NULL = { type: 'null' } as const;
const BOOLEAN = t.boolean.schema;
const MINED_MAX = 1n << 40n;
const SECONDS_MAX = 1n << 62n;

// ---- accounts

const ACCOUNTS: Method[][] = [
  method(
    [...names('anvil hardhat tenderly', 'setBalance'), 'evm_setAccountBalance'],
    'Sets the balance of an account.',
    [param('address', t.either(t.address, t.array(t.address))), amount],
    NULL,
    (node, [owners, balance]) => {
      const list = owners instanceof Uint8Array ? [owners] : owners;
      node.dev.amend((view) => {
        for (const owner of list) view.setBalance(owner, balance);
      });
      return null;
    },
  ),
  method(
    names('anvil hardhat tenderly', 'addBalance'),
    'Adds to the balance of an account.',
    [param('address', t.either(t.address, t.array(t.address))), amount],
    NULL,
    (node, [owners, added]) => {
      const list = owners instanceof Uint8Array ? [owners] : owners;
      node.dev.amend((view) => {
        for (const owner of list)
          view.setBalance(owner, (view.getBalance(owner) as bigint) + added);
      });
      return null;
    },
  ),
  method(
    [...names('anvil hardhat', 'setNonce'), 'evm_setAccountNonce'],
    'Sets the nonce of an account.',
    [address, param('nonce', t.number)],
    NULL,
    (node, [owner, nonce]) => {
      node.dev.amend((view) => view.setNonce(owner, nonce));
      return null;
    },
  ),
  method(
    [...names('anvil hardhat', 'setCode'), 'evm_setAccountCode'],
    'Sets the code of an account.',
    [address, param('code', t.data)],
    NULL,
    (node, [owner, code]) => {
      node.dev.amend((view) => view.setCode(owner, code));
      return null;
    },
  ),
  method(
    [...names('anvil hardhat tenderly', 'setStorageAt'), 'evm_setAccountStorageAt'],
    'Sets a slot of an account.',
    [address, param('slot', t.storageKey), param('value', t.data)],
    BOOLEAN,
    (node, [owner, slot, value]) => {
      node.dev.amend((view) => view.setSlot(owner, slot, bytesToBigint(value)));
      return true;
    },
  ),
  method(
    names('anvil', 'dealERC20', 'dealErc20'),
    'Gives an account tokens, by the slot that its balance is in.',
    [address, param('token', t.address), amount],
    NULL,
    (node, [owner, token, balance]) => {
      setTokenSlot(node, token, {
        signature: 'balanceOf(address)',
        owners: [owner],
        value: balance,
      });
      return null;
    },
  ),
  method(
    names('anvil', 'setERC20Allowance', 'setErc20Allowance'),
    'Lets an account spend tokens of another.',
    [param('owner', t.address), param('spender', t.address), param('token', t.address), amount],
    NULL,
    (node, [owner, spender, token, value]) => {
      setTokenSlot(node, token, {
        signature: 'allowance(address,address)',
        owners: [owner, spender],
        value,
      });
      return null;
    },
  ),
  method(
    names('anvil hardhat', 'impersonateAccount'),
    'Acts for an account without its key.',
    [address],
    NULL,
    (node, [owner]) => {
      node.wallets.impersonate(owner);
      return null;
    },
  ),
  method(
    names('anvil hardhat', 'stopImpersonatingAccount'),
    'Acts for an account only with its key again.',
    [address],
    NULL,
    (node, [owner]) => {
      node.wallets.stopImpersonating(owner);
      return null;
    },
  ),
  method(
    names('anvil hardhat', 'autoImpersonateAccount'),
    'Acts for every account, or no longer.',
    [flag],
    NULL,
    (node, [isOn]) => {
      node.wallets.isImpersonatingAll = isOn;
      return null;
    },
  ),
  method(
    ['evm_addAccount', 'personal_importRawKey'],
    'Adds an account by its key.',
    [param('privateKey', t.word), param('password', t.optional(t.text))],
    t.address.schema,
    (node, [privateKey]) => {
      const wallet = walletOfKey(privateKey);
      node.wallets.add(wallet);
      return bytesToHex(wallet.address);
    },
  ),
  method(
    'evm_removeAccount',
    'Forgets the key of an account.',
    [address, param('password', t.optional(t.text))],
    BOOLEAN,
    (node, [owner]) => node.wallets.remove(owner),
  ),
  method(
    'personal_newAccount',
    'Adds an account; its key follows from the chain and the count of accounts.',
    [param('password', t.optional(t.text))],
    t.address.schema,
    (node) => {
      const count = bigintToBytes32(BigInt(node.wallets.list().length), 'the count');
      const wallet = walletOfKey(node.chain.keccak256(concatBytes(node.chain.genesis.hash, count)));
      node.wallets.add(wallet);
      return bytesToHex(wallet.address);
    },
  ),
  method(
    ['personal_unlockAccount'],
    'Whether the node signs for an account: none is ever locked.',
    [address, param('password', t.optional(t.text)), param('seconds', t.optional(t.number))],
    BOOLEAN,
    (node, [owner]) => node.wallets.get(owner) !== undefined,
  ),
];

// ---- mining

const minedOption = t.either(
  t.number,
  t.object({ timestamp: t.optional(t.number), blocks: t.optional(t.number) }),
);

function mineByOption(node: Node, option: t.TypeOf<typeof minedOption> | undefined): bigint {
  const before = node.head.block.header.number;
  const { timestamp, blocks = 1n } =
    typeof option === 'bigint' ? { timestamp: option } : (option ?? {});
  if (timestamp !== undefined) setNextTime(node, timestamp);
  mine(node, blocks);
  return node.head.block.header.number - before;
}

/** @param interval - Seconds between blocks; 0 leaves it to the clock, as with anvil. */
function mine(node: Node, count: bigint, interval?: bigint): void {
  if (count > MINED_MAX) throw invalidParams(`${count} blocks, at most ${MINED_MAX}`);
  node.dev.mine(count, interval === 0n ? undefined : interval);
}

const MINING: Method[][] = [
  method(
    'evm_mine',
    'Mines a block, at a time where one is given.',
    [param('option', t.optional(minedOption))],
    t.quantity.schema,
    (node, [option]) => {
      mineByOption(node, option);
      return '0x0';
    },
  ),
  method(
    ['evm_mine_detailed', 'anvil_mine_detailed'],
    'Mines blocks and answers them with their transactions.',
    [param('option', t.optional(minedOption))],
    { type: 'array' },
    (node, [option]) => {
      const count = mineByOption(node, option);
      const { number } = node.head.block.header;
      const first = number - (count < 1000n ? count : 1000n) + 1n;
      return [...node.chain.between(first, number)].map((entry) => blockToJson(entry, true));
    },
  ),
  method(
    names('anvil hardhat', 'mine'),
    'Mines blocks; many empty ones cost what one costs.',
    [param('count', t.optional(t.number)), param('interval', t.optional(t.number))],
    NULL,
    (node, [count = 1n, interval]) => {
      mine(node, count, interval);
      return null;
    },
  ),
  method(
    [...names('anvil evm', 'setAutomine')],
    'Sets whether transactions are mined as they come.',
    [flag],
    NULL,
    (node, [isOn]) => {
      node.setAutomine(isOn);
      return null;
    },
  ),
  method(
    names('anvil hardhat', 'getAutomine'),
    'Whether transactions are mined as they come.',
    [],
    BOOLEAN,
    (node) => node.dev.isAutomining,
  ),
  method(
    ['miner_start'],
    'Mines transactions as they come.',
    [param('threads', t.optional(t.number))],
    NULL,
    (node) => {
      node.setAutomine(true);
      return null;
    },
  ),
  method(['miner_stop'], 'Mines only when told.', [], NULL, (node) => {
    node.setAutomine(false);
    return null;
  }),
  method(
    [...names('anvil evm', 'setIntervalMining'), 'hardhat_intervalMine'],
    'Mines a block every so many seconds, and no more as transactions come; 0 for never.',
    [param('seconds', t.optional(t.number))],
    NULL,
    (node, [each = 0n]) => {
      if (each > 1_000_000n) throw invalidParams(`${each} seconds, at most 1000000`);
      node.setIntervalMining(Number(each));
      return null;
    },
  ),
  method(
    'anvil_getIntervalMining',
    'After how many seconds a block comes by itself; null for never.',
    [],
    { type: ['integer', 'null'] },
    (node) => node.settings.blockTime || null,
  ),
  method(
    [...names('anvil evm', 'setBlockGasLimit')],
    'Sets the gas limit of new blocks.',
    [amount],
    BOOLEAN,
    (node, [limit]) => {
      if (limit > (1n << 63n) - 1n) throw invalidParams('a gas limit has at most 63 bits');
      node.dev.gasLimit = limit;
      return true;
    },
  ),
  method(
    names('anvil hardhat', 'setCoinbase'),
    'Sets who receives the fees of new blocks.',
    [address],
    NULL,
    (node, [owner]) => {
      node.dev.coinbase = owner;
      return null;
    },
  ),
  method(
    names('anvil hardhat', 'setMinGasPrice'),
    'Sets what a transaction offers for a unit of gas unless told.',
    [amount],
    NULL,
    (node, [price]) => {
      node.settings.gasPrice = price;
      return null;
    },
  ),
  method(
    names('anvil hardhat', 'setNextBlockBaseFeePerGas'),
    'Sets the base fee of the next block.',
    [amount],
    NULL,
    (node, [baseFeePerGas]) => {
      node.dev.setNext({ baseFeePerGas });
      return null;
    },
  ),
  method(
    ['hardhat_setPrevRandao', 'anvil_setNextBlockPrevRandao', 'anvil_setPrevRandao'],
    'Sets PREVRANDAO of the next block.',
    [param('value', t.data)],
    NULL,
    (node, [value]) => {
      node.dev.setNext({ mixHash: bigintToBytes32(bytesToBigint(value), 'the value') });
      return null;
    },
  ),
];

// ---- time

function requireSeconds(value: bigint): bigint {
  if (value <= SECONDS_MAX) return value;
  throw invalidParams(`${value} seconds are too many`);
}

function setNextTime(node: Node, time: bigint): void {
  const { timestamp } = node.head.block.header;
  if (requireSeconds(time) <= timestamp) {
    const text = `${time} is lower than or equal to previous block's timestamp`;
    throw invalidParams(`Timestamp error: ${text} (${timestamp})`);
  }
  node.dev.adjustClock((clock) => clock.setNext(time));
}

const TIME: Method[][] = [
  method(
    names('anvil evm', 'increaseTime'),
    'Moves the time of the next block on.',
    [seconds],
    { type: 'integer' },
    (node, [more]) => {
      node.dev.adjustClock((clock) => clock.advance(requireSeconds(more)));
      return Number(more);
    },
  ),
  method(
    [...names('anvil evm', 'setTime')],
    'Sets what time it is.',
    [seconds],
    { type: 'integer' },
    (node, [time]) => {
      const { timestamp } = node.head.block.header;
      const before = node.dev.clock.now(timestamp);
      node.dev.adjustClock((clock) => clock.set(requireSeconds(time), timestamp));
      return Number(time - before);
    },
  ),
  method(
    [...names('anvil evm', 'setNextBlockTimestamp')],
    'Sets the time of the next block.',
    [seconds],
    NULL,
    (node, [time]) => {
      setNextTime(node, time);
      return null;
    },
  ),
  method(
    names('anvil', 'setBlockTimestampInterval'),
    'Sets how many seconds pass between blocks.',
    [seconds],
    NULL,
    (node, [each]) => {
      if (each < 1n) throw invalidParams('a block is at least a second after its parent');
      node.dev.adjustClock((clock) => {
        clock.interval = requireSeconds(each);
      });
      return null;
    },
  ),
  method(
    names('anvil', 'removeBlockTimestampInterval'),
    'Lets time pass between blocks as it does by itself.',
    [],
    BOOLEAN,
    (node) => {
      const { interval } = node.dev.clock;
      node.dev.adjustClock((clock) => {
        clock.interval = undefined;
      });
      return interval !== undefined;
    },
  ),
  method(
    names('anvil', 'getGenesisTime'),
    'The time of the genesis.',
    [],
    { type: 'integer' },
    (node) => Number(node.chain.genesis.block.header.timestamp),
  ),
];

// ---- going back

const reorgPair = t.array(t.json, 2);

function reorgBlocks(
  node: Node,
  depth: bigint,
  pairs: readonly unknown[][],
): Map<number, PooledTransaction[]> {
  const blocks = new Map<number, PooledTransaction[]>();
  for (const [index, [transaction, place]] of pairs.entries()) {
    const at = Number(t.number.read(place, `[${index}][1]`));
    if (at >= Number(depth)) throw invalidParams(`block ${at} is not within a depth of ${depth}`);
    const list = blocks.get(at) ?? [];
    list.push(reorgTransaction(node, transaction, `[${index}][0]`));
    blocks.set(at, list);
  }
  return blocks;
}

function reorgTransaction(node: Node, value: unknown, path: string): PooledTransaction {
  if (typeof value === 'string') return readRaw(node, t.data.read(value, path));
  const request = callRequest.read(value, path);
  const sender = request.from ?? node.wallets.list()[0]?.address;
  if (sender === undefined) throw invalidParams('missing value for required field from');
  const transaction = sign(node, fillTransaction(node, request, sender), sender);
  return node.pooled(transaction, sender);
}

function requireDepth(node: Node, depth: bigint): bigint {
  const most = node.head.block.header.number - node.numberOf('earliest');
  if (depth <= most) return depth;
  throw serverError(`depth ${depth} is greater than the number of blocks ${most}`);
}

/** viem asks for NaN where no block is named, which is null once it is JSON. */
const forkNumber: t.Type<bigint | undefined> = {
  schema: t.number.schema,
  read: (value, path) => (Number.isNaN(value) ? undefined : t.optional(t.number).read(value, path)),
};

const forking: t.Type<Pick<ForkOptions, 'url' | 'blockNumber'>> = {
  schema: {
    type: 'object',
    properties: { jsonRpcUrl: { type: 'string' }, blockNumber: t.number.schema },
  },
  read(value, path) {
    const { jsonRpcUrl: url, blockNumber } = t
      .object({ jsonRpcUrl: t.optional(t.text), blockNumber: t.optional(forkNumber) })
      .read(value, path);
    return {
      ...(url === undefined ? {} : { url }),
      ...(blockNumber === undefined ? {} : { blockNumber }),
    };
  },
};

/** What is forked next: as before where nothing else is said, but the latest block. */
function nextFork(node: Node, asked: Pick<ForkOptions, 'url' | 'blockNumber'>): ForkOptions {
  const { blockNumber, transactionHash, request, chainId, ...rest } = node.fork?.options ?? {};
  const remote = {
    ...(request === undefined ? {} : { request }),
    ...(chainId === undefined ? {} : { chainId }),
  };
  return { ...rest, ...(asked.url === undefined ? remote : {}), ...asked };
}

const BACK: Method[][] = [
  method(names('anvil evm', 'snapshot'), 'Marks the whole chain.', [], t.quantity.schema, (node) =>
    t.toQuantity(node.dev.snapshot()),
  ),
  method(
    names('anvil evm', 'revert'),
    'Goes back to a mark, which is spent with all later ones.',
    [param('id', t.number)],
    BOOLEAN,
    (node, [id]) => node.dev.revert(Number(id)),
  ),
  method(
    'anvil_rollback',
    'Takes the last blocks off the chain.',
    [param('depth', t.optional(t.number))],
    NULL,
    (node, [depth = 1n]) => {
      node.dev.rollback(requireDepth(node, depth));
      return null;
    },
  ),
  method(
    'anvil_reorg',
    'Replaces the last blocks by as many others.',
    [param('depth', t.number), param('transactions', t.optional(t.array(reorgPair)))],
    NULL,
    (node, [depth, pairs = []]) => {
      if (depth > 100_000n) throw invalidParams('at most 100000 blocks');
      requireDepth(node, depth);
      node.dev.reorg(depth, reorgBlocks(node, depth, pairs));
      return null;
    },
  ),
  method(
    names('anvil hardhat', 'reset'),
    'Goes back to the genesis, or to a block of another chain, with no transaction waiting.',
    [param('options', t.optional(t.object({ forking: t.optional(forking) })))],
    NULL,
    async (node, [options]) => {
      const asked = options?.forking;
      // viem names a fork without a URL where there is none.
      const isNone = asked === undefined || (asked.url === undefined && node.fork === undefined);
      await node.reset(isNone ? undefined : nextFork(node, asked));
      return null;
    },
  ),
  method(
    'anvil_setRpcUrl',
    'Asks another node of the forked chain from now on; nothing without a fork.',
    [param('url', t.text)],
    NULL,
    (node, [url]) => {
      node.fork?.moveTo(url);
      return null;
    },
  ),
  method(
    names('anvil hardhat', 'dumpState'),
    'All accounts, in order, as the bytes of a JSON text.',
    [param('hasHistory', t.optional(t.boolean))],
    t.data.schema,
    (node) => bytesToHex(new TextEncoder().encode(dumpState(node))),
  ),
  method(
    names('anvil hardhat', 'loadState'),
    'Takes accounts of a dump in.',
    [param('state', t.data)],
    BOOLEAN,
    (node, [bytes]) => {
      loadState(node, new TextDecoder().decode(bytes));
      return true;
    },
  ),
];

export const DEV_METHODS: readonly Method[] = [ACCOUNTS, MINING, TIME, BACK].flat(2);
