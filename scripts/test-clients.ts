/**
 * `npm run test:clients`: the published package beside tools that are too heavy for a development
 * dependency. Hardhat 3 compiles, deploys and tests against `lockstep node`, `forge` deploys,
 * `cast` sends, reads and traces, prool keeps nodes in a pool, and a bundle with viem runs in
 * Chromium. `npm run test:clients -- NAME…` takes some of them. The tools come from npm into a
 * temporary folder; where its registry cannot be reached that is printed, and nothing is tested.
 *
 * Exit codes: 0 all of them work or none could be had, 1 one does not.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadToken } from '../tests/clients/support.ts';
import { CHROMIUM_FLAGS, findChromium } from '../tests/determinism/platforms.ts';
import { serveFiles } from '../tests/determinism/static-server.ts';
import { installPacked, ROOT, run } from './packed.ts';

/** Each exactly, so that a run is the same on every day. */
const TOOLS: Readonly<Record<string, string>> = {
  '@foundry-rs/cast': '1.7.1',
  '@foundry-rs/forge': '1.7.1',
  '@nomicfoundation/hardhat-node-test-runner': '3.1.0',
  '@nomicfoundation/hardhat-viem': '3.0.9',
  esbuild: '0.28.2',
  hardhat: '3.18.0',
  prool: '0.2.16',
  viem: '2.57.0',
};
const EXAMPLES = join(ROOT, 'examples');
const SOLJSON = join(ROOT, 'node_modules/solc/soljson.js');
const KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const OWNER = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';
const ALICE = '0x00000000000000000000000000000000000A11cE';

/** A compiler as `forge` calls one, of the WebAssembly that is a development dependency. */
const SOLC = `#!${process.execPath}
const solc = require(${JSON.stringify(join(ROOT, 'node_modules/solc'))});
const [version] = solc.version().split('.Emscripten');
const banner = 'solc, the solidity compiler commandline interface\\nVersion: ' + version;
if (process.argv.includes('--version')) console.log(banner + '.Linux.g++');
else process.stdout.write(solc.compile(require('node:fs').readFileSync(0, 'utf8')));
`;

interface Place {
  readonly folder: string;
  readonly url: string;
}

/** Gets the tools; whether they could be had. */
function install(folder: string): boolean {
  const specs = Object.entries(TOOLS).map(([name, version]) => `${name}@${version}`);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...specs];
  const { status, stderr } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8' });
  if (status === 0) return true;
  console.log(`skipped: the tools cannot be installed: ${stderr.trim().split('\n').at(-1)}`);
  return false;
}

/** npm leaves optional parts out where a lock of another platform named them. */
function requirePlatformPart(folder: string): void {
  const name = `@nomicfoundation/edr-${process.platform}-${process.arch}`;
  const part = process.platform === 'linux' ? `${name}-gnu` : name;
  const { version } = JSON.parse(
    run(
      'npm',
      ['pkg', 'get', 'name', 'version'],
      join(folder, 'node_modules/@nomicfoundation/edr'),
    ),
  ) as { version: string };
  const args = ['install', '--ignore-scripts', '--force', '--no-audit', '--no-save'];
  run('npm', [...args, `${part}@${version}`], folder);
}

function startNode(folder: string): Promise<{ child: ChildProcess; url: string }> {
  const launcher = join(folder, 'node_modules/lockstep/bin/lockstep.js');
  const child = spawn(process.execPath, [launcher, 'node', '--port', '0', '--quiet']);
  return new Promise((resolve, reject) => {
    let printed = '';
    child.stderr.on('data', (chunk) => process.stderr.write(chunk));
    child.on('exit', (code) => reject(new Error(`the node ended with ${code}: ${printed}`)));
    child.stdout.on('data', (chunk) => {
      printed += chunk;
      const [, address] = /^Listening on (\S+)$/m.exec(printed) ?? [];
      if (address !== undefined) resolve({ child, url: `http://${address}` });
    });
  });
}

function hardhat({ folder, url }: Place): void {
  const env = { ...process.env, LOCKSTEP_URL: url, SOLC: SOLJSON, HARDHAT_DISABLE_TELEMETRY: '1' };
  for (const each of ['contracts', 'test']) mkdirSync(join(folder, each));
  copyFileSync(join(EXAMPLES, 'erc20/Token.sol'), join(folder, 'contracts/Token.sol'));
  copyFileSync(join(EXAMPLES, 'clients/hardhat-config.js'), join(folder, 'hardhat.config.js'));
  copyFileSync(join(EXAMPLES, 'clients/hardhat-token.js'), join(folder, 'test/token.js'));
  const program = join(folder, 'node_modules/hardhat/dist/src/cli.js');
  const words = ['test', 'nodejs', '--network', 'lockstep'];
  const told = run(process.execPath, [program, ...words], folder, env);
  expect(told, /1 passing/, 'Hardhat');
}

/** The program of a package that holds one for each platform. */
function programOf(folder: string, name: string): string {
  const os = process.platform === 'win32' ? 'win32' : process.platform;
  const cpu = process.arch === 'x64' ? 'amd64' : process.arch;
  return join(folder, `node_modules/@foundry-rs/${name}-${os}-${cpu}/bin/${name}`);
}

function expect(told: string, pattern: RegExp, what: string): void {
  if (!pattern.test(told)) throw new Error(`${what}: ${pattern} does not match ${told}`);
}

