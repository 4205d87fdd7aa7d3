/**
 * What the field's tracers say of a frame that failed. The texts are those of go-ethereum, which
 * tools compare; what they tell of the instruction is read from the frame's record, and exact in a
 * machine whose blocks are single instructions. In another one such texts stay general.
 */
import type { FrameEnd } from '../../dmir/host.ts';
import type { TrapKind } from '../../dmir/ops.ts';
import type { InterpreterMachine } from '../../engines/interpreter/trampoline.ts';
import * as L from '../../kernel/layout.ts';
import type { EvmHost } from '../../vms/evm/host/host.ts';
import type { FailureCause } from '../../vms/evm/host/observer.ts';
import { OP, OPCODES, type OpName } from '../../vms/evm/opcodes.ts';

export const REVERTED = 'execution reverted';
const OUT_OF_GAS = 'out of gas';
const OVERFLOW = 'gas uint64 overflow';
const SLOT = 32;
const STACK_MAX = 1024;
const UINT64_MAX = (1n << 64n) - 1n;
/** The largest memory that go-ethereum prices, in bytes. */
const MEMORY_MAX = 0x1f_ffff_ffe0n;

const CAUSE_TEXTS: Readonly<Record<FailureCause, string>> = {
  'insufficient-balance': 'insufficient balance for transfer',
  'call-depth': 'max call depth exceeded',
  'nonce-overflow': 'nonce uint64 overflow',
  'create-collision': 'contract address collision',
  'initcode-too-large': 'max initcode size exceeded',
  'code-too-large': 'max code size exceeded',
  'code-prefix': 'invalid code: must not begin with 0xef',
  'invalid-module': 'invalid code: no WebAssembly contract',
  'code-unpaid': 'contract creation code storage out of gas',
  'precompile-unpaid': OUT_OF_GAS,
  'precompile-failed': 'precompile failed',
};

const TRAP_TEXTS: Partial<Record<TrapKind, string>> = {
  'out-of-gas': OUT_OF_GAS,
  'stack-underflow': 'stack underflow',
  'stack-overflow': 'stack limit reached',
  'bad-jump': 'invalid jump destination',
  'invalid-opcode': 'invalid opcode',
  'out-of-bounds': 'return data out of bounds',
  'static-violation': 'write protection',
  'memory-limit': OUT_OF_GAS,
  'call-depth': CAUSE_TEXTS['call-depth'],
};

/** Where offset and size of the memory that an instruction uses stand on the stack. */
const MEMORY_OPERANDS: Partial<Record<OpName, readonly (readonly [number, number])[]>> = {
  KECCAK256: [[0, 1]],
  CALLDATACOPY: [[0, 2]],
  CODECOPY: [[0, 2]],
  EXTCODECOPY: [[1, 3]],
  RETURNDATACOPY: [[0, 2]],
  MCOPY: [
    [0, 2],
    [1, 2],
  ],
  LOG0: [[0, 1]],
  LOG1: [[0, 1]],
  LOG2: [[0, 1]],
  LOG3: [[0, 1]],
  LOG4: [[0, 1]],
  RETURN: [[0, 1]],
  REVERT: [[0, 1]],
};
/** Bytes of memory of the instructions that name an offset alone. */
const MEMORY_BYTES: Partial<Record<OpName, bigint>> = { MLOAD: 32n, MSTORE: 32n, MSTORE8: 1n };

/**
 * The text for a frame that failed otherwise than by a trap of its code.
 *
 * @param code as an observer is told it
 */
export function causeText(
  cause: FailureCause,
  { to, input }: { readonly to: Uint8Array; readonly input: Uint8Array },
  code: Uint8Array | bigint,
): string {
  if (cause === 'initcode-too-large') {
    if (typeof code === 'bigint' && code > UINT64_MAX) return OVERFLOW;
    return `${OUT_OF_GAS}: ${CAUSE_TEXTS[cause]}: size ${code}`;
  }
  return cause === 'precompile-failed' ? precompileText(to, input) : CAUSE_TEXTS[cause];
}

function precompileText(to: Uint8Array, input: Uint8Array): string {
  const number = to[19] as number;
  if (number === PAIRING && input.length % PAIR_BYTES !== 0)
    return 'bad elliptic curve pairing size';
  if (number === BLAKE2F && input.length === BLAKE2F_BYTES) return 'invalid final flag';
  if (number === BLAKE2F || !isInputLength(number, input.length)) return 'invalid input length';
  return CAUSE_TEXTS['precompile-failed'];
}

const PAIRING = 8;
const PAIR_BYTES = 192;
const BLAKE2F = 9;
const BLAKE2F_BYTES = 213;

