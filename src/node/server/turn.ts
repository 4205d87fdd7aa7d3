/**
 * Answers at the end of a turn of the event loop. To write to a client that sleeps wakes it, which
 * interrupts another processor and costs more than the write; clients that were answered in one
 * turn are woken together.
 */
import type { Socket } from 'node:net';

/** Of those that were held in this turn. */
const held: Socket[] = [];

/** Keeps what is written to a socket from now on until the requests of this turn are answered. */
export function holdForTurn(socket: Socket): void {
  if (socket.writableCorked > 0) return;
  socket.cork();
  if (held.push(socket) === 1) setImmediate(release);
}

function release(): void {
  for (const socket of held.splice(0)) socket.uncork();
}
