/**
 * The addresses that are warm from the start of a message: sender, callee, precompiles and coinbase
 * (EIP-2929, EIP-3651). Nothing is built for a message that asks for none of them.
 */
import type { MachineAccess, Owner } from '../dmir/host.ts';
import { addressToBigint, type WarmSet } from '../vms/evm/host/accounts.ts';

const NO_ADDRESS = new Uint8Array(0);

/** Those of the fork by the number that their address is, and those of whoever runs the machine. */
interface Precompiles {
  readonly precompiles: ReadonlyMap<number, unknown>;
  readonly ownPrecompiles: ReadonlyMap<bigint, unknown> | undefined;
}

export class MessageWarmSet implements WarmSet {
  readonly #precompiles: Precompiles;
  /** Sender, callee and coinbase if that is warm. */
  readonly #addresses: Uint8Array[];
  /** The same as owners, once they were asked for. */
  readonly #owners: Owner[] = [];

  constructor(precompiles: Precompiles, coinbase: Uint8Array | undefined) {
    this.#precompiles = precompiles;
    this.#addresses = [NO_ADDRESS, NO_ADDRESS, ...(coinbase === undefined ? [] : [coinbase])];
  }

  /** Begins a message. The arrays must not change while it runs. */
  begin(from: Uint8Array, to: Uint8Array): void {
    this.#addresses[0] = from;
    this.#addresses[1] = to;
    this.#owners.length = 0;
  }

  has(machine: MachineAccess, owner: Owner): boolean {
    const owners = this.#owners;
    if (owners.length === 0) {
      for (const address of this.#addresses) owners.push(machine.ownerOf(address));
    }
    const { precompiles, ownPrecompiles } = this.#precompiles;
    if (owners.includes(owner) || precompiles.has(machine.ownerNumber(owner))) return true;
    return ownPrecompiles?.has(addressToBigint(machine.ownerId(owner))) === true;
  }

  *[Symbol.iterator](): Iterator<bigint> {
    const { precompiles, ownPrecompiles } = this.#precompiles;
    const addresses = this.#addresses.map(addressToBigint);
    const fixed = [...precompiles.keys()].map(BigInt);
    yield* new Set([...fixed, ...(ownPrecompiles?.keys() ?? []), ...addresses]);
  }
}
