/** `lockstep dump`: a contract at a stage of the pipeline. */
import { bytesToHex } from '../../base/bytes.ts';
import type { DmirContract } from '../../languages/contract.ts';
import { type Args, usageError } from '../args.ts';
import { chooseCode, readCodeInput } from '../code-input.ts';
import type { Io } from '../io.ts';
import { readFork } from '../session.ts';

export async function run(args: Args, io: Io): Promise<number> {
  const stage = args.value('stage');
  if (stage === undefined) {
    throw usageError('dump needs a stage: --stage=bytecode, evm, dmir or lowered', 'dump');
  }
  const fork = readFork(args.value('fork'));
  const contract = await readCodeInput(args, io, 'dump');
  if (contract.kind === 'dmir' && stage !== 'evm') {
    return print(await printDmir(contract, stage), io);
  }
  const code = chooseCode(contract, args.flag('init'));
  if (stage === 'bytecode') return print(bytesToHex(code), io);
  if (stage === 'evm') {
    const { disassemble } = await import('../../vms/evm/disassemble.ts');
    return print(disassemble(code, { fork }).join('\n'), io);
  }
  const { printEvmBytecode, printEvmModule } = await import('../stages.ts');
  return print(stage === 'dmir' ? printEvmModule(code, fork) : printEvmBytecode(code, fork), io);
}

async function printDmir(contract: DmirContract, stage: string): Promise<string> {
  const { readModule } = await import('../dmir-module.ts');
  const module = readModule(contract);
  if (stage === 'bytecode') {
    const { encodeModule } = await import('../../dmir/bytecode/container.ts');
    return bytesToHex(encodeModule(module));
  }
  if (stage === 'lowered') {
    const { printModuleBytecode } = await import('../stages.ts');
    return printModuleBytecode(module, contract.file);
  }
  const { printModule } = await import('../../dmir/print.ts');
  return printModule(module);
}

function print(text: string, io: Io): number {
  io.out(text.endsWith('\n') ? text : `${text}\n`);
  return 0;
}
