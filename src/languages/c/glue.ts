/**
 * The header that stands before a contract in C or C++: state variables, functions for events,
 * errors and calls of other contracts, and `call` and `deploy`, which read the parameters and call
 * the functions of the source.
 */
import type { AbiValue } from '../abi-values.ts';
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
import {
  compositesOf,
  type Field,
  fieldsOf,
  headOf,
  headWords,
  isDynamic,
  type Shape,
} from '../shapes.ts';
import { findType } from '../types.ts';
import { literalOf } from './literal.ts';

export type Dialect = 'c' | 'c++';

const typeOf = (abi: string): string => findType(abi)?.c ?? 'void';

/** What functions of a type are called by: `uint256`, `uint256_array`, `bool_array3`, `Order`. */
function nameOf(shape: Shape): string {
  if (shape.kind === 'plain') return shape.row.abi;
  if (shape.kind === 'struct') return shape.name;
  return `${nameOf(shape.item)}_array${shape.count ?? ''}`;
}

/** What the source calls a type. */
const ownName = (shape: Shape): string => (shape.kind === 'plain' ? shape.row.c : nameOf(shape));

/** Parameters of a function that the source defines. */
const listOf = (fields: readonly Field[]): string =>
  fields.map(({ name, shape }) => `${ownName(shape)} ${name}`).join(', ') || 'void';

/** Parameters of a function that is written. */
const listIn = (fields: readonly Field[], first: readonly string[] = []): string =>
  [...first, ...fields.map(({ name, shape }) => `IN(${ownName(shape)}) ${name}`)].join(', ') ||
  'void';

const isPlainWord = (shape: Shape): boolean => shape.kind === 'plain' && shape.row.isWord;

const readOf = (shape: Shape, from = '&__in'): string =>
  isPlainWord(shape)
    ? `read_${nameOf(shape)}(next_word(${from}))`
    : `next_${nameOf(shape)}(${from})`;

const putOf = (shape: Shape, value: string, to = '&__out'): string =>
  isPlainWord(shape)
    ? `write_${nameOf(shape)}(put_word(${to}), ${value});`
    : `put_${nameOf(shape)}(${to}, ${value});`;

const putAll = (fields: readonly Field[]): string[] =>
  fields.map(({ name, shape }) => `  ${putOf(shape, name)}`);

const writerOf = (item: AbiItem): string =>
  `  writer __out = new_writer(4, ${selectorWord(item)}, ${headOf(fieldsOf(item.inputs))});`;

/** How an array or a structure is read and written: the heads of its functions, and where. */
function partsOf(shape: Shape, head: string) {
  const name = nameOf(shape);
  // What has an offset is read and written in a place of its own.
  const isApart = isDynamic(shape);
  return {
    name,
    next: [
      `LOCKSTEP_SHARED ${name} next_${name}(reader *in) {`,
      ...(isApart ? ['  reader part = lockstep_follow(in);'] : []),
      `  ${name} value;`,
    ],
    put: [
      `LOCKSTEP_SHARED void put_${name}(writer *out, IN(${name}) value) {`,
      ...(isApart ? [`  writer part = ${head};`] : []),
    ],
    end: isApart ? ['  put_tail(out, &part);', '}'] : ['}'],
    from: isApart ? '&part' : 'in',
    to: isApart ? '&part' : 'out',
  };
}

function structureText(shape: Shape & { kind: 'struct' }): string[] {
  const { fields } = shape;
  const { name, next, put, end, from, to } = partsOf(shape, `new_writer(0, 0, ${headOf(fields)})`);
  return [
    ...structText(name, fields),
    ...next,
    ...fields.map((field) => `  value.${field.name} = ${readOf(field.shape, from)};`),
    '  return value;',
    '}',
    ...put,
    ...fields.map((field) => `  ${putOf(field.shape, `value.${field.name}`, to)}`),
    ...end,
  ];
}

