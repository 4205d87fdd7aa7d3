/**
 * Makes a failing case small. Each pass proposes smaller cases and keeps those that still fail:
 * whole accounts, slots, then instructions in ever smaller groups (removed, or put to JUMPDEST or
 * POP so that jump destinations keep their places), then immediates, call data, value and gas.
 */
import { joinPieces, type Piece, splitCode } from './assembly.ts';
import type { Case, CaseAccount } from './case.ts';
import { opcodeByte } from './opcodes.ts';

export type Fails<T = Case> = (value: T) => Promise<boolean>;

/** The smallest failing value so far. */
export interface Reduction<T> {
  value: T;
  readonly fails: Fails<T>;
}

/** Takes the value if it still fails. */
export async function tryValue<T>(state: Reduction<T>, value: T): Promise<boolean> {
  if (!(await state.fails(value))) return false;
  state.value = value;
  return true;
}

/** Removes groups of `items`, halving them down to one; `build` makes the value of the rest. */
export async function removeGroups<T, Item>(
  state: Reduction<T>,
  items: readonly Item[],
  build: (rest: readonly Item[]) => T,
): Promise<readonly Item[]> {
  let kept = items;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size > 1 ? size >> 1 : 0) {
    for (let at = 0; at < kept.length; ) {
      const rest = [...kept.slice(0, at), ...kept.slice(at + size)];
      if (await tryValue(state, build(rest))) kept = rest;
      else at += size;
    }
  }
  return kept;
}

async function replaceEach<T>(
  state: Reduction<T>,
  pieces: readonly Piece[],
  build: (pieces: readonly Piece[]) => T,
): Promise<readonly Piece[]> {
  let kept = pieces;
  const replacements = ['JUMPDEST', 'POP', 'PUSH0'].map((name) => Uint8Array.of(opcodeByte(name)));
  for (let at = 0; at < kept.length; at++) {
    const piece = kept[at]!;
    for (const replacement of [...replacements, ...smallerImmediates(piece)]) {
      if (replacement[0] === piece[0] && piece.length === 1) break;
      // As many bytes as before, so that no destination moves.
      const padding = Array.from({ length: piece.length - replacement.length }, () =>
        Uint8Array.of(opcodeByte('JUMPDEST')),
      );
      const next = [...kept.slice(0, at), replacement, ...padding, ...kept.slice(at + 1)];
      if (await tryValue(state, build(next))) {
        kept = next;
        break;
      }
    }
  }
  return kept;
}

function smallerImmediates(piece: Piece): Piece[] {
  if (piece.length < 2) return [];
  const zero = new Uint8Array(piece.length);
  zero[0] = piece[0]!;
  const one = zero.slice();
  one[one.length - 1] = 1;
  const isSmall = piece.subarray(1, -1).every((byte) => byte === 0) && piece.at(-1)! <= 1;
  return isSmall ? [] : [zero, one];
}

function withAccount(value: Case, index: number, change: Partial<CaseAccount>): Case {
  const accounts = value.accounts.map((account, at) =>
    at === index ? { ...account, ...change } : account,
  );
  return { ...value, accounts };
}

/** Removes instructions of a code, and makes those that are left simpler. */
export async function reduceCode<T>(
  state: Reduction<T>,
  code: Uint8Array,
  build: (code: Uint8Array) => T,
): Promise<void> {
  const join = (pieces: readonly Piece[]) => build(joinPieces(pieces));
  const removed = await removeGroups(state, splitCode(code), join);
  const replaced = await replaceEach(state, removed, join);
  await removeGroups(state, replaced, join);
}

async function reduceAccounts(state: Reduction<Case>): Promise<void> {
  const all = state.value.accounts;
  await removeGroups(state, all, (accounts) => ({ ...state.value, accounts: [...accounts] }));
  for (let index = 0; index < state.value.accounts.length; index++) {
    const { storage, code } = state.value.accounts[index]!;
    await removeGroups(state, storage, (rest) =>
      withAccount(state.value, index, { storage: rest }),
    );
    if (code.length === 0) continue;
    await reduceCode(state, code, (smaller) => withAccount(state.value, index, { code: smaller }));
    await tryValue(state, withAccount(state.value, index, { balance: 0n }));
  }
}

async function reduceMessage(state: Reduction<Case>): Promise<void> {
  const build = (data: Uint8Array): Case => ({
    ...state.value,
    message: { ...state.value.message, data },
  });
  const { kind, data } = state.value.message;
  if (kind === 'create') await reduceCode(state, data, build);
  else {
    const bytes = await removeGroups(state, [...data], (rest) => build(Uint8Array.from(rest)));
    for (let at = 0; at < bytes.length; at++) {
      const zeroed = [...state.value.message.data];
      if (zeroed[at] === 0) continue;
      zeroed[at] = 0;
      await tryValue(state, build(Uint8Array.from(zeroed)));
    }
  }
  const { message } = state.value;
  await tryValue(state, { ...state.value, message: { ...message, value: 0n } });
  await tryValue(state, { ...state.value, message: { ...state.value.message, static: false } });
  for (const gas of [100_000n, 1_000_000n]) {
    if (gas < state.value.message.gas) {
      if (await tryValue(state, { ...state.value, message: { ...state.value.message, gas } }))
        break;
    }
  }
}

/** The smallest case that the passes find; `fails` must be true of `value`. */
export async function reduceCase(value: Case, fails: Fails): Promise<Case> {
  const state: Reduction<Case> = { value, fails };
  for (let size = Number.POSITIVE_INFINITY; ; ) {
    await reduceAccounts(state);
    await reduceMessage(state);
    const now = caseSize(state.value);
    if (now >= size) return state.value;
    size = now;
  }
}

/**
 * The same for cases of which the last fails after the others ran on the same machine: drops whole
 * cases, then makes each smaller. `fails` starts from a new machine.
 */
export async function reduceSequence(
  values: readonly Case[],
  fails: (values: readonly Case[]) => Promise<boolean>,
): Promise<readonly Case[]> {
  let kept = values;
  for (let at = 0; at < kept.length - 1; ) {
    const rest = [...kept.slice(0, at), ...kept.slice(at + 1)];
    if (await fails(rest)) kept = rest;
    else at++;
  }
  for (let at = kept.length - 1; at >= 0; at--) {
    const put = (value: Case) => kept.map((old, index) => (index === at ? value : old));
    kept = put(await reduceCase(kept[at]!, (value) => fails(put(value))));
  }
  return kept;
}

/** Bytes of code and data, with accounts and slots counted too. */
export function caseSize({ accounts, message }: Case): number {
  const world = accounts.reduce(
    (size, { code, storage }) => size + 1 + code.length + storage.length,
    0,
  );
  return world + message.data.length;
}
