/** Types of the ABI that contracts on WebAssembly may have, and what each language calls them. */

export interface TypeRow {
  /** Canonical name in the ABI. */
  readonly abi: string;
  /** Takes one word; the others have an offset, a length and a content. */
  readonly isWord: boolean;
  /** Bytes that a state variable of the type needs, for the storage layout. */
  readonly bytes: number;
  readonly assemblyscript: string;
  readonly c: string;
  readonly rust: string;
}

const row = (
  abi: string,
  bytes: number,
  assemblyscript: string,
  c: string,
  rust: string,
): TypeRow => ({ abi, isWord: bytes > 0, bytes, assemblyscript, c, rust });

export const TYPES: readonly TypeRow[] = [
  row('bool', 1, 'bool', 'bool', 'bool'),
  row('uint8', 1, 'u8', 'uint8_t', 'u8'),
  row('uint16', 2, 'u16', 'uint16_t', 'u16'),
  row('uint32', 4, 'u32', 'uint32_t', 'u32'),
  row('uint64', 8, 'u64', 'uint64_t', 'u64'),
  row('uint256', 32, 'u256', 'u256', 'U256'),
  row('int8', 1, 'i8', 'int8_t', 'i8'),
  row('int16', 2, 'i16', 'int16_t', 'i16'),
  row('int32', 4, 'i32', 'int32_t', 'i32'),
  row('int64', 8, 'i64', 'int64_t', 'i64'),
  row('address', 20, 'Address', 'address', 'Address'),
  row('bytes32', 32, 'Bytes32', 'bytes32', 'Bytes32'),
  row('string', 0, 'string', 'string', "&'static str"),
  row('bytes', 0, 'Uint8Array', 'bytes', "&'static [u8]"),
];

const BY_ABI: ReadonlyMap<string, TypeRow> = new Map(TYPES.map((each) => [each.abi, each]));

export function findType(abi: string): TypeRow | undefined {
  return BY_ABI.get(abi);
}

/** By the name that a language has for it. */
export function findOwnType(
  language: 'assemblyscript' | 'c' | 'rust',
  name: string,
): TypeRow | undefined {
  return TYPES.find((each) => each[language] === name);
}

/** Names of all types in a language, for messages. */
export function typeNames(language: 'abi' | 'assemblyscript' | 'c' | 'rust'): string {
  return TYPES.map((each) => each[language]).join(', ');
}
