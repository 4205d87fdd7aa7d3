/**
 * Contracts as modules of the platform's own WebAssembly, over a host in memory: storage, events,
 * and calls of each other. It knows nothing of gas. The machine is not asked here, so that what
 * compilers and libraries make is tested by itself.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, concatBytes } from '../../src/base/bytes.ts';

/** How a call ended. */
export interface CallResult {
  readonly status: 'success' | 'revert' | 'halt';
  readonly output: string;
}

export interface HostLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
}

interface Account {
  readonly module: WebAssembly.Module;
  storage: Map<string, string>;
}

/** What the host throws to end a frame. */
class FrameEnd extends Error {
  readonly result: CallResult;

  constructor(status: CallResult['status'], output: Uint8Array) {
    super(status);
    this.result = { status, output: bytesToHex(output) };
  }
}

interface Message {
  readonly to: string;
  readonly from: string;
  readonly data: Uint8Array;
  readonly value?: bigint;
  readonly entry?: 'call' | 'deploy';
}

type Env = Record<string, (...args: number[]) => unknown>;

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.slice(2), 'hex'));
const wordOf = (value: bigint): Uint8Array => bytesOf(`0x${value.toString(16).padStart(64, '0')}`);
const NO_WORD = bytesToHex(new Uint8Array(32));

export class ContractHost {
  readonly logs: HostLog[] = [];
  readonly #accounts = new Map<string, Account>();

  /** Puts a module in place; addresses are hexadecimal text in lower case. */
  put(address: string, code: Uint8Array): void {
    const module = new WebAssembly.Module(new Uint8Array(code));
    this.#accounts.set(address, { module, storage: new Map() });
  }

  /** Calls an account, or deploys; what fails changes nothing. */
  run(message: Message): CallResult {
    const { entry = 'call' } = message;
    const account = this.#accounts.get(message.to);
    if (account === undefined) return { status: 'success', output: '0x' };
    const logCount = this.logs.length;
    const before = [...this.#accounts.values()].map(
      (each) => [each, new Map(each.storage)] as const,
    );
    const result = this.#enter(account, message, entry);
    if (result.status !== 'success') {
      this.logs.length = logCount;
      for (const [each, storage] of before) each.storage = storage;
    }
    return result;
  }

  #enter(account: Account, message: Message, entry: 'call' | 'deploy'): CallResult {
    const frame = new Frame(this, account, message);
    try {
      const names = WebAssembly.Module.imports(account.module).map(({ name }) => name);
      const env = Object.fromEntries(names.map((name) => [name, frame.env[name]])) as Env;
      const { exports } = new WebAssembly.Instance(account.module, { env });
      frame.memory = exports.memory as WebAssembly.Memory;
      (exports[entry] as () => void)();
      return { status: 'success', output: '0x' };
    } catch (error) {
      if (error instanceof FrameEnd) return error.result;
      if (error instanceof WebAssembly.RuntimeError) return { status: 'halt', output: '0x' };
      throw error;
    }
  }

  has(address: string): boolean {
    return this.#accounts.has(address);
  }
}

/** One instance with its memory, and the functions that it may ask for. */
class Frame {
  memory = new WebAssembly.Memory({ initial: 0 });
  readonly env: Env;
  #returned: Uint8Array = new Uint8Array(0);

  constructor(host: ContractHost, account: Account, message: Message) {
    const { to, from, data, value = 0n } = message;
    const get = (at: number, length: number): Uint8Array => this.#range(at, length).slice();
    const hex = (at: number, length: number): string => bytesToHex(get(at, length));
    const put = (at: number, bytes: Uint8Array): void => this.#range(at, bytes.length).set(bytes);
    const copy = (from: Uint8Array, at: number, offset: number, length: number): void =>
      put(at, concatBytes(from, new Uint8Array(offset + length)).slice(offset, offset + length));
    const call = (at: number, start: number, length: number): number => {
      const inner = { to: hex(at, 20), from: to, data: get(start, length) };
      const { status, output } = host.run(inner);
      this.#returned = bytesOf(output);
      return status === 'success' ? 0 : 1;
    };
    this.env = {
      getCaller: (at) => put(at as number, bytesOf(from)),
      getCallValue: (at) => put(at as number, wordOf(value)),
      getCallDataSize: () => data.length,
      callDataCopy: (at, offset, length) => copy(data, at!, offset!, length!),
      getGasLeft: () => 0n,
      finish: (at, length) => {
        throw new FrameEnd('success', get(at!, length!));
      },
      revert: (at, length) => {
        throw new FrameEnd('revert', get(at!, length!));
      },
      getReturnDataSize: () => this.#returned.length,
      returnDataCopy: (at, offset, length) => copy(this.#returned, at!, offset!, length!),
      getExternalCodeSize: (at) => (host.has(hex(at!, 20)) ? 1 : 0),
      storageLoad: (key, at) => put(at!, bytesOf(account.storage.get(hex(key!, 32)) ?? NO_WORD)),
      storageStore: (key, at) => {
        account.storage.set(hex(key!, 32), hex(at!, 32));
      },
      callContract: (_gas, at, _value, start, length) => call(at!, start!, length!),
      callStatic: (_gas, at, start, length) => call(at!, start!, length!),
      emitLogEvent: (at, length, count, ...topics) => {
        const own = topics.slice(0, count).map((topic) => hex(topic, 32));
        host.logs.push({ address: to, topics: own, data: hex(at!, length!) });
      },
      keccak256: (at, length, result) => put(result!, keccak_256(get(at!, length!))),
    };
  }

  #range(at: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, at >>> 0, length >>> 0);
  }
}
