// Course packages of the folders in courses/, as an authoring tool would write them.

import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';

const COURSES = fileURLToPath(new URL('courses', import.meta.url));

/**
 * The package of the course in this folder.
 * @param {string} name the folder in courses/
 * @param {Record<string, string | null>} [changed] files that it has instead or besides; `null` for one that is left out
 */
export async function packed(name, changed = {}) {
  const files = {};
  for (const entry of await readdir(join(COURSES, name), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath ?? entry.path, entry.name);
    if (entry.isFile()) files[path.slice(join(COURSES, name).length + 1)] = await readFile(path);
  }
  Object.assign(files, changed);
  return zipped(Object.entries(files).filter(([, contents]) => contents !== null));
}

/** Takes a package in beside the running portal, as its operator does, and publishes it: for the employer of most of the demo. */
export async function published(portal, name) {
  const file = join(portal.folder, `${name}.zip`);
  await writeFile(file, await packed(name));
  await portal.command(['course', 'import', file, '--employer', '427']);
  await portal.command(['course', 'publish', name, '--employer', '427']);
}

/** A zip file that makes nothing smaller. */
function zipped(files) {
  const [parts, entries] = [[], []];
  let at = 0;
  for (const [path, contents] of files) {
    const [name, bytes] = [Buffer.from(path), Buffer.from(contents)];
    // What both headers say: version 2.0, names in UTF-8, stored, 1 January 2026, and what the file is.
    const both = Buffer.alloc(26);
    both.writeUInt16LE(20, 0);
    both.writeUInt16LE(0x800, 2);
    both.writeUInt16LE(0x5c21, 8);
    both.writeUInt32LE(crc32(bytes), 10);
    both.writeUInt32LE(bytes.length, 14);
    both.writeUInt32LE(bytes.length, 18);
    both.writeUInt16LE(name.length, 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(at, 10);
    entries.push(Buffer.from('PK\x01\x02\x14\0', 'latin1'), both, place, name);
    const written = [Buffer.from('PK\x03\x04', 'latin1'), both, name, bytes];
    parts.push(...written);
    at += written.reduce((sum, one) => sum + one.length, 0);
  }
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(Buffer.concat(entries).length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, ...entries, end]);
}
