/**
 * Scripts in their own text form, `.wast`: the commands of the specification's reference
 * interpreter. Modules are assembled; one that cannot be, for a feature that is not there, says so
 * when the script gets there.
 */
import { LockstepError } from '../../base/errors.ts';
import { Cursor, isList } from '../../vms/wasm/text/cursor.ts';
import {
  type Atom,
  type List,
  type Node,
  readNodes,
  wrongText,
} from '../../vms/wasm/text/lexer.ts';
import { assembleModule, assembleNodes } from '../../vms/wasm/text/module.ts';
import { floatBits, integerBits } from '../../vms/wasm/text/numbers.ts';
import type { WastAction, WastCommand, WastModule, WastScript, WastValue } from './script.ts';

/**
 * The script of a text.
 *
 * @throws LockstepError L1606 for text that is no script
 */
export function readTextScript(path: string, text: string): WastScript {
  const commands: WastCommand[] = [];
  let nodes = readNodes(text);
  const isInline = nodes.length > 0 && nodes.every((node) => !isList(node, ...HEADS));
  if (isInline) {
    nodes = [{ kind: 'list', line: 1, column: 1, items: [WORD_MODULE, ...nodes] }];
  }
  for (const node of nodes) {
    if (node.kind !== 'list') throw wrongText(node, 'unexpected token: no command');
    for (const command of readCommand(node)) commands.push({ line: node.line, ...command });
  }
  return { path, commands };
}

const WORD_MODULE = { kind: 'atom', text: 'module', line: 1, column: 1 } as const;

const ASSERTIONS = [
  'assert_return',
  'assert_trap',
  'assert_exhaustion',
  'assert_exception',
  'assert_invalid',
  'assert_malformed',
  'assert_invalid_custom',
  'assert_malformed_custom',
  'assert_unlinkable',
] as const;
const HEADS = ['module', 'register', 'invoke', 'get', 'input', 'script', ...ASSERTIONS] as const;

function readCommand(list: List): WastCommand[] {
  const head = HEADS.find((each) => isList(list, each));
  const cursor = new Cursor(list);
  switch (head) {
    case 'module':
      return readModule(cursor, list);
    case 'register': {
      const as = textOf(cursor);
      const module = cursor.takeId()?.text;
      return [{ type: 'register', as, ...(module === undefined ? {} : { module }) }];
    }
    case 'invoke':
    case 'get':
      return [{ type: 'action', action: readAction(list) }];
    case 'input':
    case 'script':
    case undefined:
      throw wrongText(list, 'unexpected token: no command');
    default:
      return readAssertion(head, cursor);
  }
}

/** A definition, an instance, or both. */
function readModule(cursor: Cursor, list: List): WastCommand[] {
  const isDefinition = cursor.takeWord('definition');
  const isInstance = !isDefinition && cursor.takeWord('instance');
  const name = cursor.takeId()?.text;
  const named = name === undefined ? {} : { name };
  if (isInstance) {
    const module = cursor.takeId()?.text;
    const from = module === undefined ? {} : { module };
    return [{ type: 'module_instance', ...named, ...from }];
  }
  const definition = { type: 'module_definition', ...named, ...assemble(list) };
  return isDefinition ? [definition] : [definition, { type: 'module_instance', ...named }];
}

/** The binary form in base64, or the error that says why there is none. */
function assemble(list: List): Pick<WastCommand, 'wasm' | 'problem'> {
  try {
    return { wasm: Buffer.from(moduleBytes(list)).toString('base64') };
  } catch (problem) {
    if (problem instanceof LockstepError) return { problem };
    throw problem;
  }
}

/** @throws LockstepError L1606, L1603 */
function moduleBytes(list: List): Uint8Array {
  const cursor = new Cursor(list);
  const from = 1 + (cursor.takeWord('definition') ? 1 : 0);
  const start = from + (cursor.takeId() === undefined ? 0 : 1);
  const form = ['binary', 'quote'].find((word) => cursor.takeWord(word));
  if (form === undefined) return assembleNodes(list, start);
  const parts: Uint8Array[] = [];
  while (!cursor.isAtEnd) parts.push(cursor.string());
  const bytes = Buffer.concat(parts);
  return form === 'binary' ? bytes : assembleModule(bytes.toString('utf8'));
}

function readAssertion(type: (typeof ASSERTIONS)[number], cursor: Cursor): WastCommand[] {
  const subject = cursor.next() as List;
  if (isList(subject, 'module')) return readModuleAssertion(type, subject, cursor);
  const action = readAction(subject);
  if (type !== 'assert_return') {
    return [{ type, action, ...(cursor.isAtEnd ? {} : { text: textOf(cursor) }) }];
  }
  const expected: WastValue[] = [];
  while (!cursor.isAtEnd) expected.push(readValue(cursor.next()));
  return [{ type, action, expected }];
}

function readModuleAssertion(
  type: (typeof ASSERTIONS)[number],
  subject: List,
  cursor: Cursor,
): WastCommand[] {
  const text = textOf(cursor);
  const inner = new Cursor(subject);
  if (inner.takeWord('instance')) {
    const module = inner.takeId()?.text;
    return [{ type, text, ...(module === undefined ? {} : { module }) }];
  }
  const made = assemble(subject);
  if (type === 'assert_unlinkable' || type === 'assert_trap') {
    return [
      { type: 'module_definition', ...made },
      { type, text, module: {} },
    ];
  }
  const module: WastModule = made;
  return [{ type, module, text }];
}

function textOf(cursor: Cursor): string {
  return Buffer.from(cursor.string()).toString('utf8');
}

function readAction(list: List): WastAction {
  const type = (['invoke', 'get'] as const).find((each) => isList(list, each));
  if (type === undefined) throw wrongText(list, 'unexpected token: no action');
  const cursor = new Cursor(list);
  const module = cursor.takeId()?.text;
  const field = textOf(cursor);
  const args: WastValue[] = [];
  while (!cursor.isAtEnd) args.push(readValue(cursor.next()));
  return { type, field, args, ...(module === undefined ? {} : { module }) };
}

const WIDTHS: Readonly<Record<string, 32 | 64>> = { i32: 32, i64: 64, f32: 32, f64: 64 };

function readValue(node: Node): WastValue {
  const [head] = node.kind === 'list' ? node.items : [];
  if (node.kind !== 'list' || head?.kind !== 'atom') throw wrongText(node, 'unexpected token');
  const cursor = new Cursor(node);
  if (head.text === 'either') {
    const values: WastValue[] = [];
    while (!cursor.isAtEnd) values.push(readValue(cursor.next()));
    return { type: 'either', values };
  }
  const type = head.text.replace('.const', '');
  if (type === 'v128') {
    const lane = cursor.atom().text;
    const value: string[] = [];
    while (!cursor.isAtEnd) value.push(readNumber(lane.split('x')[0] as string, cursor.atom()));
    return { type, lane, value };
  }
  const width = WIDTHS[type];
  if (width === undefined) {
    const rest = cursor.peek();
    const value = rest?.kind === 'atom' ? rest.text : null;
    return { type, value };
  }
  return { type, value: readNumber(type, cursor.atom()) };
}

function readNumber(type: string, atom: Atom): string {
  const { text } = atom;
  if (text === 'nan:canonical' || text === 'nan:arithmetic') return text;
  const width = Number(type.slice(1));
  const bits = type.startsWith('i') ? integerBits(text, width) : floatBits(text, width as 32 | 64);
  if (typeof bits === 'string') throw wrongText(atom, bits);
  return String(bits);
}
