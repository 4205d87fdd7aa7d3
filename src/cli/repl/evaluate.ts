/**
 * The lines of the prompt, without the prompt: a line to the text that answers it. The machine, the
 * loaded files and the deployed contracts stay between lines.
 */
import type { Hex } from '../../chain/types.ts';
import type { AbiItem, EvmContract } from '../../languages/contract.ts';
import { InputError } from '../../languages/errors.ts';
import type { Literal } from '../../languages/literal.ts';
import { didYouMean } from '../../languages/suggest.ts';
import { LATEST_FORK } from '../../vms/evm/forks.ts';
import { usageError } from '../args.ts';
import { formatCount, formatQuantity, formatTable, formatWord, type Paint } from '../format.ts';
import type { Io } from '../io.ts';
import { readAmount } from '../option-values.ts';
import { Printed } from '../printed.ts';
import { renderStep } from '../render.ts';
import { reportStep } from '../report.ts';
import { callOptions, deployContract, type Placed, readAddress, type Session } from '../session.ts';
import { slotNamer } from '../slot-names.ts';
import { transactionGas } from '../transaction-gas.ts';
import { splitWords } from './words.ts';

export interface Repl {
  session: Session;
  readonly loaded: Map<string, EvmContract>;
  readonly placed: Map<string, Placed>;
  readonly paint: Paint;
  readonly io: Io;
  /** Whether every line so far did what it asked for. */
  ok: boolean;
  done: boolean;
}

export function createRepl(session: Session, io: Io, paint: Paint): Repl {
  return { session, loaded: new Map(), placed: new Map(), paint, io, ok: true, done: false };
}

type Action = (repl: Repl, words: readonly string[], rest: string) => Promise<string> | string;

interface ActionRow {
  readonly usage: string;
  readonly summary: string;
  readonly action: Action;
}

const ACTIONS: ReadonlyMap<string, ActionRow> = new Map([
  ['load', row('load FILE', 'read or compile a contract', load)],
  ['deploy', row('deploy FILE|NAME ARGUMENTS…', 'deploy it; its name is then in scope', deploy)],
  ['call', row('call NAME SIGNATURE ARGUMENTS…', 'the same as name.function(…)', call)],
  ['trace', row('trace name.function(…)', 'call it and print every instruction', trace)],
  ['balance', row('balance ADDRESS|NAME', 'balance in wei', balance)],
  ['storage', row('storage ADDRESS|NAME [SLOT]', 'one slot, or all that are not zero', storage)],
  ['from', row('from [ADDRESS]', 'show or change the sender', from)],
  ['contracts', row('contracts', 'what is loaded and deployed', contracts)],
  ['help', row('help', 'this list', help)],
  ['exit', row('exit', 'leave (also Ctrl-D)', leave)],
]);

function row(usage: string, summary: string, action: Action): ActionRow {
  return { usage, summary, action };
}

/** `name.function{value: 1ether}(arguments)`. */
const EXPRESSION =
  /^([A-Za-z_$][\w$]*)\.([A-Za-z_$][\w$]*)\s*(?:\{\s*value\s*:\s*(\S+)\s*\})?\s*\((.*)\)\s*;?$/s;

/** Names that a person can complete to at this point. */
export function completions(repl: Repl): string[] {
  const functions = [...repl.placed].flatMap(([name, { contract }]) =>
    (contract.abi ?? [])
      .filter((item) => item.type === 'function')
      .map((item) => `${name}.${item.name}(`),
  );
  return [...ACTIONS.keys(), ...functions];
}

/**
 * The answer to a line; empty for an empty line.
 *
 * @throws InputError for a line that means nothing
 */
export async function evaluate(repl: Repl, line: string): Promise<string> {
  const text = line.trim();
  if (text === '' || text.startsWith('#') || text.startsWith('//')) return '';
  if (EXPRESSION.test(text)) return invoke(repl, text, false);
  const words = splitWords(text);
  const [name = '', ...args] = words;
  const known = ACTIONS.get(name === 'quit' ? 'exit' : name);
  if (known !== undefined) return known.action(repl, args, text.slice(name.length).trim());
  const placed = repl.placed.get(name);
  if (placed !== undefined) return describePlaced(name, placed);
  const near = didYouMean(name, [...ACTIONS.keys(), ...repl.placed.keys()]);
  throw usageError(`the prompt knows no ${name}${near}; type help for what it knows`);
}

const needOne = (words: readonly string[], usage: string): string => {
  const [first] = words;
  if (first === undefined) throw usageError(`write: ${usage}`);
  return first;
};

