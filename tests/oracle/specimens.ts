/** Real contracts for the mutating generator: speed programs and what `tests/lives` compiles. */

import { compileLives } from '../lives/compile.ts';
import { readSpeedPrograms } from '../support/corpora.ts';
import { hexTextToBytes } from './case.ts';
import type { Specimen } from './generate-mutated.ts';

/** Longer specimens make cases slow to load without making them stranger. */
const CODE_BYTES_MAX = 24_576;

/** Every specimen there is, in a fixed order: compiled contracts, then the speed programs. */
export async function loadSpecimens(): Promise<Specimen[]> {
  const specimens: Specimen[] = [];
  for (const { name, runtime } of await compileLives()) {
    if (runtime.length > 0) specimens.push({ name, code: runtime, data: [] });
  }
  for (const program of readSpeedPrograms() ?? []) {
    const account = program.pre[program.to];
    if (account === undefined) continue;
    const data = [hexTextToBytes(program.data).slice(0, 2048)];
    specimens.push({ name: program.name, code: hexTextToBytes(account.code), data });
  }
  return specimens.filter(({ code }) => code.length <= CODE_BYTES_MAX);
}
