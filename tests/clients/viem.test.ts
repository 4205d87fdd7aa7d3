/** viem against a node: its test client in the mode of anvil, contracts, events, subscriptions. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import {
  type Account,
  type Address,
  type BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createTestClient,
  createWalletClient,
  custom,
  type Hash,
  http,
  numberToHex,
  parseAbi,
  parseEther,
  publicActions,
  type Transport,
  walletActions,
  webSocket,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { foundry } from 'viem/chains';
import { createProvider } from '../../src/node/provider.ts';
import { FIRST_KEY, loadToken, type Served, serveNode, type TokenArtifact } from './support.ts';

const ABI = parseAbi([
  'function balanceOf(address) view returns (uint256)',
  'function transfer(address to, uint256 value) returns (bool)',
  'event Transfer(address indexed from, address indexed to, uint256 value)',
  'error InsufficientBalance(address account, uint256 balance, uint256 needed)',
]);
const SUPPLY = 10n ** 24n;
const ALICE: Address = '0x00000000000000000000000000000000000a11ce';
const DEAD: Address = '0x000000000000000000000000000000000000dEaD';

const account = privateKeyToAccount(FIRST_KEY);

function clientOf(transport: Transport, signer: Account = account) {
  return createTestClient({
    chain: foundry,
    mode: 'anvil',
    transport,
    account: signer,
    pollingInterval: 20,
  })
    .extend(publicActions)
    .extend(walletActions);
}

type Client = ReturnType<typeof clientOf>;

let token: TokenArtifact;
before(async () => {
  token = await loadToken();
});

async function deploy(client: Client): Promise<Address> {
  const hash = await client.deployContract({ abi: token.abi as [], bytecode: token.bytecode });
  const { contractAddress, status } = await client.waitForTransactionReceipt({ hash });
  assert.equal(status, 'success');
  return contractAddress as Address;
}

/** Ends the connection of a client that has one, or it would try to get it back. */
async function closeSocket({ transport }: Client): Promise<void> {
  const { getRpcClient } = transport as { getRpcClient?: () => Promise<{ close(): void }> };
  (await getRpcClient?.())?.close();
}

