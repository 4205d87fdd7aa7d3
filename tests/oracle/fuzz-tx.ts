/**
 * The `tx` target of the fuzzer: every generated chain of transactions runs with the gas that it
 * was given, then again with one limit drawn around what that transaction used, so that it ends
 * out of gas somewhere inside, and all of it on both sides.
 */
import type { Fork } from '../../src/vms/evm/forks.ts';
import { OracleLimitError } from '../support/ethereumjs.ts';
import type { Prng } from '../support/prng.ts';
import { disassemble } from './assembly.ts';
import { bytesToHexText } from './case.ts';
import type { FuzzOptions, FuzzReport } from './fuzz-evm.ts';
import { drawTransactionGas, generateTransactions } from './generate-transactions.ts';
import type { CaseTransaction, TransactionCase } from './transaction-case.ts';
import { MachineTransactions } from './transaction-machine.ts';
import { OracleTransactions } from './transaction-oracle.ts';
import {
  compareTransactions,
  type ObservedTransaction,
  type TransactionDifference,
  type TransactionSide,
} from './transaction-side.ts';

export interface TransactionSides {
  ours: TransactionSide;
  theirs: TransactionSide;
}

export function createTransactionSides(): TransactionSides {
  return { ours: new MachineTransactions(), theirs: new OracleTransactions() };
}

/** Repetitions with another gas limit: at most this many for a case. */
const GAS_REPEATS_MAX = 2;
/** Worlds keep what they made of every code that they met; after this many new ones begin. */
const WORLD_CASES_MAX = 3_000;
const PROGRESS_MS = 10_000;
const EARLIER_SEEDS = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256];
const DISASSEMBLY_LINES_MAX = 200;

/** What became of the cases of a seed. */
export interface SeedResult {
  /** Transactions that both sides ran and that were compared. */
  readonly compared: number;
  readonly endings: readonly string[];
  readonly difference?: TransactionDifference;
  /** The oracle lacks what the case needs. */
  readonly isBeyond?: true;
}

export interface SeedOptions {
  readonly seed: number;
  readonly fork?: Fork | undefined;
}

/** The case with another gas limit for a transaction that was executed; undefined if none was. */
export function drawRepetition(
  prng: Prng,
  value: TransactionCase,
  observed: readonly ObservedTransaction[],
): TransactionCase | undefined {
  const index = prng.below(value.transactions.length);
  const ending = observed[index]?.ending;
  if (ending?.kind !== 'executed') return undefined;
  const gasLimit = drawTransactionGas(prng, ending.gasUsed);
  const transactions = value.transactions.map(
    (tx, at): CaseTransaction => (at === index ? { ...tx, gasLimit } : tx),
  );
  return { ...value, transactions };
}

/** Runs the case of a seed and its repetitions; the first difference ends it. */
export async function runTransactionSeed(
  sides: TransactionSides,
  { seed, fork }: SeedOptions,
): Promise<SeedResult> {
  const { value, prng } = generateTransactions(seed, fork);
  const first = await compareTransactions(sides.ours, sides.theirs, value);
  const endings = first.observed.map(({ ending }) =>
    ending.kind === 'rejected' ? 'rejected' : ending.status,
  );
  let compared = first.observed.length;
  let found = first;
  for (let left = prng.below(GAS_REPEATS_MAX + 1); left > 0; left--) {
    if (found.difference !== undefined) break;
    const repeated = drawRepetition(prng, value, first.observed);
    if (repeated === undefined) continue;
    found = await compareTransactions(sides.ours, sides.theirs, repeated);
    compared += found.observed.length;
  }
  const { difference } = found;
  return { compared, endings, ...(difference === undefined ? {} : { difference }) };
}

/** As `runTransactionSeed`; an exception is a difference too, since neither side may throw. */
async function runGuarded(sides: TransactionSides, options: SeedOptions): Promise<SeedResult> {
  try {
    return await runTransactionSeed(sides, options);
  } catch (error) {
    if (error instanceof OracleLimitError) return { compared: 0, endings: [], isBeyond: true };
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const { value } = generateTransactions(options.seed, options.fork);
    return { compared: 0, endings: [], difference: { value, index: 0, lines: [`threw: ${text}`] } };
  }
}

/** The case of a seed that differs: as generated, or the repetition that shows it. */
export async function findTransactionCase(options: SeedOptions): Promise<TransactionCase> {
  const { difference } = await runGuarded(createTransactionSides(), options);
  return difference?.value ?? generateTransactions(options.seed, options.fork).value;
}

/** Counts by name. */
class Tally {
  readonly #counts = new Map<string, number>();

