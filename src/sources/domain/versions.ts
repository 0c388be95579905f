import { compareBuild, parse, prerelease } from 'semver';

/** Longer ones are refused: clients put a version into a path. */
export const MAX_VERSION_LENGTH = 128;

export const VERSION_RULE = 'must be a version such as 1.2.3, 1.2.3-rc.1 or 1.2.3+build.1, without a leading v';

/**
 * True for a SemVer version as clients accept it in a list: exact, no `v`, no spaces, no leading zeros. One entry that
 * is not breaks a provider for every client.
 */
export function isVersion(text: string): boolean {
  return text.length <= MAX_VERSION_LENGTH && /^\d/.test(text) && parse(text) !== null && text === text.trim();
}

/** For sorting, highest first. */
export function byVersionDescending(a: { version: string }, b: { version: string }): number {
  return compareBuild(b.version, a.version);
}

/** The version that a client gets which asks for none: the highest that is no prerelease; else the highest. */
export function latestVersion(versions: string[]): string | null {
  const sorted = versions.map((version) => ({ version })).sort(byVersionDescending);
  return (sorted.find(({ version }) => prerelease(version) === null) ?? sorted[0])?.version ?? null;
}
