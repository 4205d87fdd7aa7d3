/**
 * Gas that is not static, for each fork: what the kernel charges (`KernelSchedule`), and what the
 * host, the lowering and the transaction rules charge (`HostCosts`).
 *
 * Both are a set of amounts at Frontier and a list of changes, each under the switch of the EIP
 * that made it; a change takes the amounts before it and lists only what differs. Changes stand in
 * order of activation, so the last active one holds. All amounts are in gas unless a comment says
 * other.
 */
import type { Eip, Fork, Overrides } from './forks.ts';
import { forkRules } from './forks.ts';

/** The machine's gas schedule: the amounts that operations of the kernel charge. */
export interface KernelSchedule {
  /** For a word of memory. */
  readonly memoryLinear: bigint;
  /** Divisor of the squared word count. */
  readonly memoryQuadratic: bigint;
  /** For a word copied, besides the growth of memory. */
  readonly copyWord: bigint;
  readonly keccakWord: bigint;
  readonly logByte: bigint;
  /** First load of a cell in a transaction. */
  readonly cellCold: bigint;
  /** Other loads, and stores that change nothing or a cell already changed. */
  readonly cellWarm: bigint;
  /** Store of a non-zero value over a zero (rule 1: an original zero). */
  readonly storeSet: bigint;
  /** Other stores (rule 1: the first change of an original non-zero). */
  readonly storeReset: bigint;
  /** Refund of a store of zero over a non-zero value. */
  readonly storeClearRefund: bigint;
  /** A store needs more gas than this. */
  readonly storeSentry: bigint;
  /** Added to a store to a cold cell. */
  readonly storeCold: bigint;
  /** 0: priced by the current value; 1: net metering by the original value. */
  readonly storeRule: bigint;
  /** Load or store of a transient cell. */
  readonly transient: bigint;
}

/** Costs and limits outside the kernel. */
export interface HostCosts {
  /** First access to an account in a transaction; 0 where the opcode's static gas holds it. */
  readonly accountCold: bigint;
  readonly accountWarm: bigint;
  /** For a byte of EXP's exponent. */
  readonly expByte: bigint;
  /** Call that moves value. */
  readonly callValue: bigint;
  /** Gas that a call which moves value gives to the callee. */
  readonly callStipend: bigint;
  /** Call that makes an account (with EIP-158: only if it moves value to an empty one). */
  readonly callNewAccount: bigint;
  /** The caller keeps one part in this many (EIP-150); 0: a call may hand over everything. */
  readonly callRetainDivisor: bigint;
  /** For a byte of code that a creation leaves. */
  readonly createDataByte: bigint;
  /** For a word of initcode, in CREATE, CREATE2 and creation transactions. */
  readonly initcodeWord: bigint;
  /** For a word of initcode that CREATE2 hashes. */
  readonly create2Word: bigint;
  readonly selfdestruct: bigint;
  /** SELFDESTRUCT whose beneficiary is a new account. */
  readonly selfdestructNewAccount: bigint;
  readonly selfdestructRefund: bigint;
  /** Refunds are at most one part in this many of the gas used. */
  readonly refundQuotient: bigint;
  readonly txBase: bigint;
  /** Added for a transaction that creates. */
  readonly txCreate: bigint;
  readonly txDataZeroByte: bigint;
  readonly txDataByte: bigint;
  /** Floor for a token of data: a zero byte is one token, another four (EIP-7623). */
  readonly txFloorToken: bigint;
  readonly txAccessAddress: bigint;
  readonly txAccessKey: bigint;
  /** For an authorization of EIP-7702. */
  readonly txAuthorization: bigint;
  /** Refund of an authorization whose account exists. */
  readonly txAuthorizationRefund: bigint;
  /** Highest gas limit of a transaction. */
  readonly txGasMax: bigint;
  /** Highest size of deployed code, in bytes. */
  readonly codeBytesMax: bigint;
  /** Highest size of initcode, in bytes. */
  readonly initcodeBytesMax: bigint;
  /** Highest size of a WebAssembly module that is a contract, in bytes; 0: none is. */
  readonly moduleBytesMax: bigint;
  /** Seed of the bytes that `random_get` of WASI gives modules; 0: it gives none. */
  readonly moduleSeed: bigint;
  /** Blob gas of a blob. */
  readonly blobGas: bigint;
  /** Blobs of a block: target and highest count. */
  readonly blobsTarget: bigint;
  readonly blobsMax: bigint;
  /** Highest count of blobs of a transaction, where that of a block is not lower. */
  readonly txBlobsMax: bigint;
  /** Update fraction of the blob base fee. */
  readonly blobFeeFraction: bigint;
}

