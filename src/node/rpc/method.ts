/**
 * A method: one row that the dispatcher, the parameter checks, the OpenRPC document, the page of
 * methods and the tests all read.
 */
import type { Node } from '../node.ts';
import { invalidParams, ParamError } from './errors.ts';
import type { Schema, Type, TypeOf } from './types.ts';

export interface Param<T = unknown> {
  readonly name: string;
  readonly type: Type<T>;
}

/** Who asks: what a connection has of its own. */
export interface Session {
  /** Sends a notification; undefined where the transport has none, such as HTTP. */
  readonly notify: ((message: object) => void) | undefined;
  /** What ends with the connection. */
  readonly subscriptions: Map<string, () => void>;
}

export interface Method {
  readonly name: string;
  readonly summary: string;
  readonly params: readonly Param[];
  readonly result: Schema;
  readonly run: (node: Node, args: readonly unknown[], session: Session) => unknown;
  /** What has to be waited for before it runs; gives the arguments, with what was waited for. */
  readonly prepare?: (node: Node, args: readonly unknown[]) => Promise<readonly unknown[]>;
}

export function param<T>(name: string, type: Type<T>): Param<T> {
  return { name, type };
}

type ArgsOf<P extends readonly Param[]> = { readonly [K in keyof P]: TypeOf<P[K]['type']> };

/**
 * A row of the table.
 *
 * @param names - The method's name and others under which it is known.
 */
export function method<const P extends readonly Param[]>(
  names: string | readonly string[],
  summary: string,
  params: P,
  result: Schema,
  run: (node: Node, args: ArgsOf<P>, session: Session) => unknown,
): Method[] {
  const list = typeof names === 'string' ? [names] : names;
  return list.map((name) => ({ name, summary, params, result, run: run as Method['run'] }));
}

/** The arguments of a request, read by the types of a method's parameters. */
export function readArgs({ name, params }: Method, given: readonly unknown[]): unknown[] {
  if (given.length > params.length) {
    const problem = `too many arguments, want at most ${params.length}`;
    throw invalidParams(`${problem} for ${name}`);
  }
  return params.map(({ name: title, type }, index) => {
    const value = given[index];
    if (!type.isOptional && (value === undefined || value === null)) {
      throw invalidParams(`missing value for required argument ${index} (${title})`);
    }
    try {
      return type.read(value, '');
    } catch (error) {
      if (!(error instanceof ParamError)) throw error;
      throw invalidParams(describe(error, index, title));
    }
  });
}

function describe({ path, message, isWhole }: ParamError, index: number, title: string): string {
  if (isWhole && message.includes('storage key')) return message;
  if (isWhole && path === '') return `invalid argument ${index}: ${message}`;
  return `invalid argument ${index} (${title}${path}): ${message}`;
}
