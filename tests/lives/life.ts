/**
 * A life: contracts deployed and called step by step on two machines that must agree at every step.
 *
 * A life is data. In arguments `@name` is the address of a person or a contract, `$name` a value
 * kept by an earlier step, `{ data, args }` the encoded call of a contract's function, `{ keccak }`
 * the hash of a text, and a function is called with the life.
 */
import assert from 'node:assert/strict';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { AbiConstructor, AbiError, AbiFunction } from 'ox';
import type { BlockEnv, CallOptions, DeployOptions, Hex } from '../../src/chain/types.ts';
import { bytesToHexText } from '../oracle/case.ts';
import { compareOutcome, type Observed } from '../support/ethereumjs.ts';
import { compileLives, findArtifact, type LifeArtifact } from './compile.ts';

export type Argument =
  | string
  | bigint
  | number
  | boolean
  | readonly Argument[]
  | { data: string; args: readonly Argument[] }
  | { keccak: string }
  | ((life: Living) => unknown);

interface Common {
  from?: string;
  value?: bigint;
  gas?: bigint;
  /** Name of the custom error, or the text of `Error(string)`, or `Panic 0x11`. */
  revert?: string;
  note?: string;
}

export interface DeployStep extends Common {
  deploy: string;
  as: string;
  args?: readonly Argument[];
}

export interface CallStep extends Common {
  /** `contract.function`, or `contract.function(types)` where a name is overloaded. */
  call: string;
  args?: readonly Argument[];
  /** The decoded result; addresses in any case. */
  returns?: Argument;
  /** Keeps the result as `$name`. */
  keep?: string;
}

/** Sees an address as a contract of another type. */
export interface UseStep {
  use: string;
  at: Argument;
  as: string;
}

export interface AdvanceStep {
  blocks: number;
  seconds: number;
}

/** Sends value and data to an address without an ABI. */
export interface SendStep extends Common {
  send: Argument;
  data?: Hex;
}

export type Step = DeployStep | CallStep | UseStep | AdvanceStep | SendStep;

export interface Life {
  name: string;
  steps: readonly Step[];
}

/** One machine in a life. */
export interface LifeSide {
  call(options: CallOptions): Promise<Observed> | Observed;
  deploy(options: DeployOptions): Promise<Observed> | Observed;
  fund(address: Hex, balance: bigint): void;
}

/** Private keys of the people, so that they can sign; addresses follow from them. */
export const PEOPLE = ['owner', 'alice', 'bob', 'carol'] as const;

const PERSON_ADDRESSES: Readonly<Record<string, Hex>> = {
  owner: '0x7e5f4552091a69125d5dfcb7b8c2659029395bdf',
  alice: '0x2b5ad5c4795c026514f8317c7a215e218dccd6cf',
  bob: '0x6813eb9362372eef6200f3b1dbc3f819671cba69',
  carol: '0x1eff47bc3a10a45d4b230b5d10e37751fe6aa718',
};

/** The private key of a person: 1 for the first, and so on. */
export function privateKeyOf(person: (typeof PEOPLE)[number]): Hex {
  return `0x${(PEOPLE.indexOf(person) + 1).toString(16).padStart(64, '0')}`;
}

/** A block whose number and time a life may advance; both machines read it at every step. */
export type MutableBlock = { -readonly [K in keyof BlockEnv]: BlockEnv[K] };

export function createLifeBlock(): MutableBlock {
  return {
    number: 100n,
    timestamp: 1_700_000_000n,
    gasLimit: 30_000_000n,
    coinbase: '0x00000000000000000000000000000000000c01ba',
    prevRandao: 77n,
    baseFee: 7n,
    blobBaseFee: 1n,
    blockHash: () => undefined,
  };
}

const BALANCE = 10n ** 21n;
const GAS = 16_000_000n;

/** A running life. */
export class Living {
  readonly #sides: { ours: LifeSide; theirs: LifeSide };
  readonly #contracts = new Map<string, { artifact: LifeArtifact; address: Hex }>();
  readonly #kept = new Map<string, unknown>();
  readonly #errors: readonly LifeArtifact[];
  readonly block: MutableBlock;

  constructor(
    sides: { ours: LifeSide; theirs: LifeSide },
    block: MutableBlock,
    errors: readonly LifeArtifact[],
  ) {
    this.#sides = sides;
    this.block = block;
    this.#errors = errors;
    for (const address of Object.values(PERSON_ADDRESSES)) {
      sides.ours.fund(address, BALANCE);
      sides.theirs.fund(address, BALANCE);
    }
  }

  addressOf(name: string): Hex {
    const address = PERSON_ADDRESSES[name] ?? this.#contracts.get(name)?.address;
    if (address === undefined) throw new Error(`BUG: nobody is called ${name}`);
    return address;
  }

  resolve(argument: Argument | undefined): unknown {
    if (typeof argument === 'function') return argument(this);
    if (Array.isArray(argument)) return argument.map((item: Argument) => this.resolve(item));
    if (typeof argument === 'string') {
      if (argument.startsWith('@')) return this.addressOf(argument.slice(1));
      if (argument.startsWith('$')) return this.#kept.get(argument.slice(1));
      return argument;
    }
    if (typeof argument === 'object' && argument !== null) {
      if ('keccak' in argument) {
        return bytesToHexText(keccak_256(new TextEncoder().encode(argument.keccak)));
      }
      if ('data' in argument) return this.#encode(argument.data, argument.args).data;
    }
    return argument;
  }

