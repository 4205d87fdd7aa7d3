/** `lockstep node` and `lockstep rpctest`. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { bytesToHex } from '../../src/base/bytes.ts';
import { VERSION } from '../../src/node/version.ts';
import { printingModule } from './support/printing.ts';
import { folderOf, lockstep } from './support/run.ts';

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly code: number };
}

/** Runs the node until `use` has what it wants; gives all that was printed. */
async function withNode(
  words: readonly string[],
  use: (
    rpc: (method: string, ...params: unknown[]) => Promise<unknown>,
    url: string,
  ) => Promise<void>,
): Promise<string> {
  const stop = new AbortController();
  let printed = '';
  let ready: (url: string) => void = () => {};
  const url = new Promise<string>((resolve) => {
    ready = resolve;
  });
  const ran = lockstep(['node', '--port', '0', ...words], {
    stopped: stop.signal,
    onOut(text) {
      printed += text;
      const line = /^Listening on (127\.0\.0\.1:\d+)$/m.exec(text);
      if (line !== null) ready(`http://${line[1]}`);
    },
  });
  const address = await Promise.race([url, ran.then(({ err }) => Promise.reject(new Error(err)))]);
  try {
    await use(async (method, ...params) => {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
      const response = await fetch(address, { method: 'POST', body });
      const { result, error } = (await response.json()) as Answer;
      assert.equal(error, undefined, `${method}: ${JSON.stringify(error)}`);
      return result;
    }, address);
  } finally {
    stop.abort();
  }
  assert.equal((await ran).code, 0);
  return printed;
}

test('the banner has accounts and keys, and the line that tools wait for', async () => {
  const printed = await withNode([], async (rpc) => {
    assert.equal(await rpc('web3_clientVersion'), `lockstep/v${VERSION}`);
  });
  assert.match(printed, /\(0\) 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266 \(10000\.0{18} ETH\)/);
  assert.match(printed, /\(0\) 0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80/);
  assert.match(printed, /^Listening on 127\.0\.0\.1:\d+$/m);
});

test('options are those of anvil', async () => {
  const words = ['-a', '3', '--balance', '5', '--chain-id', '99', '--hardfork', 'cancun', '-q'];
  const printed = await withNode(
    [...words, '--no-mining', '--gas-limit', '1000000'],
    async (rpc) => {
      assert.equal(await rpc('eth_chainId'), '0x63');
      const accounts = (await rpc('eth_accounts')) as string[];
      assert.equal(accounts.length, 3);
      assert.equal(await rpc('eth_getBalance', accounts[0]), `0x${(5n * 10n ** 18n).toString(16)}`);
      await rpc('eth_sendTransaction', { from: accounts[0], to: accounts[1] });
      assert.equal(await rpc('eth_blockNumber'), '0x0');
      const { hardFork } = (await rpc('anvil_nodeInfo')) as { hardFork: string };
      assert.equal(hardFork, 'cancun');
      const block = (await rpc('eth_getBlockByNumber', 'latest', false)) as { gasLimit: string };
      assert.equal(block.gasLimit, '0xf4240');
    },
  );
  assert.match(printed, /^Listening on/);
});

test('what is there from the start can be left out', async () => {
  const words = ['--disable-default-create2-deployer', '--disable-min-priority-fee', '-q'];
  await withNode(words, async (rpc) => {
    assert.equal(await rpc('eth_getCode', '0x4e59b44847b379578588920ca78fbf26c0b4956c'), '0x');
    assert.equal(await rpc('eth_maxPriorityFeePerGas'), '0x0');
    assert.equal(await rpc('eth_gasPrice'), '0x3b9aca00');
  });
});

