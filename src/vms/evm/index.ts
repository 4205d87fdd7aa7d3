/** `lockstep/vms/evm`: the opcode table, forks and costs, assembler, disassembler and lowering. */
export { assemble } from './assemble.ts';
export type { Instruction } from './decode.ts';
export { findJumpDestinations, iterateInstructions } from './decode.ts';
export type { DisassembleOptions } from './disassemble.ts';
export { disassemble } from './disassemble.ts';
export type { Eip, Fork, ForkRules, Overrides } from './forks.ts';
export { EIP_NAMES, FORKS, forkRules, LATEST_FORK, parseFork } from './forks.ts';
export type { HostCosts, KernelSchedule } from './gas.ts';
export { costsOf, scheduleOf } from './gas.ts';
export type { LowerOptions } from './lower.ts';
export { Lowerer } from './lower.ts';
export { lowerProgram } from './module.ts';
export { opcodeDoc } from './opcode-docs.ts';
export type { ForkOpcodes, OpcodeRow, OpName } from './opcodes.ts';
export { isOpcodeName, OP, OPCODE_LIST, OPCODES, opcodesOf } from './opcodes.ts';
export type { ScheduleOverrides } from './overrides.ts';
export { checkOverrides } from './overrides.ts';
export { createEvmSource } from './source.ts';
