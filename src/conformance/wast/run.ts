/**
 * Runs a script of the WebAssembly specification: its modules are made in one store, and each
 * command gives one result. A command that needs a feature which is not there is skipped, and so is
 * everything that builds on it; the reason is the feature.
 */
import { type ErrorCode, LockstepError } from '../../base/errors.ts';
import { type StoreOptions, WasmStore } from '../../chain/wasm/store.ts';
import type { TrapKind } from '../../dmir/ops.ts';
import {
  bytesToValue,
  type Extern,
  type Instance,
  readWasmModule,
  type WasmModule,
} from '../../vms/wasm/index.ts';
import { assembleModule } from '../../vms/wasm/text/module.ts';
import type { ValType } from '../../vms/wasm/types.ts';
import type { CaseOutcome } from '../types.ts';
import type { WastAction, WastCommand, WastModule, WastScript } from './script.ts';
import { createSpectest } from './spectest.ts';
import { isExpected, showExpected, toBits, UnsupportedValueError } from './values.ts';

/** How one command ended. */
export interface WastResult {
  readonly path: string;
  /** Position in the script. */
  readonly index: number;
  readonly line?: number | undefined;
  readonly type: string;
  readonly outcome: CaseOutcome;
  /** What was expected and what came, or why the command was skipped. */
  readonly reason?: string;
}

/** Gas after which an action is given up. */
const GAS = 4_000_000_000n;

/** Texts of the specification for each kind of trap. */
const TRAP_TEXTS: Readonly<Partial<Record<TrapKind, readonly string[]>>> = {
  unreachable: ['unreachable'],
  'out-of-bounds': [
    'out of bounds memory access',
    'out of bounds table access',
    'undefined element',
  ],
  'division-by-zero': ['integer divide by zero'],
  'integer-overflow': ['integer overflow'],
  'bad-conversion': ['integer overflow', 'invalid conversion to integer'],
  'bad-function': ['uninitialized element', 'indirect call type mismatch'],
  'call-depth': ['call stack exhausted'],
  'stack-overflow': ['call stack exhausted'],
};

/** Something that is not there because a feature is not. */
class Skipped {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** A command that did not end as the script says. */
class Mismatch extends Error {}

type Ending =
  | {
      readonly kind: 'values';
      readonly types: readonly ValType[];
      readonly bits: readonly bigint[];
    }
  | { readonly kind: 'trap'; readonly trap: TrapKind };

/** @param options - Of the script's store; a kernel is used by one script at a time. */
export function* runScript(script: WastScript, options: StoreOptions = {}): Generator<WastResult> {
  const run = new ScriptRun(options);
  for (const [index, command] of script.commands.entries()) {
    const { type, line } = command;
    const at = { path: script.path, index, line, type };
    yield { ...at, ...attempt(() => run.command(command)) };
  }
}

function attempt(run: () => void): Pick<WastResult, 'outcome' | 'reason'> {
  try {
    run();
    return { outcome: 'passed' };
  } catch (error) {
    if (error instanceof Skipped) return { outcome: 'skipped', reason: error.reason };
    if (error instanceof UnsupportedValueError) {
      return { outcome: 'skipped', reason: error.feature };
    }
    const isForeseen = error instanceof Mismatch || error instanceof LockstepError;
    const { message, stack } = error as Error;
    return { outcome: 'failed', reason: isForeseen ? message : (stack ?? message) };
  }
}

class ScriptRun {
  readonly #store: WasmStore;
  /** What a script may name; by an empty name the latest. */
  readonly #definitions = new Map<string, WasmModule | Skipped>();
  readonly #instances = new Map<string, Instance | Skipped>();
  readonly #registered = new Map<string, ReadonlyMap<string, Extern> | Skipped>();

  constructor(options: StoreOptions) {
    this.#store = new WasmStore(options);
    this.#registered.set('spectest', createSpectest(this.#store.linker));
  }

  command(command: WastCommand): void {
    const run = COMMANDS[command.type];
    if (run === undefined) throw new Skipped(`the command ${command.type}`);
    run(this, command);
  }

  define({ name, ...module }: WastCommand): void {
    let definition: WasmModule | Skipped;
    try {
      definition = readWasmModule(bytesOf(module));
    } catch (error) {
      const feature = featureOf(error);
      for (const each of ['', name ?? '']) this.#definitions.delete(each);
      if (feature === undefined) throw error;
      definition = new Skipped(feature);
    }
    this.#definitions.set('', definition);
    if (name !== undefined) this.#definitions.set(name, definition);
    if (definition instanceof Skipped) throw definition;
  }

  makeInstance({ name, module }: WastCommand): void {
    let instance: Instance | Skipped;
    for (const each of ['', name ?? '']) this.#instances.delete(each);
    try {
      const made = this.instantiate(typeof module === 'string' ? module : '');
      if (made.kind !== 'instance') throw new Mismatch(`instantiation ended: ${show(made)}`);
      instance = made.instance;
    } catch (error) {
      if (!(error instanceof Skipped)) throw error;
      instance = error;
    }
    this.#instances.set('', instance);
    if (name !== undefined) this.#instances.set(name, instance);
    if (instance instanceof Skipped) throw instance;
  }

