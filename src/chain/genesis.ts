/** Accounts that a chain begins with. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { Keccak256 } from '../base/bytes.ts';
import { bigintToBytes32 } from '../base/u256.ts';
import type { Backend } from '../state/backends/backend.ts';
import { SPACES } from '../state/cells.ts';
import { createEvmView } from '../state/views/evm.ts';

export interface GenesisAccount {
  /** 20 bytes. */
  readonly address: Uint8Array;
  readonly balance: bigint;
  readonly nonce: bigint;
  readonly code: Uint8Array;
  readonly storage: readonly { readonly slot: bigint; readonly value: bigint }[];
}

/** Writes accounts to a backend that has none of them; empty ones exist from then on. */
export function putAccounts(
  backend: Backend,
  accounts: readonly GenesisAccount[],
  keccak256: Keccak256 = keccak_256,
): void {
  const view = createEvmView({ backend, keccak256 });
  for (const { address, balance, nonce, code, storage } of accounts) {
    view.setBalance(address, balance);
    view.setNonce(address, nonce);
    if (code.length > 0) view.setCode(address, code);
    for (const { slot, value } of storage) view.setSlot(address, slot, value);
    if (balance === 0n && nonce === 0n && code.length === 0) {
      backend.put({ space: SPACES.exists.number, owner: address, key: ZERO }, ONE);
    }
  }
}

const ZERO = new Uint8Array(32);
const ONE = bigintToBytes32(1n, 'a mark');
