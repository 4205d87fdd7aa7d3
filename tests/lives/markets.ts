/** Lives of contracts that hold what belongs to several: a market of two tokens, a multisig. */
import type { Argument, Life, Step } from './life.ts';

const MAX = (1n << 256n) - 1n;

/** Two tokens and their pool, with shares of alice, and allowances of alice and bob. */
export const POOL_SETUP: readonly Step[] = [
  { deploy: 'LifeToken', as: 'gold', args: ['@owner'] },
  { deploy: 'LifeToken', as: 'silver', args: ['@owner'] },
  { deploy: 'LifePool', as: 'pool', args: ['@gold', '@silver'] },
  { call: 'gold.mint', args: ['@alice', 10n ** 24n] },
  { call: 'silver.mint', args: ['@alice', 10n ** 24n] },
  { call: 'gold.mint', args: ['@bob', 10n ** 21n] },
  { call: 'silver.mint', args: ['@bob', 10n ** 21n] },
  ...(['gold', 'silver'] as const).flatMap((token) =>
    (['alice', 'bob'] as const).map((from) => ({
      call: `${token}.approve`,
      args: ['@pool', MAX],
      from,
    })),
  ),
  { call: 'pool.deposit', args: [4n * 10n ** 21n, 9n * 10n ** 21n], from: 'alice' },
];

export const POOL: Life = {
  name: 'pool',
  steps: [
    ...POOL_SETUP,
    { call: 'pool.balanceOf', args: ['@alice'], returns: 6n * 10n ** 21n },
    { blocks: 1, seconds: 12 },
    { call: 'pool.swap', args: ['@gold', 10n ** 18n, 0n], from: 'bob', keep: 'out' },
    { call: 'pool.swap', args: ['@silver', '$out', 0n], from: 'bob' },
    { call: 'pool.swap', args: ['@gold', 10n ** 18n, MAX], from: 'bob', revert: 'TooLittle' },
    { call: 'pool.swap', args: ['@pool', 1n, 0n], from: 'bob', revert: 'UnknownToken' },
    {
      call: 'pool.swap',
      args: ['@gold', 1000n, 0n],
      from: 'carol',
      revert: 'ERC20InsufficientAllowance',
    },
    { call: 'pool.price0Sum' },
    { call: 'pool.reserves' },
    { call: 'pool.withdraw', args: [10n ** 21n], from: 'alice' },
    { call: 'pool.withdraw', args: [1n], from: 'bob', revert: 'ERC20InsufficientBalance' },
    { call: 'pool.deposit', args: [10n ** 18n, 10n ** 19n], from: 'bob' },
  ],
};

/** What the owners agree on: a transfer of the token that the multisig holds. */
export const PAYMENT: Argument = { data: 'token.transfer', args: ['@carol', 5n] };

/** A multisig of three that holds tokens; two of them have confirmed a payment. */
export const MULTISIG_SETUP: readonly Step[] = [
  { deploy: 'LifeToken', as: 'token', args: ['@owner'] },
  { deploy: 'LifeMultisig', as: 'safe', args: [['@owner', '@alice', '@bob'], 2n] },
  { call: 'token.mint', args: ['@safe', 1000n] },
  { call: 'safe.idOf', args: ['@token', 0n, PAYMENT], keep: 'id' },
  { call: 'safe.confirm', args: ['$id'], from: 'alice' },
  { call: 'safe.confirm', args: ['$id'], from: 'bob' },
];

export const MULTISIG: Life = {
  name: 'multisig',
  steps: [
    ...MULTISIG_SETUP,
    { call: 'safe.confirm', args: ['$id'], from: 'bob', revert: 'AlreadyConfirmed' },
    { call: 'safe.confirm', args: ['$id'], from: 'carol', revert: 'NotOwner' },
    { call: 'safe.execute', args: ['@token', 1n, PAYMENT], revert: 'NotConfirmed' },
    { call: 'safe.execute', args: ['@token', 0n, PAYMENT], from: 'alice' },
    { call: 'token.balanceOf', args: ['@carol'], returns: 5n },
    { call: 'safe.execute', args: ['@token', 0n, PAYMENT], revert: 'NotConfirmed', note: 'again' },
    { send: '@safe', value: 3n },
  ],
};

export const MARKET_LIVES: readonly Life[] = [POOL, MULTISIG];
