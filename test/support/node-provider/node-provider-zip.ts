import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';

export interface NodeProvider {
  /** The provider's type: `tally` makes `tally_thing`. Lower-case letters, digits and dashes. */
  name: string;
  /** SemVer without a `v`. */
  version: string;
  /** As Go names it: `linux`. The file runs wherever node does; the zip only says so. */
  os: string;
  /** As Go names it: `amd64`. */
  arch: string;
}

/** What is wrong with a zip, for tests of what must be refused. Without any of it the zip is a good one. */
export interface ZipFaults {
  /** The program has mode 0644. */
  hasNoExecuteBit?: boolean;
  /** The program is for another provider, by its name in the zip. */
  innerName?: string;
  /** The program is of another version, by its name in the zip. */
  innerVersion?: string;
  /** More files, by their path in the zip; mode 0644. yazl refuses absolute paths and `..`. */
  extraEntries?: Record<string, string | Buffer>;
}

export interface NodeProviderZip {
  /** Where it is: `<directory>/<fileName>`. */
  path: string;
  /** `terraform-provider-NAME_VERSION_OS_ARCH.zip` */
  fileName: string;
  /** Of the zip, in lower-case hex. */
  sha256: string;
  /** Bytes of the zip. */
  size: number;
}

/** `linux` and `amd64` on most machines: what the tools on this one ask a registry for, in Go's words. */
export const THIS_PLATFORM = {
  os: process.platform === 'win32' ? 'windows' : process.platform,
  arch: process.arch === 'x64' ? 'amd64' : process.arch,
};

/** In local time, which is what a zip holds: the same bytes in every time zone. */
const ENTRY_TIME = new Date(2020, 0, 1);

/**
 * Makes a provider that the real tools install and run, as the zip that a registry serves. The same arguments give the
 * same bytes. @throws Error when a fault asks for a path that no zip may hold
 */
export async function buildNodeProviderZip(
  options: NodeProvider & { directory: string },
  faults: ZipFaults = {},
): Promise<NodeProviderZip> {
  const { name, version, os, arch, directory } = options;
  const fileName = `terraform-provider-${name}_${version}_${os}_${arch}.zip`;
  const path = join(directory, fileName);
  const bytes = await zip(
    { path: programName(options, faults), content: providerSource(name, version), mode: programMode(faults) },
    ...Object.entries(faults.extraEntries ?? {}).map(([path, content]) => ({ path, content, mode: 0o644 })),
  );
  await writeFile(path, bytes);
  return { path, fileName, sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
}

/** The text of the provider's program. */
export function providerSource(name: string, version: string): string {
  const handshake = read('handshake.pem');
  const values: Record<string, string> = {
    NAME: name,
    VERSION: version,
    KEY: pemBlock(handshake, 'PRIVATE KEY'),
    CERTIFICATE: pemBlock(handshake, 'CERTIFICATE'),
  };
  return read('terraform-provider-template').replaceAll(/@([A-Z]+)@/g, (_, key: string) => {
    const value = values[key];
    if (value === undefined) throw new Error(`The provider's template has an unknown placeholder: ${key}`);
    return value;
  });
}

function programName({ name, version, os }: NodeProvider, { innerName, innerVersion }: ZipFaults): string {
  return `terraform-provider-${innerName ?? name}_v${innerVersion ?? version}${os === 'windows' ? '.exe' : ''}`;
}

function programMode({ hasNoExecuteBit }: ZipFaults): number {
  return hasNoExecuteBit ? 0o644 : 0o755;
}

async function zip(...entries: { path: string; content: string | Buffer; mode: number }[]): Promise<Buffer> {
  const file = new ZipFile();
  for (const { path, content, mode } of entries) {
    // Without `forceDosTimestamp` the time is stored in UTC as well, and that depends on the time zone.
    const options = { mode: mode | 0o100000, mtime: ENTRY_TIME, forceDosTimestamp: true };
    file.addBuffer(Buffer.from(content), path, options);
  }
  file.end();
  return buffer(file.outputStream);
}

function read(file: string): string {
  return readFileSync(join(__dirname, file), 'utf8');
}

function pemBlock(text: string, label: string): string {
  const block = new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----\n`).exec(text)?.[0];
  if (block === undefined) throw new Error(`handshake.pem has no ${label}`);
  return block;
}
