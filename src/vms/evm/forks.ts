/**
 * Forks as data: which EIP a fork turned on, and when.
 *
 * Every rule of the EVM that changed is a named switch, `eipNNNN`. Code asks for the switch, never
 * for the fork, so that one rule can be turned on or off alone. Amounts of gas that follow from the
 * switches stand in `gas.ts`, opcodes and their static gas in `opcodes.ts`.
 *
 * A new fork is a name at the end of `FORKS` and its rows in `EIPS`.
 */

/** The forks that changed the EVM, the transaction rules or the gas, in order of time. */
export const FORKS = [
  'frontier',
  'homestead',
  'tangerineWhistle',
  'spuriousDragon',
  'byzantium',
  'constantinople',
  'petersburg',
  'istanbul',
  'berlin',
  'london',
  'paris',
  'shanghai',
  'cancun',
  'prague',
  'osaka',
  // Blob parameter only forks (EIP-7892): two of the main net, two of test nets and test suites
  'bpo1',
  'bpo2',
  'bpo3',
  'bpo4',
] as const;

export type Fork = (typeof FORKS)[number];

/** The newest fork of the rules; what follows it changes the number of blobs alone. */
export const LATEST_FORK: Fork = 'osaka';

type EipRow = readonly [eip: `eip${number}` | `bpo${number}`, since: Fork, until?: Fork];

// biome-ignore format: one aligned row for each switch
const EIPS = [
  ['eip2',    'homestead'],        // creation fails if it cannot pay its code, and costs 53000
  ['eip7',    'homestead'],        // DELEGATECALL
  ['eip150',  'tangerineWhistle'], // repriced state access; a call keeps one 64th of the gas
  ['eip155',  'spuriousDragon'],   // chain id in signatures
  ['eip158',  'spuriousDragon'],   // with EIP-161: empty accounts do not exist
  ['eip160',  'spuriousDragon'],   // EXP costs 50 for a byte
  ['eip170',  'spuriousDragon'],   // code has at most 24576 bytes
  ['eip140',  'byzantium'],        // REVERT
  ['eip196',  'byzantium'],        // bn254 addition and multiplication
  ['eip197',  'byzantium'],        // bn254 pairing
  ['eip198',  'byzantium'],        // modular exponentiation
  ['eip211',  'byzantium'],        // return data
  ['eip214',  'byzantium'],        // STATICCALL
  ['eip658',  'byzantium'],        // status in receipts
  ['eip145',  'constantinople'],   // shifts
  ['eip1014', 'constantinople'],   // CREATE2
  ['eip1052', 'constantinople'],   // EXTCODEHASH
  ['eip1283', 'constantinople', 'petersburg'], // first net metering of stores
  ['eip152',  'istanbul'],         // BLAKE2 compression
  ['eip1108', 'istanbul'],         // cheaper bn254
  ['eip1344', 'istanbul'],         // CHAINID
  ['eip1884', 'istanbul'],         // repriced state access; SELFBALANCE
  ['eip2028', 'istanbul'],         // cheaper transaction data
  ['eip2200', 'istanbul'],         // net metering of stores, with a gas sentry
  ['eip2565', 'berlin'],           // repriced modular exponentiation
  ['eip2718', 'berlin'],           // typed transactions
  ['eip2929', 'berlin'],           // cold and warm access
  ['eip2930', 'berlin'],           // access lists
  ['eip1559', 'london'],           // base fee
  ['eip3198', 'london'],           // BASEFEE
  ['eip3529', 'london'],           // smaller refunds
  ['eip3541', 'london'],           // new code may not start with 0xef
  ['eip3675', 'paris'],            // proof of stake
  ['eip4399', 'paris'],            // PREVRANDAO in the place of DIFFICULTY
  ['eip3651', 'shanghai'],         // warm coinbase
  ['eip3855', 'shanghai'],         // PUSH0
  ['eip3860', 'shanghai'],         // limit and gas for initcode
  ['eip4895', 'shanghai'],         // withdrawals
  ['eip1153', 'cancun'],           // transient storage
  ['eip4788', 'cancun'],           // beacon root contract
  ['eip4844', 'cancun'],           // blobs; BLOBHASH; point evaluation
  ['eip5656', 'cancun'],           // MCOPY
  ['eip6780', 'cancun'],           // SELFDESTRUCT deletes only what the transaction created
  ['eip7516', 'cancun'],           // BLOBBASEFEE
  ['eip2537', 'prague'],           // BLS12-381
  ['eip2935', 'prague'],           // block hash history contract
  ['eip6110', 'prague'],           // deposits as requests
  ['eip7002', 'prague'],           // withdrawals as requests
  ['eip7251', 'prague'],           // consolidations as requests
  ['eip7623', 'prague'],           // floor price of transaction data
  ['eip7685', 'prague'],           // requests hash
  ['eip7691', 'prague'],           // more blobs
  ['eip7702', 'prague'],           // delegated accounts
  ['eip7594', 'osaka'],            // a transaction has at most six blobs
  ['eip7823', 'osaka'],            // modexp operands have at most 1024 bytes
  ['eip7825', 'osaka'],            // a transaction's gas limit is at most 2^24
  ['eip7883', 'osaka'],            // repriced modular exponentiation
  ['eip7918', 'osaka'],            // blob base fee bounded by execution cost
  ['eip7934', 'osaka'],            // limit of a block's encoded size
  ['eip7939', 'osaka'],            // CLZ
  ['eip7951', 'osaka'],            // P-256 verification
  ['bpo1',    'bpo1'],             // more blobs
  ['bpo2',    'bpo2'],
  ['bpo3',    'bpo3'],
  ['bpo4',    'bpo4'],
] as const satisfies readonly EipRow[];

