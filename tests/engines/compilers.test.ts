/**
 * The compilers against the interpreter: generated programs under the same rules must come to the
 * same outcome, logs, writes, state and count of operations, whatever is compiled and when.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMachine, type EvmMachine } from '../../src/chain/machine.ts';
import type { DeployOutcome, Outcome } from '../../src/chain/types.ts';
import { COMPILERS, type CompilerName, reachable } from '../../src/engines/tiers/compilers.ts';
import { assemble } from '../../src/vms/evm/assemble.ts';
import { Lowerer } from '../../src/vms/evm/lower.ts';
import { createEvmSource } from '../../src/vms/evm/source.ts';
import { CASE_BLOCK, type Case } from '../oracle/case.ts';
import { generateCase, MODE_NAMES } from '../oracle/generate.ts';
import { observe } from '../oracle/observe.ts';
import { MachineSide } from '../oracle/side.ts';
import { loadSpecimens } from '../oracle/specimens.ts';

const SEEDS = 150;
const COMPILER_NAMES = Object.keys(COMPILERS) as CompilerName[];

/** A side that also counts operations. */
class CountingSide extends MachineSide {
  readonly steps: bigint[] = [];

  constructor(machine: EvmMachine) {
    super({
      state: machine.state,
      snapshot: () => machine.snapshot(),
      restore: (mark) => machine.restore(mark),
      call: (options) => this.#note(machine.call(options)),
      deploy: (options) => this.#note(machine.deploy(options)),
      callAsync: (options) => machine.callAsync(options),
      trace: (options, onStep) => machine.trace(options, onStep),
    });
  }

  #note<T extends Outcome | DeployOutcome>(outcome: T): T {
    this.steps.push(outcome.steps);
    return outcome;
  }

  observe(value: Case) {
    const { detail: _detail, ...observed } = this.run(value);
    return { ...observed, steps: this.steps.pop() };
  }
}

const interpreter = () => new CountingSide(createMachine({ block: CASE_BLOCK }));

const compiler = (engine: CompilerName, entriesMin: number) =>
  new CountingSide(createMachine({ block: CASE_BLOCK, engine, tier: { entriesMin } }));

const chaos = () =>
  new CountingSide(createMachine({ block: CASE_BLOCK, engine: 'chaos', tier: { seed: 7 } }));

describe('compilers do what the interpreter does', () => {
  for (const mode of MODE_NAMES) {
    it(`${mode} programs, compiled at once, after two entries, and now and then`, async () => {
      const specimens = await loadSpecimens();
      const compilers = COMPILER_NAMES.flatMap((name) => [compiler(name, 0), compiler(name, 2)]);
      const sides = [interpreter(), ...compilers, chaos()];
      for (let seed = 0; seed < SEEDS; seed++) {
        const { value, prng } = generateCase({ seed: 40_000 + seed, mode, specimens });
        const limits = [value.message.gas, BigInt(prng.below(Number(value.message.gas)))];
        for (const gas of limits) {
          const one = { ...value, message: { ...value.message, gas } };
          const [wanted, ...others] = sides.map((side) => side.observe(one));
          for (const other of others) {
            // Where a program halts, and after how many operations, is diagnostic.
            if (wanted?.status === 'halt') Object.assign(other, { steps: wanted.steps });
            assert.deepEqual(other, wanted, `seed ${40_000 + seed}, gas ${gas}`);
          }
        }
      }
    });
  }
});

const LOOP = `
  PUSH0
  loop: JUMPDEST
  PUSH1 1 ADD
  DUP1 DUP1 MUL PUSH1 0x40 MSTORE
  DUP1 PUSH2 1000 GT PUSH1 @loop JUMPI
  PUSH0 MSTORE PUSH1 0x20 PUSH0 RETURN`;

const CODE_BYTES_MAX = 0x6000;
const fill = (text: string): Uint8Array => {
  const unit = assemble(text);
  return new Uint8Array(CODE_BYTES_MAX).map((_, i) => unit[i % unit.length] as number);
};

/** Contracts that ask as much of a compiler as their size allows. */
const HOSTILE: Readonly<Record<string, Uint8Array>> = {
  'jump destinations': fill('JUMPDEST'),
  'computed jumps': fill('JUMPDEST PUSH0 CALLDATALOAD JUMP'),
  'jumps to one block': fill('JUMPDEST PUSH0 JUMPI'),
  sums: fill('DUP2 DUP2 ADD'),
  products: fill('DUP2 DUP2 MUL'),
  comparisons: fill('DUP2 DUP2 SLT'),
  'bytes shifted': fill('DUP2 DUP2 SHL'),
  'words of the memory': fill('DUP1 MLOAD DUP2 MSTORE'),
  'slots in the wrong order': fill('SWAP15 SWAP7 SWAP3 SWAP11'),
  'constants stored': fill('PUSH32 -1 PUSH32 -2'),
};
/** Bytes of WebAssembly that an EVM instruction becomes, of those contracts. */
const BYTES_MAX = 400;

for (const engine of COMPILER_NAMES) {
  describe(`code of ${engine}`, () => testCode(engine));
  describe(`code of ${engine} reaches memory`, () => testMemory(engine));
}

