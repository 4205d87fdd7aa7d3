/** A peer of the suite `wasm` (`bench/wasm.ts`): the platform, or with `wrong` one that errs. */
import { createInterface } from 'node:readline';
import { hexToBytes } from '../../src/base/bytes.ts';
import { measureCpuMs } from '../../src/cli/bench/measure.ts';

const error = process.argv.includes('wrong') ? 1 : 0;
let run: (size: number) => number = () => 0;

for await (const line of createInterface({ input: process.stdin })) {
  const [name, operand = ''] = line.split(' ');
  if (name === 'module') {
    const module = new WebAssembly.Module(Uint8Array.from(hexToBytes(operand)));
    run = new WebAssembly.Instance(module).exports.run as typeof run;
    continue;
  }
  let result = 0;
  const ms = await measureCpuMs(() => {
    result = run(Number(operand)) >>> 0;
  });
  process.stdout.write(`${result + error} ${ms}\n`);
}
