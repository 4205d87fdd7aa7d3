/** An outcome of our machine in the form that is compared with the oracle's. */
import type { DeployOutcome, Machine, Outcome } from '../../src/chain/types.ts';
import type { Observed } from '../support/ethereumjs.ts';

/** What an outcome tells, together with the state after it. */
export function observe(machine: Machine, outcome: Outcome | DeployOutcome): Observed {
  const { status, gasUsed, gasRefund, output, logs, writes, reason } = outcome;
  return {
    status,
    gasUsed,
    gasRefund,
    output,
    logs,
    writes,
    ...('address' in outcome ? { address: outcome.address } : {}),
    accounts: machine.state.dump(),
    ...(reason === undefined ? {} : { detail: reason }),
  };
}
