/** What every contract language and artifact format is read into. */

/** One parameter of the contract ABI specification; `components` for tuples. */
export interface AbiParam {
  readonly name?: string;
  readonly type: string;
  readonly indexed?: boolean;
  readonly internalType?: string;
  readonly components?: readonly AbiParam[];
}

/** One entry of an ABI in the JSON form of the contract ABI specification. */
export interface AbiItem {
  readonly type: 'function' | 'event' | 'error' | 'constructor' | 'fallback' | 'receive';
  readonly name?: string;
  readonly inputs?: readonly AbiParam[];
  readonly outputs?: readonly AbiParam[];
  readonly stateMutability?: 'pure' | 'view' | 'nonpayable' | 'payable';
  readonly anonymous?: boolean;
}

export type Abi = readonly AbiItem[];

/** Where solc puts the state variables: its `storageLayout` output. */
export interface StorageLayout {
  readonly storage: readonly {
    readonly label: string;
    readonly slot: string;
    readonly offset: number;
    readonly type: string;
  }[];
  readonly types: Readonly<Record<string, StorageType>> | null;
}

export interface StorageType {
  readonly encoding: 'inplace' | 'mapping' | 'dynamic_array' | 'bytes';
  readonly label: string;
  readonly numberOfBytes: string;
  readonly key?: string;
  readonly value?: string;
  readonly base?: string;
  readonly members?: StorageLayout['storage'];
}

export type ContractFormat =
  | 'solidity'
  | 'solc-standard'
  | 'solc-combined'
  | 'hardhat'
  | 'foundry'
  | 'hex'
  | 'assemblyscript'
  | 'c'
  | 'c++'
  | 'rust'
  | 'wasm';

/** A contract of the EVM, or a module beside it, ready to deploy or to run. */
export interface EvmContract {
  readonly kind: 'evm';
  readonly name: string;
  /** The file as it was named. */
  readonly file: string;
  readonly format: ContractFormat;
  /** Undefined where the format carries none. */
  readonly abi: Abi | undefined;
  /** Creation code without constructor arguments; of WebAssembly the module. */
  readonly initCode: Uint8Array | undefined;
  /** Code as it stands on the chain; immutables are zero. */
  readonly runtimeCode: Uint8Array | undefined;
  readonly storageLayout: StorageLayout | undefined;
  /** Name and version of the compiler, where it is known. */
  readonly compiler: string | undefined;
}

/** A dMIR module, as text or in its binary form; `src/dmir` parses and decodes it. */
export interface DmirContract {
  readonly kind: 'dmir';
  readonly name: string;
  readonly file: string;
  readonly content: string | Uint8Array;
}

export type Contract = EvmContract | DmirContract;

/** Compiler warnings and choices made for the reader, one per line of text. */
export type Note = { readonly level: 'info' | 'warning'; readonly text: string };
