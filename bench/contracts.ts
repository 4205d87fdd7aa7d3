/**
 * The contracts of the benches: OpenZeppelin's and ours, each with the life that leads to the calls
 * that are measured. The life runs on the oracle beside our machine and has to be the same at every
 * step.
 */

import type { Hex } from '../src/chain/types.ts';
import type { Subject } from '../src/cli/bench/subject.ts';
import { compileLives } from '../tests/lives/compile.ts';
import { GOVERNOR } from '../tests/lives/governance.ts';
import { type Argument, createLifeBlock, Living, type Step } from '../tests/lives/life.ts';
import { MULTISIG_SETUP, PAYMENT, POOL_SETUP } from '../tests/lives/markets.ts';
import { createMachineLife, createOracleLife } from '../tests/lives/sides.ts';
import { hexTextToBytes } from '../tests/oracle/case.ts';
import type { CodeName } from './instructions.ts';

const MAX = (1n << 256n) - 1n;
const SUPPLY = 10n ** 24n;
const GAS = 10_000_000n;
/** Votes count from the block after they were delegated. */
const LATER: Step = { blocks: 10, seconds: 120 };

export interface BenchCall {
  readonly call: string;
  readonly args: readonly Argument[];
  readonly from: string;
}

export interface BenchContract {
  readonly name: string;
  readonly setup: readonly Step[];
  /** Each begins with the state that the set-up leaves; the first one's contract is measured. */
  readonly calls: readonly BenchCall[];
  /** Instructions of a kind that all calls together execute at least. */
  readonly executes?: Readonly<Partial<Record<CodeName, number>>>;
}

const call = (name: string, args: readonly Argument[], from = 'alice'): BenchCall => ({
  call: name,
  args,
  from,
});

/** Contracts by their size: 2, 11 and 24 kB. */
export const SIZES: readonly BenchContract[] = [
  {
    name: 'token',
    setup: [
      { deploy: 'LifeToken', as: 'token', args: ['@owner'] },
      { call: 'token.mint', args: ['@alice', 1000n] },
    ],
    calls: [
      call('token.mint', ['@bob', 5n], 'owner'),
      call('token.transfer', ['@bob', 5n]),
      call('token.approve', ['@bob', 5n]),
      call('token.balanceOf', ['@alice']),
    ],
  },
  {
    name: 'full token',
    setup: [
      { deploy: 'LifeFullToken', as: 'token', args: ['@alice', SUPPLY] },
      { call: 'token.delegate', args: ['@alice'], from: 'alice' },
      LATER,
    ],
    calls: [
      call('token.transfer', ['@bob', 1000n]),
      call('token.approve', ['@bob', 5n]),
      call('token.delegate', ['@carol']),
      call('token.burn', [7n]),
      call('token.getVotes', ['@alice']),
    ],
  },
  {
    name: 'parliament',
    setup: [
      { deploy: 'LifeVotes', as: 'votes', args: ['@alice', SUPPLY] },
      { deploy: 'LifeParliament', as: 'house', args: ['@votes', '@carol'] },
      { call: 'votes.delegate', args: ['@alice'], from: 'alice' },
      LATER,
    ],
    calls: [
      call('house.propose', [['@bob'], [0n], ['0x12345678'], 'the first proposal']),
      call('house.votingPeriod', []),
      call('house.proposalThreshold', []),
      call('house.quorum', [105n]),
      call('house.supportsInterface', ['0x01ffc9a7']),
    ],
  },
];

/** The life of the governor up to its first vote that counts. */
const openProposal = GOVERNOR.steps
  .slice(
    0,
    GOVERNOR.steps.findIndex(
      (step) => 'call' in step && step.call === 'governor.castVote' && step.revert === undefined,
    ),
  )
  .filter((step) => !('revert' in step));

