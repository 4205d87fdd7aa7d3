/** The suites of the command `lockstep bench`, over the contracts of the benches. */
import type { Subject } from '../src/cli/bench/subject.ts';
import { CONTRACT_SUITES, type ContractSuiteName } from '../src/cli/bench/suites.ts';
import { type BenchContract, prepareSubject, SIZES, TOKEN_SUITE } from './contracts.ts';
import { type BenchOptions, isWanted } from './options.ts';

/** Which contracts a suite measures. */
const CONTRACTS: Readonly<Record<ContractSuiteName, readonly BenchContract[]>> = {
  call: [...SIZES, ...TOKEN_SUITE],
  latency: SIZES,
  compile: [...SIZES, ...TOKEN_SUITE],
  memory: SIZES,
};

export async function benchContracts(
  suite: ContractSuiteName,
  options: BenchOptions,
): Promise<object> {
  const subjects: Subject[] = [];
  for (const contract of CONTRACTS[suite]) {
    if (isWanted(options, contract.name)) subjects.push(await prepareSubject(contract));
  }
  const { engines, rounds } = options;
  const { rows, text } = await CONTRACT_SUITES[suite].run(subjects, engines, rounds);
  process.stdout.write(text);
  return { suite, rows };
}
