/** `lockstep bench`: measures calls of a contract on every engine. */
import type { EvmContract } from '../../languages/contract.ts';
import { InputError } from '../../languages/errors.ts';
import { hexContract } from '../../languages/load.ts';
import { type Args, usageError } from '../args.ts';
import { compareRuns, readRun, saveRun } from '../bench/baseline.ts';
import { describeMachine } from '../bench/measure.ts';
import type { Subject } from '../bench/subject.ts';
import {
  BENCH_ENGINES,
  CONTRACT_SUITES,
  type ContractSuite,
  enginesOf,
  TRANSFER_SUITE,
} from '../bench/suites.ts';
import { loadInput } from '../code-input.ts';
import type { Io } from '../io.ts';
import { checkCall, readCall, readCreation } from '../message-args.ts';
import { showNotes } from '../notes.ts';
import { readPositive } from '../option-values.ts';
import { callOptions, deployContract, openSession, readFork } from '../session.ts';

/** What is measured where no file is named. */
const TOKEN_CALL = ['transfer(address,uint256)', `0x${'b0'.padStart(40, '0')}`, '1000'];
const ROUNDS_MAX = 1_000_000n;

export async function run(args: Args, io: Io): Promise<number> {
  const [suite = 'call', file, ...more] = args.positionals;
  const chosen = Object.hasOwn(SUITES, suite) ? SUITES[suite] : undefined;
  if (chosen === undefined) throw noSuite(suite);
  if (more.length > 0) throw usageError(`bench takes a suite and a file, not ${more[0]}`, 'bench');
  checkCall(args, 'bench');
  const engines = enginesOf(args.value('engine'));
  if (engines === undefined) {
    const names = BENCH_ENGINES.join(', ');
    throw usageError(`there is no engine ${args.value('engine')}; there are ${names}`, 'bench');
  }
  const { rounds: usual, run: measure } = chosen;
  const rounds = readPositive(args.value('rounds'), '--rounds') ?? BigInt(usual);
  if (rounds > ROUNDS_MAX) throw usageError(`--rounds ${rounds}: at most ${ROUNDS_MAX}`, 'bench');
  const against = args.value('against');
  const saved = against === undefined ? undefined : readRun(against, suite);
  const subject =
    suite === 'erc' ? await readTransfers(file, args) : await readSubject(file, args, io);
  const machine = describeMachine();
  const isJson = args.flag('json');
  const { rows, text } = await measure([subject], engines, Number(rounds));
  if (rows.length === 0) {
    const message = `nothing of ${subject.name} is compiled under ${engines.join(', ')}`;
    throw usageError(`${message}; --engine names a compiler, and modules are interpreted`, 'bench');
  }
  const result = { suite, machine, rows };
  if (!isJson) io.out(`${machine}\n${text}`);
  if (saved !== undefined && !isJson) io.out(`\n${compareRuns(result, saved)}`);
  const save = args.value('save');
  if (save !== undefined) saveRun(save, result);
  if (isJson) io.out(`${JSON.stringify(result)}\n`);
  return 0;
}

const SUITES: Readonly<Record<string, ContractSuite>> = {
  ...CONTRACT_SUITES,
  erc: TRANSFER_SUITE,
};

/** Suites that compare with an oracle or read files of the repository. */
const REPOSITORY_SUITES = ['evm', 'token', 'block', 'switch', 'wasm', 'languages', 'node', 'start'];

function noSuite(name: string): InputError {
  if (REPOSITORY_SUITES.includes(name)) {
    const needs = 'needs what only the repository has; there: npm run bench --';
    return usageError(`the suite ${name} ${needs} ${name}`, 'bench');
  }
  const names = Object.keys(SUITES).join(', ');
  const hint = /[./\\]/.test(name) ? '; the suite comes before the file' : '';
  return usageError(`there is no suite ${name}${hint}; the suites: ${names}`, 'bench');
}

/** The transfers of the suite `erc`, which has its own contract. */
async function readTransfers(file: string | undefined, args: Args): Promise<Subject> {
  if (file !== undefined || args.list('call') !== undefined || args.flag('data')) {
    const message = 'erc measures transfers of the built-in token; call measures any contract';
    throw usageError(message, 'bench');
  }
  const { prepareTransfers } = await import('../bench/transfers.ts');
  return prepareTransfers(readFork(args.value('fork')));
}

/** The contract after its deployment, and one call of it. */
async function readSubject(file: string | undefined, args: Args, io: Io): Promise<Subject> {
  const fork = readFork(args.value('fork'));
  const contract = await readContract(file, args, io);
  const call = await readCall(contract, file === undefined ? withTokenCall(args) : args);
  if (call === undefined) {
    throw usageError('bench needs a call of the file: --call SIGNATURE ARGUMENTS…', 'bench');
  }
  const creation = await readCreation(contract, args);
  const { createMachine } = await import('../../chain/machine.ts');
  const machine = createMachine({ fork });
  const session = await openSession({ createMachine: async () => machine }, { fork });
  const placed = deployContract(session, contract, creation);
  const status = placed.deployment?.outcome.status ?? 'success';
  if (status !== 'success') {
    throw usageError(`the deployment of ${contract.name} ends with ${status}`, 'bench');
  }
  const message = { to: placed.address, data: call.data, value: call.value };
  const calls = [{ ...callOptions(session, message), to: placed.address }];
  return { name: contract.name, fork, block: {}, world: machine.state.dump(), calls };
}

/** The arguments with the call of the built-in token. */
function withTokenCall(args: Args): Args {
  return { ...args, list: (name) => (name === 'call' ? TOKEN_CALL : args.list(name)) };
}

async function readContract(file: string | undefined, args: Args, io: Io): Promise<EvmContract> {
  if (file === undefined) {
    const given = (['call', 'data', 'deploy-args', 'contract'] as const).find(args.flag);
    if (given !== undefined) throw usageError(`--${given} needs a file to be of`, 'bench');
    const { TOKEN_INIT_CODE } = await import('../bench/token.generated.ts');
    const { runtimeCode, ...token } = hexContract(TOKEN_INIT_CODE, 'token');
    return { ...token, initCode: runtimeCode, runtimeCode: undefined };
  }
  const { contract, notes } = await loadInput(file, args);
  showNotes(notes, io, false);
  if (contract.kind === 'evm') return contract;
  throw new InputError('file-format', `${contract.file} is dMIR; bench measures EVM code`);
}
