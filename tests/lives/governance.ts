/** The life of a governor: delegation, a proposal, votes, the timelock, and what is refused. */
import type { Argument, Life } from './life.ts';

const SET: Argument = { data: 'box.set', args: [42n] };
const PROPOSAL: readonly Argument[] = [['@box'], [0n], [SET]];
const HASHED: readonly Argument[] = [...PROPOSAL, { keccak: 'set the box' }];
const ROLE = (name: string): Argument => ({ keccak: name });

export const GOVERNOR: Life = {
  name: 'Governor',
  steps: [
    { deploy: 'LifeVotes', as: 'votes', args: ['@alice', 1000n] },
    { deploy: 'LifeTimelock', as: 'timelock', args: [3600n, [], [], '@owner'] },
    { deploy: 'LifeGovernor', as: 'governor', args: ['@votes', '@timelock'] },
    { deploy: 'LifeBox', as: 'box', args: ['@timelock'] },
    { call: 'timelock.grantRole', args: [ROLE('PROPOSER_ROLE'), '@governor'] },
    { call: 'timelock.grantRole', args: [ROLE('EXECUTOR_ROLE'), '@governor'] },
    {
      call: 'timelock.grantRole',
      args: [ROLE('PROPOSER_ROLE'), '@bob'],
      from: 'bob',
      revert: 'AccessControlUnauthorizedAccount',
    },
    { call: 'votes.transfer', args: ['@bob', 300n], from: 'alice' },
    { call: 'votes.transfer', args: ['@carol', 50n], from: 'alice' },
    { call: 'votes.delegate', args: ['@alice'], from: 'alice' },
    { call: 'votes.delegate', args: ['@bob'], from: 'bob' },
    { call: 'votes.delegate', args: ['@bob'], from: 'carol' },
    { call: 'votes.getVotes', args: ['@bob'], returns: 350n },
    { blocks: 1, seconds: 12 },
    {
      call: 'governor.propose',
      args: [...PROPOSAL, 'set the box'],
      from: 'carol',
      revert: 'GovernorInsufficientProposerVotes',
    },
    { call: 'governor.propose', args: [...PROPOSAL, 'set the box'], from: 'alice', keep: 'id' },
    {
      call: 'governor.propose',
      args: [...PROPOSAL, 'set the box'],
      from: 'alice',
      revert: 'GovernorUnexpectedProposalState',
    },
    { call: 'governor.state', args: ['$id'], returns: 0n },
    {
      call: 'governor.castVote',
      args: ['$id', 1],
      from: 'alice',
      revert: 'GovernorUnexpectedProposalState',
    },
    { blocks: 6, seconds: 72 },
    { call: 'governor.state', args: ['$id'], returns: 1n },
    { call: 'governor.castVote', args: ['$id', 1], from: 'alice', returns: 650n },
    {
      call: 'governor.castVote',
      args: ['$id', 1],
      from: 'alice',
      revert: 'GovernorAlreadyCastVote',
    },
    { call: 'governor.castVoteWithReason', args: ['$id', 0, 'too square'], from: 'bob' },
    {
      call: 'governor.castVote',
      args: ['$id', 7],
      from: 'carol',
      revert: 'GovernorInvalidVoteType',
    },
    { call: 'governor.proposalVotes', args: ['$id'], returns: [350n, 650n, 0n] },
    { call: 'governor.queue', args: HASHED, revert: 'GovernorUnexpectedProposalState' },
    { blocks: 51, seconds: 612 },
    { call: 'governor.state', args: ['$id'], returns: 4n },
    { call: 'governor.queue', args: HASHED, from: 'carol' },
    { call: 'governor.execute', args: HASHED, revert: 'TimelockUnexpectedOperationState' },
    { blocks: 400, seconds: 4800 },
    { call: 'box.set', args: [1n], revert: 'OwnableUnauthorizedAccount' },
    { call: 'governor.execute', args: HASHED, from: 'bob' },
    { call: 'governor.state', args: ['$id'], returns: 7n },
    { call: 'box.value', returns: 42n },
    { call: 'governor.execute', args: HASHED, revert: 'GovernorUnexpectedProposalState' },
    { call: 'votes.getPastVotes', args: ['@bob', 101n], returns: 350n },
    { call: 'votes.getPastVotes', args: ['@bob', 100_000n], revert: 'ERC5805FutureLookup' },
  ],
};
