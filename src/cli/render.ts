/** A run's report as text for people. */
import { bytesToHex } from '../base/bytes.ts';
import type { DecodedField } from '../languages/abi.ts';
import { formatEntry } from '../node/stack/entry.ts';
import { explainHalt } from './explanations.ts';
import {
  formatCount,
  formatQuantity,
  formatTable,
  formatTime,
  formatWord,
  type Paint,
} from './format.ts';
import type { EventReport, RunReport, StepReport, WriteReport } from './report.ts';

const OUTPUT_BYTES_MAX = 256;

export function renderRun(report: RunReport, paint: Paint): string {
  const { contract, file, compiler, fork, deploy, call } = report;
  const origin = [file, compiler, fork].filter((each) => each !== undefined).join(', ');
  const parts = [`${paint('bold', contract)}  ${paint('dim', origin)}\n`];
  // A deployment before a call is a preparation: its events and writes would only be noise.
  if (deploy !== undefined) parts.push(renderStep(deploy, paint, call === undefined));
  if (call !== undefined) parts.push(renderStep(call, paint, true));
  return parts.join('\n');
}

/** One deployment or call with what it did. */
export function renderStep(step: StepReport, paint: Paint, full: boolean): string {
  const { outcome } = step;
  const failed = outcome.status !== 'success';
  const status = paint(failed ? 'red' : 'green', statusText(step));
  const title = step.kind === 'deploy' ? 'deploy' : `call ${step.signature ?? describeData(step)}`;
  const parts = [`${paint('bold', title)}  ${status}\n`, formatTable(summaryRows(step, paint))];
  if (!full && !failed) return parts.join('');
  parts.push(section('printed', step.printed.map((line) => `  ${line}\n`).join(''), paint));
  parts.push(section('events', renderEvents(step.events), paint));
  parts.push(section('stack', renderStack(step), paint));
  parts.push(section('storage', renderWrites(step, paint), paint));
  parts.push(section('time', renderTimings(step), paint));
  return parts.join('');
}

function renderStack({ trace }: StepReport): string {
  return (trace?.entries ?? []).map((entry) => `  at ${formatEntry(entry)}\n`).join('');
}

function section(name: string, text: string, paint: Paint): string {
  return text === '' ? '' : `\n${paint('bold', name)}\n${text}`;
}

function statusText({ outcome, revert }: StepReport): string {
  if (outcome.status === 'success') return 'success';
  if (outcome.status === 'halt') return `halt: ${explainHalt(outcome.reason)}`;
  return `revert: ${revert?.text ?? ''}`;
}

function describeData({ data }: StepReport): string {
  if (data.length === 0) return 'with no data';
  const hex = bytesToHex(data);
  return data.length <= 36 ? `with data ${hex}` : `with ${data.length} bytes ${hex.slice(0, 10)}…`;
}

function summaryRows(step: StepReport, paint: Paint): string[][] {
  const { outcome, gas, kind } = step;
  const label = (text: string): string => paint('dim', text);
  const rows = [[label(kind === 'deploy' ? 'address' : 'contract'), step.address]];
  for (const field of step.arguments) {
    rows.push([label(field.name || 'argument'), `${field.text}  ${label(field.type)}`]);
  }
  if (outcome.status !== 'success') {
    // A decoded reason stands in the title already.
    if (step.revert?.name === undefined && outcome.output.length > 0) {
      rows.push([label('data'), resultText(step, paint)]);
    }
  } else if (kind === 'call') {
    rows.push([label('result'), resultText(step, paint)]);
  } else {
    rows.push([label('code'), `${formatCount(outcome.output.length)} bytes`]);
  }
  const refund = gas.refund === 0n ? '' : ` − ${formatCount(gas.refund)} refund`;
  const paid = gas.intrinsic + gas.execution - gas.refund;
  const atFloor = gas.transaction > paid ? ' (floor of its data)' : '';
  const sum = `${formatCount(gas.intrinsic)} intrinsic + execution${refund}${atFloor}`;
  rows.push([label('gas'), `${formatCount(gas.execution)} execution`]);
  rows.push(['', `${formatCount(gas.transaction)} transaction  ${label(`= ${sum}`)}`]);
  return rows;
}

const fieldText = ({ name, text, type }: DecodedField, paint: Paint): string =>
  `${name === '' ? '' : `${name} `}${paint('cyan', text)}  ${paint('dim', type)}`;

function resultText({ outcome, result }: StepReport, paint: Paint): string {
  if (result !== undefined && result.length > 0) {
    return result.map((field) => fieldText(field, paint)).join(', ');
  }
  const { output } = outcome;
  if (output.length === 0) return paint('dim', 'no data');
  const shown = bytesToHex(output.subarray(0, OUTPUT_BYTES_MAX));
  return output.length > OUTPUT_BYTES_MAX ? `${shown}… (${output.length} bytes)` : shown;
}

function renderEvents(events: readonly EventReport[]): string {
  const several = new Set(events.map((event) => event.address)).size > 1;
  return events
    .map(({ address, decoded, topics, data }) => {
      const from = several ? `${address} ` : '';
      if (decoded === undefined) {
        const list = [...topics.map((topic) => `topic ${topic}`), `data ${data}`];
        return `  ${from}unknown event\n${list.map((each) => `    ${each}\n`).join('')}`;
      }
      const rows = decoded.fields.map(({ name, text }) => [name, text]);
      return `  ${from}${decoded.name}\n${formatTable(rows, [], '    ')}`;
    })
    .join('');
}

/** Writes come ordered by address, which is named where it is not only that of the contract. */
function renderWrites({ writes, address }: StepReport, paint: Paint): string {
  const several = writes.some((write) => write.address !== address);
  let text = '';
  let owner = '';
  for (const write of writes) {
    if (several && write.address !== owner) text += `  ${write.address}\n`;
    owner = write.address;
    text += renderWrite(write, several ? '    ' : '  ', paint);
  }
  return text;
}

function renderWrite(write: WriteReport, indent: string, paint: Paint): string {
  const name = write.variable === undefined ? '' : `  ${write.variable}`;
  const change = `${formatWord(write.before)} → ${paint('cyan', formatWord(write.after))}`;
  return `${indent}slot ${formatQuantity(write.slot)}${name}\n${indent}  ${change}\n`;
}

function renderTimings({ timings }: StepReport): string {
  if (timings.length === 0) return '';
  const rows = timings.map(({ engine, firstMs, medianMs, runs }) => [
    engine,
    formatTime(firstMs),
    medianMs === undefined ? 'not repeated' : formatTime(medianMs),
    medianMs === undefined ? '' : `of ${runs}`,
  ]);
  return formatTable([['engine', 'first', 'median', ''], ...rows], [1, 2]);
}
