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
  readonly #coinbase: Uint8Array | undefined;
  #from = NO_ADDRESS;
  #to = NO_ADDRESS;
  /** Sender, callee and coinbase, once they were asked for. */
  #owners: readonly Owner[] | undefined;

  constructor(precompiles: Precompiles, coinbase: Uint8Array | undefined) {
    this.#precompiles = precompiles;
    this.#coinbase = coinbase;
  }

  /** Begins a message. The arrays must not change while it runs. */
  begin(from: Uint8Array, to: Uint8Array): void {
    this.#from = from as typeof NO_ADDRESS;
    this.#to = to as typeof NO_ADDRESS;
    this.#owners = undefined;
  }

  has(machine: MachineAccess, owner: Owner): boolean {
    this.#owners ??= this.#addresses().map((address) => machine.ownerOf(address));
    const { precompiles, ownPrecompiles } = this.#precompiles;
    if (this.#owners.includes(owner) || precompiles.has(machine.ownerNumber(owner))) return true;
    return ownPrecompiles?.has(addressToBigint(machine.ownerId(owner))) === true;
  }

  *[Symbol.iterator](): Iterator<bigint> {
    const { precompiles, ownPrecompiles } = this.#precompiles;
    const addresses = this.#addresses().map(addressToBigint);
    const fixed = [...precompiles.keys()].map(BigInt);
    yield* new Set([...fixed, ...(ownPrecompiles?.keys() ?? []), ...addresses]);
  }

  #addresses(): readonly Uint8Array[] {
    const always = this.#coinbase === undefined ? [] : [this.#coinbase];
    return [this.#from, this.#to, ...always];
  }
}
