import { createHash } from 'node:crypto';
import { packageHash } from './package-hash';

describe('package hash', () => {
  it('is the hash of the lines "<hash>  <name>", by the bytes of the names', () => {
    const a = 'a'.repeat(64);
    const b = 'b'.repeat(64);
    const c = 'c'.repeat(64);
    const lines = `${b}  LICENSE.txt\n${c}  docs/\uff41\n${a}  docs/\u{1f600}\n`;
    const expected = `h1:${createHash('sha256').update(lines).digest('base64')}`;
    const files = [
      { name: 'docs/\u{1f600}', sha256: a },
      { name: 'LICENSE.txt', sha256: b },
      { name: 'docs/\uff41', sha256: c },
    ];
    expect(packageHash(files)).toBe(expected);
    expect(packageHash(files.toReversed())).toBe(expected);
  });
});
