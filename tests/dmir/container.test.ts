/**
 * The binary container: every module survives it, has one encoding, and broken bytes are refused
 * with the offset at which they break.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContainerError, decodeModule, encodeModule } from '../../src/dmir/bytecode/container.ts';
import { printModule } from '../../src/dmir/print.ts';
import { verifyModule } from '../../src/dmir/verify.ts';
import { createPrng } from '../support/prng.ts';
import { randomModule } from '../support/random-module.ts';

const SEED_COUNT = 300;
const HEADER = [0x64, 0x4d, 0x49, 0x52, 1];

test('random modules come back as they were', () => {
  for (let seed = 1; seed <= SEED_COUNT; seed++) {
    const module = randomModule(createPrng(seed));
    const bytes = encodeModule(module);
    const decoded = decodeModule(bytes);
    assert.deepEqual(decoded, module, `seed ${seed}`);
    assert.equal(printModule(decoded), printModule(module));
    assert.deepEqual(encodeModule(decoded), bytes);
  }
});

test('an empty module is a header and a section without functions', () => {
  const bytes = Uint8Array.from([...HEADER, 5, 1, 0]);
  const module = decodeModule(bytes);
  assert.deepEqual(module, { name: '', regions: [], spaces: [], hosts: [], funcs: [] });
  assert.deepEqual(encodeModule(module), bytes);
});

test('broken bytes never come through as something else, and never crash', () => {
  const random = createPrng(7);
  for (let i = 0; i < 3000; i++) {
    const bytes = encodeModule(randomModule(random, { closedCount: 1, opsMax: 3, bodiesMax: 1 }));
    if (random.below(3) === 0) {
      const cut = bytes.subarray(0, random.below(bytes.length));
      assert.throws(() => decodeModule(cut), ContainerError);
      continue;
    }
    const at = random.below(bytes.length);
    bytes[at] = random.below(256);
    try {
      const module = decodeModule(bytes);
      // What decodes has this encoding, and the verifier takes it without throwing.
      assert.deepEqual(encodeModule(module), bytes);
      verifyModule(module);
    } catch (error) {
      if (!(error instanceof ContainerError)) throw error;
      assert.ok(error.offset <= bytes.length);
    }
  }
});

const BROKEN: readonly (readonly [what: string, bytes: readonly number[], message: string])[] = [
  ['no magic', [1, 2, 3], 'dMIR bytecode, byte 0: it does not begin with "dMIR"'],
  ['no version', HEADER.slice(0, 4), 'byte 4: the version is missing: the bytes end'],
  ['a new version', [...HEADER.slice(0, 4), 9], 'byte 4: version 9 is unknown'],
  ['an unknown section', [...HEADER, 6, 0], 'byte 5: there is no section 6'],
  [
    'a section twice',
    [...HEADER, 1, 2, 1, 97, 1, 2, 1, 98],
    'byte 9: section 1 comes after section 1',
  ],
  ['a long section', [...HEADER, 1, 5, 1, 97], 'byte 6: section 1 of 5 bytes passes the end'],
  ['bytes left', [...HEADER, 1, 3, 1, 97, 0], 'byte 9: section 1 has bytes left'],
  ['a false count', [...HEADER, 3, 2, 255, 1], 'byte 7: 255 spaces do not fit'],
  ['a zero digit', [...HEADER, 3, 2, 128, 0], 'byte 7: the number of spaces ends in a zero digit'],
  ['no UTF-8', [...HEADER, 1, 2, 1, 255], 'byte 7: the name of the module is no UTF-8'],
  ['an empty section', [...HEADER, 1, 1, 0], 'byte 5: section 1 is empty'],
  ['bytes behind', [...HEADER, 5, 1, 0, 7], 'byte 8: there are bytes behind the last section'],
  ['a cut', [...HEADER, 1, 2, 1, 97], 'byte 9: a section is missing: the bytes end'],
  ['a wrong rule', [...HEADER, 2, 4, 1, 1, 97, 3], 'byte 10: a bounds rule is 3, there are 3'],
];

for (const [what, bytes, message] of BROKEN) {
  test(`${what} is named with its offset`, () => {
    assert.throws(
      () => decodeModule(Uint8Array.from(bytes)),
      (error: Error) => {
        assert.ok(error instanceof ContainerError);
        assert.ok(error.message.includes(message), error.message);
        return true;
      },
    );
  });
}
