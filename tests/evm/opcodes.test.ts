/** The tables of opcodes, forks and gas against a second, independently kept source. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { getOpcodesForHF, paramsEVM } from '@ethereumjs/evm';
import type { Fork } from '../../src/vms/evm/forks.ts';
import { FORKS, forkRules, LATEST_FORK, parseFork } from '../../src/vms/evm/forks.ts';
import { costsOf, NO_LIMIT, scheduleOf } from '../../src/vms/evm/gas.ts';
import { OPCODE_DOCS, opcodeDoc } from '../../src/vms/evm/opcode-docs.ts';
import type { OpName } from '../../src/vms/evm/opcodes.ts';
import { isOpcodeName, OP, OPCODE_LIST, OPCODES, opcodesOf } from '../../src/vms/evm/opcodes.ts';

/** Forks that the peer has too: it knows the blob schedules of the main net alone. */
const SHARED_FORKS = FORKS.filter((fork) => fork !== 'bpo3' && fork !== 'bpo4');

function commonOf(fork: Fork): Common {
  const hardfork = fork === 'frontier' ? Hardfork.Chainstart : fork;
  return new Common({ chain: Mainnet, hardfork, params: paramsEVM });
}

// Charged by the kernel or the host here, but part of the base fee there.
const CHARGED_ELSEWHERE: ReadonlySet<string> = new Set([
  'SLOAD',
  'TLOAD',
  'TSTORE',
  'SELFDESTRUCT',
]);

// Arity by hand, [pops, pushes]; families are computed.
const ARITY: Readonly<Record<string, string>> = {
  '0,0': 'STOP JUMPDEST INVALID',
  '0,1':
    'ADDRESS ORIGIN CALLER CALLVALUE CALLDATASIZE CODESIZE GASPRICE RETURNDATASIZE COINBASE ' +
    'TIMESTAMP NUMBER PREVRANDAO GASLIMIT CHAINID SELFBALANCE BASEFEE BLOBBASEFEE PC MSIZE GAS ' +
    'PUSH0',
  '1,0': 'POP JUMP SELFDESTRUCT',
  '1,1':
    'ISZERO NOT CLZ BALANCE CALLDATALOAD EXTCODESIZE EXTCODEHASH BLOCKHASH BLOBHASH MLOAD SLOAD ' +
    'TLOAD',
  '2,0': 'MSTORE MSTORE8 SSTORE TSTORE JUMPI RETURN REVERT',
  '2,1':
    'ADD MUL SUB DIV SDIV MOD SMOD EXP SIGNEXTEND LT GT SLT SGT EQ AND OR XOR BYTE SHL SHR SAR ' +
    'KECCAK256',
  '3,0': 'CALLDATACOPY CODECOPY RETURNDATACOPY MCOPY',
  '3,1': 'ADDMOD MULMOD CREATE',
  '4,0': 'EXTCODECOPY',
  '4,1': 'CREATE2',
  '6,1': 'DELEGATECALL STATICCALL',
  '7,1': 'CALL CALLCODE',
};

function expectedArity(name: OpName): string {
  const family = /^(PUSH|DUP|SWAP|LOG)(\d+)$/.exec(name);
  const n = Number(family?.[2]);
  if (family?.[1] === 'PUSH') return '0,1';
  if (family?.[1] === 'DUP') return `${n},${n + 1}`;
  if (family?.[1] === 'SWAP') return `${n + 1},${n + 1}`;
  if (family?.[1] === 'LOG') return `${n + 2},0`;
  const found = Object.entries(ARITY).find(([, names]) => names.split(' ').includes(name));
  assert.ok(found, `no arity for ${name}`);
  return found[0];
}

