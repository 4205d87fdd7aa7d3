/**
 * Draws the programs of the determinism test: generated ones of every mode, the lives of
 * OpenZeppelin's contracts, and the precompiles. It needs the compiler and so runs on Node; its
 * result is kept, and is drawn anew only when there is a kind of program that was not there.
 */
import type { Hex, Machine } from '../../src/chain/types.ts';
import { type Life, type LifeSide, runLife } from '../lives/life.ts';
import { PROXY_LIVES } from '../lives/proxies.ts';
import { createMachineLife } from '../lives/sides.ts';
import { TOKEN_LIVES } from '../lives/tokens.ts';
import { Assembler } from '../oracle/assembly.ts';
import { bytesToHexText, type Case } from '../oracle/case.ts';
import { drawGas, type GeneratedCase, generateCase, type ModeName } from '../oracle/generate.ts';
import { drawPrecompiles } from './draw-precompiles.ts';
import { type Program, type ProgramAccount, type ProgramMessage, printProgram } from './program.ts';
import { createWorkloadMachine, runMessage, setAccounts, traceMessage } from './workload.ts';

/** How many programs of each mode are kept. */
const COUNTS: readonly (readonly [mode: ModeName, count: number])[] = [
  ['single', 70],
  ['straight', 60],
  ['flow', 60],
  ['soup', 20],
  ['calls', 60],
  ['recursion', 3],
];

/** A longer program makes the kept text larger without making it stranger. */
const LINE_CHARS_MAX = 3_000;
const TRACED_STEPS_MAX = 2_000;
/** Recursion to the depth limit is wanted, if only in few programs. */
const RECURSION_STEPS_MAX = 20_000;

/** Words of stack that a step may show on the average, of the most steps there may be. */
const STACK_MEAN_MAX = 16;

const NO_CODE: Hex = '0x';

function toAccounts({ accounts }: Case): ProgramAccount[] {
  return accounts.map((account) => ({ ...account, code: bytesToHexText(account.code) }));
}

function toMessage({ message }: Case): ProgramMessage {
  const { kind, to, data, ...rest } = message;
  const common = { ...rest, data: bytesToHexText(data), gas: [message.gas] };
  return kind === 'create' ? common : { ...common, to };
}

/**
 * A case as a program: once out of gas somewhere inside, then whole, then again on what it left.
 */
function caseToProgram(name: string, { value, prng }: GeneratedCase, stepsMax: number) {
  const machine = createWorkloadMachine();
  const message = toMessage(value);
  const { gas } = value.message;
  const program = { name, accounts: toAccounts(value), messages: [message] };
  setAccounts(machine, program);
  if (countSteps(machine, message, gas, stepsMax) > stepsMax) return undefined;
  const { gasUsed } = runMessage(machine, message, gas);
  const messages = [{ ...message, gas: [drawGas(prng, gasUsed), gas, gas] }];
  return { ...program, messages } satisfies Program;
}

/** Traced instructions; more than `max` if the stacks they show are long. */
function countSteps(machine: Machine, message: ProgramMessage, gas: bigint, max: number): number {
  let count = 0;
  let words = 0;
  traceMessage(machine, message, gas, ({ stack }) => {
    count++;
    words += stack.length;
  });
  return Math.max(count, words > STACK_MEAN_MAX * max ? max + 1 : 0);
}

function drawGenerated(mode: ModeName, count: number): Program[] {
  const programs: Program[] = [];
  const stepsMax = mode === 'recursion' ? RECURSION_STEPS_MAX : TRACED_STEPS_MAX;
  for (let seed = 1; programs.length < count; seed++) {
    const generated = generateCase({ seed, mode, specimens: [] });
    const program = caseToProgram(`${mode}-${seed}`, generated, stepsMax);
    if (program !== undefined && printProgram(program).length <= LINE_CHARS_MAX) {
      programs.push(program);
    }
  }
  return programs;
}

/** A machine that remembers what it was asked to do. */
function recordSide(side: LifeSide, accounts: ProgramAccount[], messages: ProgramMessage[]) {
  const recorded: LifeSide = {
    fund(address, balance) {
      accounts.push({ address, balance, nonce: 0n, code: NO_CODE, storage: [] });
      return side.fund(address, balance);
    },
    call(options) {
      const { from, to, data, value = 0n, gas = 0n, static: isStatic = false } = options;
      const message = { from, to, data, value, gas: [gas], static: isStatic } as ProgramMessage;
      messages.push(message);
      return side.call(options);
    },
    deploy(options) {
      const { from, code, value = 0n, gas = 0n } = options;
      messages.push({ from, data: code, value, gas: [gas], static: false } as ProgramMessage);
      return side.deploy(options);
    },
  };
  return recorded;
}

async function drawLife(life: Life): Promise<Program> {
  const accounts: ProgramAccount[] = [];
  const messages: ProgramMessage[] = [];
  await runLife(life, async (block) => ({
    ours: recordSide(createMachineLife(block), accounts, messages),
    theirs: createMachineLife(block),
  }));
  const name = `life-${life.name.replace(/[^\w]+/g, '').toLowerCase()}`;
  return { name, accounts, messages };
}

const WRITER: Hex = '0x00000000000000000000000000000000000a0001';
const READER: Hex = '0x00000000000000000000000000000000000a0002';
const WRITTEN_SLOTS = 120;

/**
 * A transaction that writes many slots, then one that reads fresh memory, which has to be zero
 * whatever the machine kept there meanwhile. It has to come first, on memory that nobody has used.
 */
function drawHistory(): Program {
  const writer = new Assembler();
  for (let slot = 1; slot <= WRITTEN_SLOTS; slot++) writer.push(255).push(slot).op('SSTORE');
  // Returns the hash of 16 KiB of fresh memory.
  const reader = new Assembler().push(16_384).push(0).op('KECCAK256').push(16_384).op('MSTORE');
  reader.push(32).push(16_384).op('RETURN');
  const account = { balance: 0n, nonce: 1n, storage: [] };
  const message = { from: READER, data: NO_CODE, value: 0n, gas: [10_000_000n], static: false };
  return {
    name: 'history-memory',
    accounts: [
      { ...account, address: WRITER, code: bytesToHexText(writer.finish()) },
      { ...account, address: READER, code: bytesToHexText(reader.finish()) },
    ],
    messages: [
      { ...message, to: WRITER },
      { ...message, to: READER },
    ],
  };
}

/** The text of all programs, one a line. */
export async function drawPrograms(): Promise<string> {
  const generated = COUNTS.flatMap(([mode, count]) => drawGenerated(mode, count));
  const programs = [drawHistory(), ...generated];
  for (const life of [...TOKEN_LIVES, ...PROXY_LIVES]) programs.push(await drawLife(life));
  programs.push(...drawPrecompiles());
  return `${programs.map(printProgram).join('\n')}\n`;
}
