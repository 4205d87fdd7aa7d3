/**
 * `npm run test:crash [-- --rounds N] [--seed N]`: kills a node that keeps its chain in a file, at
 * a random moment under load, again and again.
 *
 * After each restart every block and transaction that was confirmed must be there, the accounts
 * must have the state root that the head says, and so must another node that runs the blocks. What
 * is sent and when the node dies follows from the seed; a round that fails is printed with it.
 * Exit codes: 0 all rounds passed, 1 one failed, 2 bad usage.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes } from '../src/base/bytes.ts';
import { createProvider, type Provider } from '../src/node/provider.ts';
import { createPrng, type Prng } from '../tests/support/prng.ts';

const ROOT = join(import.meta.dirname, '..');
const USAGE = 'usage: npm run test:crash [-- --rounds N] [--seed N]';
/** Senders at the same time; each is an account of the node. */
const LANES = 6;
/** Of load before the end. */
const DELAY_MS_MAX = 1500;
/** Of a node that is killed before it listens. */
const START_KILL_MS_MAX = 2000;
const START_MS_MAX = 60_000;
const BATCH_COUNT = 1000;

/** Blocks that no setting of the node made special, so that another chain takes them. */
const GENESIS = {
  config: {
    chainId: 31337,
    londonBlock: 0,
    terminalTotalDifficulty: 0,
    shanghaiTime: 0,
    cancunTime: 0,
  },
  gasLimit: '0x1c9c380',
  timestamp: '0x67748580',
  baseFeePerGas: '0x3b9aca00',
  // It stores the first word of its input, under that word.
  alloc: { [`0x${'5'.repeat(40)}`]: { balance: '0x0', code: '0x5f35805500' } },
} as const;
const STORE = `0x${'5'.repeat(40)}`;

interface Rpc {
  // biome-ignore lint/suspicious/noExplicitAny: what a method answers is known where it is asked
  (method: string, ...params: unknown[]): Promise<any>;
  /** The same method for each of many parameters. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  many(method: string, params: readonly (readonly unknown[])[]): Promise<any[]>;
}

interface NodeProcess {
  readonly rpc: Rpc;
  /** Kills it; resolves when it is gone. */
  kill(): Promise<void>;
}

class Failure extends Error {}

function check(isTrue: boolean, message: string): asserts isTrue {
  if (!isTrue) throw new Failure(message);
}

function rpcOf(url: string): Rpc {
  const many: Rpc['many'] = async (method, params) => {
    const results: unknown[] = [];
    for (let at = 0; at < params.length; at += BATCH_COUNT) {
      const part = params.slice(at, at + BATCH_COUNT);
      const body = part.map((each, id) => ({ jsonrpc: '2.0', id, method, params: each }));
      const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
      type Answer = { readonly result: unknown; readonly error?: { readonly message: string } };
      for (const { result, error } of (await response.json()) as readonly Answer[]) {
        check(error === undefined, `${method}: ${error?.message}`);
        results.push(result);
      }
    }
    return results;
  };
  const one = async (method: string, ...params: unknown[]) => (await many(method, [params]))[0];
  return Object.assign(one, { many });
}

function spawnNode(folder: string): ChildProcess {
  const database = ['--db', join(folder, 'chain.db'), '--init', join(folder, 'genesis.json')];
  const args = ['src/cli/main.ts', 'node', '--silent', '--port', '0', ...database];
  return spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function killNode(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function start(folder: string): Promise<NodeProcess> {
  const child = spawnNode(folder);
  const url = await new Promise<string>((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => reject(new Failure(`no start: ${text}`)), START_MS_MAX);
    child.once('exit', () => reject(new Failure(`the node ended: ${text}`)));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        const found = /Listening on (\S+)/.exec(text)?.[1];
        if (found === undefined) return;
        clearTimeout(timer);
        resolve(`http://${found}`);
      });
    }
  });
  return { rpc: rpcOf(url), kill: () => killNode(child) };
}