/** An array of so many items. */
function fixedText(shape: Shape & { kind: 'list' }, count: number): string[] {
  const { item } = shape;
  const head = `new_writer(0, 0, ${count * headWords(item)})`;
  const { name, next, put, end, from, to } = partsOf(shape, head);
  const each = `for (uint32_t i = 0; i < ${count}; i++)`;
  return [
    `typedef struct ${name} { ${ownName(item)} item[${count}]; } ${name};`,
    ...next,
    `  ${each} value.item[i] = ${readOf(item, from)};`,
    '  return value;',
    '}',
    ...put,
    `  ${each} ${putOf(item, 'value.item[i]', to)}`,
    ...end,
  ];
}

/** An array of any length. */
function arrayText(shape: Shape & { kind: 'list' }, dialect: Dialect): string[] {
  const { item } = shape;
  const type = ownName(item);
  const { name, put, end } = partsOf(shape, `new_list(value.size, ${headWords(item)})`);
  return [
    dialect === 'c'
      ? `typedef struct ${name} { ${type} *item; uint32_t size; } ${name};`
      : `typedef Array<${type}> ${name};`,
    `LOCKSTEP_SHARED ${name} new_${name}(uint32_t size) {`,
    `  ${name} value = {(${type} *)lockstep_allocate_items(size, sizeof(${type})), size};`,
    '  return value;',
    '}',
    `LOCKSTEP_SHARED ${name} next_${name}(reader *in) {`,
    '  uint32_t size;',
    `  reader part = lockstep_follow_list(in, ${32 * headWords(item)}, &size);`,
    `  ${name} value = new_${name}(size);`,
    `  for (uint32_t i = 0; i < size; i++) value.item[i] = ${readOf(item, '&part')};`,
    '  return value;',
    '}',
    ...put,
    `  for (uint32_t i = 0; i < value.size; i++) ${putOf(item, 'value.item[i]', '&part')}`,
    ...end,
  ];
}

/** An array or a structure: its type, and how it is read and written. */
function compositeText(shape: Shape, dialect: Dialect): string[] {
  if (shape.kind === 'plain') return [];
  if (shape.kind === 'struct') return structureText(shape);
  return shape.count === undefined ? arrayText(shape, dialect) : fixedText(shape, shape.count);
}

const structText = (name: string, fields: readonly Field[]): string[] => [
  `typedef struct ${name} {`,
  ...fields.map((field) => `  ${ownName(field.shape)} ${field.name};`),
  `} ${name};`,
];

/** Results of a function; several are a structure of its name. */
function resultsOf({ outputs }: AbiItem, name: string): { type: string; define: string[] } {
  const fields = fieldsOf(outputs);
  const [only] = fields;
  if (only === undefined) return { type: 'void', define: [] };
  if (fields.length === 1) return { type: ownName(only.shape), define: [] };
  const type = `${name}_results`;
  return { type, define: structText(type, fields) };
}

function eventText(event: AbiItem): string[] {
  const fields = fieldsOf(event.inputs);
  const isIndexed = (_: Field, at: number): boolean => event.inputs?.[at]?.indexed === true;
  const indexed = fields.filter(isIndexed);
  const plain = fields.filter((field, at) => !isIndexed(field, at));
  const topics = indexed.flatMap(({ name, shape }, at) => [
    `  uint8_t __topic${at + 1}[32];`,
    isPlainWord(shape)
      ? `  write_${nameOf(shape)}(__topic${at + 1}, ${name});`
      : `  topic_${nameOf(shape)}(__topic${at + 1}, ${name});`,
  ]);
  const pointers = ['__topic0', ...indexed.map((_, at) => `__topic${at + 1}`), '0', '0', '0'];
  return [
    `static void emit_${event.name}(${listIn(fields)}) {`,
    `  static const uint8_t __topic0[32] = {${topicBytes(event).join(', ')}};`,
    `  writer __out = new_writer(0, 0, ${headOf(plain)});`,
    ...putAll(plain),
    ...topics,
    `  host_emitLogEvent(__out.data, (int32_t)__out.size, ${indexed.length + 1}, ` +
      `${pointers.slice(0, 4).join(', ')});`,
    '}',
  ];
}

function errorText(error: AbiItem): string[] {
  const fields = fieldsOf(error.inputs);
  return [
    `LOCKSTEP_NORETURN static void revert_${error.name}(${listIn(fields)}) {`,
    writerOf(error),
    ...putAll(fields),
    '  host_revert(__out.data, (int32_t)__out.size);',
    '}',
  ];
}