/** `Token` is in scope as `token`; a second one as `token2`. */
function scopeName(repl: Repl, contract: EvmContract): string {
  const base = contract.name.charAt(0).toLowerCase() + contract.name.slice(1);
  const clean = base.replaceAll(/[^\w$]/g, '_');
  let name = clean;
  for (let number = 2; repl.placed.has(name); number++) name = `${clean}${number}`;
  return name;
}

async function loadFile(repl: Repl, file: string): Promise<EvmContract> {
  const { loadContract } = await import('../../languages/load.ts');
  const { fork } = repl.session;
  // A compiler may be too old to know the newest fork, and needs no telling.
  const { contract, notes } = await loadContract(file, {
    fork: fork === LATEST_FORK ? undefined : fork,
  });
  for (const note of notes) {
    if (note.level === 'info') repl.io.out(`${repl.paint('dim', note.text)}\n`);
  }
  if (contract.kind === 'dmir') {
    throw usageError(`${file} is dMIR; run it with: lockstep run ${file}`);
  }
  repl.loaded.set(contract.name, contract);
  return contract;
}

async function load(repl: Repl, words: readonly string[]): Promise<string> {
  const contract = await loadFile(repl, needOne(words, 'load FILE'));
  return `${contract.name} is loaded; deploy it with: deploy ${contract.name}\n`;
}

async function deploy(repl: Repl, words: readonly string[]): Promise<string> {
  const { session, paint } = repl;
  const name = needOne(words, 'deploy FILE|NAME ARGUMENTS…');
  const contract = repl.loaded.get(name) ?? (await loadFile(repl, name));
  const { initCode } = contract;
  if (initCode === undefined) {
    const placed = deployContract(session, contract, undefined);
    const scope = scopeName(repl, contract);
    repl.placed.set(scope, placed);
    return `${scope} has its code at ${placed.address}\n`;
  }
  const { encodeConstructor } = await import('../../languages/abi.ts');
  const given = words.slice(1).map((word) => addressOf(repl, word) ?? word);
  const argumentData = encodeConstructor(contract.abi, given, contract.name);
  const printed = new Printed();
  const creation = { init: initCode, argumentData, value: 0n };
  const placed = deployContract(session, contract, creation, printed.begin());
  const { outcome, code } = placed.deployment!;
  const gas = transactionGas(session.fork, code, true, outcome.gasUsed, outcome.gasRefund);
  const names = await slotNamer(contract, placed.address, session.from, new Uint8Array(0), outcome);
  const step = await reportStep(
    {
      kind: 'deploy',
      address: placed.address,
      item: undefined,
      data: code,
      outcome,
      gas,
      timings: [],
      abi: contract.abi,
      printed: printed.lines,
    },
    names,
  );
  const text = renderStep(step, paint, false);
  if (outcome.status !== 'success') {
    repl.ok = false;
    return text;
  }
  const scope = scopeName(repl, contract);
  repl.placed.set(scope, placed);
  return `${text}${paint('dim', `  in scope as ${scope}`)}\n`;
}

function addressOf(repl: Repl, word: string): Hex | undefined {
  return repl.placed.get(word)?.address ?? (word === 'me' ? repl.session.from : undefined);
}

/** Names of contracts stand for their addresses, at any depth. */
function withAddresses(repl: Repl, literal: Literal): Literal {
  if (literal.kind === 'list') {
    return { ...literal, items: literal.items.map((item) => withAddresses(repl, item)) };
  }
  if (literal.kind === 'record') {
    const fields = [...literal.fields].map(([k, v]) => [k, withAddresses(repl, v)] as const);
    return { ...literal, fields: new Map(fields) };
  }
  const address = literal.quoted ? undefined : addressOf(repl, literal.text);
  return address === undefined ? literal : { ...literal, text: address };
}

function findPlaced(repl: Repl, name: string): Placed {
  const placed = repl.placed.get(name);
  if (placed !== undefined) return placed;
  const names = [...repl.placed.keys()];
  throw new InputError(
    'contract-unknown',
    `nothing in scope is named ${name}${didYouMean(name, names)}`,
    names.length === 0 ? 'deploy a contract first: deploy FILE' : `in scope: ${names.join(', ')}`,
  );
}

async function invoke(repl: Repl, text: string, traced: boolean): Promise<string> {
  const match = EXPRESSION.exec(text);
  if (match === null) throw usageError('write a call: name.function(arguments)');
  const [, name = '', member = '', value, list = ''] = match;
  const placed = findPlaced(repl, name);
  const { parseLiterals } = await import('../../languages/literal.ts');
  const given = parseLiterals(list).map((literal) => withAddresses(repl, literal));
  const { findFunction } = await import('../../languages/abi.ts');
  const item = findFunction(placed.contract.abi, member, given.length, placed.name);
  return send(repl, placed, item, given, readAmount(value, 'value'), traced);
}