  #encode(target: string, args: readonly Argument[]) {
    const dot = target.indexOf('.');
    const contract = this.#contracts.get(target.slice(0, dot));
    if (contract === undefined) throw new Error(`BUG: no contract for ${target}`);
    const abi = contract.artifact.abi as never;
    const values = this.resolve(args) as readonly unknown[];
    const name = target.slice(dot + 1);
    const wanted = name.includes('(') ? toSelector(name) : name;
    const method = AbiFunction.fromAbi(abi, wanted as never, { args: values } as never);
    const data = (AbiFunction.encodeData as (m: unknown, a: unknown) => Hex)(method, values);
    return { method: method as AbiFunction.AbiFunction, data, address: contract.address };
  }

  /** Runs one step on both machines; throws an assertion where they differ or it is unexpected. */
  async step(step: Step): Promise<void> {
    if ('blocks' in step) {
      this.block.number += BigInt(step.blocks);
      this.block.timestamp += BigInt(step.seconds);
    } else if ('use' in step) {
      const artifact = await findArtifact(step.use);
      const address = String(this.resolve(step.at)).toLowerCase() as Hex;
      this.#contracts.set(step.as, { artifact, address });
    } else if ('deploy' in step) await this.#deploy(step);
    else if ('send' in step) await this.#send(step);
    else await this.#call(step);
  }

  #sender(step: Common) {
    return {
      from: this.addressOf(step.from ?? 'owner'),
      value: step.value ?? 0n,
      gas: step.gas ?? GAS,
      gasPrice: 10n,
    };
  }

  async #deploy(step: DeployStep): Promise<void> {
    const artifact = await findArtifact(step.deploy);
    const bytecode = bytesToHexText(artifact.init);
    const args = this.resolve(step.args ?? []) as readonly unknown[];
    let code = bytecode;
    if (args.length > 0) {
      const ctor = AbiConstructor.fromAbi(artifact.abi as never) as AbiConstructor.AbiConstructor;
      code = (AbiConstructor.encode as (c: unknown, o: unknown) => Hex)(ctor, { bytecode, args });
    }
    const options = { ...this.#sender(step), code };
    const observed = await this.#both(step, (side) => side.deploy(options));
    const { address } = observed;
    if (address === undefined) throw new Error('BUG: a creation without an address');
    this.#contracts.set(step.as, { artifact, address });
  }

  async #send(step: SendStep): Promise<void> {
    const to = this.resolve(step.send) as Hex;
    const options = { ...this.#sender(step), to, data: step.data ?? '0x' };
    await this.#both(step, (side) => side.call(options));
  }

  async #call(step: CallStep): Promise<void> {
    const { method, data, address } = this.#encode(step.call, step.args ?? []);
    const view = method.stateMutability === 'view' || method.stateMutability === 'pure';
    const options = { ...this.#sender(step), to: address, data, static: view, commit: !view };
    const { output, status } = await this.#both(step, (side) => side.call(options));
    if (status !== 'success' || method.outputs.length === 0) return;
    const decode = AbiFunction.decodeResult as (method: unknown, data: Hex) => unknown;
    const result = decode(method, bytesToHexText(output));
    if (step.keep !== undefined) this.#kept.set(step.keep, result);
    if ('returns' in step) {
      assert.deepEqual(normalise(result), normalise(this.resolve(step.returns)));
    }
  }

  async #both(
    step: Common,
    run: (side: LifeSide) => Promise<Observed> | Observed,
  ): Promise<Observed> {
    const theirs = await run(this.#sides.theirs);
    const ours = await run(this.#sides.ours);
    assert.deepEqual(compareOutcome(ours, theirs), []);
    const expected = step.revert === undefined ? 'success' : 'revert';
    const reason = theirs.status === 'revert' ? this.#decodeError(theirs.output) : undefined;
    assert.equal(theirs.status, expected, reason ?? theirs.detail ?? 'no reason');
    if (step.revert !== undefined) assert.equal(reason, step.revert);
    return theirs;
  }

  #decodeError(output: Uint8Array): string {
    const data = bytesToHexText(output);
    if (data.startsWith(AbiError.solidityErrorSelector)) {
      return String(AbiError.decode(AbiError.solidityError as never, data as never));
    }
    if (data.startsWith(AbiError.solidityPanicSelector)) {
      return `Panic 0x${BigInt(`0x${data.slice(10)}`).toString(16)}`;
    }
    for (const { abi } of this.#errors) {
      for (const item of abi) {
        if (item.type !== 'error') continue;
        if (data.startsWith(AbiError.getSelector(item as never))) return String(item.name);
      }
    }
    return data;
  }
}

function toSelector(signature: string): Hex {
  const hash = keccak_256(new TextEncoder().encode(signature));
  return bytesToHexText(hash.slice(0, 4));
}

function normalise(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normalise);
  if (typeof value === 'string' && value.startsWith('0x')) return value.toLowerCase();
  return typeof value === 'number' ? BigInt(value) : value;
}

/** Runs a life from birth; the message of a failure names the step. */
export async function runLife(
  life: Life,
  createSides: (block: MutableBlock) => Promise<{ ours: LifeSide; theirs: LifeSide }>,
): Promise<void> {
  const block = createLifeBlock();
  const living = new Living(await createSides(block), block, await compileLives());
  for (const [index, step] of life.steps.entries()) {
    try {
      await living.step(step);
    } catch (error) {
      const text = describeStep(step);
      if (error instanceof Error)
        error.message = `${life.name} ${index} (${text}): ${error.message}`;
      throw error;
    }
  }
}

function describeStep(step: Step): string {
  if ('deploy' in step) return `deploy ${step.deploy}`;
  if ('call' in step) return `${step.call} by ${step.from ?? 'owner'}`;
  if ('use' in step) return `use ${step.use}`;
  return 'send' in step ? 'send' : 'advance';
}
