/** What the options of a command line say to deploy and to call. */
import type { AbiItem, EvmContract } from '../languages/contract.ts';
import { type Args, usageError } from './args.ts';
import { readAmount } from './option-values.ts';
import { type Creation, readBytes } from './session.ts';

/** @throws InputError `usage` where `--call` and `--data` contradict each other, or name nothing */
export function checkCall(args: Args, command: string): void {
  if (args.list('call') && args.value('data') !== undefined) {
    throw usageError('--call and --data exclude each other', command);
  }
  if (args.list('call')?.length === 0) {
    const example = "--call 'transfer(address,uint256)'";
    throw usageError(`--call needs a function, such as ${example}`, command);
  }
}

/** What to deploy; undefined where code is put in place as it is. */
export async function readCreation(
  contract: EvmContract,
  args: Args,
): Promise<Creation | undefined> {
  const raw = contract.format === 'hex';
  const init = raw && args.flag('deploy') ? contract.runtimeCode : contract.initCode;
  if (init === undefined || args.flag('runtime')) {
    if (args.list('deploy-args') === undefined) return undefined;
    throw usageError('--deploy-args needs a deployment, and this code runs as it is');
  }
  const given = args.list('deploy-args') ?? [];
  const needsAbi = given.length > 0 || contract.abi?.some((item) => item.type === 'constructor');
  const argumentData = needsAbi
    ? (await import('../languages/abi.ts')).encodeConstructor(contract.abi, given, contract.name)
    : new Uint8Array(0);
  return { init, argumentData, value: readAmount(args.value('deploy-value'), '--deploy-value') };
}

export interface Call {
  readonly item: AbiItem | undefined;
  readonly data: Uint8Array;
  readonly value: bigint;
}

/** What to call; undefined where nothing was asked for and there is a deployment to show. */
export async function readCall(contract: EvmContract, args: Args): Promise<Call | undefined> {
  const value = readAmount(args.value('value'), '--value');
  const data = args.value('data');
  if (data !== undefined) return { item: undefined, data: readBytes(data, '--data'), value };
  const words = args.list('call');
  if (words !== undefined) {
    const [signature = '', ...given] = words;
    const { findFunction, encodeCall } = await import('../languages/abi.ts');
    const item = findFunction(contract.abi, signature, given.length, contract.name);
    return { item, data: encodeCall(item, given), value };
  }
  const isDirect = contract.format === 'hex' && !args.flag('deploy');
  if (isDirect || args.value('value') !== undefined) {
    return { item: undefined, data: new Uint8Array(0), value };
  }
  return undefined;
}