/** Input lengths that the later precompiles take: of one, or of each item (EIP-4844, 2537). */
const INPUT_BYTES: Readonly<Record<number, { readonly one?: number; readonly item?: number }>> = {
  10: { one: 192 },
  11: { one: 256 },
  12: { item: 160 },
  13: { one: 512 },
  14: { item: 288 },
  15: { item: 384 },
  16: { one: 64 },
  17: { one: 128 },
};

function isInputLength(number: number, length: number): boolean {
  const { one, item } = INPUT_BYTES[number] ?? {};
  if (one !== undefined) return length === one;
  return item === undefined || (length > 0 && length % item === 0);
}

/** An instruction that failed. */
interface FailedInstruction {
  readonly byte: number;
  /** False where it could not pay its static gas, or the host ended the instruction before it. */
  readonly isBegun: boolean;
  /** Bottom to top. */
  readonly stack: readonly bigint[];
  readonly gas: bigint;
}

/**
 * The text for a frame of code that ended otherwise than well.
 *
 * @param depth of the frame that ended, whose record still stands; 0 is the outermost
 */
export function endText(
  host: EvmHost,
  machine: InterpreterMachine,
  { status, reason = 'out-of-gas' }: FrameEnd,
  depth: number,
): string {
  if (status === 'revert') return REVERTED;
  const general = TRAP_TEXTS[reason] ?? reason;
  if (host.options.lengthMax !== 1) return general;
  const failed = readFailed(machine, depth);
  return failed === undefined ? general : instructionText(host, reason, failed, general);
}

function readFailed(machine: InterpreterMachine, depth: number): FailedInstruction | undefined {
  const { kernel } = machine;
  const { u32 } = kernel;
  const frame = L.FRAMES_BASE + depth * L.FRAME_BYTES;
  const at = u32[(frame + L.F_PC) / 4] as number;
  const { program } = machine.frameAt(depth);
  if (program === undefined || program.isClosed) return undefined;
  for (const { id, address, bytes } of program.blocks.values()) {
    if (at < address || at >= address + bytes) continue;
    const { code } = program.source;
    if (id > code.length) return undefined;
    const stack: bigint[] = [];
    const top = u32[(frame + L.F_SP) / 4] as number;
    let slot = u32[(frame + L.F_WINDOW_BASE) / 4] as number;
    for (; slot < top; slot += SLOT) stack.push(kernel.readWord(slot));
    const gas = kernel.u64[(frame + L.F_GAS) / 8] as bigint;
    return { byte: code[id] ?? OP.STOP, isBegun: at !== address, stack, gas };
  }
  return undefined;
}

function instructionText(
  host: EvmHost,
  reason: TrapKind,
  failed: FailedInstruction,
  general: string,
): string {
  const { byte, stack } = failed;
  const row = OPCODES[byte];
  const pops = row?.pops ?? 0;
  switch (reason) {
    case 'invalid-opcode':
      return `${general}: ${opcodeName(byte)}`;
    case 'stack-underflow':
      return `${general} (${stack.length} <=> ${pops})`;
    case 'stack-overflow':
      return `${general} ${stack.length} (${STACK_MAX + pops - (row?.pushes ?? 0)})`;
    case 'out-of-gas':
    case 'memory-limit':
      return failed.isBegun ? gasText(host, failed) : general;
    default:
      return general;
  }
}

/** The opcode as go-ethereum names it. */
function opcodeName(byte: number): string {
  const name = OPCODES[byte]?.name;
  if (name !== undefined) return name;
  return `opcode 0x${byte.toString(16)} not defined`;
}

function gasText(host: EvmHost, { byte, stack, gas }: FailedInstruction): string {
  const { storeSentry } = host.options.schedule;
  if (byte === OP.SSTORE && storeSentry !== 0n && gas <= storeSentry) {
    return `${OUT_OF_GAS}: not enough gas for reentrancy sentry`;
  }
  const name = OPCODES[byte]?.name as OpName;
  const operand = (index: number): bigint => stack[stack.length - 1 - index] ?? 0n;
  const fixed = MEMORY_BYTES[name];
  const ends =
    fixed === undefined
      ? (MEMORY_OPERANDS[name] ?? []).map(([offset, size]) =>
          operand(size) === 0n ? 0n : operand(offset) + operand(size),
        )
      : [operand(0) + fixed];
  if (ends.some((end) => end > UINT64_MAX)) return OVERFLOW;
  if (ends.some((end) => end > MEMORY_MAX)) return `${OUT_OF_GAS}: ${OVERFLOW}`;
  return OUT_OF_GAS;
}
