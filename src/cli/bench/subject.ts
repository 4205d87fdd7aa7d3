/** What the suites measure: a contract in its world, and calls of it. */
import { hexToBytes } from '../../base/bytes.ts';
import { createMachine, type EvmMachine } from '../../chain/machine.ts';
import type { AccountDump, BlockEnv, CallOptions, Hex, Outcome } from '../../chain/types.ts';
import type { EngineName, TierOptions } from '../../engines/tiering.ts';
import { InputError } from '../../languages/errors.ts';
import type { Fork } from '../../vms/evm/forks.ts';
import { isWasm } from '../../vms/wasm/deployment.ts';

/** Plain data, so that another process can have it. */
export interface Subject {
  readonly name: string;
  readonly fork: Fork;
  readonly block: Partial<Omit<BlockEnv, 'blockHash'>>;
  /** Every account before the first call. */
  readonly world: readonly AccountDump[];
  /** Each of them succeeds on that world; the first names the contract. */
  readonly calls: readonly (CallOptions & { readonly to: Hex })[];
}

function accountOf({ name, world, calls }: Subject): AccountDump {
  const account = world.find(({ address }) => address === calls[0]?.to);
  if (account === undefined) throw new Error(`BUG: ${name} has no account`);
  return account;
}

export function codeOf(subject: Subject): Uint8Array {
  return hexToBytes(accountOf(subject).code.slice(2));
}

/** A machine with the world of a subject. */
export function loadMachine(
  { fork, block, world }: Subject,
  engine: EngineName,
  tier?: TierOptions,
): EvmMachine {
  const machine = createMachine({ fork, block, engine, ...(tier === undefined ? {} : { tier }) });
  loadWorld(machine, world);
  return machine;
}

export function loadWorld({ state }: EvmMachine, world: readonly AccountDump[]): void {
  for (const { address, balance, nonce, code, storage } of world) {
    state.setBalance(address, balance);
    state.setNonce(address, nonce);
    if (code !== '0x') state.setCode(address, code);
    for (const { slot, value } of storage) state.setStorage(address, slot, value);
  }
}

/** Bytes behind a code that no run reaches, in the place of metadata. */
const METADATA_BYTES = 32;
/** How a custom section of as many bytes begins: its id, its length, a name of no letters. */
const SECTION_HEAD = [0, METADATA_BYTES - 2, 0];

/** The same contract with other bytes behind its code: one that no machine has seen. */
export interface Copy {
  readonly address: Hex;
  readonly code: Uint8Array;
}

export function copyOf(subject: Subject, number: number): Copy {
  const code = codeOf(subject);
  const bytes = new Uint8Array(code.length + METADATA_BYTES);
  bytes.set(code);
  if (isWasm(code)) bytes.set(SECTION_HEAD, code.length);
  new DataView(bytes.buffer).setUint32(bytes.length - 4, number);
  return {
    address: `0x${(0xc0b1_0000_0000 + number).toString(16).padStart(40, '0')}`,
    code: bytes,
  };
}

/** Storage and balance of the contract, for its copy. */
export function fillCopy({ state }: EvmMachine, subject: Subject, { address }: Copy): void {
  const { balance, storage } = accountOf(subject);
  state.setBalance(address, balance);
  for (const { slot, value } of storage) state.setStorage(address, slot, value);
}

/** What the calls come to, in a form that shows every difference. */
export function tell({ status, gasUsed, gasRefund, output, logs, writes }: Outcome): string {
  const values = [status, gasUsed, gasRefund, output, logs, writes];
  return JSON.stringify(values, (_, value: unknown) => {
    if (typeof value === 'bigint') return `0x${value.toString(16)}`;
    return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  });
}

/** Runs of a call that are compared: enough for `singlepass` and `multipass` to compile it. */
const PROOFS = 70;

/**
 * Compares the calls on an engine with those on the interpreter.
 *
 * @throws InputError `usage` for a call that does not succeed, Error where an engine differs
 */
export function prove(subject: Subject, engine: EngineName): void {
  const reference = loadMachine(subject, 'interpreter');
  const machine = loadMachine(subject, engine);
  for (const call of subject.calls) {
    const expected = reference.call({ ...call, commit: false });
    if (expected.status !== 'success') {
      const why = expected.reason === undefined ? '' : ` (${expected.reason})`;
      throw new InputError(
        'usage',
        `a call of ${subject.name} ends with ${expected.status}${why}; only success is measured`,
        'try it with: lockstep run FILE --call SIGNATURE ARGUMENTS…',
      );
    }
    const wanted = tell(expected);
    for (let i = 0; i < PROOFS; i++) {
      if (tell(machine.call({ ...call, commit: false })) === wanted) continue;
      throw new Error(`BUG: ${engine} and the interpreter differ in a call of ${subject.name}`);
    }
  }
}
