/**
 * The header that stands before a contract in C or C++: state variables, functions for events,
 * errors and calls of other contracts, and `call` and `deploy`, which read the parameters and call
 * the functions of the source.
 */
import type { AbiItem, AbiParam } from '../contract.ts';
import { selectorWord, topicBytes } from '../glue-words.ts';
import { itemsOf, type Model, type Remote, type Variable } from '../model.ts';
import { findType } from '../types.ts';

export type Dialect = 'c' | 'c++';

const typeOf = (abi: string): string => findType(abi)?.c ?? 'void';
const isWord = (abi: string): boolean => findType(abi)?.isWord === true;
const hex32 = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;
const outputOf = (item: AbiItem): string => item.outputs?.[0]?.type ?? '';
const named = (params: readonly AbiParam[] = []): AbiParam[] =>
  params.map(({ name, ...rest }, at) => ({ ...rest, name: name || `a${at}` }));

/** Parameters of a function that the source defines. */
const listOf = (params: readonly AbiParam[]): string =>
  params.map(({ name, type }) => `${typeOf(type)} ${name}`).join(', ') || 'void';

/** Parameters of a function that is written. */
const listIn = (params: readonly AbiParam[], first: readonly string[] = []): string =>
  [...first, ...params.map(({ name, type }) => `IN(${typeOf(type)}) ${name}`)].join(', ') || 'void';

const readOf = (type: string): string =>
  isWord(type) ? `read_${type}(next_word(&__in))` : `next_${type}(&__in)`;

const putOf = (type: string, value: string): string =>
  isWord(type) ? `write_${type}(put_word(&__out), ${value});` : `put_${type}(&__out, ${value});`;

const putAll = (params: readonly AbiParam[]): string[] =>
  params.map(({ name, type }) => `  ${putOf(type, name ?? '')}`);

const writerOf = (item: AbiItem): string =>
  `  writer __out = new_writer(4, ${hex32(selectorWord(item))}, ${item.inputs?.length ?? 0});`;

function eventText(event: AbiItem): string[] {
  const params = named(event.inputs);
  const indexed = params.filter((each) => each.indexed === true);
  const plain = params.filter((each) => each.indexed !== true);
  const topics = indexed.flatMap(({ name, type }, at) => [
    `  uint8_t __topic${at + 1}[32];`,
    isWord(type)
      ? `  write_${type}(__topic${at + 1}, ${name});`
      : `  topic_${type}(__topic${at + 1}, ${name});`,
  ]);
  const pointers = ['__topic0', ...indexed.map((_, at) => `__topic${at + 1}`), '0', '0', '0'];
  return [
    `static void emit_${event.name}(${listIn(params)}) {`,
    `  static const uint8_t __topic0[32] = {${topicBytes(event).join(', ')}};`,
    `  writer __out = new_writer(0, 0, ${plain.length});`,
    ...putAll(plain),
    ...topics,
    `  host_emitLogEvent(__out.data, (int32_t)__out.size, ${indexed.length + 1}, ` +
      `${pointers.slice(0, 4).join(', ')});`,
    '}',
  ];
}

function errorText(error: AbiItem): string[] {
  const params = named(error.inputs);
  return [
    `LOCKSTEP_NORETURN static void revert_${error.name}(${listIn(params)}) {`,
    writerOf(error),
    ...putAll(params),
    '  host_revert(__out.data, (int32_t)__out.size);',
    '}',
  ];
}

