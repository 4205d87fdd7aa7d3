/** Which of a file's contracts is meant. */
import type { Note } from './contract.ts';
import { InputError } from './errors.ts';
import { didYouMean } from './suggest.ts';

export interface Candidate {
  readonly name: string;
  /** The source that declares it, where the format tells. */
  readonly source?: string;
  /** False for interfaces and abstract contracts. */
  readonly deployable: boolean;
}

/**
 * The contract that was asked for, else the last one of the file that can be deployed: sources put
 * what they are about at their end. A note tells when there was a choice.
 *
 * @param wanted - `Name`, or `source.sol:Name` where two sources use the same name.
 * @throws InputError `contract-unknown`, `contract-none`
 */
export function selectContract<T extends Candidate>(
  candidates: readonly T[],
  wanted: string | undefined,
  file: string,
  notes: Note[],
): T {
  if (wanted !== undefined) return selectNamed(candidates, wanted, file);
  const deployable = candidates.filter((each) => each.deployable);
  const last = deployable.at(-1);
  if (last === undefined) {
    const names = candidates.map((each) => each.name).join(', ');
    const are = candidates.length === 1 ? 'is' : 'are';
    throw new InputError(
      'contract-none',
      candidates.length === 0
        ? `${file} declares no contract`
        : `${file} declares nothing that can be deployed: ${names} ${are} abstract or an interface`,
      'name another file, or a contract of it with --contract NAME',
    );
  }
  if (deployable.length > 1) {
    const names = deployable.map((each) => each.name).join(', ');
    notes.push({
      level: 'info',
      text:
        `${file} has ${deployable.length} contracts (${names}); ` +
        `taking the last, ${last.name}; choose with --contract NAME`,
    });
  }
  return last;
}

function selectNamed<T extends Candidate>(
  candidates: readonly T[],
  wanted: string,
  file: string,
): T {
  const separator = wanted.lastIndexOf(':');
  const name = wanted.slice(separator + 1);
  const source = separator < 0 ? undefined : wanted.slice(0, separator);
  const found = candidates.filter(
    (each) => each.name === name && (source === undefined || each.source === source),
  );
  const best = found.filter((each) => each.deployable).at(-1) ?? found.at(-1);
  if (best?.deployable) return best;
  if (best !== undefined) {
    throw new InputError(
      'contract-none',
      `${best.name} in ${file} cannot be deployed: it is abstract or an interface`,
      'name a contract that implements it',
    );
  }
  const names = [...new Set(candidates.map((each) => each.name))];
  throw new InputError(
    'contract-unknown',
    `${file} has no contract ${wanted}${didYouMean(name, names)}`,
    names.length === 0 ? '' : `its contracts are: ${names.join(', ')}`,
  );
}
