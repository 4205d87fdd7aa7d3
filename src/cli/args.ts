/**
 * The words of a command line, read by a command's table of options.
 *
 * An option is `--name value` or `--name=value`. A list option takes every word up to the next
 * `--name` or `--`, so that negative numbers are arguments. A lone `--` makes the rest positional.
 */
import { InputError } from '../languages/errors.ts';
import { suggest } from '../languages/suggest.ts';

export interface OptionSpec {
  readonly name: string;
  /**
   * How help shows the value; without one the option is a flag, with `…` at its end a list, and in
   * brackets it may be left out.
   */
  readonly value?: string;
  readonly summary: string;
  /** The only values allowed. */
  readonly choices?: readonly string[];
  readonly short?: string;
}

export interface Args {
  readonly positionals: readonly string[];
  flag(name: string): boolean;
  value(name: string): string | undefined;
  /** Undefined where the option was not given. */
  list(name: string): readonly string[] | undefined;
}

const isList = (option: OptionSpec): boolean => option.value?.endsWith('…') === true;

/** A mistake in the command line; the remedy points to the help of the command. */
export function usageError(message: string, command = ''): InputError {
  return new InputError(
    'usage',
    message,
    `see: lockstep help${command === '' ? '' : ` ${command}`}`,
  );
}

/**
 * @param command - Its name, for messages.
 * @throws InputError `usage`
 */
export function parseArgs(
  options: readonly OptionSpec[],
  words: readonly string[],
  command: string,
): Args {
  const positionals: string[] = [];
  const values = new Map<string, string[]>();
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word === '--') {
      positionals.push(...words.slice(at + 1));
      break;
    }
    if (!/^-{1,2}[A-Za-z]/.test(word)) {
      positionals.push(word);
      continue;
    }
    const equals = word.indexOf('=');
    const key = equals < 0 ? word : word.slice(0, equals);
    const option = findOption(options, key, command);
    const own = equals < 0 ? [] : [word.slice(equals + 1)];
    const taken = takeValues(option, own, words.slice(at + 1), command);
    at += taken.length - own.length;
    if (values.has(option.name)) throw usageError(`--${option.name} is given twice`, command);
    values.set(option.name, taken);
  }
  return {
    positionals,
    flag: (name) => values.has(name),
    value: (name) => values.get(name)?.[0],
    list: (name) => values.get(name),
  };
}

function findOption(options: readonly OptionSpec[], key: string, command: string): OptionSpec {
  const found = options.find((each) => key === `--${each.name}` || key === `-${each.short}`);
  if (found !== undefined) return found;
  const near = suggest(
    key.replace(/^-+/, ''),
    options.map((each) => each.name),
  );
  const hint = near === undefined ? '' : `; did you mean --${near}?`;
  throw usageError(`${command} has no option ${key}${hint}`, command);
}

function takeValues(
  option: OptionSpec,
  own: readonly string[],
  rest: readonly string[],
  command: string,
): string[] {
  if (option.value === undefined) {
    if (own.length > 0) throw usageError(`--${option.name} takes no value`, command);
    return [];
  }
  if (isList(option)) {
    const end = rest.findIndex((word) => /^--(?:[A-Za-z]|$)/.test(word));
    return [...own, ...(end < 0 ? rest : rest.slice(0, end))];
  }
  if (option.value.startsWith('[') && (rest[0] ?? '-').startsWith('-')) return [...own];
  const value = own[0] ?? rest[0];
  if (value === undefined || (own.length === 0 && /^--[A-Za-z]/.test(value))) {
    throw usageError(`--${option.name} needs a value: --${option.name} ${option.value}`, command);
  }
  if (option.choices !== undefined && !option.choices.includes(value)) {
    throw usageError(
      `--${option.name} is one of ${option.choices.join(', ')}, not ${JSON.stringify(value)}`,
      command,
    );
  }
  return [value];
}

/** The one positional word that a command needs. */
export function onePositional(args: Args, what: string, command: string): string {
  const [first, second] = args.positionals;
  if (first === undefined) throw usageError(`${command} needs ${what}`, command);
  if (second !== undefined) {
    throw usageError(`${command} takes one word, ${JSON.stringify(second)} is too much`, command);
  }
  return first;
}
