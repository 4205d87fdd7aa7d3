/**
 * The suite `erc`: ERC-20 transfers, one call each from 1,000 accounts to 1,000 others, every call
 * a transaction of its own that is kept, with all of its set-up.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes } from '../../base/bytes.ts';
import { createMachine, type EvmMachine } from '../../chain/machine.ts';
import type { CallOptions, Hex } from '../../chain/types.ts';
import type { EngineName } from '../../engines/tiering.ts';
import type { Fork } from '../../vms/evm/forks.ts';
import { measureCpuMs, quantile } from './measure.ts';
import { loadMachine, type Subject, tell } from './subject.ts';
import { TOKEN_INIT_CODE } from './token.generated.ts';

const ACCOUNTS = 1000;
const BALANCE = 1000n;
/** CPU time after which compilers have compiled, and what they made is optimised. */
const WARM_UP_MS = 3000;
/** Passes over all senders in one sample: far more work than a restore leaves behind. */
const PASSES = 10;
const OWNER: Hex = '0x00000000000000000000000000000000000000a0';

const word = (value: bigint): string => value.toString(16).padStart(64, '0');

/** An address that looks like any other. */
function addressOf(number: number): Hex {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, number);
  return `0x${bytesToHex(keccak_256(bytes)).slice(-40)}`;
}

function transfer(to: Hex, from: Hex, receiver: Hex, value: bigint) {
  const data = hexToBytes(`a9059cbb${word(BigInt(receiver))}${word(value)}`);
  return { to, from, data, gas: 100_000n };
}

/** The built-in token, a balance for every sender, and a transfer of each. */
export function prepareTransfers(fork: Fork): Subject {
  const machine = createMachine({ fork });
  const { address } = machine.deploy({ code: TOKEN_INIT_CODE, from: OWNER });
  for (let i = 0; i < ACCOUNTS; i++) {
    const { status } = machine.call(transfer(address, OWNER, addressOf(i), BALANCE));
    if (status !== 'success') throw new Error(`BUG: a transfer of the token ends with ${status}`);
  }
  const calls = Array.from({ length: ACCOUNTS }, (_, i) =>
    transfer(address, addressOf(i), addressOf(ACCOUNTS + i), 1n + BigInt(i % 9)),
  );
  return { name: 'transfer', fork, block: {}, world: machine.state.dump(), calls };
}

/** Microseconds of CPU time for a call, by round; what the calls change is kept until the next. */
export async function measureTransfers(
  machine: EvmMachine,
  calls: readonly CallOptions[],
  rounds: number,
): Promise<number[]> {
  const snapshot = machine.snapshot();
  const samples: number[] = [];
  let spentMs = 0;
  while (samples.length < rounds) {
    machine.restore(snapshot);
    // The first transfer after a restore loads the state again; it is not the steady state.
    for (const call of calls) {
      const { status } = machine.call(call);
      if (status !== 'success') throw new Error(`BUG: a transfer ends with ${status}`);
    }
    const ms = await measureCpuMs(() => {
      for (let pass = 0; pass < PASSES; pass++) for (const call of calls) machine.call(call);
    });
    if (spentMs >= WARM_UP_MS) samples.push((ms * 1000) / (calls.length * PASSES));
    spentMs += ms;
  }
  return samples;
}

export interface TransferRow {
  readonly name: string;
  readonly engine: EngineName;
  /** CPU microseconds of a transfer: the median over the rounds, and the best round. */
  readonly us: number;
  readonly bestUs: number;
}

/** @throws Error where an engine differs from the interpreter in a transfer */
export async function measureEngines(
  subject: Subject,
  engines: readonly EngineName[],
  rounds: number,
): Promise<TransferRow[]> {
  const rows: TransferRow[] = [];
  for (const engine of engines) {
    proveInOrder(subject, engine);
    const samples = await measureTransfers(loadMachine(subject, engine), subject.calls, rounds);
    const { name } = subject;
    rows.push({ name, engine, us: quantile(samples, 0.5), bestUs: Math.min(...samples) });
  }
  return rows;
}

/** Every transfer on the state that the earlier ones left. */
function proveInOrder(subject: Subject, engine: EngineName): void {
  const reference = loadMachine(subject, 'interpreter');
  const machine = loadMachine(subject, engine);
  for (const call of subject.calls) {
    if (tell(machine.call(call)) === tell(reference.call(call))) continue;
    throw new Error(`BUG: ${engine} and the interpreter differ in a transfer`);
  }
}
