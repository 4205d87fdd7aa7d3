/** The table of commands: what help shows and what the parser knows. */
import { LANGUAGE_NAMES } from '../languages/languages.ts';
import type { OptionSpec } from './args.ts';
import { FORK_OPTIONS } from './fork-table.ts';
import { NODE_COMMAND } from './node-command.ts';
import { OPTION } from './option-rows.ts';

export interface CommandSpec {
  readonly name: CommandName;
  readonly usage: string;
  readonly summary: string;
  readonly options: readonly OptionSpec[];
  /** Paragraphs below the options. */
  readonly details?: string;
}

export type CommandName =
  | 'run'
  | 'compile'
  | 'new'
  | 'disasm'
  | 'dump'
  | 'bench'
  | 'repl'
  | 'statetest'
  | 'blocktest'
  | 'txtest'
  | 'vmtest'
  | 'wast'
  | 't8n'
  | 'node'
  | 'rpctest'
  | 'error'
  | 'help';

/** Stages of `dump`, from the source on. */
export const STAGES = [
  'source',
  'bytecode',
  'evm',
  'dmir',
  'lowered',
  'opt',
  'wasm',
  'tiers',
] as const;
export type Stage = (typeof STAGES)[number];

/** What the commands that run official tests have in common. */
const TEST_OPTIONS: readonly OptionSpec[] = [
  { name: 'fork', value: 'NAME', summary: 'only cases of this fork, such as cancun or EIP158' },
  OPTION.engine,
  {
    name: 'run',
    value: 'REGEX',
    summary: 'only cases whose PATH NAME FORK/INDEX has a match',
  },
  OPTION.jsonLines,
  { name: 'jobs', value: 'COUNT', summary: 'threads; one for each processor unless told' },
];

