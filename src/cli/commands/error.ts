/** `lockstep error`: explains a code, a trap, an exit code or the data of a revert. */
import { ERRORS } from '../../base/errors.ts';
import { INPUT_ERRORS, type InputErrorCode } from '../../languages/errors.ts';
import { loadContract } from '../../languages/load.ts';
import { PANICS } from '../../languages/panics.ts';
import { didYouMean } from '../../languages/suggest.ts';
import { type Args, onePositional, usageError } from '../args.ts';
import { HALTS, type HaltReason } from '../explanations.ts';
import { createPaint } from '../format.ts';
import type { Io } from '../io.ts';
import { readBytes } from '../session.ts';

interface Explanation {
  readonly kind: string;
  readonly code: string;
  readonly text: string;
}

const EXIT_CODES: Readonly<Record<string, string>> = {
  '0': 'everything asked for was done',
  '1': 'the contract or test failed: a revert, a halt, or a source that does not compile',
  '2': 'bad usage: an unknown option, a missing file, an argument of the wrong type',
};

export async function run(args: Args, io: Io): Promise<number> {
  const given = onePositional(args, 'a code or data: lockstep error 0x08c379a0…', 'error');
  const explanation = (await explainData(given, args.value('abi'))) ?? explainCode(given);
  if (args.flag('json')) {
    io.out(`${JSON.stringify(explanation)}\n`);
    return 0;
  }
  const paint = createPaint(io.color);
  const { kind, code, text } = explanation;
  io.out(`${paint('dim', kind)} ${paint('bold', code)}: ${text}\n`);
  return 0;
}

/** Revert data of four bytes or more, and numbers of panics. */
async function explainData(
  given: string,
  abiFile: string | undefined,
): Promise<Explanation | undefined> {
  if (!/^0x/i.test(given)) return undefined;
  if (/^0x[\da-f]{1,3}$/i.test(given)) {
    const meaning = PANICS.get(BigInt(given));
    const text = meaning ?? `Solidity defines no such panic; it defines ${panicList()}`;
    return { kind: 'panic', code: given, text };
  }
  const data = readBytes(given, 'data');
  const loaded = abiFile === undefined ? undefined : (await loadContract(abiFile)).contract;
  const abi = loaded?.kind === 'evm' ? loaded.abi : undefined;
  const { decodeRevert } = await import('../../languages/abi.ts');
  const { text, name, signature } = decodeRevert(abi, data);
  const advice =
    name === undefined ? '; name the contract with --abi FILE to decode its errors' : '';
  return { kind: 'revert', code: signature ?? given.slice(0, 10), text: text + advice };
}

const panicList = (): string =>
  [...PANICS.keys()].map((code) => `0x${code.toString(16).padStart(2, '0')}`).join(', ');

function explainCode(given: string): Explanation {
  const exit = EXIT_CODES[given];
  if (exit !== undefined) return { kind: 'exit code', code: given, text: exit };
  const key = given.toLowerCase().replaceAll(/[\s_]/g, '-');
  if (Object.hasOwn(HALTS, key)) {
    return { kind: 'halt', code: key, text: HALTS[key as HaltReason] };
  }
  const row = INPUT_ERRORS.get(key as InputErrorCode);
  if (row !== undefined) {
    const exitCode = row.fault === 'usage' ? 2 : 1;
    return { kind: 'error', code: key, text: `${row.meaning} Exit code ${exitCode}.` };
  }
  const upper = given.toUpperCase();
  if (Object.hasOwn(ERRORS, upper)) {
    const { message, remedy } = ERRORS[upper as keyof typeof ERRORS];
    return { kind: 'error', code: upper, text: `${message}. ${remedy}` };
  }
  const known = [...Object.keys(HALTS), ...INPUT_ERRORS.keys(), ...Object.keys(ERRORS)];
  throw usageError(
    `there is no code ${given}${didYouMean(key, known)}; the codes are: ${known.join(', ')}`,
    'error',
  );
}
