/** A peer of the suite `peer` (`bench/peer.ts`): our interpreter, or with `wrong` one that errs. */
import { createInterface } from 'node:readline';
import { bytesToHex, hexToBytes } from '../../src/base/bytes.ts';
import { createMachine, type EvmMachine } from '../../src/chain/machine.ts';
import type { CallOptions, Hex } from '../../src/chain/types.ts';
import { measureCpuMs } from '../../src/cli/bench/measure.ts';

let machine: EvmMachine | undefined;
const calls: CallOptions[] = [];
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const known = (): EvmMachine => {
  machine ??= createMachine({ engine: 'interpreter' });
  return machine;
};

const LINES: Readonly<Record<string, (...words: string[]) => unknown>> = {
  block: (number = '', timestamp = '') => {
    const block = { number: BigInt(number), timestamp: BigInt(timestamp) };
    machine = createMachine({ block, engine: 'interpreter' });
  },
  account: (address = '', balance = '', nonce = '', code = '') => {
    const { state } = known();
    state.setBalance(address as Hex, BigInt(balance));
    state.setNonce(address as Hex, BigInt(nonce));
    if (code !== '0x') state.setCode(address as Hex, code as Hex);
  },
  slot: (address = '', key = '', value = '') =>
    known().state.setStorage(address as Hex, BigInt(key), BigInt(value)),
  call: (from = '', to = '', value = '', gas = '', data = '') =>
    calls.push({
      from: from as Hex,
      to: to as Hex,
      value: BigInt(value),
      gas: BigInt(gas),
      data: hexToBytes(data),
      commit: false,
    }),
  prove: () => {
    for (const call of calls) {
      const { status, output } = known().call(call);
      say(`${process.argv[2] === 'wrong' ? 'halt' : status} ${bytesToHex(output)}`);
    }
  },
  run: async (times = '') => {
    const ms = await measureCpuMs(() => {
      for (let i = Number(times); i > 0; i--) for (const call of calls) known().call(call);
    });
    say(String(ms));
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name = '', ...words] = line.split(' ');
  await LINES[name]?.(...words);
}
