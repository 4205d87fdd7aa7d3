/**
 * Scripts of the WebAssembly specification as commands: the text that they are written in, or an
 * object of path and commands in which every module has its binary form.
 */
import { LockstepError } from '../../base/errors.ts';
import { isRecord } from '../formats.ts';
import { type Document, parseJson } from '../sources.ts';

/** A constant: bits as a decimal number, or `nan:canonical` and `nan:arithmetic` where expected. */
export interface WastValue {
  readonly type: string;
  readonly value?: string | readonly string[] | null;
  readonly lane?: string;
  readonly values?: readonly WastValue[];
}

export interface WastAction {
  readonly type: 'invoke' | 'get';
  readonly module?: string;
  readonly field?: string;
  /** The name where it is no text of Unicode. */
  readonly field_b64?: string;
  readonly args?: readonly WastValue[];
}

/** A module in binary form, base64; else what is wrong with its text. */
export interface WastModule {
  readonly wasm?: string;
  readonly problem?: LockstepError;
  /** Text that is not assembled yet. */
  readonly text?: string;
}

/** One command; which fields it has depends on its type. */
export interface WastCommand {
  readonly type: string;
  readonly line?: number;
  readonly name?: string;
  readonly wasm?: string;
  readonly problem?: LockstepError;
  readonly module?: string | WastModule;
  readonly as?: string;
  readonly action?: WastAction;
  readonly expected?: readonly WastValue[];
  readonly text?: string;
}

export interface WastScript {
  readonly path: string;
  readonly commands: readonly WastCommand[];
}

/**
 * The script of a JSON document.
 *
 * @throws LockstepError L3003, L3005
 */
export function readScript(document: Document): WastScript {
  const { place } = document;
  const script = parseJson(document);
  const wanted = 'WebAssembly script';
  if (!isRecord(script) || !Array.isArray(script.commands)) {
    throw new LockstepError('L3005', { path: place, wanted, problem: 'commands are missing' });
  }
  const wrong = script.commands.findIndex((each) => !isRecord(each) || !isText(each.type));
  if (wrong >= 0) {
    const problem = `command ${wrong} has no type`;
    throw new LockstepError('L3005', { path: place, wanted, problem });
  }
  return {
    path: isText(script.path) ? script.path : place,
    commands: script.commands as WastCommand[],
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
