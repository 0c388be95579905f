import { createCipheriv, randomBytes } from 'node:crypto';
import { createWriteStream, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { create } from 'tar';
import yazl from 'yazl';
import { MIB } from './figures.mjs';

const MAIN = 'variable "name" {\n  type = string\n}\n\noutput "name" {\n  value = var.name\n}\n';
const README = '# A module\n\nIt gives back the name it is given.\n';

/** Bytes that nothing can compress, a mebibyte at a time. */
function noise(bytes) {
  const zeros = Buffer.alloc(MIB);
  const cipher = createCipheriv('aes-128-ctr', randomBytes(16), randomBytes(16));
  const pieces = function* () {
    for (let left = bytes; left > 0; left -= MIB) yield cipher.update(zeros.subarray(0, Math.min(left, MIB)));
  };
  return Readable.from(pieces(), { objectMode: false });
}

/** A package that an upload's checks accept, a little larger than `bytes`. @returns its path */
export async function makeProviderZip(directory, { name, version, bytes }) {
  const path = join(directory, `${name}-${version}.zip`);
  const zip = new yazl.ZipFile();
  zip.addReadStream(noise(bytes), `terraform-provider-${name}_v${version}`, { mode: 0o100755, compress: false });
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
  return path;
}

/** A module as `.tar.gz`: a little HCL, a README, and `bytes` that do not compress. @returns its path */
export async function makeModuleArchive(directory, { bytes = 0 } = {}) {
  const cwd = mkdtempSync(join(directory, 'module-'));
  writeFileSync(join(cwd, 'main.tf'), MAIN);
  writeFileSync(join(cwd, 'README.md'), README);
  if (bytes > 0) await pipeline(noise(bytes), createWriteStream(join(cwd, 'payload.bin')));
  const file = `${cwd}.tar.gz`;
  await create({ cwd, file, gzip: { level: 1 } }, ['.']);
  return file;
}
