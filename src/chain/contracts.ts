/**
 * Programs of contract code: the EVM's, and WebAssembly modules where the schedule has them. A
 * module that stands in an account without being a contract, because it was put there from outside,
 * runs as code of the EVM, for which its first byte is STOP.
 */
import { concatBytes, equalBytes } from '../base/bytes.ts';
import { LockstepError } from '../base/errors.ts';
import type { ProgramHandle } from '../dmir/host.ts';
import type { LazySource, ModuleSource } from '../dmir/lazy.ts';
import type { InterpreterMachine } from '../engines/interpreter/trampoline.ts';
import { ENV_WORD, MODULE_HOSTS } from '../vms/evm/abi.ts';
import type { Fork, Overrides } from '../vms/evm/forks.ts';
import type { HostCosts } from '../vms/evm/gas.ts';
import type { InitCodeLoader } from '../vms/evm/host/creates.ts';
import { Lowerer } from '../vms/evm/lower.ts';
import { OP, type OpName, opcodesOf } from '../vms/evm/opcodes.ts';
import { createEvmSource } from '../vms/evm/source.ts';
import {
  CONTRACT_GAS,
  type ContractAbi,
  type ContractEntry,
  contractLimits,
  type LinkedContract,
  linkContract,
  readContract,
} from '../vms/wasm/contract.ts';
import { isWasm, readDeployment, writeDeployment } from '../vms/wasm/deployment.ts';
import type { WasmLimits } from '../vms/wasm/limits.ts';
import { initCodeBytesMax } from './transactions/gas.ts';

export interface ContractOptions {
  readonly fork: Fork;
  readonly overrides?: Overrides | undefined;
  readonly costs: HostCosts;
  /** Of the EVM's lowering. */
  readonly lengthMax?: number | undefined;
}

export class ContractLoader implements InitCodeLoader {
  readonly bytesMax: bigint;
  readonly #options: ContractOptions;
  readonly #hasModules: boolean;
  readonly #machine: () => InterpreterMachine;
  readonly #abi: ContractAbi;
  readonly #limits: WasmLimits;
  /** What was linked last, by its bytes: a creation leaves what the first call needs. */
  #linked: { readonly code: Uint8Array; readonly contract: LinkedContract } | undefined;

  constructor(options: ContractOptions, machine: () => InterpreterMachine) {
    this.#options = options;
    this.#machine = machine;
    this.#hasModules = options.costs.moduleBytesMax > 0n;
    this.bytesMax = initCodeBytesMax(options.costs);
    this.#limits = contractLimits(Number(options.costs.moduleBytesMax));
    const { gas, valid } = opcodesOf(options.fork, options.overrides);
    this.#abi = {
      hosts: MODULE_HOSTS,
      envWords: ENV_WORD,
      seed: options.costs.moduleSeed,
      opcodeGas: (name) => (valid[OP[name as OpName]] === 1 ? gas[OP[name as OpName]] : undefined),
    };
  }

  // ---- init code

  load(code: Uint8Array): ProgramHandle | undefined {
    const deployment = this.#deployment(code);
    if (deployment === undefined) return this.#loadEvm(code, true);
    const source = this.#link(deployment.module, 'deploy', deployment.input);
    return source === undefined ? undefined : this.#machine().loadModule(source, true);
  }

  gasOf(code: Uint8Array): bigint {
    const deployment = this.#deployment(code);
    return deployment === undefined ? 0n : moduleGas(deployment.module);
  }

  isModule(code: Uint8Array): boolean {
    return this.#hasModules && isWasm(code);
  }

  isDeployment(code: Uint8Array): boolean {
    return this.#deployment(code) !== undefined;
  }

  join(code: Uint8Array, data: Uint8Array): Uint8Array {
    const isBare = this.isModule(code) && data.length > 0;
    return isBare ? writeDeployment(code, data) : concatBytes(code, data);
  }

  #deployment(code: Uint8Array): ReturnType<typeof readDeployment> {
    return this.#hasModules ? readDeployment(code) : undefined;
  }

  // ---- code of accounts

  /** A program of code that an account has. */
  loadCode(code: Uint8Array): ProgramHandle {
    const source = this.isModule(code) ? this.#link(code, 'call') : undefined;
    return source === undefined ? this.#loadEvm(code, false) : this.#machine().loadModule(source);
  }

  #loadEvm(code: Uint8Array, isTransient: boolean): ProgramHandle {
    const { fork, overrides, lengthMax } = this.#options;
    const source: LazySource = createEvmSource(
      new Lowerer(code, {
        fork,
        ...(overrides === undefined ? {} : { overrides }),
        ...(lengthMax === undefined ? {} : { lengthMax }),
      }),
    );
    return this.#machine().load(source, isTransient);
  }

  /** Undefined for a module that is no contract. */
  #link(code: Uint8Array, entry: ContractEntry, input?: Uint8Array): ModuleSource | undefined {
    try {
      return this.#contract(code)(entry, input);
    } catch (error) {
      if (error instanceof LockstepError && error.plane === 'rejection') return undefined;
      throw error;
    }
  }

  #contract(code: Uint8Array): LinkedContract {
    const known = this.#linked;
    if (known !== undefined && equalBytes(known.code, code)) return known.contract;
    const copy = code.slice();
    const contract = linkContract(readContract(copy, this.#limits), this.#abi, this.#limits);
    this.#linked = { code: copy, contract };
    return contract;
  }
}

/** Gas for reading a module that is to be a contract. */
function moduleGas(module: Uint8Array): bigint {
  return BigInt(module.length) * CONTRACT_GAS.moduleByte;
}
