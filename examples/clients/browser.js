/** A page with a node of its own: the provider in process, and viem in front of it. */
import { createProvider } from 'lockstep/node';
import { createTestClient, custom, parseAbi, publicActions, walletActions } from 'viem';
import { foundry } from 'viem/chains';

const abi = parseAbi([
  'function balanceOf(address) view returns (uint256)',
  'function transfer(address to, uint256 value) returns (bool)',
  'event Transfer(address indexed from, address indexed to, uint256 value)',
]);

/** Deploys a token and moves some of it; what came of it, as texts. */
export async function useToken(bytecode) {
  const provider = createProvider();
  const client = createTestClient({ chain: foundry, mode: 'anvil', transport: custom(provider) })
    .extend(publicActions)
    .extend(walletActions);
  const [account, to] = await client.getAddresses();
  const created = await client.deployContract({ abi, account, bytecode });
  const { contractAddress: address } = await client.waitForTransactionReceipt({ hash: created });
  const hash = await client.writeContract({
    abi,
    account,
    address,
    functionName: 'transfer',
    args: [to, 5n],
  });
  const { status, gasUsed } = await client.waitForTransactionReceipt({ hash });
  const balance = await client.readContract({
    abi,
    address,
    functionName: 'balanceOf',
    args: [to],
  });
  const logs = await client.getContractEvents({ abi, address, fromBlock: 0n });
  const { hash: head } = await client.getBlock();
  provider.close();
  return [status, gasUsed, balance, logs.length, head].join(' ');
}

globalThis.useToken = useToken;
