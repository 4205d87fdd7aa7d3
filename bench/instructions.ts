/** Counts the EVM instructions that a run executes, by kind, with the oracle's own handlers. */
import type { Oracle } from '../tests/support/ethereumjs.ts';

/** Kinds that a suite has to prove: compilers delete what nobody uses. */
const KINDS = {
  KECCAK256: [0x20],
  SLOAD: [0x54],
  SSTORE: [0x55],
  LOG: [0xa0, 0xa1, 0xa2, 0xa3, 0xa4],
  CALL: [0xf1, 0xf2, 0xf4, 0xfa],
} as const satisfies Record<string, readonly number[]>;

export type CodeName = keyof typeof KINDS;
export const CODE_NAMES = Object.keys(KINDS) as readonly CodeName[];

export interface InstructionCounts {
  readonly all: number;
  readonly kinds: Readonly<Record<CodeName, number>>;
}

type OpcodeEntry = { opHandler: (...args: unknown[]) => unknown };

/** Counts from now on; gives what was counted so far. */
export function countInstructions(oracle: Oracle): () => InstructionCounts {
  const counts = new Array<number>(256).fill(0);
  const entries = (oracle.evm as unknown as { _opcodeMap: OpcodeEntry[] })._opcodeMap;
  for (const [opcode, entry] of entries.entries()) {
    const { opHandler } = entry;
    const counted = (...args: unknown[]): unknown => {
      counts[opcode] = (counts[opcode] as number) + 1;
      return opHandler(...args);
    };
    entries[opcode] = { ...entry, opHandler: counted };
  }
  const sum = (opcodes: readonly number[]): number =>
    opcodes.reduce((total, opcode) => total + (counts[opcode] as number), 0);
  return () => ({
    all: sum([...counts.keys()]),
    kinds: Object.fromEntries(CODE_NAMES.map((name) => [name, sum(KINDS[name])])) as Readonly<
      Record<CodeName, number>
    >,
  });
}
