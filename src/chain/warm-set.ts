/**
 * The addresses that are warm from the start of a message: sender, callee, precompiles and coinbase
 * (EIP-2929, EIP-3651). Nothing is built for a message that asks for none of them.
 */
import { addressToBigint, type WarmSet } from '../vms/evm/host/accounts.ts';

const NO_ADDRESS = new Uint8Array(0);

export class MessageWarmSet implements WarmSet {
  readonly #precompiles: ReadonlySet<bigint>;
  readonly #coinbase: bigint | undefined;
  #from = NO_ADDRESS;
  #to = NO_ADDRESS;
  /** Sender and callee as numbers, once they were asked for. */
  #pair: readonly [bigint, bigint] | undefined;

  /** @param precompiles - Their addresses; the set is shared by all blocks. */
  constructor(precompiles: ReadonlySet<bigint>, coinbase: bigint | undefined) {
    this.#precompiles = precompiles;
    this.#coinbase = coinbase;
  }

  /** Begins a message. The arrays must not change while it runs. */
  begin(from: Uint8Array, to: Uint8Array): void {
    this.#from = from as typeof NO_ADDRESS;
    this.#to = to as typeof NO_ADDRESS;
    this.#pair = undefined;
  }

  has(address: bigint): boolean {
    if (address === this.#coinbase || this.#precompiles.has(address)) return true;
    const [from, to] = this.#addresses();
    return address === from || address === to;
  }

  *[Symbol.iterator](): Iterator<bigint> {
    const always = [...this.#precompiles];
    if (this.#coinbase !== undefined) always.push(this.#coinbase);
    yield* new Set([...always, ...this.#addresses()]);
  }

  #addresses(): readonly [bigint, bigint] {
    this.#pair ??= [addressToBigint(this.#from), addressToBigint(this.#to)];
    return this.#pair;
  }
}
