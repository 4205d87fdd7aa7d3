/**
 * The `node` suite: what a development node does in a second, in process and over HTTP, beside
 * `anvil` where that program is on the PATH.
 *
 * Every subject is asked the same: ten wallets of the common mnemonic send ERC-20 transfers that
 * were signed before, each waiting for its receipt; fill the pool and have it mined; then calls,
 * one by one and a hundred at a time, all logs of a contract, and the steps of a transaction. What
 * is answered is checked. Times are those of the clock, for a server is another process.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { Agent, request as httpRequest } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { bytesToHex, hexToBytes } from '../src/base/bytes.ts';
import { encodeTransaction } from '../src/chain/transactions/codec.ts';
import { signTransaction } from '../src/chain/transactions/sender.ts';
import { format, median } from '../src/cli/bench/measure.ts';
import { createProvider } from '../src/node/provider.ts';
import { deriveWallets, type Wallet } from '../src/node/wallets.ts';
import { findArtifact } from '../tests/lives/compile.ts';
import { initCode } from '../tests/node/support.ts';
import { type BenchOptions, isWanted, printTable } from './options.ts';

const LAUNCHER = fileURLToPath(new URL('../bin/lockstep.js', import.meta.url));
const MNEMONIC = 'test test test test test test test test test test test junk';
const CHAIN_ID = 31337n;
const WALLETS = 10;
const TRANSFERS = 1000;
/** Blocks that all transfers of a round fit in, and many more. */
const BLOCKS_MAX = 100;
const CALLS = 5000;
const BATCHES = 50;
const BATCH = 100;
const LOGS = 10_000;
const LOGS_PER_TRANSACTION = 200;
const STEPS = 250_000;
/** Instructions of a round of `SUM_CODE`. */
const STEPS_PER_ROUND = 11;

/** Runtime code that logs the numbers from the first word of the call data down. */
const LOG_CODE = '0x5f355b80808060205fa36001900380600257' + '00';
/** Runtime code that sums them up. */
const SUM_CODE = '0x5f355f5b810190600190039081600357' + '5f5260205ff3';

/** Who is measured. */
interface Subject {
  request(method: string, ...params: unknown[]): Promise<unknown>;
  /** The text of the answer to the text of a request. */
  respond(body: string): Promise<string>;
  close(): void;
}

const word = (value: bigint | number): string => value.toString(16).padStart(64, '0');
const holder = (index: number): string => word((1n << 156n) + BigInt(index));

// ---- subjects

function startInProcess(): Subject {
  const provider = createProvider();
  return {
    request: (method, ...params) => provider.request({ method, params }),
    respond: async (body) => (await provider.dispatcher.respond(body)) ?? '',
    close: () => provider.close(),
  };
}

/** A node of its own process; undefined where the program is not there. */
async function startServer(command: string, args: readonly string[]): Promise<Subject | undefined> {
  const child = spawn(command, [...args, '--port', '0'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const port = await portOf(child);
  if (port === undefined) return undefined;
  const agent = new Agent({ keepAlive: true, maxSockets: WALLETS });
  const headers = { 'content-type': 'application/json' };
  const respond = (body: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const sent = httpRequest({ port, agent, method: 'POST', headers }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => resolve(text));
      });
      sent.on('error', reject);
      sent.end(body);
    });
  return {
    async request(method, ...params) {
      const text = await respond(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
      const { result, error } = JSON.parse(text) as { result: unknown; error?: object };
      assert.equal(error, undefined, `${method}: ${text.slice(0, 200)}`);
      return result;
    },
    respond,
    close() {
      agent.destroy();
      child.kill();
    },
  };
}

/** The port that a server says it listens on. */
function portOf(child: ChildProcess): Promise<number | undefined> {
  return new Promise((resolve) => {
    child.on('error', () => resolve(undefined));
    child.on('exit', () => resolve(undefined));
    if (child.stdout === null) return;
    createInterface(child.stdout).on('line', (line) => {
      const port = /Listening on .*:(\d+)$/.exec(line.trim())?.[1];
      if (port !== undefined) resolve(Number(port));
    });
  });
}

const SUBJECTS: Readonly<Record<string, () => Promise<Subject | undefined>>> = {
  'in process': async () => startInProcess(),
  http: () => startServer('node', [LAUNCHER, 'node']),
  anvil: () => startServer('anvil', []),
};

// ---- what is sent

/** A node with a token and two contracts, and who sends. */
class Scene {
  readonly subject: Subject;
  readonly #wallets: readonly Wallet[];
  readonly #nonces = new Array<bigint>(WALLETS).fill(0n);
  #holders = 0;
  token = '';
  logger = '';
  summer = '';

