/**
 * The `languages` suite: the same ERC-20 from every contract language, over one scripted life. The
 * results, logs and written slots must be those of Solidity on every engine; then gas, bytes and
 * the time of a transfer are told. A language whose compiler is missing is left out, and named.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bytesToHex } from '../src/base/bytes.ts';
import { format, interleave } from '../src/cli/bench/measure.ts';
import type { EngineName } from '../src/engines/names.ts';
import { createMachine, type Hex, type Machine } from '../src/index.ts';
import type { EvmContract } from '../src/languages/contract.ts';
import { encodeCall, findFunction, InputError, loadContract } from '../src/languages/index.ts';
import { LANGUAGE_NAMES, LANGUAGES, type LanguageName } from '../src/languages/languages.ts';
import { type BenchOptions, isWanted, printTable } from './options.ts';

const FOLDER = join(import.meta.dirname, '../examples/erc20');
const ALICE: Hex = '0x00000000000000000000000000000000000a11ce';
const BOB: Hex = '0x00000000000000000000000000000000000000b0';

/** Calls in their order: who, what, and with which arguments. */
const LIFE: readonly (readonly [from: Hex, name: string, ...args: string[]])[] = [
  [ALICE, 'transfer', BOB, '1000'],
  [ALICE, 'transfer', BOB, '1000'],
  [ALICE, 'approve', BOB, '500'],
  [BOB, 'transferFrom', ALICE, BOB, '300'],
  [BOB, 'transferFrom', ALICE, BOB, '300'],
  [BOB, 'balanceOf', ALICE],
  [BOB, 'name'],
];
/** The calls that the table shows, by their place in the life. */
const SHOWN = { transfer: 1, approve: 2, transferFrom: 3, balanceOf: 5 } as const;

interface Lived {
  readonly machine: Machine;
  readonly address: Hex;
  readonly deployGas: number;
  readonly gas: readonly number[];
  /** What has to be the same in every language. */
  readonly seen: readonly object[];
}

function encode({ abi, name }: EvmContract, text: string, args: readonly string[]): Uint8Array {
  return encodeCall(findFunction(abi, text, args.length, name), args);
}

function live(contract: EvmContract, engine: EngineName): Lived {
  const machine = createMachine({ engine });
  const deployed = machine.deploy({ code: contract.initCode as Uint8Array, from: ALICE });
  assert.equal(deployed.status, 'success');
  const to = deployed.address;
  const outcomes = LIFE.map(([from, name, ...args]) =>
    machine.call({ to, from, data: encode(contract, name, args) }),
  );
  const seen = [deployed, ...outcomes].map(({ status, output, logs, writes }, index) => {
    return { status, output: index === 0 ? '' : bytesToHex(output), logs, writes };
  });
  return {
    machine,
    address: to,
    deployGas: Number(deployed.gasUsed),
    gas: outcomes.map(({ gasUsed }) => Number(gasUsed)),
    seen,
  };
}

function fileOf(language: LanguageName): string | undefined {
  const name = language === 'solidity' ? 'Token' : 'token';
  const file = join(FOLDER, `${name}${LANGUAGES[language].extensions[0]}`);
  return existsSync(file) ? file : undefined;
}

/** The tokens that can be compiled here. */
async function compileAll(options: BenchOptions): Promise<Map<LanguageName, EvmContract>> {
  const contracts = new Map<LanguageName, EvmContract>();
  for (const language of LANGUAGE_NAMES) {
    const file = fileOf(language);
    // The others are compared with Solidity's, wanted or not.
    if (file === undefined || !(language === 'solidity' || isWanted(options, language))) continue;
    try {
      const { contract } = await loadContract(file);
      if (contract.kind === 'evm') contracts.set(language, contract);
    } catch (error) {
      if (!(error instanceof InputError) || error.code !== 'compiler-missing') throw error;
      console.log(`${language} is left out: ${error.message}`);
    }
  }
  return contracts;
}

export async function benchLanguages(options: BenchOptions): Promise<object> {
  const contracts = await compileAll(options);
  const lives = [...contracts].flatMap(([language, contract]) => {
    return options.engines.map((engine) => ({ language, engine, ...live(contract, engine) }));
  });
  const [theirs] = lives;
  for (const { language, engine, seen } of lives) {
    assert.deepEqual(seen, theirs?.seen, `${language} on ${engine}`);
  }
  const runners = lives.map(({ language, machine, address }) => {
    const data = encode(contracts.get(language) as EvmContract, 'transfer', [BOB, '1']);
    const run = (times: number): void => {
      for (let i = 0; i < times; i++) machine.call({ to: address, from: ALICE, data });
    };
    return { run, warmUpMs: 1_000, roundMsMin: 100 };
  });
  const times = await interleave(runners, options.rounds);
  const rows = [...contracts].map(([language, contract]) => {
    const own = lives.flatMap((life, i) => (life.language === language ? [{ life, i }] : []));
    const { deployGas, gas } = (own[0] as { life: Lived }).life;
    return {
      language,
      bytes: contract.runtimeCode?.length ?? 0,
      deployGas,
      ...Object.fromEntries(Object.entries(SHOWN).map(([name, at]) => [`${name}Gas`, gas[at]])),
      transferUs: Object.fromEntries(
        own.map(({ life, i }) => [life.engine, (times[i] as number) * 1000]),
      ),
    };
  });
  printTable(
    [
      ...['language', 'bytes', 'deployment gas', ...Object.keys(SHOWN)],
      ...options.engines.map((engine) => `µs ${engine}`),
    ],
    rows.map(({ language, transferUs, ...figures }) => {
      const texts = Object.values(figures).map(String);
      return [language, ...texts, ...Object.values(transferUs).map(format)];
    }),
  );
  return { suite: 'languages', rows };
}
