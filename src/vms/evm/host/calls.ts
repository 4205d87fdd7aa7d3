/** CALL, CALLCODE, DELEGATECALL and STATICCALL (Yellow Paper H.2; EIP-150, 2929, 7702). */
import type { FrameEnd, HostCall, MachineAccess, Owner, Range } from '../../../dmir/host.ts';
import { FRAME_WORD, type HostName } from '../abi.ts';
import type { Precompile } from '../precompiles/types.ts';
import { addressToBigint, type Code, RIPEMD160 } from './accounts.ts';
import type { EvmHost, EvmNote, HostFunction } from './host.ts';
import { type FrameEntry, rejectFrame } from './observer.ts';

type CallName = 'CALL' | 'CALLCODE' | 'DELEGATECALL' | 'STATICCALL';

interface CallKind {
  readonly name: CallName;
  readonly hasValue: boolean;
  /** Runs the code of another account on the caller's own. */
  readonly isOnSelf: boolean;
  readonly operands: number;
}

const KINDS: Readonly<Record<CallName, CallKind>> = {
  CALL: { name: 'CALL', hasValue: true, isOnSelf: false, operands: 7 },
  CALLCODE: { name: 'CALLCODE', hasValue: true, isOnSelf: true, operands: 7 },
  DELEGATECALL: { name: 'DELEGATECALL', hasValue: false, isOnSelf: true, operands: 6 },
  STATICCALL: { name: 'STATICCALL', hasValue: false, isOnSelf: false, operands: 6 },
};

/** A call whose costs are paid. */
interface PaidCall {
  readonly kind: CallKind;
  readonly target: Owner;
  readonly code: Code | undefined;
  /** The code is that of the account, not of one to which it delegates. */
  readonly isOwnCode: boolean;
  readonly value: bigint;
  readonly gas: bigint;
  readonly input: Range;
  readonly note: EvmNote & { readonly kind: 'call' };
}

const NOTHING: Range = { base: 0, length: 0 };

/** The operand with which the input's range begins; the output's comes behind it. */
const firstRange = ({ hasValue }: CallKind): number => (hasValue ? 3 : 2);

export function callHost(name: CallName): HostFunction {
  const kind = KINDS[name];
  return (host, machine) => {
    const call = payCall(host, machine, kind);
    if (call !== undefined) enterCall(host, machine, call);
  };
}

/** The code that a call to the account runs, and what reaching it costs (EIP-7702). */
export function resolveCode(
  host: EvmHost,
  machine: MachineAccess,
  owner: Owner,
): { readonly code: Code | undefined; readonly cost: bigint; readonly isOwn: boolean } {
  const { accounts, options } = host;
  const code = accounts.code(machine, owner);
  if (code?.delegate === undefined || !options.rules.eip7702)
    return { code, cost: 0n, isOwn: true };
  const target = machine.ownerOf(code.delegate);
  const cost = accounts.accessCost(machine, target);
  // A delegation to a precompile runs no code; one to another delegation runs it as it stands.
  const isPrecompile = host.precompileOf(machine, target) !== undefined;
  return { code: isPrecompile ? undefined : accounts.code(machine, target), cost, isOwn: false };
}