const TEST_DETAILS = [
  'A PATH is a .json file, a .jsonl or .jsonl.gz bundle of such files (one on a line: path and',
  'tests), a .tar.gz archive of them, or a folder of all these.',
  '',
  'Failures are printed with the field that differs. The last line is always the same sentence:',
  'N passed, N failed, N skipped. The exit code is 1 if a case failed.',
].join('\n');

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'run',
    usage: 'run FILE [--call SIGNATURE ARGUMENTS…] [options]',
    summary: 'deploy a contract and call it',
    options: [
      OPTION.call,
      OPTION.data,
      OPTION.deployArgs,
      OPTION.value,
      OPTION.deployValue,
      { name: 'from', value: 'ADDRESS', summary: 'sender' },
      {
        name: 'gas',
        value: 'GAS',
        summary: 'gas of the outermost frame; 30,000,000 unless told, 2^63 - 1 for dMIR',
      },
      {
        name: 'steps',
        value: 'COUNT',
        summary: 'a dMIR run ends after as many operations; 1,000,000,000 unless told',
      },
      OPTION.engine,
      OPTION.codeCache,
      OPTION.fork,
      OPTION.contract,
      { name: 'deploy', summary: 'the code of a hexadecimal file is init code: deploy it' },
      { name: 'runtime', summary: 'set the runtime code of an artifact, run no constructor' },
      { name: 'trace', summary: 'print every instruction as a JSON line of EIP-3155' },
      ...FORK_OPTIONS,
      OPTION.verbose,
      OPTION.json,
    ],
    details: [
      'A hexadecimal file is runtime code, which is called directly with empty calldata unless',
      '--call or --data tell more; with --deploy it is init code. In a dMIR file --call names a',
      "function: --call '@fib' 20. It is interpreted unless --engine tells another engine.",
      '',
      'Arguments are written as decimal or hexadecimal numbers (1_000, 0x3e8, 1e18, 2gwei), true',
      'or false, addresses, strings, and [1, [2, "three"]] for lists and tuples.',
      '',
      'Trace lines come before the summary on the standard output; with --json the summary is the',
      'last line.',
    ].join('\n'),
  },
  {
    name: 'compile',
    usage: 'compile FILE [options]',
    summary: 'compile a source; show or write its ABI and bytecode',
    options: [
      {
        name: 'out',
        value: 'DIR',
        summary: 'write NAME.json with ABI and bytecode; for dMIR NAME.dmirb, which runs too',
      },
      OPTION.fork,
      OPTION.contract,
      OPTION.verbose,
      OPTION.json,
    ],
  },
  {
    name: 'new',
    usage: 'new NAME [--language NAME]',
    summary: 'make a project with a contract and its test',
    options: [
      {
        name: 'language',
        value: 'NAME',
        summary: `${LANGUAGE_NAMES.join(', ')}; solidity unless told`,
      },
      OPTION.json,
    ],
    details: 'NAME is a folder. Files that are in it already are never written over.',
  },
  {
    name: 'disasm',
    usage: 'disasm FILE|HEX [options]',
    summary: 'list the instructions of a contract, or print a .wasm module as text',
    options: [OPTION.init, OPTION.fork, OPTION.contract],
  },
  {
    name: 'dump',
    usage: 'dump FILE|HEX --stage=STAGE [--call SIGNATURE ARGUMENTS…] [options]',
    summary: 'show a contract at a stage of the pipeline, and its sizes',
    options: [
      { name: 'stage', value: 'STAGE', summary: STAGES.join(', '), choices: STAGES },
      {
        name: 'engine',
        value: 'NAME',
        summary: 'of opt, wasm and tiers: the engine that compiles; multipass unless told',
      },
      {
        name: 'call',
        value: 'SIGNATURE ARGUMENTS…',
        summary: 'compile what calls of this function have compiled, not all that there is',
      },
      OPTION.data,
      OPTION.value,
      { name: 'times', value: 'COUNT', summary: 'so many calls; 256 unless told' },
      OPTION.deployArgs,
      OPTION.init,
      OPTION.fork,
      OPTION.contract,
      OPTION.json,
    ],
    details: [
      'source is the file itself, bytecode its code in hexadecimal (of a dMIR file its binary',
      'form), evm the instructions, dmir the lowered program, lowered the register bytecode that',
      'the interpreter runs, opt the regions of multipass as limbs and statements, wasm the text',
      'of the module that a compiler writes. A dMIR file and a WebAssembly module have no stages evm,',
      'opt and tiers, and all their functions are compiled; a module has no stage lowered either:',
      'its dMIR is what the functions are lowered to, and lockstep disasm prints the module itself.',
      '',
      'With a call the contract is deployed and called on the engine, each time from the state',
      'before the first call, and opt and wasm show what was compiled. tiers then lists every',
      'block that was reached, with its sizes, what runs it, and in which regions it is.',
    ].join('\n'),
  },
  {
    name: 'bench',
    usage: 'bench [SUITE] [FILE|HEX] [--call SIGNATURE ARGUMENTS…] [options]',
    summary: 'measure calls of a contract on every engine',
    options: [
      OPTION.call,
      OPTION.data,
      OPTION.value,
      OPTION.deployArgs,
      OPTION.deployValue,
      { name: 'engine', value: 'NAME', summary: 'only this engine; all of them unless told' },
      { name: 'rounds', value: 'COUNT', summary: 'rounds, samples or copies; by suite' },
      { name: 'save', value: 'FILE', summary: 'keep the run' },
      { name: 'against', value: 'FILE', summary: 'compare with a run that was kept' },
      OPTION.fork,
      OPTION.contract,
      OPTION.json,
    ],
    details: [
      'Suites: call (the usual one; CPU time of a call in steady state), latency (the first call',
      'of a contract just deployed), compile (time and size of what such calls have compiled) and',
      'memory (what a contract adds to the resident memory). Without a file they measure an',
      'ERC-20 transfer of a built-in token. erc takes no file: transfers of that token between',
      '2,000 accounts.',
      '',
      'The contract is deployed and every call begins with the state that this left, but in erc.',
      'Engines are compared with the interpreter before they are timed. Figures are worth',
      'something on a machine that does nothing else.',
    ].join('\n'),
  },
  {
    name: 'repl',
    usage: 'repl [FILE…] [options]',
    summary: 'a prompt with one machine: deploy, call, look',
    options: [OPTION.fork],
  },
  {
    name: 'statetest',
    usage: 'statetest PATH… [options]',
    summary: 'run official state tests, as of execution-spec-tests and ethereum/tests',
    options: TEST_OPTIONS,
    details: TEST_DETAILS,
  },
  {
    name: 'blocktest',
    usage: 'blocktest PATH… [options]',
    summary: 'run official blockchain tests',
    options: TEST_OPTIONS,
    details: [
      TEST_DETAILS,
      '',
      'Here --fork may also be a transition, such as ShanghaiToCancunAtTime15k.',
    ].join('\n'),
  },
  {
    name: 'txtest',
    usage: 'txtest PATH… [options]',
    summary: 'run official transaction tests',
    options: TEST_OPTIONS,
    details: TEST_DETAILS,
  },
  {
    name: 'vmtest',
    usage: 'vmtest PATH… [options]',
    summary: 'run the old single-frame VM tests of ethereum/tests',
    options: TEST_OPTIONS,
    details: TEST_DETAILS,
  },
  {
    name: 'wast',
    usage: 'wast PATH… [options]',
    summary: 'run scripts of the WebAssembly specification',
    options: [
      OPTION.engine,
      { name: 'run', value: 'REGEX', summary: 'only scripts whose path has a match' },
      { name: 'json', summary: 'print one JSON object for each command, each on a line' },
    ],
    details: [
      'A PATH is a .wast script, a .json file with path and commands (modules in binary form), a',
      '.jsonl or .jsonl.gz bundle of such files, a .tar.gz archive of them, or a folder of all these.',
      '',
      'Each command of a script is one case. A command that needs a feature which is not there is',
      'skipped, and so is what builds on it; skips are counted by feature. The last line is always',
      'the same sentence: N passed, N failed, N skipped. The exit code is 1 if a command failed.',
    ].join('\n'),
  },
  {
    name: 't8n',
    usage: 't8n [options]',
    summary: 'apply transactions to a state as one block, in the form of `evm t8n`',
    options: [
      { name: 'input.alloc', value: 'FILE', summary: 'accounts; alloc.json unless told' },
      { name: 'input.env', value: 'FILE', summary: 'environment of the block; env.json' },
      { name: 'input.txs', value: 'FILE', summary: 'transactions, JSON or .rlp; txs.json' },
      { name: 'output.basedir', value: 'DIR', summary: 'folder of the files that are written' },
      { name: 'output.alloc', value: 'FILE', summary: 'accounts afterwards; alloc.json' },
      { name: 'output.result', value: 'FILE', summary: 'roots, receipts, gas; result.json' },
      { name: 'output.body', value: 'FILE', summary: 'RLP of the transactions; none' },
      { name: 'state.fork', value: 'NAME', summary: 'rules of the block; GrayGlacier' },
      { name: 'state.chainid', value: 'ID', summary: 'chain id; 1' },
      { name: 'state.reward', value: 'WEI', summary: "the block's reward; 0, and -1 for none" },
    ],
    details: [
      'An input may be stdin: one JSON object with alloc, env, txs or txsRlp. An output may be',
      'stdout or stderr: one JSON object with alloc, result, body. A transaction without a',
      'signature needs secretKey. What is not valid is left out and listed in result.rejected.',
      '',
      'Exit codes: 0 done, 2 the end of the block failed, 3 a wrong fork or environment, 4 a block',
      'hash is missing, 10 malformed JSON, 11 a file cannot be read or written, 12 malformed RLP.',
    ].join('\n'),
  },
  { name: 'node', ...NODE_COMMAND },
  {
    name: 'rpctest',
    usage: 'rpctest FOLDER [options]',
    summary: 'run official tests of JSON-RPC, as of execution-apis',
    options: [
      { name: 'run', value: 'REGEX', summary: 'only cases whose path has a match' },
      OPTION.jsonLines,
    ],
    details: [
      'The FOLDER has genesis.json and chain.rlp, in it or in common, and .io files below. A node',
      'imports the chain and answers every request of theirs. The last line is the sentence that',
      'the other test commands end with.',
    ].join('\n'),
  },
  {
    name: 'error',
    usage: 'error CODE|HEX [options]',
    summary: 'explain an error code, an exit code or the data of a revert',
    options: [
      { name: 'abi', value: 'FILE', summary: 'contract whose custom errors the data may be' },
      OPTION.json,
    ],
  },
  {
    name: 'help',
    usage: 'help [COMMAND]',
    summary: 'show all commands, or one with its options',
    options: [],
  },
];
