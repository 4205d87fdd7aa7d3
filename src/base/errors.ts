/**
 * Errors that a user or a host can cause. Each has a stable code and a remedy.
 *
 * The plane tells who is at fault: `rejection` is bad input (bytecode, arguments, a transaction),
 * `host` is storage, network or cancellation. What a contract does is an outcome, never an error,
 * and a defect of this program is an assertion (`assert.ts`).
 */

export type ErrorPlane = 'rejection' | 'host';

interface ErrorRow {
  readonly plane: ErrorPlane;
  /** Text with `{name}` where a value of the context stands. */
  readonly message: string;
  readonly remedy: string;
}

/** The errors by code. Codes are stable: a row is never renamed or given another meaning. */
export const ERRORS = {
  L1001: {
    plane: 'rejection',
    message: '{what} has an odd number of hexadecimal digits ({digits})',
    remedy: 'Write two digits for every byte; the text may have been cut short.',
  },
  L1002: {
    plane: 'rejection',
    message: '{what} has "{found}" at position {position}, which is not a hexadecimal digit',
    remedy: 'Use the digits 0-9 and a-f, with or without 0x in front.',
  },
  L1003: {
    plane: 'rejection',
    message: '{what} has {length} bytes where {expected} are expected',
    remedy: 'Check that the value is whole and of the right kind.',
  },
  L1004: {
    plane: 'rejection',
    message: '{what} is {value}, which does not fit {bits} unsigned bits',
    remedy: 'Use a number from 0 to 2^{bits} - 1.',
  },
  L1101: {
    plane: 'rejection',
    message: 'the machine state is malformed at byte {offset}: {problem}',
    remedy: 'Check that the bytes are whole and unchanged, and of this version of the format.',
  },
  L1102: {
    plane: 'rejection',
    message: 'the machine state cannot be restored here: {problem}',
    remedy: 'Restore a state whose hash was checked, on a machine with the same rules and code.',
  },
  L1103: {
    plane: 'rejection',
    message:
      'the run stands in a frame of a WebAssembly contract, whose state has no form as bytes',
    remedy: 'Stop the run where only frames of the EVM are open.',
  },
  L1201: {
    plane: 'rejection',
    message: 'the RLP is malformed at byte {offset}: {problem}',
    remedy: 'Check that the bytes are whole, and written in the one canonical form of RLP.',
  },
  L1202: {
    plane: 'rejection',
    message: '{what} is a list of RLP items where bytes are expected',
    remedy: 'Check that the fields are in their order and none is missing.',
  },
  L1203: {
    plane: 'rejection',
    message: '{what} is a number with a zero byte in front',
    remedy: 'Write the number in as few bytes as hold it; zero has none.',
  },
  L1301: {
    plane: 'rejection',
    message: 'the Merkle proof does not hold at node {index}: {problem}',
    remedy: 'Take the proof and the root from the same block, and check that both are unchanged.',
  },
  L1302: {
    plane: 'rejection',
    message: 'the state is not as stated: the Merkle proof shows another {what}',
    remedy: 'Take the values and the proof from the same block, and check that both are unchanged.',
  },
  L1311: {
    plane: 'rejection',
    message: 'the bytes are no transaction: {problem}',
    remedy:
      'Pass the RLP of a legacy transaction, or a type byte from 1 to 4 and its RLP (EIP-2718).',
  },
  L1312: {
    plane: 'rejection',
    message: '{what} has {found} fields where there are {expected}',
    remedy: 'Check the type of the transaction, and that it is signed.',
  },
  L1313: {
    plane: 'rejection',
    message: '{what} {problem}',
    remedy: 'Check the value, the order of the fields and the type of the transaction.',
  },
  L1314: {
    plane: 'rejection',
    message: 'the blob transaction is wrapped with its blobs, as between the nodes of the network',
    remedy:
      'Pass 0x03 and the RLP of the first item alone: blobs are no part of a block (EIP-4844).',
  },
  L1401: {
    plane: 'rejection',
    message: 'the block is malformed: {problem}',
    remedy: 'Check that the bytes are whole, and a block with its header and its lists.',
  },
  L1402: {
    plane: 'rejection',
    message: '{network} is no known network: there is no fork "{fork}"',
    remedy: 'Forks are {known}; a transition is written like BerlinToLondonAt5.',
  },
  L1403: {
    plane: 'rejection',
    message: 'the genesis is malformed: {problem}',
    remedy: 'Use the layout of genesis files with config, alloc and the fields of the header.',
  },
  L1404: {
    plane: 'rejection',
    message: 'the block cannot be made: {problem}',
    remedy: 'Give the genesis what the fork needs, such as the code of the system contracts.',
  },
  L1405: {
    plane: 'host',
    message: 'the state after block {number} is not there any more',
    remedy: 'Ask for a later block, or keep the history: start without --prune-history.',
  },
  L1406: {
    plane: 'host',
    message: 'the database {path} cannot be read: {problem}',
    remedy: 'Check the path, or take another one; a new file is made where there is none.',
  },
  L1407: {
    plane: 'host',
    message: 'the database {path} cannot be written any more: {problem}',
    remedy: 'Make room or let it be written, and start again: what was confirmed is in it.',
  },
  L1408: {
    plane: 'host',
    message:
      'the database holds another chain: its {what} is {found}, and that asked for {expected}',
    remedy: 'Start with the options that it was made with, or take another path.',
  },
  L1501: {
    plane: 'rejection',
    message: 'there is no {kind} "{name}" that a schedule could change',
    remedy: 'Names are those of the documentation, such as {known}.',
  },
  L1502: {
    plane: 'rejection',
    message: 'the schedule has {value} for {name}',
    remedy: 'Give {wanted}.',
  },
  L1601: {
    plane: 'rejection',
    message: 'the WebAssembly module is malformed at byte {offset}: {problem}',
    remedy: 'Check that the bytes are whole, and what a compiler wrote.',
  },
  L1602: {
    plane: 'rejection',
    message: 'the WebAssembly module is invalid at byte {offset}: {problem}',
    remedy: 'Check the tool that wrote the module: its code breaks a rule of validation.',
  },
  L1603: {
    plane: 'rejection',
    message: 'the WebAssembly module uses the feature {feature} at byte {offset}',
    remedy: 'Compile without this feature; docs/wasm.md lists those that are there.',
  },
  L1604: {
    plane: 'rejection',
    message: 'the WebAssembly module has {count} {what} at byte {offset}, and the limit is {max}',
    remedy: 'Make the module smaller, or raise the limit where the machine is yours.',
  },
  L1605: {
    plane: 'rejection',
    message: 'the WebAssembly module cannot be linked: {problem}',
    remedy: 'Give every import something of its name, kind and type.',
  },
  L1606: {
    plane: 'rejection',
    message: 'the WebAssembly text is malformed at {line}:{column}: {problem}',
    remedy: 'Correct the text; docs/wasm.md says what is read.',
  },
  L1607: {
    plane: 'rejection',
    message: 'the code is larger than the machine can hold: {problem}',
    remedy: 'Split the function, or the module, into smaller ones.',
  },
  L1608: {
    plane: 'rejection',
    message: 'the WebAssembly module is no contract: {problem}',
    remedy: 'Export memory, call and deploy, and import what docs/wasm-contracts.md lists.',
  },
  L1701: {
    plane: 'rejection',
    message: 'the plugin is not right: {problem}',
    remedy: 'docs/node.md says what a plugin may have.',
  },
  L1702: {
    plane: 'rejection',
    message: 'tracers in JavaScript run in QuickJS, which {problem}',
    remedy: 'Run: npm install quickjs-wasi. In a bundle or a page give the option quickJs.',
  },
  L1703: {
    plane: 'rejection',
    message: 'the accounts cannot be derived: {what} {problem}',
    remedy: "Take a mnemonic of BIP-39 as it was given, and a path such as m/44'/60'/0'/0/.",
  },
  L1704: {
    plane: 'rejection',
    message: 'the private key is not between 0 and the order of the curve',
    remedy: 'Take the 32 bytes of a key as a wallet shows them.',
  },
  L1705: {
    plane: 'rejection',
    message: 'pages of {origin} cannot be allowed to read answers',
    remedy: 'Name an origin such as https://example.org, or * for any.',
  },
  L2001: {
    plane: 'host',
    message: '{what} is not there yet',
    remedy: 'The backend answers later: use the asynchronous form of the call.',
  },
  L2002: {
    plane: 'host',
    message: 'the machine is full: a transaction needs more {what} than it can hold',
    remedy: 'Lower the gas limit, or split the work into several transactions.',
  },
  L2003: {
    plane: 'host',
    message: 'compiled code cannot be kept in {folder}: {problem}',
    remedy: 'Name a folder that can be written to, or keep no code.',
  },
  L2004: {
    plane: 'host',
    message: 'this platform cannot run the machine: {problem}',
    remedy:
      'It takes garbage collection in WebAssembly: Node 22 or later, or a browser since 2024.',
  },
  L2101: {
    plane: 'host',
    message: 'the remote node at {host} does not answer: {problem}',
    remedy: 'Check its address and key; give it more --retries, or a longer --timeout.',
  },
  L2102: {
    plane: 'host',
    message: 'the remote node at {host} has no state of block {block}: {problem}',
    remedy: 'Take an archive node, or fork from a block that is among the last 100 of the chain.',
  },
  L2103: {
    plane: 'host',
    message: 'the remote node at {host} refuses {method}: {problem}',
    remedy: 'Check that it has the method, and that the key in its address allows it.',
  },
  L2104: {
    plane: 'host',
    message: 'the remote node at {host} answers {method} with {found}, where {wanted} is expected',
    remedy: 'Check that the address is that of the JSON-RPC of a node.',
  },
  L2105: {
    plane: 'host',
    message: 'the fork is offline, and its cache has no answer to {method}',
    remedy: 'Run the same once without --offline, with the same cache.',
  },
  L2106: {
    plane: 'rejection',
    message: 'the fork cannot begin: {problem}',
    remedy: 'Check the address, and name a block or a transaction that the remote node has.',
  },
  L2107: {
    plane: 'rejection',
    message: 'the cache of the fork is malformed at line {line}: {problem}',
    remedy: 'Remove the line, or the file: it is written again as it is needed.',
  },
  L2701: {
    plane: 'host',
    message: '{what} of a plugin failed: {problem}',
    remedy: 'Correct the plugin: gas gives a bigint, run bytes or null, and neither throws.',
  },
  L3001: {
    plane: 'rejection',
    message: '{path} does not exist',
    remedy: 'Check the path.',
  },
  L3002: {
    plane: 'rejection',
    message: 'there is no test file in {path}',
    remedy: 'Name a .json file, a .jsonl or .jsonl.gz bundle, a .tar.gz archive, or their folder.',
  },
  L3003: {
    plane: 'rejection',
    message: '{path} is not JSON: {problem}',
    remedy: 'Check that the file is whole.',
  },
  L3004: {
    plane: 'rejection',
    message: '{path} holds {found}, not {wanted}',
    remedy: 'Use {command}.',
  },
  L3005: {
    plane: 'rejection',
    message: '{path} holds no {wanted}: {problem}',
    remedy: 'Check that the file is whole, and of the layout of the official tests.',
  },
  L3006: {
    plane: 'rejection',
    message: 'no test is left by {filter}',
    remedy: 'Loosen the filter; a regular expression is matched with PATH NAME FORK/INDEX.',
  },
  L3007: {
    plane: 'host',
    message: '{path} cannot be read: {problem}',
    remedy: 'Check that the file is whole, and that you may read it.',
  },
  L3008: {
    plane: 'rejection',
    message: '{path} holds {found}, which no command runs',
    remedy: 'Leave the file out.',
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export type ErrorContext = Readonly<Record<string, string | number | bigint>>;

/** An error of the table, with the values that its message names. */
export class LockstepError extends Error {
  readonly code: ErrorCode;
  readonly context: ErrorContext;
  readonly plane: ErrorPlane;
  readonly remedy: string;

  constructor(code: ErrorCode, context: ErrorContext) {
    const row: ErrorRow = ERRORS[code];
    super(fillText(row.message, context));
    this.name = 'LockstepError';
    this.code = code;
    this.context = context;
    this.plane = row.plane;
    this.remedy = fillText(row.remedy, context);
  }

  static override [Symbol.hasInstance](value: unknown): value is LockstepError {
    return isErrorNamed(value, 'LockstepError');
  }
}

/**
 * Whether a value is an error of this name, whichever copy of the package made it: the command is a
 * bundle, and a plugin that imports `lockstep/…` throws errors of the library beside it.
 */
export function isErrorNamed(value: unknown, name: string): boolean {
  return value instanceof Error && value.name === name;
}

/** Puts the values of a context in the places of a text that `{name}` marks. */
export function fillText(text: string, context: ErrorContext): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(context[name] ?? whole));
}
