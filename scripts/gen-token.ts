/**
 * Writes `src/cli/bench/token.generated.ts`: the example token as code, so that `lockstep bench`
 * has a contract where no compiler is installed. `npm run gen` runs it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesToHex } from '../src/base/bytes.ts';
import { loadContract } from '../src/languages/load.ts';

const ROOT = join(import.meta.dirname, '..');
const SOURCE = 'examples/erc20/Token.sol';

/** The text of the file. */
export async function renderToken(): Promise<string> {
  const { contract } = await loadContract(join(ROOT, SOURCE));
  if (contract.kind !== 'evm' || contract.initCode === undefined) {
    throw new Error(`BUG: ${SOURCE} has no init code`);
  }
  const { compiler, initCode } = contract;
  return [
    `/** Init code of \`${SOURCE}\`, made by \`npm run gen\` with ${compiler}. */`,
    'export const TOKEN_INIT_CODE =',
    `  '${bytesToHex(initCode)}';`,
    '',
  ].join('\n');
}

if (import.meta.main) {
  writeFileSync(join(ROOT, 'src/cli/bench/token.generated.ts'), await renderToken());
}
