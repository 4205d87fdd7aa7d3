/** Calls of functions of the host as the EVM would make them, for who looks at a run. */
import { bytesToBigint } from '../../../base/u256.ts';
import { ENV_FUNCTIONS, type EnvRow, type Role } from './functions.ts';

/** An opcode of the EVM with its operands. */
export interface HostCall {
  /** Name of the opcode; of the function where no opcode does the same. */
  readonly name: string;
  /** Bottom first. */
  readonly stack: bigint[];
}

/** Bytes of the contract's memory; undefined where the range leaves it. */
type ReadMemory = (address: number, size: number) => Uint8Array | undefined;

const ACCOUNT_BYTES = 20;
const WORD_BYTES = 32;
/** Operands of CREATE, which CREATE2 has besides its salt; and of LOG0. */
const CREATE_OPERANDS = 3;
const LOG_OPERANDS = 2;
const TOPICS_MAX = 4;
/** Places of arguments that decide on the opcode. */
const [IS_CREATE2, TOPIC_COUNT] = [6, 2];

/** @param args - Arguments of the function, unsigned. */
export function hostCallOf(name: string, args: readonly bigint[], read: ReadMemory): HostCall {
  const { opcode, roles } = ENV_FUNCTIONS.get(name) as EnvRow;
  const operands = (count?: number): bigint[] => operandsOf(roles, count, args, read).reverse();
  if (opcode === 'CREATE') {
    const isCreate2 = args[IS_CREATE2] !== 0n;
    const count = CREATE_OPERANDS + Number(isCreate2);
    return { name: isCreate2 ? 'CREATE2' : opcode, stack: operands(count) };
  }
  if (opcode === 'LOG0') {
    const topics = Math.min(Number(args[TOPIC_COUNT]), TOPICS_MAX);
    return { name: `LOG${topics}`, stack: operands(LOG_OPERANDS + topics) };
  }
  return { name: opcode === '' ? name : opcode, stack: operands() };
}

/** Operands from the top on; only so many are read. */
function operandsOf(
  roles: readonly Role[],
  count: number | undefined,
  args: readonly bigint[],
  read: ReadMemory,
): bigint[] {
  return roles
    .map((role, at) => ({ role, argument: args[at] ?? 0n }))
    .filter(({ role }) => role !== '-')
    .slice(0, count)
    .map(({ role, argument }) => {
      if (role === '0') return 0n;
      if (role === 'n' || role === 'o') return argument;
      const size = role === 'a' ? ACCOUNT_BYTES : WORD_BYTES;
      const bytes = read(Number(argument), size) ?? new Uint8Array(0);
      return bytesToBigint(role === 'l' ? bytes.toReversed() : bytes);
    });
}
