/** Files of every format to contracts. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bytesToHex } from '../../src/base/bytes.ts';
import type { EvmContract } from '../../src/languages/contract.ts';
import { loadContract } from '../../src/languages/load.ts';
import { placeOf } from '../../src/languages/solidity/diagnostics.ts';
import { mappingSlot, nameSlots } from '../../src/languages/storage-names.ts';
import { folderOf } from '../cli/support/run.ts';

const ABI = [{ type: 'function', name: 'f', inputs: [], outputs: [] }];
const INIT = '6001600055';
const RUNTIME = '600160005500';

async function loadEvm(file: string, options = {}): Promise<EvmContract> {
  const { contract } = await loadContract(file, options);
  assert.equal(contract.kind, 'evm');
  return contract as EvmContract;
}

const evm = { bytecode: { object: INIT }, deployedBytecode: { object: RUNTIME } };
const ARTIFACTS: readonly (readonly [format: string, json: object])[] = [
  ['solc-standard', { contracts: { 'a.sol': { I: { abi: [] }, C: { abi: ABI, evm } } } }],
  ['solc-standard', { output: { contracts: { 'a.sol': { C: { abi: ABI, evm } } } } }],
  [
    'solc-combined',
    { contracts: { 'a.sol:C': { abi: JSON.stringify(ABI), bin: INIT, 'bin-runtime': RUNTIME } } },
  ],
  [
    'hardhat',
    { contractName: 'C', abi: ABI, bytecode: `0x${INIT}`, deployedBytecode: `0x${RUNTIME}` },
  ],
  [
    'foundry',
    {
      abi: ABI,
      bytecode: { object: `0x${INIT}`, linkReferences: {} },
      deployedBytecode: { object: `0x${RUNTIME}` },
      metadata: {
        settings: { compilationTarget: { 'a.sol': 'C' } },
        compiler: { version: '0.8.1' },
      },
    },
  ],
];

for (const [format, json] of ARTIFACTS) {
  test(`an artifact: ${format}`, async (context) => {
    // The extension is nobody's: the content tells.
    const folder = folderOf(context, { 'contract.artifact': JSON.stringify(json) });
    const contract = await loadEvm(join(folder, 'contract.artifact'));
    assert.equal(contract.format, format);
    assert.equal(contract.name, 'C');
    assert.deepEqual(contract.abi, ABI);
    assert.equal(bytesToHex(contract.initCode!), `0x${INIT}`);
    assert.equal(bytesToHex(contract.runtimeCode!), `0x${RUNTIME}`);
  });
}

test('an unlinked artifact names its libraries', async (context) => {
  const object = `73__$${'0'.repeat(34)}$__`;
  const linkReferences = { 'lib.sol': { Maths: [{ start: 1, length: 20 }] } };
  const json = { abi: [], bytecode: { object, linkReferences }, deployedBytecode: { object } };
  const folder = folderOf(context, { 'C.json': JSON.stringify(json) });
  await assert.rejects(loadContract(join(folder, 'C.json')), {
    code: 'contract-unlinked',
    message: /libraries whose addresses are missing: lib\.sol:Maths/,
  });
});

test('hexadecimal code, named by extension or by content', async (context) => {
  const text = `0x${RUNTIME.slice(0, 6)}\n${RUNTIME.slice(6)}\n\n`;
  const folder = folderOf(context, { 'a.evm': text, 'b.txt': RUNTIME });
  for (const name of ['a.evm', 'b.txt']) {
    const contract = await loadEvm(join(folder, name));
    assert.equal(contract.format, 'hex');
    assert.equal(contract.initCode, undefined);
    assert.equal(bytesToHex(contract.runtimeCode!), `0x${RUNTIME}`);
  }
});

test('dMIR is handed on as text', async (context) => {
  const folder = folderOf(context, { 'm.dmir': 'func @f() {\n@0:\n  return\n}\n' });
  const { contract } = await loadContract(join(folder, 'm.dmir'));
  assert.equal(contract.kind, 'dmir');
});

const HEADER = '// SPDX-License-Identifier: Apache-2.0\npragma solidity ^0.8.0;\n';

test('the last deployable contract of a source, or the named one', async (context) => {
  const source = `${HEADER}contract First {}\ncontract Second {}\ninterface Last {}\n`;
  const folder = folderOf(context, { 'Two.sol': source });
  const file = join(folder, 'Two.sol');
  const { contract, notes } = await loadContract(file);
  assert.equal(contract.name, 'Second');
  assert.match(notes[0]?.text ?? '', /2 contracts \(First, Second\); taking the last, Second/);
  assert.equal((await loadEvm(`${file}:First`)).name, 'First');
  assert.equal((await loadEvm(file, { contract: 'First' })).name, 'First');
  await assert.rejects(loadContract(`${file}:Last`), { code: 'contract-none' });
});

test('imports: relative, remapped, from packages; the cache follows them', async (context) => {
  const folder = folderOf(context, {
    'Main.sol': [
      HEADER,
      'import "./Near.sol";',
      'import "far/Far.sol";',
      'import "pkg/P.sol";',
      'contract Main is Near, Far, P {}',
    ].join('\n'),
    'Near.sol': [
      HEADER,
      'contract Near { function f() external pure returns (uint256) { return 1; } }',
    ].join('\n'),
    'Far2.sol': `${HEADER}contract Far {}\n`,
    'remappings.txt': '# ours\nfar/Far.sol=Far2.sol\n',
  });
  const { mkdirSync } = await import('node:fs');
  mkdirSync(join(folder, 'node_modules/pkg'), { recursive: true });
  writeFileSync(join(folder, 'node_modules/pkg/P.sol'), `${HEADER}contract P {}\n`);
  const file = join(folder, 'Main.sol');
  const first = await loadEvm(file);
  const again = await loadEvm(file);
  assert.deepEqual(again, first);
  const changed = readFileSync(join(folder, 'Near.sol'), 'utf8').replace('return 1', 'return 2');
  writeFileSync(join(folder, 'Near.sol'), changed);
  assert.notDeepEqual((await loadEvm(file)).runtimeCode, first.runtimeCode);
});

test('warnings are notes with the place', async (context) => {
  const folder = folderOf(context, { 'W.sol': 'pragma solidity ^0.8.0;\ncontract W {}\n' });
  for (const _ of ['compiled', 'from the cache']) {
    const { notes } = await loadContract(join(folder, 'W.sol'));
    assert.equal(notes[0]?.level, 'warning');
    assert.match(notes[0]?.text ?? '', /W\.sol.*warning: SPDX/);
  }
});

test('a place counts characters, not bytes', () => {
  const text = 'a\n\té = "é";\n';
  assert.deepEqual(placeOf(text, 3, 5), { line: 2, column: 2, text: '\té = "é";', width: 1 });
  assert.deepEqual(placeOf(text, 0, 1), { line: 1, column: 1, text: 'a', width: 1 });
});

test('slots have the names of their variables', () => {
  const layout = {
    storage: [
      { label: 'supply', slot: '0', offset: 0, type: 'u' },
      { label: 'allowance', slot: '2', offset: 0, type: 'mm' },
    ],
    types: {
      a: { encoding: 'inplace', label: 'address', numberOfBytes: '20' },
      u: { encoding: 'inplace', label: 'uint256', numberOfBytes: '32' },
      m: { encoding: 'mapping', label: 'm', numberOfBytes: '32', key: 'a', value: 'u' },
      mm: { encoding: 'mapping', label: 'mm', numberOfBytes: '32', key: 'a', value: 'm' },
    },
  } as const;
  const names = nameSlots(layout, [5n, 6n, 1n << 200n]);
  assert.equal(names.get(0n), 'supply');
  const slot = mappingSlot(mappingSlot(2n, 5n), 6n);
  assert.match(names.get(slot) ?? '', /^allowance\[0x0+5\]\[0x0+6\]$/);
  assert.equal(names.size, 1 + 4);
});
