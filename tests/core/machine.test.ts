/**
 * The core's table, its encoding, and what one step may do.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CoreInst, decodeCore, encodeCore, printCore } from '../../src/dmir/core/encoding.ts';
import { run, step } from '../../src/dmir/core/machine.ts';
import {
  CORE_OP_COUNT_MAX,
  CORE_OP_NAMES,
  CORE_OPS,
  type CoreFormat,
  type CoreOpName,
  STEP_ACCESSES_MAX,
  STEP_READS_MAX,
  STEP_WRITES_MAX,
} from '../../src/dmir/core/ops.ts';
import * as spaces from '../../src/dmir/core/spaces.ts';
import { CoreMachine } from '../../src/dmir/core/state.ts';
import { CoreBuilder } from '../../src/dmir/expand/builder.ts';
import { TRAP_KINDS } from '../../src/dmir/ops.ts';
import * as layout from '../../src/kernel/layout.ts';
import { createPrng, type Prng } from '../support/prng.ts';

function inst(op: CoreOpName, fields: Partial<CoreInst> = {}): CoreInst {
  return { op, aux: 0, d: 0, a: 0, b: 0, ...fields };
}

function program(...insts: CoreInst[]): BigUint64Array {
  return BigUint64Array.from(insts, encodeCore);
}

/** Fields that a random instruction of a format may set. */
const SETTABLE: Readonly<Record<CoreFormat, readonly ('aux' | 'd' | 'a' | 'b')[]>> = {
  none: [],
  d: ['d'],
  a: ['a'],
  xa: ['aux', 'a'],
  ab: ['aux', 'a', 'b'],
  da: ['d', 'a'],
  dab: ['d', 'a', 'b'],
  dai: ['d', 'a', 'b'],
  di: ['d', 'a', 'b'],
  load: ['aux', 'd', 'a', 'b'],
  store: ['aux', 'd', 'a', 'b'],
  jump: ['a', 'b'],
  branch: ['d', 'a', 'b'],
  call: ['d', 'a', 'b'],
  number: ['aux', 'a', 'b'],
};

function randomInst(random: Prng, op: CoreOpName): CoreInst {
  const fields: Partial<Record<'aux' | 'd' | 'a' | 'b', number>> = {};
  for (const field of SETTABLE[CORE_OPS[op].format]) {
    fields[field] = random.below(field === 'aux' ? 256 : 65536);
  }
  return inst(op, fields);
}

describe('the core table', () => {
  test(`has at most ${CORE_OP_COUNT_MAX} operations within the bounds of a step`, () => {
    assert.ok(CORE_OP_NAMES.length <= CORE_OP_COUNT_MAX, `${CORE_OP_NAMES.length} operations`);
    for (const name of CORE_OP_NAMES) {
      const { reads, writes, accesses } = CORE_OPS[name];
      assert.ok(reads <= STEP_READS_MAX, name);
      assert.ok(writes <= STEP_WRITES_MAX, name);
      assert.ok(accesses <= STEP_ACCESSES_MAX, name);
    }
  });

  test('numbers schedule entries and regions as the kernel does', () => {
    assert.deepEqual(
      [
        spaces.SCHEDULE_MEMORY_LINEAR,
        spaces.SCHEDULE_MEMORY_QUADRATIC,
        spaces.SCHEDULE_COPY_WORD,
        spaces.SCHEDULE_KECCAK_WORD,
        spaces.SCHEDULE_LOG_BYTE,
        spaces.REGION_SPACE_COUNT,
      ],
      [
        layout.S_MEMORY_LINEAR,
        layout.S_MEMORY_QUADRATIC,
        layout.S_COPY_WORD,
        layout.S_KECCAK_WORD,
        layout.S_LOG_BYTE,
        layout.REGION_COUNT_MAX,
      ],
    );
  });

  test('trap kinds fit the aux byte', () => assert.ok(TRAP_KINDS.length <= 256));
});

describe('the core encoding', () => {
  test('decodes what it encodes', () => {
    const random = createPrng(1);
    for (const op of CORE_OP_NAMES) {
      for (let i = 0; i < 50; i++) {
        const before = randomInst(random, op);
        assert.deepEqual(decodeCore(encodeCore(before)), before);
      }
    }
  });

  test('encodes what it decodes, and refuses other words', () => {
    const random = createPrng(2);
    let refused = 0;
    for (let i = 0; i < 5000; i++) {
      const word = (random.bigint(56) << 8n) | BigInt(random.below(CORE_OP_NAMES.length + 4));
      const found = decodeCore(word);
      if (found === null) refused++;
      else assert.equal(encodeCore(found), word);
    }
    assert.ok(refused > 0);
  });

  test('lays the fields out as documented', () => {
    const word = encodeCore(inst('ld', { aux: 0x12, d: 0x3456, a: 0x789a, b: 0xbcde }));
    const code = BigInt(CORE_OP_NAMES.indexOf('ld'));
    assert.equal(word, 0xbcde_789a_3456_1200n | code);
  });

  test('refuses a field that is out of range or unused', () => {
    assert.throws(() => encodeCore(inst('add', { d: 65536 })), /BUG: field d of add/);
    assert.throws(() => encodeCore(inst('ret', { a: 1 })), /BUG: ret has no field a/);
  });

  test('prints instructions', () => {
    assert.equal(printCore(inst('add', { d: 1, a: 2, b: 3 })), 'add r1, r2, r3');
    assert.equal(printCore(inst('ld', { aux: 8, d: 1, a: 2, b: 16 })), 'ld r1, [8: r2 + 16]');
    assert.equal(printCore(inst('brz', { d: 4, a: 9 })), 'brz r4, @9');
    assert.equal(printCore(inst('ret')), 'ret');
  });
});

