/**
 * Tracers in JavaScript: go-ethereum's interface, what a script may not do, and that it ends. The
 * expectations of the small scripts follow from the code that they watch.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  createTestNode,
  hexOf,
  initCode,
  LOOP_CODE,
  REVERT_CODE,
  type TestNode,
} from './support.ts';

const FOLDER = join(import.meta.dirname, '../../node_modules/quickjs-wasi');
const skip = existsSync(FOLDER) ? false : 'the package quickjs-wasi is not installed';

const TO = '0x00000000000000000000000000000000000000c0';
const OTHER = '0x00000000000000000000000000000000000000c1';

/** Traces a call of some code by a script. */
async function trace(
  script: string,
  code = '0x600160015f5500',
  { node = createTestNode(), config, ...call }: Record<string, unknown> = {},
) {
  const own = node as TestNode;
  await own.rpc('anvil_setCode', TO, code);
  const options = { tracer: script, ...(config === undefined ? {} : { tracerConfig: config }) };
  return own.rpc('debug_traceCall', { to: TO, ...call }, 'latest', options);
}

async function failure(script: string, code?: string, options = {}): Promise<string> {
  try {
    await trace(script, code, options);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('the script did not fail');
}

const REST = 'fault: function() {}, result: function() { return this.seen; }';
const each = (expression: string) =>
  `{seen: [], step: function(log, db) { this.seen.push(${expression}); }, ${REST}}`;

describe('what a script is told of instructions', { skip }, () => {
  const cases: readonly (readonly [name: string, expression: string, expected: unknown])[] = [
    ['names', 'log.op.toString()', ['PUSH1', 'PUSH1', 'PUSH0', 'SSTORE', 'STOP']],
    ['numbers', 'log.op.toNumber()', [0x60, 0x60, 0x5f, 0x55, 0]],
    ['pushes', 'log.op.isPush()', [true, true, true, false, false]],
    ['places', 'log.getPC()', [0, 2, 4, 5, 6]],
    ['costs before they are paid', 'log.getCost()', [3, 3, 2, 22100, 0]],
    ['heights', 'log.stack.length()', [0, 1, 2, 3, 1]],
    ['depths', 'log.getDepth()', [1, 1, 1, 1, 1]],
    ['no errors', 'log.getError()', [null, null, null, null, null]],
    [
      'the state before each',
      'toHex(db.getState(log.contract.getAddress(), toWord("0x0"))).slice(-2)',
      ['00', '00', '00', '00', '01'],
    ],
    ['memory', 'log.memory.length()', [0, 0, 0, 0, 0]],
    ['their contract', 'toHex(log.contract.getAddress())', Array(5).fill(TO)],
  ];
  for (const [name, expression, expected] of cases) {
    test(name, async () => assert.deepEqual(await trace(each(expression)), expected));
  }

  test('gas goes down by the costs', async () => {
    const seen = (await trace(each('[log.getGas(), log.getCost()]'))) as [number, number][];
    const [first] = seen;
    let left = first?.[0] ?? 0;
    for (const [gas, cost] of seen) {
      assert.equal(gas, left);
      left -= cost;
    }
  });

  test('stack and memory are as an instruction finds them', async () => {
    const code = hexOf('PUSH 0xff PUSH0 MSTORE8 PUSH 7 PUSH0 MLOAD POP POP STOP');
    const script = each(
      'log.op.toString() === "POP" ? [log.stack.peek(0).toString(16).slice(0, 4), ' +
        'log.memory.slice(0, 2), log.memory.getUint(0).equals(log.stack.peek(0))] : 0',
    );
    const found = (await trace(script, code)) as unknown[];
    const [first, second] = found.filter((item) => item !== 0);
    assert.deepEqual(first, ['ff00', { 0: 255, 1: 0 }, true]);
    assert.deepEqual(second, ['7', { 0: 255, 1: 0 }, false]);
  });

  test('a refund is told', async () => {
    const node = createTestNode();
    await node.rpc('anvil_setStorageAt', TO, '0x0', `0x${'1'.padStart(64, '0')}`);
    const code = hexOf('PUSH0 PUSH0 SSTORE STOP');
    assert.deepEqual(await trace(each('log.getRefund()'), code, { node }), [0, 0, 0, 4800]);
  });
});

describe('what a script is told of failures', { skip }, () => {
  const script = `{seen: [],
    step: function(log) { if (log.getError()) this.seen.push(['step', log.getError()]); },
    fault: function(log) { this.seen.push(['fault', log.op.toString(), log.getError()]); },
    result: function(ctx) { return [this.seen, ctx.error]; }}`;
  const cases: readonly (readonly [code: string, expected: unknown])[] = [
    [
      hexOf('PUSH0 PUSH0 REVERT'),
      [[['fault', 'REVERT', 'execution reverted']], 'execution reverted'],
    ],
    ['0x5f56', [[['fault', 'JUMP', 'invalid jump destination']], 'invalid jump destination']],
    ['0x01', [[['step', 'stack underflow (0 <=> 2)']], 'stack underflow (0 <=> 2)']],
    [
      '0x0c',
      [
        [['fault', 'opcode 0xc not defined', 'invalid opcode: opcode 0xc not defined']],
        'invalid opcode: opcode 0xc not defined',
      ],
    ],
  ];
  for (const [code, expected] of cases) {
    test(code, async () => assert.deepEqual(await trace(script, code), expected));
  }

  test('no gas left is told by the step', async () => {
    const [seen, error] = (await trace(script, LOOP_CODE, { gas: '0x5300' })) as [
      string[][],
      string,
    ];
    assert.equal(error, 'out of gas');
    assert.deepEqual(seen, [['step', 'out of gas']]);
  });
});

describe('frames', { skip }, () => {
  const script = `{seen: [],
    enter: function(frame) {
      var value = frame.getValue();
      this.seen.push([frame.getType(), toHex(frame.getFrom()), toHex(frame.getTo()),
        toHex(frame.getInput()), value === undefined ? null : value.toString()]);
    },
    exit: function(res) { this.seen.push([toHex(res.getOutput()), res.getError() || '']); },
    fault: function() {}, result: function(ctx, db) { return this.seen; }}`;

  test('are told as they begin and end, the outermost left out', async () => {
    const node = createTestNode();
    await node.rpc('anvil_setCode', OTHER, REVERT_CODE);
    const code = hexOf(`
      PUSH0 PUSH0 PUSH0 PUSH0 PUSH 0xc1 GAS STATICCALL POP
      PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 PUSH 0xb0 GAS CALL STOP`);
    const found = (await trace(script, code, { node })) as string[][];
    assert.deepEqual(
      found.map(([first]) => first?.slice(0, 12)),
      ['STATICCALL', '0x08c379a000', 'CALL', '0x'],
    );
    assert.deepEqual(found[0], ['STATICCALL', TO, OTHER, '0x', null]);
    assert.equal(found[1]?.[1], 'execution reverted');
    assert.deepEqual(found[2]?.slice(3), ['0x', '0']);
    assert.deepEqual(found[3], ['0x', '']);
  });

  test('a self-destruction is one', async () => {
    const found = (await trace(script, hexOf('PUSH 0xb0 SELFDESTRUCT'))) as string[][];
    assert.deepEqual(found, [
      ['SELFDESTRUCT', TO, '0x00000000000000000000000000000000000000b0', '0x', '0'],
      ['0x', ''],
    ]);
  });

  test('code that is called by delegation has the contract of its caller', async () => {
    const node = createTestNode();
    await node.rpc('anvil_setCode', OTHER, '0x00');
    const code = hexOf('PUSH0 PUSH0 PUSH0 PUSH0 PUSH 0xc1 GAS DELEGATECALL STOP');
    const own = each(
      'toHex(log.contract.getAddress()) + toHex(log.contract.getCaller()) + log.contract.getValue()',
    );
    const from = node.accounts[0];
    const seen = (await trace(own, code, { node, from, value: '0x5' })) as string[];
    assert.deepEqual([...new Set(seen)], [`${TO}${from}5`]);
    assert.equal(seen.length, 9);
  });
});

describe('transactions', { skip }, () => {
  test('the result has what it was, and the state after it', async () => {
    const { rpc, accounts } = createTestNode();
    const [from, to] = accounts;
    const hash = await rpc('eth_sendTransaction', { from, to, value: '0x5', data: '0xabcd' });
    const tracer = `{fault: function() {}, result: function(ctx, db) {
      return [ctx.type, toHex(ctx.from), toHex(ctx.to), toHex(ctx.input), ctx.gasUsed, ctx.value,
        ctx.block, toHex(ctx.txHash), ctx.txIndex, db.getNonce(ctx.from), db.exists(ctx.to),
        db.getBalance(ctx.to).toString(), toHex(db.getCode(ctx.to)), ctx.error === undefined];
    }}`;
    const found = await rpc('debug_traceTransaction', hash, { tracer });
    const balance = String(BigInt(await rpc('eth_getBalance', to, 'latest')));
    const start = ['CALL', from, to, '0xabcd', 21_080, '5', 1, hash, 0, 1, true, balance];
    assert.deepEqual(found, [...start, '0x', true]);
  });

  test('each of a block begins anew', async () => {
    const { rpc, accounts } = createTestNode();
    await rpc('evm_setAutomine', false);
    const [from, to] = accounts;
    for (let nonce = 0; nonce < 3; nonce++) await rpc('eth_sendTransaction', { from, to });
    await rpc('evm_mine');
    const tracer =
      '{result: function() { count = (typeof count === "undefined" ? 0 : count) + 1; return count; },' +
      ' fault: function() {}}';
    const found = await rpc('debug_traceBlockByNumber', '0x1', { tracer });
    assert.deepEqual(
      found.map(({ result }: { result: number }) => result),
      [1, 1, 1],
    );
  });

  test('a creation has its address and its code', async () => {
    const { rpc, accounts } = createTestNode();
    const data = initCode('0x00');
    const hash = await rpc('eth_sendTransaction', { from: accounts[0], data });
    const { contractAddress } = await rpc('eth_getTransactionReceipt', hash);
    const tracer = `{fault: function() {}, result: function(ctx, db) { return [ctx.type,
      toHex(ctx.to), toHex(db.getCode(ctx.to)), toHex(toContract(ctx.from, 0))]; }}`;
    const found = await rpc('debug_traceTransaction', hash, { tracer });
    assert.deepEqual(found, ['CREATE', contractAddress, '0x00', contractAddress]);
  });

  test('scripts stand beside other tracers', async () => {
    const { rpc, accounts } = createTestNode();
    const [from, to] = accounts;
    const hash = await rpc('eth_sendTransaction', { from, to });
    const script = '{result: function() { return 7; }, fault: function() {}}';
    const tracerConfig = { noopTracer: {}, [script]: {} };
    const options = { tracer: 'muxTracer', tracerConfig };
    const found = await rpc('debug_traceTransaction', hash, options);
    assert.deepEqual(found, { noopTracer: {}, [script]: 7 });
  });
});

describe('helpers', { skip }, () => {
  const salt = `0x${'0'.repeat(64)}`;
  const cases: readonly (readonly [expression: string, expected: unknown])[] = [
    ['toHex([1, 255])', '0x01ff'],
    ['toHex(toAddress("0xff"))', `0x${'ff'.padStart(40, '0')}`],
    ['toHex(toWord("0xffaa"))', `0x${'ffaa'.padStart(64, '0')}`],
    ['toHex(slice(toWord("0xffaa"), 30, 32))', '0xffaa'],
    ['isPrecompiled(toAddress("0x9"))', true],
    ['isPrecompiled(toAddress("0x12345"))', false],
    // The first example of EIP-1014.
    [
      `toHex(toContract2("0x${'0'.repeat(40)}", "${salt}", "0x00"))`,
      '0x4d1a2e2bb4f88f0250f26ffff098b0b30b26bf38',
    ],
    ['bigInt(7).add(5).multiply("2").toString(16)', '18'],
    ['bigInt("ff", 16)', '255'],
    ['bigInt(2).pow(255).shiftRight(250).toJSNumber()', 32],
    ['[bigInt(3).compare(4), bigInt(4).gt(3), bigInt(-4).abs().isEven()]', [-1, true, true]],
    ['bigInt(17).divmod(5)', { quotient: '3', remainder: '2' }],
    ['bigInt(3).modPow(200, 13)', '9'],
    ['[bigInt.max(3, 9), bigInt.lcm(4, 6), bigInt.one.plus(1)]', ['9', '12', '2']],
    ['bigInt(3) + 1', 4],
    ['undefined', null],
  ];
  for (const [expression, expected] of cases) {
    test(expression, async () => {
      const script = `{fault: function() {}, result: function() { return ${expression}; }}`;
      assert.deepEqual(await trace(script), expected);
    });
  }

  test('the configuration comes as a text', async () => {
    const script = `{setup: function(text) { this.config = text; }, fault: function() {},
      result: function() { return this.config; }}`;
    assert.equal(await trace(script), '{}');
    assert.equal(await trace(script, undefined, { config: { a: [1] } }), '{"a":[1]}');
  });
});

describe('mistakes of a script', { skip }, () => {
  const cases: readonly (readonly [script: string, expected: string | RegExp])[] = [
    ['{step: function() {', /^SyntaxError: /],
    ['{fault: function() {}}', 'trace object must expose a function result()'],
    ['{result: function() {}}', 'trace object must expose a function fault()'],
    [
      '{result: function() {}, fault: function() {}, enter: function() {}}',
      'trace object must expose either both or none of enter() and exit()',
    ],
    [
      each('log.stack.peek(-1)'),
      "tracer accessed out of bound stack: size 0, index -1    in server-side tracer function 'step'",
    ],
    [
      each('log.memory.slice(-1, -2)'),
      "tracer accessed out of bound memory: offset -1, end -2    in server-side tracer function 'step'",
    ],
    [
      each('log.memory.slice(5, 1025 * 1024)'),
      "reached limit for padding memory slice: 1049600    in server-side tracer function 'step'",
    ],
    [
      each('log.memory.getUint(-64)'),
      'tracer accessed out of bound memory: available 0, offset -64, size 32' +
        "    in server-side tracer function 'step'",
    ],
    [
      '{fault: function() {}, result: function() { throw new Error("mine"); }}',
      "Error: mine    in server-side tracer function 'result'",
    ],
    [
      '{fault: function() {}, result: function() { return toHex(5); }}',
      "invalid buffer type    in server-side tracer function 'result'",
    ],
  ];
  for (const [script, expected] of cases) {
    test(script.slice(0, 70), async () => {
      const message = await failure(script);
      if (typeof expected === 'string') assert.equal(message, expected);
      else assert.match(message, expected);
    });
  }

  test('a name that is none is told as before', async () => {
    assert.match(await failure('fooTracer'), /^there is no tracer "fooTracer"/);
  });
});

describe('what a script may not do', { skip }, () => {
  const result = (body: string) => `{fault: function() {}, result: function() { ${body} }}`;

  for (const body of [
    'while (true);',
    'Array.prototype.indexOf.call({ length: 9e15 }, 1);',
    'try { while (true); } catch (e) {} return 1;',
    'var a = new Uint8Array(8 << 20), b = new Uint8Array(8 << 20); while (true) a.set(b);',
  ]) {
    test(`it ends: ${body.slice(0, 40)}`, async () => {
      assert.match(await failure(result(body)), /^the script was stopped: it may take 1000000000/);
    });
  }

  test('its memory has an end', async () => {
    const message = await failure(result('var a = []; for (;;) a.push(new Array(1000).fill(1));'));
    assert.match(message, /out of memory/);
  });

  test('its calls within each other have an end', async () => {
    const message = await failure(result('return (function f() { return f() + 1; })();'));
    assert.match(message, /RangeError|stack/);
  });

  test('it reaches nothing of the process, has no clock and no chance', async () => {
    const names = 'process require fetch WebAssembly setTimeout console performance';
    const found = await trace(
      result(`return ["${names}".split(" ").filter(function(name) {
        return name !== "performance" && typeof globalThis[name] !== "undefined"; }),
        Date.now(), Math.random(), (function() { return typeof this; })(),
        (0, eval)("this").constructor.constructor("return typeof process")()];`),
    );
    const again = await trace(result('return Math.random();'));
    const [globals, now, random, , type] = found as unknown[];
    assert.deepEqual([globals, now, type], [[], 0, 'undefined']);
    assert.equal(random, again);
  });

  test('a request after one that was stopped is served', async () => {
    const node = createTestNode();
    await failure(result('while (true);'), undefined, { node });
    assert.equal(await trace(result('return 1;'), undefined, { node }), 1);
  });
});

test('the package can be given where it cannot be imported', { skip }, async () => {
  const { QuickJS } = await import(String('quickjs-wasi'));
  const { readFileSync } = await import('node:fs');
  const wasm = readFileSync(join(FOLDER, 'quickjs.wasm'));
  const node = createTestNode({ quickJs: { QuickJS, wasm } });
  assert.equal(await trace(each('1').replace('this.seen;', '3;'), undefined, { node }), 3);
});

test('a package that is broken is told from one that is not there', async () => {
  const problems = [
    [
      'is not there',
      { code: 'ERR_MODULE_NOT_FOUND', message: "Cannot find package 'quickjs-wasi'" },
    ],
    ['cannot be loaded: half of it', { message: 'half of it' }],
  ] as const;
  for (const [problem, how] of problems) {
    const hooks = registerHooks({
      resolve(specifier, context, next) {
        if (specifier === 'quickjs-wasi') throw Object.assign(new Error(), how);
        return next(specifier, context);
      },
    });
    try {
      const message = await failure(each('1'));
      assert.ok(message.includes(`run in QuickJS, which ${problem}`), message);
    } finally {
      hooks.deregister();
    }
  }
});

test('without the package the error says how to get it', async () => {
  const { LockstepError } = await import('../../src/base/errors.ts');
  const { message, remedy } = new LockstepError('L1702', { problem: 'is not there' });
  assert.equal(
    `${message}. ${remedy}`,
    'tracers in JavaScript run in QuickJS, which is not there. ' +
      'Run: npm install quickjs-wasi. In a bundle or a page give the option quickJs.',
  );
});
