/** EVM code as an engine reaches it: blocks on demand. */
import type { LazySource } from '../../dmir/lazy.ts';
import { BLOCK_BAD_JUMP, BLOCK_DROP, BLOCK_DYNAMIC } from './abi.ts';
import type { Lowerer } from './lower.ts';

/** How the engine reaches the regions, in the order of `EVM_REGIONS`. */
const REGION_USES = ['memory', 'zero', 'zero', 'zero', 'frame', 'env'] as const;

/** Kernel spaces of slots and transient slots, the first two of `EVM_SPACES`. */
const SPACE_NUMBERS = [0, 1] as const;

export function createEvmSource(lowerer: Lowerer): LazySource {
  return {
    code: lowerer.code,
    regions: REGION_USES,
    spaces: SPACE_NUMBERS,
    destinations: lowerer.destinations,
    isBlock: (id) => isBlock(id, lowerer.code.length),
    lower: (id) => {
      const block = lowerer.lower(id);
      return { func: lowerer.func, block, instructionCount: lowerer.instructionCount };
    },
  };
}

/** Bytes past the end of the code at which a cut-off PUSH can leave the program counter. */
const PAST_END = 32;

function isBlock(id: number, codeLength: number): boolean {
  if (id === BLOCK_DYNAMIC || id === BLOCK_BAD_JUMP) return true;
  const pc = id >= BLOCK_DROP ? id - BLOCK_DROP : id;
  return pc <= codeLength + PAST_END;
}