/** Stands for a limit that the fork does not have: no size or gas amount exceeds it. */
export const NO_LIMIT = 0xffff_ffff_ffff_ffffn;

/** `moduleBytesMax` where modules are contracts and nothing else is told. */
export const MODULE_BYTES_MAX = 1_048_576n;

/** Changes of amounts under the switch of the EIP that made them, in order of activation. */
export type Changes<T> = readonly (readonly [eip: Eip, changes: Partial<T>])[];

const SCHEDULE_FRONTIER: KernelSchedule = {
  memoryLinear: 3n,
  memoryQuadratic: 512n,
  copyWord: 3n,
  keccakWord: 6n,
  logByte: 8n,
  cellCold: 50n,
  cellWarm: 50n,
  storeSet: 20000n,
  storeReset: 5000n,
  storeClearRefund: 15000n,
  storeSentry: 0n,
  storeCold: 0n,
  storeRule: 0n,
  transient: 0n,
};

const SCHEDULE_CHANGES: Changes<KernelSchedule> = [
  ['eip150', { cellCold: 200n, cellWarm: 200n }],
  ['eip1283', { storeRule: 1n }],
  ['eip1884', { cellCold: 800n, cellWarm: 800n }],
  ['eip2200', { storeRule: 1n, storeSentry: 2300n }],
  // The cold access is charged apart, so a reset costs that much less.
  ['eip2929', { cellCold: 2100n, cellWarm: 100n, storeCold: 2100n, storeReset: 2900n }],
  // A reset and the access key of an access list: 2900 + 1900.
  ['eip3529', { storeClearRefund: 4800n }],
  ['eip1153', { transient: 100n }],
];

const COSTS_FRONTIER: HostCosts = {
  accountCold: 0n,
  accountWarm: 0n,
  expByte: 10n,
  callValue: 9000n,
  callStipend: 2300n,
  callNewAccount: 25000n,
  callRetainDivisor: 0n,
  createDataByte: 200n,
  initcodeWord: 0n,
  create2Word: 6n,
  selfdestruct: 0n,
  selfdestructNewAccount: 0n,
  selfdestructRefund: 24000n,
  refundQuotient: 2n,
  txBase: 21000n,
  txCreate: 0n,
  txDataZeroByte: 4n,
  txDataByte: 68n,
  txFloorToken: 0n,
  txAccessAddress: 0n,
  txAccessKey: 0n,
  txAuthorization: 0n,
  txAuthorizationRefund: 0n,
  txGasMax: NO_LIMIT,
  codeBytesMax: NO_LIMIT,
  initcodeBytesMax: NO_LIMIT,
  moduleBytesMax: 0n,
  moduleSeed: 0n,
  blobGas: 0n,
  blobsTarget: 0n,
  blobsMax: 0n,
  txBlobsMax: NO_LIMIT,
  blobFeeFraction: 1n,
};

