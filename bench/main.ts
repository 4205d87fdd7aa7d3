/**
 * `npm run bench -- SUITE [--json] [--engine NAME] [--filter RE] [--rounds N] [--save FILE]
 * [--against FILE] [--peer PROGRAM]`
 *
 * A suite proves what it is going to time, against the oracle where one is named, then times it.
 * With `--json` its last line is one JSON object. `--save` keeps that object, `--against` prints
 * every figure as a multiple of a kept one. Exit codes: 0 done, 1 the proof failed, 2 bad usage.
 */
import { parseArgs } from 'node:util';
import { type BenchRun, compareRuns, readRun, saveRun } from '../src/cli/bench/baseline.ts';
import { describeMachine } from '../src/cli/bench/measure.ts';
import {
  BENCH_ENGINES,
  CONTRACT_SUITES,
  type ContractSuiteName,
  enginesOf,
} from '../src/cli/bench/suites.ts';
import { benchBlock } from './block.ts';
import { benchContracts } from './contract-suites.ts';
import { benchErc } from './erc.ts';
import { benchCalls, benchEvm, benchToken } from './evm.ts';
import { benchLanguages } from './languages.ts';
import { benchModules } from './modules.ts';
import { benchNode } from './node.ts';
import type { BenchOptions } from './options.ts';
import { benchPeer } from './peer.ts';
import { benchStart } from './start.ts';
import { benchSwitch } from './switch.ts';
import { benchWasm } from './wasm.ts';

interface Suite {
  readonly about: string;
  /** Rounds unless told. */
  readonly rounds: number;
  /** Gives the object of `--json`, or undefined where the suite cannot run. */
  readonly run: (options: BenchOptions) => Promise<object | undefined>;
}

const contractSuites = Object.fromEntries(
  Object.entries(CONTRACT_SUITES).map(([name, { about, rounds }]): [string, Suite] => [
    name,
    { about, rounds, run: (options) => benchContracts(name as ContractSuiteName, options) },
  ]),
);

const SUITES: Readonly<Record<string, Suite>> = {
  evm: {
    about: 'the 14 speed programs and the token suite against @ethereumjs/evm',
    rounds: 5,
    run: benchEvm,
  },
  peer: {
    about: 'the same programs beside another machine, --peer PROGRAM',
    rounds: 5,
    run: benchPeer,
  },
  token: { about: 'the token suite against @ethereumjs/evm', rounds: 5, run: benchToken },
  calls: { about: 'loops of calls between contracts', rounds: 5, run: benchCalls },
  erc: { about: 'ERC-20 transfers between 2,000 accounts', rounds: 15, run: benchErc },
  block: { about: 'a block of 1,000 transfers from RLP to roots', rounds: 7, run: benchBlock },
  ...contractSuites,
  latency: {
    ...CONTRACT_SUITES.latency,
    run: async (options) => {
      const contracts = await benchContracts('latency', options);
      return { ...contracts, modules: benchModules(options) };
    },
  },
  switch: {
    about: 'auto against the interpreter, from the first call of a contract on',
    rounds: 5,
    run: benchSwitch,
  },
  wasm: {
    about: "WebAssembly programs beside the platform's own compiler",
    rounds: 5,
    run: benchWasm,
  },
  languages: {
    about: 'the same ERC-20 from every contract language: gas, bytes, time',
    rounds: 5,
    run: benchLanguages,
  },
  node: { about: 'a development node, in process and over HTTP', rounds: 5, run: benchNode },
  start: {
    about: 'a run of bytecode, the start of the process included',
    rounds: 15,
    run: benchStart,
  },
};

const USAGE = `usage: npm run bench -- SUITE [--json] [--engine NAME] [--filter RE] [--rounds N]
                            [--save FILE] [--against FILE] [--peer PROGRAM]
${Object.entries(SUITES)
  .map(([name, { about }]) => `  ${name.padEnd(9)} ${about}`)
  .join('\n')}
engines: ${BENCH_ENGINES.join(', ')}`;

function usageError(message: string): never {
  console.error(`${message}\n${USAGE}`);
  process.exit(2);
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'boolean' },
        engine: { type: 'string' },
        filter: { type: 'string' },
        rounds: { type: 'string' },
        save: { type: 'string' },
        against: { type: 'string' },
        peer: { type: 'string' },
      },
    });
  } catch (error) {
    return usageError((error as Error).message);
  }
}

function parseFilter(text: string | undefined): RegExp | undefined {
  if (text === undefined) return undefined;
  try {
    return new RegExp(text);
  } catch (error) {
    return usageError(`--filter: ${(error as Error).message}`);
  }
}

function readSaved(file: string | undefined, name: string): BenchRun | undefined {
  if (file === undefined) return undefined;
  try {
    return readRun(file, name);
  } catch (error) {
    return usageError(`--against: ${(error as Error).message}`);
  }
}

const { values, positionals } = parse();
const name = positionals[0] ?? '';
const suite = Object.hasOwn(SUITES, name) ? SUITES[name] : undefined;
if (suite === undefined) usageError(`no suite is called "${name}"`);
const engines = enginesOf(values.engine);
if (engines === undefined) usageError(`no engine is called "${values.engine}"`);
const rounds = values.rounds === undefined ? suite.rounds : Number(values.rounds);
if (!Number.isSafeInteger(rounds) || rounds < 1) usageError(`--rounds is ${values.rounds}`);
if (name === 'peer' && values.peer === undefined) usageError('the suite needs --peer PROGRAM');
if (!['peer', 'wasm', undefined].includes(values.peer && name))
  usageError('--peer goes with peer and wasm');
const saved = readSaved(values.against, name);

const machine = describeMachine();
console.log(machine);
const filter = parseFilter(values.filter);
const result = await suite.run({ engines, filter, rounds, peer: values.peer });
if (result === undefined) console.log('skipped: no corpora');
else {
  const run = { machine, ...result } as BenchRun;
  if (saved !== undefined) console.log(compareRuns(run, saved));
  if (values.save !== undefined) saveRun(values.save, run);
  if (values.json === true) console.log(JSON.stringify(run));
}
