/**
 * The code that the compiler adds to a contract: the functions `call` and `deploy`, the slots of
 * the fields, and the bodies of events, errors and calls of other contracts. It is parsed and put
 * into the tree of the source, so that messages keep their places.
 */
import type { AbiItem } from '../contract.ts';
import { selectorWord, topicWords } from '../glue-words.ts';
import { fieldsOf, headOf, isDynamic } from '../shapes.ts';
import {
  type Declarations,
  type Entry,
  entriesOf,
  errorItem,
  eventItem,
  givesFields,
  isConstant,
  methodItem,
  methodsOf,
  reject,
  type Scope,
  type StateField,
  structFields,
  variableOf,
} from './read.ts';
import {
  type ClassNode,
  FLAG,
  type FunctionNode,
  KIND,
  type Member,
  type Parameter,
  type ParserNode,
  parseText,
  replaceNodes,
  type SourceNode,
  type ThrowNode,
} from './syntax.ts';

/** How the added code calls the library's module for it. */
const G = '__glue';
/** Names of its own that parameters cannot have. */
const OUT = '__out';

const putAll = (values: readonly Parameter[]): string =>
  values.map(({ name, type }) => `${OUT}.put<${type.range}>(${name.text});`).join(' ');

const listTypes = (member: Member): readonly Parameter[] => member.signature?.parameters ?? [];

/** Reads the parameters, calls what answers, and writes its result. */
function callOf({ item, parameters, result, hasFields, call }: Entry): string {
  const reads = parameters.map((type, at) => `const a${at} = input.next<${type}>();`);
  const answer = call(parameters.map((_, at) => `a${at}`));
  return [
    ...(item.stateMutability === 'payable' ? [] : [`${G}.refuseValue();`]),
    ...(reads.length === 0 ? [] : [`const input = ${G}.parameters(${offsetOf(item)});`]),
    ...reads,
    ...(result === undefined
      ? [`${answer};`, `${G}.finish(0, 0);`]
      : [
          `const result: ${result} = ${answer};`,
          `const output = new ${G}.Writer(0, ${headOf(fieldsOf(item.outputs))});`,
          hasFields ? 'result.__put(output);' : `output.put<${result}>(result);`,
          `${G}.finish(output.start, output.length);`,
        ]),
  ].join(' ');
}

const offsetOf = (item: AbiItem): number => (item.type === 'constructor' ? 0 : 4);

/**
 * `__call` and `__deploy`, which the entry exports by their names.
 *
 * @param hasBirth - Whether a method gives variables the values which the source begins them with.
 */
function entryText(name: string, entries: readonly Entry[], hasBirth: boolean): string {
  const special = (type: AbiItem['type']): Entry | undefined =>
    entries.find(({ item }) => item.type === type);
  const cases = entries.flatMap((each) =>
    each.item.type === 'function'
      ? [`case ${selectorWord(each.item)}: { ${callOf(each)} return; }`]
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
    hasBirth ? 'contract.__birth();' : '',
    deploy ? callOf(deploy) : `${G}.refuseValue();`,
    '}',
  ].join(' ');
}

/** A function that is only declared, with a body that makes the event. */
function eventText({ name, signature }: FunctionNode, item: AbiItem): string {
  const { parameters } = signature;
  const indexed = parameters.filter((_, at) => item.inputs?.[at]?.indexed === true);
  const plain = parameters.filter((_, at) => item.inputs?.[at]?.indexed !== true);
  const data = item.inputs?.filter((each) => each.indexed !== true);
  const topics = [
    `${G}.Bytes32.of(${topicWords(item).join(', ')})`,
    ...indexed.map((each) => `${G}.topicOf<${each.type.range}>(${each.name.text})`),
  ];
  return [
    `function ${name.text}(${listOf(parameters)}): ${G}.Event {`,
    `const ${OUT} = new ${G}.Writer(0, ${headOf(fieldsOf(data))}); ${putAll(plain)}`,
    `return new ${G}.Event(${OUT}, ${topics.length}, ${topics.join(', ')}); }`,
  ].join(' ');
}

/** The same for an error. */
function errorText({ name, signature }: FunctionNode, item: AbiItem): string {
  const { parameters } = signature;
  return [
    `function ${name.text}(${listOf(parameters)}): ${G}.CustomError {`,
    `const ${OUT} = ${writerOf(item)}; ${putAll(parameters)}`,
    `return new ${G}.CustomError(${OUT}); }`,
  ].join(' ');
}

const listOf = (parameters: readonly Parameter[]): string =>
  parameters.map(({ name, type }) => `${name.text}: ${type.range}`).join(', ');

const writerOf = (item: AbiItem): string =>
  `${G}.Writer.withSelector(${selectorWord(item)}, ${headOf(fieldsOf(item.inputs))})`;

/** A method of another contract with the body that calls it. */
function remoteText(scope: Scope, method: Member, item: AbiItem): string {
  const parameters = listTypes(method);
  const result = method.signature?.returnType.range;
  const isStatic = item.stateMutability === 'view' || item.stateMutability === 'pure';
  const count = (item.outputs ?? []).length;
  const call = `${G}.callRemote(this.address, ${OUT}, ${isStatic}, ${count})`;
  const read = givesFields(scope, method) ? 'fields' : 'next';
  return [
    `${method.name.text}(${listOf(parameters)}): ${result} {`,
    `const ${OUT} = ${writerOf(item)};`,
    putAll(parameters),
    count > 0 ? `return ${call}.${read}<${result}>(); }` : `${call}; }`,
  ].join(' ');
}

