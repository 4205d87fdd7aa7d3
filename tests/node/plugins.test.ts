/** Methods and precompiles of a user's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockstepError } from '../../src/base/errors.ts';
import { METHODS } from '../../src/node/methods/table.ts';
import { type OwnPrecompiles, readPlugin } from '../../src/node/plugins.ts';
import { createProvider } from '../../src/node/provider.ts';
import { type Method, method, param } from '../../src/node/rpc/method.ts';
import * as types from '../../src/node/rpc/types.ts';
import { createTestNode } from './support.ts';

const DOUBLE = '0x00000000000000000000000000000000000d0b1e';
/** Calls the address in the first word of the call data with the rest; gives what came of it. */
const CALLER = '0x00000000000000000000000000000000000000ca';
const CALLER_CODE = [
  '0x602036036020600037', // CALLDATACOPY(0, 32, size - 32)
  '6000600060203603600060006000356127' + '10f1', // CALL(10000, address, 0, 0, size - 32, 0, 0)
  '3d600060203e600052', // RETURNDATACOPY(32, 0, size); MSTORE(0, success)
  '3d602001' + '6000f3', // RETURN(0, 32 + size)
].join('');

const word = (value: bigint | number): string => value.toString(16).padStart(64, '0');

const PRECOMPILES = {
  [DOUBLE]: {
    name: 'double',
    gas: (input: Uint8Array) => BigInt(100 + input.length),
    run: (input: Uint8Array) => (input.length === 0 ? null : input.map((byte) => byte * 2)),
  },
};

test('a precompile of a user is called, paid for and warm, and its failure takes the gas', async () => {
  const { rpc, fail, accounts } = createTestNode({ precompiles: PRECOMPILES });
  assert.equal(await rpc('eth_call', { to: DOUBLE, data: '0x0102' }), '0x0204');
  assert.match((await fail('eth_call', { to: DOUBLE })).message, /out of gas|failed/);
  const base = BigInt(await rpc('eth_estimateGas', { from: accounts[0], to: accounts[1] }));
  const sent = { from: accounts[0], to: DOUBLE, data: '0x0102', gas: '0x20000' };
  const hash = await rpc('eth_sendTransaction', sent);
  const { gasUsed, status } = await rpc('eth_getTransactionReceipt', hash);
  assert.equal(status, '0x1');
  // Two bytes of data that are not zero are 32 gas (EIP-2028), or 80 at the floor of EIP-7623.
  assert.equal(BigInt(gasUsed), base + 32n + 102n);
  await rpc('anvil_setCode', CALLER, CALLER_CODE);
  const call = (data: string) =>
    rpc('eth_call', { to: CALLER, data: `0x${word(BigInt(DOUBLE))}${data}` });
  assert.equal(await call('0304'), `0x${word(1)}0608`);
  assert.equal(await call(''), `0x${word(0)}`);
  const frames = await rpc(
    'debug_traceCall',
    { to: CALLER, data: `0x${word(BigInt(DOUBLE))}05` },
    'latest',
    { tracer: 'callTracer' },
  );
  assert.equal(frames.calls[0].output, '0x0a');
  assert.equal(BigInt(frames.calls[0].gasUsed), 101n);
  const moved = { [DOUBLE]: { movePrecompileToAddress: CALLER } };
  assert.equal(await rpc('eth_call', { to: CALLER, data: '0x07' }, 'latest', moved), '0x0e');
});

test('a precompile just above those of the protocol can be moved like any other', async () => {
  const low = `0x${'101'.padStart(40, '0')}`;
  const { rpc } = createTestNode({ precompiles: { [low]: PRECOMPILES[DOUBLE] } });
  const moved = { [low]: { movePrecompileToAddress: CALLER } };
  assert.equal(await rpc('eth_call', { to: CALLER, data: '0x07' }, 'latest', moved), '0x0e');
});

test('a precompile that throws or gives something else fails, and is told of', async () => {
  const results: readonly (() => unknown)[] = [
    () => {
      throw new Error('nothing works');
    },
    () => 'text',
    () => undefined,
  ];
  for (const run of results) {
    const precompiles = { [DOUBLE]: { gas: 1n, run: run as () => null } };
    const provider = createProvider({ precompiles });
    const told: string[] = [];
    provider.onError = ({ message }) => told.push(message);
    const request = { method: 'eth_call', params: [{ to: DOUBLE }] };
    await assert.rejects(provider.request(request));
    assert.match(told[0] ?? '', /the precompile 0x0+d0b1e of a plugin failed: /);
    // A block with such a call is made all the same.
    const [from] = (await provider.request({ method: 'eth_accounts' })) as string[];
    const params = [{ from, to: DOUBLE, gas: '0x20000' }];
    const hash = await provider.request({ method: 'eth_sendTransaction', params });
    const query = { method: 'eth_getTransactionReceipt', params: [hash] };
    assert.equal(((await provider.request(query)) as { status: string }).status, '0x0');
    provider.close();
  }
});

const greet = method(
  ['my_greet', 'my_hello'],
  'Greets somebody.',
  [param('name', types.text), param('count', types.optional(types.quantity))],
  types.text.schema,
  (node, [name, count = 1n]) => `${'hello '.repeat(Number(count))}${name} on ${node.chainId}`,
);

