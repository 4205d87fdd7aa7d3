/** Whatever a person gets wrong has a message with place and remedy, and the right exit code. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFakeMachine } from './support/fake-machine.ts';
import { folderOf, lockstep } from './support/run.ts';

const TOKEN = 'examples/erc20/Token.sol';
const PRAGMA = '// SPDX-License-Identifier: Apache-2.0\npragma solidity ^0.8.0;\n';

const FILES: Readonly<Record<string, string>> = {
  'odd.hex': '0x60016002\n5b5',
  'digit.hex': '0x6001\n60g1\n',
  'empty.hex': ' \n',
  'linked.bin': `73__$${'a'.repeat(34)}$__63`,
  'notes.txt': 'a shopping list\n',
  'package.json': '{"name": "nothing"}',
  'cut.json': '{"abi": [',
  'abi.json': '[{"type":"function","name":"f","inputs":[]}]',
  'interface.json': '{"abi":[],"bytecode":"0x"}',
  'Import.sol': `${PRAGMA}import "@nowhere/pkg/A.sol";\nimport "./B.sol";\ncontract Import {}\n`,
  'Broken.sol': `${PRAGMA}contract Broken {\n    bool y = 7;\n    uint8 x = 300;\n}\n`,
  'Abstract.sol': `${PRAGMA}abstract contract A { function f() public virtual; }\ninterface I {}\n`,
  'large.hex': 'fe'.repeat(24_577),
  'init.hex': 'fe'.repeat(49_153),
  'wrong.dmir':
    'module m\n\nfunc @f(i64) -> i64 {\n@0:\n  $1 = addd $0, 1\n  $2 = add $9, 1\n' +
    '  return $2, $2\n}\n\nfunc @f() {\n@0:\n  return\n}\n',
};

/** Words after `lockstep`, with `/` before names of FILES; exit code; what the message says. */
const CASES: readonly (readonly [words: string, code: number, ...patterns: RegExp[]])[] = [
  ['run /odd.hex', 2, /odd\.hex:2:3: odd number of hexadecimal digits \(11\)/, /cut off/],
  ['run /digit.hex', 2, /digit\.hex:2:3: "g" is not a hexadecimal digit/],
  ['run /empty.hex', 2, /it is empty/, /Foundry artifacts/],
  ['run /linked.bin', 1, /not linked: __\$a+\$__/, /library/],
  ['run 0x123', 2, /odd number/],
  ['run /notes.txt', 2, /notes\.txt is no contract/, /Lockstep reads Solidity/],
  ['run /package.json', 2, /no contract.*keys: name/, /Hardhat/],
  ['run /cut.json', 2, /cut\.json begins as JSON and is not/],
  ['run /abi.json', 2, /perhaps an ABI without code/],
  ['run /interface.json', 1, /declares nothing that can be deployed/],
  ['run /missing.sol', 2, /missing\.sol does not exist/, /check the path/],
  ['run /folder', 2, /folder is a directory/],
  ['run', 2, /run needs a file/],
  ['run a b', 2, /"b" is too much/],
  ['run /Import.sol', 1, /Import\.sol:3:1: error: .*@nowhere\/pkg/, /npm install @nowhere\/pkg/],
  ['run /Broken.sol', 1, /2 errors/, /Broken\.sol:4:14: error/, /Broken\.sol:5:15: error/, /\^/],
  ['run /Abstract.sol', 1, /nothing that can be deployed: A, I/],
  ['run /large.hex', 1, /at most 24576 bytes \(EIP-170\), here 24577, 1 too many/],
  ['run /init.hex --deploy', 1, /at most 49152 bytes \(EIP-3860\)/],
  [`run ${TOKEN} --contract Tokn`, 2, /no contract Tokn; did you mean Token\?/],
  [`run ${TOKEN}:Other`, 2, /no contract Other/, /its contracts are: Token/],
  [`run ${TOKEN} --call transfr 1 2`, 2, /no function transfr; did you mean transfer\?/],
  [`run ${TOKEN} --call burn(uint256) 1`, 2, /no function burn\(uint256\)/, /balanceOf\(address/],
  [`run ${TOKEN} --call transfer( 1`, 2, /"transfer\(" is not the signature/],
  [
    `run ${TOKEN} --call transfer 0x${'1'.repeat(40)}`,
    2,
    /takes 2 .*parameter 2 \(value\) of type/,
  ],
  [`run ${TOKEN} --call totalSupply 7`, 2, /takes 0 arguments, not 1; "7" is one too many/],
  [
    `run ${TOKEN} --call transfer 0x12 5`,
    2,
    /parameter 1 \(to\): "0x12" .* type address.*it has 2/,
  ],
  [`run ${TOKEN} --call balanceOf 0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96046`, 2, /checksum/],
  [`run ${TOKEN} --call transfer 0x${'1'.repeat(40)} ten`, 2, /"ten".*uint256: write an integer/],
  [`run ${TOKEN} --call transfer 0x${'1'.repeat(40)} -1`, 2, /"-1".*it is negative/],
  [`run ${TOKEN} --deploy-args 1`, 2, /the constructor of Token takes 0 arguments, not 1/],
  ['run 0x00 --deploy-args 1', 2, /--deploy-args needs a deployment/],
  ['run 0x00 --call f 1', 2, /comes without an ABI.*"f"/, /f\(uint256\)/],
  ['run 0x00 --call f() --data 0x', 2, /exclude each other/],
  ['run 0x00 --call', 2, /--call needs a function/],
  ['run 0x00 --value lots', 2, /--value lots: write an amount of wei/],
  ['run 0x00 --gas 0', 2, /--gas 0: write a positive number/],
  ['run 0x00 --fork oska', 2, /no fork oska; did you mean osaka\?/],
  ['run 0x00 --engine turbo', 2, /--engine is one of interpreter, singlepass, multipass, auto/],
  ['run 0x00 --from me', 2, /--from me: an address is/],
  ['run 0x00 --josn', 2, /no option --josn; did you mean --json\?/],
  ['run 0x00 --fork', 2, /--fork needs a value: --fork NAME/],
  ['rum 0x00', 2, /no command rum; did you mean run\?/],
  ['Token.sol', 2, /lockstep run Token\.sol/],
  ['dump 0x00', 2, /needs a stage/],
  ['dump 0x00 --stage=wasm', 2, /--stage is one of bytecode, evm, dmir, lowered/],
  ['error nonsense', 2, /no code nonsense/],
  [
    'run /wrong.dmir',
    1,
    /is not valid dMIR: 4 errors/,
    /:5:8: error: `addd`/,
    /:6:8: error: \$9/,
    /:7:3: error: `return` takes 1/,
    /:10:1: error: .*twice/,
  ],
];

for (const [words, code, ...patterns] of CASES) {
  test(`lockstep ${words}`, async (context) => {
    const folder = folderOf(context, FILES);
    mkdirSync(join(folder, 'folder'));
    const given = words
      .split(' ')
      .filter((word) => word !== '')
      .map((word) => (word.startsWith('/') ? folder + word : word));
    const ran = await lockstep(given, { machine: createFakeMachine() });
    assert.equal(ran.code, code, ran.err + ran.out);
    for (const pattern of patterns) assert.match(ran.err, pattern);
    assert.equal(ran.out, '');
    assert.doesNotMatch(ran.err, /\bat .*\.ts:\d+|internal error/);
  });
}

test('with --json an error is one JSON object', async () => {
  const { code, out, err } = await lockstep(['run', 'missing.sol', '--json']);
  assert.equal(code, 2);
  assert.equal(err, '');
  const { ok, error } = JSON.parse(out);
  assert.equal(ok, false);
  assert.equal(error.code, 'file-missing');
  assert.match(error.message, /missing\.sol does not exist/);
});

test('a defect of ours asks for a report, and shows its stack only on request', async () => {
  const machine = createFakeMachine({
    call: () => {
      throw new TypeError('BUG: a register is missing');
    },
  });
  const plain = await lockstep(['run', '0x00'], { machine });
  assert.equal(plain.code, 1);
  assert.match(plain.err, /internal error: BUG: a register is missing\n.*report/);
  assert.doesNotMatch(plain.err, /fake-machine|\bat /);
  const debug = await lockstep(['run', '0x00'], { machine, env: { LOCKSTEP_DEBUG: '1' } });
  assert.match(debug.err, /bad-input\.test\.ts/);
});