/** Waits until something is true; a subscription tells when it wants. */
async function until(isTrue: () => boolean): Promise<void> {
  for (let round = 0; round < 500 && !isTrue(); round++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(isTrue(), 'it never came');
}

const TRANSPORTS: Readonly<Record<string, (served: Served) => Transport>> = {
  http: ({ http: url }) => http(url),
  'http in batches': ({ http: url }) => http(url, { batch: true }),
  WebSocket: ({ ws }) => webSocket(ws, { keepAlive: false, reconnect: false }),
};

/** Writes to the token, reads it now and before, and finds what it logged. */
async function useContract(client: Client, address: Address): Promise<void> {
  const at = { abi: ABI, address } as const;
  const { request, result } = await client.simulateContract({
    ...at,
    functionName: 'transfer',
    args: [ALICE, 5n],
  });
  assert.equal(result, true);
  const hash = await client.writeContract(request);
  const { blockNumber, gasUsed } = await client.waitForTransactionReceipt({ hash });
  assert.ok(gasUsed > 21_000n);
  const balance = (who: Address, block?: bigint) =>
    client.readContract({
      ...at,
      functionName: 'balanceOf',
      args: [who],
      ...(block === undefined ? {} : { blockNumber: block }),
    });
  assert.equal(await balance(ALICE), 5n);
  assert.equal(await balance(account.address), SUPPLY - 5n);
  assert.equal(await balance(ALICE, blockNumber - 1n), 0n);
  const events = await client.getContractEvents({ ...at, eventName: 'Transfer', fromBlock: 0n });
  assert.deepEqual(
    events.map(({ args }) => args.value),
    [SUPPLY, 5n],
  );
  const filter = await client.createContractEventFilter({ ...at, eventName: 'Transfer' });
  assert.deepEqual(await client.getFilterChanges({ filter }), []);
  assert.equal(await client.uninstallFilter({ filter }), true);
}

async function seeRevert(client: Client, address: Address): Promise<void> {
  const call = client.simulateContract({
    abi: ABI,
    address,
    functionName: 'transfer',
    args: [ALICE, SUPPLY * 2n],
  });
  await assert.rejects(call, (error: BaseError) => {
    const cause = error.walk((each) => each instanceof ContractFunctionRevertedError);
    assert.ok(cause instanceof ContractFunctionRevertedError);
    assert.equal(cause.data?.errorName, 'InsufficientBalance');
    return true;
  });
}

async function watch(client: Client, address: Address): Promise<void> {
  const at = { abi: ABI, address } as const;
  const blocks: bigint[] = [];
  const values: (bigint | undefined)[] = [];
  const stopBlocks = client.watchBlockNumber({ onBlockNumber: (each) => blocks.push(each) });
  const stopLogs = client.watchContractEvent({
    ...at,
    eventName: 'Transfer',
    onLogs: (logs) => values.push(...logs.map(({ args }) => args.value)),
  });
  // A poller knows what is new only after it looked for the first time.
  await new Promise((resolve) => setTimeout(resolve, 100));
  await client.writeContract({ ...at, functionName: 'transfer', args: [ALICE, 1n] });
  await until(() => blocks.length > 0 && values.length > 0);
  stopBlocks();
  stopLogs();
  // What ends a subscription is sent on, and answered before this is.
  await client.getChainId();
  assert.deepEqual(values, [1n]);
}

for (const [name, transportOf] of Object.entries(TRANSPORTS)) {
  test(`viem over ${name}`, async (context) => {
    const client = clientOf(transportOf(await serveNode(context)));
    const address = await deploy(client);
    await context.test('a contract is written to and read', () => useContract(client, address));
    await context.test('a revert is the error of the contract', () => seeRevert(client, address));
    await context.test('blocks and events are watched', () => watch(client, address));
    await closeSocket(client);
  });
}

/** In the mode of anvil, in process. */
const client = clientOf(custom(createProvider()));

test('time and blocks', async () => {
  const { timestamp, number } = await client.getBlock();
  await client.mine({ blocks: 3, interval: 7 });
  assert.equal((await client.getBlock()).number, number + 3n);
  await client.increaseTime({ seconds: 1000 });
  await client.mine({ blocks: 1 });
  assert.ok((await client.getBlock()).timestamp >= timestamp + 1000n);
  const next = (await client.getBlock()).timestamp + 500n;
  await client.setNextBlockTimestamp({ timestamp: next });
  await client.mine({ blocks: 1 });
  assert.equal((await client.getBlock()).timestamp, next);
  await client.setBlockTimestampInterval({ interval: 12 });
  await client.mine({ blocks: 2 });
  assert.equal((await client.getBlock()).timestamp, next + 24n);
  await client.removeBlockTimestampInterval();
  await client.setBlockGasLimit({ gasLimit: 12_345_678n });
  await client.setNextBlockBaseFeePerGas({ baseFeePerGas: 77n });
  await client.setCoinbase({ address: DEAD });
  await client.mine({ blocks: 1 });
  const { gasLimit, baseFeePerGas, miner } = await client.getBlock();
  assert.deepEqual([gasLimit, baseFeePerGas, miner], [12_345_678n, 77n, DEAD.toLowerCase()]);
  await client.setBlockGasLimit({ gasLimit: 30_000_000n });
});

test('accounts are set, acted for, and put back', async () => {
  const id = await client.snapshot();
  await client.setBalance({ address: ALICE, value: parseEther('3') });
  await client.setNonce({ address: ALICE, nonce: 9 });
  await client.setCode({ address: DEAD, bytecode: '0x5f545f5260205ff3' });
  await client.setStorageAt({ address: DEAD, index: 0, value: numberToHex(42, { size: 32 }) });
  const { data } = await client.call({ to: DEAD });
  assert.equal(data, numberToHex(42, { size: 32 }));
  assert.equal(await client.getStorageAt({ address: DEAD, slot: '0x0' }), data);
  await client.impersonateAccount({ address: ALICE });
  const hash = await client.sendTransaction({ account: ALICE, to: DEAD, value: 1n });
  const { from, nonce } = await client.getTransaction({ hash });
  assert.deepEqual([from, nonce], [ALICE, 9]);
  await client.stopImpersonatingAccount({ address: ALICE });
  await assert.rejects(client.sendTransaction({ account: ALICE, to: DEAD, value: 1n }));
  await client.revert({ id });
  assert.equal(await client.getBalance({ address: ALICE }), 0n);
  assert.equal(await client.getCode({ address: DEAD }), undefined);
});

test('the pool is looked at and changed', async () => {
  await client.setAutomine(false);
  assert.equal(await client.getAutomine(), false);
  const send = (value: bigint) => client.sendTransaction({ to: ALICE, value });
  const hashes: Hash[] = [await send(1n), await send(2n)];
  const { pending } = await client.getTxpoolStatus();
  assert.equal(pending, 2);
  const content = await client.getTxpoolContent();
  assert.equal(Object.keys(content.pending).length, 1);
  const inspected = await client.inspectTxpool();
  assert.equal(Object.keys(inspected.pending).length, 1);
  await client.dropTransaction({ hash: hashes[1] as Hash });
  await client.mine({ blocks: 1 });
  assert.equal(await client.getBalance({ address: ALICE }), 1n);
  await client.setBalance({ address: DEAD, value: parseEther('1') });
  await client.sendUnsignedTransaction({ from: DEAD, to: ALICE, value: 0n } as never);
  await client.setAutomine(true);
  await client.setIntervalMining({ interval: 0 });
  await client.setAutomine(true);
  await client.setLoggingEnabled(true);
});

test('a state is dumped, the chain begun again, and the state loaded', async () => {
  await client.setBalance({ address: ALICE, value: 1234n });
  const state = await client.dumpState();
  await client.reset();
  assert.equal(await client.getBalance({ address: ALICE }), 0n);
  assert.equal(await client.getBlockNumber(), 0n);
  await client.loadState({ state });
  assert.equal(await client.getBalance({ address: ALICE }), 1234n);
});

test('fees, proofs, access lists, simulations', async () => {
  const address = await deploy(client);
  const { maxFeePerGas } = await client.estimateFeesPerGas();
  assert.ok((maxFeePerGas ?? 0n) > 0n);
  const history = await client.getFeeHistory({ blockCount: 2, rewardPercentiles: [50] });
  assert.equal(history.reward?.length, history.gasUsedRatio.length);
  const proof = await client.getProof({ address, storageKeys: [numberToHex(0, { size: 32 })] });
  assert.equal(proof.storageProof[0]?.value, SUPPLY);
  const { gasUsed } = await client.createAccessList({ to: address, data: '0x18160ddd' });
  assert.ok(gasUsed > 21_000n);
  const { results } = await client.simulateCalls({
    account,
    calls: [
      { to: address, abi: ABI, functionName: 'transfer', args: [ALICE, 5n] },
      { to: address, abi: ABI, functionName: 'balanceOf', args: [ALICE] },
    ],
  });
  assert.deepEqual(
    results.map(({ status, result }) => [status, result]),
    [
      ['success', true],
      ['success', 5n],
    ],
  );
  const [block] = await client.simulateBlocks({
    blocks: [{ calls: [{ from: account.address, to: ALICE, value: 1n }] }],
  });
  assert.equal(block?.calls[0]?.status, 'success');
});

test('signatures are those that viem recovers', async () => {
  const unlocked = createWalletClient({
    chain: foundry,
    transport: custom(client),
    account: account.address,
  });
  const open = createPublicClient({ chain: foundry, transport: custom(client) });
  const signature = await unlocked.signMessage({ message: 'hello' });
  assert.equal(signature, await account.signMessage({ message: 'hello' }));
  assert.ok(await open.verifyMessage({ address: account.address, message: 'hello', signature }));
  const typed = {
    domain: { name: 'x', chainId: foundry.id },
    types: { Mail: [{ name: 'to', type: 'address' }] },
    primaryType: 'Mail',
    message: { to: ALICE },
  } as const;
  assert.equal(await unlocked.signTypedData(typed), await account.signTypedData(typed));
  assert.ok((await unlocked.getAddresses()).length > 0);
});

test('code is delegated to by an authorisation (EIP-7702)', async () => {
  const address = await deploy(client);
  const authorization = await client.signAuthorization({
    account,
    contractAddress: address,
    executor: 'self',
  });
  const hash = await client.sendTransaction({
    to: account.address,
    data: '0x18160ddd',
    authorizationList: [authorization],
  });
  await client.waitForTransactionReceipt({ hash });
  const code = await client.getCode({ address: account.address });
  assert.equal(code, `0xef0100${address.slice(2).toLowerCase()}`);
  const { authorizationList } = await client.getTransaction({ hash });
  assert.equal(authorizationList?.length, 1);
});

test('a transaction that reverts is mined, and its receipt says so', async () => {
  const address = await deploy(client);
  const send = client.writeContract({
    abi: ABI,
    address,
    functionName: 'transfer',
    args: [ALICE, SUPPLY * 2n],
    gas: 100_000n,
  });
  const { status } = await client.waitForTransactionReceipt({ hash: await send });
  assert.equal(status, 'reverted');
});
