/** The pages of `npm run figures`: a column or a row for every engine that was measured. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type Figures,
  fillPage,
  PAGES,
  readFigures,
  renderPage,
  renderReadme,
} from '../scripts/figures.ts';

const ENGINES = ['interpreter', 'third', 'fourth'];

/** Figures of three engines; the one at place i is `i + 1` times as fast as the first. */
function sample(): Figures {
  const rowsOf = <T extends object>(name: string, make: (place: number) => T) =>
    ENGINES.map((engine, i) => ({ name, engine, ...make(i + 1) }));
  const program = (name: string, group: string) =>
    rowsOf(name, (speed) => ({
      group,
      cpuMs: 12 / speed,
      ratio: 100 * speed,
      dispatchesPerInstruction: 0.25,
    }));
  const means = Object.fromEntries(ENGINES.map((engine, i) => [engine, 100 * (i + 1)]));
  const machine = 'a processor, 2 cores';
  return {
    evm: {
      machine,
      rows: [...program('sha1', 'programs'), ...program('erc20', 'token')],
      geomean: means,
      groups: { programs: means, token: means },
      dispatchesPerInstruction: 0.25,
    },
    erc: { machine, rows: rowsOf('transfer', (speed) => ({ us: 3 / speed, scaledUs: null })) },
    latency: {
      machine,
      rows: rowsOf('token', (speed) => ({
        codeBytes: 2340,
        p50Ms: 0.1,
        p95Ms: speed / 10,
        p95CpuMs: 0.1,
      })),
      modules: rowsOf('12 functions', () => ({
        codeBytes: 100_159,
        p50Ms: 0.6,
        p95Ms: 0.8,
        p95CpuMs: 0.9,
      })),
    },
    compile: {
      machine,
      rows: rowsOf('token', () => ({
        codeBytes: 2308,
        compiledCodeBytes: 947,
        operations: 257,
        generateMs: 2.5,
        moduleMs: 0.25,
        wasmBytes: 31_911,
        wasmPerCompiledByte: 33.7,
        wasmPerCodeByte: 13.8,
      })).slice(1),
    },
    memory: {
      machine,
      rows: rowsOf('token', (speed) => ({
        codeBytes: 2340,
        residentBytes: 82_000 * speed,
        areaBytes: 16_400,
        wasmBytes: 0,
      })),
    },
    switch: {
      machine,
      rows: rowsOf('sha1', () => ({
        first: 1,
        worst: 1.04,
        worstCalls: 16,
        last: 0.5,
        lastCalls: 256,
        noise: 1.01,
      })).slice(2),
      verdict: 'never more',
    },
  };
}

test('the page has every suite with every engine', () => {
  const page = renderPage(sample());
  const lines = page.split('\n');
  assert.equal(lines[0], 'Made by `npm run figures` on a processor, 2 cores.');
  for (const line of [
    '| program | interpreter ms | ratio | third ms | ratio | fourth ms | ratio | dispatches |',
    '| sha1 | 12.0 | 100× | 6.00 | 200× | 4.00 | 300× | 0.250 |',
    '| **geometric mean, token** |  | **100×** |  | **200×** |  | **300×** |  |',
    '| fourth | 1.00 |  |',
    '| token | third | 2340 | 0.100 | 0.200 | 0.100 |',
    '| 12 functions | third | 100159 | 0.600 | 0.800 | 0.900 |',
    '| token | third | 2308 | 947 | 257 | 2.50 | 0.250 | 31911 | 33.7 | 13.8 |',
    '| token | fourth | 2340 | 246 | 16.4 | 0.00 |',
    '| sha1 | 1.00 | 1.04 | 16 | 0.50 | 256 | 1.01 |',
    'Never more.',
  ]) {
    assert.ok(lines.includes(line), `${line}\n${page}`);
  }
  assert.doesNotMatch(page, /undefined|NaN/);
});

test('runs of several machines name them all', () => {
  const figures = sample();
  const other = { ...figures, erc: { ...figures.erc, machine: 'another' } };
  assert.match(renderPage(other), /^Made by .* on a processor, 2 cores, and another\.$/m);
});

test('the pages show the kept runs', () => {
  const figures = readFigures();
  for (const [name, render] of Object.entries(PAGES)) {
    const text = readFileSync(join(import.meta.dirname, '..', name), 'utf8');
    assert.ok(fillPage(name, text, render(figures)) === text, `${name}: run npm run figures`);
  }
});

test('the README has a row for every engine', () => {
  const text = renderReadme(sample());
  assert.match(
    text,
    /^\| third \| 200× \| 200× \| \*\*200×\*\* \| 200× \| 1\.50 \| 0\.200 \| 164 \|$/m,
  );
  assert.equal(text.match(/^\| (interpreter|third|fourth) /gm)?.length, 3);
});
