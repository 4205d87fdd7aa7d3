/** `callTracer` beside the vectors of go-ethereum, and cases of its own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CallFrame, callTracer } from '../../../src/chain/tracers/call.ts';
import type { FrameLog, TracedFrame } from '../../../src/chain/tracers/observer.ts';
import { traceTransaction } from '../../../src/chain/tracers/trace.ts';
import type { Log } from '../../../src/chain/types.ts';
import { assemble } from '../../../src/vms/evm/assemble.ts';
import { readTracerVectors, traceVector } from './call-vectors.ts';
import { addressOf, CONTRACT, openWorld, SENDER, traceIn, transaction } from './call-worlds.ts';

const FOLDERS = ['call_tracer', 'call_tracer_withLog', 'call_tracer_legacy'] as const;

/** What go-ethereum compares: addresses in small letters; an empty output or index 0 is none. */
function normalize(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith('0x') ? value.toLowerCase() : value;
  if (Array.isArray(value)) return value.map(normalize);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, item]) => !(key === 'output' && item === '0x'))
      .filter(([key, item]) => !(key === 'index' && item === '0x0'))
      .map(([key, item]) => [key, normalize(item)]),
  );
}

/** What the tracer before this one, a script, could not know of a frame. */
const UNKNOWN_TO_SCRIPT = ['gas', 'gasUsed', 'revertReason', 'value'] as const;

/** The frame as that tracer told it, where it told less. */
function asScript(frame: CallFrame, expected: CallFrame): CallFrame {
  const told: Record<string, unknown> = { ...frame };
  for (const key of UNKNOWN_TO_SCRIPT) if (!(key in expected)) delete told[key];
  if (frame.error !== undefined && expected.error === 'internal failure') {
    told.error = expected.error;
  }
  const calls = frame.calls?.map((call, index) => {
    const other = expected.calls?.[index];
    return other === undefined ? call : asScript(call, other);
  });
  if (calls !== undefined) told.calls = calls;
  return told as unknown as CallFrame;
}

/** The logs of a frame and of those within, in their order. */
function logsIn(frame: TracedFrame): readonly Log[] {
  const collect = ({ logs, calls }: TracedFrame): FrameLog[] => [
    ...logs,
    ...calls.flatMap(collect),
  ];
  return collect(frame)
    .sort((a, b) => a.index - b.index)
    .map(({ index: _index, position: _position, ...log }) => log);
}

for (const folder of FOLDERS) {
  const vectors = readTracerVectors(folder);
  test(`callTracer: ${folder}`, { skip: vectors === undefined && 'no corpora' }, async (t) => {
    assert.ok(vectors !== undefined && vectors.length > 0);
    for (const [name, vector] of vectors) {
      await t.test(name, () => {
        const trace = traceVector(vector);
        assert.deepEqual(logsIn(trace.frame), trace.result.logs);
        const frame = callTracer(trace, vector.tracerConfig);
        const expected = vector.result as CallFrame;
        const told = folder === 'call_tracer_legacy' ? asScript(frame, expected) : frame;
        assert.deepEqual(normalize(told), normalize(expected));
      });
    }
  });
}

/** The outermost error of a contract with the code. */
function errorOf(code: string, options: Parameters<typeof openWorld>[1] = { lengthMax: 1 }) {
  return callTracer(traceIn(openWorld({ [CONTRACT]: code }, options))).error;
}

const LARGE = 'PUSH 0xffffffffffffffff';

