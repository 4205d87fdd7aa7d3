/**
 * The functions of WASI preview 1 (`wasi_snapshot_preview1`), for compilers that insist on it: all
 * of them, with a world of no arguments, no environment, no files, the time of the block, and a
 * standard output and error whose bytes go to whoever runs the machine, who alone sees them.
 *
 * A function gives an error number, 0 for none. `random_get` is an error but where the schedule has
 * a seed; then it gives bytes that anyone can tell beforehand.
 */

import { FRAME_REGIONS } from '../../../dmir/host.ts';
import type { RegId } from '../../../dmir/ir.ts';
import { ENDED, type EnvWriter, type Write } from './writer.ts';

export const WASI_MODULE = 'wasi_snapshot_preview1';

/** Gas of a function, and for each range that is printed and each 32 bytes of it. */
const CALL_GAS = 2;
const PRINT_GAS = 100;
const RANGE_GAS = 10;
const WORD_GAS = 3n;
const NANOSECONDS = 1_000_000_000n;
const ERRNO = { badf: 8n, nosys: 52n, spipe: 70n } as const;
/** Bytes of `fdstat`: a character device (2) with all rights. */
const FDSTAT_TYPE = 2n;
const STREAMS = 3n;
/** A module's cells stand where other code has its own. */
const { memory: MEMORY, code: CELLS } = FRAME_REGIONS;

export interface WasiRow {
  /** A letter for each parameter: `i` for i32, `l` for i64. */
  readonly params: string;
  readonly hasResult: boolean;
  readonly write: Write;
}

const fail =
  (errno: bigint): Write =>
  () =>
    errno;

function put(env: EnvWriter, type: 'i32' | 'i64', address: RegId, value: RegId | bigint): void {
  env.inst('store', { type, imm: MEMORY, args: [env.wide(address), value] });
}

/** Two counts of nothing: of strings, and of their bytes. */
const noStrings: Write = (env, count, bytes) => {
  put(env, 'i32', count as RegId, 0n);
  put(env, 'i32', bytes as RegId, 0n);
  return 0n;
};

const clockTime: Write = (env, _clock, _precision, target) => {
  const seconds = env.op('trunc', 'i64', env.envWord('TIMESTAMP'));
  put(env, 'i64', target as RegId, env.op('mul', 'i64', seconds, NANOSECONDS));
  return 0n;
};

const clockResolution: Write = (env, _clock, target) => {
  put(env, 'i64', target as RegId, NANOSECONDS);
  return 0n;
};

/** What holds for the three streams; another number is an error. */
function ofStream(write: Write, first = 0n): Write {
  return (env, fd, ...rest) => {
    const join = env.newBlock();
    const index = env.op('sub', 'i32', fd as RegId, first);
    env.branch(
      env.op('ult', 'i32', index, STREAMS - first),
      () => env.goTo(join, write(env, fd as RegId, ...rest) as RegId | bigint),
      () => env.goTo(join, ERRNO.badf),
    );
    return env.begin(join, ['i32'])[0];
  };
}

const describeStream: Write = (env, _fd, target) => {
  const at = env.wide(target as RegId);
  for (const [offset, value] of [FDSTAT_TYPE, 2n ** 64n - 1n, 2n ** 64n - 1n].entries()) {
    const address = env.op('add', 'i64', at, BigInt(offset * 8));
    env.inst('store', { type: 'i64', imm: MEMORY, args: [address, value] });
  }
  return 0n;
};

const readNothing: Write = (env, _fd, _ranges, _count, read) => {
  put(env, 'i32', read as RegId, 0n);
  return 0n;
};

/** Hands ranges of memory to the host, one by one. */
const print: Write = (env, fd, ranges, count, written) => {
  env.inst('charge', { imm: PRINT_GAS });
  const stream = env.op('zext', 'i256', fd as RegId);
  const [start, end] = [env.wide(ranges as RegId), env.wide(count as RegId)];
  const [head, body, done] = [env.newBlock(), env.newBlock(), env.newBlock()];
  env.goTo(head, 0n, 0n);
  const [index, total] = env.begin(head, ['i64', 'i32']) as [RegId, RegId];
  const isDone = env.op('uge', 'i64', index, end);
  env.end('br_if', { args: [isDone], targets: [[done], [body]] });
  env.begin(body);
  const at = env.op('add', 'i64', start, env.op('shl', 'i64', index, 3n));
  const load = (address: RegId): RegId =>
    env.inst('load', { type: 'i32', imm: MEMORY, args: [address] })[0] as RegId;
  const [address, size] = [load(at), load(env.op('add', 'i64', at, 4n))];
  env.inst('charge', { imm: RANGE_GAS });
  const words = env.op('ushr', 'i64', env.op('add', 'i64', env.wide(size), 31n), 5n);
  env.inst('charge_dyn', { type: 'i64', args: [env.op('mul', 'i64', words, WORD_GAS)] });
  env.tell('print', [stream, ...env.range(address, size)]);
  env.goTo(head, env.op('add', 'i64', index, 1n), env.op('add', 'i32', total, size));
  env.begin(done);
  put(env, 'i32', written as RegId, total);
  return 0n;
};

/** A code of 0 is a success, another one a revert without data. */
const exit: Write = (env, code) => {
  const ways = { good: env.newBlock(), bad: env.newBlock() };
  const isGood = env.op('iszero', 'i32', code as RegId);
  env.end('br_if', { args: [isGood], targets: [[ways.good], [ways.bad]] });
  env.begin(ways.good);
  env.end('stop');
  env.begin(ways.bad);
  return env.end('revert', { type: 'i64', imm: MEMORY, args: [0n, 0n] });
};

/**
 * What a frame keeps of its random bytes, first among its cells: the seed, the number of the next
 * 32 bytes, and these bytes themselves; three words, the highest byte first.
 */
