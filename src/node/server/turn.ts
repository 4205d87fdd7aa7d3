/**
 * Answers at the end of a turn of the event loop. To write to a client that sleeps wakes it, which
 * interrupts another processor and costs more than the write; clients that were answered in one
 * turn are woken together.
 */
import type { Writable } from 'node:stream';

/** Sockets held at a time: who was answered first does not wait for hundreds of others. */
const HELD_COUNT_MAX = 64;

/** Those of this turn. */
const held: Writable[] = [];

/** Keeps what is written to a socket from now on until the requests of this turn are answered. */
export function holdForTurn(socket: Writable): void {
  if (socket.writableCorked > 0) return;
  socket.cork();
  const count = held.push(socket);
  if (count === 1) setImmediate(releaseHeld);
  else if (count === HELD_COUNT_MAX) releaseHeld();
}

/** Writes what is held: who closes a socket before the end of the turn would lose it. */
export function releaseHeld(): void {
  for (const socket of held.splice(0)) socket.uncork();
}