/** What was confirmed, and may not be lost. */
class Confirmed {
  /** Numbers of the blocks of transactions. */
  readonly mined = new Map<string, number>();
  /** Hashes of blocks by their numbers. */
  readonly blocks: string[] = [];
  readonly waiting: string[] = [];
  /** Where a way back that was not confirmed leads to. */
  target: number | undefined;

  note(hash: string, receipt: { readonly blockNumber: string; readonly blockHash: string }): void {
    const number = Number(receipt.blockNumber);
    this.mined.set(hash, number);
    this.blocks[number] = receipt.blockHash;
  }

  goneBack(to: number): void {
    this.blocks.length = Math.min(this.blocks.length, to + 1);
    for (const [hash, number] of this.mined) if (number > to) this.mined.delete(hash);
  }
}

async function send(rpc: Rpc, confirmed: Confirmed, from: string, word: Uint8Array): Promise<void> {
  const transaction = { from, to: STORE, gas: '0x20000', data: bytesToHex(word) };
  const hash = await rpc('eth_sendTransaction', transaction);
  // It is mined by now, and from now on it must be there.
  confirmed.mined.set(hash, confirmed.mined.get(hash) ?? -1);
  confirmed.note(hash, await rpc('eth_getTransactionReceipt', hash));
}

async function queue(rpc: Rpc, confirmed: Confirmed, from: string): Promise<void> {
  const nonce = `0x${(1_000_000 + confirmed.waiting.length).toString(16)}`;
  const transaction = { from, to: STORE, gas: '0x20000', nonce };
  confirmed.waiting.push(await rpc('eth_sendTransaction', transaction));
}

/** Blocks, and ways back over them, one after the other. */
async function turn(rpc: Rpc, confirmed: Confirmed, from: string, prng: Prng): Promise<void> {
  const head = Number(await rpc('eth_blockNumber'));
  const count = 1 + prng.below(6);
  if (prng.below(2) === 0 || head <= count) {
    const id = await rpc('evm_snapshot');
    for (let left = count; left > 0; left--) await send(rpc, confirmed, from, prng.bytes(32));
    confirmed.target = head;
    await rpc('evm_revert', id);
  } else {
    confirmed.target = head - count;
    await rpc('anvil_rollback', count);
  }
  confirmed.goneBack(confirmed.target);
  confirmed.target = undefined;
}

/** Sends until the node is gone. */
async function load(
  rpc: Rpc,
  accounts: readonly string[],
  confirmed: Confirmed,
  prng: Prng,
): Promise<void> {
  const isTurning = prng.below(3) === 0;
  const lanes = accounts.slice(0, isTurning ? 1 : LANES).map(async (from, lane) => {
    const own = createPrng(prng.u32());
    for (let step = 1; ; step++) {
      if (isTurning && step % 8 === 0) await turn(rpc, confirmed, from, own);
      else if (lane === 0 && step % 12 === 0) await queue(rpc, confirmed, accounts[9] as string);
      else if (lane === 1 && step % 10 === 0) await rpc('evm_mine');
      else await send(rpc, confirmed, from, own.bytes(32));
    }
  });
  // A lane ends when nobody answers; an answer that is an error is one of the node.
  for (const end of await Promise.allSettled(lanes)) {
    if (end.status === 'rejected' && end.reason instanceof Failure) throw end.reason;
  }
}

