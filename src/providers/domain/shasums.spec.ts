import { parseShasums, renderShasums, shasumsProblem } from './shasums';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);

describe('SHA256SUMS', () => {
  it('is sorted by name, bytewise, and read back', () => {
    const packages = [
      { shasum: B, filename: 'p_1.0.0_linux_amd64.zip' },
      { shasum: A, filename: 'p_1.0.0_darwin_arm64.zip' },
    ];
    const bytes = renderShasums(packages);
    expect(bytes.toString()).toBe(`${A}  p_1.0.0_darwin_arm64.zip\n${B}  p_1.0.0_linux_amd64.zip\n`);
    expect(renderShasums([...packages].reverse())).toEqual(bytes);
    expect(parseShasums(bytes)).toEqual({
      lines: [
        { sha256: A, filename: 'p_1.0.0_darwin_arm64.zip' },
        { sha256: B, filename: 'p_1.0.0_linux_amd64.zip' },
      ],
    });
  });

  it('is read as clients read it: comments, blank lines, CRLF, capitals, one space', () => {
    const text = `# made by hand\r\n\r\n${A.toUpperCase()} one.zip\r\n${B}  two.zip`;
    expect(parseShasums(Buffer.from(text))).toEqual({
      lines: [
        { sha256: A, filename: 'one.zip' },
        { sha256: B, filename: 'two.zip' },
      ],
    });
  });

  it.each<[string, RegExp]>([
    ['', /lists no file/],
    ['# nothing\n', /lists no file/],
    [`${A} *one.zip`, /line 1/],
    [`${A}  ./one.zip`, /line 1/],
    [`${A}  a/one.zip`, /line 1/],
    [`${A}   one.zip`, /line 1/],
    [`${A}  one two.zip`, /line 1/],
    [`${A.slice(1)}  one.zip`, /line 1/],
    [`${A}  one.zip\n${B}  one.zip`, /twice/],
    ['\0\0', /line 1/],
  ])('%j is refused', (text, problem) => {
    expect(parseShasums(Buffer.from(text))).toEqual({ problem: expect.stringMatching(problem) as string });
  });

  it('must fit the packages', () => {
    const lines = [{ sha256: A, filename: 'one.zip' }];
    expect(shasumsProblem(lines, [{ shasum: A, filename: 'one.zip' }])).toBeNull();
    expect(shasumsProblem(lines, [{ shasum: B, filename: 'one.zip' }])).toMatch(/another checksum for one\.zip/);
    expect(shasumsProblem(lines, [{ shasum: A, filename: 'two.zip' }])).toMatch(/does not list two\.zip/);
  });
});
