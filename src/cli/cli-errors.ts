/** Errors as a person or a program sees them: never a stack trace of ours. */
import { InputError } from '../languages/errors.ts';
import { createPaint } from './format.ts';
import type { Io } from './io.ts';

/** The parts that every expected error has, whichever layer made it. */
interface Expected {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly fault: 'contract' | 'usage';
}

/** An expected error, or undefined for a defect of Lockstep. */
function expectedError(error: unknown): Expected | undefined {
  if (error instanceof InputError) return error;
  // Errors of the lower layers, recognised by their form so that none is loaded for this.
  if (error instanceof Error && 'plane' in error && 'code' in error) {
    const remedy = 'remedy' in error ? String(error.remedy) : '';
    return { code: String(error.code), message: error.message, remedy, fault: 'usage' };
  }
  return undefined;
}

/** Tells a person or a program what went wrong; gives the exit code. */
export function reportError(error: unknown, io: Io, json: boolean): number {
  const expected = expectedError(error);
  const debug = io.env.LOCKSTEP_DEBUG === '1';
  if (expected === undefined || debug) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    if (expected === undefined) {
      io.err(
        `lockstep: internal error: ${message}\n` +
          '  please report it, with the command and its input; ' +
          'LOCKSTEP_DEBUG=1 shows where it arose\n',
      );
    }
    if (debug) io.err(`${stack}\n`);
    if (expected === undefined) return 1;
  }
  const { code, message, remedy, fault } = expected;
  if (json) {
    io.out(`${JSON.stringify({ ok: false, error: { code, message, remedy } })}\n`);
  } else {
    const paint = createPaint(io.errorColor);
    const advice = remedy === '' ? '' : `  ${paint('dim', remedy)}\n`;
    io.err(`${paint('red', 'lockstep:')} ${message}\n${advice}`);
  }
  return fault === 'usage' ? 2 : 1;
}