describe('opcode table', () => {
  it('ascends by byte, with unique names', () => {
    const bytes = OPCODE_LIST.map((row) => row.byte);
    assert.deepEqual(
      bytes,
      [...new Set(bytes)].sort((a, b) => a - b),
    );
    assert.equal(new Set(OPCODE_LIST.map((row) => row.name)).size, OPCODE_LIST.length);
    assert.equal(OPCODES.length, 256);
    for (const row of OPCODE_LIST) assert.equal(OPCODES[row.byte], row);
  });

  it('has the arity of the hand list', () => {
    for (const row of OPCODE_LIST) {
      assert.equal(`${row.pops},${row.pushes}`, expectedArity(row.name), row.name);
    }
  });

  it('has a sentence for every opcode', () => {
    for (const row of OPCODE_LIST) assert.match(opcodeDoc(row.name), /\.$/, row.name);
    const families = ['PUSH', 'DUP', 'SWAP', 'LOG'];
    for (const key of Object.keys(OPCODE_DOCS)) {
      assert.ok(isOpcodeName(key) || families.includes(key), key);
    }
  });

  it('has immediates for PUSH1 to PUSH32 alone', () => {
    for (const row of OPCODE_LIST) {
      const push = /^PUSH(\d+)$/.exec(row.name);
      assert.equal(row.immediate, Number(push?.[1] ?? 0), row.name);
    }
  });

  it('keeps one table for a fork', () => {
    assert.equal(opcodesOf('cancun'), opcodesOf('cancun'));
    assert.equal(forkRules('cancun'), forkRules('cancun'));
    assert.equal(scheduleOf('cancun'), scheduleOf('cancun'));
    assert.equal(costsOf('cancun'), costsOf('cancun'));
  });

  it('follows overrides', () => {
    assert.equal(opcodesOf('osaka', { eip7939: false }).valid[OP.CLZ], 0);
    assert.equal(opcodesOf('london', { eip3855: true }).gas[OP.PUSH0], 2);
    assert.equal(scheduleOf('berlin', { eip3529: true }).storeClearRefund, 4800n);
    assert.equal(costsOf('osaka', { eip7825: false }).txGasMax, NO_LIMIT);
  });
});

describe('opcode table against ethereumjs', () => {
  for (const fork of SHARED_FORKS) {
    it(fork, () => {
      const theirs = getOpcodesForHF(commonOf(fork)).opcodes;
      const ours = opcodesOf(fork);
      const rules = forkRules(fork);
      for (let byte = 0; byte < 256; byte++) {
        const other = theirs.get(byte);
        const where = `0x${byte.toString(16)} at ${fork}`;
        assert.equal(ours.valid[byte] === 1, other !== undefined, `validity of ${where}`);
        if (other === undefined) continue;
        const row = OPCODES[byte];
        assert.ok(row, where);
        const isDifficulty = byte === OP.PREVRANDAO && !rules.eip4399;
        assert.equal(isDifficulty ? 'DIFFICULTY' : row.name, other.fullName, where);
        assert.equal(ours.gas[byte], expectedGas(row.name, fork, other.fee), `gas of ${where}`);
      }
    });
  }
});

function expectedGas(name: OpName, fork: Fork, fee: number): number {
  if (CHARGED_ELSEWHERE.has(name)) {
    const elsewhere = {
      SLOAD: forkRules(fork).eip2929 ? 0n : scheduleOf(fork).cellCold,
      SELFDESTRUCT: costsOf(fork).selfdestruct,
    }[name as string];
    assert.equal(Number(elsewhere ?? scheduleOf(fork).transient), fee, `${name} at ${fork}`);
    return 0;
  }
  const topics = /^LOG(\d)$/.exec(name);
  if (topics !== null) return fee + 375 * Number(topics[1]);
  return fee;
}

