/** EVM code as an engine reaches it: blocks on demand. */
import type { LazySource } from '../../dmir/lazy.ts';
import {
  BLOCK_BAD_JUMP,
  BLOCK_DROP,
  BLOCK_DYNAMIC,
  ENV_WORD,
  type EnvWord,
  FRAME_WORD,
  type FrameWord,
  REGION,
} from './abi.ts';
import type { Lowerer } from './lower.ts';

/** How the engine reaches the regions, in the order of `EVM_REGIONS`. */
const REGION_USES = ['memory', 'zero', 'zero', 'zero', 'frame', 'env'] as const;

/** Kernel spaces of slots and transient slots, the first two of `EVM_SPACES`. */
const SPACE_NUMBERS = [0, 1] as const;

const ADDRESS_BITS = 160;
const SIZE_BITS = 32;

/** Bits of the words that are addresses or sizes, in the order of their regions. */
const FRAME_BITS: Readonly<Partial<Record<FrameWord, number>>> = {
  ADDRESS: ADDRESS_BITS,
  CALLER: ADDRESS_BITS,
  CALLDATASIZE: SIZE_BITS,
  CODESIZE: SIZE_BITS,
  RETURNDATASIZE: SIZE_BITS,
};
const ENV_BITS: Readonly<Partial<Record<EnvWord, number>>> = {
  ORIGIN: ADDRESS_BITS,
  COINBASE: ADDRESS_BITS,
};
const WORD_BYTES = 32;
const WORD_BITS: ReadonlyMap<number, ReadonlyMap<number, number>> = new Map([
  [REGION.frame, bitsByOffset(FRAME_WORD, FRAME_BITS)],
  [REGION.env, bitsByOffset(ENV_WORD, ENV_BITS)],
]);

function bitsByOffset(
  words: Readonly<Record<string, number>>,
  bits: Readonly<Record<string, number | undefined>>,
): ReadonlyMap<number, number> {
  return new Map(
    Object.entries(words).map(([name, index]) => [index * WORD_BYTES, bits[name] ?? 256]),
  );
}

export function createEvmSource(lowerer: Lowerer): LazySource {
  return {
    code: lowerer.code,
    recipe: { vm: 'evm', options: lowerer.options },
    regions: REGION_USES,
    spaces: SPACE_NUMBERS,
    get destinations() {
      return lowerer.destinations.marks;
    },
    isDestination: (pc) => lowerer.destinations.has(pc),
    wordBits: (region, offset) => WORD_BITS.get(region)?.get(offset) ?? 256,
    isBlock: (id) => isBlock(id, lowerer.code.length),
    lower: (id) => {
      const block = lowerer.lower(id);
      const { func, instructionCount, readsCode } = lowerer;
      return { func, block, instructionCount, readsCode };
    },
    flatten: (id) => lowerer.flatten(id),
  };
}

/** Bytes past the end of the code at which a cut-off PUSH can leave the program counter. */
const PAST_END = 32;

function isBlock(id: number, codeLength: number): boolean {
  if (id === BLOCK_DYNAMIC || id === BLOCK_BAD_JUMP) return true;
  const pc = id >= BLOCK_DROP ? id - BLOCK_DROP : id;
  return pc <= codeLength + PAST_END;
}
