import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProblemList } from './problem-list';

export type Syntax = 'hcl' | 'json';

/** A file of the root folder that terraform or tofu would read. */
export interface ConfigurationFile {
  name: string;
  syntax: Syntax;
  /** Override files are read last and change what the others declare. */
  isOverride: boolean;
}

const MAX_FILES = 500;
const MAX_FILE_BYTES = 1024 * 1024;
const MAX_TOTAL_BYTES = 8 * 1024 * 1024;
const NAME = /^(?<base>.+)\.(?<tool>tf|tofu)(?<json>\.json)?$/s;

/** Whether a file of this name holds configuration. Hidden files and those editors leave behind do not. */
export function isConfigurationFileName(name: string): boolean {
  return NAME.test(name) && !name.startsWith('.') && !/^#.*#$/s.test(name);
}

/**
 * The files of the folder in the order they are read in: by name, override files last. `x.tofu` hides `x.tf`, as it
 * does for tofu. Links and devices are left out, and so is what is more than 500 files.
 */
export async function listConfigurationFiles(directory: string, problems: ProblemList): Promise<ConfigurationFile[]> {
  const names = new Set<string>();
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (!isConfigurationFileName(entry.name)) continue;
    if (entry.isFile()) names.add(entry.name);
    else if (!entry.isDirectory()) problems.add(entry.name, 'is not a regular file; links are not followed');
  }
  const files = [...names].filter((name) => !isHidden(name, names)).map(describe);
  files.sort(byReadingOrder);
  const firstLeftOut = files[MAX_FILES];
  if (firstLeftOut) {
    problems.add(firstLeftOut.name, `not read, like all after it: only ${MAX_FILES} of ${files.length} files are read`);
  }
  return files.slice(0, MAX_FILES);
}

function isHidden(name: string, names: ReadonlySet<string>): boolean {
  const { base, tool, json = '' } = NAME.exec(name)?.groups ?? {};
  return tool === 'tf' && names.has(`${base}.tofu${json}`);
}

function describe(name: string): ConfigurationFile {
  const { base = '', json } = NAME.exec(name)?.groups ?? {};
  return { name, syntax: json ? 'json' : 'hcl', isOverride: base === 'override' || base.endsWith('_override') };
}

function byReadingOrder(a: ConfigurationFile, b: ConfigurationFile): number {
  if (a.isOverride !== b.isOverride) return a.isOverride ? 1 : -1;
  return a.name < b.name ? -1 : 1;
}

/** Reads the text of files, up to 1 MiB each and 8 MiB together. */
export class ConfigurationFileTexts {
  private total = 0;

  constructor(
    private readonly directory: string,
    private readonly problems: ProblemList,
  ) {}

  /** Null, with a problem noted, when the file is too large, is not text, or cannot be read. */
  async read(name: string): Promise<string | null> {
    try {
      const bytes = await this.readBytes(name);
      // A byte order mark at the beginning is dropped, as the tools do.
      return typeof bytes === 'string'
        ? this.refuse(name, bytes)
        : new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return this.refuse(name, 'is not valid UTF-8');
      return this.refuse(name, `cannot be read (${code})`);
    }
  }

  private refuse(name: string, problem: string): null {
    this.problems.add(name, problem);
    return null;
  }

  /** Opened so that neither a link nor a pipe that took the place of the file since is followed or waited for. */
  private async readBytes(name: string): Promise<Buffer | string> {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const file = await open(join(this.directory, name), flags);
    try {
      const status = await file.stat();
      if (!status.isFile()) return 'is not a regular file; links are not followed';
      if (status.size > MAX_FILE_BYTES) return 'not read: it is larger than 1 MiB';
      if (this.total + status.size > MAX_TOTAL_BYTES) return 'not read: the files together are larger than 8 MiB';
      this.total += status.size;
      const buffer = Buffer.alloc(status.size);
      let length = 0;
      while (length < status.size) {
        const { bytesRead } = await file.read(buffer, length, status.size - length, length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return buffer.subarray(0, length);
    } finally {
      await file.close();
    }
  }
}