function remoteText({ name, functions }: Remote): string[] {
  return functions.flatMap((item) => {
    const own = `${name}_${item.name}`;
    const fields = fieldsOf(item.inputs);
    const outputs = fieldsOf(item.outputs);
    const { type, define } = resultsOf(item, own);
    const isStatic = item.stateMutability === 'view' || item.stateMutability === 'pure';
    const call = `lockstep_call(__at, __out, ${isStatic}, ${outputs.length})`;
    const [only] = outputs;
    return [
      ...define,
      `static ${type} ${own}(${listIn(fields, ['IN(address) __at'])}) {`,
      writerOf(item),
      ...putAll(fields),
      only === undefined ? `  ${call};` : `  reader __in = ${call};`,
      ...(only !== undefined && outputs.length === 1 ? [`  return ${readOf(only.shape)};`] : []),
      ...(outputs.length > 1
        ? [
            `  ${type} __results;`,
            ...outputs.map((each) => `  __results.${each.name} = ${readOf(each.shape)};`),
            '  return __results;',
          ]
        : []),
      '}',
    ];
  });
}

/** State variables of C++ are objects; a mapping's key is an index. */
function variableObject({ name, keys, value }: Variable, slot: number): string[] {
  const type = keys.reduceRight(
    (inner, key) => `Mapping<${typeOf(key)}, ${inner}>`,
    keys.length === 0 ? `Value<${typeOf(value)}>` : typeOf(value),
  );
  return [`static constexpr ${type} ${name}{${slot}};`];
}

/** State variables of C are two functions, `NAME_get` and `NAME_set`, with the keys first. */
function variableFunctions({ name, keys, value }: Variable, slot: number): string[] {
  const fields = fieldsOf(keys.map((type, at) => ({ name: `key${at}`, type })));
  const locate = [
    `  uint8_t data[64] = {[62] = ${slot >> 8}, [63] = ${slot & 255}};`,
    ...fields.flatMap(({ name: key, shape }) =>
      isPlainWord(shape)
        ? [`  write_${nameOf(shape)}(data, ${key});`, '  lockstep_entry(data);']
        : [`  lockstep_entry_bytes(data, (bytes){(const uint8_t *)${key}.data, ${key}.size});`],
    ),
  ];
  const own = fieldsOf([{ name: 'value', type: value }]);
  return [
    `static inline ${typeOf(value)} ${name}_get(${listIn(fields)}) {`,
    ...locate,
    '  host_storageLoad(data + 32, data);',
    `  return read_${value}(data);`,
    '}',
    `static inline void ${name}_set(${listIn([...fields, ...own])}) {`,
    ...locate,
    `  write_${value}(data, value);`,
    '  host_storageStore(data + 32, data);',
    '}',
  ];
}

const constantText = ({ name, type, value }: Constant): string =>
  `__attribute__((unused)) static const ${typeOf(type)} ${name} = ${literalOf(type, value)};`;

/** Writes what a variable begins with. */
function birthText(name: string, type: string, value: AbiValue, dialect: Dialect): string {
  const constant = constantText({ name: '__value', type, value });
  return `  { ${constant} ${dialect === 'c' ? `${name}_set(__value)` : `${name} = __value`}; }`;
}

/** A call of what answers, with the values of its parameters. */
type Answer = (values: readonly string[]) => string;

const functionAnswer =
  (name: string): Answer =>
  (values) =>
    `${name}(${values.join(', ')})`;

function variableAnswer({ name }: Variable, dialect: Dialect): Answer {
  if (dialect === 'c') return functionAnswer(`${name}_get`);
  return (values) => name + values.map((each) => `[${each}]`).join('');
}

/**
 * Reads the parameters, calls what answers, and ends the frame. Its own names are none that the
 * source gives: what answers is a variable or a function of any name.
 */
