/**
 * Compiles the kernel's arithmetic alone, in memory, for its tests.
 *
 * The entry module is generated here, since it exports what the kernel itself inlines.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { INITIAL_PAGES } from '../../src/kernel/layout.ts';

/** Exports of the module, by AssemblyScript file of src/kernel/assembly. */
const EXPORTS: Readonly<Record<string, readonly string[]>> = {
  u256: [
    ...['add256', 'sub256', 'mul256', 'udiv256', 'sdiv256', 'urem256', 'srem256', 'exp256'],
    ...['umulhi256', 'smulhi256', 'mul512', 'sqr256', 'addmod256', 'mulmod256', 'udivrem256'],
    ...['and256', 'or256', 'xor256', 'not256', 'neg256', 'copy256', 'zero256', 'bswap256'],
    ...['shl256', 'ushr256', 'sshr256', 'shl256i', 'ushr256i', 'sshr256i', 'byte256', 'sext256'],
    ...['clz256', 'ctz256', 'popcnt256', 'clzCount256', 'ctzCount256', 'popcntCount256'],
    ...['iszero256', 'eq256', 'ult256', 'slt256', 'fits64', 'set64', 'setLimbs', 'mul64'],
    ...['mulHi64', 'loadBe256', 'storeBe256'],
  ],
  keccak: ['keccak256', 'keccak256ToWord'],
  'keccak-memo': ['keccakMemo32', 'keccakMemo64'],
};

/** Options with which the kernel is built: no runtime, no assertions. */
const OPTIONS = [
  ...['--runtime', 'stub', '-O3', '--noAssert', '--use', 'abort='],
  ...['--initialMemory', String(INITIAL_PAGES)],
  ...['--enable', 'simd,bulk-memory,sign-extension,nontrapping-f2i'],
];

type Kernel = Readonly<Record<string, (...values: (number | bigint)[]) => number | bigint>>;

export interface Arith {
  readonly memory: WebAssembly.Memory;
  readonly call: Kernel;
}

const ENTRY = 'arith-entry.as.ts';

async function compile(): Promise<Uint8Array<ArrayBuffer>> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const source = Object.entries(EXPORTS)
    .map(([file, names]) => `export { ${names.join(', ')} } from './src/kernel/assembly/${file}';`)
    .join('\n');
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const { error, stderr } = await asc.main([ENTRY, '--outFile', 'arith.wasm', ...OPTIONS], {
    readFile: (name) =>
      name === ENTRY ? source : readFile(`${root}/${name}`, 'utf8').catch(() => null),
    writeFile: (name, contents) => {
      if (name === 'arith.wasm') binary = Uint8Array.from(contents as Uint8Array);
    },
    listFiles: () => [],
  });
  if (error !== null || binary === undefined) {
    throw new Error(`the kernel's arithmetic does not compile: ${error}\n${stderr.toString()}`);
  }
  return binary;
}

/** Compiles and instantiates the arithmetic; its memory is laid out as the kernel's. */
export async function loadArith(): Promise<Arith> {
  const { instance } = await WebAssembly.instantiate(await compile(), {});
  const { memory, ...call } = instance.exports;
  return { memory: memory as WebAssembly.Memory, call: call as unknown as Kernel };
}
