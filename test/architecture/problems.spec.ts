import { filesBelow, readText } from './repository';

/** How codes of errors are written in the sources. */
const CODES = [
  /new DomainError\(\s*'[\w-]+',\s*'([\w-]+)'/g,
  /new ConflictError\(\s*'([\w-]+)'/g,
  // Of subclasses: `super(kind, code, …)` and `super(code, …)`, but not `super(kind, someCode, …)`.
  /super\(\s*(?:'[a-z-]+',\s*)?'([a-z]+(?:-[a-z]+)*)'(?!,\s*code\b)/g,
  /\bcode: '([\w-]+)'/g,
  // What is mapped in src/common/http/problem.ts.
  /\bmake\(\d+, '([\w-]+)'/g,
  // The tables in src/git/git.errors.ts and src/hcl/module-interface.errors.ts.
  /^ {2}'((?:git|module)-[\w-]+)': '/gm,
];

function codesOfSources(): Set<string> {
  const sources = filesBelow('src', '.ts').filter((file) => !file.endsWith('.spec.ts') && file !== 'src/metadata.ts');
  const texts = sources.map(readText);
  return new Set(
    texts.flatMap((text) => CODES.flatMap((code) => [...text.matchAll(code)].map(([, name = '']) => name))),
  );
}

describe('docs/problems.md', () => {
  const explained = [...readText('docs/problems.md').matchAll(/^#+ `([\w-]+)`/gm)].map(([, code = '']) => code);
  const used = codesOfSources();

  it('explains every code the sources use', () => {
    expect([...used].filter((code) => !explained.includes(code)).sort()).toEqual([]);
  });

  it('explains no code that is not there', () => {
    expect(explained.filter((code) => !used.has(code)).sort()).toEqual([]);
  });

  it('explains each once', () => {
    expect(explained.filter((code, place) => explained.indexOf(code) !== place)).toEqual([]);
  });
});
