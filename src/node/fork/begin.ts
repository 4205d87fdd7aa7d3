/** What a chain begins with that goes on from a block of another one. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { Genesis } from '../../chain/blocks/genesis-file.ts';
import type { EvmView } from '../../state/views/evm.ts';
import { DEFAULT_BALANCE, forkOf, type NodeOptions, overridesOf } from '../options.ts';
import { predeployedAccounts } from '../predeploys.ts';
import type { Wallet } from '../wallets.ts';
import { type Fork, type ForkOptions, openFork } from './fork.ts';
import { scheduleOf } from './header.ts';
import { type Replay, readReplay } from './replay.ts';

/** All that a chain needs to go on from another one. */
export interface Beginning {
  readonly fork: Fork;
  /** Id, rules and header of the chain. */
  readonly genesis: Genesis;
  /** What the chain changes where it begins. */
  readonly amend: (view: EvmView) => void;
  /** What it runs first. */
  readonly replay: Replay | undefined;
}

/**
 * Finds the block to fork from and fetches what the chain begins with.
 *
 * @throws LockstepError L2101 to L2107
 */
export async function prepareFork(
  asked: ForkOptions,
  options: NodeOptions,
  wallets: readonly Wallet[],
): Promise<Beginning> {
  const fork = await openFork(asked, keccak_256);
  const contracts = predeployedAccounts(false);
  await fork.cells.fetchAccounts([...contracts, ...wallets].map(({ address }) => address));
  const { transactionHash } = asked;
  return {
    fork,
    genesis: genesisOf(options, fork),
    amend(view) {
      // No block ends without these; a chain that is not Ethereum may have none.
      for (const { address, code } of contracts) {
        if (view.getCodeHash(address) === undefined) view.setCode(address, code);
      }
      for (const { address } of wallets) {
        view.setBalance(address, options.balance ?? DEFAULT_BALANCE);
        // Whoever knows the mnemonic may have delegated these accounts to code (EIP-7702).
        view.setCode(address, NO_CODE);
      }
    },
    replay: transactionHash && (await readReplay(fork, transactionHash, keccak_256)),
  };
}

const NO_CODE = new Uint8Array(0);

function genesisOf(options: NodeOptions, fork: Fork): Genesis {
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