async function call(repl: Repl, words: readonly string[]): Promise<string> {
  const name = needOne(words, 'call NAME SIGNATURE ARGUMENTS…');
  const [, signature, ...rest] = words;
  const placed = findPlaced(repl, name);
  if (signature === undefined) throw usageError('write: call NAME SIGNATURE ARGUMENTS…');
  const { findFunction } = await import('../../languages/abi.ts');
  const item = findFunction(placed.contract.abi, signature, rest.length, placed.name);
  const given = rest.map((word) => addressOf(repl, word) ?? word);
  return send(repl, placed, item, given, 0n, false);
}

function trace(repl: Repl, _words: readonly string[], rest: string): Promise<string> {
  return invoke(repl, rest, true);
}

async function send(
  repl: Repl,
  placed: Placed,
  item: AbiItem,
  given: readonly (string | Literal)[],
  value: bigint,
  traced: boolean,
): Promise<string> {
  const { session, io, paint } = repl;
  const { address, contract } = placed;
  const { encodeCall } = await import('../../languages/abi.ts');
  const data = encodeCall(item, given);
  const printed = new Printed();
  const onPrint = printed.begin();
  const options = { ...callOptions(session, { to: address, data, value }), onPrint };
  const outcome = traced
    ? (await import('../trace.ts')).writeTrace(session.machine, options, session.fork, io.out)
    : session.machine.call(options);
  const gas = transactionGas(session.fork, data, false, outcome.gasUsed, outcome.gasRefund);
  const names = await slotNamer(contract, address, session.from, data, outcome);
  const { abi } = contract;
  const input = {
    ...({ kind: 'call', address, item, data, outcome, gas, timings: [], abi } as const),
    printed: printed.lines,
  };
  if (outcome.status !== 'success') repl.ok = false;
  return renderStep(await reportStep(input, names), paint, true);
}

function readPlace(repl: Repl, word: string): Hex {
  return addressOf(repl, word) ?? readAddress(word, 'address');
}

function balance(repl: Repl, words: readonly string[]): string {
  const address = readPlace(repl, needOne(words, 'balance ADDRESS|NAME'));
  return `${formatCount(repl.session.machine.state.getBalance(address))} wei\n`;
}

async function storage(repl: Repl, words: readonly string[]): Promise<string> {
  const { state } = repl.session.machine;
  const address = readPlace(repl, needOne(words, 'storage ADDRESS|NAME [SLOT]'));
  const [, slotText] = words;
  if (slotText === undefined) {
    const account = state.dump().find((each) => each.address === address);
    const rows = (account?.storage ?? []).map(({ slot, value }) => [
      formatQuantity(slot),
      formatWord(value),
    ]);
    return rows.length === 0 ? '  no slot is set\n' : formatTable(rows);
  }
  const { parseInteger } = await import('../../languages/abi-values.ts');
  const slot = parseInteger(slotText);
  if (slot === undefined || slot < 0n || slot >= 1n << 256n) {
    throw usageError(`slot ${slotText}: write a number of at most 256 bits`);
  }
  return `${formatWord(state.getStorage(address, slot))}\n`;
}

function from(repl: Repl, words: readonly string[]): string {
  const [word] = words;
  if (word !== undefined) {
    repl.session = { ...repl.session, from: readPlace(repl, word) };
  }
  return `${repl.session.from}\n`;
}

function describePlaced(name: string, { address, contract }: Placed): string {
  const functions = (contract.abi ?? []).filter((item) => item.type === 'function');
  const list = functions.map((item) => `  ${name}.${item.name}(…)\n`).join('');
  return `${contract.name} at ${address}\n${list}`;
}

function contracts(repl: Repl): string {
  const rows = [...repl.placed].map(([name, { address, contract }]) => [
    name,
    address,
    contract.name,
  ]);
  const waiting = [...repl.loaded.keys()].map((name) => `  ${name} is loaded\n`).join('');
  return rows.length === 0 && waiting === '' ? '  nothing yet\n' : formatTable(rows) + waiting;
}

function help(): string {
  const rows = [...ACTIONS.values()].map(({ usage, summary }) => [usage, summary]);
  const expression = ['name.function(arguments)', 'call a deployed contract; me is the sender'];
  return formatTable([expression, ...rows]);
}

function leave(repl: Repl): string {
  repl.done = true;
  return '';
}
