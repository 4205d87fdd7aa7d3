/** Keys of a mnemonic, beside those of the library `ox`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as HdKey from 'ox/HdKey';
import * as Mnemonic from 'ox/Mnemonic';
import * as Secp256k1 from 'ox/Secp256k1';
import { bytesToHex, hexToBytes } from '../../src/base/bytes.ts';
import { bigintToBytes32 } from '../../src/base/u256.ts';
import { ORDER } from '../../src/chain/transactions/sender.ts';
import { deriveKeys, publicKeyOf } from '../../src/node/hd-keys.ts';

const MNEMONICS = [
  'test test test test test test test test test test test junk',
  'legal winner thank year wave sausage worth useful legal winner thank yellow',
  `${'abandon '.repeat(23)}art`,
];
const PATHS = ["m/44'/60'/0'/0/", 'm', 'm/', 'm/7', "m/0'/2147483647'/1/2147483647"];

function expectedKeys(mnemonic: string, path: string, count: number): string[] {
  const parent = HdKey.fromSeed(Mnemonic.toSeed(mnemonic)).derive(path.replace(/\/$/, ''));
  return Array.from({ length: count }, (_, index) => parent.derive(`m/${index}`).privateKey);
}

for (const path of PATHS) {
  test(`keys by the path ${path}`, () => {
    for (const mnemonic of MNEMONICS) {
      const keys = deriveKeys({ mnemonic, path, count: 3 }).map(bytesToHex);
      assert.deepEqual(keys, expectedKeys(mnemonic, path, 3), mnemonic);
    }
  });
}

test('the same keys where there is nothing of Node', async () => {
  const { getBuiltinModule } = process;
  Reflect.set(process, 'getBuiltinModule', undefined);
  const file = '../../src/node/hd-keys.ts?page';
  const page = (await import(file).finally(() => {
    process.getBuiltinModule = getBuiltinModule;
  })) as { deriveKeys: typeof deriveKeys };
  const options = { mnemonic: MNEMONICS[0] as string, path: "m/44'/60'/0'/0", count: 2 };
  assert.notEqual(page.deriveKeys, deriveKeys);
  assert.deepEqual(page.deriveKeys(options).map(bytesToHex), deriveKeys(options).map(bytesToHex));
});

test('words and paths that are none', () => {
  const mnemonic = MNEMONICS[0] as string;
  for (const path of ['', 'n/0', 'm//0', 'm/x', "m/0''", 'm/2147483648', "44'/60'"]) {
    const message = `the accounts cannot be derived: the derivation path is ${JSON.stringify(path)}`;
    const refused = { code: 'L1703', message };
    assert.throws(() => deriveKeys({ mnemonic, path, count: 1 }), refused, path);
  }
  const wrong = mnemonic.replace('junk', 'test');
  assert.throws(() => deriveKeys({ mnemonic: wrong, path: 'm', count: 1 }), { code: 'L1703' });
});

test('public keys of private ones', () => {
  const numbers = [1n, 2n, 3n, 255n, ORDER / 2n, ORDER / 2n + 1n, ORDER - 2n, ORDER - 1n];
  for (const number of numbers) {
    const privateKey = bytesToHex(bigintToBytes32(number));
    const { x, y } = Secp256k1.getPublicKey({ privateKey });
    const expected = hexToBytes(
      bytesToHex(bigintToBytes32(BigInt(x))) + bytesToHex(bigintToBytes32(BigInt(y))).slice(2),
    );
    assert.deepEqual(publicKeyOf(bigintToBytes32(number)), expected, privateKey);
  }
  for (const number of [0n, ORDER, ORDER + 1n]) {
    assert.throws(() => publicKeyOf(bigintToBytes32(number)), { code: 'L1704' });
  }
});
