/**
 * `lockstep t8n`: the transition tool, with the options, files and exit codes of `evm t8n`, so that
 * test fillers can drive it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isRecord } from '../../conformance/formats.ts';
import { TransitionError } from '../../conformance/t8n/failures.ts';
import {
  type TransitionInput,
  type TransitionOutput,
  transition,
} from '../../conformance/t8n/transition.ts';
import { FormatError } from '../../conformance/types.ts';
import type { Args } from '../args.ts';
import { usageError } from '../args.ts';
import { createPaint } from '../format.ts';
import type { Io } from '../io.ts';

const STDIN = 'stdin';

export async function run(args: Args, io: Io): Promise<number> {
  const [extra] = args.positionals;
  if (extra !== undefined) throw usageError(`t8n takes options alone, not ${extra}`, 't8n');
  try {
    const input = await readInput(args, io);
    const output = transition(input, {
      fork: args.value('state.fork') ?? 'GrayGlacier',
      chainId: readInteger(args, 'state.chainid', 1n),
      reward: readInteger(args, 'state.reward', 0n),
    });
    writeOutput(args, io, output);
    return 0;
  } catch (error) {
    const failure = toFailure(error);
    if (failure === undefined) throw error;
    const paint = createPaint(io.errorColor);
    io.err(`${paint('red', 'lockstep:')} ${failure.message}\n`);
    return failure.exitCode;
  }
}

function toFailure(error: unknown): TransitionError | undefined {
  if (error instanceof TransitionError) return error;
  return error instanceof FormatError ? new TransitionError('json', error.message) : undefined;
}

function readInteger(args: Args, name: string, other: bigint): bigint {
  const text = args.value(name);
  if (text === undefined) return other;
  if (/^(-?\d+|0x[\da-fA-F]+)$/.test(text)) return BigInt(text);
  throw new TransitionError('config', `--${name} ${text}: write a number`);
}

async function readInput(args: Args, io: Io): Promise<TransitionInput> {
  const names = {
    alloc: args.value('input.alloc') ?? 'alloc.json',
    env: args.value('input.env') ?? 'env.json',
    txs: args.value('input.txs') ?? 'txs.json',
  };
  const isPiped = Object.values(names).includes(STDIN);
  const piped = isPiped ? parseJson(await readAll(io.input), 'the standard input') : {};
  if (!isRecord(piped)) throw new TransitionError('json', 'the standard input is no object');
  const part = (name: keyof typeof names): unknown =>
    names[name] === STDIN ? piped[name] : parseJson(readText(names[name]), names[name]);
  const { alloc, env } = { alloc: part('alloc'), env: part('env') };
  const blobParams = piped.blobParams ?? undefined;
  const txs = part('txs');
  if (names.txs !== STDIN && names.txs.endsWith('.rlp')) {
    return { alloc, env, blobParams, txsRlp: textOf(txs, names.txs) };
  }
  const { txsRlp = '' } = piped;
  const isEncoded = names.txs === STDIN && txsRlp !== '' && txsRlp !== null;
  if (isEncoded) return { alloc, env, blobParams, txsRlp: textOf(txsRlp, 'txsRlp') };
  return { alloc, env, blobParams, txs };
}

function textOf(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw new TransitionError('json', `${what} is no hexadecimal text`);
}

async function readAll(input: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of input) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new TransitionError('io', `${file} cannot be read: ${(error as Error).message}`);
  }
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TransitionError('json', `${what} is not JSON: ${(error as Error).message}`);
  }
}

const format = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Writes each part to its file, or with the others of its stream as one object. */
function writeOutput(args: Args, io: Io, output: TransitionOutput): void {
  const targets = {
    alloc: args.value('output.alloc') ?? 'alloc.json',
    result: args.value('output.result') ?? 'result.json',
    body: args.value('output.body') ?? '',
  };
  const folder = args.value('output.basedir') ?? '';
  const streams: Readonly<Record<string, Record<string, unknown>>> = { stdout: {}, stderr: {} };
  for (const [name, target] of Object.entries(targets)) {
    const value = output[name as keyof TransitionOutput];
    const stream = streams[target];
    if (stream !== undefined) stream[name] = value;
    else if (target !== '') writeFile(join(folder, target), format(value));
  }
  if (Object.keys(streams.stdout ?? {}).length > 0) io.out(format(streams.stdout));
  if (Object.keys(streams.stderr ?? {}).length > 0) io.err(format(streams.stderr));
}

function writeFile(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  } catch (error) {
    throw new TransitionError('io', `${file} cannot be written: ${(error as Error).message}`);
  }
}
