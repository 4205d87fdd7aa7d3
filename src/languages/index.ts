/** `lockstep/languages`: contracts from sources, artifacts and hexadecimal text, and their ABI. */
export type { DecodedField, DecodedItem, DecodedRevert } from './abi.ts';
export {
  decodeLog,
  decodeRevert,
  decodeValues,
  encodeArguments,
  encodeCall,
  encodeConstructor,
  findFunction,
  parseSignature,
  selectorOf,
  signatureOf,
} from './abi.ts';
export type {
  Abi,
  AbiItem,
  AbiParam,
  Contract,
  ContractFormat,
  DmirContract,
  EvmContract,
  Note,
} from './contract.ts';
export type { InputErrorCode } from './errors.ts';
export { InputError } from './errors.ts';
export type { Loaded, LoadOptions } from './load.ts';
export { hexContract, loadContract } from './load.ts';
