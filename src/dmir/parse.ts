/**
 * Reads the text form of dMIR: `lex.ts` makes tokens, `text/parse-syntax.ts` a syntax tree and
 * `text/resolve.ts` the module. docs/dmir.md has the grammar. Nothing is thrown for a wrong text:
 * every error that could be found comes back with its place.
 */
import { createReporter, type Diagnostic, type Location, type Locations } from './diagnostics.ts';
import type { Module } from './ir.ts';
import { lex } from './lex.ts';
import { parseSyntax, type Report } from './text/parse-syntax.ts';
import { resolve } from './text/resolve.ts';

/** What came of a text. Where there are errors the module lacks the wrong parts: do not run it. */
export interface ParseResult {
  readonly module: Module;
  /** In the order of the text. */
  readonly errors: Diagnostic[];
  /** Hand it to `verifyModule`, so that its violations name lines. */
  readonly locations: Locations;
}

/** Parses a module; it is not yet verified. */
export function parseModule(text: string): ParseResult {
  const problems: { message: string; location: Location }[] = [];
  const report: Report = (message, location) => problems.push({ message, location });
  const { tokens, errors } = lex(text);
  for (const error of errors) {
    report(`\`${error.text}\` is not part of the language; remove it`, error);
  }
  const syntax = parseSyntax(tokens, report);
  const { module, places, registers } = resolve(syntax, report);
  const reporter = createReporter({ places: new Map(), registers: new Map() });
  problems.sort((a, b) => {
    return a.location.line - b.location.line || a.location.column - b.location.column;
  });
  for (const { message } of problems) reporter.report('syntax', message);
  const diagnostics = reporter.diagnostics.map((diagnostic, index) => {
    const { line, column } = problems[index]!.location;
    return { ...diagnostic, line, column };
  });
  return { module, errors: diagnostics, locations: { places, registers } };
}