function testCode(engine: CompilerName): void {
  it('is the same for the same blocks', () => {
    const bytes = [0, 1].map(() => {
      const source = createEvmSource(new Lowerer(assemble(LOOP), { fork: 'osaka' }));
      return COMPILERS[engine]({ source, blocks: [0, 1] })?.bytes;
    });
    assert(bytes[0] !== undefined);
    assert.deepEqual(bytes[0], bytes[1]);
    assert(WebAssembly.validate(bytes[0]));
  });

  it('is bounded for hostile contracts', () => {
    for (const [name, code] of Object.entries(HOSTILE)) {
      const source = createEvmSource(new Lowerer(code, { fork: 'osaka' }));
      const blocks = reachable(source);
      let instructions = 0;
      for (const id of blocks) instructions += source.lower(id).instructionCount;
      const made = COMPILERS[engine]({ source, blocks });
      assert(made !== undefined && WebAssembly.validate(made.bytes), name);
      const perInstruction = made.bytes.length / instructions;
      assert(perInstruction < BYTES_MAX, `${name}: ${perInstruction} bytes for an instruction`);
    }
  });

  it('is not made of a block that is too long', () => {
    const code = assemble('PUSH0 CALLDATALOAD PUSH0 MSTORE');
    const short = createEvmSource(new Lowerer(code, { fork: 'osaka' }));
    assert(COMPILERS[engine]({ source: short, blocks: [0] }) !== undefined);
    const { block, ...rest } = short.lower(0);
    const insts = [...Array(10_000).fill(block.insts[0]), ...block.insts];
    const lower = () => ({ ...rest, block: { ...block, insts } });
    const source = { ...short, lower };
    assert.equal(COMPILERS[engine]({ source, blocks: [0] }), undefined);
  });

  it('takes a running loop over', () => {
    const to = '0x00000000000000000000000000000000000000c0';
    const machine = createMachine({ engine, tier: { entriesMin: 1_000 } });
    const plain = createMachine();
    const code = assemble(LOOP.replace('PUSH2 1000', 'PUSH3 300000'));
    for (const each of [machine, plain]) each.state.setCode(to, code);
    const options = { to, gas: 100_000_000n } as const;
    const [a, b] = [machine.call(options), plain.call(options)];
    const program = machine.executor.codes.programOf(
      BigInt(`0x${Buffer.from(plain.executor.keccak256(code)).toString('hex')}`),
    );
    assert((program as unknown as { installed: Map<number, number> }).installed.size > 0);
    assert.deepEqual(observe(machine, a), observe(plain, b));
    assert.equal(a.steps, b.steps);
  });

  it('gives way to the interpreter where a run stops at a step', () => {
    const to = '0x00000000000000000000000000000000000000c0';
    const machine = createMachine({ engine, tier: { entriesMin: 0 } });
    machine.state.setCode(to, assemble(LOOP));
    assert.equal(machine.call({ to }).status, 'success');
    assert.equal(machine.start({ to }), undefined);
    machine.executor.machine.pauseAfter(100n);
    assert.equal(machine.executor.machine.advance(), undefined);
    assert.equal(machine.executor.machine.tier, undefined);
  });
}

function testMemory(engine: CompilerName): void {
  const to = '0x00000000000000000000000000000000000000c0';
  const sides = [createMachine(), createMachine({ engine, tier: { entriesMin: 0 } })];
  const TOP = 1n << 256n;
  const offsets = [0n, 1n, 31n, 32n, 1n << 31n, 1n << 32n, (1n << 64n) - 64n, 1n << 64n];
  offsets.push((1n << 192n) + 64n, TOP - 1n, TOP - 32n, TOP - 64n, TOP - 96n);
  const sequences = {
    'far apart': 'MSTORE8 PUSH1 7 PUSH1 64 DUP3 ADD MSTORE',
    'from one place': `PUSH1 7 DUP3 MSTORE PUSH1 8 DUP3 PUSH1 64 ADD MSTORE
      PUSH1 9 DUP3 PUSH1 32 ADD MSTORE DUP2 PUSH2 0x200 ADD MLOAD`,
    'only at steps': `PUSH1 8 DUP3 PUSH1 64 ADD MSTORE PUSH1 9 DUP3 PUSH1 96 ADD MSTORE`,
    'with the size between': `PUSH1 7 DUP3 MSTORE MSIZE PUSH1 8 DUP4 PUSH1 96 ADD MSTORE
      MSIZE PUSH1 64 MSTORE PUSH1 32 MSTORE`,
    'with the gas between': `PUSH1 7 DUP3 MSTORE GAS PUSH1 8 DUP4 PUSH1 96 ADD MSTORE
      GAS PUSH1 64 MSTORE PUSH1 32 MSTORE`,
  };
  for (const [name, sequence] of Object.entries(sequences)) {
    it(name, () => {
      for (const offset of offsets) {
        for (const source of ['PUSH0 CALLDATALOAD', `PUSH32 0x${offset.toString(16)}`]) {
          const end = 'MSIZE PUSH0 MSTORE PUSH1 0x80 PUSH0 RETURN';
          const code = assemble(`${source} PUSH0 PUSH0 ${sequence} ${end}`);
          const data = `0x${offset.toString(16).padStart(64, '0')}` as const;
          const [wanted, got] = sides.map((side) => {
            side.state.setCode(to, code);
            const { status, reason, gasUsed, output } = side.call({ to, data, gas: 1_000_000n });
            return { status, reason, gasUsed, output };
          });
          assert.deepEqual(got, wanted, `${name}, ${source}, ${offset}`);
        }
      }
    });
  }
}
