/** Options of commands that go on from another chain: those of anvil, and a cache by its name. */
import type { OptionSpec } from './args.ts';

export const FORK_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'fork-url',
    short: 'f',
    value: 'URL',
    summary: 'go on from another chain, by the JSON-RPC of a node; URL@NUMBER names a block',
  },
  { name: 'rpc-url', value: 'URL', summary: 'the same' },
  {
    name: 'fork-block-number',
    value: 'NUMBER',
    summary: 'its block, below zero so many before the latest; the latest unless told',
  },
  {
    name: 'fork-transaction-hash',
    value: 'HASH',
    summary: 'from the block before a transaction, and then its block up to it',
  },
  { name: 'fork-chain-id', value: 'ID', summary: 'id of that chain, which is then not asked for' },
  { name: 'fork-header', value: 'HEADERS…', summary: "'Name: value', sent with each request" },
  { name: 'fork-cache', value: 'FILE', summary: 'keep answers there, and take what it has' },
  { name: 'no-storage-caching', summary: 'keep no answers in the cache folder of the user' },
  { name: 'offline', summary: 'ask nothing: the cache has all that is needed' },
  { name: 'timeout', value: 'MS', summary: 'milliseconds for an answer; 45000' },
  { name: 'retries', value: 'COUNT', summary: 'how often a request is sent again; 5' },
  {
    name: 'fork-retry-backoff',
    value: 'MS',
    summary: 'before the first repetition, then twice as long each time; 1000',
  },
  {
    name: 'compute-units-per-second',
    value: 'COUNT',
    summary: 'what the remote allows, at 20 a request; no limit unless told',
  },
  { name: 'no-rate-limit', summary: 'no limit, against the option before' },
];
