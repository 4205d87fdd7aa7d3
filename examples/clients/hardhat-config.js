/** A Hardhat 3 project whose tests run against `lockstep node`. */
import runner from '@nomicfoundation/hardhat-node-test-runner';
import viem from '@nomicfoundation/hardhat-viem';

export default {
  plugins: [viem, runner],
  networks: {
    lockstep: { type: 'http', url: process.env.LOCKSTEP_URL ?? 'http://127.0.0.1:8545' },
  },
  // Without a path Hardhat downloads the compiler.
  solidity: { version: '0.8.37', ...(process.env.SOLC ? { path: process.env.SOLC } : {}) },
};