describe('gas against ethereumjs', () => {
  // Ours, theirs, and the first fork at which they know the parameter.
  const COSTS = [
    ['expByte', 'expByteGas', 'frontier'],
    ['callValue', 'callValueTransferGas', 'frontier'],
    ['callStipend', 'callStipendGas', 'frontier'],
    ['callNewAccount', 'callNewAccountGas', 'frontier'],
    ['createDataByte', 'createDataGas', 'frontier'],
    ['selfdestructRefund', 'selfdestructRefundGas', 'frontier'],
    ['refundQuotient', 'maxRefundQuotient', 'frontier'],
    ['codeBytesMax', 'maxCodeSize', 'spuriousDragon'],
    ['accountCold', 'coldaccountaccessGas', 'berlin'],
    ['accountWarm', 'warmstoragereadGas', 'berlin'],
    ['initcodeWord', 'initCodeWordGas', 'shanghai'],
    ['initcodeBytesMax', 'maxInitCodeSize', 'shanghai'],
  ] as const;
  const SCHEDULE = [
    ['memoryLinear', 'memoryGas', 'frontier'],
    ['memoryQuadratic', 'quadCoefficientDivGas', 'frontier'],
    ['copyWord', 'copyGas', 'frontier'],
    ['keccakWord', 'keccak256WordGas', 'frontier'],
    ['logByte', 'logDataGas', 'frontier'],
    ['storeSentry', 'sstoreSentryEIP2200Gas', 'istanbul'],
    ['cellWarm', 'sstoreNoopEIP2200Gas', 'istanbul'],
    ['cellWarm', 'sstoreDirtyEIP2200Gas', 'istanbul'],
    ['storeSet', 'sstoreInitEIP2200Gas', 'istanbul'],
    ['storeReset', 'sstoreCleanEIP2200Gas', 'istanbul'],
    ['storeClearRefund', 'sstoreClearRefundEIP2200Gas', 'istanbul'],
    ['cellCold', 'coldsloadGas', 'berlin'],
    ['storeCold', 'coldsloadGas', 'berlin'],
  ] as const;

  for (const fork of SHARED_FORKS) {
    it(fork, () => {
      const common = commonOf(fork);
      const knows = (since: Fork) => FORKS.indexOf(fork) >= FORKS.indexOf(since);
      for (const [ours, theirs, since] of COSTS) {
        if (knows(since)) assert.equal(costsOf(fork)[ours], common.param(theirs), ours);
      }
      for (const [ours, theirs, since] of SCHEDULE) {
        if (knows(since)) assert.equal(scheduleOf(fork)[ours], common.param(theirs), ours);
      }
    });
  }

  it('activates the EIPs that they know at the same forks', () => {
    for (const fork of SHARED_FORKS) {
      const common = commonOf(fork);
      for (const [eip, active] of Object.entries(forkRules(fork))) {
        const number = Number(eip.slice(3));
        // Forks before Berlin are one meta EIP there; 7934 is not implemented.
        if (eip === 'fork' || number < 2565 || number === 7934) continue;
        assert.equal(active, common.isActivatedEIP(number), `${eip} at ${fork}`);
      }
    }
  });
});

describe('forks', () => {
  it('ends EIP-1283 at Petersburg', () => {
    assert.equal(forkRules('constantinople').eip1283, true);
    assert.equal(forkRules('petersburg').eip1283, false);
    assert.equal(scheduleOf('petersburg').storeRule, 0n);
    assert.equal(scheduleOf('istanbul').storeRule, 1n);
  });

  it('reads names in any case, and aliases', () => {
    assert.equal(parseFork('Osaka'), 'osaka');
    assert.equal(parseFork('EIP150'), 'tangerineWhistle');
    assert.equal(parseFork('ConstantinopleFix'), 'petersburg');
    assert.equal(parseFork('Merge'), 'paris');
    assert.equal(parseFork('constructor'), undefined);
  });

  it('has forks after the latest that change the number of blobs alone', () => {
    const later = FORKS.slice(FORKS.indexOf(LATEST_FORK) + 1);
    assert.deepEqual(later, ['bpo1', 'bpo2', 'bpo3', 'bpo4']);
    for (const fork of later) {
      assert.deepEqual(scheduleOf(fork), scheduleOf(LATEST_FORK));
      assert.deepEqual(opcodesOf(fork), opcodesOf(LATEST_FORK));
      const { blobsTarget, blobsMax, blobFeeFraction } = costsOf(fork);
      const blobs = { blobsTarget, blobsMax, blobFeeFraction };
      assert.deepEqual(costsOf(fork), { ...costsOf(LATEST_FORK), ...blobs });
      assert.notDeepEqual(costsOf(fork), costsOf(LATEST_FORK));
    }
  });

  it('has the schedule of the latest fork', () => {
    assert.deepEqual(scheduleOf(LATEST_FORK), {
      memoryLinear: 3n,
      memoryQuadratic: 512n,
      copyWord: 3n,
      keccakWord: 6n,
      logByte: 8n,
      cellCold: 2100n,
      cellWarm: 100n,
      storeSet: 20000n,
      storeReset: 2900n,
      storeClearRefund: 4800n,
      storeSentry: 2300n,
      storeCold: 2100n,
      storeRule: 1n,
      transient: 100n,
    });
  });
});
