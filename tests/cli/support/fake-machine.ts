/** A machine without an engine: it answers every message with what a test prepared. */
import type {
  AccountDump,
  CallOptions,
  DeployOutcome,
  Hex,
  Machine,
  Outcome,
  TraceStep,
} from '../../../src/chain/types.ts';

const SUCCESS: Outcome = {
  status: 'success',
  gasUsed: 1000n,
  gasRefund: 0n,
  output: new Uint8Array(0),
  logs: [],
  writes: [],
  steps: 10n,
};

export const FAKE_ADDRESS: Hex = '0x00000000000000000000000000000000000fa4e0';

export interface FakeAnswers {
  readonly call?: (options: CallOptions) => Partial<Outcome>;
  readonly deploy?: Partial<DeployOutcome>;
  readonly steps?: readonly TraceStep[];
}

export interface FakeMachine extends Machine {
  readonly calls: CallOptions[];
  readonly balances: Map<string, bigint>;
}

export function createFakeMachine(answers: FakeAnswers = {}): FakeMachine {
  const calls: CallOptions[] = [];
  const balances = new Map<string, bigint>();
  const storage: AccountDump[] = [];
  const answer = (options: CallOptions): Outcome => {
    calls.push(options);
    return { ...SUCCESS, ...answers.call?.(options) };
  };
  return {
    calls,
    balances,
    state: {
      getBalance: (address) => balances.get(String(address)) ?? 0n,
      setBalance: (address, balance) => void balances.set(String(address), balance),
      getNonce: () => 0n,
      setNonce: () => {},
      getCode: () => new Uint8Array(0),
      setCode: () => {},
      getStorage: (_, slot) => slot * 2n,
      setStorage: () => {},
      dump: () => storage,
    },
    call: answer,
    callAsync: async (options) => answer(options),
    deploy: () => ({ ...SUCCESS, address: FAKE_ADDRESS, ...answers.deploy }),
    trace(options, onStep) {
      for (const step of answers.steps ?? []) onStep(step);
      return answer(options);
    },
    snapshot: () => 0,
    restore: () => {},
  };
}
