/** The compiler's messages for people: place, text, source line, and a mark under the guilty. */
import type { CompilerMessage, SourceLocation } from './compiler.ts';

/** Text of a source unit with the path to show for it; undefined where it is not known. */
export type SourceReader = (unit: string) => { path: string; text: string } | undefined;

interface Place {
  readonly line: number;
  readonly column: number;
  readonly text: string;
  /** Characters to mark on the line. */
  readonly width: number;
}

/** Line and column, both from 1, of a range of byte offsets. */
export function placeOf(text: string, start: number, end: number): Place {
  const bytes = Buffer.from(text, 'utf8');
  const from = Math.min(Math.max(start, 0), bytes.length);
  const lineStart = from === 0 ? 0 : bytes.lastIndexOf(10, from - 1) + 1;
  const newline = bytes.indexOf(10, from);
  const lineEnd = newline < 0 ? bytes.length : newline;
  const lengthOf = (a: number, b: number): number => bytes.subarray(a, b).toString('utf8').length;
  return {
    line: bytes.subarray(0, lineStart).toString('latin1').split('\n').length,
    column: lengthOf(lineStart, from) + 1,
    text: bytes.subarray(lineStart, lineEnd).toString('utf8').replace(/\r$/, ''),
    width: Math.max(lengthOf(from, Math.min(Math.max(end, from), lineEnd)), 1),
  };
}

/** Tabs stay tabs, so that the mark stands under what it marks. */
const blank = (text: string): string => text.replace(/[^\t]/g, ' ');

function formatPlace(location: SourceLocation, heading: string, read: SourceReader): string {
  const source = read(location.file);
  if (source === undefined || location.start < 0) return `${location.file}: ${heading}`;
  const { line, column, text, width } = placeOf(source.text, location.start, location.end);
  const number = String(line);
  const margin = ' '.repeat(number.length);
  return [
    `${source.path}:${line}:${column}: ${heading}`,
    ` ${number} | ${text}`,
    ` ${margin} | ${blank(text.slice(0, column - 1))}${'^'.repeat(width)}`,
  ].join('\n');
}

/** One message, with its further places below. */
export function formatMessage(message: CompilerMessage, read: SourceReader): string {
  const { severity, errorCode, sourceLocation, secondarySourceLocations = [] } = message;
  const code = errorCode === undefined ? '' : ` [solc ${errorCode}]`;
  const heading = `${severity}: ${message.message.trim()}${code}`;
  const parts = [
    sourceLocation === undefined ? heading : formatPlace(sourceLocation, heading, read),
    ...secondarySourceLocations.map((each) =>
      formatPlace(each, `note: ${each.message ?? 'see here'}`, read),
    ),
  ];
  return parts.join('\n');
}
