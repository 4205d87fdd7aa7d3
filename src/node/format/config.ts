/** `eth_config`: what the chain's forks are (EIP-7910). */
import { bytesToHex } from '../../base/bytes.ts';
import { bigintToBytes32 } from '../../base/u256.ts';
import { DEPOSIT_CONTRACT } from '../../chain/blocks/requests.ts';
import { type ForkStep, rulesOfStep } from '../../chain/blocks/schedule.ts';
import { END_CALLS, START_CALLS } from '../../chain/blocks/system-contracts.ts';
import type { Eip } from '../../vms/evm/forks.ts';
import { bigintToAddress } from '../../vms/evm/host/accounts.ts';
import { precompilesOf } from '../../vms/evm/precompiles/index.ts';
import type { Node } from '../node.ts';
import { toQuantity } from '../rpc/types.ts';
import type { Json } from './transaction.ts';

const CONTRACT_NAMES: Readonly<Partial<Record<Eip, string>>> = {
  eip4788: 'BEACON_ROOTS_ADDRESS',
  eip2935: 'HISTORY_STORAGE_ADDRESS',
  eip7002: 'WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS',
  eip7251: 'CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS',
};

/** Names of the EIP where they are not those of our table in capitals. */
const PRECOMPILE_NAMES: ReadonlyMap<number, string> = new Map([
  [0x01, 'ECREC'],
  [0x02, 'SHA256'],
  [0x03, 'RIPEMD160'],
  [0x04, 'ID'],
  [0x05, 'MODEXP'],
  [0x06, 'BN254_ADD'],
  [0x07, 'BN254_MUL'],
  [0x08, 'BN254_PAIRING'],
  [0x09, 'BLAKE2F'],
  [0x0a, 'KZG_POINT_EVALUATION'],
  [0x0b, 'BLS12_G1ADD'],
  [0x0c, 'BLS12_G1MSM'],
  [0x0d, 'BLS12_G2ADD'],
  [0x0e, 'BLS12_G2MSM'],
  [0x0f, 'BLS12_PAIRING_CHECK'],
  [0x10, 'BLS12_MAP_FP_TO_G1'],
  [0x11, 'BLS12_MAP_FP2_TO_G2'],
  [0x100, 'P256VERIFY'],
]);

export function chainConfig(node: Node): Json {
  const { schedule, head } = node.chain;
  const { timestamp, number } = head.block.header;
  const isOn = ({ block = 0n, time = 0n }: ForkStep) => number >= block && timestamp >= time;
  const timed = schedule.steps.filter((step) => rulesOfStep(step).rules.eip4844);
  const current = schedule.steps.findLast(isOn);
  const later = timed.filter((step) => !isOn(step));
  const describe = (step: ForkStep | undefined) =>
    step === undefined ? null : describeStep(node, step);
  return {
    current: describe(current),
    next: describe(later[0]),
    last: describe(later.at(-1)),
  };
}

function describeStep(node: Node, step: ForkStep): Json {
  const { rules, costs } = rulesOfStep(step);
  const { depositContract = DEPOSIT_CONTRACT, chainId } = node.chain.schedule;
  const precompiles = [...precompilesOf(rules.fork, step.overrides)].map(([address, { name }]) => [
    PRECOMPILE_NAMES.get(address) ?? name.toUpperCase(),
    bytesToHex(bigintToAddress(BigInt(address))),
  ]);
  const contracts = [...START_CALLS, ...END_CALLS]
    .filter(({ eip }) => rules[eip])
    .map(({ eip, address }) => [CONTRACT_NAMES[eip] ?? eip, bytesToHex(address)]);
  if (rules.eip6110) contracts.push(['DEPOSIT_CONTRACT_ADDRESS', bytesToHex(depositContract)]);
  return {
    activationTime: Number(step.time ?? 0n),
    blobSchedule: {
      baseFeeUpdateFraction: Number(costs.blobFeeFraction),
      max: Number(costs.blobsMax),
      target: Number(costs.blobsTarget),
    },
    chainId: toQuantity(chainId),
    forkId: forkId(node, step),
    precompiles: Object.fromEntries(precompiles.sort(byName)),
    systemContracts: Object.fromEntries(contracts.sort(byName)),
  };
}

const CRC_POLYNOMIAL = 0xedb8_8320;

/** The CRC-32 of the genesis hash and the conditions of all forks up to a step (EIP-2124, 6122). */
function forkId({ chain }: Node, last: ForkStep): string {
  const { steps } = chain.schedule;
  const passed = steps.slice(0, steps.indexOf(last) + 1);
  const genesisTime = chain.genesis.block.header.timestamp;
  const blocks = passed.filter(({ time }) => time === undefined).map(({ block = 0n }) => block);
  const times = passed.map(({ time = 0n }) => time).filter((time) => time > genesisTime);
  const conditions = new Set([...blocks, ...times].filter((each) => each > 0n));
  const bytes = [...chain.genesis.hash];
  for (const each of conditions) bytes.push(...bigintToBytes32(each, 'a fork').subarray(24));
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? CRC_POLYNOMIAL : 0);
  }
  return `0x${((crc ^ 0xffff_ffff) >>> 0).toString(16).padStart(8, '0')}`;
}

function byName([a = '']: readonly string[], [b = '']: readonly string[]): number {
  return a < b ? -1 : 1;
}
