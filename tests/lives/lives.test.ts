/** OpenZeppelin's contracts through scripted lives, equal to the oracle at every step. */
import { test } from 'node:test';
import { GOVERNOR } from './governance.ts';
import { runLife } from './life.ts';
import { MARKET_LIVES } from './markets.ts';
import { PROXY_LIVES } from './proxies.ts';
import { createMachineLife, createOracleLife } from './sides.ts';
import { TOKEN_LIVES } from './tokens.ts';

for (const life of [...TOKEN_LIVES, ...PROXY_LIVES, ...MARKET_LIVES, GOVERNOR]) {
  test(`the life of ${life.name}`, async () => {
    await runLife(life, async (block) => ({
      ours: createMachineLife(block),
      theirs: await createOracleLife(block),
    }));
  });
}
