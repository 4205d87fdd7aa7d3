/** A test of Hardhat 3: `hardhat test nodejs --network lockstep`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { network } from 'hardhat';

test('the token moves, and marks bring it back', async () => {
  const { viem, provider } = await network.create();
  const [first, second] = await viem.getWalletClients();
  const client = await viem.getPublicClient();
  const anvil = await viem.getTestClient();
  const to = second.account.address;
  const token = await viem.deployContract('Token');
  const id = await anvil.snapshot();
  const hash = await token.write.transfer([to, 5n]);
  const { status } = await client.waitForTransactionReceipt({ hash });
  assert.equal(status, 'success');
  assert.equal(await token.read.balanceOf([to]), 5n);
  const back = token.write.transfer([first.account.address, 6n], { account: second.account });
  await assert.rejects(back, /InsufficientBalance/);
  const before = await client.getBlockNumber();
  await provider.request({ method: 'hardhat_mine', params: ['0x10'] });
  assert.equal(await client.getBlockNumber({ cacheTime: 0 }), before + 16n);
  await anvil.revert({ id });
  assert.equal(await token.read.balanceOf([to]), 0n);
});
