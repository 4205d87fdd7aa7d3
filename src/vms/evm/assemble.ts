/**
 * Assembler of EVM code: the inverse of `disassemble`, with labels, for tests and fuzzers.
 *
 *   source  = { item } , items apart by white space; `;` starts a comment up to the end of line
 *   item    = name ':'                 a label: the position of what follows
 *           | opcode                   one byte, by its name in the table or an earlier name
 *           | 'PUSH' n operand         n from 1 to 32
 *           | 'PUSH' operand           the shortest that holds a number; two bytes for a label
 *           | 'PUSH' n '0x01...'       a PUSH cut off by the end of code, which must follow
 *           | 'INVALID(0x0c)'          any single byte
 *           | 'DATA' '0x6001'          bytes as they are
 *   operand = decimal | '-' decimal | '0x' hex | '@' name
 *
 * A negative number is its two's complement in the bytes of the PUSH, 32 of them for a bare PUSH.
 * A label does not emit a JUMPDEST. Every error names its line.
 */
import type { OpName } from './opcodes.ts';
import { isOpcodeName, OP, OPCODE_ALIASES, OPCODES } from './opcodes.ts';

interface Token {
  readonly text: string;
  readonly line: number;
}

/** A place of the output that receives a label's position. */
interface Reference {
  readonly label: Token;
  readonly at: number;
  readonly size: number;
}

interface Assembly {
  readonly tokens: readonly Token[];
  next: number;
  readonly bytes: number[];
  readonly labels: Map<string, number>;
  readonly references: Reference[];
}

/**
 * The bytes of a source text.
 *
 * @example
 * assemble('PUSH1 1 PUSH1 2 ADD') // 6001600201
 * @throws Error naming line, cause and remedy if the text is not valid.
 */
export function assemble(source: string): Uint8Array {
  const state: Assembly = {
    tokens: tokenize(source),
    next: 0,
    bytes: [],
    labels: new Map(),
    references: [],
  };
  while (state.next < state.tokens.length) assembleItem(state);
  for (const reference of state.references) resolve(state, reference);
  return Uint8Array.from(state.bytes);
}

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  for (const [index, text] of source.split('\n').entries()) {
    const words = text.replace(/;.*/, '').split(/\s+/);
    for (const word of words) if (word !== '') tokens.push({ text: word, line: index + 1 });
  }
  return tokens;
}

function assembleItem(state: Assembly): void {
  const token = state.tokens[state.next++]!;
  const label = /^(\w+):$/.exec(token.text)?.[1];
  if (label !== undefined) {
    if (state.labels.has(label)) fail(token, `label '${label}' is defined twice; rename one`);
    state.labels.set(label, state.bytes.length);
    return;
  }
  const raw = /^INVALID\(0x([0-9a-fA-F]{2})\)$/.exec(token.text)?.[1];
  if (raw !== undefined) {
    state.bytes.push(Number.parseInt(raw, 16));
    return;
  }
  if (token.text === 'DATA') {
    state.bytes.push(...readHex(readOperand(state, token)));
    return;
  }
  if (token.text === 'PUSH') {
    assembleBarePush(state, readOperand(state, token));
    return;
  }
  const byte = OP[readName(token)];
  state.bytes.push(byte);
  const size = OPCODES[byte]?.immediate ?? 0;
  if (size > 0) assembleImmediate(state, readOperand(state, token), size);
}

function readName(token: Token): OpName {
  const name = Object.hasOwn(OPCODE_ALIASES, token.text) ? OPCODE_ALIASES[token.text]! : token.text;
  if (isOpcodeName(name)) return name;
  return fail(token, `'${token.text}' is no opcode; names are upper case, as in the opcode table`);
}

function readOperand(state: Assembly, owner: Token): Token {
  const operand = state.tokens[state.next++];
  if (operand === undefined) fail(owner, `${owner.text} lacks its operand; add a number or @label`);
  return operand;
}

function assembleBarePush(state: Assembly, operand: Token): void {
  if (operand.text.startsWith('@')) {
    state.bytes.push(OP.PUSH2);
    assembleImmediate(state, operand, 2);
    return;
  }
  const value = readNumber(operand);
  const size = value < 0n ? 32 : byteCount(value);
  state.bytes.push(OP.PUSH0 + size);
  assembleImmediate(state, operand, size);
}

function assembleImmediate(state: Assembly, operand: Token, size: number): void {
  if (operand.text.startsWith('@')) {
    const label = { text: operand.text.slice(1), line: operand.line };
    state.references.push({ label, at: state.bytes.length, size });
    for (let i = 0; i < size; i++) state.bytes.push(0);
    return;
  }
  if (operand.text.endsWith('...')) {
    const bytes = readHex({ text: operand.text.slice(0, -3), line: operand.line });
    if (bytes.length >= size) fail(operand, `a cut-off PUSH${size} has fewer than ${size} bytes`);
    if (state.next < state.tokens.length) fail(operand, 'a cut-off PUSH must be the last item');
    state.bytes.push(...bytes);
    return;
  }
  writeNumber(state.bytes, state.bytes.length, size, operand, readNumber(operand));
}

function resolve(state: Assembly, reference: Reference): void {
  const position = state.labels.get(reference.label.text);
  if (position === undefined) {
    fail(
      reference.label,
      `label '${reference.label.text}' is not defined; write '${reference.label.text}:'`,
    );
  }
  writeNumber(state.bytes, reference.at, reference.size, reference.label, BigInt(position));
}

function writeNumber(bytes: number[], at: number, size: number, from: Token, value: bigint): void {
  const bits = BigInt(8 * size);
  const isInRange = value < 1n << bits && value >= -(1n << bits) / 2n;
  if (!isInRange) fail(from, `${from.text} does not fit ${size} bytes; use a wider PUSH`);
  const pattern = BigInt.asUintN(8 * size, value);
  for (let i = 0; i < size; i++) {
    bytes[at + i] = Number((pattern >> BigInt(8 * (size - 1 - i))) & 0xffn);
  }
}

function byteCount(value: bigint): number {
  return value === 0n ? 0 : Math.ceil(value.toString(16).length / 2);
}

function readNumber(token: Token): bigint {
  if (/^(-?\d+|0x[0-9a-fA-F]+)$/.test(token.text)) {
    const value = BigInt(token.text);
    if (byteCount(value < 0n ? -value : value) <= 32) return value;
    fail(token, `${token.text} does not fit 256 bits`);
  }
  return fail(token, `'${token.text}' is no number; write decimal, 0x and hex digits, or @label`);
}

function readHex(token: Token): number[] {
  const digits = /^0x((?:[0-9a-fA-F]{2})*)$/.exec(token.text)?.[1];
  if (digits === undefined) {
    return fail(token, `'${token.text}' is no hex; write 0x and an even number of hex digits`);
  }
  return Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function fail(token: Token, message: string): never {
  throw new Error(`assemble: line ${token.line}: ${message}`);
}
