/**
 * Calls, results, revert reasons and events through a contract's ABI. The encoding itself is the
 * library's (`ox`); here are the choice of the function and the messages to people.
 *
 * Importing this file loads the library (some 30 ms), so import it on use.
 */
import * as OxItem from 'ox/AbiItem';
import * as OxParameters from 'ox/AbiParameters';
import * as OxAddress from 'ox/Address';
import { bytesToHex } from '../base/bytes.ts';
import { KNOWN_ERRORS, KNOWN_EVENTS } from './abi-known.ts';
import {
  type AbiValue,
  canonicalType,
  describeParam,
  formatValue,
  parseArgument,
  valueToJson,
} from './abi-values.ts';
import type { Abi, AbiItem, AbiParam } from './contract.ts';
import { InputError } from './errors.ts';
import { parseHexText } from './hex-text.ts';
import type { Literal } from './literal.ts';
import { PANICS } from './panics.ts';
import { didYouMean } from './suggest.ts';

/** One decoded value: for people and for programs. */
export interface DecodedField {
  readonly name: string;
  readonly type: string;
  readonly text: string;
  readonly json: unknown;
}

/** A decoded event or error. */
export interface DecodedItem {
  readonly name: string;
  readonly signature: string;
  readonly fields: readonly DecodedField[];
}

export interface DecodedRevert extends Partial<DecodedItem> {
  /** One line for people. */
  readonly text: string;
}

/** `transfer(address,uint256)`. */
export function signatureOf(item: AbiItem): string {
  return `${item.name ?? item.type}(${(item.inputs ?? []).map(canonicalType).join(',')})`;
}

/** `transfer(address to, uint256 value) returns (bool)`: how lists show a function. */
export function describeFunction(item: AbiItem): string {
  const list = (params: readonly AbiParam[] | undefined): string =>
    (params ?? [])
      .map((param) => `${canonicalType(param)}${param.name ? ` ${param.name}` : ''}`)
      .join(', ');
  const outputs = list(item.outputs);
  return `${item.name}(${list(item.inputs)})${outputs === '' ? '' : ` returns (${outputs})`}`;
}

export function selectorOf(item: AbiItem): string {
  return OxItem.getSelector(signatureOf(item));
}

function topicOf(item: AbiItem): string {
  return OxItem.getSignatureHash(signatureOf(item));
}

/** One declaration of Solidity, such as `function f(uint256 x) returns (bool)`. */
export function parseDeclaration(text: string): AbiItem | undefined {
  try {
    return OxItem.from(text, { prepare: false }) as AbiItem;
  } catch {
    return undefined;
  }
}

/**
 * A function from its signature: `transfer(address,uint256)`, with or without the names of
 * parameters, `returns (…)` or the short `(…)` of its results.
 *
 * @throws InputError `signature-invalid`
 */
export function parseSignature(text: string): AbiItem {
  const compact = text.trim().replace(/^function\s+/, '');
  const short = /^([A-Za-z_$][\w$]*\(.*\))\s*(\([^()]*\))$/.exec(compact);
  const declaration = short ? `${short[1]} returns ${short[2]}` : compact;
  const item = parseDeclaration(`function ${declaration}`);
  if (item !== undefined && item.type === 'function') return item;
  throw new InputError(
    'signature-invalid',
    `${JSON.stringify(text)} is not the signature of a function`,
    'write its name and the types of its parameters, such as transfer(address,uint256)',
  );
}

function functionsOf(abi: Abi): AbiItem[] {
  return abi.filter((item) => item.type === 'function');
}

/**
 * The function that a person means by a signature, or by a bare name where the ABI is known.
 *
 * @param argumentCount - Tells overloads of a bare name apart.
 * @throws InputError `function-unknown`, `function-ambiguous`, `signature-invalid`
 */
export function findFunction(
  abi: Abi | undefined,
  text: string,
  argumentCount: number,
  contract: string,
): AbiItem {
  if (text.includes('(')) {
    const parsed = parseSignature(text);
    if (abi === undefined) return parsed;
    const signature = signatureOf(parsed);
    const found = functionsOf(abi).find((item) => signatureOf(item) === signature);
    if (found !== undefined) return found;
    // A fallback answers to anything: that is how a proxy is called.
    if (abi.some((item) => item.type === 'fallback')) return parsed;
    throw unknownFunction(abi, signature, contract);
  }
  if (abi === undefined) {
    throw new InputError(
      'signature-invalid',
      `${contract} comes without an ABI, and the name ${JSON.stringify(text)} tells no types`,
      `write the whole signature, such as ${text}(uint256)`,
    );
  }
  return findByName(abi, text, argumentCount, contract);
}