  add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  toString(): string {
    return [...this.#counts]
      .sort()
      .map(([name, count]) => `${count} ${name}`)
      .join(', ');
  }
}

/** Runs many seeds, prints the rate, and stops at the first difference. */
export async function fuzzTransactions(options: FuzzOptions): Promise<FuzzReport> {
  const fork = options.fork === 'all' ? undefined : options.fork;
  let sides = createTransactionSides();
  const started = performance.now();
  const report: FuzzReport = { programs: 0, runs: 0, failed: false };
  const endings = new Tally();
  let beyond = 0;
  let shown = started;
  for (let seed = options.seed; report.programs < options.count; seed++) {
    const now = performance.now();
    if (options.seconds !== undefined && now - started >= options.seconds * 1000) break;
    if (now - shown > PROGRESS_MS) {
      shown = now;
      console.log(describeRate(options.seed, report, now - started));
    }
    const result = await runGuarded(sides, { seed, fork });
    report.programs++;
    report.runs += result.compared;
    if (report.programs % WORLD_CASES_MAX === 0) sides = createTransactionSides();
    for (const ending of result.endings) endings.add(ending);
    if (result.isBeyond === true) beyond++;
    if (result.difference === undefined) continue;
    report.failed = true;
    const back = await findTransactionStart({ seed, fork });
    printDifference(seed, fork, result.difference, back);
    break;
  }
  const verdict = report.failed ? 'DIFFERENCE' : 'no difference';
  const rate = describeRate(options.seed, report, performance.now() - started);
  console.log(`fuzz tx: ${verdict}: ${rate}; ended ${endings}`);
  if (beyond > 0) console.log(`fuzz tx: ${beyond} chains were beyond the oracle`);
  return report;
}

/**
 * How many seeds before a failing one new sides must begin for it to fail again; undefined if it
 * does not repeat.
 */
export async function findTransactionStart(options: SeedOptions): Promise<number | undefined> {
  for (const back of EARLIER_SEEDS) {
    const sides = createTransactionSides();
    for (let seed = Math.max(0, options.seed - back); seed <= options.seed; seed++) {
      const { difference } = await runGuarded(sides, { ...options, seed });
      if (difference !== undefined) return seed === options.seed ? back : undefined;
    }
  }
  return undefined;
}

function describeRate(first: number, { programs, runs }: FuzzReport, ms: number): string {
  const last = first + Math.max(programs, 1) - 1;
  const rate = Math.round((runs / ms) * 1000);
  return `seeds ${first} to ${last}, ${programs} chains, ${runs} transactions, ${rate} transactions/s`;
}

function printDifference(
  seed: number,
  fork: Fork | undefined,
  { value, index, lines }: TransactionDifference,
  back: number | undefined,
): void {
  const suffix = fork === undefined ? '' : ` --fork ${fork}`;
  console.log(`difference at seed ${seed}, fork ${value.fork}, transaction ${index}`);
  if (back === undefined) console.log('  it does not repeat on new worlds');
  else {
    if (back > 0) console.log(`  it needs what up to ${back} earlier seeds leave in the worlds`);
    const first = Math.max(0, seed - back);
    console.log(
      `  repeat: npm run fuzz -- tx --seed ${first} --count ${seed - first + 1}${suffix}`,
    );
    console.log(`  reduce: npm run reduce -- --tx --seed ${seed}${suffix}`);
  }
  for (const line of describeCase(value, index)) console.log(line);
  console.log('differing fields:');
  for (const line of lines) console.log(`  ${line.slice(0, 2000)}`);
}

/** The case for people, up to the transaction that differs. */
export function describeCase(value: TransactionCase, index: number): string[] {
  const { coinbase, baseFee, blobBaseFee, number } = value.block;
  const lines = [
    `fork ${value.fork}, block ${number}, coinbase ${coinbase}, base fee ${baseFee}, blob ${blobBaseFee}`,
  ];
  for (const tx of value.transactions.slice(0, index + 1)) lines.push(...describeTransaction(tx));
  for (const { address, code, balance, nonce, storage } of value.accounts) {
    const slots = storage.map(([slot, word]) => `${slot}=0x${word.toString(16)}`).join(' ');
    lines.push(`${address}, balance ${balance}, nonce ${nonce}, slots ${slots || 'none'}`);
    lines.push(...listCode(code));
  }
  return lines;
}

function describeTransaction(tx: CaseTransaction): string[] {
  const { signer, type, chainId, nonce, gasLimit, maxFeePerGas, maxPriorityFeePerGas } = tx;
  const lines = [
    `type ${type}, signer ${signer}, chain ${chainId ?? 'any'}, nonce ${nonce}, gas ${gasLimit}, ` +
      `fee ${maxFeePerGas}/${maxPriorityFeePerGas}, to ${tx.to ?? 'a new contract'}, ` +
      `value ${tx.value}, ${tx.blobHashes.length} blobs`,
  ];
  if (tx.to === undefined) lines.push(...listCode(tx.data));
  else lines.push(`  data ${bytesToHexText(tx.data).slice(0, 200)}`);
  for (const { address, slots } of tx.accessList) {
    lines.push(`  access ${address}: ${slots.join(' ') || 'no slots'}`);
  }
  for (const auth of tx.authorizations) {
    const { signer: who, address, nonce: at, spoil } = auth;
    lines.push(`  key ${who} delegates to ${address}, nonce ${at}, chain ${auth.chainId}`);
    if (spoil !== undefined) lines.push(`    spoiled: ${spoil}`);
  }
  return lines;
}

function listCode(code: Uint8Array): string[] {
  const lines = disassemble(code).map((line) => `  ${line}`);
  if (lines.length <= DISASSEMBLY_LINES_MAX) return lines;
  return [...lines.slice(0, DISASSEMBLY_LINES_MAX), `  … ${lines.length} instructions`];
}
