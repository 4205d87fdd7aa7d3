/** `lockstep disasm`: the instructions of a contract. */
import { disassemble } from '../../vms/evm/disassemble.ts';
import type { Args } from '../args.ts';
import { chooseCode, readCodeInput } from '../code-input.ts';
import type { Io } from '../io.ts';
import { readFork } from '../session.ts';

export async function run(args: Args, io: Io): Promise<number> {
  const contract = await readCodeInput(args, io, 'disasm');
  const code = chooseCode(contract, args.flag('init'));
  const lines = disassemble(code, { fork: readFork(args.value('fork')) });
  io.out(lines.map((line) => `${line}\n`).join(''));
  return 0;
}
