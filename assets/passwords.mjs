// Writes common-passwords.txt: the passwords dictionary of @zxcvbn-ts/language-common in lower case, each once, in the
// order of its bytes, one a line. `cargo xtask setup` runs a copy of this beside node_modules.
import { rename, writeFile } from 'node:fs/promises';
import common from '@zxcvbn-ts/language-common';

// The shortest password that any policy takes is longer; what is shorter still can only be part of one.
const SHORTEST = 4;

const words = common.dictionary['passwords-common']
  .map((word) => word.toLowerCase())
  .filter((word) => [...word].length >= SHORTEST && !/[\r\n\0]/.test(word));
const sorted = [...new Set(words)].map((word) => Buffer.from(word)).sort(Buffer.compare);
if (sorted.length < 10_000) {
  throw new Error(`only ${sorted.length} passwords in the dictionary: has the package changed its format?`);
}

const file = new URL('common-passwords.txt', import.meta.url);
const unfinished = new URL('common-passwords.txt.new', import.meta.url);
await writeFile(unfinished, Buffer.concat(sorted.flatMap((word) => [word, Buffer.from('\n')])));
await rename(unfinished, file);
console.log(`${sorted.length} common passwords`);
