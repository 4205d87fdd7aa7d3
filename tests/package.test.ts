/**
 * What the package promises: its public names, its imports, and that installing it runs nothing.
 * A name that appears here or goes is a change of the interface, and belongs into the changelog.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { deriveExports } from '../scripts/exports.ts';

const ROOT = join(import.meta.dirname, '..');

interface Description {
  readonly exports: unknown;
  readonly engines: { readonly node: string };
  readonly scripts: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>;
}

const description = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Description;

/** Names of values, by public import, in the order of the alphabet. */
const NAMES: Readonly<Record<string, string>> = {
  '.': 'LockstepError PendingError createMachine',
  './chain':
    'EvmWorld abandonRun continueUntil decodeSnapshot profileCall putAccounts resumeSnapshot ' +
    'runUntil takeSnapshot',
  './chain/blocks':
    'BLOCK_FORKS BLOCK_REJECTIONS BlockChain BlockExecution ChainState MAIN_NET blobBaseFee ' +
    'blockDifficulty blockRules blockTransaction buildBlock checkHeader createGenesisBlock ' +
    'decodeBlock encodeBlock encodeHeader encodeReceipt fixedSchedule headerHash logsBloom ' +
    'networkSchedule nextBaseFee nextExcessBlobGas parseBlockFork processBlock readGenesis ' +
    'receiptsRoot requestsHash rulesAt senderOf transactionsRoot withdrawalsRoot',
  './chain/dev': 'DevChain LogicalClock TransactionPool',
  './chain/tracers':
    'StepWorld callTracer flatCallTracer traceErc7562 tracePrestate traceTransaction',
  './chain/transactions':
    'REJECTIONS authorizationHash checkSender checkSignature checkTransaction decodeTransaction ' +
    'encodeForSigning encodeTransaction highestCost intrinsicGas recoverAuthority recoverSender ' +
    'signAuthorization signTransaction signingHash transactionHash',
  './chain/wasm': 'WasmStore bytesToValue',
  './dmir':
    'FuncBuilder OPS OP_NAMES TERMINATORS TRAP_KINDS TYPES TYPE_BITS TYPE_SETS TYPE_SLOTS addConst ' +
    'addReg constValue createFunc createFuncBuilder createModule evalPure formatDiagnostic isConst ' +
    'isFloat isOpName isPureOp isType parseModule printFunc printInst printModule verifyModule',
  './engines': 'ModuleRunner RegionLimitError runModule',
  './languages':
    'InputError decodeLog decodeRevert decodeValues encodeArguments encodeCall encodeConstructor ' +
    'findFunction hexContract loadContract parseSignature selectorOf signatureOf',
  './node':
    'METHODS Node Provider RPC_CODE RpcError createOpenRpc createProvider method param readPlugin types',
  './node/database': 'openDatabase',
  './node/server': 'DEFAULT_IPC_PATH createNode openForkCache serve serveIpc',
  './node/stack': 'DebugInfo createStackTraces formatStackTrace readArtifacts',
  './state':
    'SPACES createEvmCommitment createEvmView createMemoryBackend createPending createStore ' +
    'createTrie indexedRoot isPending isPerTransaction packValue resolvePending unpackValue ' +
    'verifyAccountProof verifyProof withCommitment',
  './vms/evm':
    'EIP_NAMES FORKS LATEST_FORK Lowerer OP OPCODES OPCODE_LIST assemble checkOverrides costsOf ' +
    'createEvmSource disassemble findJumpDestinations forkRules isOpcodeName ' +
    'iterateInstructions lowerProgram opcodeDoc opcodesOf parseFork scheduleOf',
  './vms/evm/precompiles':
    'PRECOMPILES PRECOMPILE_ADDRESS_MAX createPrecompiles lazyCurves loadCurves ' +
    'precompileCostsOf precompilesOf',
  './vms/wasm':
    'CONTRACT_GAS CONTRACT_LIMITS DEFAULT_GAS DEFAULT_LIMITS Linker OPCODES ' +
    'UNSUPPORTED_FEATURES VAL_TYPES WasmProgram assembleModule bytesToValue isWasm ' +
    'printWasmModule readContract readDeployment readWasmModule writeDeployment',
};

for (const [name, target] of Object.entries(deriveExports())) {
  if (typeof target === 'string') continue;
  test(`the public names of ${name.replace('.', 'lockstep')}`, async () => {
    const file = target.default.replace('./dist/', '../src/').replace(/\.js$/, '.ts');
    const names = Object.keys((await import(file)) as object).sort();
    assert.equal(names.join(' '), NAMES[name]);
  });
}

test('the exports are those of the tree', () => {
  assert.deepEqual(description.exports, deriveExports(), 'run: npm run gen');
});

test('every script of package.json that a file stands for is there', () => {
  for (const [name, command] of Object.entries(description.scripts)) {
    const file = /\bnode ((?:scripts|bench|src)\/[\w/-]+\.ts)/.exec(command)?.[1];
    if (file !== undefined) assert.ok(existsSync(join(ROOT, file)), `${name}: ${file} is missing`);
  }
});

test('installing the package runs no script', () => {
  for (const name of ['preinstall', 'install', 'postinstall']) {
    assert.equal(description.scripts[name], undefined);
  }
});

test('compilers are optional peers', () => {
  const heavy = ['solc', 'typescript', 'assemblyscript', '@ethereumjs/evm'];
  for (const name of heavy) assert.equal(description.dependencies[name], undefined);
  for (const name of Object.keys(description.peerDependencies)) {
    assert.equal(description.peerDependenciesMeta[name]?.optional, true, name);
  }
});

test('the command and what is published are named', () => {
  assert.deepEqual(description.bin, { lockstep: 'bin/lockstep.js' });
  assert.ok(existsSync(join(ROOT, 'bin/lockstep.js')));
  for (const name of ['bin', 'dist']) assert.ok(description.files.includes(name));
  assert.equal(description.engines.node, '>=22');
});