/** Charges everything but the callee's gas, then takes that; undefined: the frame has trapped. */
function payCall(host: EvmHost, machine: MachineAccess, kind: CallKind): PaidCall | undefined {
  const { accounts, options } = host;
  const { costs, rules } = options;
  const requested = machine.operand(0);
  const target = machine.ownerAt(machine.operandAddress(1));
  const value = kind.hasValue ? machine.operand(2) : 0n;
  const first = firstRange(kind);
  const offset = machine.operand(first + 2);
  const size = machine.operand(first + 3);
  if (machine.isStatic && value !== 0n && kind.name === 'CALL') {
    machine.trap('static-violation');
    return undefined;
  }
  const isCovered = machine.chargeOperands(first) && machine.chargeOperands(first + 2);
  let cost = 0n;
  let code: Code | undefined;
  let isOwnCode = false;
  if (isCovered) {
    cost = accounts.accessCost(machine, target);
    const resolved = resolveCode(host, machine, target);
    code = resolved.code;
    isOwnCode = resolved.isOwn;
    cost += resolved.cost;
    if (value !== 0n) cost += costs.callValue;
    if (kind.name === 'CALL' && (value !== 0n || !rules.eip158)) {
      if (accounts.isNew(machine, target)) cost += costs.callNewAccount;
    }
  }
  if (!isCovered || !machine.charge(cost)) {
    machine.trap('out-of-gas');
    return undefined;
  }
  const gas = takeGas(host, machine, requested);
  if (gas === undefined) return undefined;
  const input = machine.operandRange(first);
  const note = { kind: 'call', offset, size, operands: kind.operands } as const;
  const stipend = value !== 0n ? costs.callStipend : 0n;
  return { kind, target, code, isOwnCode, value, gas: gas + stipend, input, note };
}

/** EIP-150: a call gets what it asks for, but at most all but one part in 64. */
function takeGas(host: EvmHost, machine: MachineAccess, requested: bigint): bigint | undefined {
  const divisor = host.options.costs.callRetainDivisor;
  const left = machine.gas;
  const most = divisor === 0n ? left : left - left / divisor;
  if (divisor === 0n && requested > most) {
    machine.trap('out-of-gas');
    return undefined;
  }
  const gas = requested < most ? requested : most;
  machine.gas = left - gas;
  return gas;
}

function enterCall(host: EvmHost, machine: MachineAccess, call: PaidCall): void {
  const { accounts, options } = host;
  const self = machine.owner;
  const { kind, target, value, gas, note } = call;
  host.observer?.enter(machine, callEntry(host, machine, call));
  const hasFunds = value === 0n || accounts.balance(machine, self) >= value;
  const hasDepth = host.hasDepth(machine);
  if (!hasFunds || !hasDepth) {
    if (host.observer !== undefined) {
      const cause = hasDepth ? 'insufficient-balance' : 'call-depth';
      rejectFrame(host.observer, machine, cause, gas);
    }
    settleCall(machine, { status: 'halt', reason: undefined, gas, output: NOTHING }, note);
    return;
  }
  const precompile = host.precompileOf(machine, target);
  if (precompile !== undefined) {
    runPrecompile(host, machine, call, precompile);
    return;
  }
  const isTransfer = !kind.isOnSelf;
  if (call.code === undefined) {
    host.onCodelessCall?.(addressToBigint(machine.ownerId(target)), machine.bytes(call.input));
    if (isTransfer) accounts.transfer(machine, self, target, value);
    const end = { status: 'success', reason: undefined, gas, output: NOTHING } as const;
    host.observer?.exit(machine, end);
    settleCall(machine, end, note);
    return;
  }
  const isDelegate = kind.name === 'DELEGATECALL';
  const program = options.codes.program(call.code);
  const selfWord = machine.frameWordAddress(FRAME_WORD.ADDRESS);
  machine.enter({
    program,
    gas,
    isStatic: machine.isStatic || kind.name === 'STATICCALL',
    owner: kind.isOnSelf ? self : target,
    input: call.input,
    self: kind.isOnSelf ? selfWord : machine.ownerAddress(target),
    caller: isDelegate ? machine.frameWordAddress(FRAME_WORD.CALLER) : selfWord,
    value: isDelegate ? machine.frameWordAddress(FRAME_WORD.CALLVALUE) : machine.wordAddress(value),
    note,
  });
  // After the journal's mark, so that a failure of the callee undoes it.
  if (isTransfer) accounts.transfer(machine, self, target, value);
  if (call.isOwnCode && host.isPlain) machine.learnCallee(target, program);
}

