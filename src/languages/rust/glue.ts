/**
 * The items that stand in a contract in Rust in the place of its declarations: state variables,
 * events, errors, other contracts, and `call` and `deploy`, which read the parameters and call the
 * functions of the source. Names are as Rust writes them: `balanceOf` is `balance_of`.
 */
import type { AbiItem } from '../contract.ts';
import { selectorWord, topicBytes } from '../glue-words.ts';
import {
  type Constant,
  definedFunctions,
  itemsOf,
  type Model,
  paramsOf,
  type Remote,
  type Variable,
} from '../model.ts';
import { compositesOf, type Field, fieldsOf, headOf, isDynamic, type Shape } from '../shapes.ts';
import { findType } from '../types.ts';
import { literalOf } from './literal.ts';

/** By its whole path, so that a source imports what it names itself. */
const typeOf = (abi: string): string =>
  (findType(abi)?.rust ?? '()').replace(/^[A-Z]/, 'lockstep::$&');

function typeOfShape(shape: Shape): string {
  if (shape.kind === 'plain') return typeOf(shape.row.abi);
  if (shape.kind === 'struct') return shape.name;
  const item = typeOfShape(shape.item);
  return shape.count === undefined ? `lockstep::Array<${item}>` : `[${item}; ${shape.count}]`;
}

/** Several results are a tuple. */
const tupleOf = (parts: readonly string[]): string =>
  parts.length === 1 ? (parts[0] as string) : `(${parts.join(', ')})`;

const resultType = ({ outputs }: AbiItem): string =>
  tupleOf(fieldsOf(outputs).map(({ shape }) => typeOfShape(shape)));

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

/** Parameters with the names that Rust gives them. */
const named = (params: AbiItem['inputs']): Field[] =>
  fieldsOf(params).map(({ name, shape }) => ({ name: snakeCase(name), shape }));

const listOf = (fields: readonly Field[]): string =>
  fields.map(({ name, shape }) => `${name}: ${typeOfShape(shape)}`).join(', ');

function structText(name: string, fields: readonly Field[]): string {
  const list = fields.map((field) => `pub ${field.name}: ${typeOfShape(field.shape)}`);
  return `#[derive(Clone, Copy)] pub struct ${name} { ${list.join(', ')} }`;
}

/** A structure: its type, and how it is read and written. */
function compositeText(shape: Shape): string[] {
  if (shape.kind !== 'struct') return [];
  const fields = shape.fields.map(({ name, shape }) => ({ name: snakeCase(name), shape }));
  const isApart = isDynamic(shape);
  return [
    structText(shape.name, fields),
    `impl lockstep::Abi for ${shape.name} {`,
    `const HEAD: usize = ${isApart ? 32 : 32 * headOf(fields)};`,
    `const IS_DYNAMIC: bool = ${isApart};`,
    `fn next(__in: &mut lockstep::Reader) -> ${shape.name} {`,
    isApart ? 'let __in = &mut __in.follow();' : '',
    `${shape.name} { ${fields.map(({ name }) => `${name}: __in.next()`).join(', ')} }`,
    '}',
    'fn put(self, __out: &mut lockstep::Writer) {',
    isApart
      ? `let mut __part = lockstep::Writer::plain(${headOf(fields)});`
      : 'let __part = __out;',
    ...fields.map(({ name }) => `__part.put(self.${name});`),
    isApart ? '__out.tail(&__part);' : '',
    '}',
    '}',
  ];
}

function eventText(event: AbiItem): string[] {
  const fields = named(event.inputs);
  const isIndexed = (_: Field, at: number): boolean => event.inputs?.[at]?.indexed === true;
  const plain = fields.filter((field, at) => !isIndexed(field, at));
  const topics = [
    `[${topicBytes(event).join(', ')}]`,
    ...fields.filter(isIndexed).map(({ name }) => `lockstep::Topic::topic(self.${name})`),
  ];
  return [
    structText(event.name ?? '', fields),
    `impl ${event.name} { pub fn emit(self) {`,
    `let mut out = lockstep::Writer::plain(${headOf(plain)});`,
    ...plain.map(({ name }) => `out.put(self.${name});`),
    `lockstep::emit(out.data(), &[${topics.join(', ')}]);`,
    '} }',
  ];
}

const writerOf = (item: AbiItem, name = 'out'): string =>
  `let mut ${name} = lockstep::Writer::new(${selectorWord(item)}, ${headOf(fieldsOf(item.inputs))});`;

function errorText(error: AbiItem): string[] {
  const fields = named(error.inputs);
  return [
    structText(error.name ?? '', fields),
    `impl ${error.name} { pub fn revert(self) -> ! {`,
    writerOf(error),
    ...fields.map(({ name }) => `out.put(self.${name});`),
    'lockstep::revert_data(out.data())',
    '} }',
  ];
}

