/**
 * Rejections of a person's input: a file that is not a contract, a source that does not compile, an
 * argument of the wrong type. The message names the place and the mistake, the remedy what to do.
 *
 * The codes are stable: `lockstep error CODE` explains them, and programs read them from `--json`.
 */

/** Who is at fault, and so which exit code a command ends with: the contract 1, its use 2. */
export type Fault = 'contract' | 'usage';

const ROWS = {
  'file-missing': ['usage', 'The file does not exist.'],
  'file-directory': ['usage', 'A directory stands where a file is expected.'],
  'file-exists': ['usage', 'A file that would be written is there already.'],
  'file-unreadable': ['usage', 'The operating system refuses to read the file.'],
  'file-format': ['usage', 'The content of the file is none of the contract formats.'],
  'hex-odd-length': ['usage', 'Two hexadecimal digits make a byte, and one is left over.'],
  'hex-bad-digit': ['usage', 'A character is not a hexadecimal digit.'],
  'json-invalid': ['usage', 'The file begins as JSON and does not continue as JSON.'],
  'artifact-no-code': ['usage', 'The artifact holds no bytecode: an interface, or another output.'],
  'contract-unknown': ['usage', 'The file has no contract of that name.'],
  'contract-none': ['contract', 'No contract of the file can be deployed.'],
  'contract-unlinked': ['contract', 'The bytecode still has a hole where a library address goes.'],
  'contract-oversized': ['contract', 'Code longer than 24,576 bytes is never deployed (EIP-170).'],
  'initcode-oversized': ['contract', 'Init code is limited to 49,152 bytes (EIP-3860).'],
  'compiler-missing': ['usage', 'The compiler is an optional package and is not installed.'],
  'compiler-failed': ['contract', 'The compiler rejected the source.'],
  'dmir-invalid': ['contract', 'The dMIR does not parse, is damaged, or breaks a rule of dMIR.'],
  'function-unknown': ['usage', 'The contract has no function of that name or signature.'],
  'function-ambiguous': ['usage', 'Several functions have that name; the signature tells which.'],
  'signature-invalid': ['usage', 'A signature is a name and types: transfer(address,uint256).'],
  'argument-count': ['usage', 'A call has one argument for each parameter.'],
  'argument-type': ['usage', 'An argument does not fit the type of its parameter.'],
  usage: ['usage', 'The command line has an unknown word or misses one.'],
} as const satisfies Record<string, readonly [Fault, string]>;

export type InputErrorCode = keyof typeof ROWS;

export interface InputErrorRow {
  readonly fault: Fault;
  readonly meaning: string;
}

/** Every code with its meaning, in a fixed order. */
export const INPUT_ERRORS: ReadonlyMap<InputErrorCode, InputErrorRow> = new Map(
  Object.entries(ROWS).map(([code, [fault, meaning]]) => [
    code as InputErrorCode,
    { fault, meaning },
  ]),
);

/** Thrown for a rejected input, and only for that; never for the outcome of a call. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly code: InputErrorCode;
  /** What to do about it; empty where the message says it. */
  readonly remedy: string;

  constructor(code: InputErrorCode, message: string, remedy = '') {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }

  get fault(): Fault {
    return ROWS[this.code][0];
  }
}