function foundry({ folder, url }: Place): void {
  const project = join(folder, 'foundry');
  mkdirSync(join(project, 'src'), { recursive: true });
  copyFileSync(join(EXAMPLES, 'erc20/Token.sol'), join(project, 'src/Token.sol'));
  const solc = join(folder, 'solc.cjs');
  writeFileSync(solc, SOLC);
  chmodSync(solc, 0o755);
  writeFileSync(
    join(project, 'foundry.toml'),
    `[profile.default]\nsolc = ${JSON.stringify(solc)}\noffline = true\n`,
  );
  const env = { ...process.env, ETH_RPC_URL: url };
  const forge = (...words: string[]) => run(programOf(folder, 'forge'), words, project, env);
  const cast = (...words: string[]) => run(programOf(folder, 'cast'), words, project, env).trim();
  const created = forge(
    ...['create', '--broadcast', '--rpc-url', url, '--private-key', KEY, 'src/Token.sol:Token'],
  );
  const token = /Deployed to: (0x[0-9a-fA-F]{40})/.exec(created)?.[1] ?? '';
  const call = [token, 'transfer(address,uint256)', ALICE, '5'];
  const sent = cast('send', ...call, '--private-key', KEY, '--json');
  const { transactionHash } = JSON.parse(sent) as { transactionHash: string };
  expect(cast('call', token, 'balanceOf(address)(uint256)', ALICE), /^5$/, 'cast call');
  expect(cast('logs', '--address', token, '--from-block', '0'), /transactionHash/, 'cast logs');
  expect(cast('run', '--quick', transactionHash), /successfully executed/, 'cast run');
  expect(cast('call', '--trace', '--from', OWNER, ...call), /emit Transfer/, 'cast call --trace');
  expect(cast('estimate', '--from', OWNER, ...call), /^\d+$/, 'cast estimate');
  expect(cast('send', '--unlocked', '--from', OWNER, ...call), /success/, 'cast send --unlocked');
  cast('rpc', 'anvil_impersonateAccount', ALICE);
  cast('rpc', 'anvil_setBalance', ALICE, '0xde0b6b3a7640000');
  expect(cast('send', '--unlocked', '--from', ALICE, ...call), /success/, 'cast send for another');
  expect(cast('proof', token, '0x0'), /storageProof/, 'cast proof');
}

/** Takes two nodes out of a pool; they are fresh, and apart from each other. */
const POOL = `
import { Pool } from 'prool';
import { lockstep } from './prool.js';
const pool = Pool.define({ instance: lockstep({ accounts: 1 }) });
const [first, second] = await Promise.all([pool.start(1), pool.start(2)]);
const ask = async ({ host, port }, method) => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: [] });
  const response = await fetch('http://' + host + ':' + port, { method: 'POST', body });
  return (await response.json()).result;
};
await ask(first, 'evm_mine');
console.log(await ask(first, 'eth_blockNumber'), await ask(second, 'eth_blockNumber'));
await pool.destroyAll();
process.exit(0);
`;

function prool({ folder }: Place): void {
  copyFileSync(join(EXAMPLES, 'clients/prool.js'), join(folder, 'prool.js'));
  writeFileSync(join(folder, 'pool.js'), POOL);
  expect(run(process.execPath, ['pool.js'], folder), /^0x1 0x0$/m, 'prool');
}

/** Bundles a page with the package and viem; it says the same in Chromium as here. */
async function browser({ folder }: Place): Promise<string | undefined> {
  const executablePath = findChromium();
  if (executablePath === undefined) return 'skipped: no chromium (Debian package chromium)';
  const bundle = join(folder, 'page/page.js');
  copyFileSync(join(EXAMPLES, 'clients/browser.js'), join(folder, 'browser.js'));
  const esbuild = join(
    folder,
    `node_modules/@esbuild/${process.platform}-${process.arch}/bin/esbuild`,
  );
  const flags = ['--bundle', '--format=esm', '--platform=browser', '--target=es2022'];
  run(esbuild, ['browser.js', ...flags, `--outfile=${bundle}`], folder);
  const { bytecode } = await loadToken();
  const { useToken } = (await import(pathToFileURL(join(folder, 'browser.js')).href)) as UsesToken;
  const here = await useToken(bytecode);
  const html = '<!doctype html><script type="module" src="/page/page.js"></script>';
  const server = await serveFiles(folder, ['page/'], html);
  const { chromium } = await import('playwright-core');
  const running = await chromium.launch({ executablePath, args: [...CHROMIUM_FLAGS] });
  try {
    const page = await running.newPage();
    await page.goto(server.origin);
    await page.waitForFunction(() => 'useToken' in globalThis);
    const there = await page.evaluate(
      (code) => (globalThis as unknown as UsesToken).useToken(code),
      bytecode,
    );
    if (there !== here) throw new Error(`${there} in Chromium, ${here} in Node`);
    expect(there, /^success \d+ 5 2 0x[0-9a-f]{64}$/, 'the page');
    return undefined;
  } finally {
    await running.close();
    server.close();
  }
}

interface UsesToken {
  useToken(bytecode: string): Promise<string>;
}

/** Each gives why it was left out, if it was. */
type Client = (place: Place) => unknown;

const CLIENTS: Readonly<Record<string, Client>> = { browser, hardhat, foundry, prool };

async function main(names: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-clients-'));
  let stop = (): void => {};
  let failed = 0;
  try {
    if (!install(folder)) return 0;
    requirePlatformPart(folder);
    installPacked(folder);
    const { child, url } = await startNode(folder);
    stop = () => child.kill();
    const wanted = Object.entries(CLIENTS).filter(
      ([name]) => names.length === 0 || names.includes(name),
    );
    for (const [name, use] of wanted) {
      try {
        console.log(`${name}: ${(await use({ folder, url })) ?? 'works'}`);
      } catch (error) {
        failed++;
        console.error(`${name}: ${(error as Error).message}`);
      }
    }
  } finally {
    stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
