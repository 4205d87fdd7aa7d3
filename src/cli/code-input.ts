/** The contract that a command is about: of a file, or given as hexadecimal text. */
import { readFileSync } from 'node:fs';
import { LockstepError } from '../base/errors.ts';
import type { Contract, EvmContract } from '../languages/contract.ts';
import { InputError } from '../languages/errors.ts';
import { hexContract, type Loaded, loadContract, wasmContract } from '../languages/load.ts';
import { type Args, onePositional } from './args.ts';
import type { Io } from './io.ts';
import { showNotes } from './notes.ts';
import { readForkName } from './option-values.ts';

/** Code that the command line holds itself, or the contract of a file, as its options choose it. */
export async function loadInput(name: string, args: Args): Promise<Loaded> {
  if (/^0x[\da-fA-F]*$/.test(name)) return { contract: hexContract(name, 'code'), notes: [] };
  if (name.endsWith('.wat')) return { contract: await assemble(name), notes: [] };
  return loadContract(name, {
    contract: args.value('contract'),
    fork: readForkName(args.value('fork')),
  });
}

/** A module as text. */
async function assemble(file: string): Promise<EvmContract> {
  const { assembleModule } = await import('../vms/wasm/index.ts');
  return wasmContract(assembleModule(readInput(file).toString('utf8')), file);
}

/** @throws LockstepError L3001 where there is no such file, L3007 where it cannot be read */
export function readInput(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code, message: problem } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new LockstepError('L3001', { path });
    throw new LockstepError('L3007', { path, problem });
  }
}

/** The contract named by the only positional word. */
export async function readCodeInput(args: Args, io: Io, command: string): Promise<Contract> {
  const name = onePositional(args, 'a file or hexadecimal code', command);
  if (/^[\da-fA-F]{2,}$/.test(name)) return hexContract(name, 'code');
  const { contract, notes } = await loadInput(name, args);
  showNotes(notes, io, false);
  return contract;
}

/** Runtime code unless the init code was asked for. */
export function chooseCode(contract: Contract, init: boolean): Uint8Array {
  if (contract.kind === 'dmir') {
    throw new InputError(
      'file-format',
      `${contract.file} is dMIR and has no EVM code`,
      'use: lockstep dump FILE --stage=dmir, lowered or bytecode',
    );
  }
  const raw = contract.format === 'hex';
  const code = init && !raw ? contract.initCode : (contract.runtimeCode ?? contract.initCode);
  if (code !== undefined) return code;
  throw new InputError('artifact-no-code', `${contract.name} in ${contract.file} has no init code`);
}
