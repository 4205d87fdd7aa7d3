import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMachine } from 'lockstep';
import {
  decodeLog,
  decodeRevert,
  decodeValues,
  encodeCall,
  findFunction,
  loadContract,
} from 'lockstep/languages';

const { contract } = await loadContract('contracts/counter.sol');
const { abi, name } = contract;

/** A machine with the contract, and a way to call its functions. */
function deploy() {
  const machine = createMachine();
  const { address } = machine.deploy({ code: contract.initCode });
  return (text, ...args) => {
    const item = findFunction(abi, text, args.length, name);
    const outcome = machine.call({ to: address, data: encodeCall(item, args) });
    const values = decodeValues(item.outputs, outcome.output) ?? [];
    const { status, output, logs } = outcome;
    return { status, output, logs, values };
  };
}

test('counts up', () => {
  const call = deploy();
  assert.equal(call('increment', '3').values[0].text, '3');
  const { status, logs, values } = call('increment', '4');
  assert.equal(status, 'success');
  assert.equal(values[0].text, '7');
  assert.equal(decodeLog(abi, logs[0]).name, 'Incremented');
  assert.equal(call('number').values[0].text, '7');
});

test('refuses more than ten at a time', () => {
  const call = deploy();
  const { status, output } = call('increment', '11');
  assert.equal(status, 'revert');
  assert.equal(decodeRevert(abi, output).text, 'TooMuch(amount: 11)');
  assert.equal(call('number').values[0].text, '0');
});
