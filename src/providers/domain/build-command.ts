import type { Platform } from './platforms';

/**
 * The arguments of `go build` for a provider. The same commit and Go version give the same bytes: no paths of the
 * machine (`-trimpath`), nothing of the repository's state (`-buildvcs=false`), no symbols.
 * @param output file that is written; null for the documentation of the command
 */
export function buildArguments(version: string, output: string | null): string[] {
  const common = ['-trimpath', '-buildvcs=false', '-ldflags', `-s -w -X main.version=${version}`];
  return output === null ? [...common, '.'] : [...common, '-o', output, '.'];
}

/** What is set for every platform, besides where caches are. */
export function buildEnvironment(goProxy: string): Record<string, string> {
  return { CGO_ENABLED: '0', GOFLAGS: '-modcacherw', GOPROXY: goProxy };
}

/** The same as anybody may see it: a proxy's user and password are taken out. */
export function shownEnvironment(environment: Record<string, string>): Record<string, string> {
  const withoutUser = (value: string): string => value.replace(/(:\/\/)[^/@,|\s]*@/g, '$1***@');
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, withoutUser(value)]));
}

/**
 * What a proxy list says of users, to be masked in logs: passwords, and user names too, since tokens are given as such.
 * Each as it is written and as it is meant.
 */
export function proxySecrets(goProxy: string): string[] {
  const parts = [...goProxy.matchAll(/:\/\/([^/@,|\s]+)@/g)].flatMap(([, user = '']) => [user, ...user.split(':')]);
  return [...new Set(parts.flatMap((part) => [part, decoded(part)]))].filter((part) => part !== '');
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function platformEnvironment({ os, arch }: Platform): Record<string, string> {
  return { GOOS: os, GOARCH: arch };
}

/** The program inside a package. */
export function binaryName(name: string, version: string, os: string): string {
  return `terraform-provider-${name}_v${version}${os === 'windows' ? '.exe' : ''}`;
}

/** `go1.22.5 linux/amd64` out of what `go version` prints; null when it printed something else. */
export function parseGoVersion(output: string): string | null {
  return /^go version (go\S+ \S+)/m.exec(output)?.[1] ?? null;
}