test('a method of a user is checked, found and listed as all others', async () => {
  const { rpc, fail } = createTestNode({ methods: [greet] });
  assert.equal(await rpc('my_greet', 'Ann'), 'hello Ann on 31337');
  assert.equal(await rpc('my_hello', 'Ann', '0x2'), 'hello hello Ann on 31337');
  const wrong = await fail('my_greet', 5);
  assert.equal(wrong.code, -32602);
  assert.match(wrong.message, /argument 0 \(name\)/);
  const document = await rpc('rpc_discover');
  const found = document.methods.find((each: { name: string }) => each.name === 'my_greet');
  assert.equal(found.summary, 'Greets somebody.');
  assert.equal((await rpc('rpc_modules')).my, '1.0');
  assert.ok(!METHODS.has('my_greet'));
});

test('a plugin is an object, or a function that is given what rows are made of', async () => {
  const plugin = readPlugin((kit: { method: typeof method; types: typeof types }) => ({
    methods: [kit.method('my_one', 'One.', [], kit.types.quantity.schema, () => '0x1')],
    precompiles: PRECOMPILES,
  }));
  const { rpc } = createTestNode(plugin);
  assert.equal(await rpc('my_one'), '0x1');
  assert.equal(await rpc('eth_call', { to: DOUBLE, data: '0x01' }), '0x02');
});

test('errors of a plugin that imports another copy of the library are told as its own', async () => {
  const copy = '?copy';
  const { LockstepError: OtherError } = await import(`../../src/base/errors.ts${copy}`);
  const { ParamError, RpcError } = await import(`../../src/node/rpc/errors.ts${copy}`);
  const thrown: Readonly<Record<string, Error>> = {
    rpc: new RpcError(-32099, 'mine', { of: 'mine' }),
    known: new OtherError('L1001', { what: 'the text', digits: 3 }),
  };
  const odd = {
    schema: {},
    read: () => {
      throw new ParamError('', 'is odd');
    },
  };
  const params = [param('which', types.text)] as const;
  const { fail } = createTestNode({
    methods: [
      method('my_throw', 'Throws.', params, {}, (_, [which]) => {
        throw thrown[which];
      }),
      method('my_odd', 'Refuses.', [param('value', odd)], {}, () => null),
    ],
  });
  const told = async (...request: [name: string, value: string]) => {
    const { code, message, data } = await fail(...request);
    return { code, message, data };
  };
  const rpc = { code: -32099, message: 'mine', data: { of: 'mine' } };
  assert.deepEqual(await told('my_throw', 'rpc'), rpc);
  const known = await told('my_throw', 'known');
  assert.equal(known.code, -32602);
  assert.match(known.message, /the text has an odd number.*Write two digits for every byte/);
  const wrong = await told('my_odd', 'x');
  assert.equal(wrong.code, -32602);
  assert.match(wrong.message, /argument 0 \(value\): is odd/);
});

/** Rows of methods that are wrong, and what is said of them. */
const WRONG_METHODS: readonly [row: object, expected: RegExp][] = [
  [{}, /no name/],
  [{ ...greet[0], name: 'x' }, /not written like/],
  [{ ...greet[0], name: 'eth_call' }, /there already/],
  [{ ...greet[0], run: 1 }, /no function/],
  [{ ...greet[0], params: [{ name: 'a' }] }, /without a name or a type/],
  [{ ...greet[0], summary: undefined }, /no text/],
  [{ ...greet[0], result: null }, /no schema/],
];
const ROW = { gas: 1n, run: () => null };
const WRONG_PRECOMPILES: readonly [rows: object, expected: RegExp][] = [
  [{ '0x12': ROW }, /no address/],
  [{ [`0x${'0'.repeat(37)}100`]: ROW }, /above 0x0100/],
  [{ [DOUBLE]: { ...ROW, gas: 5 } }, /no gas/],
  [{ [DOUBLE]: { ...ROW, gas: -1n } }, /no gas/],
  [{ [DOUBLE]: { gas: 1n } }, /no function run/],
  [{ [DOUBLE]: ROW, [DOUBLE.replace('d0b1e', 'D0B1E')]: ROW }, /two precompiles/],
  [[ROW], /no object of addresses/],
];
const WRONG_PLUGINS: readonly [exported: unknown, expected: RegExp][] = [
  [undefined, /neither an object nor a function/],
  [() => 5, /neither an object nor a function/],
  [{ method: [] }, /it has "method"/],
  [{ methods: {} }, /no array/],
];

test('plugins that are wrong are refused with what is wrong', () => {
  const refuses = (make: () => unknown, expected: RegExp): void =>
    assert.throws(make, (error) => {
      assert.ok(error instanceof LockstepError && error.code === 'L1701', String(error));
      assert.match(error.message, expected);
      return true;
    });
  for (const [exported, expected] of WRONG_PLUGINS) refuses(() => readPlugin(exported), expected);
  for (const [row, expected] of WRONG_METHODS) {
    refuses(() => createProvider({ methods: [row as Method] }), expected);
  }
  refuses(() => createProvider({ methods: [greet, greet] }), /there already/);
  for (const [rows, expected] of WRONG_PRECOMPILES) {
    refuses(() => createProvider({ precompiles: rows as OwnPrecompiles }), expected);
  }
});
