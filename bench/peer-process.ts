/** Another machine that is measured beside ours: a program that answers lines of text. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class PeerProcess {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  /** @param command - The program and its arguments, with blanks between them. */
  constructor(command: string) {
    const [file = '', ...args] = command.split(' ');
    this.#process = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  say(...lines: readonly string[]): void {
    this.#process.stdin!.write(lines.map((line) => `${line}\n`).join(''));
  }

  async hear(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('The peer ended before it answered.');
    return value as string;
  }

  end(): void {
    this.#process.stdin!.end();
  }
}
