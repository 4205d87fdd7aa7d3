/** Lives of OpenZeppelin's proxies: ERC-1967, UUPS, transparent, beacon, and clones. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHexText, hexTextToBytes } from '../oracle/case.ts';
import type { Life } from './life.ts';

const SALT = `0x${'5a'.repeat(32)}`;
const INITIALIZE = { data: 'logic.initialize', args: ['@alice', 1000n] };

export const UUPS: Life = {
  name: 'UUPS and ERC-1967',
  steps: [
    { deploy: 'LifeCoinV1', as: 'logic' },
    { deploy: 'LifeCoinV2', as: 'next' },
    { deploy: 'LifeBox', as: 'box', args: ['@owner'] },
    { deploy: 'LifeProxy', as: 'proxy', args: ['@logic', INITIALIZE] },
    { deploy: 'LifeProxy', as: 'bad', args: ['@logic', '0x'], revert: 'ERC1967ProxyUninitialized' },
    {
      deploy: 'LifeProxy',
      as: 'bad',
      args: ['@bob', INITIALIZE],
      revert: 'ERC1967InvalidImplementation',
    },
    { use: 'LifeCoinV1', at: '@proxy', as: 'coin' },
    { call: 'logic.initialize', args: ['@bob', 1n], revert: 'InvalidInitialization' },
    { call: 'coin.initialize', args: ['@bob', 1n], revert: 'InvalidInitialization' },
    { call: 'coin.balanceOf', args: ['@alice'], returns: 1000n },
    { call: 'coin.transfer', args: ['@bob', 250n], from: 'alice', returns: true },
    {
      call: 'coin.transfer',
      args: ['@bob', 751n],
      from: 'alice',
      revert: 'ERC20InsufficientBalance',
    },
    { call: 'coin.version', returns: 1n },
    {
      call: 'coin.upgradeToAndCall',
      args: ['@next', '0x'],
      from: 'bob',
      revert: 'OwnableUnauthorizedAccount',
    },
    {
      call: 'coin.upgradeToAndCall',
      args: ['@box', '0x'],
      from: 'alice',
      revert: 'ERC1967InvalidImplementation',
    },
    {
      call: 'logic.upgradeToAndCall',
      args: ['@next', '0x'],
      from: 'alice',
      revert: 'UUPSUnauthorizedCallContext',
    },
    {
      call: 'coin.upgradeToAndCall',
      args: ['@next', { data: 'next.migrate', args: [9n] }],
      from: 'alice',
    },
    { use: 'LifeCoinV2', at: '@proxy', as: 'coin2' },
    { call: 'coin2.version', returns: 2n },
    { call: 'coin2.bonus', returns: 9n },
    { call: 'coin2.migrate', args: [1n], from: 'alice', revert: 'InvalidInitialization' },
    { call: 'coin2.balanceOf', args: ['@bob'], returns: 250n },
  ],
};

/** The administrator is the first contract that a proxy creates: RLP of its address and nonce 1. */
function adminOf(proxy: string): string {
  const rlp = hexTextToBytes(`d694${proxy.slice(2)}01`);
  return bytesToHexText(keccak_256(rlp).slice(12));
}

export const TRANSPARENT: Life = {
  name: 'transparent proxy',
  steps: [
    { deploy: 'LifeCoinV1', as: 'logic' },
    { deploy: 'LifeCoinV2', as: 'next' },
    { deploy: 'LifeTransparent', as: 'proxy', args: ['@logic', '@owner', INITIALIZE] },
    { use: 'LifeCoinV1', at: '@proxy', as: 'coin' },
    { call: 'coin.transfer', args: ['@bob', 1n], from: 'alice' },
    {
      use: 'LifeAdmin',
      at: (life) => adminOf(life.addressOf('proxy')),
      as: 'admin',
    },
    { call: 'admin.owner', returns: '@owner' },
    {
      call: 'admin.upgradeAndCall',
      args: ['@proxy', '@next', '0x'],
      from: 'bob',
      revert: 'OwnableUnauthorizedAccount',
    },
    {
      call: 'admin.upgradeAndCall',
      args: ['@proxy', '@bob', '0x'],
      revert: 'ERC1967InvalidImplementation',
    },
    { call: 'admin.upgradeAndCall', args: ['@proxy', '@next', '0x'] },
    { call: 'coin.version', returns: 2n },
    { call: 'coin.balanceOf', args: ['@bob'], returns: 1n },
  ],
};

export const BEACON: Life = {
  name: 'beacon proxies',
  steps: [
    { deploy: 'LifeCoinV1', as: 'logic' },
    { deploy: 'LifeCoinV2', as: 'next' },
    { deploy: 'LifeBeacon', as: 'beacon', args: ['@logic', '@owner'] },
    {
      deploy: 'LifeBeacon',
      as: 'bad',
      args: ['@bob', '@owner'],
      revert: 'BeaconInvalidImplementation',
    },
    { deploy: 'LifeBeaconProxy', as: 'first', args: ['@beacon', INITIALIZE] },
    { deploy: 'LifeBeaconProxy', as: 'second', args: ['@beacon', INITIALIZE] },
    { use: 'LifeCoinV1', at: '@first', as: 'coin' },
    { use: 'LifeCoinV1', at: '@second', as: 'other' },
    { call: 'coin.transfer', args: ['@bob', 10n], from: 'alice' },
    { call: 'other.balanceOf', args: ['@bob'], returns: 0n },
    {
      call: 'beacon.upgradeTo',
      args: ['@next'],
      from: 'bob',
      revert: 'OwnableUnauthorizedAccount',
    },
    { call: 'beacon.upgradeTo', args: ['@next'] },
    { call: 'coin.version', returns: 2n },
    { call: 'other.version', returns: 2n },
    { call: 'coin.balanceOf', args: ['@bob'], returns: 10n },
  ],
};

export const CLONES: Life = {
  name: 'clones',
  steps: [
    { deploy: 'LifeCloneable', as: 'logic' },
    { deploy: 'LifeFactory', as: 'factory' },
    { call: 'factory.clone', args: ['@logic'], keep: 'first' },
    { use: 'LifeCloneable', at: '$first', as: 'first' },
    { call: 'first.open', args: ['@alice'], value: 5n },
    { call: 'first.open', args: ['@bob'], revert: 'AlreadyOwned' },
    { call: 'first.increase', args: [3n], returns: 3n },
    { call: 'first.increase', args: [4n], returns: 7n },
    { call: 'logic.count', returns: 0n },
    { call: 'factory.predict', args: ['@logic', SALT], keep: 'second' },
    { call: 'factory.cloneDeterministic', args: ['@logic', SALT], value: 9n, returns: '$second' },
    { call: 'factory.cloneDeterministic', args: ['@logic', SALT], revert: 'FailedDeployment' },
    { use: 'LifeCloneable', at: '$second', as: 'second' },
    { call: 'second.increase', args: [1n], returns: 1n },
    { call: 'second.increase', args: [(1n << 256n) - 1n], revert: 'Panic 0x11' },
    { call: 'factory.cloneWithArgs', args: ['@logic', '0xdeadbeef'], keep: 'third' },
    { use: 'LifeCloneable', at: '$third', as: 'third' },
    { call: 'third.increase', args: [8n], returns: 8n },
  ],
};

export const PROXY_LIVES: readonly Life[] = [UUPS, TRANSPARENT, BEACON, CLONES];
