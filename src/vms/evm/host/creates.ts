/** CREATE and CREATE2 (Yellow Paper section 7; EIP-1014, 3541, 3860, 7610). */
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { FrameEnd, MachineAccess, Owner, ProgramHandle, Range } from '../../../dmir/host.ts';
import { addressToBigint, SPACE } from './accounts.ts';
import type { EvmHost, EvmNote, HostFunction } from './host.ts';
import { rejectFrame } from './observer.ts';

const NONCE_MAX = (1n << 64n) - 1n;
const NOTHING: Range = { base: 0, length: 0 };

/** Init code as the host meets it: the EVM's own, or a module with what its `deploy` reads. */
export interface InitCodeLoader {
  /** Highest size of init code of any kind, in bytes. */
  readonly bytesMax: bigint;
  /** Makes a program that runs once; undefined for a module that is no contract. */
  load(code: Uint8Array): ProgramHandle | undefined;
  /** Gas for reading a module, besides that for its words. */
  gasOf(code: Uint8Array): bigint;
  /** Whether the code of an account is a module. */
  isModule(code: Uint8Array): boolean;
  /** Whether init code holds a module, for which another limit of size holds. */
  isDeployment(code: Uint8Array): boolean;
  /** Init code of code and what it reads. */
  join(code: Uint8Array, data: Uint8Array): Uint8Array;
}

/** Why initcode does not begin to run. */
export type CreateFailure = 'create-collision' | 'invalid-module' | 'code-unpaid';

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

interface CreateKind {
  readonly name: 'CREATE' | 'CREATE2';
  /** Whether what is behind the code stands in a range of its own. */
  readonly isJoined: boolean;
  readonly operands: number;
}

export function createHost(name: CreateKind['name'], isJoined: boolean): HostFunction {
  const kind = { name, isJoined, operands: (isJoined ? 5 : 3) + (name === 'CREATE' ? 0 : 1) };
  const { operands } = kind;
  return (host, machine) => {
    const code = payCreate(host, machine, kind);
    if (code === undefined) return;
    const { accounts } = host;
    const self = machine.owner;
    const value = machine.operand(0);
    const nonce = accounts.nonce(machine, self);
    const creator = machine.ownerId(self);
    const address =
      name === 'CREATE'
        ? createAddress(creator, nonce)
        : create2Address(creator, machine.operand(operands - 1), machine.keccak256(code));
    // What has to wait makes all of this run again: before an observer hears of it, if possible.
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
    const cause = enterCreate(host, machine, self, { code, value, gas, address, operands });
    if (cause !== undefined && observer !== undefined) rejectFrame(observer, machine, cause, 0n);
  };
}

/** Charges for the init code and gives it; undefined: the frame has trapped. */
function payCreate(
  host: EvmHost,
  machine: MachineAccess,
  { name, isJoined }: CreateKind,
): Uint8Array | undefined {
  if (machine.isStatic) {
    machine.trap('static-violation');
    return undefined;
  }
  const { costs, loader } = host.options;
  const ranges = isJoined ? [1, 3] : [1];
  const parts = ranges.map((at) => [machine.operand(at), machine.operand(at + 1)] as const);
  const size = parts.reduce((sum, [, length]) => sum + length, 0n);
  const words = (size + 31n) / 32n;
  const perWord = costs.initcodeWord + (name === 'CREATE2' ? costs.create2Word : 0n);
  const isPaid =
    size <= loader.bytesMax &&
    parts.every(([offset, length]) => machine.chargeMemory(offset, length)) &&
    machine.charge(words * perWord);
  if (isPaid) {
    const [code, data] = parts.map(([at, length]) => machine.bytes(machine.memory(at, length)));
    const whole = data === undefined ? (code as Uint8Array) : loader.join(code as Uint8Array, data);
    if (size <= costs.initcodeBytesMax || loader.isDeployment(whole)) return whole;
  }
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

/** Runs initcode in a new account; tells why that cannot be, and then the gas is gone. */
export function enterCreate(
  host: EvmHost,
  machine: MachineAccess,
  creator: Owner,
  creation: Creation,
): CreateFailure | undefined {
  const { accounts, options } = host;
  const { code, value, gas, operands } = creation;
  const owner = machine.ownerOf(creation.address);
  const address = addressToBigint(creation.address);
  machine.touch(accounts.balanceCell(machine, owner));
  const { loader } = options;
  const reading = loader.gasOf(code);
  const isRefused = isTaken(host, machine, owner) ? 'create-collision' : undefined;
  const unpaid = reading > gas ? 'code-unpaid' : undefined;
  const program = isRefused === undefined && unpaid === undefined ? loader.load(code) : undefined;
  if (program === undefined) {
    if (machine.depth >= 0) machine.resume(operands, 0n);
    return isRefused ?? unpaid ?? 'invalid-module';
  }
  machine.enter({
    program,
    gas: gas - reading,
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
  return undefined;
}

/**
 * Pays for the code that initcode returned and stores it; that of a module is the module, which
 * initcode of the EVM may not return.
 */
export function settleCreate(
  host: EvmHost,
  machine: MachineAccess,
  end: FrameEnd,
  note: EvmNote & { readonly kind: 'create' },
): FrameEnd {
  const { costs, rules, loader } = host.options;
  const { status, reason, gas } = end;
  const isModule = loader.isModule(machine.code);
  const code = isModule ? machine.code : machine.bytes(end.output);
  const cost = BigInt(code.length) * costs.createDataByte;
  const isForeign = !isModule && loader.isModule(code);
  const isBad = isForeign || (rules.eip3541 && code[0] === 0xef);
  const most = isModule ? costs.moduleBytesMax : costs.codeBytesMax;
  const isLarge = BigInt(code.length) > most;
  if (isBad || isLarge || cost > gas) {
    const bad = isForeign ? 'invalid-module' : 'code-prefix';
    const unpaid = isBad ? bad : 'code-unpaid';
    host.observer?.reject(isLarge ? 'code-too-large' : unpaid, code);
    if (!rules.eip2 && !isBad && !isLarge) return { status, reason, gas, output: NOTHING };
    const cause = isBad ? 'invalid-opcode' : 'out-of-gas';
    return { status: 'halt', reason: cause, gas: 0n, output: NOTHING };
  }
  host.accounts.setCode(machine, note.owner, code);
  const output = isModule ? (machine.outputCode() ?? NOTHING) : end.output;
  return { status, reason, gas: gas - cost, output };
}
