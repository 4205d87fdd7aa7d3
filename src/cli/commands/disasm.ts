/** `lockstep disasm`: the instructions of a contract, or the text of a WebAssembly module. */
import { disassemble } from '../../vms/evm/disassemble.ts';
import { readDeployment } from '../../vms/wasm/deployment.ts';
import type { Args } from '../args.ts';
import { chooseCode, readCodeInput, readInput } from '../code-input.ts';
import type { Io } from '../io.ts';
import { readFork } from '../session.ts';

export async function run(args: Args, io: Io): Promise<number> {
  const [file = ''] = args.positionals;
  if (file.endsWith('.wasm')) {
    await printModule(readInput(file), io);
    return 0;
  }
  const contract = await readCodeInput(args, io, 'disasm');
  const code = chooseCode(contract, args.flag('init'));
  const deployment = readDeployment(code);
  if (deployment !== undefined) {
    await printModule(deployment.module, io);
    return 0;
  }
  const lines = disassemble(code, { fork: readFork(args.value('fork')) });
  io.out(lines.map((line) => `${line}\n`).join(''));
  return 0;
}

async function printModule(bytes: Uint8Array, io: Io): Promise<void> {
  const { printWasmModule, readWasmModule } = await import('../../vms/wasm/index.ts');
  io.out(printWasmModule(readWasmModule(bytes)));
}
