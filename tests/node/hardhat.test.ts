/**
 * `compat: 'hardhat'`. Every expectation is what Hardhat 3.18 answered over HTTP to the same
 * request; amounts that follow from its fees are left out.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createTestNode, initCode, REVERT_CODE, type TestNode } from './support.ts';

const NOBODY = '0x00000000000000000000000000000000000000ff';
const GAS = '0x30d40';

const hardhat = (): TestNode => createTestNode({ compat: 'hardhat' });

async function deploy({ rpc, accounts }: TestNode, runtime: string): Promise<string> {
  const hash = await rpc('eth_sendTransaction', { from: accounts[0], data: initCode(runtime) });
  return (await rpc('eth_getTransactionReceipt', hash)).contractAddress;
}

test('the chain begins as that of Hardhat', async () => {
  const { rpc, accounts } = hardhat();
  assert.equal(accounts.length, 20);
  assert.equal(await rpc('eth_chainId'), '0x7a69');
  assert.equal(await rpc('eth_coinbase'), '0xc014ba5ec014ba5ec014ba5ec014ba5ec014ba5e');
  assert.equal(await rpc('eth_getBalance', accounts[19], 'latest'), '0x21e19e0c9bab2400000');
  assert.equal(await rpc('eth_gasPrice'), '0x6fc23ac0');
  const { gasLimit, baseFeePerGas } = await rpc('eth_getBlockByNumber', '0x0', false);
  assert.deepEqual([gasLimit, baseFeePerGas], ['0x3938700', '0x3b9aca00']);
  const deployer = '0x4e59b44847b379578588920ca78fbf26c0b4956c';
  assert.equal(await rpc('eth_getCode', deployer, 'latest'), '0x');
  await rpc('evm_mine');
  const first = await rpc('eth_getBlockByNumber', '0x1', false);
  assert.deepEqual([first.gasLimit, first.baseFeePerGas], ['0x3938700', '0x342770c0']);
});

describe('what fails is an error of whoever asked', () => {
  const VM = 'VM Exception while processing transaction: ';
  const panic = (code: string) => `0x634e487b7160e01b5f5260${code}60045260245ffd`;
  const panicData = (code: string) => `0x4e487b71${code.padStart(64, '0')}`;
  const words = ['20'.padStart(64, '0'), '2'.padStart(64, '0'), '6e6f'.padEnd(64, '0')];
  const REASON = `0x08c379a0${words.join('')}`;
  const OVERFLOW = 'Arithmetic operation overflowed outside of an unchecked block';
  const cases: readonly (readonly [code: string, message: string, data: string])[] = [
    [REVERT_CODE, `${VM}reverted with reason string 'no'`, REASON],
    ['0x5f5ffd', 'Transaction reverted without a reason string', '0x'],
    [panic('01'), `${VM}reverted with panic code 0x1 (Assertion error)`, panicData('1')],
    [panic('11'), `${VM}reverted with panic code 0x11 (${OVERFLOW})`, panicData('11')],
    [panic('99'), `${VM}reverted with unknown panic code 0x99`, panicData('99')],
    [
      '0x631234567860e01b5f5260045ffd',
      `${VM}reverted with an unrecognized custom error (return data: 0x12345678)`,
      '0x12345678',
    ],
    ['0xfe', `${VM}invalid opcode`, '0x'],
    ['0x0c', `${VM}invalid opcode`, '0x'],
    ['0x5f56', 'Transaction reverted without a reason string', '0x'],
    ['0x01', 'Transaction reverted without a reason string', '0x'],
    ['0x60015f5f3e', 'Transaction reverted without a reason string', '0x'],
  ];
  for (const [code, message, data] of cases) {
    test(`${code.slice(0, 20)}: ${message.slice(0, 60)}`, async () => {
      const node = hardhat();
      const to = await deploy(node, code);
      const call = { from: node.accounts[0], to, gas: GAS };
      const before = Number(await node.rpc('eth_blockNumber'));
      for (const error of [
        await node.fail('eth_sendTransaction', call),
        await node.fail('eth_call', call, 'latest'),
        await node.fail('eth_estimateGas', { from: node.accounts[0], to }),
      ]) {
        assert.deepEqual([error.code, error.message, error.data], [3, message, data]);
      }
      // It is mined all the same; without its gas named it is not even sent.
      assert.equal(Number(await node.rpc('eth_blockNumber')), before + 1);
      await node.fail('eth_sendTransaction', { from: node.accounts[0], to });
      assert.equal(Number(await node.rpc('eth_blockNumber')), before + 1);
    });
  }

  test('gas that is used up', async () => {
    const node = hardhat();
    const message = 'Transaction ran out of gas';
    const looping = await deploy(node, '0x5b5f56');
    const call = { from: node.accounts[0], to: looping, gas: GAS };
    const sent = await node.fail('eth_sendTransaction', call);
    assert.deepEqual([sent.code, sent.message], [-32000, message]);
    const { txHash, ...rest } = sent.data as { readonly txHash: string };
    assert.deepEqual(rest, { message, data: '0x' });
    assert.equal((await node.rpc('eth_getTransactionReceipt', txHash)).status, '0x0');
    const called = await node.fail('eth_call', call, 'latest');
    assert.deepEqual([called.code, called.data], [-32000, { message, data: '0x' }]);
  });

  test('a raw transaction too; one that waits is no error until then', async () => {
    const node = hardhat();
    const { rpc, accounts } = node;
    const to = await deploy(node, REVERT_CODE);
    const nonce = await rpc('eth_getTransactionCount', accounts[0], 'latest');
    const fees = { maxFeePerGas: '0x77359400', maxPriorityFeePerGas: '0x1' };
    const request = { from: accounts[0], to, gas: GAS, nonce, ...fees };
    const signed = await rpc('eth_signTransaction', request);
    const error = await node.fail('eth_sendRawTransaction', signed.raw ?? signed);
    assert.equal(error.message, `${VM}reverted with reason string 'no'`);
    await rpc('evm_setAutomine', false);
    const hash = await rpc('eth_sendTransaction', { from: accounts[0], to, gas: GAS });
    assert.equal(await rpc('evm_mine'), '0');
    assert.equal((await rpc('eth_getTransactionReceipt', hash)).status, '0x0');
  });
});

describe('what is refused', () => {
  const AUTOMINING = "Note that transactions can't be queued when automining.";
  const cases: readonly (readonly [
    name: string,
    request: object,
    message: RegExp | string,
    code?: number,
  ])[] = [
    [
      'a nonce of before',
      { nonce: '0x0' },
      `Nonce too low. Expected nonce to be 1 but got 0. ${AUTOMINING}`,
    ],
    [
      'a nonce of later',
      { nonce: '0x64' },
      `Nonce too high. Expected nonce to be 1 but got 100. ${AUTOMINING}`,
    ],
    [
      'more than there is',
      { value: '0xffffffffffffffffffffffff' },
      /^Sender doesn't have enough funds to send tx\. The max upfront cost is: \d+ and the sender's b/,
    ],
    [
      'a fee below the base fee',
      { gasPrice: '0x1' },
      /^Transaction gasPrice \(1\) is too low for the next block, which has a baseFeePerGas of \d+$/,
    ],
    ['too little gas', { gas: '0x5207' }, 'Transaction requires at least 21000 gas but got 20999'],
    [
      'too much gas',
      { gas: '0x1ffffffff' },
      'Transaction gas limit is 8589934591 and exceeds transaction gas cap of 16777216',
    ],
    [
      'a tip above the fee',
      { maxFeePerGas: '0x77359400', maxPriorityFeePerGas: '0xb2d05e0000' },
      'maxPriorityFeePerGas (768000000000) is bigger than maxFeePerGas (2000000000)',
    ],
    [
      'another chain',
      { chainId: '0x5' },
      'Invalid chainId 5 provided, expected 31337 instead.',
      -32602,
    ],
    ['an account of nobody', { from: NOBODY }, `Unknown account ${NOBODY}`],
    ['a creation of nothing', { to: undefined }, 'Contract creation without any data provided'],
  ];
  for (const [name, request, expected, code = -32000] of cases) {
    test(name, async () => {
      const { rpc, fail, accounts } = hardhat();
      const [from, to] = accounts;
      await rpc('eth_sendTransaction', { from, to, value: '0x1' });
      const error = await fail('eth_sendTransaction', { from, to, ...request });
      assert.equal(error.code, code);
      if (typeof expected === 'string') assert.equal(error.message, expected);
      else assert.match(error.message, expected);
      assert.deepEqual(error.data, { message: error.message });
      assert.equal(await rpc('eth_blockNumber'), '0x1');
    });
  }

  test('methods, blocks and settings', async () => {
    const { rpc, fail, accounts } = hardhat();
    const [from, to] = accounts;
    await rpc('eth_sendTransaction', { from, to });
    const told = async (...request: [string, ...unknown[]]) => {
      const { code, message } = await fail(...request);
      return [code, message];
    };
    assert.deepEqual(await told('eth_foo'), [-32004, 'Method eth_foo is not supported']);
    assert.deepEqual(await told('eth_getBalance', from, '0xfff'), [
      -32000,
      'Received invalid block tag 4095. Latest block number is 1',
    ]);
    assert.deepEqual(await told('hardhat_setNonce', from, '0x0'), [
      -32000,
      'New nonce (0) must not be smaller than the existing nonce (1)',
    ]);
    assert.deepEqual(await told('hardhat_setMinGasPrice', '0x1'), [
      -32000,
      'hardhat_setMinGasPrice is not supported when EIP-1559 is active',
    ]);
    assert.deepEqual(await told('evm_setBlockGasLimit', '0x0'), [
      -32000,
      'Block gas limit must be greater than 0',
    ]);
    const [, late] = await told('evm_setNextBlockTimestamp', 1);
    assert.match(String(late), /^Timestamp 1 is lower than the previous block's timestamp \d+$/);
  });
});

test('answers have the form of Hardhat', async () => {
  const { rpc, accounts } = hardhat();
  const [, b] = accounts;
  assert.equal(await rpc('evm_increaseTime', 100), '100');
  assert.equal(await rpc('evm_increaseTime', '0x64'), '200');
  assert.equal(await rpc('evm_setNextBlockTimestamp', '0x7fffffff'), '2147483647');
  assert.equal(await rpc('evm_mine'), '0');
  for (const request of [
    ['hardhat_mine', '0x2'],
    ['hardhat_setBalance', b, '0x5'],
    ['hardhat_impersonateAccount', b],
    ['hardhat_stopImpersonatingAccount', b],
    ['hardhat_setCoinbase', b],
    ['evm_setIntervalMining', 0],
    ['evm_setAutomine', true],
  ] as [string, ...unknown[]][]) {
    assert.equal(await rpc(...request), true, request[0]);
  }
  assert.equal(await rpc('hardhat_dropTransaction', `0x${'0'.repeat(64)}`), false);
  assert.equal(await rpc('eth_getFilterChanges', '0x99'), null);
  assert.deepEqual(await rpc('eth_getLogs', { fromBlock: '0x5', toBlock: '0x1' }), []);
  assert.equal(await rpc('evm_revert', '0x99'), false);
});

test('without it nothing of this holds', async () => {
  const node = createTestNode();
  const to = await deploy(node, REVERT_CODE);
  const hash = await node.rpc('eth_sendTransaction', { from: node.accounts[0], to });
  assert.equal((await node.rpc('eth_getTransactionReceipt', hash)).status, '0x0');
  assert.equal((await node.fail('eth_foo')).code, -32601);
});