/** What most contracts do all day. */
export const TOKEN_SUITE: readonly BenchContract[] = [
  {
    name: 'erc20',
    setup: [
      { deploy: 'LifeToken', as: 'token', args: ['@owner'] },
      { call: 'token.mint', args: ['@alice', 1000n] },
      { call: 'token.mint', args: ['@bob', 1000n] },
      { call: 'token.approve', args: ['@carol', 500n], from: 'alice' },
    ],
    calls: [
      call('token.transfer', ['@bob', 5n]),
      call('token.approve', ['@bob', 7n]),
      call('token.transferFrom', ['@alice', '@bob', 9n], 'carol'),
    ],
    executes: { KECCAK256: 7, SSTORE: 6, LOG: 3 },
  },
  {
    name: 'erc721',
    setup: [
      { deploy: 'LifeNft', as: 'nft', args: ['@owner'] },
      { deploy: 'LifeHolder', as: 'holder' },
      { call: 'nft.mint', args: ['@alice', 1n] },
      { call: 'nft.mint', args: ['@bob', 2n] },
    ],
    calls: [
      call('nft.transferFrom', ['@alice', '@bob', 1n]),
      call('nft.approve', ['@carol', 1n]),
      call('nft.safeTransferFrom(address,address,uint256)', ['@alice', '@holder', 1n]),
      call('nft.mint', ['@carol', 3n], 'owner'),
    ],
    executes: { KECCAK256: 10, SSTORE: 8, LOG: 4, CALL: 1 },
  },
  {
    name: 'erc1155',
    setup: [
      { deploy: 'LifeMulti', as: 'multi', args: ['@owner'] },
      { deploy: 'LifeHolder', as: 'holder' },
      { call: 'multi.mintBatch', args: ['@alice', [1n, 2n, 3n, 4n], [90n, 80n, 70n, 60n], '0x'] },
    ],
    calls: [
      call('multi.safeTransferFrom', ['@alice', '@bob', 1n, 5n, '0x']),
      call('multi.safeBatchTransferFrom', [
        '@alice',
        '@holder',
        [1n, 2n, 3n, 4n],
        [1n, 2n, 3n, 4n],
        '0x',
      ]),
      call('multi.balanceOfBatch', [
        ['@alice', '@bob'],
        [1n, 2n],
      ]),
    ],
    executes: { KECCAK256: 20, SSTORE: 10, LOG: 2, CALL: 1 },
  },
  {
    name: 'erc4626',
    setup: [
      { deploy: 'LifeToken', as: 'token', args: ['@owner'] },
      { deploy: 'LifeVault', as: 'vault', args: ['@token'] },
      { call: 'token.mint', args: ['@alice', 10n ** 20n] },
      { call: 'token.approve', args: ['@vault', MAX], from: 'alice' },
      { call: 'vault.deposit', args: [10n ** 18n, '@alice'], from: 'alice' },
      { call: 'token.mint', args: ['@vault', 333n] },
    ],
    calls: [
      call('vault.deposit', [10n ** 15n, '@bob']),
      call('vault.withdraw', [10n ** 14n, '@alice', '@alice']),
      call('vault.redeem', [10n ** 13n, '@bob', '@alice']),
    ],
    executes: { KECCAK256: 15, SSTORE: 12, LOG: 9, CALL: 6 },
  },
  {
    name: 'pool',
    setup: [...POOL_SETUP, LATER],
    calls: [
      call('pool.swap', ['@gold', 10n ** 18n, 1n], 'bob'),
      call('pool.swap', ['@silver', 10n ** 18n, 1n], 'bob'),
      call('pool.deposit', [10n ** 18n, 10n ** 18n]),
      call('pool.withdraw', [10n ** 18n]),
    ],
    executes: { KECCAK256: 20, SSTORE: 25, LOG: 14, CALL: 8 },
  },
  {
    name: 'governor',
    setup: openProposal,
    calls: [
      call('governor.castVoteWithReason', ['$id', 1, 'for the box']),
      call('governor.propose', [['@box'], [0n], ['0x12345678'], 'another one']),
      call('governor.state', ['$id']),
    ],
    executes: { KECCAK256: 8, SSTORE: 4, LOG: 2, CALL: 2 },
  },
  {
    name: 'multisig',
    setup: MULTISIG_SETUP,
    calls: [
      call('safe.confirm', ['$id'], 'owner'),
      call('safe.execute', ['@token', 0n, PAYMENT], 'owner'),
    ],
    executes: { KECCAK256: 10, SSTORE: 4, LOG: 3, CALL: 1 },
  },
];

/** The contract with the state that its set-up leaves. */
export async function prepareSubject({ name, setup, calls }: BenchContract): Promise<Subject> {
  const block = createLifeBlock();
  const ours = createMachineLife(block);
  const living = new Living(
    { ours, theirs: await createOracleLife(block) },
    block,
    await compileLives(),
  );
  for (const step of setup) {
    await living.step(step);
  }
  const { blockHash: _none, ...plain } = block;
  return {
    name,
    fork: 'osaka',
    block: plain,
    world: ours.dump(),
    calls: calls.map(({ call: target, args, from }) => ({
      to: living.addressOf(target.slice(0, target.indexOf('.'))),
      from: living.addressOf(from),
      data: hexTextToBytes(living.resolve({ data: target, args }) as Hex),
      gas: GAS,
      gasPrice: 10n,
    })),
  };
}
