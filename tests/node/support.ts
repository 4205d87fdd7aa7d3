/** Nodes in process for tests: requests by name, and what is often sent. */
import { bytesToHex } from '../../src/base/bytes.ts';
import { createProvider, type ProviderOptions } from '../../src/node/provider.ts';
import { RpcError } from '../../src/node/rpc/errors.ts';
import { assemble } from '../../src/vms/evm/index.ts';

export interface TestNode {
  /** Runs a method; a result is a JSON value, of whatever type the test knows it to be. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects by its assertions
  rpc(method: string, ...params: unknown[]): Promise<any>;
  /** The error of a method, which must not succeed. */
  fail(method: string, ...params: unknown[]): Promise<RpcError>;
  readonly provider: ReturnType<typeof createProvider>;
  readonly accounts: readonly string[];
}

export function createTestNode(options: ProviderOptions = {}): TestNode {
  const provider = createProvider(options);
  const rpc = (method: string, ...params: unknown[]) => provider.request({ method, params });
  return {
    rpc,
    provider,
    accounts: provider.node.wallets
      .list()
      .map(({ address }) => `0x${Buffer.from(address).toString('hex')}`),
    async fail(method, ...params) {
      try {
        await rpc(method, ...params);
      } catch (error) {
        if (error instanceof RpcError) return error;
        throw error;
      }
      throw new Error(`${method} succeeded`);
    },
  };
}

/** Code of the EVM in assembly, as methods take it. */
export function hexOf(assembly: string): string {
  return bytesToHex(assemble(assembly));
}

/** Runtime code that stores the first word of the call data in slot 0, and logs it. */
export const STORE_CODE = '0x5f35805f555f5260205fa000';
/** Init code for runtime code of at most 255 bytes. */
export function initCode(runtime: string): string {
  const bytes = (runtime.length - 2) / 2;
  const size = bytes.toString(16).padStart(2, '0');
  return `0x60${size}600a5f3960${size}5ff3${runtime.slice(2)}`;
}
/** Runtime code that reverts with `Error("no")`. */
export const REVERT_CODE =
  '0x7f08c379a0000000000000000000000000000000000000000000000000000000005f52602060045260026024527f6e6f0000000000000000000000000000000000000000000000000000000000006044526064' +
  '5ffd';
/** Runtime code that never ends but by its gas. */
export const LOOP_CODE = '0x5b5f56';
