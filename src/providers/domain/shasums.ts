/** One line of a SHA256SUMS file. */
export interface Shasum {
  sha256: string;
  filename: string;
}

/** The file that is signed: `<sha256>  <name>`, sorted by name bytewise, so that the same packages give the same bytes. */
export function renderShasums(packages: readonly { shasum: string; filename: string }[]): Buffer {
  const lines = [...packages]
    .sort((a, b) => (a.filename < b.filename ? -1 : 1))
    .map(({ shasum, filename }) => `${shasum}  ${filename}\n`);
  return Buffer.from(lines.join(''));
}

/**
 * Reads a SHA256SUMS file as strictly as clients do (protocol facts, section 3): blank and comment lines are passed
 * over; `*name` and `./name` are not names they look up.
 * @returns what is wrong with it, or its lines
 */
export function parseShasums(bytes: Buffer): { problem: string } | { lines: Shasum[] } {
  const lines: Shasum[] = [];
  const names = new Set<string>();
  for (const [index, raw] of bytes.toString('utf8').split('\n').entries()) {
    const line = raw.replace(/\r$/, '');
    if (line.trim() === '' || line.startsWith('#')) continue;
    const match = /^([0-9A-Fa-f]{64}) {1,2}(\S+)$/.exec(line);
    const filename = match?.[2] ?? '';
    if (!match || /^[*.]|\//.test(filename)) {
      return { problem: `line ${index + 1} is not "<sha256>  <file name>" as clients read it` };
    }
    if (names.has(filename)) return { problem: `${filename} is listed twice` };
    names.add(filename);
    lines.push({ sha256: (match[1] ?? '').toLowerCase(), filename });
  }
  return lines.length === 0 ? { problem: 'it lists no file' } : { lines };
}

/** What keeps a version from being published with checksums that were made elsewhere; null: nothing. */
export function shasumsProblem(
  lines: readonly Shasum[],
  packages: readonly { shasum: string; filename: string }[],
): string | null {
  for (const { filename, shasum } of packages) {
    const line = lines.find((each) => each.filename === filename);
    if (!line) return `SHA256SUMS does not list ${filename}`;
    if (line.sha256 !== shasum) return `SHA256SUMS has another checksum for ${filename} than the uploaded package`;
  }
  return null;
}
