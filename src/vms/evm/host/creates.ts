/** CREATE and CREATE2 (Yellow Paper section 7; EIP-1014, 3541, 3860, 7610). */
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { FrameEnd, MachineAccess, Owner, Range } from '../../../dmir/host.ts';
import { addressToBigint, SPACE } from './accounts.ts';
import type { EvmHost, EvmNote, HostFunction } from './host.ts';
import { rejectFrame } from './observer.ts';

const NONCE_MAX = (1n << 64n) - 1n;
const NOTHING: Range = { base: 0, length: 0 };

/** Address of a creation by nonce: the hash of the RLP list of creator and nonce. */
export function createAddress(creator: Uint8Array, nonce: bigint): Uint8Array {
  const digits = nonce.toString(16);
  const bytes =
    nonce === 0n
      ? []
      : (digits.padStart(digits.length + (digits.length % 2), '0').match(/../g) ?? []);
  const number = bytes.map((pair) => Number.parseInt(pair, 16));
  const isSelf = number.length === 1 && (number[0] as number) < 0x80;
  const item = isSelf ? number : [0x80 + number.length, ...number];
  const list = [0x80 + creator.length, ...creator, ...item];
  return keccak_256(Uint8Array.from([0xc0 + list.length, ...list])).subarray(12);
}

/** Address of a creation by salt and the hash of its initcode (EIP-1014). */
export function create2Address(
  creator: Uint8Array,
  salt: bigint,
  codeHash: Uint8Array,
): Uint8Array {
  const data = new Uint8Array(85);
  data[0] = 0xff;
  data.set(creator, 1);
  let rest = salt;
  for (let i = 52; i >= 21; i--) {
    data[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  data.set(codeHash, 53);
  return keccak_256(data).subarray(12);
}

/** A creation that is ready to run. */
export interface Creation {
  readonly code: Uint8Array;
  readonly value: bigint;
  readonly gas: bigint;
  readonly address: Uint8Array;
  readonly operands: number;
}

export function createHost(name: 'CREATE' | 'CREATE2'): HostFunction {
  const operands = name === 'CREATE' ? 3 : 4;
  return (host, machine) => {
    const range = payCreate(host, machine, name);
    if (range === undefined) return;
    const { accounts } = host;
    const self = machine.owner;
    const value = machine.operand(0);
    const nonce = accounts.nonce(machine, self);
    const creator = machine.ownerId(self);
    const code = machine.bytes(range);
    const address =
      name === 'CREATE'
        ? createAddress(creator, nonce)
        : create2Address(creator, machine.operand(3), machine.keccak256(code));
    // Read first: what is not yet fetched makes all of this run again.
    const balance = accounts.balance(machine, self);
    accounts.isEmpty(machine, machine.ownerOf(address));
    machine.setReturnData(NOTHING);
    const divisor = host.options.costs.callRetainDivisor;
    const left = machine.gas;
    const gas = divisor === 0n ? left : left - left / divisor;
    const { observer } = host;
    observer?.enter(machine, {
      type: name,
      from: self,
      to: machine.ownerOf(address),
      value,
      gas,
      input: code,
      isPrecompile: false,
    });
    const hasDepth = host.hasDepth(machine);
    if (balance < value || nonce === NONCE_MAX || !hasDepth) {
      const cause = balance < value ? 'insufficient-balance' : 'nonce-overflow';
      if (observer !== undefined) {
        rejectFrame(observer, machine, hasDepth ? cause : 'call-depth', gas);
      }
      machine.resume(operands, 0n);
      return;
    }
    machine.gas = left - gas;
    accounts.set(machine, SPACE.nonce, self, nonce + 1n);
    const isEntered = enterCreate(host, machine, self, { code, value, gas, address, operands });
    if (!isEntered && observer !== undefined) {
      rejectFrame(observer, machine, 'create-collision', 0n);
    }
  };
}

function payCreate(
  host: EvmHost,
  machine: MachineAccess,
  name: 'CREATE' | 'CREATE2',
): Range | undefined {
  if (machine.isStatic) {
    machine.trap('static-violation');
    return undefined;
  }
  const { costs } = host.options;
  const offset = machine.operand(1);
  const size = machine.operand(2);
  const words = (size + 31n) / 32n;
  const perWord = costs.initcodeWord + (name === 'CREATE2' ? costs.create2Word : 0n);
  const isPaid =
    size <= costs.initcodeBytesMax &&
    machine.chargeMemory(offset, size) &&
    machine.charge(words * perWord);
  if (isPaid) return machine.memory(offset, size);
  if (size > costs.initcodeBytesMax) host.observer?.reject('initcode-too-large', size);
  machine.trap('out-of-gas');
  return undefined;
}

/** Whether the address is taken: a nonce, code, or storage (EIP-684, EIP-7610). */
export function isTaken(host: EvmHost, machine: MachineAccess, owner: Owner): boolean {
  const { accounts } = host;
  return (
    accounts.nonce(machine, owner) !== 0n ||
    accounts.codeHash(machine, owner) !== 0n ||
    machine.hasStorage(owner)
  );
}

/** Runs initcode in a new account; on a collision the creation fails and its gas is gone. */
export function enterCreate(
  host: EvmHost,
  machine: MachineAccess,
  creator: Owner,
  creation: Creation,
): boolean {
  const { accounts, options } = host;
  const { code, value, gas, operands } = creation;
  const owner = machine.ownerOf(creation.address);
  const address = addressToBigint(creation.address);
  machine.touch(accounts.balanceCell(machine, owner));
  if (isTaken(host, machine, owner)) {
    if (machine.depth >= 0) machine.resume(operands, 0n);
    return false;
  }
  machine.enter({
    program: options.load(code),
    gas,
    isStatic: false,
    owner,
    input: NOTHING,
    self: machine.ownerAddress(owner),
    caller: machine.ownerAddress(creator),
    value: machine.wordAddress(value),
    note: { kind: 'create', owner, address, operands },
  });
  accounts.set(machine, SPACE.created, owner, 1n);
  if (options.rules.eip158) accounts.set(machine, SPACE.nonce, owner, 1n);
  accounts.transfer(machine, creator, owner, value);
  return true;
}

/** Pays for the code that initcode returned and stores it. */
export function settleCreate(
  host: EvmHost,
  machine: MachineAccess,
  end: FrameEnd,
  note: EvmNote & { readonly kind: 'create' },
): FrameEnd {
  const { costs, rules } = host.options;
  const code = machine.bytes(end.output);
  const cost = BigInt(code.length) * costs.createDataByte;
  const isBad = rules.eip3541 && code[0] === 0xef;
  const isLarge = BigInt(code.length) > costs.codeBytesMax;
  if (isBad || isLarge || cost > end.gas) {
    const unpaid = isBad ? 'code-prefix' : 'code-unpaid';
    host.observer?.reject(isLarge ? 'code-too-large' : unpaid, code);
    if (!rules.eip2 && !isBad && !isLarge) return { ...end, output: NOTHING };
    const reason = isBad ? 'invalid-opcode' : 'out-of-gas';
    return { status: 'halt', reason, gas: 0n, output: NOTHING };
  }
  host.accounts.setCode(machine, note.owner, code);
  return { ...end, gas: end.gas - cost };
}