  constructor(subject: Subject, wallets: readonly Wallet[]) {
    this.subject = subject;
    this.#wallets = wallets;
  }

  async prepare(): Promise<void> {
    const { init } = await findArtifact('LifeToken');
    const owner = bytesToHex(this.#wallet(0).address).slice(2);
    this.token = await this.#deploy(`${bytesToHex(init)}${owner.padStart(64, '0')}`);
    this.logger = await this.#deploy(initCode(LOG_CODE));
    this.summer = await this.#deploy(initCode(SUM_CODE));
    for (const { address } of this.#wallets) {
      const to = bytesToHex(address).slice(2).padStart(64, '0');
      await this.mined(this.sign(0, this.token, `0x40c10f19${to}${word(10n ** 18n)}`));
    }
    for (let left = LOGS; left > 0; left -= LOGS_PER_TRANSACTION) {
      await this.mined(this.sign(0, this.logger, `0x${word(LOGS_PER_TRANSACTION)}`));
    }
  }

  #wallet(index: number): Wallet {
    return this.#wallets[index] as Wallet;
  }

  async #deploy(data: string): Promise<string> {
    return (await this.mined(this.sign(0, undefined, data))).contractAddress as string;
  }

  /** The bytes of the next transaction of a wallet. */
  sign(wallet: number, to: string | undefined, data: string): string {
    const nonce = this.#nonces[wallet] as bigint;
    this.#nonces[wallet] = nonce + 1n;
    const transaction = {
      type: 2,
      chainId: CHAIN_ID,
      nonce,
      gasLimit: to === this.token ? 100_000n : 3_000_000n,
      maxFeePerGas: 50_000_000_000n,
      maxPriorityFeePerGas: 1_000_000_000n,
      to: to === undefined ? undefined : hexToBytes(to),
      value: 0n,
      data: hexToBytes(data),
      accessList: [],
      maxFeePerBlobGas: 0n,
      blobHashes: [],
      authorizations: [],
    } as const;
    return bytesToHex(
      encodeTransaction(signTransaction(transaction, this.#wallet(wallet).privateKey)),
    );
  }

  /** Transfers to accounts that have nothing yet, as many of each wallet. */
  transfers(): string[][] {
    return Array.from({ length: WALLETS }, (_, wallet) =>
      Array.from({ length: TRANSFERS / WALLETS }, () => {
        const data = `0xa9059cbb${holder(this.#holders++)}${word(1)}`;
        return this.sign(wallet, this.token, data);
      }),
    );
  }

  /** Sends a transaction and has its receipt, which must tell of success. */
  async mined(raw: string): Promise<Readonly<Record<string, unknown>>> {
    const { subject } = this;
    const hash = await subject.request('eth_sendRawTransaction', raw);
    for (;;) {
      const receipt = await subject.request('eth_getTransactionReceipt', hash);
      if (receipt === null) continue;
      assert.equal((receipt as { status: string }).status, '0x1');
      return receipt as Readonly<Record<string, unknown>>;
    }
  }

  balanceCall(index: number): readonly unknown[] {
    return [{ to: this.token, data: `0x70a08231${holder(index % TRANSFERS)}` }, 'latest'];
  }
}

/** Does something for each of the lists at once, and for each item of a list in turn. */
async function inLanes<T>(lanes: readonly (readonly T[])[], run: (item: T) => Promise<unknown>) {
  await Promise.all(
    lanes.map(async (lane) => {
      for (const item of lane) await run(item);
    }),
  );
}

const lanesOf = (count: number): number[][] =>
  Array.from({ length: WALLETS }, (_, lane) =>
    Array.from({ length: count / WALLETS }, (_each, at) => lane * (count / WALLETS) + at),
  );

// ---- what is measured

type Run = () => Promise<unknown>;

interface Measure {
  /** What a round does, of which the figure is the time of one. */
  readonly count: number;
  /** Prepares a round and gives what is timed of it; undefined where the node cannot do it. */
  readonly prepare: (scene: Scene) => Promise<Run | undefined>;
}

const AUTOMINE: Measure = {
  count: TRANSFERS,
  async prepare(scene) {
    const lanes = scene.transfers();
    return () => inLanes(lanes, (raw) => scene.mined(raw));
  },
};

const MEASURES: Readonly<Record<string, Measure>> = {
  automine: AUTOMINE,
  submit: {
    count: TRANSFERS,
    async prepare(scene) {
      await minePool(scene);
      await scene.subject.request('evm_setAutomine', false);
      const lanes = scene.transfers();
      return () => inLanes(lanes, (raw) => scene.subject.request('eth_sendRawTransaction', raw));
    },
  },
  mine: {
    count: TRANSFERS,
    async prepare(scene) {
      await minePool(scene);
      await scene.subject.request('evm_setAutomine', false);
      const { subject } = scene;
      await inLanes(scene.transfers(), (raw) => subject.request('eth_sendRawTransaction', raw));
      return () => minePool(scene);
    },
  },
  call: {
    count: CALLS,
    async prepare(scene) {
      const one = (index: number) => scene.subject.request('eth_call', ...scene.balanceCall(index));
      assert.equal(await one(0), `0x${word(1)}`);
      return () => inLanes(lanesOf(CALLS), one);
    },
  },
  'call, batches of 100': {
    count: BATCHES * BATCH,
    async prepare(scene) {
      const requests = Array.from({ length: BATCH }, (_, id) => {
        return { jsonrpc: '2.0', id, method: 'eth_call', params: scene.balanceCall(id) };
      });
      const body = JSON.stringify(requests);
      const answers = JSON.parse(await scene.subject.respond(body)) as { result: string }[];
      assert(answers.every(({ result }) => result === `0x${word(1)}`));
      return () => inLanes(lanesOf(BATCHES), () => scene.subject.respond(body));
    },
  },
  'logs, 10,000': {
    count: 1,
    prepare: async (scene) => async () => {
      const query = { fromBlock: '0x0', toBlock: 'latest', address: scene.logger };
      const logs = (await scene.subject.request('eth_getLogs', query)) as unknown[];
      assert.equal(logs.length, LOGS);
    },
  },
  'trace, 250,000 steps': {
    count: 1,
    async prepare(scene) {
      await minePool(scene);
      const data = `0x${word(Math.ceil(STEPS / STEPS_PER_ROUND))}`;
      const { transactionHash } = await scene.mined(scene.sign(0, scene.summer, data));
      const options = { disableMemory: true, disableStorage: true };
      const trace = async (): Promise<number> => {
        const { request } = scene.subject;
        const result = await request('debug_traceTransaction', transactionHash, options);
        return (result as { structLogs: unknown[] }).structLogs.length;
      };
      // anvil has steps only where it was told to keep them.
      if ((await trace()) === 0) return undefined;
      return async () => assert((await trace()) >= STEPS);
    },
  },
};

/** Has blocks mined until nothing waits, and each transaction mined as it comes from then on. */
async function minePool({ subject }: Scene): Promise<void> {
  for (let blocks = 0; ; blocks++) {
    const { pending } = (await subject.request('txpool_status')) as { pending: string };
    if (BigInt(pending) === 0n) break;
    assert(blocks < BLOCKS_MAX, `${BigInt(pending)} transactions are left in the pool`);
    await subject.request('evm_mine');
  }
  await subject.request('evm_setAutomine', true);
}

/** Microseconds of each round after the first, which warms up; none where the node cannot do it. */
async function time(scene: Scene, { count, prepare }: Measure, rounds: number): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const run = await prepare(scene);
    if (run === undefined) return [];
    const before = performance.now();
    await run();
    if (round > 0) times.push(((performance.now() - before) * 1000) / count);
  }
  return times;
}

export async function benchNode(options: BenchOptions): Promise<object> {
  const path = "m/44'/60'/0'/0";
  const wallets = deriveWallets({ mnemonic: MNEMONIC, count: WALLETS, path });
  const rows: { name: string; engine: string; us: number; perSecond: number }[] = [];
  for (const [engine, start] of Object.entries(SUBJECTS)) {
    const subject = await start();
    if (subject === undefined) continue;
    try {
      const scene = new Scene(subject, wallets);
      await scene.prepare();
      // The accounts that calls ask for have something then.
      await time(scene, AUTOMINE, 0);
      for (const [name, measure] of Object.entries(MEASURES)) {
        if (!isWanted(options, name)) continue;
        const times = await time(scene, measure, options.rounds);
        if (times.length === 0) continue;
        const us = median(times);
        rows.push({ name, engine, us, perSecond: 1_000_000 / us });
        console.error(`${engine}: ${name} ${format(us)} µs`);
      }
    } finally {
      subject.close();
    }
  }
  printTable(
    ['what', 'node', 'µs', 'in a second'],
    rows.map(({ name, engine, us, perSecond }) => [name, engine, format(us), format(perSecond)]),
  );
  return { suite: 'node', rows };
}
