import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The folder that holds package.json. */
export const ROOT = join(__dirname, '..', '..');

/** A file of the repository, by its path from the root. */
export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Paths from the root of all files below a folder whose names end so. */
export function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

/** Paths from the root of everything people read. */
export function documents(): string[] {
  return ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'runner/README.md', ...filesBelow('docs', '.md')];
}

/** Text of a document without its fenced blocks, where brackets and headings mean something else. */
export function prose(document: string): string {
  return readText(document).replace(/^```[\s\S]*?^```$/gm, '');
}
