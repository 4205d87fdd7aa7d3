/** Text for people: colours where they are wanted, columns, sizes, times. */
import { styleText } from 'node:util';

type Color = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
export type Paint = (color: Color, text: string) => string;

export function createPaint(enabled: boolean): Paint {
  return enabled
    ? (color, text) => styleText(color, text, { validateStream: false })
    : (_, text) => text;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
const CONTROL = /\u001b\[[\d;]*m/g;
const widthOf = (text: string): number => text.replace(CONTROL, '').length;

/** Rows as columns, two spaces apart; `right` names the columns that stand to the right. */
export function formatTable(
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
  indent = '  ',
): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
    });
  }
  const lines = rows.map((row) => {
    const cells = row.map((cell, column) => {
      const space = ' '.repeat(widths[column]! - widthOf(cell));
      return right.includes(column) ? space + cell : cell + space;
    });
    return `${indent}${cells.join('  ')}`.trimEnd();
  });
  return lines.map((line) => `${line}\n`).join('');
}

/** `1,234,567`. */
export function formatCount(count: bigint | number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** Milliseconds as people read them: `0.004 ms`, `1.20 s`. */
export function formatTime(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms.toFixed(ms < 10 ? 3 : 1)} ms`;
}

/** `0x` and as few digits as the number has. */
export function formatQuantity(value: bigint): string {
  return `0x${value.toString(16)}`;
}

/** A stored word: small numbers in decimal, others as the hexadecimal word. */
export function formatWord(value: bigint): string {
  return value < 10n ** 30n ? value.toString() : `0x${value.toString(16).padStart(64, '0')}`;
}
