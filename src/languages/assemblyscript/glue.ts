/**
 * The code that the compiler adds to a contract: the functions `call` and `deploy`, the slots of
 * the fields, and the bodies of events, errors and calls of other contracts. It is parsed and put
 * into the tree of the source, so that messages keep their places.
 */
import type { AbiItem } from '../contract.ts';
import { selectorWord, topicWords } from '../glue-words.ts';
import {
  type Declarations,
  type Entry,
  entriesOf,
  errorItem,
  eventItem,
  isConstant,
  methodItem,
  methodsOf,
  variableOf,
} from './read.ts';
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

/** Reads the parameters, calls what answers, and writes its result. */
function callOf({ item, parameters, result, call }: Entry): string {
  const reads = parameters.map((type, at) => `const a${at} = input.next<${type}>();`);
  const answer = call(parameters.map((_, at) => `a${at}`));
  return [
    ...(item.stateMutability === 'payable' ? [] : [`${G}.refuseValue();`]),
    ...(reads.length === 0 ? [] : [`const input = ${G}.parameters(${offsetOf(item)});`]),
    ...reads,
    ...(result === undefined
      ? [`${answer};`, `${G}.finish(0, 0);`]
      : [
          `const output = new ${G}.Writer(0, 1);`,
          `output.put<${result}>(${answer});`,
          `${G}.finish(output.start, output.length);`,
        ]),
  ].join(' ');
}

const offsetOf = (item: AbiItem): number => (item.type === 'constructor' ? 0 : 4);

/** `__call` and `__deploy`, which the entry exports by their names. */
function entryText(name: string, entries: readonly Entry[]): string {
  const special = (type: AbiItem['type']): Entry | undefined =>
    entries.find(({ item }) => item.type === type);
  const cases = entries.flatMap((each) =>
    each.item.type === 'function'
      ? [`case ${hex32(selectorWord(each.item))}: { ${callOf(each)} return; }`]
      : [],
  );
  const [receive, fallback, deploy] = (['receive', 'fallback', 'constructor'] as const).map(
    special,
  );
  return [
    'export function __call(): void {',
    `${G}.loadCallData(); const contract = new ${name}();`,
    `if (${G}.callDataSize() >= 4) { switch (${G}.selector()) { ${cases.join(' ')} } }`,
    receive ? `if (${G}.callDataSize() == 0) { ${callOf(receive)} return; }` : '',
    fallback ? callOf(fallback) : `${G}.reject();`,
    '}',
    'export function __deploy(): void {',
    `${G}.loadCallData(); const contract = new ${name}();`,
    deploy ? callOf(deploy) : `${G}.refuseValue();`,
    '}',
  ].join(' ');
}

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

/** Gives a file's events, errors and other contracts their code. */
export function addGlue(parser: ParserNode, folder: string, file: Declarations): void {
  const { source, events, errors, remotes } = file;
  const parse = (text: string): SourceNode => parseText(parser, text, source.normalizedPath);
  const define = (node: FunctionNode, text: string): void => {
    const own = parse((node.flags & FLAG.export) === 0 ? text : `export ${text}`);
    source.statements.splice(source.statements.indexOf(node), 1, ...own.statements);
  };
  for (const event of events) define(event, eventText(event, eventItem(folder, event)));
  for (const error of errors) define(error, errorText(error, errorItem(folder, error)));
  for (const method of remotes.flatMap(methodsOf)) {
    const text = `class X { ${remoteText(method, methodItem(folder, method))} }`;
    method.body = (parse(text).statements[0] as ClassNode).members[0]?.body;
  }
  source.statements.push(...parse(`import * as ${G} from 'lockstep/glue';`).statements);
}

/** Gives a contract's fields their slots, and its file the functions `__call` and `__deploy`. */
export function addEntry(
  parser: ParserNode,
  folder: string,
  { source }: Declarations,
  contract: ClassNode,
): void {
  const parse = (text: string): SourceNode => parseText(parser, text, source.normalizedPath);
  const entries = entriesOf(folder, contract);
  const memberOf = (text: string): Member => {
    return (parse(`class X { ${text} }`).statements[0] as ClassNode).members[0] as Member;
  };
  let slot = 0;
  for (const [i, member] of contract.members.entries()) {
    const type = member.type?.range;
    if (variableOf(folder, member) !== undefined) {
      const { initializer } = memberOf(`x: ${type} = new ${type}(${G}.slotAt(${slot++}));`);
      member.initializer = initializer;
      member.flags &= ~FLAG.definite;
    } else if (isConstant(member)) {
      const { name, initializer } = member;
      const getter = `get ${name.text}(): ${type} { return ${initializer?.range}; }`;
      contract.members[i] = memberOf(getter);
    }
  }
  source.statements.push(...parse(entryText(contract.name.text, entries)).statements);
}
