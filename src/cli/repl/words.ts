/** Splits a line as a shell would: quotes and brackets keep their words together. */

export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  let depth = 0;
  let started = false;
  for (const character of line) {
    if (quote !== '') {
      if (character === quote) quote = '';
      // Inside brackets the quotes belong to the value, which reads them itself.
      if (character !== quote && (quote !== '' || depth > 0)) word += character;
      continue;
    }
    if (/\s/.test(character) && depth === 0) {
      if (started) words.push(word);
      word = '';
      started = false;
      continue;
    }
    started = true;
    if (character === '"' || character === "'") {
      quote = character;
      if (depth > 0) word += character;
      continue;
    }
    if ('[({'.includes(character)) depth++;
    if ('])}'.includes(character)) depth = Math.max(depth - 1, 0);
    word += character;
  }
  if (started) words.push(word);
  return words;
}
