/** What a chain begins with that goes on from a block of another one. */
import type { Genesis } from '../../chain/blocks/genesis-file.ts';
import { forkOf, type NodeOptions, overridesOf } from '../options.ts';
import { predeployedAccounts } from '../predeploys.ts';
import type { Wallet } from '../wallets.ts';
import type { Fork } from './fork.ts';
import { scheduleOf } from './header.ts';

export interface ForkAccount {
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** Of a contract of the system, where the remote chain has none; else the account is ours. */
  readonly code?: Uint8Array;
}

/**
 * Accounts that a chain changes where it forks: those of the mnemonic, which are funded, and
 * contracts without which no block ends.
 */
export function forkAccounts(wallets: readonly Wallet[]): ForkAccount[] {
  const system = predeployedAccounts(false).map(({ address, code }) => ({ address, code }));
  return [...system, ...wallets.map(({ address }) => ({ address }))];
}

/** Id, rules and header of the chain that goes on from a fork's block. */
export function forkGenesis(options: NodeOptions, fork: Fork): Genesis {
  const { header } = fork.block;
  return {
    schedule: scheduleOf({
      chainId: options.chainId ?? fork.chainId,
      remoteChainId: fork.chainId,
      header,
      fork: options.hardfork === undefined ? undefined : forkOf(options),
      overrides: overridesOf(options),
    }),
    accounts: [],
    header,
  };
}