function remoteText({ name, functions }: Remote): string[] {
  return functions.flatMap((item) => {
    const params = named(item.inputs);
    const output = outputOf(item);
    const isStatic = item.stateMutability === 'view' || item.stateMutability === 'pure';
    const call = `lockstep_call(__at, __out, ${isStatic}, ${output === '' ? 0 : 1})`;
    return [
      `static ${typeOf(output)} ${name}_${item.name}(${listIn(params, ['IN(address) __at'])}) {`,
      writerOf(item),
      ...putAll(params),
      ...(output === ''
        ? [`  ${call};`]
        : [`  reader __in = ${call};`, `  return ${readOf(output)};`]),
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
  const params = keys.map((type, at) => ({ name: `key${at}`, type }));
  const locate = [
    `  uint8_t data[64] = {[63] = ${slot}};`,
    ...params.flatMap(({ name: key, type }) =>
      isWord(type)
        ? [`  write_${type}(data, ${key});`, '  lockstep_entry(data);']
        : [`  lockstep_entry_bytes(data, (bytes){(const uint8_t *)${key}.data, ${key}.size});`],
    ),
  ];
  const own = { name: 'value', type: value };
  return [
    `static inline ${typeOf(value)} ${name}_get(${listIn(params)}) {`,
    ...locate,
    '  host_storageLoad(data + 32, data);',
    `  return read_${value}(data);`,
    '}',
    `static inline void ${name}_set(${listIn([...params, own])}) {`,
    ...locate,
    `  write_${value}(data, value);`,
    '  host_storageStore(data + 32, data);',
    '}',
  ];
}

/** Reads the parameters, calls the function of the source, and ends the frame. */
function callText(item: AbiItem, name: string, offset: number): string[] {
  const params = item.inputs ?? [];
  const output = outputOf(item);
  const reads = params.map(({ type }, at) => `  ${typeOf(type)} a${at} = ${readOf(type)};`);
  const call = `${name}(${params.map((_, at) => `a${at}`).join(', ')})`;
  return [
    ...(item.stateMutability === 'payable' ? [] : ['  lockstep_refuse_value();']),
    ...(reads.length === 0 ? [] : [`  reader __in = lockstep_parameters(data, ${offset});`]),
    ...reads,
    ...(output === ''
      ? [`  ${call};`, '  host_finish(0, 0);']
      : [
          `  ${typeOf(output)} result = ${call};`,
          '  writer __out = new_writer(0, 0, 1);',
          `  ${putOf(output, 'result')}`,
          '  lockstep_finish(__out);',
        ]),
  ];
}

/** Functions without a name in the ABI are named by their kind. */
const nameOf = (item: AbiItem): string => item.name ?? item.type;

function entryText(model: Model): string[] {
  const functions = itemsOf(model, 'function');
  const special = (type: AbiItem['type']): AbiItem | undefined => itemsOf(model, type)[0];
  const [deploy, receive, fallback] = [
    special('constructor'),
    special('receive'),
    special('fallback'),
  ];
  const sources = [
    ...functions,
    ...[deploy, receive, fallback].filter((each) => each !== undefined),
  ];
  return [
    ...sources.map(
      (item) => `${typeOf(outputOf(item))} ${nameOf(item)}(${listOf(named(item.inputs))});`,
    ),
    '__attribute__((export_name("call"))) void lockstep_export_call(void) {',
    '  bytes data = lockstep_call_data();',
    '  if (data.size >= 4) switch (lockstep_selector(data)) {',
    ...functions.flatMap((item) => [
      `  case ${hex32(selectorWord(item))}: {`,
      ...callText(item, nameOf(item), 4),
      '  }',
    ]),
    '  }',
    ...(receive ? ['  if (data.size == 0) {', ...callText(receive, 'receive', 0), '  }'] : []),
    ...(fallback ? callText(fallback, 'fallback', 0) : ['  reject();']),
    '}',
    '__attribute__((export_name("deploy"))) void lockstep_export_deploy(void) {',
    ...(deploy
      ? [
          '  bytes data = lockstep_call_data();',
          '  (void)data;',
          ...callText(deploy, 'constructor', 0),
        ]
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
    ...model.variables.flatMap(variables),
    ...itemsOf(model, 'event').flatMap(eventText),
    ...itemsOf(model, 'error').flatMap(errorText),
    ...model.remotes.flatMap(remoteText),
    ...entryText(model),
    '',
  ].join('\n');
}
