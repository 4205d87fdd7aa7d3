/**
 * The table of host functions that a contract may import from the module `env`: DTVM's 46, so that
 * a module made for DTVM runs here unchanged.
 *
 * A row lists parameters, result, the opcode of the EVM that does the same, whose price the
 * function has under each fork, with all that comes on top for words, bytes and accesses, and what
 * the arguments are to that opcode; where the fork has no such opcode, the function traps with
 * `invalid-opcode`. `write.ts` holds what each
 * does in operations of dMIR, `docs.ts` the prose.
 */

/** `p` is an address in the contract's memory. */
type Param = 'p' | 'i32' | 'i64';

/**
 * A number (`n`), an address in memory that the opcode has too (`o`), or what stands there: an
 * account (`a`), a word (`w`), a word whose lowest byte is first (`l`). `-` is no operand, and `0`
 * one that is no argument.
 */
export type Role = 'n' | 'o' | 'a' | 'w' | 'l' | '-' | '0';

export interface EnvRow {
  readonly params: readonly Param[];
  readonly result: 'i32' | 'i64' | undefined;
  /** Empty where no opcode does the same. */
  readonly opcode: string;
  /** What each argument is to the opcode, whose operands they are from the top on: see `Role`. */
  readonly roles: readonly Role[];
}

type Row = readonly [params: string, result: '' | 'i32' | 'i64', opcode: string, roles: string];

// biome-ignore format: one aligned row for each function
const ROWS = {
  // The frame
  getAddress:                ['p',                          '',    'ADDRESS',         ''],
  getCaller:                 ['p',                          '',    'CALLER',          ''],
  getCallValue:              ['p',                          '',    'CALLVALUE',       ''],
  getCallDataSize:           ['',                           'i32', 'CALLDATASIZE',    ''],
  callDataCopy:              ['p i32 i32',                  '',    'CALLDATACOPY',    'o n n'],
  getGasLeft:                ['',                           'i64', 'GAS',             ''],
  finish:                    ['p i32',                      '',    'RETURN',          'o n'],
  revert:                    ['p i32',                      '',    'REVERT',          'o n'],
  invalid:                   ['',                           '',    'INVALID',         ''],
  // Data that the last call returned
  getReturnDataSize:         ['',                           'i32', 'RETURNDATASIZE',  ''],
  returnDataCopy:            ['p i32 i32',                  '',    'RETURNDATACOPY',  'o n n'],
  // The block and the transaction
  getBlockHash:              ['i64 p',                      'i32', 'BLOCKHASH',       'n'],
  getBlockCoinbase:          ['p',                          '',    'COINBASE',        ''],
  getBlockPrevRandao:        ['p',                          '',    'PREVRANDAO',      ''],
  getBlockGasLimit:          ['',                           'i64', 'GASLIMIT',        ''],
  getBlockTimestamp:         ['',                           'i64', 'TIMESTAMP',       ''],
  getBlockNumber:            ['',                           'i64', 'NUMBER',          ''],
  getTxGasPrice:             ['p',                          '',    'GASPRICE',        ''],
  getTxOrigin:               ['p',                          '',    'ORIGIN',          ''],
  getBaseFee:                ['p',                          '',    'BASEFEE',         ''],
  getBlobBaseFee:            ['p',                          '',    'BLOBBASEFEE',     ''],
  getChainId:                ['p',                          '',    'CHAINID',         ''],
  // Accounts
  getExternalBalance:        ['p p',                        '',    'BALANCE',         'a'],
  getExternalCodeHash:       ['p p',                        '',    'EXTCODEHASH',     'a'],
  getExternalCodeSize:       ['p',                          'i32', 'EXTCODESIZE',     'a'],
  externalCodeCopy:          ['p p i32 i32',                '',    'EXTCODECOPY',     'a o n n'],
  getCodeSize:               ['',                           'i32', 'CODESIZE',        ''],
  codeCopy:                  ['p i32 i32',                  '',    'CODECOPY',        'o n n'],
  // Storage
  storageLoad:               ['p p',                        '',    'SLOAD',           'w'],
  storageStore:              ['p p',                        '',    'SSTORE',          'w w'],
  storageLoadLittleEndian:   ['p p',                        '',    'SLOAD',           'w'],
  storageStoreLittleEndian:  ['p p',                        '',    'SSTORE',          'w l'],
  transientLoad:             ['p p',                        '',    'TLOAD',           'w'],
  transientStore:            ['p p',                        '',    'TSTORE',          'w w'],
  // Calls and creations
  callContract:              ['i64 p p p i32',              'i32', 'CALL',            'n a w o n 0 0'],
  callCode:                  ['i64 p p p i32',              'i32', 'CALLCODE',        'n a w o n 0 0'],
  callDelegate:              ['i64 p p i32',                'i32', 'DELEGATECALL',    'n a o n 0 0'],
  callStatic:                ['i64 p p i32',                'i32', 'STATICCALL',      'n a o n 0 0'],
  createContract:            ['p p i32 p i32 p i32 p',      'i32', 'CREATE',          'w o n - - w'],
  selfDestruct:              ['p',                          '',    'SELFDESTRUCT',    'a'],
  // Logs, hashes, arithmetic
  emitLogEvent:              ['p i32 i32 p p p p',          '',    'LOG0',            'o n - w w w w'],
  keccak256:                 ['p i32 p',                    '',    'KECCAK256',       'o n'],
  sha256:                    ['p i32 p',                    '',    '',                'o n'],
  addmod:                    ['p p p p',                    '',    'ADDMOD',          'w w w'],
  mulmod:                    ['p p p p',                    '',    'MULMOD',          'w w w'],
  expmod:                    ['p p p p',                    '',    'EXP',             'w w'],
} as const satisfies Record<string, Row>;

export type EnvName = keyof typeof ROWS;

export const ENV_FUNCTIONS: ReadonlyMap<string, EnvRow> = new Map(
  Object.entries(ROWS).map(([name, [params, result, opcode, roles]]: [string, Row]) => [
    name,
    {
      params: (params === '' ? [] : params.split(' ')) as Param[],
      result: result === '' ? undefined : result,
      opcode,
      roles: roles.split(' ').filter((role) => role !== '') as Role[],
    },
  ]),
);
