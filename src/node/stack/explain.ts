/**
 * A failure in words: why, and through which functions of which contracts, with file and line.
 *
 * Lines are those of the compiler's source maps. An optimizer may have made one piece of code of
 * two that are equal; such lines are said to be near. Code that was compiled through Yul tells
 * nothing of inner calls: there is one line for each call between contracts.
 */
import { bytesToHex } from '../../base/bytes.ts';
import { bytesToBigint } from '../../base/u256.ts';
import { decodeRevert, decodeValues, selectorOf, signatureOf } from '../../languages/abi.ts';
import type { Abi, AbiItem } from '../../languages/contract.ts';
import type { DebugCode, DebugInfo, Location } from '../../languages/debug/info.ts';
import { PANICS } from '../../languages/panics.ts';
import type { StackEntry, StackTrace } from './entry.ts';
import type { FailedFrame } from './recorder.ts';

/** What a failure was and where. */
export function explainFailure(failure: FailedFrame, info: DebugInfo): StackTrace {
  const frames = [failure];
  for (let inner = failure.inner; inner !== undefined; inner = inner.inner) frames.unshift(inner);
  const [innermost = failure] = frames;
  return { reason: reasonOf(innermost, info), entries: frames.flatMap(entriesOf) };
}

// ---- places

function entriesOf(frame: FailedFrame): StackEntry[] {
  const { code } = frame;
  const address = bytesToHex(frame.to);
  if (code === undefined) {
    const contract = frame.isPrecompile ? `<precompile ${bytesToBigint(frame.to)}>` : undefined;
    return [{ ...NOWHERE, contract, address }];
  }
  const { isViaIr, isOptimized } = code.contract;
  const isNear = isViaIr || isOptimized;
  const places = placesOf(code, frame);
  if (places.length === 0) return [entryOfCall(frame, code, isNear)];
  return places.reverse().map((place) => {
    const called = place.source.functionAt(place);
    return {
      contract: called?.contract ?? code.contract.name,
      function: called?.name ?? functionName(frame, code),
      ...positionOf(place),
      address,
      isNear,
    };
  });
}

const NOWHERE = {
  contract: undefined,
  function: undefined,
  file: undefined,
  line: undefined,
  column: undefined,
  isNear: false,
};

function positionOf({ source, start }: Location): Pick<StackEntry, 'file' | 'line' | 'column'> {
  return { file: source.path, ...source.position(start) };
}

/** Ranges within bodies of functions, from the outermost call to the failure. */
function placesOf(code: DebugCode, frame: FailedFrame): Location[] {
  const { callSites, pc, origin, placed } = frame;
  const places: Location[] = [];
  const { isViaIr } = code.contract;
  for (const site of isViaIr ? [] : callSites) {
    const place = bodyPlace(code, site);
    if (place !== undefined) addPlace(places, place);
  }
  // Code through Yul often fails in what belongs to no source.
  const place = bodyPlace(code, isViaIr ? (placed ?? pc) : pc);
  if (place === undefined) return places;
  const from = origin === undefined ? undefined : joinedFrom(code, place, origin);
  addPlace(places, from ?? place);
  return places;
}

/** A jump from an expression to what computes a part of it is no call. */
function addPlace(places: Location[], place: Location): void {
  const last = places.at(-1);
  if (last !== undefined && isWithin(place, last)) places.pop();
  places.push(place);
}

/**
 * The range of an instruction, where it is in a body: what checks a call before a body begins has
 * the range of the whole function, or of the contract.
 */
function bodyPlace(code: DebugCode, pc: number): Location | undefined {
  const place = code.at(pc);
  const around = place?.source.functionAt(place);
  return place !== undefined && around !== undefined && place.start > around.start
    ? place
    : undefined;
}

/** Where code came from that an optimizer made one of the ends of several functions. */
function joinedFrom(code: DebugCode, place: Location, origin: number): Location | undefined {
  if (!code.contract.isOptimized) return undefined;
  const from = bodyPlace(code, origin);
  const isSame = from?.source.functionAt(from) === place.source.functionAt(place);
  return isSame ? undefined : from;
}

function isWithin(inner: Location, outer: Location): boolean {
  const end = outer.start + outer.length;
  return (
    inner.source === outer.source && inner.start >= outer.start && inner.start + inner.length <= end
  );
}

