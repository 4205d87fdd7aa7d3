/** Options that several commands have. */
import { ENGINE_NAMES } from '../engines/names.ts';
import type { OptionSpec } from './args.ts';

export const OPTION = {
  call: {
    name: 'call',
    value: 'SIGNATURE ARGUMENTS…',
    summary: 'function to call, with arguments',
  },
  data: { name: 'data', value: 'HEX', summary: 'call with this calldata instead' },
  value: { name: 'value', value: 'WEI', summary: 'value of the call, such as 1ether' },
  deployArgs: {
    name: 'deploy-args',
    value: 'ARGUMENTS…',
    summary: 'arguments of the constructor',
  },
  deployValue: { name: 'deploy-value', value: 'WEI', summary: 'value of the deployment' },
  init: { name: 'init', summary: 'the creation code, not the runtime code' },
  engine: {
    name: 'engine',
    value: 'NAME',
    summary: 'interpreter, singlepass, multipass, auto for the best at the time, or chaos',
    choices: ENGINE_NAMES,
  },
  codeCache: {
    name: 'code-cache',
    value: 'DIR',
    summary: 'folder that keeps what auto compiled, for the next process',
  },
  fork: {
    name: 'fork',
    value: 'NAME',
    summary: 'rules of the EVM, such as cancun or osaka; the latest unless told',
  },
  contract: {
    name: 'contract',
    value: 'NAME',
    summary: 'contract of a file with several (also FILE:NAME); else the last deployable one',
  },
  verbose: { name: 'verbose', summary: 'show warnings of the compiler' },
  json: { name: 'json', summary: 'print one JSON object' },
  jsonLines: { name: 'json', summary: 'print one JSON object for each case, each on a line' },
} satisfies Readonly<Record<string, OptionSpec>>;
