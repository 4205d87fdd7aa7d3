/**
 * One machine with a sender and the contracts on it: what `run` uses once and `repl` keeps.
 * Sizes are checked before anything is executed, so that an oversized contract has a clear message.
 */

import { concatBytes } from '../base/bytes.ts';
import type { CallOptions, DeployOutcome, Hex, Machine, Outcome } from '../chain/types.ts';
import type { EngineName, TierOptions } from '../engines/tiering.ts';
import type { EvmContract } from '../languages/contract.ts';
import { InputError } from '../languages/errors.ts';
import { parseHexText } from '../languages/hex-text.ts';
import { didYouMean } from '../languages/suggest.ts';
import { FORKS, type Fork, LATEST_FORK, parseFork } from '../vms/evm/forks.ts';
import { costsOf } from '../vms/evm/gas.ts';
import { readContract } from '../vms/wasm/contract.ts';
import { isWasm, readDeployment, writeDeployment } from '../vms/wasm/deployment.ts';
import { usageError } from './args.ts';
import type { Insist } from './forked-machine.ts';
import type { Io } from './io.ts';

/** The sender of everything unless told; rich, and easy to recognise. */
export const DEFAULT_SENDER: Hex = '0x00000000000000000000000000000000000a11ce';
/** Where code without a constructor is put; further ones follow it. */
const FIRST_CODE_ADDRESS = 0xc0den;
const SENDER_BALANCE = 10n ** 24n;

export interface Session {
  readonly machine: Machine;
  readonly fork: Fork;
  readonly from: Hex;
  /** Gas of the outermost frame; the machine's default where undefined. */
  readonly gas: bigint | undefined;
  readonly engine: EngineName;
  /** Number of contracts put in place without a constructor. */
  placed: number;
}

export interface SessionOptions {
  readonly fork?: string | undefined;
  readonly from?: string | undefined;
  readonly gas?: bigint | undefined;
  /** `auto` unless told. */
  readonly engine?: EngineName | undefined;
  /** Folder that keeps what `auto` compiled. */
  readonly codeCache?: string | undefined;
}

/** @throws InputError `usage` for an unknown fork */
export function machineOptions({ fork, engine = 'auto', codeCache }: SessionOptions) {
  const tier: TierOptions = codeCache === undefined ? {} : { codeCache };
  return { fork: readFork(fork), engine, tier };
}

/** @throws InputError `usage` for an unknown fork or a bad sender */
export async function openSession(
  io: Pick<Io, 'createMachine'>,
  options: SessionOptions,
  insist: Insist = (run) => run(),
): Promise<Session> {
  const own = machineOptions(options);
  const from = options.from === undefined ? DEFAULT_SENDER : readAddress(options.from, '--from');
  const machine = await io.createMachine(own);
  await insist(() => machine.state.setBalance(from, SENDER_BALANCE));
  return { machine, fork: own.fork, from, gas: options.gas, engine: own.engine, placed: 0 };
}

/** @throws InputError `usage` */
export function readFork(name: string | undefined): Fork {
  if (name === undefined) return LATEST_FORK;
  const fork = parseFork(name);
  if (fork !== undefined) return fork;
  throw usageError(
    `there is no fork ${name}${didYouMean(name, FORKS)}; the forks are: ${FORKS.join(', ')}`,
  );
}

/** @throws InputError `usage` */
export function readAddress(text: string, what: string): Hex {
  if (/^0x[\da-fA-F]{40}$/.test(text)) return text.toLowerCase() as Hex;
  throw usageError(`${what} ${text}: an address is 0x and 40 hexadecimal digits`);
}

export interface Placed {
  readonly name: string;
  readonly address: Hex;
  readonly contract: EvmContract;
  /** Undefined where the code was put in place without running anything. */
  readonly deployment?: { readonly outcome: DeployOutcome; readonly code: Uint8Array };
}