const RANDOM_BYTES = 96;
const RANDOM = { seed: 0, next: 32, out: 64 } as const;
/** Gas of 32 random bytes besides that of the hash. */
const RANDOM_GAS = 30;

/** The cells of a frame's random bytes as they are at its start. */
export function randomCells(seed: bigint): Uint8Array {
  const cells = new Uint8Array(RANDOM_BYTES);
  new DataView(cells.buffer).setBigUint64(RANDOM.next - 8, seed);
  return cells;
}

/** The bytes are keccak256(seed . n) for n = 0, 1, …; what is left of 32 is lost. */
const random: Write = (env, address, length) => {
  if (env.abi.seed === 0n) return ERRNO.nosys;
  env.range(address as RegId, length as RegId);
  const [start, size] = [env.wide(address as RegId), env.wide(length as RegId)];
  const [head, body, done] = [env.newBlock(), env.newBlock(), env.newBlock()];
  env.goTo(head, 0n);
  const [at] = env.begin(head, ['i64']) as [RegId];
  env.end('br_if', { args: [env.op('uge', 'i64', at, size)], targets: [[done], [body]] });
  env.begin(body);
  env.inst('charge', { imm: RANDOM_GAS });
  const hashed = { type: 'i64', imm: CELLS, args: [0n, BigInt(RANDOM.out)] } as const;
  const [word] = env.inst('keccak256', hashed);
  const number = { type: 'i256', imm: CELLS, args: [BigInt(RANDOM.next)] } as const;
  const next = env.op('add', 'i256', env.inst('load_be', number)[0] as RegId, 1n);
  env.inst('store_be', { ...number, args: [BigInt(RANDOM.next), next] });
  env.inst('store_be', { ...number, args: [BigInt(RANDOM.out), word as RegId] });
  const rest = env.op('sub', 'i64', size, at);
  const part = env.inst('select', {
    type: 'i64',
    args: [env.op('ult', 'i64', rest, 32n), rest, 32n],
  })[0] as RegId;
  const to = env.op('add', 'i64', start, at);
  const copied = { type: 'i64', imm: MEMORY * 256 + CELLS } as const;
  env.inst('mem_copy', { ...copied, args: [to, BigInt(RANDOM.out), part] });
  env.goTo(head, env.op('add', 'i64', at, 32n));
  env.begin(done);
  return 0n;
};

const badFile = fail(ERRNO.badf);
const noSeek = ofStream(fail(ERRNO.spipe));
const noSystem = fail(ERRNO.nosys);
const done = fail(0n);

// biome-ignore format: one aligned row for each function
const ROWS: Readonly<Record<string, readonly [params: string, write: Write]>> = {
  args_get:                ['ii', done],
  args_sizes_get:          ['ii', noStrings],
  environ_get:             ['ii', done],
  environ_sizes_get:       ['ii', noStrings],
  clock_res_get:           ['ii', clockResolution],
  clock_time_get:          ['ili', clockTime],
  fd_advise:               ['illi', noSeek],
  fd_allocate:             ['ill', noSeek],
  fd_close:                ['i', ofStream(done)],
  fd_datasync:             ['i', ofStream(done)],
  fd_fdstat_get:           ['ii', ofStream(describeStream)],
  fd_fdstat_set_flags:     ['ii', ofStream(done)],
  fd_fdstat_set_rights:    ['ill', ofStream(done)],
  fd_filestat_get:         ['ii', badFile],
  fd_filestat_set_size:    ['il', badFile],
  fd_filestat_set_times:   ['illi', badFile],
  fd_pread:                ['iiili', noSeek],
  fd_prestat_get:          ['ii', badFile],
  fd_prestat_dir_name:     ['iii', badFile],
  fd_pwrite:               ['iiili', noSeek],
  fd_read:                 ['iiii', ofStream(readNothing)],
  fd_readdir:              ['iiili', badFile],
  fd_renumber:             ['ii', badFile],
  fd_seek:                 ['ilii', noSeek],
  fd_sync:                 ['i', ofStream(done)],
  fd_tell:                 ['ii', noSeek],
  fd_write:                ['iiii', ofStream(print, 1n)],
  path_create_directory:   ['iii', badFile],
  path_filestat_get:       ['iiiii', badFile],
  path_filestat_set_times: ['iiiilli', badFile],
  path_link:               ['iiiiiii', badFile],
  path_open:               ['iiiiillii', badFile],
  path_readlink:           ['iiiiii', badFile],
  path_remove_directory:   ['iii', badFile],
  path_rename:             ['iiiiii', badFile],
  path_symlink:            ['iiiii', badFile],
  path_unlink_file:        ['iii', badFile],
  poll_oneoff:             ['iiii', noSystem],
  proc_exit:               ['i', exit],
  proc_raise:              ['i', noSystem],
  random_get:              ['ii', random],
  sched_yield:             ['', done],
  sock_accept:             ['iii', badFile],
  sock_recv:               ['iiiiii', badFile],
  sock_send:               ['iiiii', badFile],
  sock_shutdown:           ['ii', badFile],
};

/** The functions by name. */
export const WASI_FUNCTIONS: ReadonlyMap<string, WasiRow> = new Map(
  Object.entries(ROWS).map(([name, [params, write]]) => {
    return [name, { params, hasResult: name !== 'proc_exit', write }];
  }),
);

/** Writes the body of a function; its arguments are the registers given. */
export function writeWasi(env: EnvWriter, { write }: WasiRow, args: readonly RegId[]): void {
  env.inst('charge', { imm: CALL_GAS });
  const errno = write(env, ...args);
  if (errno !== ENDED) env.end('return', { args: [errno as RegId | bigint] });
}