function findByName(abi: Abi, name: string, argumentCount: number, contract: string): AbiItem {
  const named = functionsOf(abi).filter((item) => item.name === name);
  const fitting = named.filter((item) => (item.inputs ?? []).length === argumentCount);
  if (named.length === 1 || fitting.length === 1) return (fitting[0] ?? named[0])!;
  if (named.length === 0) throw unknownFunction(abi, name, contract);
  throw new InputError(
    'function-ambiguous',
    `${contract} has ${named.length} functions named ${name}: ${named.map(signatureOf).join(', ')}`,
    'write the signature of the one that is meant',
  );
}

function unknownFunction(abi: Abi, wanted: string, contract: string): InputError {
  const functions = functionsOf(abi);
  const names = wanted.includes('(')
    ? functions.map(signatureOf)
    : functions.map((item) => item.name ?? '');
  const near = didYouMean(wanted, names);
  const list = functions.map((item) => `\n    ${describeFunction(item)}`).join('');
  return new InputError(
    'function-unknown',
    `${contract} has no function ${wanted}${near}`,
    functions.length === 0 ? 'its ABI has no functions' : `its functions are:${list}`,
  );
}

const isChecksum = (address: string): boolean => OxAddress.validate(address, { strict: true });

/** The library reads tuples by name where all fields have one; here they are always lists. */
function withoutNames(params: readonly AbiParam[]): AbiParam[] {
  return params.map(({ type, components }) =>
    components === undefined ? { type } : { type, components: withoutNames(components) },
  );
}

/**
 * Encodes arguments for parameters.
 *
 * @param owner - What the parameters belong to, for messages.
 * @throws InputError `argument-count`, `argument-type`
 */
export function encodeArguments(
  params: readonly AbiParam[],
  given: readonly (string | Literal)[],
  owner: string,
): Uint8Array {
  if (params.length !== given.length) {
    const types = params.map((param) => `${canonicalType(param)} ${param.name ?? ''}`.trim());
    const list = types.length > 0 ? ` (${types.join(', ')})` : '';
    const wanted = params.length === 1 ? '1 argument' : `${params.length} arguments`;
    const missing = params[given.length];
    const note =
      missing === undefined
        ? `; ${JSON.stringify(shown(given[params.length]!))} is one too many`
        : `; ${describeParam(missing, given.length)} of type ${canonicalType(missing)} is missing`;
    throw new InputError(
      'argument-count',
      `${owner} takes ${wanted}${list}, not ${given.length}${note}`,
    );
  }
  const values = params.map((param, index) => {
    const where = `${owner}, ${describeParam(param, index)}`;
    return parseArgument(param, given[index]!, where, isChecksum);
  });
  return encodeValues(params, values);
}

function shown(argument: string | Literal): string {
  if (typeof argument === 'string') return argument;
  return argument.kind === 'text' ? argument.text : `a ${argument.kind}`;
}

function encodeValues(params: readonly AbiParam[], values: readonly AbiValue[]): Uint8Array {
  if (params.length === 0) return new Uint8Array(0);
  const plain = withoutNames(params);
  return parseHexText(OxParameters.encode(plain as never, values as never), 'arguments');
}

/** Calldata of a call: selector and arguments. */
export function encodeCall(item: AbiItem, given: readonly (string | Literal)[]): Uint8Array {
  const selector = parseHexText(selectorOf(item), 'selector');
  const encoded = encodeArguments(item.inputs ?? [], given, signatureOf(item));
  const data = new Uint8Array(4 + encoded.length);
  data.set(selector);
  data.set(encoded, 4);
  return data;
}

/** The encoded arguments of the constructor; without an ABI there can be none. */
export function encodeConstructor(
  abi: Abi | undefined,
  given: readonly (string | Literal)[],
  contract: string,
): Uint8Array {
  if (abi === undefined && given.length > 0) {
    throw new InputError(
      'argument-count',
      `${contract} comes without an ABI, so the constructor's types are not known`,
      'append the encoded arguments to the init code',
    );
  }
  const item = abi?.find((each) => each.type === 'constructor');
  return encodeArguments(item?.inputs ?? [], given, `the constructor of ${contract}`);
}

/**
 * Decodes values.
 *
 * @returns undefined where the bytes do not encode these parameters.
 */