function checkSize(
  bytes: Uint8Array | undefined,
  max: bigint,
  code: 'contract-oversized' | 'initcode-oversized',
  contract: EvmContract,
): void {
  if (bytes === undefined || BigInt(bytes.length) <= max) return;
  const what =
    code === 'contract-oversized' ? 'the code of a contract' : 'init code with its arguments';
  const eip = code === 'contract-oversized' ? 'EIP-170' : 'EIP-3860';
  const over = BigInt(bytes.length) - max;
  throw new InputError(
    code,
    `${contract.name} in ${contract.file} is too large: ${what} has at most ${max} bytes ` +
      `(${eip}), here ${bytes.length}, ${over} too many`,
    'split the contract, move code to a library, or lower the number of optimizer runs',
  );
}

/**
 * Checks the code of a contract before anything runs: its size, or all of a module.
 *
 * @throws LockstepError L1601 to L1608 for a module that is no contract
 */
function checkCode(code: Uint8Array | undefined, contract: EvmContract, max: bigint): void {
  if (code !== undefined && isWasm(code)) readContract(code);
  else checkSize(code, max, 'contract-oversized', contract);
}

/** Puts runtime code in place; no constructor runs. */
function placeContract(session: Session, contract: EvmContract): Placed {
  const code = contract.runtimeCode;
  if (code === undefined) {
    throw new InputError(
      'artifact-no-code',
      `${contract.name} in ${contract.file} has no runtime code`,
      'deploy it instead (without --runtime)',
    );
  }
  checkCode(code, contract, costsOf(session.fork).codeBytesMax);
  const number = FIRST_CODE_ADDRESS + BigInt(session.placed);
  const address: Hex = `0x${number.toString(16).padStart(40, '0')}`;
  session.machine.state.setCode(address, code);
  session.placed++;
  return { name: contract.name, address, contract };
}

/** What a deployment runs. */
export interface Creation {
  /** Init code without arguments. */
  readonly init: Uint8Array;
  /** Encoded arguments of the constructor. */
  readonly argumentData: Uint8Array;
  readonly value: bigint;
}

/** Runs the init code of a contract; without one, puts its runtime code in place. */
export function deployContract(
  session: Session,
  contract: EvmContract,
  creation: Creation | undefined,
  onPrint?: CallOptions['onPrint'],
): Placed {
  if (creation === undefined) return placeContract(session, contract);
  const { init, argumentData, value } = creation;
  const costs = costsOf(session.fork);
  const isModule = readDeployment(init) !== undefined;
  // A module alone has no end of its own, so that arguments cannot just follow it.
  const code = isWasm(init) ? writeDeployment(init, argumentData) : concatBytes(init, argumentData);
  const runtime = contract.format === 'hex' ? undefined : contract.runtimeCode;
  checkCode(runtime, contract, costs.codeBytesMax);
  if (!isModule) checkSize(code, costs.initcodeBytesMax, 'initcode-oversized', contract);
  const outcome = session.machine.deploy({
    ...{ code, from: session.from, value },
    ...(session.gas === undefined ? {} : { gas: session.gas }),
    ...(onPrint === undefined ? {} : { onPrint }),
  });
  return {
    name: contract.name,
    address: outcome.address,
    contract,
    deployment: { outcome, code },
  };
}

/** A message from the session's sender. */
export interface Message {
  readonly to: Hex;
  readonly data: Uint8Array;
  readonly value: bigint;
}

export function callOptions(session: Session, message: Message) {
  const gas = session.gas === undefined ? {} : { gas: session.gas };
  return { ...message, from: session.from, ...gas };
}

export function sendMessage(
  session: Session,
  message: Message,
  onPrint?: CallOptions['onPrint'],
): Outcome {
  const print = onPrint === undefined ? {} : { onPrint };
  return session.machine.call({ ...callOptions(session, message), ...print });
}

/** @throws InputError with the name of the option where the text is no bytes */
export function readBytes(text: string, what: string): Uint8Array {
  return parseHexText(text, what);
}
