/**
 * `npm run bench -- SUITE [--json] [--engine NAME] [--filter RE] [--rounds N]`
 *
 * A suite proves what it is going to time against the oracle, then times it. With `--json` its last
 * line is one JSON object. Exit codes: 0 done, 1 the proof failed, 2 bad usage.
 */
import { parseArgs } from 'node:util';
import { ENGINES, type EngineName } from '../src/engines/tiering.ts';
import { benchBlock } from './block.ts';
import { benchErc } from './erc.ts';
import { benchEvm } from './evm.ts';
import { benchLatency } from './latency.ts';
import { type BenchOptions, describeMachine } from './measure.ts';
import { benchStart } from './start.ts';
import { benchWasm } from './wasm.ts';

interface Suite {
  about: string;
  /** Rounds unless told. */
  rounds: number;
  /** Gives the object of `--json`, or undefined where the suite cannot run. */
  run: (options: BenchOptions) => Promise<object | undefined>;
}

const SUITES: Readonly<Record<string, Suite>> = {
  evm: { about: 'the 14 speed programs against @ethereumjs/evm', rounds: 5, run: benchEvm },
  erc: { about: 'ERC-20 transfers over 1,000 accounts', rounds: 15, run: benchErc },
  latency: { about: 'the first call of a new contract', rounds: 300, run: benchLatency },
  block: { about: 'a block of 1,000 transfers from RLP to roots', rounds: 7, run: benchBlock },
  wasm: {
    about: "WebAssembly programs beside the platform's own compiler",
    rounds: 5,
    run: benchWasm,
  },
  start: {
    about: 'a run of bytecode, the start of the process included',
    rounds: 15,
    run: benchStart,
  },
};

const USAGE = `usage: npm run bench -- SUITE [--json] [--engine NAME] [--filter RE] [--rounds N]
${Object.entries(SUITES)
  .map(([name, { about }]) => `  ${name.padEnd(8)} ${about}`)
  .join('\n')}
engines: ${ENGINES.join(', ')}`;

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

const { values, positionals } = parse();
const suite = SUITES[positionals[0] ?? ''];
if (suite === undefined) usageError(`no suite is called "${positionals[0] ?? ''}"`);
const engine = (values.engine ?? 'interpreter') as EngineName;
if (!ENGINES.includes(engine)) usageError(`no engine is called "${engine}"`);
const engines = values.engine === undefined ? ENGINES : [engine];
const rounds = values.rounds === undefined ? suite.rounds : Number(values.rounds);
if (!Number.isSafeInteger(rounds) || rounds < 1) usageError(`--rounds is ${values.rounds}`);

console.log(describeMachine());
const result = await suite.run({
  json: values.json === true,
  engine,
  engines,
  filter: parseFilter(values.filter),
  rounds,
});
if (result === undefined) console.log('skipped: no corpora');
else if (values.json === true) console.log(JSON.stringify(result));
