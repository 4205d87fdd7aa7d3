/**
 * The code that the compiler adds to a contract: the functions `call` and `deploy`, the slots of
 * the fields, and the bodies of events, errors and calls of other contracts. It is parsed and put
 * into the tree of the source, so that messages keep their places.
 */
import type { AbiItem } from '../contract.ts';
import { selectorWord, topicWords } from '../glue-words.ts';
import { itemsOf, type Model } from '../model.ts';
import { type Declarations, methodsOf, type ReadContext, variableOf } from './read.ts';
import {
  type ClassNode,
  FLAG,
  type FunctionNode,
  type Member,
  type Parameter,
  type ParserNode,
  parseText,
  type SourceNode,
} from './syntax.ts';

/** How the added code calls the library's module for it. */
const G = '__glue';
/** Names of its own that parameters cannot have. */
const OUT = '__out';

const hex32 = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;

const putAll = (values: readonly Parameter[]): string =>
  values.map(({ name, type }) => `${OUT}.put<${type.range}>(${name.text});`).join(' ');

const listTypes = (member: Member): readonly Parameter[] => member.signature?.parameters ?? [];

/** Reads the parameters, calls the method, and writes its result. */
function callOf(method: Member, item: AbiItem): string {
  const parameters = listTypes(method);
  const reads = parameters.map((each, at) => `const a${at} = input.next<${each.type.range}>();`);
  const values = parameters.map((_, at) => `a${at}`).join(', ');
  const call = `contract.${method.name.text}(${values})`;
  const result = method.signature?.returnType.range;
  const hasResult = (item.outputs ?? []).length > 0;
  return [
    ...(item.stateMutability === 'payable' ? [] : [`${G}.refuseValue();`]),
    ...(reads.length === 0 ? [] : [`const input = ${G}.parameters(${offsetOf(item)});`]),
    ...reads,
    ...(hasResult
      ? [
          `const output = new ${G}.Writer(0, 1);`,
          `output.put<${result}>(${call});`,
          `${G}.finish(output.start, output.length);`,
        ]
      : [`${call};`, `${G}.finish(0, 0);`]),
  ].join(' ');
}

const offsetOf = (item: AbiItem): number => (item.type === 'constructor' ? 0 : 4);

/** `__call` and `__deploy`, which the entry exports by their names. */
function entryText(model: Model, contract: ClassNode): string {
  const methods = methodsOf(contract);
  const written = (item: AbiItem): string => {
    const name = { constructor: 'deploy', receive: 'receive', fallback: 'fallback' } as const;
    const own = item.type in name ? name[item.type as keyof typeof name] : item.name;
    const index = itemsOfMethods(model).indexOf(item);
    const method = methods[index];
    return method?.name.text === own ? callOf(method as Member, item) : '';
  };
  const cases = itemsOf(model, 'function').map(
    (item) => `case ${hex32(selectorWord(item))}: { ${written(item)} return; }`,
  );
  const [receive] = itemsOf(model, 'receive');
  const [fallback] = itemsOf(model, 'fallback');
  const [deploy] = itemsOf(model, 'constructor');
  return [
    `import * as ${G} from 'lockstep/glue';`,
    'export function __call(): void {',
    `${G}.loadCallData(); const contract = new ${model.name}();`,
    `if (${G}.callDataSize() >= 4) { switch (${G}.selector()) { ${cases.join(' ')} } }`,
    receive ? `if (${G}.callDataSize() == 0) { ${written(receive)} return; }` : '',
    fallback ? written(fallback) : `${G}.reject();`,
    '}',
    'export function __deploy(): void {',
    `${G}.loadCallData(); const contract = new ${model.name}();`,
    deploy ? written(deploy) : `${G}.refuseValue();`,
    '}',
  ].join(' ');
}

const itemsOfMethods = (model: Model): AbiItem[] =>
  model.abi.filter(({ type }) => type !== 'event' && type !== 'error');

