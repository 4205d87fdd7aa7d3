/**
 * The `latency` suite: the first call of a contract that was just deployed, in a warm process.
 *
 * Every sample is a contract of its own: the deployed code with other bytes of metadata behind it,
 * so that nothing made for an earlier one serves it. Timed are wall milliseconds from the call to
 * its outcome; the deposit of the code is timed apart.
 */
import assert from 'node:assert/strict';
import { AbiConstructor, AbiFunction } from 'ox';
import type { EvmMachine } from '../src/chain/machine.ts';
import type { AccountDump, CallOptions, Hex } from '../src/chain/types.ts';
import { findArtifact } from '../tests/lives/compile.ts';
import { bytesToHexText, CASE_BLOCK, hexTextToBytes } from '../tests/oracle/case.ts';
import { createTestMachine } from '../tests/oracle/machine.ts';
import { observe } from '../tests/oracle/observe.ts';
import { compareOutcome, createOracle } from '../tests/support/ethereumjs.ts';
import { createPrng } from '../tests/support/prng.ts';
import { type BenchOptions, format, printTable, quantile } from './measure.ts';

const OWNER: Hex = '0x00000000000000000000000000000000000000a0';
const OTHER: Hex = '0x000000000000000000000000000000000000b0b0';
const GAS = 10_000_000n;
const WARM_UP_CALLS = 60;
const METADATA_BYTES = 32;
const SUPPLY = 10n ** 24n;
/** Votes count from the block after they were delegated. */
const LATER_BLOCK = { ...CASE_BLOCK, number: CASE_BLOCK.number + 10n };

/** A contract, its constructor's arguments, and its first call. */
interface Subject {
  name: string;
  contract: string;
  args: (votes: Hex) => readonly unknown[];
  method: string;
  values: readonly unknown[];
}

const SUBJECTS: readonly Subject[] = [
  {
    name: 'token',
    contract: 'LifeToken',
    args: () => [OWNER],
    method: 'mint',
    values: [OTHER, 5n],
  },
  {
    name: 'full token',
    contract: 'LifeFullToken',
    args: () => [OWNER, SUPPLY],
    method: 'transfer',
    values: [OTHER, 1000n],
  },
  {
    name: 'parliament',
    contract: 'LifeParliament',
    args: (votes) => [votes, OTHER],
    method: 'propose',
    values: [[OTHER], [0n], ['0x12345678'], 'the first proposal'],
  },
];

async function encodeInit(contract: string, args: readonly unknown[]): Promise<Hex> {
  const { abi, init } = await findArtifact(contract);
  const ctor = AbiConstructor.fromAbi(abi as never);
  const encode = AbiConstructor.encode as (ctor: unknown, options: unknown) => Hex;
  return encode(ctor, { bytecode: bytesToHexText(init), args });
}

async function encodeCall(contract: string, method: string, values: readonly unknown[]) {
  const { abi } = await findArtifact(contract);
  const encode = AbiFunction.encodeData as (method: unknown, values: unknown) => Hex;
  return hexTextToBytes(encode(AbiFunction.fromAbi(abi as never, method as never), values));
}

/** A contract as its constructor left it, with the state around it. */
interface Deployed {
  account: AccountDump;
  world: readonly AccountDump[];
  code: Uint8Array;
  data: Uint8Array;
}

async function deploy(subject: Subject): Promise<Deployed> {
  const machine = createTestMachine(CASE_BLOCK);
  const votes = machine.deploy({
    code: await encodeInit('LifeVotes', [OWNER, SUPPLY]),
    from: OWNER,
  }).address;
  const delegate = await encodeCall('LifeVotes', 'delegate', [OWNER]);
  assert.equal(machine.call({ to: votes, from: OWNER, data: delegate }).status, 'success');
  const code = await encodeInit(subject.contract, subject.args(votes));
  const { status, address } = machine.deploy({ code, from: OWNER });
  assert.equal(status, 'success', subject.name);
  const world = machine.state.dump();
  const account = world.find((candidate) => candidate.address === address);
  if (account === undefined) throw new Error('BUG: no account was created');
  const data = await encodeCall(subject.contract, subject.method, subject.values);
  return { account, world, code: hexTextToBytes(account.code), data };
}

