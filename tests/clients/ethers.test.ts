/** ethers against a node: contracts, events, reverts and accounts, over HTTP and WebSocket. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BrowserProvider,
  ContractFactory,
  type Eip1193Provider,
  type EventLog,
  Interface,
  type InterfaceAbi,
  isCallException,
  type JsonRpcApiProvider,
  JsonRpcProvider,
  parseEther,
  verifyMessage,
  WebSocketProvider,
} from 'ethers';
import { createProvider } from '../../src/node/provider.ts';
import { loadToken, serveNode } from './support.ts';

const ALICE = '0x00000000000000000000000000000000000A11cE';
const SUPPLY = 10n ** 24n;

/** Deploys the token, moves some, and looks at what came of it. */
async function useToken(provider: JsonRpcApiProvider): Promise<void> {
  const { abi, bytecode } = await loadToken();
  const signer = await provider.getSigner(0);
  const factory = new ContractFactory(abi as InterfaceAbi, bytecode, signer);
  const deployed = await factory.deploy();
  await deployed.waitForDeployment();
  const token = deployed as typeof deployed & Record<'transfer' | 'balanceOf', CallableFunction>;
  let listening: Promise<unknown> | undefined;
  const heard = new Promise<bigint>((resolve) => {
    listening = token.on('Transfer', (_from, _to, value) => {
      if (value !== SUPPLY) resolve(value);
    });
  });
  await listening;
  // A listener that polls knows what is new only after it looked for the first time.
  await provider.getBlockNumber();
  const sent = await token.transfer(ALICE, 7n);
  const receipt = await sent.wait();
  assert.equal(receipt.status, 1);
  assert.equal(await token.balanceOf(ALICE), 7n);
  assert.equal(await heard, 7n);
  await token.removeAllListeners();
  const events = (await token.queryFilter('Transfer')) as EventLog[];
  assert.deepEqual(
    events.map(({ args }) => args[2]),
    [SUPPLY, 7n],
  );
  await assert.rejects(token.transfer(ALICE, SUPPLY), (error) => {
    assert.ok(isCallException(error) && error.data !== null);
    const parsed = new Interface(abi as InterfaceAbi).parseError(error.data);
    return parsed?.name === 'InsufficientBalance';
  });
}

/** Time, marks and balances, by the methods of development nodes. */
async function useAccounts(provider: JsonRpcApiProvider): Promise<void> {
  const id = await provider.send('evm_snapshot', []);
  await provider.send('anvil_impersonateAccount', [ALICE]);
  await provider.send('anvil_setBalance', [ALICE, `0x${parseEther('1').toString(16)}`]);
  const acted = await provider.getSigner(ALICE);
  const { hash } = await acted.sendTransaction({ to: ALICE, value: 1n });
  assert.equal((await provider.getTransactionReceipt(hash))?.from, ALICE);
  assert.equal(await provider.send('evm_revert', [id]), true);
  assert.equal(await provider.getBalance(ALICE), 0n);
  const signer = await provider.getSigner(1);
  const signed = await signer.signMessage('hello');
  assert.equal(verifyMessage('hello', signed), await signer.getAddress());
  const { maxFeePerGas } = await provider.getFeeData();
  assert.ok((maxFeePerGas ?? 0n) > 0n);
  const block = await provider.getBlock('latest', true);
  assert.equal(block?.prefetchedTransactions.length, block?.length);
}

test('ethers over HTTP', async (context) => {
  const { http } = await serveNode(context);
  const provider = new JsonRpcProvider(http, undefined, { polling: true, pollingInterval: 20 });
  context.after(() => provider.destroy());
  await useToken(provider);
  await useAccounts(provider);
});

test('ethers over WebSocket', async (context) => {
  const { ws } = await serveNode(context);
  const provider = new WebSocketProvider(ws);
  context.after(() => provider.destroy());
  await useToken(provider);
  await useAccounts(provider);
});

test('ethers in process', async (context) => {
  const node = createProvider();
  context.after(() => node.close());
  const provider = new BrowserProvider(node as unknown as Eip1193Provider, undefined, {
    pollingInterval: 20,
  });
  context.after(() => provider.destroy());
  await useToken(provider);
  await useAccounts(provider);
});
