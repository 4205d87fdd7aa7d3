/** Contracts as text of modules, beside contracts of the EVM in assembly, on one machine. */
import assert from 'node:assert/strict';
import { createMachine, type EvmMachine, type MachineOptions } from '../../../src/chain/machine.ts';
import type { CallOptions, Hex, Outcome } from '../../../src/chain/types.ts';
import { ENGINE_NAMES } from '../../../src/engines/names.ts';
import { assemble } from '../../../src/vms/evm/index.ts';
import { writeDeployment } from '../../../src/vms/wasm/deployment.ts';
import { ENV_FUNCTIONS, type EnvName, type EnvRow } from '../../../src/vms/wasm/env/functions.ts';
import { assembleModule } from '../../../src/vms/wasm/index.ts';

export const SENDER: Hex = '0x00000000000000000000000000000000000000a0';
/** An account without code, and one with a word of code. */
export const PLAIN: Hex = '0x00000000000000000000000000000000000000b1';
export const CODED: Hex = '0x00000000000000000000000000000000000000b2';
export const EVM_CONTRACT: Hex = '0x00000000000000000000000000000000000000c1';
export const WASM_CONTRACT: Hex = '0x00000000000000000000000000000000000000c2';

export function importOf(name: EnvName): string {
  const { params, result } = ENV_FUNCTIONS.get(name) as EnvRow;
  const types = params.map((param) => (param === 'p' ? 'i32' : param)).join(' ');
  const takes = types === '' ? '' : `(param ${types})`;
  const gives = result === undefined ? '' : `(result ${result})`;
  return `(import "env" "${name}" (func $${name} ${takes} ${gives}))`;
}

/** A contract whose `call` is the text; it may name every function of `env` and those given. */
export function contract(call: string, more = '', deploy = ''): Uint8Array {
  const text = `${call} ${more} ${deploy}`;
  const imports = [...ENV_FUNCTIONS.keys()].filter((name) => {
    return new RegExp(`\\$${name}\\b`).test(text);
  });
  return assembleModule(`(module
    ${imports.map((name) => importOf(name as EnvName)).join('\n')}
    (memory (export "memory") 1)
    ${more}
    (func (export "deploy") ${deploy})
    (func (export "call") ${call}))`);
}

/** Bytes as a string of the text format. */
export function bytesText(bytes: Uint8Array): string {
  return [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
}

/** Numbers as words, side by side. */
export function words(...values: readonly bigint[]): Uint8Array {
  return Uint8Array.from(
    values.flatMap((value) => {
      const hex = BigInt.asUintN(256, value).toString(16).padStart(64, '0');
      return (hex.match(/../g) as string[]).map((pair) => Number.parseInt(pair, 16));
    }),
  );
}

export function wordOf(bytes: Uint8Array, index = 0): bigint {
  return [...bytes.subarray(index * 32, index * 32 + 32)].reduce((sum, byte) => {
    return (sum << 8n) | BigInt(byte);
  }, 0n);
}

/**
 * A machine on the interpreter, or on the engine that the options name. Without one it has others
 * beside it, on every other engine, that do the same, and whose outcomes must be the same.
 */
export function createWorld(options: MachineOptions = {}): EvmMachine {
  if (options.engine !== undefined) return createSide(options);
  const [main, ...others] = ENGINE_NAMES.map((engine) => {
    return createSide({ ...options, engine, tier: { seed: 5, entriesMin: 0, heatScale: 1e-6 } });
  }) as [EvmMachine, ...EvmMachine[]];
  const { state } = main;
  for (const name of ['setCode', 'setBalance', 'setStorage', 'setNonce'] as const) {
    const own = state[name].bind(state) as (...args: unknown[]) => void;
    const all = [own, ...others.map(({ state }) => state[name].bind(state) as typeof own)];
    const set = (...args: unknown[]): void => {
      for (const each of all) each(...args);
    };
    Object.assign(state, { [name]: set });
  }
  for (const name of ['call', 'deploy'] as const) {
    const sides = [main, ...others].map(
      (side) => side[name].bind(side) as (of: Partial<CallOptions>) => Outcome,
    );
    const both = (of: Partial<CallOptions>): Outcome => {
      const printed = sides.map((): [number, Uint8Array][] => []);
      const outcomes = sides.map((run, index) => {
        return run({ ...of, onPrint: (...each) => printed[index]?.push(each) });
      });
      for (const outcome of outcomes) assert.deepEqual(told(outcome), told(outcomes[0] as Outcome));
      for (const each of printed) assert.deepEqual(each, printed[0]);
      for (const each of printed[0] ?? []) of.onPrint?.(...each);
      return outcomes[0] as Outcome;
    };
    Object.assign(main, { [name]: both });
  }
  return main;
}

/** What every engine must say of a call. */
function told({ status, reason, output, logs, writes, gasUsed, gasRefund }: Outcome): object {
  return { status, reason, output, logs, writes, gasUsed, gasRefund };
}

function createSide(options: MachineOptions): EvmMachine {
  const hash = words(0x1234n);
  const machine = createMachine({
    ...options,
    chainId: 77n,
    block: {
      ...{ number: 300n, timestamp: 1_700_000_000n, gasLimit: 30_000_001n, baseFee: 9n },
      ...{ coinbase: '0x00000000000000000000000000000000000000fe', prevRandao: 1n << 200n },
      ...{ blobBaseFee: 3n, blockHash: (number) => (number === 299n ? hash : undefined) },
    },
  });
  machine.state.setBalance(SENDER, 10n ** 18n);
  machine.state.setBalance(PLAIN, 12_345n);
  machine.state.setCode(CODED, assemble('PUSH 1 PUSH 2 ADD STOP'));
  return machine;
}

/** Puts code at the address, runs it, and gives the machine back as it was. */
export function runAt(
  machine: EvmMachine,
  address: Hex,
  code: Uint8Array,
  options: Partial<CallOptions> = {},
): Outcome {
  machine.state.setCode(address, code);
  machine.state.setBalance(address, 5000n);
  return machine.call({ to: address, from: SENDER, gasPrice: 11n, commit: false, ...options });
}

/** Deploys a module with what its `deploy` reads. */
export function deploy(machine: EvmMachine, module: Uint8Array, input = new Uint8Array(0)) {
  return machine.deploy({ code: writeDeployment(module, input), from: SENDER });
}
