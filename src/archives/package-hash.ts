import { createHash } from 'node:crypto';
import { sortedByName } from './byte-order';

/** One file of a package: its path with `/`, and the SHA-256 of its content in hex. */
export interface PackageFile {
  name: string;
  sha256: string;
}

/**
 * Terraform's hash of a provider package, as in lock files (`h1:`): the "Hash1" of golang.org/x/mod/sumdb/dirhash over
 * the files alone, as terraform computes it for the unpacked folder.
 */
export function packageHash(files: readonly PackageFile[]): string {
  const hash = createHash('sha256');
  for (const { name, sha256 } of sortedByName(files)) hash.update(`${sha256}  ${name}\n`);
  return `h1:${hash.digest('base64')}`;
}