function loadWorld(machine: EvmMachine, world: readonly AccountDump[]): void {
  for (const { address, balance, nonce, code, storage } of world) {
    machine.state.setBalance(address, balance);
    machine.state.setNonce(address, nonce);
    machine.state.setCode(address, code);
    for (const { slot, value } of storage) machine.state.setStorage(address, slot, value);
  }
}

/** The call succeeds and equals the oracle's. */
async function prove(subject: Subject, { account, world, data }: Deployed): Promise<void> {
  const machine = createTestMachine(LATER_BLOCK);
  loadWorld(machine, world);
  const oracle = await createOracle(LATER_BLOCK);
  for (const other of world) {
    oracle.setAccount(other.address, other);
    for (const { slot, value } of other.storage) oracle.setStorage(other.address, slot, value);
  }
  const call: CallOptions = { to: account.address, from: OWNER, data, gas: GAS };
  const theirs = await oracle.call(call);
  assert.equal(theirs.status, 'success', subject.name);
  assert.deepEqual(compareOutcome(observe(machine, machine.call(call)), theirs), []);
}

interface Sample {
  depositMs: number;
  callMs: number;
}

function runOnce(
  machine: EvmMachine,
  deployed: Deployed,
  to: Uint8Array,
  metadata: Uint8Array,
): Sample {
  const code = new Uint8Array([...deployed.code, ...metadata]);
  for (const { slot, value } of deployed.account.storage) machine.state.setStorage(to, slot, value);
  const start = performance.now();
  machine.state.setCode(to, code);
  const deposited = performance.now();
  const { status } = machine.call({ to, from: OWNER, data: deployed.data, gas: GAS });
  const ended = performance.now();
  assert.equal(status, 'success');
  return { depositMs: deposited - start, callMs: ended - deposited };
}

export async function benchLatency(options: BenchOptions): Promise<object> {
  const prng = createPrng(30);
  const machine = createTestMachine(LATER_BLOCK);
  const rows: { name: string; codeBytes: number; engine: string; p50Ms: number; p95Ms: number }[] =
    [];
  const lines: string[][] = [];
  const subjects = SUBJECTS.filter(({ name }) => options.filter?.test(name) ?? true);
  const deployed = new Map<Subject, Deployed>();
  for (const subject of subjects) {
    const made = await deploy(subject);
    await prove(subject, made);
    loadWorld(machine, made.world);
    deployed.set(subject, made);
    for (let i = 0; i < WARM_UP_CALLS; i++) {
      runOnce(machine, made, prng.bytes(20), prng.bytes(METADATA_BYTES));
    }
  }
  for (const [subject, made] of deployed) {
    const samples = Array.from({ length: options.rounds }, () =>
      runOnce(machine, made, prng.bytes(20), prng.bytes(METADATA_BYTES)),
    );
    const calls = samples.map(({ callMs }) => callMs);
    const deposits = samples.map(({ depositMs }) => depositMs);
    const codeBytes = made.code.length + METADATA_BYTES;
    const [p50Ms, p95Ms] = [quantile(calls, 0.5), quantile(calls, 0.95)];
    rows.push({ name: subject.name, codeBytes, engine: options.engine, p50Ms, p95Ms });
    lines.push([
      subject.name,
      String(codeBytes),
      ...[0, 0.5, 0.9, 0.95, 0.99].map((q) => format(quantile(calls, q))),
      format(Math.max(...calls)),
      format(quantile(deposits, 0.5)),
    ]);
  }
  const heads = ['contract', 'bytes', 'min ms', 'p50', 'p90', 'p95', 'p99', 'max', 'deposit p50'];
  printTable(heads, lines);
  return { suite: 'latency', rows };
}
