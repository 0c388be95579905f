import { readFile, rename, rm, writeFile } from 'node:fs/promises';

/** Written whole or not at all, for the server's own eyes. */
export async function writeJsonAtomically(file: string, value: unknown): Promise<void> {
  await rm(`${file}.tmp`, { force: true });
  // Exclusive: a link that a program of another user left there is not followed.
  await writeFile(`${file}.tmp`, JSON.stringify(value), { mode: 0o600, flag: 'wx' });
  await rename(`${file}.tmp`, file);
}

/** Null when the file does not exist or is not the JSON of an object. */
export async function readJson<T extends object>(file: string): Promise<T | null> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    return typeof value === 'object' && value !== null ? (value as T) : null;
  } catch {
    return null;
  }
}
