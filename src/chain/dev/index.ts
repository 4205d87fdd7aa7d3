/** `lockstep/chain/dev`: a chain that makes its own blocks, with a pool and a time of its own. */
export type { ClockState } from './clock.ts';
export { LogicalClock } from './clock.ts';
export type { ChainDatabase, ChainIdentity, SavedTransaction } from './database.ts';
export { DevChain } from './dev-chain.ts';
export type { ChainBase, DevChainListener, DevChainOptions } from './options.ts';
export type {
  PoolContent,
  PooledTransaction,
  PoolOptions,
  PoolOrder,
  PoolProblem,
} from './pool.ts';
export { TransactionPool } from './pool.ts';