/** Compares a node that was started again with what was confirmed, and with a run of its blocks. */
async function verify(rpc: Rpc, confirmed: Confirmed, replay: Provider): Promise<number> {
  const head = await rpc('eth_getBlockByNumber', 'latest', false);
  const number = Number(head.number);
  if (confirmed.target !== undefined) {
    const isBack = (await rpc('eth_getBlockByNumber', hex(confirmed.target + 1), false)) === null;
    if (isBack) confirmed.goneBack(confirmed.target);
    confirmed.target = undefined;
  }
  const numbers = [...confirmed.blocks.keys()].map((at) => [hex(at), false]);
  for (const [at, found] of (await rpc.many('eth_getBlockByNumber', numbers)).entries()) {
    const hash = confirmed.blocks[at] ?? found?.hash;
    check(found?.hash === hash, `block ${at} is ${found?.hash}, and ${hash} was confirmed`);
  }
  const mined = [...confirmed.mined.keys()];
  const receipts = await rpc.many('eth_getTransactionReceipt', mined.map(listOfOne));
  for (const [index, hash] of mined.entries()) {
    const known = confirmed.mined.get(hash);
    check(receipts[index] !== null, `transaction ${hash} of block ${known} is not there`);
    confirmed.note(hash, receipts[index]);
  }
  const waiting = confirmed.waiting.map(listOfOne);
  for (const [index, found] of (await rpc.many('eth_getTransactionByHash', waiting)).entries()) {
    const isThere = found !== null && found.blockHash === null;
    check(isThere, `waiting transaction ${confirmed.waiting[index]} is not there`);
  }
  const proof = await rpc('eth_getProof', STORE, [], 'latest');
  const root = bytesToHex(keccak_256(hexToBytes(proof.accountProof[0])));
  check(root === head.stateRoot, `the state has root ${root}, the head ${head.stateRoot}`);
  await runAgain(rpc, number, replay);
  return number;
}

/** Runs the blocks that the other node does not know yet. */
async function runAgain(rpc: Rpc, number: number, { node }: Provider): Promise<void> {
  const blocks: string[] = [];
  for (let at = number; at > 0; at--) {
    const { hash } = await rpc('eth_getBlockByNumber', hex(at), false);
    if (node.chain.entry(hexToBytes(hash)) !== undefined) break;
    blocks.push(await rpc('debug_getRawBlock', hex(at)));
  }
  for (const block of blocks.reverse()) {
    const result = node.chain.importBlock(hexToBytes(block));
    check(result.kind === 'imported', `a block does not run again: ${result.kind}`);
  }
}

const listOfOne = <T>(item: T): [T] => [item];
const hex = (value: number): string => `0x${value.toString(16)}`;

async function runRound(folder: string, confirmed: Confirmed, replay: Provider, prng: Prng) {
  if (prng.below(8) === 0) {
    const child = spawnNode(folder);
    await sleep(prng.below(START_KILL_MS_MAX));
    await killNode(child);
  }
  const node = await start(folder);
  try {
    const number = await verify(node.rpc, confirmed, replay);
    const accounts = (await node.rpc('eth_accounts')) as string[];
    const loading = load(node.rpc, accounts, confirmed, prng);
    await sleep(prng.below(DELAY_MS_MAX));
    await node.kill();
    await loading;
    return number;
  } finally {
    await node.kill();
  }
}

async function main(rounds: number, seed: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-crash-'));
  writeFileSync(join(folder, 'genesis.json'), JSON.stringify(GENESIS));
  const confirmed = new Confirmed();
  const replay = createProvider({ genesis: GENESIS });
  try {
    for (let round = 1; round <= rounds; round++) {
      const prng = createPrng(seed + round);
      try {
        const number = await runRound(folder, confirmed, replay, prng);
        console.log(`round ${round}: ${number} blocks, ${confirmed.waiting.length} waiting`);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        console.error(`round ${round} of --seed ${seed}: ${error.message}`);
        return 1;
      }
    }
    const node = await start(folder);
    const number = await verify(node.rpc, confirmed, replay).finally(() => node.kill());
    console.log(`${rounds} rounds passed: ${number} blocks, nothing lost (seed ${seed})`);
    return 0;
  } finally {
    replay.close();
    rmSync(folder, { recursive: true });
  }
}

function readArguments(): { rounds: number; seed: number } | undefined {
  try {
    const options = { rounds: { type: 'string' }, seed: { type: 'string' } } as const;
    const { rounds = '10', seed = '1' } = parseArgs({ options }).values;
    if ([rounds, seed].every((text) => /^\d{1,6}$/.test(text))) {
      return { rounds: Number(rounds), seed: Number(seed) };
    }
  } catch {
    // The usage says it.
  }
  return undefined;
}

const options = readArguments();
if (options === undefined) {
  console.error(USAGE);
  process.exitCode = 2;
} else process.exitCode = await main(options.rounds, options.seed);
