/**
 * A schedule of a user's own: what may differ from a fork, and the check that it names what exists.
 *
 * Changing a rule or a cost needs no code: `createMachine({ fork: 'osaka', overrides: { eip3860:
 * false, costs: { storeSet: 5000n }, opcodes: { KECCAK256: 60 } } })`.
 */
import { LockstepError } from '../../base/errors.ts';
import { EIP_NAMES, type RuleOverrides } from './forks.ts';
import { COST_NAMES, type HostCosts, type KernelSchedule } from './gas.ts';
import { isOpcodeName, type OpName } from './opcodes.ts';
import { PRECOMPILE_COST_NAMES, type PrecompileCosts } from './precompiles/costs.ts';

type Amounts<T> = { readonly [Name in keyof T]?: bigint };

/** Switches of EIPs, amounts by name, and the static gas of opcodes. */
export type ScheduleOverrides = RuleOverrides & {
  /** In gas, unless the amount's own documentation says other. */
  readonly costs?: Amounts<KernelSchedule> & Amounts<HostCosts> & Amounts<PrecompileCosts>;
  /** What an opcode costs whatever its operands; words, bytes and accesses come on top. */
  readonly opcodes?: { readonly [Name in OpName]?: number };
};

const AMOUNT_MAX = (1n << 63n) - 1n;
const OPCODE_GAS_MAX = 0xffff_ffff;
const SWITCHES: ReadonlySet<string> = new Set(EIP_NAMES);
const AMOUNTS: ReadonlySet<string> = new Set([...COST_NAMES, ...PRECOMPILE_COST_NAMES]);

/**
 * Refuses names that do not exist and amounts out of range: a schedule with a slip of the pen must
 * not run as if it had none.
 *
 * @throws LockstepError L1501 for a name, L1502 for an amount
 */
export function checkOverrides(overrides: ScheduleOverrides): void {
  const { costs = {}, opcodes = {}, ...switches } = overrides;
  for (const [name, value] of Object.entries(switches)) {
    if (!SWITCHES.has(name)) unknown('switch', name, EIP_NAMES);
    if (typeof value !== 'boolean') wrong(name, value, 'true or false');
  }
  for (const [name, value] of Object.entries(costs)) {
    if (!AMOUNTS.has(name)) unknown('cost', name, [...AMOUNTS]);
    const isAmount = typeof value === 'bigint' && value >= 0n && value <= AMOUNT_MAX;
    if (!isAmount) wrong(name, value, 'a bigint from 0 to 2^63 - 1');
  }
  for (const [name, value] of Object.entries(opcodes)) {
    if (!isOpcodeName(name)) unknown('opcode', name, ['PUSH1', 'SSTORE', 'KECCAK256']);
    const isGas = Number.isInteger(value) && Number(value) >= 0 && Number(value) <= OPCODE_GAS_MAX;
    if (!isGas) wrong(name, value, 'a whole number from 0 to 2^32 - 1');
  }
}

function unknown(kind: string, name: string, known: readonly string[]): never {
  throw new LockstepError('L1501', { kind, name, known: known.slice(0, 12).join(', ') });
}

function wrong(name: string, value: unknown, wanted: string): never {
  throw new LockstepError('L1502', { name, value: String(value), wanted });
}
