/**
 * The expansion of every operation into the core. An operation without one does not compile.
 */
import type { OpName } from '../ops.ts';
import { BIT_EXPANSIONS } from './bits.ts';
import { BULK_EXPANSIONS } from './bulk.ts';
import { CONTROL_EXPANSIONS } from './control.ts';
import { FLOAT_EXPANSIONS } from './floats.ts';
import { INTEGER_EXPANSIONS } from './integers.ts';
import { MEMORY_EXPANSIONS } from './memory.ts';
import type { Expansion } from './site.ts';
import { STATE_EXPANSIONS } from './state.ts';

export const EXPANSIONS: Readonly<Record<OpName, Expansion>> = {
  ...INTEGER_EXPANSIONS,
  ...BIT_EXPANSIONS,
  ...FLOAT_EXPANSIONS,
  ...MEMORY_EXPANSIONS,
  ...BULK_EXPANSIONS,
  ...STATE_EXPANSIONS,
  ...CONTROL_EXPANSIONS,
};
