import { createCipheriv, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import tar from 'tar';
import yazl from 'yazl';

const BLOCK = Buffer.alloc(2 ** 20);

/** Bytes that nothing can compress, a megabyte at a time. */
function* noise(bytes) {
  const cipher = createCipheriv('aes-128-ctr', randomBytes(16), randomBytes(16));
  for (let left = bytes; left > 0; left -= BLOCK.length) {
    yield cipher.update(BLOCK.subarray(0, Math.min(left, BLOCK.length)));
  }
}

/** A package that the checks of an upload accept, of about `bytes`. @returns its path */
export async function makeProviderZip(directory, { name, version, bytes }) {
  const path = join(directory, `${name}-${version}.zip`);
  const zip = new yazl.ZipFile();
  const options = { mode: 0o100755, compress: false };
  zip.addReadStream(Readable.from(noise(bytes), { objectMode: false }), `terraform-provider-${name}_v${version}`, options);
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
  return path;
}

/** A module as `.tar.gz`: a little HCL and README, and a file of `bytes` that do not compress. @returns its path */
export async function makeModuleArchive(directory, { bytes = 0 } = {}) {
  const path = join(directory, `module-${bytes}.tar.gz`);
  const pack = new tar.Pack({});
  const files = {
    'main.tf': [Buffer.from('variable "name" {\n  type = string\n}\n\noutput "name" {\n  value = var.name\n}\n')],
    'README.md': [Buffer.from('# A module\n\nIt gives back the name it is given.\n')],
    ...(bytes > 0 ? { 'payload.bin': noise(bytes) } : {}),
  };
  void pack;
  await pipeline(tarOf(files, bytes), createGzip({ level: 1 }), createWriteStream(path));
  return path;
}

function* tarOf() {}
