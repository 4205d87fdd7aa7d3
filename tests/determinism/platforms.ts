/**
 * The platforms that have to agree, each of which runs the same compiled workload: three versions
 * of Node, which npm installs under aliases, and Chromium, which Debian installs.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { WorkloadReport } from './record.ts';
import { serveFiles } from './static-server.ts';

const ROOT = join(import.meta.dirname, '../..');
const OUT = 'build/determinism';
const WORKLOAD = `${OUT}/tests/determinism/workload.js`;
const CURVES = `${OUT}/src/vms/evm/precompiles/curves.js`;
/** The programs that every platform runs, from the repository's root. */
export const PROGRAMS = 'tests/determinism/programs.jsonl';

/** What a platform gave. */
export interface PlatformRun {
  readonly version: string;
  readonly report: WorkloadReport;
  /** Time of the workload without the start of the platform. */
  readonly seconds: number;
}

export interface Platform {
  readonly name: string;
  /** Runs the workload, keeping the text of the program `textOf`; a text says why it cannot. */
  run(textOf?: string): Promise<PlatformRun | string>;
}

const execute = promisify(execFile);

/** Compiles the workload once for all platforms; throws with the compiler's words if it cannot. */
export async function compileWorkload(): Promise<void> {
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const args = [compiler, '-p', join(ROOT, 'tests/determinism/tsconfig.json')];
  try {
    await execute(process.execPath, args, { cwd: ROOT });
  } catch (error) {
    throw new Error(`the workload does not compile:\n${(error as { stdout?: string }).stdout}`);
  }
}

/** Runs in each Node: prints one JSON object. */
const NODE_SCRIPT = `
  import { readFileSync } from 'node:fs';
  const { workload, programs, textOf } = JSON.parse(process.argv[1]);
  const { runWorkload } = await import(workload);
  const text = readFileSync(programs, 'utf8');
  const started = performance.now();
  const report = runWorkload({ programs: text, textOf });
  const seconds = (performance.now() - started) / 1000;
  process.stdout.write(JSON.stringify({ version: process.version.slice(1), report, seconds }));
`;

const OUTPUT_BYTES_MAX = 1 << 28;

function createNode(major: number, folder: string): Platform {
  const binary = join(ROOT, 'node_modules', folder, 'bin/node');
  const name = `Node ${major}`;
  return {
    name,
    async run(textOf) {
      if (!existsSync(binary)) return `no ${name} (npm ci installs it as ${folder})`;
      const job = JSON.stringify({
        workload: pathToFileURL(join(ROOT, WORKLOAD)).href,
        programs: join(ROOT, PROGRAMS),
        textOf,
      });
      const args = ['--input-type=module', '--eval', NODE_SCRIPT, job];
      const { stdout } = await execute(binary, args, { cwd: ROOT, maxBuffer: OUTPUT_BYTES_MAX });
      const run = JSON.parse(stdout) as PlatformRun;
      if (run.version.startsWith(`${major}.`)) return run;
      throw new Error(`${folder} is Node ${run.version}; npm ci installs Node ${major}`);
    },
  };
}

const PAGE = `<!doctype html><title>determinism</title><script type="importmap">${JSON.stringify({
  imports: {
    '@noble/curves/': '/node_modules/@noble/curves/',
    '@noble/hashes/': '/node_modules/@noble/hashes/',
  },
})}</script>`;

const SERVED = [`${OUT}/`, 'node_modules/@noble/', PROGRAMS];

/** Nothing of the browser may reach for a network or a graphics card. */
export const CHROMIUM_FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Chromium on the path, or undefined. */
export function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...folders, '/usr/bin'].map((folder) => join(folder, 'chromium')).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

interface PageJob {
  readonly workload: string;
  readonly curves: string;
  readonly programs: string;
  readonly textOf: string | undefined;
}

/** Runs in the page, so it may use nothing of this file. */
async function runInPage(job: PageJob): Promise<Omit<PlatformRun, 'version'>> {
  const { runWorkload } = await import(job.workload);
  const { loadCurves } = await import(job.curves);
  // A browser loads no module in the middle of a run.
  await loadCurves();
  const programs = await (await fetch(job.programs)).text();
  const started = performance.now();
  const report = runWorkload({ programs, textOf: job.textOf });
  return { report, seconds: (performance.now() - started) / 1000 };
}

const CHROMIUM: Platform = {
  name: 'Chromium',
  async run(textOf) {
    const executablePath = findChromium();
    if (executablePath === undefined) return 'no chromium (Debian package chromium)';
    const { chromium } = await import('playwright-core');
    const server = await serveFiles(ROOT, SERVED, PAGE);
    try {
      const browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
      try {
        const page = await browser.newPage();
        await page.goto(server.origin);
        const [workload, curves, programs] = [WORKLOAD, CURVES, PROGRAMS].map((path) => `/${path}`);
        const job = { workload, curves, programs, textOf } as PageJob;
        return { version: browser.version(), ...(await page.evaluate(runInPage, job)) };
      } finally {
        await browser.close();
      }
    } finally {
      server.close();
    }
  },
};

/** Every platform; the first is the one whose values the others are compared with. */
export const PLATFORMS: readonly Platform[] = [
  createNode(26, 'node'),
  createNode(24, 'node24'),
  createNode(22, 'node22'),
  CHROMIUM,
];
