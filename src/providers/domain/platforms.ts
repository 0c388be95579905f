/** An operating system and architecture, in Go's words. */
export interface Platform {
  os: string;
  arch: string;
}

/** What Go can build for and clients run on (`go tool dist list`, without the ones of web pages and phones). */
const ARCHITECTURES: Record<string, readonly string[]> = {
  aix: ['ppc64'],
  darwin: ['amd64', 'arm64'],
  dragonfly: ['amd64'],
  freebsd: ['386', 'amd64', 'arm', 'arm64', 'riscv64'],
  illumos: ['amd64'],
  linux: [
    '386',
    'amd64',
    'arm',
    'arm64',
    'loong64',
    'mips',
    'mips64',
    'mips64le',
    'mipsle',
    'ppc64',
    'ppc64le',
    'riscv64',
    's390x',
  ],
  netbsd: ['386', 'amd64', 'arm', 'arm64'],
  openbsd: ['386', 'amd64', 'arm', 'arm64', 'mips64', 'ppc64', 'riscv64'],
  plan9: ['386', 'amd64', 'arm'],
  solaris: ['amd64'],
  windows: ['386', 'amd64', 'arm', 'arm64'],
};

/** What a build makes when nobody says otherwise. */
export const DEFAULT_PLATFORMS: readonly Platform[] = [
  { os: 'linux', arch: 'amd64' },
  { os: 'linux', arch: 'arm64' },
  { os: 'darwin', arch: 'amd64' },
  { os: 'darwin', arch: 'arm64' },
  { os: 'windows', arch: 'amd64' },
];

export const OPERATING_SYSTEMS = Object.keys(ARCHITECTURES);

/** Why there is no such platform, as a clause; null when there is. */
export function platformProblem({ os, arch }: Platform): string | null {
  const known = Object.hasOwn(ARCHITECTURES, os) ? ARCHITECTURES[os] : undefined;
  if (known === undefined) return `os must be one of ${OPERATING_SYSTEMS.join(', ')}`;
  return known.includes(arch) ? null : `arch must be one of ${known.join(', ')} for ${os}`;
}