/** Name of a switch. */
export type Eip = (typeof EIPS)[number][0];

/** All switches, in order of introduction. */
export const EIP_NAMES: readonly Eip[] = EIPS.map((row) => row[0]);

/** The switches of one fork. */
export type ForkRules = Readonly<Record<Eip, boolean>> & { readonly fork: Fork };

/** Switches that differ from those of the fork. */
export type RuleOverrides = Partial<Readonly<Record<Eip, boolean>>>;

/**
 * What is to be different from the fork: switches, amounts of `gas.ts` and of the precompiles by
 * their names, and static gas of opcodes. `overrides.ts` has the type that knows the names.
 */
export type Overrides = RuleOverrides & {
  readonly costs?: Readonly<Record<string, bigint>>;
  readonly opcodes?: Readonly<Record<string, number>>;
};

/** Other names under which forks are known: test suites, client configurations. */
const ALIASES: Readonly<Record<string, Fork>> = {
  chainstart: 'frontier',
  dao: 'homestead',
  eip150: 'tangerineWhistle',
  eip158: 'spuriousDragon',
  constantinoplefix: 'petersburg',
  muirglacier: 'istanbul',
  arrowglacier: 'london',
  grayglacier: 'london',
  merge: 'paris',
};

const BY_LOWER: ReadonlyMap<string, Fork> = new Map(
  FORKS.map((name) => [name.toLowerCase(), name]),
);

/** The fork of a name in any case, or of one of its aliases; `undefined` if there is none. */
export function parseFork(name: string): Fork | undefined {
  const key = name.toLowerCase();
  return BY_LOWER.get(key) ?? (Object.hasOwn(ALIASES, key) ? ALIASES[key] : undefined);
}

/** Position of the fork in time: later forks have greater indices. */
export function forkIndex(fork: Fork): number {
  return FORKS.indexOf(fork);
}

/** The fork that introduced the switch. */
export function forkOf(eip: Eip): Fork {
  const row = EIPS.find((candidate) => candidate[0] === eip);
  if (row === undefined) throw new Error(`BUG: no row for ${eip}`);
  return row[1];
}

const CACHE = new Map<Fork, ForkRules>();

/**
 * The switches of a fork, with exceptions where `overrides` are given.
 *
 * Without overrides the same frozen object comes back each time, so it may serve as a cache key.
 */
export function forkRules(fork: Fork, overrides?: Overrides): ForkRules {
  if (overrides !== undefined) {
    const { costs: _costs, opcodes: _opcodes, ...switches } = overrides;
    return Object.freeze({ ...forkRules(fork), ...switches });
  }
  const known = CACHE.get(fork);
  if (known !== undefined) return known;
  const now = forkIndex(fork);
  const switches = EIPS.map(([eip, since, until]: EipRow) => {
    const ended = until !== undefined && now >= forkIndex(until);
    return [eip, now >= forkIndex(since) && !ended];
  });
  const rules: ForkRules = Object.freeze({ ...Object.fromEntries(switches), fork });
  CACHE.set(fork, rules);
  return rules;
}