test('blocks come by themselves where a time is given', async () => {
  await withNode(['--block-time', '0.05', '-q'], async (rpc) => {
    for (let round = 0; round < 200 && (await rpc('eth_blockNumber')) === '0x0'; round++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.notEqual(await rpc('eth_blockNumber'), '0x0');
  });
});

/** Calls the console with `log(string,uint256)` of "x" and 7. */
const CONSOLE_CALL = [
  '0xb60e72cc',
  '40'.padStart(64, '0'),
  '7'.padStart(64, '0'),
  '1'.padStart(64, '0'),
  '78'.padEnd(64, '0'),
].join('');

test('what contracts log is printed, decoded', async () => {
  // CALLDATACOPY everything, and a STATICCALL to the console with it.
  const code = '0x365f5f375f5f365f6a636f6e736f6c652e6c6f675afa00';
  const to = '0x00000000000000000000000000000000000000aa';
  const printed = await withNode([], async (rpc) => {
    const [from] = (await rpc('eth_accounts')) as string[];
    await rpc('anvil_setCode', to, code);
    await rpc('eth_sendTransaction', { from, to, data: CONSOLE_CALL });
  });
  assert.match(printed, /^console\.log: x 7$/m);
  assert.match(printed, /Transaction: 0x[0-9a-f]{64}\n {4}Gas used: \d+/);
});

test('what modules print is printed, where the genesis file knows modules', async (context) => {
  const from = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';
  const to = '0x00000000000000000000000000000000000000aa';
  const genesis = (config: object): string =>
    JSON.stringify({
      config: { chainId: 1, londonBlock: 0, terminalTotalDifficulty: 0, ...config },
      gasLimit: '0x1c9c380',
      alloc: { [to]: { balance: '0x0', code: bytesToHex(printingModule('a\nb')) } },
    });
  const folder = folderOf(context, {
    'with.json': genesis({ moduleBytesMax: 1_048_576 }),
    'without.json': genesis({}),
  });
  const run = (file: string) =>
    withNode(['--init', join(folder, file)], async (rpc) => {
      await rpc('eth_sendTransaction', { from, to, gas: '0xf4240' });
    });
  assert.match(await run('with.json'), /^printed: a\nprinted: b$/m);
  assert.doesNotMatch(await run('without.json'), /printed/);
});

test('--state keeps accounts from one run to the next', async (context) => {
  const file = join(folderOf(context, {}), 'state.json');
  const who = '0x00000000000000000000000000000000000000aa';
  await withNode(['--state', file, '-q'], async (rpc) => {
    await rpc('anvil_setBalance', who, '0x7');
  });
  assert.ok(existsSync(file));
  await withNode(['--state', file, '-q'], async (rpc) => {
    assert.equal(await rpc('eth_getBalance', who), '0x7');
  });
  const config = join(folderOf(context, {}), 'config.json');
  await withNode(['--config-out', config, '-q'], async () => {});
  assert.equal(JSON.parse(readFileSync(config, 'utf8')).private_keys.length, 10);
});

test('a file that cannot be read or written ends the node with a message', async (context) => {
  const folder = folderOf(context, { taken: '' });
  for (const option of ['--init', '--import', '--load-state']) {
    const { code, err } = await lockstep(['node', '--port', '0', option, folder]);
    assert.equal(code, 2, option);
    assert.match(err, /is a directory/);
  }
  const path = join(folder, 'taken', 'file.json');
  for (const option of ['--config-out', '--dump-state']) {
    const stop = new AbortController();
    const { code, err } = await lockstep(['node', '--port', '0', '-q', option, path], {
      stopped: stop.signal,
      onOut: () => stop.abort(),
    });
    assert.equal(code, 2, option);
    assert.match(err, new RegExp(`taken.file\\.json cannot be written.*\\n.*${option}`));
  }
});

const PLUGIN = `
export default ({ method, param, types }) => ({
  methods: [
    method('my_add', 'A sum.', [param('a', types.quantity), param('b', types.quantity)],
      types.quantity.schema, (node, [a, b]) => types.toQuantity(a + b)),
  ],
  precompiles: {
    '0x00000000000000000000000000000000000d0b1e': { gas: 9n, run: (input) => input.reverse() },
  },
});
`;

test('--plugin adds methods and precompiles', async (context) => {
  const file = join(folderOf(context, { 'own.mjs': PLUGIN }), 'own.mjs');
  await withNode(['--plugin', file, '-q'], async (rpc) => {
    assert.equal(await rpc('my_add', '0x2', '0x3'), '0x5');
    const to = '0x00000000000000000000000000000000000d0b1e';
    assert.equal(await rpc('eth_call', { to, data: '0x0102' }), '0x0201');
  });
});

test('--ipc listens on a path as well', async (context) => {
  const path = join(folderOf(context, {}), 'node.ipc');
  await withNode(['--ipc', path, '-q'], async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(path, () => socket.write('{"id":1,"method":"eth_chainId"}'));
      socket.on('data', (chunk) => {
        resolve(chunk.toString());
        socket.end();
      });
      socket.on('error', reject);
    });
    assert.equal(JSON.parse(answer).result, '0x7a69');
  });
  assert.ok(!existsSync(path));
});

test('mistakes in the options are told', async (context) => {
  const bad: readonly (readonly string[])[] = [
    ['extra'],
    ['--port', 'x'],
    ['--port', '70000'],
    ['--chain-id', '-1'],
    ['--hardfork', 'nowhere'],
    ['--init', 'nothing.json'],
    ['--init', join(folderOf(context, { 'x.json': '{' }), 'x.json')],
    ['--block-time', '0'],
    ['--accounts', '1000000'],
    ['--order', 'random'],
    ['--mnemonic', 'not a mnemonic'],
    ['--plugin', 'nothing.mjs'],
    ['--ipc', '/no/such/folder/node.ipc'],
    ['--plugin', join(folderOf(context, { 'x.mjs': 'export default 5;' }), 'x.mjs')],
    ['--plugin', join(folderOf(context, { 'y.mjs': 'nonsense here' }), 'y.mjs')],
  ];
  for (const words of bad) {
    const { code, err } = await lockstep(['node', ...words]);
    assert.equal(code, 2, words.join(' '));
    assert.doesNotMatch(err, /internal error/);
  }
  assert.equal((await lockstep(['rpctest', 'no-such-folder'])).code, 2);
  assert.equal((await lockstep(['rpctest'])).code, 2);
});