/** A function that is only declared, with a body that makes the event. */
function eventText({ name, signature }: FunctionNode, item: AbiItem): string {
  const { parameters } = signature;
  const indexed = parameters.filter((_, at) => item.inputs?.[at]?.indexed === true);
  const plain = parameters.filter((_, at) => item.inputs?.[at]?.indexed !== true);
  const topics = [
    `${G}.Bytes32.of(${topicWords(item).join(', ')})`,
    ...indexed.map((each) => `${G}.topicOf<${each.type.range}>(${each.name.text})`),
  ];
  return [
    `function ${name.text}(${listOf(parameters)}): ${G}.Event {`,
    `const ${OUT} = new ${G}.Writer(0, ${plain.length}); ${putAll(plain)}`,
    `return new ${G}.Event(${OUT}, ${topics.length}, ${topics.join(', ')}); }`,
  ].join(' ');
}

/** The same for an error. */
function errorText({ name, signature }: FunctionNode, item: AbiItem): string {
  const { parameters } = signature;
  return [
    `function ${name.text}(${listOf(parameters)}): ${G}.CustomError {`,
    `const ${OUT} = ${writerOf(item, parameters.length)}; ${putAll(parameters)}`,
    `return new ${G}.CustomError(${OUT}); }`,
  ].join(' ');
}

const listOf = (parameters: readonly Parameter[]): string =>
  parameters.map(({ name, type }) => `${name.text}: ${type.range}`).join(', ');

const writerOf = (item: AbiItem, count: number): string =>
  `${G}.Writer.withSelector(${hex32(selectorWord(item))}, ${count})`;

/** A method of another contract with the body that calls it. */
function remoteText(method: Member, item: AbiItem): string {
  const parameters = listTypes(method);
  const result = method.signature?.returnType.range;
  const isStatic = item.stateMutability === 'view' || item.stateMutability === 'pure';
  const count = (item.outputs ?? []).length;
  const call = `${G}.callRemote(this.address, ${OUT}, ${isStatic}, ${count})`;
  return [
    `${method.name.text}(${listOf(parameters)}): ${result} {`,
    `const ${OUT} = ${writerOf(item, parameters.length)};`,
    putAll(parameters),
    count > 0 ? `return ${call}.next<${result}>(); }` : `${call}; }`,
  ].join(' ');
}

/** Changes the tree of a source whose declarations were read. */
export function addGlue(
  parser: ParserNode,
  source: SourceNode,
  declarations: Declarations,
  model: Model,
  context: ReadContext,
): void {
  const path = source.normalizedPath;
  const parse = (text: string): SourceNode => parseText(parser, text, path);
  const parseMembers = (text: string): Member[] =>
    (parse(`class X { ${text} }`).statements[0] as ClassNode).members;

  let slot = 0;
  for (const member of declarations.contract.members) {
    if (variableOf(context, member) === undefined) continue;
    const type = member.type?.range;
    const text = `x: ${type} = new ${type}(${G}.slotAt(${slot++}));`;
    member.initializer = parseMembers(text)[0]?.initializer;
    member.flags &= ~FLAG.definite;
  }
  const define = (nodes: readonly FunctionNode[], type: 'event' | 'error'): void => {
    for (const [at, node] of nodes.entries()) {
      const item = itemsOf(model, type)[at] as AbiItem;
      const text = type === 'event' ? eventText(node, item) : errorText(node, item);
      const own = parse(text).statements;
      source.statements.splice(source.statements.indexOf(node), 1, ...own);
    }
  };
  define(declarations.events, 'event');
  define(declarations.errors, 'error');
  for (const [index, remote] of declarations.remotes.entries()) {
    for (const [at, method] of methodsOf(remote).entries()) {
      const item = model.remotes[index]?.functions[at] as AbiItem;
      method.body = parseMembers(remoteText(method, item))[0]?.body;
    }
  }
  source.statements.push(...parse(entryText(model, declarations.contract)).statements);
}