/** Code and what the tracer says of its failure. */
const FAILURES: readonly (readonly [code: string, error: string | undefined])[] = [
  ['STOP', undefined],
  ['PUSH0 PUSH0 REVERT', 'execution reverted'],
  ['PUSH0 ADD', 'stack underflow (1 <=> 2)'],
  ['LOG3', 'stack underflow (0 <=> 5)'],
  ['a: JUMPDEST PUSH0 PUSH @a JUMP', 'stack limit reached 1024 (1023)'],
  ['INVALID', 'invalid opcode: INVALID'],
  ['PUSH 1 JUMP', 'invalid jump destination'],
  ['a: JUMPDEST PUSH @a JUMP', 'out of gas'],
  ['PUSH 1 PUSH0 PUSH0 RETURNDATACOPY', 'return data out of bounds'],
  [`${LARGE} MLOAD`, 'gas uint64 overflow'],
  ['PUSH 0xffffffffffff MLOAD', 'out of gas: gas uint64 overflow'],
  ['PUSH 0xfffffff MLOAD', 'out of gas'],
  ['PUSH 60000 PUSH0 PUSH0 CREATE', 'out of gas: max initcode size exceeded: size 60000'],
];

test('errors name the instruction that failed', () => {
  for (const [code, error] of FAILURES) assert.equal(errorOf(code), error, code);
  const world = openWorld({ [CONTRACT]: 'STOP' });
  const owner = transaction({ to: undefined, data: Uint8Array.of(0x60, 0x00, 0x0c) });
  const { error, to } = callTracer(traceIn(world, owner));
  assert.equal(error, 'invalid opcode: opcode 0xc not defined');
  assert.equal(to, undefined);
});

test('a call that cannot be paid is not taken for the instruction behind it', () => {
  const world = openWorld({
    [CONTRACT]: `PUSH0 PUSH0 ${call('CALL', 0x77).replace('POP', 'SSTORE')}`,
  });
  assert.equal(callTracer(traceIn(world)).error, undefined);
  const poor = callTracer(traceIn(world, transaction({ nonce: 1n, gasLimit: 22_000n })));
  assert.equal(poor.error, 'out of gas');
  const poorer = callTracer(traceIn(world, transaction({ nonce: 2n, gasLimit: 25_000n })));
  assert.equal(poorer.error, 'out of gas: not enough gas for reentrancy sentry');
});

test('in blocks of many instructions errors are the same or general', () => {
  for (const [code, exact] of FAILURES) {
    const error = errorOf(code, {});
    const isSame = error === exact || (error !== undefined && exact?.startsWith(error));
    assert.ok(isSame || exact === 'gas uint64 overflow', `${code}: ${error}`);
  }
});

/** CREATE of code that returns so many bytes, beginning with the byte. */
const deploy = (first: number, size: number): string =>
  `PUSH ${first} PUSH0 MSTORE8 PUSH ${size} PUSH0 RETURN`;

/** Puts the code into memory and creates a contract with it. */
function createCode(code: string): string {
  const bytes = assemble(code);
  assert.ok(bytes.length <= 32);
  const word = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `PUSH 0x${word.padEnd(64, '0')} PUSH0 MSTORE PUSH ${bytes.length} PUSH0 PUSH0 CREATE STOP`;
}

test('creations that fail say why and have no address', () => {
  const cases: readonly (readonly [string, string])[] = [
    [deploy(0xef, 1), 'invalid code: must not begin with 0xef'],
    [deploy(0, 30_000), 'max code size exceeded'],
    [deploy(0, 5000), 'contract creation code storage out of gas'],
    ['PUSH0 PUSH0 REVERT', 'execution reverted'],
  ];
  for (const [code, error] of cases) {
    const frame = callTracer(traceIn(openWorld({ [CONTRACT]: createCode(code) })));
    assert.equal(frame.error, undefined);
    const [creation] = frame.calls ?? [];
    assert.equal(creation?.type, 'CREATE');
    assert.equal(creation?.error, error);
    assert.ok(creation !== undefined && !('to' in creation));
  }
});

const call = (type: string, to: number, value = 0): string =>
  type === 'CALL' || type === 'CALLCODE'
    ? `PUSH0 PUSH0 PUSH0 PUSH0 PUSH ${value} PUSH ${to} GAS ${type} POP`
    : `PUSH0 PUSH0 PUSH0 PUSH0 PUSH ${to} GAS ${type} POP`;

