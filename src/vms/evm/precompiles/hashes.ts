/** SHA-256, RIPEMD-160 and the identity (Yellow Paper, appendix E.1). */
import { ripemd160 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { padStart } from '../../../base/bytes.ts';
import type { PrecompileRow } from './types.ts';
import { wordCount } from './words.ts';

export const SHA256: PrecompileRow = {
  address: 0x02,
  name: 'sha256',
  since: 'frontier',
  gas: (input, costs) => costs.sha256Base + costs.sha256Word * wordCount(input.length),
  run: (input) => sha256(input),
};

export const RIPEMD160: PrecompileRow = {
  address: 0x03,
  name: 'ripemd160',
  since: 'frontier',
  gas: (input, costs) => costs.ripemd160Base + costs.ripemd160Word * wordCount(input.length),
  run: (input) => padStart(ripemd160(input), 32),
};

export const IDENTITY: PrecompileRow = {
  address: 0x04,
  name: 'identity',
  since: 'frontier',
  gas: (input, costs) => costs.identityBase + costs.identityWord * wordCount(input.length),
  run: (input) => input,
};
