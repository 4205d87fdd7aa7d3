/** Tests in the official layouts, made here, with results that can be checked by hand. */

const ADDRESS = '0x000000000000000000000000000000000000c0de';
const CALLER = '0x00000000000000000000000000000000000ca11e';
/** keccak-256 of the RLP of an empty list: no logs. */
const NO_LOGS = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347';

/** A VM test: stores a number in slot 0, which takes 20,006 gas. */
export function vmTest(value: number, left = 79_994): Record<string, unknown> {
  const code = `0x60${value.toString(16).padStart(2, '0')}600055`;
  const account = { balance: '0x05', nonce: '0x00', code };
  return {
    env: {
      currentCoinbase: CALLER,
      currentDifficulty: '0x01',
      currentGasLimit: '0x0f4240',
      currentNumber: '0x01',
      currentTimestamp: '0x01',
    },
    exec: {
      address: ADDRESS,
      caller: CALLER,
      code,
      data: '0x',
      gas: '0x0186a0',
      gasPrice: '0x01',
      origin: CALLER,
      value: '0x07',
    },
    gas: `0x${left.toString(16)}`,
    logs: NO_LOGS,
    out: '0x',
    pre: { [ADDRESS]: { ...account, storage: {} } },
    post: { [ADDRESS]: { ...account, storage: { '0x00': `0x${value.toString(16)}` } } },
  };
}

/** A file of VM tests by name. */
export function vmFile(names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name, index) => [name, vmTest(index + 1)]));
}

/** A tar archive of files, as POSIX.1-1988 has it; a name over 100 bytes goes to a GNU record. */
export function tarOf(files: Readonly<Record<string, string>>): Buffer {
  const blocks = Object.entries(files).flatMap(([name, text]) => {
    const isLong = name.length > 100;
    const long = isLong ? entry('././@LongLink', 'L', Buffer.from(`${name}\0`)) : [];
    return [...long, ...entry(name.slice(0, 100), '0', Buffer.from(text))];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function entry(name: string, type: string, content: Buffer): Buffer[] {
  const header = Buffer.alloc(512);
  header.write(name, 0, 'latin1');
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  header.write(type, 156, 'latin1');
  header.write('ustar\0', 257, 'latin1');
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return [header, content, padding];
}