/** The place of a failure before any body: the function that was called, or the contract. */
function entryOfCall(frame: FailedFrame, code: DebugCode, isNear: boolean): StackEntry {
  const name = functionName(frame, code);
  const { contract } = code;
  const address = bytesToHex(frame.to);
  const own = { ...NOWHERE, contract: contract.name, function: name, address, isNear };
  for (const source of contract.sources.values()) {
    const found = name === undefined ? undefined : source.definition(contract.name, name);
    if (found !== undefined) return { ...own, ...positionOf({ ...found, source, length: 0 }) };
  }
  const place = code.at(frame.pc);
  return place === undefined ? own : { ...own, ...positionOf(place) };
}

const SELECTOR_BYTES = 4;

/** The function of the ABI that a frame's input calls. */
export function calledItem(abi: Abi, input: Uint8Array): AbiItem | undefined {
  if (input.length < SELECTOR_BYTES) return undefined;
  const selector = bytesToHex(input.subarray(0, SELECTOR_BYTES));
  return abi.find((item) => item.type === 'function' && selectorOf(item) === selector);
}

function functionName({ input }: FailedFrame, { contract, isInit }: DebugCode): string | undefined {
  if (isInit) return 'constructor';
  const item = calledItem(contract.abi, input);
  if (item !== undefined) return item.name;
  const isPlain = input.length === 0 && contract.abi.some(({ type }) => type === 'receive');
  if (isPlain) return 'receive';
  return contract.abi.some(({ type }) => type === 'fallback') ? 'fallback' : undefined;
}

// ---- reasons

function reasonOf(frame: FailedFrame, info: DebugInfo): string {
  const { status, output, halt, code } = frame;
  if (status !== 'revert') return halt ?? 'the run ended without an outcome';
  if (output.length === 0) return silentReason(frame) ?? 'reverted without a reason';
  const abi = [...(code?.contract.abi ?? []), ...info.errors];
  const { name, signature, fields = [], text } = decodeRevert(abi, output);
  const [first] = fields;
  // A text is quoted and escaped, so that it stays on its line.
  if (signature === 'Error(string)') return `reverted with reason string '${text.slice(1, -1)}'`;
  if (signature === 'Panic(uint256)' && first !== undefined) {
    const number = BigInt(first.text);
    const meaning = PANICS.get(number) ?? 'a code that Solidity does not define';
    return `reverted with panic code 0x${number.toString(16)} (${meaning})`;
  }
  if (name === undefined) return `reverted with an ${text}`;
  return `reverted with custom error '${name}(${fields.map((each) => each.text).join(', ')})'`;
}

/** What the compiler checks without saying so, where the place of the revert leaves no doubt. */
function silentReason(frame: FailedFrame): string | undefined {
  const { code, value = 0n, input, codeless, shortReturn } = frame;
  if (code === undefined) return undefined;
  const place = placesOf(code, frame).at(-1);
  if (place !== undefined) {
    const isHere = (pc: number | undefined): boolean => {
      const other = pc === undefined ? undefined : bodyPlace(code, pc);
      return other !== undefined && isWithin(other, place) && isWithin(place, other);
    };
    if (codeless !== undefined && isHere(codeless.pc)) {
      return `called an account without code: ${bytesToHex(codeless.address)}`;
    }
    return isHere(shortReturn) ? 'a called function returned less than its type says' : undefined;
  }
  const { abi } = code.contract;
  if (code.isInit) {
    const item = abi.find(({ type }) => type === 'constructor');
    return value > 0n && item?.stateMutability !== 'payable'
      ? `the constructor is not payable and was sent ${value} wei`
      : undefined;
  }
  const item = calledItem(abi, input);
  const other = abi.find(({ type }) => type === 'fallback');
  if (item === undefined && other === undefined) {
    if (input.length === 0)
      return 'the contract has no receive function and was called without data';
    const selector = bytesToHex(input.subarray(0, SELECTOR_BYTES));
    return `the contract has no function with selector ${selector} and no fallback`;
  }
  const called = item ?? other;
  if (value > 0n && called?.stateMutability !== 'payable') {
    return `${called?.name ?? 'the fallback'} is not payable and was sent ${value} wei`;
  }
  const inputs = item?.inputs ?? [];
  const isWrong = decodeValues(inputs, input.subarray(SELECTOR_BYTES)) === undefined;
  return isWrong ? `the data are no arguments of ${signatureOf(item as AbiItem)}` : undefined;
}