function remoteText({ name, functions }: Remote): string[] {
  const methods = functions.flatMap((item) => {
    const params = named(item.inputs);
    const count = (item.outputs ?? []).length;
    const isStatic = item.stateMutability === 'view' || item.stateMutability === 'pure';
    const call = `lockstep::call_contract(self.0, __out.data(), ${isStatic}, ${count})`;
    const list = ['&self', listOf(params)].filter((each) => each !== '').join(', ');
    const nexts = tupleOf(new Array<string>(count).fill('__in.next()'));
    return [
      `pub fn ${snakeCase(item.name ?? '')}(${list}) -> ${resultType(item)} {`,
      writerOf(item, '__out'),
      ...params.map((each) => `__out.put(${each.name});`),
      ...(count === 0 ? [`${call};`] : [`let mut __in = ${call};`, nexts]),
      '}',
    ];
  });
  return [`pub struct ${name}(pub lockstep::Address);`, `impl ${name} {`, ...methods, '}'];
}

const constantName = (name: string): string => words(name).toUpperCase();

function variableText({ name, keys, value }: Variable, slot: number): string {
  const type = keys.reduceRight(
    (inner, key) => `lockstep::Mapping<${typeOf(key)}, ${inner}>`,
    keys.length === 0 ? `lockstep::Value<${typeOf(value)}>` : typeOf(value),
  );
  const own = keys.length === 0 ? 'Value' : 'Mapping';
  return `const ${constantName(name)}: ${type} = lockstep::${own}::new(${slot});`;
}

const constantText = ({ name, type, value }: Constant): string =>
  `const ${constantName(name)}: ${typeOf(type)} = ${literalOf(type, value)};`;

/** A call of what answers, with the values of its parameters. */
type Answer = (values: readonly string[]) => string;

const functionAnswer =
  (name: string): Answer =>
  (values) =>
    `${name}(${values.join(', ')})`;

const variableAnswer =
  ({ name }: Variable): Answer =>
  (values) =>
    `${constantName(name)}${values.map((each) => `.at(${each})`).join('')}.get()`;

/** Reads the parameters, calls what answers, and ends the frame. */
function callText(item: AbiItem, answer: Answer, data: string): string[] {
  const params = named(item.inputs);
  const outputs = fieldsOf(item.outputs);
  const call = answer(params.map((_, at) => `a${at}`));
  const results = outputs.map((_, at) => `r${at}`);
  return [
    ...(item.stateMutability === 'payable' ? [] : ['lockstep::refuse_value();']),
    ...(params.length === 0 ? [] : [`let mut input = lockstep::Reader::new(${data});`]),
    ...params.map(({ shape }, at) => `let a${at}: ${typeOfShape(shape)} = input.next();`),
    ...(outputs.length === 0
      ? [`${call};`, 'lockstep::finish(&[])']
      : [
          `let ${tupleOf(results)}: ${resultType(item)} = ${call};`,
          `let mut out = lockstep::Writer::plain(${headOf(outputs)});`,
          ...results.map((each) => `out.put(${each});`),
          'lockstep::finish(out.data())',
        ]),
  ];
}

/** Functions that the ABI has, with what answers each. */
function answersOf(model: Model): [AbiItem, Answer][] {
  return [
    ...model.variables.flatMap((each): [AbiItem, Answer][] =>
      each.getter === undefined ? [] : [[each.getter, variableAnswer(each)]],
    ),
    ...model.constants.flatMap((each): [AbiItem, Answer][] =>
      each.getter === undefined ? [] : [[each.getter, () => constantName(each.name)]],
    ),
    ...definedFunctions(model).map((item): [AbiItem, Answer] => [
      item,
      functionAnswer(snakeCase(item.name ?? '')),
    ]),
  ];
}

function entryText(model: Model): string[] {
  const [[deploy], [receive], [fallback]] = (['constructor', 'receive', 'fallback'] as const).map(
    (type) => itemsOf(model, type),
  ) as [AbiItem[], AbiItem[], AbiItem[]];
  const own = (item: AbiItem, data: string): string[] =>
    callText(item, functionAnswer(item.type), data);
  const arms = answersOf(model).flatMap(([item, answer]) => [
    `${selectorWord(item)} => {`,
    ...callText(item, answer, '&data[4..]'),
    '}',
  ]);
  const births = model.variables.flatMap(({ name, value, initial }) =>
    initial === undefined ? [] : [`${constantName(name)}.set(${literalOf(value, initial)});`],
  );
  return [
    '#[no_mangle] pub extern "C" fn call() {',
    'let data = lockstep::call_data();',
    `if data.len() >= 4 { match lockstep::selector(data) { ${arms.join('\n')} _ => {} } }`,
    ...(receive ? ['if data.is_empty() {', ...own(receive, ''), '}'] : []),
    ...(fallback ? own(fallback, '') : ['lockstep::reject()']),
    '}',
    '#[no_mangle] pub extern "C" fn deploy() {',
    ...births,
    ...(deploy ? own(deploy, 'lockstep::call_data()') : ['lockstep::refuse_value();']),
    '}',
  ];
}

/** The items of a contract. */
export function writeItems(model: Model): string {
  return [
    `// Written by Lockstep from the declarations of ${model.name}.`,
    ...compositesOf(paramsOf(model), typeOfShape).flatMap(compositeText),
    ...model.constants.map(constantText),
    ...model.variables.map(variableText),
    ...itemsOf(model, 'event').flatMap(eventText),
    ...itemsOf(model, 'error').flatMap(errorText),
    ...model.remotes.flatMap(remoteText),
    ...entryText(model),
    '',
  ].join('\n');
}
