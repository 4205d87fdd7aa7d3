/** Logs of blocks that are bytes by now, wherever they are kept, are found as those of new ones. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDatabase } from '../../src/node/database/index.ts';
import { createProvider } from '../../src/node/index.ts';
import { hexOf, initCode } from './support.ts';

/** Logs the word that it is called with as a topic. */
const CODE = hexOf('PUSH0 CALLDATALOAD PUSH0 PUSH0 LOG1');
const BLOCKS = 150;
const word = (value: number): string => `0x${value.toString(16).padStart(64, '0')}`;

interface Log {
  readonly blockNumber: string;
  readonly topics: readonly string[];
}

for (const kind of ['memory', 'a file']) {
  test(`logs of old blocks are found: ${kind}`, async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'lockstep-logs-'));
    context.after(() => rmSync(folder, { recursive: true, force: true }));
    const database = kind === 'memory' ? undefined : await openDatabase(join(folder, 'chain.db'));
    const provider = createProvider(database === undefined ? {} : { database });
    const rpc = (method: string, ...params: unknown[]) => provider.request({ method, params });
    const [from] = (await rpc('eth_accounts')) as string[];
    const send = async (transaction: object) => {
      const hash = await rpc('eth_sendTransaction', { from, gas: '0x20000', ...transaction });
      return (await rpc('eth_getTransactionReceipt', hash)) as Record<string, string>;
    };
    const { contractAddress: address } = await send({
      data: initCode(CODE),
    });
    const to = address as string;
    for (let index = 0; index < BLOCKS; index++) {
      if (index === 60) await rpc('anvil_mine', '0x800');
      if (index % 7 === 0) await send({ to, data: word(index % 3) });
      else await send({ to: from as string });
    }
    const wanted = Array.from({ length: BLOCKS }, (_, index) => index)
      .filter((index) => index % 7 === 0)
      .map((index) => word(index % 3));
    const logs = async (query: object): Promise<Log[]> =>
      (await rpc('eth_getLogs', { fromBlock: '0x0', toBlock: 'latest', ...query })) as Log[];
    const every = await logs({});
    assert.deepEqual(
      every.map(({ topics }) => topics[0]),
      wanted,
    );
    assert.deepEqual(await logs({ address }), every);
    const topics = [word(2)];
    assert.deepEqual(
      await logs({ topics }),
      every.filter((log) => log.topics[0] === word(2)),
    );
    assert.deepEqual(await logs({ topics: [word(9)] }), []);
    const [first, second] = [every[2], every.at(-3)] as [Log, Log];
    const range = { fromBlock: first.blockNumber, toBlock: second.blockNumber };
    assert.deepEqual(await logs({ address, ...range }), every.slice(2, -2));
    // Below where the chain is cut off, and what comes in its place.
    await rpc('anvil_rollback', 100);
    await send({ to, data: word(9) });
    const after = await logs({ address });
    assert.deepEqual(after.slice(0, -1), every.slice(0, after.length - 1));
    assert.deepEqual(after.at(-1)?.topics, [word(9)]);
    provider.node.dev.close();
  });
}
