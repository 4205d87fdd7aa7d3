/**
 * The suite `peer`: the programs of the suite `evm` beside another machine, which may be native, in
 * turns in one run. The other one is a program (`--peer`) that reads lines of words and keeps what
 * they tell; bytes are hexadecimal with 0x, numbers decimal:
 *
 *   block NUMBER TIMESTAMP
 *   account ADDRESS BALANCE NONCE CODE
 *   slot ADDRESS KEY VALUE
 *   call FROM TO VALUE GAS DATA      gas of the outermost frame
 *
 * Then it answers lines, where every call begins with the state that it was told:
 *
 *   prove        for each call a line `STATUS OUTPUT`: success, revert or halt, and bytes
 *   run TIMES    one line: CPU milliseconds of so many runs of all calls, in order
 *
 * `bench/peers` has such programs; docs/PERFORMANCE.md says how they are built.
 */
import assert from 'node:assert/strict';
import { bytesToHex } from '../src/base/bytes.ts';
import { callRunner } from '../src/cli/bench/calls.ts';
import { format, geometricMean, interleave, type Runner } from '../src/cli/bench/measure.ts';
import type { EngineName } from '../src/engines/tiering.ts';
import { listSpeedCases, type SpeedCase } from '../tests/oracle/speed-programs.ts';
import { toBytes } from '../tests/support/ethereumjs.ts';
import { prepareSubject, TOKEN_SUITE } from './contracts.ts';
import { casesOf, groupCases, loadMachine } from './evm.ts';
import { type BenchOptions, isWanted, printTable } from './options.ts';
import { PeerProcess } from './peer-process.ts';

/** What a peer is told of a program. */
export function describeCases(cases: readonly SpeedCase[]): string[] {
  const [{ block, accounts }] = cases as [SpeedCase];
  return [
    `block ${block.number} ${block.timestamp}`,
    ...accounts.flatMap(({ address, balance, nonce, code, storage }) => [
      `account ${address} ${balance} ${nonce} ${bytesToHex(code)}`,
      ...storage.map(([key, value]) => `slot ${address} ${key} ${value}`),
    ]),
    ...cases.map(({ options: { from, to, value = 0n, gas = 0n, data } }) => {
      const [caller, callee] = [from, to].map((address) => bytesToHex(toBytes(address)));
      return `call ${caller} ${callee} ${value} ${gas} ${bytesToHex(toBytes(data))}`;
    }),
  ];
}

/** A peer that runs, with one program. */
class Peer {
  readonly #process: PeerProcess;

  constructor(command: string, cases: readonly SpeedCase[]) {
    this.#process = new PeerProcess(command);
    this.#process.say(...describeCases(cases));
  }

  /** Status and output of every call. */
  async prove(count: number): Promise<string[]> {
    this.#process.say('prove');
    const answers: string[] = [];
    for (let i = 0; i < count; i++) answers.push(await this.#process.hear());
    return answers;
  }

  async run(times: number): Promise<number> {
    this.#process.say(`run ${times}`);
    return Number(await this.#process.hear());
  }

  end(): void {
    this.#process.end();
  }
}

interface PeerRow {
  readonly name: string;
  readonly engine: EngineName;
  /** CPU milliseconds of all calls, and how many times that the peer takes. */
  readonly cpuMs: number;
  readonly ratio: number;
}

/**
 * Measures a program on engines and on the peer.
 *
 * @throws AssertionError where they differ in the status or the output of a call
 */
export async function measureBeside(
  name: string,
  cases: readonly SpeedCase[],
  { engines, rounds, peer: command }: BenchOptions & { peer: string },
): Promise<{ rows: PeerRow[]; theirs: number }> {
  const peer = new Peer(command, cases);
  try {
    const calls = cases.map(({ options }) => ({ ...options, data: toBytes(options.data) }));
    const machines = engines.map((engine) => loadMachine(cases, engine));
    const theirs = await peer.prove(calls.length);
    for (const [i, machine] of machines.entries()) {
      const ours = calls.map((call) => {
        const { status, output } = machine.call({ ...call, commit: false });
        return `${status} ${bytesToHex(output)}`;
      });
      assert.deepEqual(ours, theirs, `${name} on ${engines[i]} and on the peer`);
    }
    const runners = engines.map((engine, i) => callRunner(machines[i]!, engine, calls));
    const other: Runner = {
      run: () => undefined,
      cpuMs: (times) => peer.run(times),
      warmUpMs: 100,
      roundMsMin: 60,
    };
    const all = await interleave([...runners, other], rounds);
    const their = all[all.length - 1] as number;
    const rows = engines.map((engine, i): PeerRow => {
      const cpuMs = all[i] as number;
      return { name, engine, cpuMs, ratio: their / cpuMs };
    });
    return { rows, theirs: their };
  } finally {
    peer.end();
  }
}

export async function benchPeer(options: BenchOptions): Promise<object | undefined> {
  const { peer, engines } = options;
  assert.ok(peer !== undefined, 'the suite needs --peer PROGRAM');
  const groups = [...groupCases(listSpeedCases() ?? [])];
  for (const contract of TOKEN_SUITE) {
    if (!isWanted(options, contract.name)) continue;
    groups.push([contract.name, casesOf(await prepareSubject(contract))]);
  }
  const rows: PeerRow[] = [];
  const lines: string[][] = [];
  for (const [name, cases] of groups) {
    if (!isWanted(options, name)) continue;
    const measured = await measureBeside(name, cases, { ...options, peer });
    rows.push(...measured.rows);
    const own = measured.rows.flatMap(({ cpuMs, ratio }) => [format(cpuMs), `${format(ratio)}×`]);
    lines.push([name, format(measured.theirs), ...own]);
  }
  const heads = engines.flatMap((engine) => [`${engine} ms`, 'ratio']);
  printTable(['program', 'peer ms', ...heads], lines);
  for (const engine of engines) {
    const ratios = rows.filter((row) => row.engine === engine).map(({ ratio }) => ratio);
    if (ratios.length > 0)
      console.log(`geometric mean, ${engine}: ${format(geometricMean(ratios))}×`);
  }
  return { suite: 'peer', rows };
}
