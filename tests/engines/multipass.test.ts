/**
 * The compiler against the interpreter: generated programs under the same rules must come to the
 * same outcome, logs, writes, state and count of operations, whatever is compiled and when.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMachine, type EvmMachine } from '../../src/chain/machine.ts';
import type { DeployOutcome, Outcome } from '../../src/chain/types.ts';
import { compileBlocks } from '../../src/engines/multipass/compile.ts';
import { assemble } from '../../src/vms/evm/assemble.ts';
import { Lowerer } from '../../src/vms/evm/lower.ts';
import { createEvmSource } from '../../src/vms/evm/source.ts';
import { CASE_BLOCK, type Case } from '../oracle/case.ts';
import { generateCase, MODE_NAMES } from '../oracle/generate.ts';
import { observe } from '../oracle/observe.ts';
import { MachineSide } from '../oracle/side.ts';
import { loadSpecimens } from '../oracle/specimens.ts';

const SEEDS = 150;

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

const compiler = (entriesMin: number) =>
  new CountingSide(createMachine({ block: CASE_BLOCK, engine: 'multipass', tier: { entriesMin } }));

describe('the compiler does what the interpreter does', () => {
  for (const mode of MODE_NAMES) {
    it(`${mode} programs, compiled at once and after two entries`, async () => {
      const specimens = await loadSpecimens();
      const sides = [interpreter(), compiler(0), compiler(2)] as const;
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

describe('compiled code', () => {
  const LOOP = `
    PUSH0
    loop: JUMPDEST
    PUSH1 1 ADD
    DUP1 DUP1 MUL PUSH1 0x40 MSTORE
    DUP1 PUSH2 1000 GT PUSH1 @loop JUMPI
    PUSH0 MSTORE PUSH1 0x20 PUSH0 RETURN`;

  it('is the same for the same blocks', () => {
    const bytes = [0, 1].map(() => {
      const source = createEvmSource(new Lowerer(assemble(LOOP), { fork: 'osaka' }));
      return compileBlocks({ source, blocks: [0, 1], addressOf: (id) => 0x300_0000 + id })?.bytes;
    });
    assert(bytes[0] !== undefined);
    assert.deepEqual(bytes[0], bytes[1]);
    assert(WebAssembly.validate(bytes[0]));
  });

  it('takes a running loop over', () => {
    const to = '0x00000000000000000000000000000000000000c0';
    const machine = createMachine({ engine: 'multipass', tier: { entriesMin: 1_000 } });
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
    const machine = createMachine({ engine: 'multipass', tier: { entriesMin: 0 } });
    machine.state.setCode(to, assemble(LOOP));
    assert.equal(machine.call({ to }).status, 'success');
    assert.equal(machine.start({ to }), undefined);
    machine.executor.machine.pauseAfter(100n);
    assert.equal(machine.executor.machine.advance(), undefined);
    assert.equal(machine.executor.machine.tier, undefined);
  });
});
