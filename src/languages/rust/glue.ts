/**
 * The items that stand in a contract in Rust in the place of its declarations: state variables,
 * events, errors, other contracts, and `call` and `deploy`, which read the parameters and call the
 * functions of the source. Names are as Rust writes them: `balanceOf` is `balance_of`.
 */
import type { AbiItem, AbiParam } from '../contract.ts';
import { selectorWord, topicBytes } from '../glue-words.ts';
import { itemsOf, type Model, type Remote, type Variable } from '../model.ts';
import { findType } from '../types.ts';

/** By its whole path, so that a source imports what it names itself. */
const typeOf = (abi: string): string =>
  (findType(abi)?.rust ?? '()').replace(/^[A-Z]/, 'lockstep::$&');
const hex32 = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;

/** Words that need a mark to be a name. */
const KEYWORDS = new Set(
  (
    'abstract as async await become box break const continue do dyn else enum extern false final fn ' +
    'for if impl in let loop macro match mod move mut override priv pub ref return static struct ' +
    'trait true try type typeof unsafe unsized use virtual where while yield'
  ).split(' '),
);

/** Words that can be no name at all. */
const PATH_WORDS = new Set(['self', 'super', 'crate']);

const words = (name: string): string =>
  name.replace(/([a-z\d])([A-Z])|([A-Z])([A-Z][a-z])/g, '$1$3_$2$4');

/** `balanceOf` to `balance_of`. */
function snakeCase(name: string): string {
  const snake = words(name).toLowerCase();
  if (PATH_WORDS.has(snake)) return `${snake}_`;
  return KEYWORDS.has(snake) ? `r#${snake}` : snake;
}

const named = (params: readonly AbiParam[] = []) =>
  params.map(({ name, type, indexed }, at) => ({
    name: name ? snakeCase(name) : `a${at}`,
    type,
    isIndexed: indexed === true,
  }));

const listOf = (params: readonly { name: string; type: string }[]): string =>
  params.map(({ name, type }) => `${name}: ${typeOf(type)}`).join(', ');

function structText(item: AbiItem): string {
  const fields = named(item.inputs).map(({ name, type }) => `pub ${name}: ${typeOf(type)}`);
  return `pub struct ${item.name} { ${fields.join(', ')} }`;
}

function eventText(event: AbiItem): string[] {
  const fields = named(event.inputs);
  const plain = fields.filter(({ isIndexed }) => !isIndexed);
  const indexed = fields.filter(({ isIndexed }) => isIndexed);
  const topics = [
    `[${topicBytes(event).join(', ')}]`,
    ...indexed.map(({ name }) => `lockstep::Abi::topic(self.${name})`),
  ];
  return [
    structText(event),
    `impl ${event.name} { pub fn emit(self) {`,
    `let mut out = lockstep::Writer::plain(${plain.length});`,
    ...plain.map(({ name }) => `out.put(self.${name});`),
    `lockstep::emit(out.data(), &[${topics.join(', ')}]);`,
    '} }',
  ];
}

const writerOf = (item: AbiItem, name = 'out'): string =>
  `let mut ${name} = lockstep::Writer::new(${hex32(selectorWord(item))}, ${item.inputs?.length ?? 0});`;

function errorText(error: AbiItem): string[] {
  return [
    structText(error),
    `impl ${error.name} { pub fn revert(self) -> ! {`,
    writerOf(error),
    ...named(error.inputs).map(({ name }) => `out.put(self.${name});`),
    'lockstep::revert_data(out.data())',
    '} }',
  ];
}

function remoteText({ name, functions }: Remote): string[] {
  const methods = functions.flatMap((item) => {
    const params = named(item.inputs);
    const output = item.outputs?.[0]?.type ?? '';
    const isStatic = item.stateMutability === 'view' || item.stateMutability === 'pure';
    const call = `lockstep::call_contract(self.0, __out.data(), ${isStatic}, ${output ? 1 : 0})`;
    const list = ['&self', listOf(params)].filter((each) => each !== '').join(', ');
    return [
      `pub fn ${snakeCase(item.name ?? '')}(${list}) -> ${typeOf(output)} {`,
      writerOf(item, '__out'),
      ...params.map((each) => `__out.put(${each.name});`),
      output === '' ? `${call};` : `${call}.next()`,
      '}',
    ];
  });
  return [`pub struct ${name}(pub lockstep::Address);`, `impl ${name} {`, ...methods, '}'];
}

function variableText({ name, keys, value }: Variable, slot: number): string {
  const type = keys.reduceRight(
    (inner, key) => `lockstep::Mapping<${typeOf(key)}, ${inner}>`,
    keys.length === 0 ? `lockstep::Value<${typeOf(value)}>` : typeOf(value),
  );
  const own = keys.length === 0 ? 'Value' : 'Mapping';
  return `const ${words(name).toUpperCase()}: ${type} = lockstep::${own}::new(${slot});`;
}

/** Reads the parameters, calls the function of the source, and ends the frame. */
function callText(item: AbiItem, name: string, data: string): string[] {
  const params = named(item.inputs);
  const call = `${name}(${params.map((_, at) => `a${at}`).join(', ')})`;
  return [
    ...(item.stateMutability === 'payable' ? [] : ['lockstep::refuse_value();']),
    ...(params.length === 0 ? [] : [`let mut input = lockstep::Reader::new(${data});`]),
    ...params.map(({ type }, at) => `let a${at}: ${typeOf(type)} = input.next();`),
    ...((item.outputs ?? []).length === 0
      ? [`${call};`, 'lockstep::finish(&[])']
      : [
          `let result: ${typeOf(item.outputs?.[0]?.type ?? '')} = ${call};`,
          'let mut out = lockstep::Writer::plain(1);',
          'out.put(result);',
          'lockstep::finish(out.data())',
        ]),
  ];
}

function entryText(model: Model): string[] {
  const functions = itemsOf(model, 'function');
  const [deploy] = itemsOf(model, 'constructor');
  const [receive] = itemsOf(model, 'receive');
  const [fallback] = itemsOf(model, 'fallback');
  const arms = functions.flatMap((item) => [
    `${hex32(selectorWord(item))} => {`,
    ...callText(item, snakeCase(item.name ?? ''), '&data[4..]'),
    '}',
  ]);
  return [
    '#[no_mangle] pub extern "C" fn call() {',
    'let data = lockstep::call_data();',
    `if data.len() >= 4 { match lockstep::selector(data) { ${arms.join('\n')} _ => {} } }`,
    ...(receive ? ['if data.is_empty() {', ...callText(receive, 'receive', ''), '}'] : []),
    ...(fallback ? callText(fallback, 'fallback', '') : ['lockstep::reject()']),
    '}',
    '#[no_mangle] pub extern "C" fn deploy() {',
    ...(deploy
      ? callText(deploy, 'constructor', 'lockstep::call_data()')
      : ['lockstep::refuse_value();']),
    '}',
  ];
}

/** The items of a contract. */
export function writeItems(model: Model): string {
  return [
    `// Written by Lockstep from the declarations of ${model.name}.`,
    ...model.variables.map(variableText),
    ...itemsOf(model, 'event').flatMap(eventText),
    ...itemsOf(model, 'error').flatMap(errorText),
    ...model.remotes.flatMap(remoteText),
    ...entryText(model),
    '',
  ].join('\n');
}
