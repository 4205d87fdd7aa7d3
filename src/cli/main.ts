/** Entry of the `lockstep` command; `bin/lockstep.js` starts it. */
import { runCli } from './cli.ts';
import { processIo } from './io.ts';

// An exit code instead of an exit lets the output drain.
process.exitCode = await runCli(process.argv.slice(2), processIo());