test('the version of the node is that of the package', () => {
  assert.equal(VERSION, JSON.parse(readFileSync('package.json', 'utf8')).version);
});

test('a fork keeps what it fetched, and runs offline with it', async (context) => {
  const folder = folderOf(context, {});
  const cache = join(folder, 'cache', 'fork.jsonl');
  const to = `0x${'56'.repeat(20)}`;
  const use = async (rpc: (method: string, ...params: unknown[]) => Promise<unknown>) => {
    const [from] = (await rpc('eth_accounts')) as string[];
    await rpc('eth_sendTransaction', { from, to, value: '0x1' });
    assert.equal(await rpc('eth_getBalance', to, 'latest'), '0x1');
    hashes.push(await rpc('eth_getBlockByNumber', 'latest', false));
  };
  const hashes: unknown[] = [];
  await withNode(['--chain-id', '99', '-q'], async (rpc, url) => {
    await rpc('anvil_mine', '0x5');
    const words = ['--fork-url', `${url}@4`, '--fork-header', 'X-Key: 1', '--fork-cache', cache];
    const printed = await withNode(words, use);
    assert.match(printed, /^Fork\n=+\n\nEndpoint: {7}127\.0\.0\.1:\d+\nBlock number: {3}4\n/m);
  });
  await withNode(['--offline', '--fork-cache', cache, '-q'], use);
  assert.equal(hashes.length, 2);
  assert.deepEqual(hashes[0], hashes[1]);
});

test('options of a fork are checked before anything is asked', async () => {
  const url = ['--fork-url', 'http://127.0.0.1:1'];
  for (const [words, wanted] of [
    [['--fork-block-number', '5'], /--fork-block-number needs --fork-url/],
    [['--offline'], /--offline needs --fork-cache/],
    [[...url, '--fork-block-number', 'x'], /write a whole number/],
    [[...url, '--init', 'genesis.json'], /--init is for a chain with a genesis of its own/],
    [[...url, '--fork-header', 'secret'], /write 'Name: value'/],
    [[...url, '--retries', '0', '--no-storage-caching'], /127\.0\.0\.1:1 does not answer/],
  ] as const) {
    const { code, err } = await lockstep(['node', '--port', '0', ...words]);
    assert.equal(code, 2);
    assert.match(err, wanted);
    assert.doesNotMatch(err, /secret/);
  }
});

test('lockstep run goes on from another chain', async (context) => {
  const other = `0x${'99'.repeat(20)}`;
  // Loads slot 0 of another contract, by its code, and returns it.
  const caller = `0x60205f5f5f5f73${other.slice(2)}5af15060205ff3`;
  const folder = folderOf(context, { 'caller.hex': caller });
  await withNode(['-q'], async (rpc, url) => {
    await rpc('anvil_setCode', other, '0x5f545f5260205ff3');
    await rpc('anvil_setStorageAt', other, '0x0', `0x${'2a'.padStart(64, '0')}`);
    const words = ['run', join(folder, 'caller.hex'), '--json', '--no-storage-caching'];
    const { code, out, err } = await lockstep([...words, '--fork-url', url]);
    assert.equal(err, '');
    assert.equal(code, 0);
    assert.match(out, /"output":"0x0{62}2a"/);
    const badCache = join(folder, 'caller.hex');
    const kept = await lockstep([...words, '--fork-url', url, '--code-cache', badCache]);
    assert.equal(kept.code, 2);
    assert.match(kept.out, /cannot be kept in/);
  });
});

test('with artifacts calls are decoded, and failures told with file and line', async (context) => {
  const source = [
    'contract Door {',
    '  error Closed(uint256 hour);',
    '  function open(uint256 hour) external pure {',
    '    if (hour < 8) revert Closed(hour);',
    '  }',
    '}',
  ].join('\n');
  const solc = createRequire(import.meta.url)('solc');
  const outputSelection = { '*': { '*': ['abi', 'evm.bytecode', 'evm.deployedBytecode'] } };
  const input = {
    language: 'Solidity',
    sources: { 'Door.sol': { content: source } },
    settings: { outputSelection },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const { object } = output.contracts['Door.sol'].Door.evm.bytecode;
  const folder = folderOf(context, { 'door.json': JSON.stringify({ input, output }) });
  const data = `0x690e7c09${'7'.padStart(64, '0')}`;
  const printed = await withNode(['--artifacts', folder], async (rpc) => {
    const [from] = (await rpc('eth_accounts')) as string[];
    const hash = await rpc('eth_sendTransaction', { from, data: `0x${object}` });
    const receipt = (await rpc('eth_getTransactionReceipt', hash)) as { contractAddress: string };
    await rpc('eth_sendTransaction', { from, to: receipt.contractAddress, data, gas: '0x186a0' });
  });
  assert.match(printed, /^ {4}Call: Door\.constructor\(\)$/m);
  assert.match(printed, /^ {4}Call: Door\.open\(7\)$/m);
  assert.match(
    printed,
    /^ {4}Failed: reverted with custom error 'Closed\(7\)'\n {8}at Door\.open \(Door\.sol:4:26\)$/m,
  );
});
