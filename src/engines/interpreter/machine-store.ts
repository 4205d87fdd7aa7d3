/**
 * What a machine holds beside its frames: the kernel, accounts and cells of the journal, bytes of
 * its memory, and the tape of what was answered from outside the state.
 */
import { type HashRoom, readInt32 } from '../../base/bytes.ts';
import { LockstepError } from '../../base/errors.ts';
import { type Cell, type Owner, PendingError, type Range } from '../../dmir/host.ts';
import { HostTape, TAPE_HAS_STORAGE } from '../../dmir/state/tape.ts';
import * as L from '../../kernel/layout.ts';
import type { CellLoader } from './cell-loader.ts';
import { Kernel } from './kernel.ts';

const SLOT = 32;
const [KEY, VALUE, WORD] = [L.SCRATCH_BASE, L.SCRATCH_BASE + 32, L.SCRATCH_BASE + 64];
const EMPTY = new Uint8Array(0);

export class MachineStore {
  readonly kernel = new Kernel();
  readonly tape = new HostTape();
  /** Takes the place of return data. */
  readonly hashRoom: HashRoom = new KernelRoom(this.kernel);
  readonly #loader: CellLoader;

  constructor(loader: CellLoader) {
    this.#loader = loader;
  }

  keccak256(data: Uint8Array): Uint8Array {
    const { kernel } = this;
    this.hashRoom.reserve(data.length);
    kernel.u8.set(data, L.RETURN_BASE);
    kernel.exports.keccak256(VALUE, L.RETURN_BASE, data.length);
    return kernel.u8.slice(VALUE, VALUE + SLOT);
  }

  bytes(range: Range): Uint8Array {
    return this.kernel.u8.slice(range.base, range.base + range.length);
  }

  view(range: Range): Uint8Array {
    return this.kernel.u8.subarray(range.base, range.base + range.length);
  }

  write(address: number, bytes: Uint8Array): void {
    this.kernel.u8.set(bytes, address);
  }

  // ---- cells

  wordAddress(value: bigint): number {
    if (value === 0n) return L.ZERO_WORD;
    this.kernel.writeWord(WORD, value);
    return WORD;
  }

  ownerAddress(owner: Owner): number {
    return L.OWNERS_BASE + owner * L.OWNER_BYTES;
  }

  ownerAt(wordAddress: number): Owner {
    return this.#interned(this.kernel.internAt(wordAddress));
  }

  #interned(owner: Owner): Owner {
    if (owner === 0) throw new LockstepError('L2002', { what: 'accounts' });
    return owner;
  }

  ownerOf(id: Uint8Array): Owner {
    const { kernel } = this;
    if (id.length !== 20) {
      kernel.writeBytesAsWord(VALUE, id);
      return this.#interned(kernel.exports.internOwner(VALUE));
    }
    return this.#interned(
      kernel.exports.internAddress(
        readInt32(id, 16),
        readInt32(id, 12),
        readInt32(id, 8),
        readInt32(id, 4),
        readInt32(id, 0),
      ),
    );
  }

  ownerId(owner: Owner): Uint8Array {
    return this.kernel.readWordAsBytes(this.ownerAddress(owner), 20);
  }

  ownerNumber(owner: Owner): number {
    return this.kernel.readNumber(this.ownerAddress(owner));
  }

  hasStorage(owner: Owner): boolean {
    const question = this.kernel.readWord(this.ownerAddress(owner));
    const ask = (): bigint => (this.#loader.hasStorage(this.ownerId(owner)) ? 1n : 0n);
    return this.outside(TAPE_HAS_STORAGE, question, ask) !== 0n;
  }

  outside(kind: number, question: bigint, ask: () => bigint): bigint {
    return this.tape.answer(kind, question, ask);
  }

  /** Counts as a use of the cell in this transaction, so that a state holds all that was read. */
  cell(space: number, owner: Owner, key: bigint): Cell {
    const { kernel } = this;
    const at = key === 0n ? L.ZERO_WORD : KEY;
    if (key !== 0n) kernel.writeWord(KEY, key);
    const known = kernel.exports.reachCell(space, owner, at);
    if (known !== 0) return known;
    this.fetch(space, owner, at);
    return kernel.exports.reachCell(space, owner, at);
  }

  /** Brings a cell into the journal. @throws PendingError */
  protected fetch(space: number, owner: Owner, keyAddress: number): Cell {
    const { kernel } = this;
    const key = kernel.readWordAsBytes(keyAddress, SLOT);
    const found = this.#loader.load(space, this.ownerId(owner), key);
    if (found !== undefined && 'pending' in found) throw new PendingError(found.pending);
    kernel.writeBytesAsWord(VALUE, found ?? EMPTY);
    const cell = kernel.exports.insertCell(
      space,
      owner,
      keyAddress,
      VALUE,
      found === undefined ? 0 : 1,
    );
    if (cell === 0) throw new LockstepError('L2002', { what: 'cells' });
    return cell;
  }

  valueAddress(cell: Cell): number {
    return cell + L.C_VALUE;
  }

  touch(cell: Cell): boolean {
    return this.kernel.exports.touchCell(cell) !== 0;
  }

  readCell(cell: Cell): bigint {
    return this.kernel.readWord(cell + L.C_VALUE);
  }

  writeCell(cell: Cell, value: bigint): void {
    this.kernel.writeWord(VALUE, value);
    this.kernel.exports.writeCell(cell, VALUE);
  }

  refund(amount: bigint): void {
    this.kernel.exports.refundAdd(amount);
  }
}

class KernelRoom implements HashRoom {
  readonly start = L.RETURN_BASE;
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  get bytes(): Uint8Array {
    return this.#kernel.u8;
  }

  get view(): DataView {
    return this.#kernel.view;
  }

  reserve(size: number): void {
    if (size <= L.RETURN_END - L.RETURN_BASE) return;
    throw new LockstepError('L2002', { what: 'bytes of code' });
  }

  hash(from: number, to: number, target: Int32Array): void {
    const { exports, u32 } = this.#kernel;
    exports.keccak256(VALUE, from, to - from);
    for (let i = 0; i < 8; i++) target[i] = u32[VALUE / 4 + i] as number;
  }
}
