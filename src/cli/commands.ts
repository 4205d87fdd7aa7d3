/** The table of commands: what help shows and what the parser knows. */
import type { OptionSpec } from './args.ts';

export interface CommandSpec {
  readonly name: CommandName;
  readonly usage: string;
  readonly summary: string;
  readonly options: readonly OptionSpec[];
  /** Paragraphs below the options. */
  readonly details?: string;
}

export type CommandName = 'run' | 'compile' | 'disasm' | 'dump' | 'repl' | 'error' | 'help';

const JSON_OPTION: OptionSpec = { name: 'json', summary: 'print one JSON object' };
const CONTRACT: OptionSpec = {
  name: 'contract',
  value: 'NAME',
  summary: 'contract of a file with several (also FILE:NAME); else the last deployable one',
};
const FORK: OptionSpec = {
  name: 'fork',
  value: 'NAME',
  summary: 'rules of the EVM, such as cancun or osaka; the latest unless told',
};
const VERBOSE: OptionSpec = { name: 'verbose', summary: 'show warnings of the compiler' };

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'run',
    usage: 'run FILE [--call SIGNATURE ARGUMENTS…] [options]',
    summary: 'deploy a contract and call it',
    options: [
      { name: 'call', value: 'SIGNATURE ARGUMENTS…', summary: 'function to call, with arguments' },
      { name: 'data', value: 'HEX', summary: 'call with this calldata instead' },
      { name: 'deploy-args', value: 'ARGUMENTS…', summary: 'arguments of the constructor' },
      { name: 'value', value: 'WEI', summary: 'value of the call, such as 1ether' },
      { name: 'deploy-value', value: 'WEI', summary: 'value of the deployment' },
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
      {
        name: 'engine',
        value: 'NAME',
        summary: 'interpreter, or auto for the best there is',
        choices: ['interpreter', 'auto'],
      },
      FORK,
      CONTRACT,
      { name: 'deploy', summary: 'the code of a hexadecimal file is init code: deploy it' },
      { name: 'runtime', summary: 'set the runtime code of an artifact, run no constructor' },
      { name: 'trace', summary: 'print every instruction as a JSON line of EIP-3155' },
      VERBOSE,
      JSON_OPTION,
    ],
    details: [
      'A hexadecimal file is runtime code, which is called directly with empty calldata unless',
      '--call or --data tell more; with --deploy it is init code. In a dMIR file --call names a',
      "function: --call '@fib' 20.",
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
      FORK,
      CONTRACT,
      VERBOSE,
      JSON_OPTION,
    ],
  },
  {
    name: 'disasm',
    usage: 'disasm FILE|HEX [options]',
    summary: 'list the instructions of a contract',
    options: [{ name: 'init', summary: 'the creation code, not the runtime code' }, FORK, CONTRACT],
  },
  {
    name: 'dump',
    usage: 'dump FILE|HEX --stage=STAGE [options]',
    summary: 'show a contract at a stage of the pipeline',
    options: [
      {
        name: 'stage',
        value: 'STAGE',
        summary: 'bytecode, evm, dmir or lowered',
        choices: ['bytecode', 'evm', 'dmir', 'lowered'],
      },
      { name: 'init', summary: 'the creation code, not the runtime code' },
      FORK,
      CONTRACT,
    ],
    details: [
      'bytecode is hexadecimal, evm its instructions, dmir the lowered program as text, lowered',
      'the register bytecode that the interpreter runs. Of a dMIR file bytecode is its binary form.',
    ].join('\n'),
  },
  {
    name: 'repl',
    usage: 'repl [FILE…] [options]',
    summary: 'a prompt with one machine: deploy, call, look',
    options: [FORK],
  },
  {
    name: 'error',
    usage: 'error CODE|HEX [options]',
    summary: 'explain an error code, an exit code or the data of a revert',
    options: [
      { name: 'abi', value: 'FILE', summary: 'contract whose custom errors the data may be' },
      JSON_OPTION,
    ],
  },
  {
    name: 'help',
    usage: 'help [COMMAND]',
    summary: 'show all commands, or one with its options',
    options: [],
  },
];