test('calls that run no code are frames too', () => {
  const code = [
    call('CALL', 0x77),
    call('CALL', 0x77, 5),
    call('STATICCALL', 4),
    call('DELEGATECALL', 9),
    call('STATICCALL', 31),
  ];
  const world = openWorld({ [CONTRACT]: code.join(' '), 31: 'PUSH0 PUSH0 SSTORE' });
  const trace = traceIn(world, transaction({ value: 3n, gasLimit: 10_000_000n }));
  const { calls = [] } = callTracer(trace);
  assert.deepEqual(
    calls.map(({ type, value, error }) => [type, value, error]),
    [
      ['CALL', '0x0', undefined],
      ['CALL', '0x5', 'insufficient balance for transfer'],
      ['STATICCALL', undefined, undefined],
      ['DELEGATECALL', '0x3', 'invalid input length'],
      ['STATICCALL', undefined, 'write protection'],
    ],
  );
  assert.deepEqual(
    trace.frame.calls.map((frame) => frame.isPrecompile),
    [false, false, true, true, false],
  );
  assert.equal(calls[1]?.gasUsed, '0x0');
});

test('the deepest call fails', () => {
  // Before EIP-150 a call may take nearly all gas, so that the limit of depth is within reach.
  const zeros = 'PUSH1 0 '.repeat(5);
  const code = `${zeros} PUSH1 ${CONTRACT} PUSH2 2000 GAS SUB CALL STOP`;
  const world = openWorld({ [CONTRACT]: code }, { fork: 'frontier', lengthMax: 1 });
  const trace = traceIn(world, transaction({ gasLimit: 30_000_000n, chainId: undefined }));
  let deepest: TracedFrame = trace.frame;
  let depth = 0;
  for (; deepest.calls[0] !== undefined; depth++) deepest = deepest.calls[0];
  assert.equal(depth, 1025);
  assert.equal(deepest.error, 'max call depth exceeded');
});

test('logs have their place, and those of failed frames are gone', () => {
  const log = 'PUSH0 PUSH0 LOG0';
  const world = openWorld({
    [CONTRACT]: `${log} ${call('CALL', 30)} ${call('CALL', 31)} ${log}`,
    30: `${log} ${call('CALL', 32)}`,
    31: `${log} ${call('CALL', 32)} INVALID`,
    32: log,
  });
  const trace = traceIn(world, transaction({ gasLimit: 10_000_000n }));
  const places = (frame: TracedFrame): unknown[] => [
    frame.logs.map(({ index, position }) => [index, position]),
    ...frame.calls.map(places),
  ];
  assert.deepEqual(places(trace.frame), [
    [
      [0, 0],
      [3, 2],
    ],
    [[[1, 0]], [[[2, 0]]]],
    [[], [[]]],
  ]);
  assert.equal(trace.result.logs.length, 4);
  assert.deepEqual(logsIn(trace.frame), trace.result.logs);
  assert.equal(callTracer(trace).logs, undefined);
  const top = callTracer(trace, { withLog: true, onlyTopCall: true });
  assert.deepEqual(
    top.logs?.map(({ position }) => position),
    ['0x0', '0x0'],
  );
  assert.equal(top.calls, undefined);
});

test('a panic has words', () => {
  const code = 'PUSH 0x4e487b71 PUSH 224 SHL PUSH0 MSTORE PUSH 0x11 PUSH 4 MSTORE';
  const frame = callTracer(traceIn(openWorld({ [CONTRACT]: `${code} PUSH 36 PUSH0 REVERT` })));
  assert.equal(frame.revertReason, 'arithmetic underflow or overflow');
});

test('a transaction that is rejected has no frames, and the world is watched no more', () => {
  const world = openWorld({ [CONTRACT]: 'STOP' });
  const rejected = traceTransaction(world, transaction({ nonce: 5n }), SENDER);
  assert.equal(rejected.kind, 'rejected');
  assert.equal(world.executor.host.observer, undefined);
  const trace = traceIn(world, transaction({ to: addressOf(4), value: 7n }));
  assert.equal(trace.frame.isPrecompile, true);
  assert.equal(trace.frame.gasUsed, trace.result.gasUsed);
  assert.equal(world.getBalance(addressOf(4)), 7n);
});