function callText(item: AbiItem, answer: Answer, offset: number, type: string): string[] {
  const fields = fieldsOf(item.inputs);
  const outputs = fieldsOf(item.outputs);
  const reads = fields.map(({ shape }, at) => `  ${ownName(shape)} __a${at} = ${readOf(shape)};`);
  const call = answer(fields.map((_, at) => `__a${at}`));
  const result = (name: string): string => (outputs.length === 1 ? '__result' : `__result.${name}`);
  return [
    ...(item.stateMutability === 'payable' ? [] : ['  lockstep_refuse_value();']),
    ...(reads.length === 0 ? [] : [`  reader __in = lockstep_parameters(__data, ${offset});`]),
    ...reads,
    ...(outputs.length === 0
      ? [`  ${call};`, '  host_finish(0, 0);']
      : [
          `  ${type} __result = ${call};`,
          `  writer __out = new_writer(0, 0, ${headOf(outputs)});`,
          ...outputs.map(({ name, shape }) => `  ${putOf(shape, result(name))}`),
          '  lockstep_finish(__out);',
        ]),
  ];
}

/** Functions without a name in the ABI are named by their kind. */
const nameOfItem = (item: AbiItem): string => item.name ?? item.type;

function entryText(model: Model, dialect: Dialect): string[] {
  const [[deploy], [receive], [fallback]] = (['constructor', 'receive', 'fallback'] as const).map(
    (type) => itemsOf(model, type),
  ) as [AbiItem[], AbiItem[], AbiItem[]];
  const defined = definedFunctions(model);
  const sources = [...defined, deploy, receive, fallback].filter((each) => each !== undefined);
  const own = (item: AbiItem, offset: number): string[] => {
    const name = nameOfItem(item);
    return callText(item, functionAnswer(name), offset, resultsOf(item, name).type);
  };
  const cases: [AbiItem | undefined, string[]][] = [
    ...model.variables.map((each): [AbiItem | undefined, string[]] => [
      each.getter,
      each.getter
        ? callText(each.getter, variableAnswer(each, dialect), 4, typeOf(each.value))
        : [],
    ]),
    ...model.constants.map((each): [AbiItem | undefined, string[]] => [
      each.getter,
      each.getter ? callText(each.getter, () => each.name, 4, typeOf(each.type)) : [],
    ]),
    ...defined.map((item): [AbiItem, string[]] => [item, own(item, 4)]),
  ];
  const births = model.variables.flatMap(({ name, value, initial }) =>
    initial === undefined ? [] : [birthText(name, value, initial, dialect)],
  );
  return [
    ...sources.flatMap((item) => {
      const { type, define } = resultsOf(item, nameOfItem(item));
      return [...define, `${type} ${nameOfItem(item)}(${listOf(fieldsOf(item.inputs))});`];
    }),
    '__attribute__((export_name("call"))) void lockstep_export_call(void) {',
    '  bytes __data = lockstep_call_data();',
    '  if (__data.size >= 4) switch (lockstep_selector(__data)) {',
    ...cases.flatMap(([item, text]) =>
      item === undefined ? [] : [`  case ${selectorWord(item)}: {`, ...text, '  }'],
    ),
    '  }',
    ...(receive ? ['  if (__data.size == 0) {', ...own(receive, 0), '  }'] : []),
    ...(fallback ? own(fallback, 0) : ['  reject();']),
    '}',
    '__attribute__((export_name("deploy"))) void lockstep_export_deploy(void) {',
    ...births,
    ...(deploy
      ? ['  bytes __data = lockstep_call_data();', '  (void)__data;', ...own(deploy, 0)]
      : ['  lockstep_refuse_value();']),
    '}',
  ];
}

/** The header of a contract. */
export function writeHeader(model: Model, dialect: Dialect): string {
  const variables = dialect === 'c' ? variableFunctions : variableObject;
  return [
    `/* Written by Lockstep from the declarations of ${model.name}. */`,
    '#pragma once',
    `#include "lockstep.${dialect === 'c' ? 'h' : 'hpp'}"`,
    ...compositesOf(paramsOf(model), nameOf).flatMap((each) => compositeText(each, dialect)),
    ...model.constants.map(constantText),
    ...model.variables.flatMap(variables),
    ...itemsOf(model, 'event').flatMap(eventText),
    ...itemsOf(model, 'error').flatMap(errorText),
    ...model.remotes.flatMap(remoteText),
    ...entryText(model, dialect),
    '',
  ]
    .filter((line) => line !== '')
    .join('\n');
}
