/** Selectors and topics as the numbers that written code holds. */
import * as OxHash from 'ox/Hash';
import { selectorOf, signatureOf } from './abi.ts';
import type { AbiItem } from './contract.ts';

/** A selector as a number that lies in memory, lowest byte first, as the selector's bytes do. */
export function selectorWord(item: AbiItem): string {
  const word = Buffer.from(selectorOf(item).slice(2), 'hex').readUInt32LE();
  return `0x${word.toString(16).padStart(8, '0')}`;
}

/** The topic of an event as four numbers of 64 bits, the highest first. */
export function topicWords(item: AbiItem): string[] {
  const hash = OxHash.keccak256(`0x${Buffer.from(signatureOf(item)).toString('hex')}`).slice(2);
  return [0, 16, 32, 48].map((at) => `0x${hash.slice(at, at + 16)}`);
}

/** The same as 32 bytes. */
export function topicBytes(item: AbiItem): string[] {
  const words = topicWords(item).join('').replaceAll('0x', '');
  return (words.match(/../g) ?? []).map((byte) => `0x${byte}`);
}
