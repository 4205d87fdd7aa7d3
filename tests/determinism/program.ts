/**
 * The programs of the determinism test as text: one JSON object a line, integers as `0x` texts,
 * empty fields left out. The text is kept in `programs.jsonl`, so that a later change of a
 * generator changes no program.
 */
import type { CallOptions, Hex } from '../../src/chain/types.ts';

export interface ProgramAccount {
  readonly address: Hex;
  readonly balance: bigint;
  readonly nonce: bigint;
  readonly code: Hex;
  readonly storage: readonly (readonly [slot: bigint, value: bigint])[];
}

/** A call if `to` is there, else a creation whose init code is `data`; once for every gas limit. */
export interface ProgramMessage {
  readonly from: Hex;
  readonly to?: Hex;
  readonly data: Hex;
  readonly value: bigint;
  readonly gas: readonly bigint[];
  readonly static: boolean;
  readonly salt?: bigint;
  readonly origin?: Hex;
  readonly accessList?: NonNullable<CallOptions['accessList']>;
}

/** Messages that run one after the other over the accounts. */
export interface Program {
  /** Unique; the part before the last hyphen is its kind. */
  readonly name: string;
  readonly accounts: readonly ProgramAccount[];
  readonly messages: readonly ProgramMessage[];
}

interface JsonMessage {
  from: Hex;
  to?: Hex;
  data?: Hex;
  value?: string;
  gas: string[];
  static?: true;
  salt?: string;
  origin?: Hex;
  accessList?: { address: Hex; slots: string[] }[];
}

interface JsonProgram {
  name: string;
  accounts: {
    address: Hex;
    balance?: string;
    nonce?: string;
    code?: Hex;
    storage?: Record<string, string>;
  }[];
  messages: JsonMessage[];
}

const toHex = (value: bigint): string => `0x${value.toString(16)}`;

function isEmpty(field: unknown): boolean {
  return field === 0n || field === '0x' || field === false || field === undefined;
}

function withoutEmpty(record: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, field]) => !isEmpty(field)));
}

/** The line of a program, without its line break; equal programs give equal lines. */
export function printProgram({ name, accounts, messages }: Program): string {
  const plain = {
    name,
    accounts: accounts.map(({ address, balance, nonce, code, storage }) => {
      const slots = storage.map(([slot, value]) => [toHex(slot), value] as const);
      const kept = slots.length === 0 ? undefined : Object.fromEntries(slots);
      return withoutEmpty({ address, balance, nonce, code, storage: kept });
    }),
    messages: messages.map((message) => {
      const { from, to, data, value, gas, static: isStatic, salt, origin, accessList } = message;
      const call = { from, to, data, value, gas, static: isStatic };
      return withoutEmpty({ ...call, salt, origin, accessList });
    }),
  };
  return JSON.stringify(plain, (_, field: unknown) =>
    typeof field === 'bigint' ? toHex(field) : field,
  );
}

function toMessage(json: JsonMessage): ProgramMessage {
  return {
    from: json.from,
    data: json.data ?? '0x',
    value: BigInt(json.value ?? 0),
    gas: json.gas.map(BigInt),
    static: json.static ?? false,
    ...(json.to === undefined ? {} : { to: json.to }),
    ...(json.salt === undefined ? {} : { salt: BigInt(json.salt) }),
    ...(json.origin === undefined ? {} : { origin: json.origin }),
    ...(json.accessList === undefined
      ? {}
      : {
          accessList: json.accessList.map(({ address, slots }) => ({
            address,
            slots: slots.map(BigInt),
          })),
        }),
  };
}

/** Every program of the text. */
export function parsePrograms(text: string): Program[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const { name, accounts, messages } = JSON.parse(line) as JsonProgram;
    return {
      name,
      accounts: accounts.map(({ address, balance, nonce, code, storage }) => ({
        address,
        balance: BigInt(balance ?? 0),
        nonce: BigInt(nonce ?? 0),
        code: code ?? '0x',
        storage: Object.entries(storage ?? {}).map(
          ([slot, value]) => [BigInt(slot), BigInt(value)] as const,
        ),
      })),
      messages: messages.map(toMessage),
    };
  });
}