  instantiate(name: string): ReturnType<WasmStore['instantiate']> {
    const definition = known(this.#definitions.get(name), `definition ${name}`);
    const imports = (module: string, field: string): Extern | undefined => {
      const exports = this.#registered.get(module);
      if (exports instanceof Skipped) throw exports;
      return exports?.get(field);
    };
    return this.#store.instantiate(definition, imports, { gas: GAS });
  }

  register({ as = '', module }: WastCommand): void {
    const instance = this.#instances.get(typeof module === 'string' ? module : '');
    if (instance === undefined) throw new Mismatch(`there is no instance ${module ?? ''}`);
    this.#registered.set(as, instance instanceof Skipped ? instance : instance.exports);
    if (instance instanceof Skipped) throw instance;
  }

  act(action: WastAction): Ending {
    const { type, module = '', field, field_b64: encoded, args = [] } = action;
    const instance = known(this.#instances.get(module), `instance ${module}`);
    const name = field ?? Buffer.from(encoded ?? '', 'base64').toString('utf8');
    const extern = instance.exports.get(name);
    if (type === 'get' && extern?.kind === 'global') {
      return { kind: 'values', types: [extern.type.type], bits: [bytesToValue(extern.bytes)] };
    }
    if (extern?.kind !== 'func') throw new Mismatch(`there is no export ${JSON.stringify(name)}`);
    const { kind, results, trap } = this.#store.call(extern, args.map(toBits), { gas: GAS });
    if (kind === 'return') return { kind: 'values', types: extern.type.results, bits: results };
    return { kind: 'trap', trap: trap as TrapKind };
  }
}

function known<T>(entry: T | Skipped | undefined, what: string): T {
  if (entry instanceof Skipped) throw entry;
  if (entry === undefined) throw new Mismatch(`there is no ${what}`);
  return entry;
}

/** @throws LockstepError L1606, L1603 where text cannot be assembled */
function bytesOf({ wasm, text, problem }: WastModule): Uint8Array {
  if (problem !== undefined) throw problem;
  if (wasm === undefined && text !== undefined) return assembleModule(text);
  return Buffer.from(wasm ?? '', 'base64');
}

/** The feature that an error is about; undefined for all others. */
function featureOf(error: unknown): string | undefined {
  return error instanceof LockstepError && error.code === 'L1603'
    ? String(error.context.feature)
    : undefined;
}

function show(ending: { readonly kind: string; readonly trap?: TrapKind }): string {
  return ending.trap === undefined ? ending.kind : `trap ${ending.trap}`;
}

function expectReturn(run: ScriptRun, { action, expected = [] }: WastCommand): void {
  const ending = run.act(action as WastAction);
  const wanted = expected.map(showExpected).join(', ');
  if (ending.kind !== 'values') throw new Mismatch(`expected ${wanted}, got ${show(ending)}`);
  const { types, bits } = ending;
  const isRight =
    expected.length === bits.length &&
    expected.every((each, i) => isExpected(each, types[i] as ValType, bits[i] as bigint));
  if (!isRight) throw new Mismatch(`expected ${wanted}, got ${bits.join(', ')}`);
}

function checkTrap(ending: { readonly kind: string; readonly trap?: TrapKind }, text = ''): void {
  const texts = ending.trap === undefined ? [] : (TRAP_TEXTS[ending.trap] ?? []);
  if (texts.some((each) => text.startsWith(each) || each.startsWith(text))) return;
  throw new Mismatch(`expected trap "${text}", got ${show(ending)}`);
}

function expectTrap(run: ScriptRun, { action, text }: WastCommand): void {
  if (action !== undefined) checkTrap(run.act(action), text);
  else checkTrap(run.instantiate(''), text);
}

/** A module that must be rejected by an error with one of the codes. */
function expectRejection(codes: readonly ErrorCode[], { module, text = '' }: WastCommand): void {
  try {
    readWasmModule(bytesOf(module as WastModule));
  } catch (error) {
    const feature = featureOf(error);
    if (feature !== undefined) throw new Skipped(feature);
    if (error instanceof LockstepError && codes.includes(error.code)) return;
    throw new Mismatch(`expected "${text}", got "${(error as Error).message}"`);
  }
  throw new Mismatch(`expected "${text}", and the module was accepted`);
}

function expectUnlinkable(run: ScriptRun, { text = '' }: WastCommand): void {
  try {
    run.instantiate('');
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    const { problem } = error.context;
    if (error.code === 'L1605' && String(problem).startsWith(text)) return;
    throw new Mismatch(`expected "${text}", got "${error.message}"`);
  }
  throw new Mismatch(`expected "${text}", and the module was linked`);
}

function perform(run: ScriptRun, { action }: WastCommand): void {
  const ending = run.act(action as WastAction);
  if (ending.kind !== 'values') throw new Mismatch(`the action ended: ${show(ending)}`);
}

const COMMANDS: Readonly<Record<string, (run: ScriptRun, command: WastCommand) => void>> = {
  module_definition: (run, command) => run.define(command),
  module_instance: (run, command) => run.makeInstance(command),
  register: (run, command) => run.register(command),
  action: perform,
  assert_exception: () => {
    throw new Skipped('exceptions');
  },
  assert_return: expectReturn,
  assert_trap: expectTrap,
  assert_exhaustion: expectTrap,
  assert_invalid: (_, command) => expectRejection(['L1602'], command),
  assert_malformed: (_, command) => expectRejection(['L1601', 'L1606'], command),
  assert_unlinkable: expectUnlinkable,
};
