/** A node on a port, and the token of the examples, for tests of client libraries. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { bytesToHex } from '../../src/base/bytes.ts';
import { loadContract } from '../../src/languages/load.ts';
import { createProvider, type ProviderOptions } from '../../src/node/provider.ts';
import { serve } from '../../src/node/server/http.ts';

export interface Served {
  readonly http: string;
  readonly ws: string;
  readonly port: number;
}

/** Serves a node as long as the test runs. */
export async function serveNode(
  context: Pick<TestContext, 'after'>,
  options: ProviderOptions = {},
): Promise<Served> {
  const provider = createProvider(options);
  const server = await serve({ provider, port: 0 });
  context.after(async () => {
    provider.close();
    await server.close();
  });
  return { http: server.url, ws: server.url.replace('http', 'ws'), port: server.port };
}

export interface TokenArtifact {
  readonly abi: readonly unknown[];
  readonly bytecode: `0x${string}`;
}

/** The ERC-20 of the examples, compiled. */
export async function loadToken(): Promise<TokenArtifact> {
  const { contract } = await loadContract(
    join(import.meta.dirname, '../../examples/erc20/Token.sol'),
  );
  if (contract.kind !== 'evm' || contract.initCode === undefined) throw new Error('no bytecode');
  return { abi: contract.abi as readonly unknown[], bytecode: bytesToHex(contract.initCode) };
}

/** The first account of the mnemonic that development nodes begin with. */
export const FIRST_KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