/** Host functions that the machine may answer by itself, and what they are to it. */
export function plainCalls({ rules, costs }: EvmHost['options']): [HostName, HostCall][] {
  // Before EIP-2929 an access costs the same cold; the part of the gas that stays is a shift there.
  if (!rules.eip2929 || costs.callRetainDivisor !== 64n) return [];
  const calls = Object.values(KINDS).map((row): [HostName, HostCall] => {
    const { name, operands, isOnSelf } = row;
    const isStatic = name === 'STATICCALL';
    const isAsCaller = name === 'DELEGATECALL';
    const input = firstRange(row);
    return [name, { kind: 'call', operands, input, isOnSelf, isAsCaller, isStatic }];
  });
  return [...calls, ['EXTCODESIZE', { kind: 'codeSize' }]];
}

/** The call as an observer hears of it. */
function callEntry(host: EvmHost, machine: MachineAccess, call: PaidCall): FrameEntry {
  const { kind, target, value, gas } = call;
  return {
    type: kind.name,
    from: machine.owner,
    to: target,
    value: kind.hasValue ? value : undefined,
    gas,
    input: machine.bytes(call.input),
    isPrecompile: host.precompileOf(machine, target) !== undefined,
  };
}

/** Output or failure of a precompile for an input and gas. */
export function applyPrecompile(
  precompile: Precompile,
  input: Uint8Array,
  gas: bigint,
): { output: Uint8Array | undefined; gas: bigint } {
  const cost = precompile.gas(input);
  if (cost > gas) return { output: undefined, gas: 0n };
  const output = precompile.run(input);
  return output === null ? { output: undefined, gas: 0n } : { output, gas: gas - cost };
}

/** Why the precompile gives no output for the input and gas. */
export function precompileFailure(
  precompile: Precompile,
  input: Uint8Array,
  gas: bigint,
): 'precompile-unpaid' | 'precompile-failed' {
  return precompile.gas(input) > gas ? 'precompile-unpaid' : 'precompile-failed';
}

function runPrecompile(
  host: EvmHost,
  machine: MachineAccess,
  call: PaidCall,
  precompile: Precompile,
): void {
  const { output, gas } = applyPrecompile(precompile, machine.view(call.input), call.gas);
  if (output === undefined) {
    const isRipemd = machine.ownerNumber(call.target) === RIPEMD160;
    if (isRipemd && host.options.rules.eip158 && !call.kind.isOnSelf) {
      host.accounts.touch(machine, call.target);
    }
    if (host.observer !== undefined) {
      const cause = precompileFailure(precompile, machine.view(call.input), call.gas);
      rejectFrame(host.observer, machine, cause, gas);
    }
    settleCall(machine, { status: 'halt', reason: 'out-of-gas', gas, output: NOTHING }, call.note);
    return;
  }
  if (!call.kind.isOnSelf) {
    host.accounts.transfer(machine, machine.owner, call.target, call.value);
  }
  const end = { status: 'success', reason: undefined, gas, output: NOTHING } as const;
  host.observer?.exit(machine, end, output);
  machine.setReturnBytes(output, call.note.offset, call.note.size);
  finishCall(machine, true, gas, call.note);
}

/** A call's end: gas back, return data, output copied to memory, 1 or 0 on the stack. */
export function settleCall(
  machine: MachineAccess,
  end: FrameEnd,
  note: EvmNote & { readonly kind: 'call' },
): void {
  if (!machine.setReturnData(end.output, note.offset, note.size)) {
    machine.trap('memory-limit');
    return;
  }
  finishCall(machine, end.status === 'success', end.gas, note);
}

function finishCall(
  machine: MachineAccess,
  isSuccess: boolean,
  gas: bigint,
  note: EvmNote & { readonly kind: 'call' },
): void {
  machine.gas = machine.gas + gas;
  machine.resume(note.operands, isSuccess ? 1n : 0n);
}
