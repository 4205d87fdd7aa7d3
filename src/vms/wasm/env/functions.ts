/**
 * The table of host functions that a contract may import from the module `env`: DTVM's 46, so that
 * a module made for DTVM runs here unchanged.
 *
 * A row lists parameters, result, and the opcode of the EVM that does the same, whose price the
 * function has under each fork, with all that comes on top for words, bytes and accesses; where the
 * fork has no such opcode, the function traps with `invalid-opcode`. `write.ts` holds what each
 * does in operations of dMIR, `docs.ts` the prose.
 */

/** `p` is an address in the contract's memory. */
type Param = 'p' | 'i32' | 'i64';

export interface EnvRow {
  readonly params: readonly Param[];
  readonly result: 'i32' | 'i64' | undefined;
  /** Empty where no opcode does the same. */
  readonly opcode: string;
}

type Row = readonly [params: string, result: '' | 'i32' | 'i64', opcode: string];

// biome-ignore format: one aligned row for each function
const ROWS = {
  // The frame
  getAddress:                ['p',                          '',    'ADDRESS'],
  getCaller:                 ['p',                          '',    'CALLER'],
  getCallValue:              ['p',                          '',    'CALLVALUE'],
  getCallDataSize:           ['',                           'i32', 'CALLDATASIZE'],
  callDataCopy:              ['p i32 i32',                  '',    'CALLDATACOPY'],
  getGasLeft:                ['',                           'i64', 'GAS'],
  finish:                    ['p i32',                      '',    'RETURN'],
  revert:                    ['p i32',                      '',    'REVERT'],
  invalid:                   ['',                           '',    'INVALID'],
  // Data that the last call returned
  getReturnDataSize:         ['',                           'i32', 'RETURNDATASIZE'],
  returnDataCopy:            ['p i32 i32',                  '',    'RETURNDATACOPY'],
  // The block and the transaction
  getBlockHash:              ['i64 p',                      'i32', 'BLOCKHASH'],
  getBlockCoinbase:          ['p',                          '',    'COINBASE'],
  getBlockPrevRandao:        ['p',                          '',    'PREVRANDAO'],
  getBlockGasLimit:          ['',                           'i64', 'GASLIMIT'],
  getBlockTimestamp:         ['',                           'i64', 'TIMESTAMP'],
  getBlockNumber:            ['',                           'i64', 'NUMBER'],
  getTxGasPrice:             ['p',                          '',    'GASPRICE'],
  getTxOrigin:               ['p',                          '',    'ORIGIN'],
  getBaseFee:                ['p',                          '',    'BASEFEE'],
  getBlobBaseFee:            ['p',                          '',    'BLOBBASEFEE'],
  getChainId:                ['p',                          '',    'CHAINID'],
  // Accounts
  getExternalBalance:        ['p p',                        '',    'BALANCE'],
  getExternalCodeHash:       ['p p',                        '',    'EXTCODEHASH'],
  getExternalCodeSize:       ['p',                          'i32', 'EXTCODESIZE'],
  externalCodeCopy:          ['p p i32 i32',                '',    'EXTCODECOPY'],
  getCodeSize:               ['',                           'i32', 'CODESIZE'],
  codeCopy:                  ['p i32 i32',                  '',    'CODECOPY'],
  // Storage
  storageLoad:               ['p p',                        '',    'SLOAD'],
  storageStore:              ['p p',                        '',    'SSTORE'],
  storageLoadLittleEndian:   ['p p',                        '',    'SLOAD'],
  storageStoreLittleEndian:  ['p p',                        '',    'SSTORE'],
  transientLoad:             ['p p',                        '',    'TLOAD'],
  transientStore:            ['p p',                        '',    'TSTORE'],
  // Calls and creations
  callContract:              ['i64 p p p i32',              'i32', 'CALL'],
  callCode:                  ['i64 p p p i32',              'i32', 'CALLCODE'],
  callDelegate:              ['i64 p p i32',                'i32', 'DELEGATECALL'],
  callStatic:                ['i64 p p i32',                'i32', 'STATICCALL'],
  createContract:            ['p p i32 p i32 p i32 p',      'i32', 'CREATE'],
  selfDestruct:              ['p',                          '',    'SELFDESTRUCT'],
  // Logs, hashes, arithmetic
  emitLogEvent:              ['p i32 i32 p p p p',          '',    'LOG0'],
  keccak256:                 ['p i32 p',                    '',    'KECCAK256'],
  sha256:                    ['p i32 p',                    '',    ''],
  addmod:                    ['p p p p',                    '',    'ADDMOD'],
  mulmod:                    ['p p p p',                    '',    'MULMOD'],
  expmod:                    ['p p p p',                    '',    'EXP'],
} as const satisfies Record<string, Row>;

export type EnvName = keyof typeof ROWS;

export const ENV_FUNCTIONS: ReadonlyMap<string, EnvRow> = new Map(
  Object.entries(ROWS).map(([name, [params, result, opcode]]: [string, Row]) => [
    name,
    {
      params: (params === '' ? [] : params.split(' ')) as Param[],
      result: result === '' ? undefined : result,
      opcode,
    },
  ]),
);
