/** Gas of the operations whose cost depends on the run: memory, hashing, logs and cells. */

/** Gas by rule, in units of gas. */
export interface Schedule {
  /** For each 32-byte word by which a region grows. */
  readonly memoryLinear: bigint;
  /** Divisor of the squared count of words; 0 for no quadratic part. */
  readonly memoryQuadratic: bigint;
  readonly copyWord: bigint;
  readonly keccakWord: bigint;
  readonly logByte: bigint;
  readonly cellCold: bigint;
  readonly cellWarm: bigint;
  readonly storeSet: bigint;
  readonly storeReset: bigint;
  readonly storeClearRefund: bigint;
  /** A store needs more gas than this. */
  readonly storeSentry: bigint;
  readonly storeCold: bigint;
  readonly transient: bigint;
}

/** The figures of the Osaka fork: EIP-150, EIP-2200, EIP-2929, EIP-3529, EIP-1153. */
export const DEFAULT_SCHEDULE: Schedule = {
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
  transient: 100n,
};
