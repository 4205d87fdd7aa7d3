/**
 * The addresses that are warm from the start of a message: sender, callee, precompiles and coinbase
 * (EIP-2929, EIP-3651). Nothing is built for a message that asks for none of them.
 */
import type { MachineAccess, Owner } from '../dmir/host.ts';
import { addressToBigint, type WarmSet } from '../vms/evm/host/accounts.ts';

const NO_ADDRESS = new Uint8Array(0);

export class MessageWarmSet implements WarmSet {
  readonly #precompiles: ReadonlyMap<number, unknown>;
  /** Sender, callee and coinbase if that is warm. */
  readonly #addresses: Uint8Array[];
  /** The same as owners, once they were asked for. */
  readonly #owners: Owner[] = [];

  /** @param precompiles - By the number that their address is. */
  constructor(precompiles: ReadonlyMap<number, unknown>, coinbase: Uint8Array | undefined) {
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
    return owners.includes(owner) || this.#precompiles.has(machine.ownerNumber(owner));
  }

  *[Symbol.iterator](): Iterator<bigint> {
    const precompiles = [...this.#precompiles.keys()].map(BigInt);
    yield* new Set([...precompiles, ...this.#addresses.map(addressToBigint)]);
  }
}
