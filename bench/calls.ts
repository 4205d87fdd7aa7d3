/** The programs of the suite `calls`: loops of calls between contracts, which do little else. */
import type { Hex } from '../src/chain/types.ts';
import { assemble } from '../src/vms/evm/assemble.ts';
import { bytesToHexText, CASE_BLOCK, CASE_GAS_PRICE, SENDER } from '../tests/oracle/case.ts';
import type { SpeedCase } from '../tests/oracle/speed-programs.ts';

export interface CallProgram {
  readonly name: string;
  readonly cases: readonly SpeedCase[];
  /** Calls that all cases execute at least. */
  readonly calls: number;
}

const CALLER: Hex = '0x00000000000000000000000000000000000ca11e';
const CALLEE: Hex = '0x0000000000000000000000000000000000001eaf';
const PROXY: Hex = '0x0000000000000000000000000000000000009bad';
const LOOPS = 500;
const GAS = 10_000_000n;

/** Gives the word of its call data plus one. */
const LEAF = 'PUSH0 CALLDATALOAD PUSH 1 ADD PUSH0 MSTORE PUSH 32 PUSH0 RETURN';
/** Forwards all to the implementation, as the minimal proxy of ERC-1167 does. */
const PROXY_CODE = `
  CALLDATASIZE PUSH0 PUSH0 CALLDATACOPY
  PUSH0 PUSH0 CALLDATASIZE PUSH0 PUSH ${CALLEE} GAS DELEGATECALL
  RETURNDATASIZE PUSH0 PUSH0 RETURNDATACOPY
  PUSH @done JUMPI RETURNDATASIZE PUSH0 REVERT
  done: JUMPDEST RETURNDATASIZE PUSH0 RETURN`;

/** Calls as compiled contracts do, each time with what the last call gave, and gives that. */
function loopOf(kind: string, target: string, before = ''): string {
  const value = kind === 'CALL' ? 'PUSH0' : '';
  return `
    PUSH0
    loop: JUMPDEST
      ${before}
      PUSH 32 PUSH0 PUSH 32 PUSH0 ${value} ${target} GAS ${kind}
      ISZERO PUSH @failed JUMPI
      PUSH 32 RETURNDATASIZE LT PUSH @failed JUMPI
      PUSH 1 ADD DUP1 PUSH ${LOOPS} GT PUSH @loop JUMPI
    PUSH 32 PUSH0 RETURN
    failed: JUMPDEST PUSH0 PUSH0 REVERT`;
}

/** The loop, or the leaf where there is call data. */
function selfOf(kind: string): string {
  return `
    CALLDATASIZE PUSH @leaf JUMPI
    ${loopOf(kind, 'ADDRESS')}
    leaf: JUMPDEST ${LEAF}`;
}

function caseOf(name: string, code: string): SpeedCase {
  const accountOf = (address: Hex, text: string): SpeedCase['accounts'][number] => {
    return { address, balance: 0n, nonce: 1n, code: assemble(text), storage: [] };
  };
  const sender = { address: SENDER, balance: 10n ** 18n, nonce: 0n, storage: [] };
  return {
    name,
    block: CASE_BLOCK,
    accounts: [
      { ...sender, code: new Uint8Array(0) },
      accountOf(CALLER, code),
      accountOf(CALLEE, LEAF),
      accountOf(PROXY, PROXY_CODE),
    ],
    options: {
      from: SENDER,
      to: CALLER,
      data: bytesToHexText(new Uint8Array(0)),
      gas: GAS,
      gasPrice: CASE_GAS_PRICE,
    },
  };
}

/** One state for a program, so that the kinds of call are programs of their own. */
export const CALL_PROGRAMS: readonly CallProgram[] = [
  ...['CALL', 'STATICCALL', 'DELEGATECALL'].flatMap((kind): CallProgram[] => {
    const name = kind.toLowerCase();
    const other = caseOf(name, loopOf(kind, `PUSH ${CALLEE}`));
    const self = caseOf(`${name} to itself`, selfOf(kind));
    return [
      { name, cases: [other], calls: LOOPS },
      { name: `${name} to itself`, cases: [self], calls: LOOPS },
    ];
  }),
  {
    name: 'a proxy',
    cases: [caseOf('a proxy', loopOf('STATICCALL', `PUSH ${PROXY}`))],
    calls: 2 * LOOPS,
  },
  {
    name: 'code looked for',
    cases: [
      caseOf(
        'code looked for',
        loopOf('CALL', `PUSH ${CALLEE}`, `PUSH ${CALLEE} EXTCODESIZE ISZERO PUSH @failed JUMPI`),
      ),
    ],
    calls: LOOPS,
  },
];
