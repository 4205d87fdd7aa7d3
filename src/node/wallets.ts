/**
 * Accounts whose keys the node has: those of a mnemonic (BIP-39, BIP-32, BIP-44), and the accounts
 * that it acts for without a key.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex } from '../base/bytes.ts';
import { deriveKeys, type MnemonicOptions, publicKeyOf } from './hd-keys.ts';

export interface Wallet {
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** 32 bytes. */
  readonly privateKey: Uint8Array;
}

/**
 * The accounts of a mnemonic.
 *
 * @throws LockstepError L1703 for words or a path that are none
 */
export function deriveWallets(options: MnemonicOptions): Wallet[] {
  return options.count === 0 ? [] : deriveKeys(options).map(walletOfKey);
}

/**
 * @param privateKey - 32 bytes.
 * @throws LockstepError L1704 if the key is zero or not below the order of the curve
 */
export function walletOfKey(privateKey: Uint8Array): Wallet {
  return { address: keccak_256(publicKeyOf(privateKey)).slice(12), privateKey };
}

/** An address with the capitals that check it (EIP-55). */
export function checksumAddress(address: Uint8Array): string {
  const digits = bytesToHex(address).slice(2);
  const hash = keccak_256(new TextEncoder().encode(digits));
  const letters = [...digits].map((digit, index) => {
    const half = index % 2 === 0 ? (hash[index >> 1] ?? 0) >> 4 : (hash[index >> 1] ?? 0) & 15;
    return half >= 8 ? digit.toUpperCase() : digit;
  });
  return `0x${letters.join('')}`;
}

/** Who the node signs and acts for. */
export class Wallets {
  readonly #wallets = new Map<string, Wallet>();
  readonly #impersonated = new Set<string>();
  /** Whether it acts for every account. */
  isImpersonatingAll = false;

  constructor(wallets: readonly Wallet[]) {
    for (const wallet of wallets) this.add(wallet);
  }

  add(wallet: Wallet): void {
    this.#wallets.set(bytesToHex(wallet.address), wallet);
  }

  remove(address: Uint8Array): boolean {
    return this.#wallets.delete(bytesToHex(address));
  }

  get(address: Uint8Array): Wallet | undefined {
    return this.#wallets.get(bytesToHex(address));
  }

  list(): readonly Wallet[] {
    return [...this.#wallets.values()];
  }

  /** Accounts that somebody may send from by name: with keys, and those acted for. */
  addresses(): readonly string[] {
    return [...new Set([...this.#wallets.keys(), ...this.#impersonated])];
  }

  impersonate(address: Uint8Array): void {
    this.#impersonated.add(bytesToHex(address));
  }

  stopImpersonating(address: Uint8Array): boolean {
    return this.#impersonated.delete(bytesToHex(address));
  }

  isImpersonated(address: Uint8Array): boolean {
    return this.isImpersonatingAll || this.#impersonated.has(bytesToHex(address));
  }
}
