import { findEscapingReplacement } from './go-module';

const goModule = (path: string, version?: string): string =>
  JSON.stringify({ Replace: [{ Old: { Path: 'example.com/a' }, New: { Path: path, Version: version } }] });

describe('findEscapingReplacement', () => {
  it.each(['/etc', '..', '../a', './../a', 'lib/../../a', 'C:/a', 'c:\\a', '..\\a'])('finds %s', (path) => {
    expect(findEscapingReplacement(goModule(path))).toBe(`example.com/a => ${path}`);
  });

  it.each(['./lib', 'lib/../other', '.', './..lib'])('takes %s', (path) => {
    expect(findEscapingReplacement(goModule(path))).toBeNull();
  });

  it('takes a module with a version, and no replacement at all', () => {
    expect(findEscapingReplacement(goModule('example.com/fork', 'v1.0.0'))).toBeNull();
    expect(findEscapingReplacement('{"Replace":null}')).toBeNull();
    expect(findEscapingReplacement('{}')).toBeNull();
  });

  it('takes nothing that was cut', () => {
    expect(() => findEscapingReplacement('{"Replace":[')).toThrow(SyntaxError);
  });
});
