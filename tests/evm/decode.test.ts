/** Decoding, disassembly and assembly of EVM code. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assemble } from '../../src/vms/evm/assemble.ts';
import {
  findJumpDestinations,
  iterateInstructions,
  JumpDestinations,
  readPush,
} from '../../src/vms/evm/decode.ts';
import { disassemble } from '../../src/vms/evm/disassemble.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const marked = (code: Uint8Array) =>
  [...findJumpDestinations(code)].flatMap((mark, pc) => (mark === 1 ? [pc] : []));

/** Deterministic bytes; PUSH opcodes and JUMPDEST are frequent. */
function sampleCode(seed: number, size: number): Uint8Array {
  let state = seed >>> 0;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const kind = state >>> 30;
    const byte = (state >>> 16) & 0xff;
    return kind === 0 ? 0x60 + (byte & 31) : kind === 1 ? 0x5b : byte;
  });
}

describe('findJumpDestinations', () => {
  it('skips what PUSH holds', () => {
    assert.deepEqual(marked(hex('5b605b5b615b5b5b')), [0, 3, 7]);
    assert.deepEqual(marked(hex(`7f${'5b'.repeat(32)}5b`)), [33]);
    assert.deepEqual(marked(hex('5f5b')), [1]);
  });

  it('takes code that ends inside a PUSH, and empty code', () => {
    assert.deepEqual(marked(hex('5b7f5b5b')), [0]);
    assert.deepEqual(marked(hex('')), []);
  });

  it('agrees with the instruction iteration on sample code', () => {
    for (let seed = 0; seed < 200; seed++) {
      const code = sampleCode(seed, seed);
      const starts = [...iterateInstructions(code)];
      const expected = starts.filter((one) => one.row?.name === 'JUMPDEST').map((one) => one.pc);
      assert.deepEqual(marked(code), expected, `seed ${seed}`);
    }
  });
});

describe('JumpDestinations', () => {
  const codes = [
    ...Array.from({ length: 200 }, (_, seed) => sampleCode(seed, seed)),
    // Code that is hardest to look back over: all of it PUSH1, or PUSH32.
    hex(`${'60'.repeat(301)}5b`),
    hex(`${'60'.repeat(302)}5b`),
    hex(`${'7f'.repeat(330)}5b`),
    hex(`${'7f'.repeat(331)}5b`),
  ];

  it('answers each question as the marks do, whether asked first or late', () => {
    for (const code of codes) {
      const marks = findJumpDestinations(code);
      const asked = new JumpDestinations(code);
      for (let pc = code.length + 1; pc >= 0; pc--) {
        const isMarked = marks[pc] === 1;
        assert.equal(new JumpDestinations(code).has(pc), isMarked, `${toHex(code)} at ${pc}`);
        assert.equal(asked.has(pc), isMarked, `${toHex(code)} at ${pc}, late`);
      }
      assert.deepEqual(asked.marks, marks);
    }
  });
});

describe('readPush', () => {
  it('reads big-endian, with zeros past the end', () => {
    assert.equal(readPush(hex('6080'), 0), 0x80n);
    assert.equal(readPush(hex('5f'), 0), 0n);
    assert.equal(readPush(hex('6201'), 0), 0x010000n);
    const full = '0123456789abcdef'.repeat(4);
    assert.equal(readPush(hex(`7f${full}`), 0), BigInt(`0x${full}`));
    assert.equal(readPush(hex('7fff'), 0), 0xffn << 248n);
  });
});

describe('disassemble', () => {
  it('shows positions, operands, targets, unknown bytes and cut-off pushes', () => {
    assert.deepEqual(disassemble(hex('6080604052600956fe5b0c600057620102')), [
      '0000: PUSH1 0x80',
      '0002: PUSH1 0x40',
      '0004: MSTORE',
      '0005: PUSH1 0x09',
      '0007: JUMP ; to 0x9',
      '0008: INVALID',
      '0009: JUMPDEST',
      '000a: INVALID(0x0c)',
      '000b: PUSH1 0x00',
      '000d: JUMPI ; to 0x0, which is no jump destination',
      '000e: PUSH3 0x0102...',
    ]);
    assert.deepEqual(disassemble(hex('62')), ['0000: PUSH3 0x...']);
    assert.deepEqual(disassemble(hex('')), []);
  });

  it('shows opcodes of later forks as invalid', () => {
    assert.deepEqual(disassemble(hex('5f1e'), { fork: 'shanghai' }), [
      '0000: PUSH0',
      '0001: INVALID(0x1e)',
    ]);
  });
});

describe('assemble', () => {
  const CASES: readonly (readonly [source: string, code: string])[] = [
    ['PUSH1 1\nPUSH1 2\nADD', '6001600201'],
    ['PUSH 0 PUSH 255 PUSH 0x100 PUSH 0x00ff', '5f60ff61010060ff'],
    ['PUSH2 -1 PUSH -1', `61ffff7f${'ff'.repeat(32)}`],
    ['PUSH3 0x01', '62000001'],
    ['loop: JUMPDEST PUSH1 @loop JUMP ; for ever', '5b600056'],
    ['PUSH @end JUMP end: JUMPDEST', '610004565b'],
    ['DIFFICULTY SHA3 DATA 0x6001 INVALID(0x0c)', '442060010c'],
    ['', ''],
  ];
  for (const [source, code] of CASES) {
    it(JSON.stringify(source), () => assert.equal(toHex(assemble(source)), code));
  }

  const ERRORS: readonly (readonly [source: string, message: RegExp])[] = [
    ['ADD\nadd', /line 2: 'add' is no opcode/],
    ['PUSH1', /line 1: PUSH1 lacks its operand/],
    ['PUSH1 256', /256 does not fit 1 bytes/],
    ['PUSH1 -129', /-129 does not fit 1 bytes/],
    ['PUSH1 x', /'x' is no number/],
    ['PUSH @nowhere', /label 'nowhere' is not defined/],
    ['a: a:', /label 'a' is defined twice/],
    ['PUSH2 0x01... ADD', /must be the last item/],
    ['PUSH1 0x01...', /fewer than 1 bytes/],
    ['DATA 0x123', /is no hex/],
    [`PUSH 0x1${'0'.repeat(64)}`, /does not fit 256 bits/],
    ['toString', /'toString' is no opcode/],
  ];
  for (const [source, message] of ERRORS) {
    it(`refuses ${JSON.stringify(source)}`, () => assert.throws(() => assemble(source), message));
  }

  it('reads disassembled code back to the same bytes', () => {
    for (let seed = 0; seed < 300; seed++) {
      const code = sampleCode(seed, seed);
      for (const fork of ['frontier', 'osaka'] as const) {
        assert.deepEqual(assemble(disassemble(code, { fork }).join('\n')), code, `seed ${seed}`);
      }
    }
  });
});