/** What a structure, or a class of several results, has besides its fields. */
function structText(scope: Scope, node: ClassNode): string {
  const fields = structFields(scope, node);
  const shapes = fieldsOf(fields.map(({ param }) => param));
  return [
    `__take(input: ${G}.Reader): void {`,
    ...fields.map(({ name, type }) => `this.${name} = input.next<${type}>();`),
    `} __put(output: ${G}.Writer): void {`,
    ...fields.map(({ name, type }) => `output.put<${type}>(this.${name});`),
    `} __words(): i32 { return ${headOf(shapes)}; }`,
    `__isDynamic(): bool { return ${shapes.some(({ shape }) => isDynamic(shape))}; }`,
  ].join(' ');
}

/** Gives a file's events, errors, structures and other contracts their code. */
export function addGlue(parser: ParserNode, scope: Scope, file: Declarations): void {
  const { source, events, errors, remotes, structs } = file;
  const parse = (text: string): SourceNode => parseText(parser, text, source.normalizedPath);
  const define = (node: FunctionNode, text: string): void => {
    const own = parse((node.flags & FLAG.export) === 0 ? text : `export ${text}`);
    source.statements.splice(source.statements.indexOf(node), 1, ...own.statements);
  };
  for (const event of events) define(event, eventText(event, eventItem(scope, event)));
  for (const error of errors) define(error, errorText(error, errorItem(scope, error)));
  for (const method of remotes.flatMap(methodsOf)) {
    const text = `class X { ${remoteText(scope, method, methodItem(scope, method))} }`;
    method.body = (parse(text).statements[0] as ClassNode).members[0]?.body;
  }
  for (const node of structs) {
    const text = `class X { ${structText(scope, node)} }`;
    // Reading sets the fields of an object that is there.
    for (const member of node.members) member.flags &= ~FLAG.readonly;
    node.members.push(...(parse(text).statements[0] as ClassNode).members);
  }
  replaceNodes(source.statements, (node) => {
    if (node.kind !== KIND.throw) return undefined;
    const { value, range } = node as ThrowNode;
    if (value.kind === KIND.new) return undefined;
    if (scope.errors.has(value.expression?.text ?? '')) return revertWith(parse, value);
    const remedy = 'write throw NAME(…) with an error that is declared, or throw new Error(TEXT)';
    return reject(scope, range, 'what is thrown is no error of the contract', remedy);
  });
  source.statements.push(...parse(`import * as ${G} from 'lockstep/glue';`).statements);
}

/** What stands for `throw` of an error of the contract: the language throws texts alone. */
function revertWith(parse: (text: string) => SourceNode, value: object): object {
  const [block] = parse('{ __error.revert(); while (true) {} }').statements;
  if (block === undefined) throw new Error('BUG: a block was not parsed');
  replaceNodes(block, (node) => ('text' in node && node.text === '__error' ? value : undefined));
  return block;
}

/** Makes state variables of a contract's fields, and adds `__call` and `__deploy` to its file. */
export function addEntry(
  parser: ParserNode,
  scope: Scope,
  { source }: Declarations,
  contract: ClassNode,
): void {
  const parse = (text: string): SourceNode => parseText(parser, text, source.normalizedPath);
  const entries = entriesOf(scope, contract);
  const memberOf = (text: string): Member => {
    return (parse(`class X { ${text} }`).statements[0] as ClassNode).members[0] as Member;
  };
  const variables = contract.members.map((member) => variableOf(scope, member));
  const births: string[] = [];
  const slots: string[] = [];
  for (const [i, member] of contract.members.entries()) {
    const { name, type, initializer } = member;
    const variable = variables[i];
    if (variable !== undefined) {
      if (initializer != null) births.push(`this.${name.text} = ${initializer.range};`);
      const slot = `__slot${slots.length}`;
      const word = new Array(32)
        .fill(0)
        .with(30, slots.length >> 8)
        .with(31, slots.length & 255);
      slots.push(`const ${slot} = memory.data<u8>([${word.join(', ')}]);`);
      const [getter, setter] = accessorsOf(variable, String(type?.range), slot);
      contract.members[i] = memberOf(getter);
      if (setter !== undefined) contract.members.push(memberOf(setter));
    } else if (isConstant(member)) {
      const getter = `get ${name.text}(): ${type?.range} { return ${initializer?.range}; }`;
      contract.members[i] = memberOf(getter);
    }
  }
  if (births.length > 0) contract.members.push(memberOf(`__birth(): void { ${births.join(' ')} }`));
  const entry = entryText(contract.name.text, entries, births.length > 0);
  source.statements.push(...parse([...slots, entry].join('\n')).statements);
}

/** How a state variable is read, and unless it is a handle, written. */
function accessorsOf(
  { name, isHandle, valueType }: StateField,
  type: string,
  slot: string,
): [getter: string, setter?: string] {
  if (isHandle) return [`get ${name}(): ${type} { return changetype<${type}>(${slot}); }`];
  return [
    `get ${name}(): ${type} { return ${G}.loadSlot<${valueType}>(${slot}); }`,
    `set ${name}(value: ${type}) { ${G}.storeSlot<${valueType}>(${slot}, value); }`,
  ];
}