const COST_CHANGES: Changes<HostCosts> = [
  ['eip2', { txCreate: 32000n }],
  ['eip150', { callRetainDivisor: 64n, selfdestruct: 5000n, selfdestructNewAccount: 25000n }],
  ['eip160', { expByte: 50n }],
  ['eip170', { codeBytesMax: 24576n }],
  ['eip2028', { txDataByte: 16n }],
  ['eip2929', { accountCold: 2600n, accountWarm: 100n }],
  ['eip2930', { txAccessAddress: 2400n, txAccessKey: 1900n }],
  ['eip3529', { selfdestructRefund: 0n, refundQuotient: 5n }],
  ['eip3860', { initcodeWord: 2n, initcodeBytesMax: 49152n }],
  ['eip4844', { blobGas: 131072n, blobsTarget: 3n, blobsMax: 6n, blobFeeFraction: 3338477n }],
  ['eip7623', { txFloorToken: 10n }],
  ['eip7691', { blobsTarget: 6n, blobsMax: 9n, blobFeeFraction: 5007716n }],
  // 25000 for an empty account, of which all but the base of 12500 comes back for another.
  ['eip7702', { txAuthorization: 25000n, txAuthorizationRefund: 12500n }],
  ['eip7594', { txBlobsMax: 6n }],
  ['eip7825', { txGasMax: 16777216n }],
  ['bpo1', { blobsTarget: 10n, blobsMax: 15n, blobFeeFraction: 8346193n }],
  ['bpo2', { blobsTarget: 14n, blobsMax: 21n, blobFeeFraction: 11684671n }],
  ['bpo3', { blobsTarget: 21n, blobsMax: 32n, blobFeeFraction: 20609697n }],
  ['bpo4', { blobsTarget: 14n, blobsMax: 21n, blobFeeFraction: 13739630n }],
];

/** Names of all amounts, for whoever checks what a user wants to change. */
export const COST_NAMES: readonly string[] = [
  ...Object.keys(SCHEDULE_FRONTIER),
  ...Object.keys(COSTS_FRONTIER),
];

/**
 * Whether code that calls nobody runs as it does at the fork itself: no switch is different, nor an
 * amount of the kernel's schedule, nor the gas of an opcode.
 */
export function runsAsFork(overrides: Overrides = {}): boolean {
  const { costs = {}, ...others } = overrides;
  const isOfKernel = (name: string) => Object.hasOwn(SCHEDULE_FRONTIER, name);
  return Object.keys(others).length === 0 && !Object.keys(costs).some(isOfKernel);
}

/** The kernel's schedule at a fork, with exceptions where `overrides` are given; cached without. */
export function scheduleOf(fork: Fork, overrides?: Overrides): KernelSchedule {
  if (overrides !== undefined) return amend(SCHEDULE_FRONTIER, SCHEDULE_CHANGES, fork, overrides);
  const known = SCHEDULES.get(fork) ?? amend(SCHEDULE_FRONTIER, SCHEDULE_CHANGES, fork);
  SCHEDULES.set(fork, known);
  return known;
}

/** The costs outside the kernel, in the same way. */
export function costsOf(fork: Fork, overrides?: Overrides): HostCosts {
  if (overrides !== undefined) return amend(COSTS_FRONTIER, COST_CHANGES, fork, overrides);
  const known = COSTS.get(fork) ?? amend(COSTS_FRONTIER, COST_CHANGES, fork);
  COSTS.set(fork, known);
  return known;
}

const SCHEDULES = new Map<Fork, KernelSchedule>();
const COSTS = new Map<Fork, HostCosts>();

/**
 * The amounts with what the fork's EIPs changed, then with the `costs` of the overrides that they
 * know by name; frozen.
 */
export function amend<T>(base: T, changes: Changes<T>, fork: Fork, overrides?: Overrides): T {
  const rules = forkRules(fork, overrides);
  const amounts = { ...base };
  for (const [eip, change] of changes) if (rules[eip]) Object.assign(amounts as object, change);
  const wanted = Object.entries(overrides?.costs ?? {});
  const known = wanted.filter(([name]) => Object.hasOwn(amounts as object, name));
  return Object.freeze(Object.assign(amounts as object, Object.fromEntries(known)) as T);
}
