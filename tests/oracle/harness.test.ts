/** The differential harness itself: equal sides agree, a wrong side is found, and is made small. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng } from '../support/prng.ts';
import { joinPieces, splitCode } from './assembly.ts';
import { type Case, caseToJson, jsonToCase } from './case.ts';
import { runSeed } from './fuzz-evm.ts';
import { generateCase, MODE_NAMES } from './generate.ts';
import { opcodeByte } from './opcodes.ts';
import { caseSize, reduceCase } from './reduce.ts';
import { compareSides, createOracleSide, OracleSide } from './side.ts';

/** A side that miscounts gas wherever the called program holds a MULMOD. */
class WrongSide extends OracleSide {
  override async run(value: Case) {
    const observed = await super.run(value);
    const programs = [value.message.data, ...value.accounts.map(({ code }) => code)];
    const wrong = programs.some((code) =>
      splitCode(code).some((piece) => piece[0] === opcodeByte('MULMOD')),
    );
    return wrong ? { ...observed, gasUsed: observed.gasUsed + 1n } : observed;
  }
}

test('a seed gives the same case again, and JSON keeps it', () => {
  for (const mode of MODE_NAMES) {
    for (let seed = 0; seed < 20; seed++) {
      const first = generateCase({ seed, mode, specimens: [] }).value;
      assert.deepEqual(generateCase({ seed, mode, specimens: [] }).value, first);
      assert.deepEqual(jsonToCase(caseToJson(first)), first);
    }
  }
});

test('any bytes are instructions', () => {
  const prng = createPrng(7);
  for (let i = 0; i < 200; i++) {
    const code = prng.bytes(prng.below(80));
    assert.deepEqual(joinPieces(splitCode(code)), code);
  }
});

test('the oracle agrees with itself after any other case', async () => {
  const sides = { ours: await createOracleSide(), theirs: await createOracleSide() };
  for (let seed = 0; seed < 60; seed++) {
    await sides.ours.run(generateCase({ seed: seed + 1000, specimens: [] }).value);
    const { difference } = await runSeed(sides, { seed, specimens: [] });
    assert.deepEqual(difference?.lines ?? [], [], `seed ${seed}`);
  }
});

test('a wrong side is found and its case is made small', async () => {
  const theirs = await createOracleSide();
  const ours = new WrongSide((await createOracleSide()).oracle);
  let found: Case | undefined;
  for (let seed = 0; found === undefined; seed++) {
    assert.ok(seed < 300, 'the canary was not found');
    found = (await runSeed({ ours, theirs }, { seed, specimens: [] })).difference?.value;
  }
  const fails = async (value: Case) =>
    (await compareSides(ours, theirs, value)).difference !== undefined;
  const reduced = await reduceCase(found, fails);
  assert.ok(await fails(reduced));
  assert.ok(caseSize(reduced) <= 3, `${caseSize(reduced)} bytes are left`);
});
