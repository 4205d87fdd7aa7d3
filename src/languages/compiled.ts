/** What the compilers of the contract languages are asked, and what they give. */
import type { EvmContract } from './contract.ts';
import type { ReadDebug } from './debug/info.ts';

export interface CompileOptions {
  readonly contract?: string | undefined;
  /** Fork that Solidity is compiled for, by its name in solc; the newest of solc unless told. */
  readonly fork?: string | undefined;
}

export interface Compiled {
  readonly contract: EvmContract;
  /** All contracts of the file with places in sources, where the compiler tells them. */
  readonly readDebug?: ReadDebug;
}