export function decodeValues(
  params: readonly AbiParam[],
  data: Uint8Array,
): DecodedField[] | undefined {
  if (params.length === 0) return [];
  let values: readonly unknown[];
  try {
    values = OxParameters.decode(withoutNames(params) as never, data, {
      checksumAddress: true,
    }) as unknown as readonly unknown[];
  } catch {
    return undefined;
  }
  return params.map((param, index) => fieldOf(param, values[index]));
}

function fieldOf(param: AbiParam, value: unknown): DecodedField {
  return {
    name: param.name ?? '',
    type: canonicalType(param),
    text: formatValue(param, value),
    json: valueToJson(param, value),
  };
}

let knownErrors: readonly AbiItem[] | undefined;
let knownEvents: readonly AbiItem[] | undefined;

function parseKnown(declarations: readonly string[]): AbiItem[] {
  return declarations.flatMap((text) => parseDeclaration(text) ?? []);
}

/** What a revert says: `Error(string)`, `Panic(uint256)`, an error of the ABI or of a standard. */
export function decodeRevert(abi: Abi | undefined, data: Uint8Array): DecodedRevert {
  if (data.length === 0) return { text: 'no reason was given' };
  const hex = bytesToHex(data);
  if (data.length < 4) return { text: `data ${hex}, which is too short for an error` };
  knownErrors ??= parseKnown(KNOWN_ERRORS);
  const errors = [...(abi ?? []).filter((item) => item.type === 'error'), ...knownErrors];
  const selector = hex.slice(0, 10);
  const item = errors.find((error) => selectorOf(error) === selector);
  const fields = item && decodeValues(item.inputs ?? [], data.subarray(4));
  if (item === undefined || fields === undefined) {
    return { text: `unknown error ${selector}${data.length > 4 ? ` with data ${hex}` : ''}` };
  }
  const decoded = { name: item.name ?? '', signature: signatureOf(item), fields };
  return { ...decoded, text: revertText(decoded) };
}

function revertText({ name, signature, fields }: DecodedItem): string {
  const first = fields[0];
  if (signature === 'Error(string)' && first !== undefined) return first.text;
  if (signature === 'Panic(uint256)' && first !== undefined) {
    const code = BigInt(first.text);
    const meaning = PANICS.get(code) ?? 'a code that Solidity does not define';
    return `Panic(0x${code.toString(16).padStart(2, '0')}): ${meaning}`;
  }
  return `${name}(${formatFields(fields)})`;
}

/** `to: 0xab…, value: 1`. */
function formatFields(fields: readonly DecodedField[]): string {
  return fields.map(({ name, text }) => (name === '' ? text : `${name}: ${text}`)).join(', ');
}

/**
 * Decodes a log by the ABI, else by the events of the token standards.
 *
 * @returns undefined where no event fits.
 */
export function decodeLog(
  abi: Abi | undefined,
  log: { readonly topics: readonly string[]; readonly data: Uint8Array },
): DecodedItem | undefined {
  knownEvents ??= parseKnown(KNOWN_EVENTS);
  const events = [...(abi ?? []).filter((item) => item.type === 'event'), ...knownEvents];
  const fitting = events.filter((item) => {
    const indexed = (item.inputs ?? []).filter((param) => param.indexed === true).length;
    return item.anonymous !== true && log.topics.length === indexed + 1;
  });
  const item = fitting.find((event) => topicOf(event) === log.topics[0]);
  if (item === undefined) return undefined;
  const inputs = item.inputs ?? [];
  const plain = decodeValues(
    inputs.filter((param) => param.indexed !== true),
    log.data,
  );
  if (plain === undefined) return undefined;
  let topic = 1;
  let next = 0;
  const fields = inputs.map((param) =>
    param.indexed === true ? topicField(param, log.topics[topic++]!) : plain[next++]!,
  );
  return { name: item.name ?? '', signature: signatureOf(item), fields };
}

/** A topic is the value itself, or for a value of any length its hash. */
function topicField(param: AbiParam, topic: string): DecodedField {
  const hashed = /^(?:string|bytes|tuple)$|\]$/.test(param.type);
  const decoded = hashed ? undefined : decodeValues([param], parseHexText(topic, 'topic'));
  if (decoded?.[0] !== undefined) return decoded[0];
  return {
    name: param.name ?? '',
    type: canonicalType(param),
    text: `keccak ${topic}`,
    json: topic,
  };
}