/** Three registers in their places. */
const FIELDS: Readonly<Record<CoreFormat, Partial<CoreInst>>> = {
  none: {},
  d: { d: 1 },
  a: { a: 2 },
  xa: { a: 2 },
  ab: { a: 2, b: 3 },
  da: { d: 1, a: 2 },
  dab: { d: 1, a: 2, b: 3 },
  dai: { d: 1, a: 2, b: 3 },
  di: { d: 1 },
  load: { d: 1, a: 2 },
  store: { a: 2, b: 3 },
  jump: {},
  branch: { d: 1 },
  call: {},
  number: {},
};

describe('a step of the core', () => {
  /** Each operation once, behind a call so that `ret` has somewhere to go. */
  for (const op of CORE_OP_NAMES) {
    test(`${op} does what its row says`, () => {
      const { reads, writes, accesses } = CORE_OPS[op];
      const code = program(inst('call', { d: 8, a: 1 }), inst(op, FIELDS[CORE_OPS[op].format]));
      const machine = new CoreMachine({
        code,
        chips: { cell: () => undefined, log: () => undefined },
      });
      machine.tape.push(5n);
      step(machine);
      step(machine);
      assert.deepEqual(
        [machine.readCount, machine.writeCount, machine.accessCount],
        [reads, writes, accesses],
      );
      assert.equal(machine.steps, 2);
    });
  }

  test('a constant of 64 bits is two instructions', () => {
    const b = new CoreBuilder();
    b.beginFrame(2);
    b.const(0, 0xffff_fffen);
    b.const(1, 0x1234_5678_9abc_def0n);
    b.emit('ret');
    b.endFrame();
    const machine = new CoreMachine({ code: b.finish() });
    assert.equal(machine.code.length, 4);
    assert.equal(run(machine, 10), 'ended');
    assert.deepEqual(
      [machine.peekRegister(0), machine.peekRegister(1)],
      [0xffff_fffen, 0x1234_5678_9abc_def0n],
    );
  });

  test('an unaligned access traps', () => {
    const code = program(inst('li', { d: 1, a: 4 }), inst('ld', { d: 2, a: 1 }));
    const machine = new CoreMachine({ code });
    run(machine, 10);
    assert.deepEqual(machine.outcome, { kind: 'trap', trap: 'out-of-bounds', code: 0 });
    assert.equal(machine.pc, 1);
  });

  test('leaving the code traps', () => {
    const machine = new CoreMachine({ code: program(inst('li', { d: 1, a: 4 })) });
    run(machine, 10);
    assert.deepEqual(machine.outcome, { kind: 'trap', trap: 'invalid-opcode', code: 0 });
  });

  test('a step that finds the tape empty is made again', () => {
    const machine = new CoreMachine({ code: program(inst('tape', { d: 3 }), inst('ret')) });
    assert.equal(run(machine, 10), 'tape');
    assert.deepEqual([machine.pc, machine.steps], [0, 0]);
    machine.resume([9n]);
    assert.equal(run(machine, 10), 'ended');
    assert.deepEqual([machine.peekRegister(3), machine.steps], [9n, 2]);
  });

  test('a charge beyond the gas takes nothing', () => {
    const code = program(inst('li', { d: 1, a: 8 }), inst('charge', { a: 1 }), inst('ret'));
    const short = new CoreMachine({ code, gas: 7n });
    run(short, 10);
    assert.deepEqual(short.outcome, { kind: 'trap', trap: 'out-of-gas', code: 0 });
    assert.equal(short.gas, 7n);
    const enough = new CoreMachine({ code, gas: 8n });
    run(enough, 10);
    assert.deepEqual([enough.outcome, enough.gas], [{ kind: 'return' }, 0n]);
  });

  test('a run stops at any step and goes on', () => {
    const code = program(
      inst('li', { d: 1, a: 100 }),
      inst('add', { d: 2, a: 2, b: 1 }),
      inst('addi', { d: 1, a: 1, b: 0xffff }),
      inst('brnz', { d: 1, a: 1 }),
      inst('ret'),
    );
    const whole = new CoreMachine({ code });
    run(whole, 10_000);
    const parts = new CoreMachine({ code });
    while (run(parts, 7) === 'running');
    assert.deepEqual([parts.peekRegister(2), parts.steps], [5050n, whole.steps]);
    assert.equal(whole.peekRegister(2), 5050n);
  });
});
