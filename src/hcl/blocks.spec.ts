import { blocksOf, bodiesOfFile } from './blocks';

describe('blocks in HCL', () => {
  it('are arrays of bodies below an object for each label', () => {
    expect(blocksOf({ resource: { t: { n: [{ a: 1 }] } } }, 'resource', 2, 'hcl')).toEqual({
      blocks: [{ labels: ['t', 'n'], body: { a: 1 } }],
      hasMisfits: false,
    });
  });

  it.each([
    ['no label', { variable: [{ default: { a: 1 } }] }],
    ['one label too many', { variable: { a: { b: [{}] } } }],
    ['an argument of the name', { variable: 3 }],
    ['an argument that looks like a block', { variable: { a: {} } }],
  ])('are left out with %s', (_what, body) => {
    expect(blocksOf(body, 'variable', 1, 'hcl')).toEqual({ blocks: [], hasMisfits: true });
  });

  it('are not found among what every object inherits', () => {
    expect(blocksOf({}, 'constructor', 0, 'hcl')).toEqual({ blocks: [], hasMisfits: false });
  });
});

describe('blocks in JSON', () => {
  it.each([
    ['an object', { variable: { a: { type: 'x' } } }],
    ['an array of bodies', { variable: { a: [{ type: 'x' }] } }],
    ['an array of labels', { variable: [{ a: { type: 'x' } }] }],
    ['with comments', { variable: { '//': 'about', a: { type: 'x' } } }],
  ])('may be %s', (_what, body) => {
    expect(blocksOf(body, 'variable', 1, 'json')).toEqual({
      blocks: [{ labels: ['a'], body: { type: 'x' } }],
      hasMisfits: false,
    });
  });

  it('may be several of one label', () => {
    expect(blocksOf({ terraform: [{ a: 1 }, { b: 1 }] }, 'terraform', 0, 'json').blocks).toHaveLength(2);
  });

  it('are not looked for in arrays of arrays, however deep', () => {
    const body = JSON.parse(`{"variable": ${'['.repeat(200_000)}${']'.repeat(200_000)}}`) as Record<string, unknown>;
    expect(blocksOf(body, 'variable', 1, 'json')).toEqual({ blocks: [], hasMisfits: true });
  });

  it('stand in one object, or in an array of objects', () => {
    expect(bodiesOfFile({}, 'json')).toEqual([{}]);
    expect(bodiesOfFile([{}, {}], 'json')).toEqual([{}, {}]);
    expect(bodiesOfFile([1], 'json')).toBeNull();
    expect(bodiesOfFile(null, 'json')).toBeNull();
    expect(bodiesOfFile([{}], 'hcl')).toBeNull();
  });
});
