import { isTrue, literalText, literalValue, typeText } from './literals';

describe('what the parser gives, as people mean it', () => {
  it.each([
    ['${tomap({})}', 'tomap({})'],
    ['${a}-${b}', '${a}-${b}'],
    ['${a}${b}', '${a}${b}'],
    ['x ${y}', 'x ${y}'],
    ['$${a}', '${a}'],
    ['%%{if} 100%', '%{if} 100%'],
    ['%{if x}a%{endif}', '%{if x}a%{endif}'],
    ['${', '${'],
    ['}', '}'],
    ['', ''],
  ])('HCL %j means %j', (given, meant) => {
    expect(literalValue(given, 'hcl')).toBe(meant);
  });

  it.each(['${a}', '$${a}', '%%{b}', 'plain'])('in JSON syntax %j is what it is', (given) => {
    expect(literalValue(given, 'json')).toBe(given);
  });

  it('goes into lists and objects, keys as well', () => {
    const given = { a: ['$${x}', 1, true, null], '$${k}': { b: '${local.x}' } };
    expect(literalValue(given, 'hcl')).toEqual({ a: ['${x}', 1, true, null], '${k}': { b: 'local.x' } });
  });

  it('keeps __proto__ as a key like others', () => {
    const value = literalValue(JSON.parse('{"__proto__": {"polluted": true}}'), 'hcl') as object;
    expect(JSON.stringify(value)).toBe('{"__proto__":{"polluted":true}}');
    expect('polluted' in value).toBe(false);
  });

  it('cuts strings after 64 KiB and does not tear a character apart', () => {
    expect(literalValue('x'.repeat(65_536), 'hcl')).toHaveLength(65_536);
    expect(literalValue('x'.repeat(65_537), 'hcl')).toBe(`${'x'.repeat(65_536)}…`);
    expect(literalValue(`${'x'.repeat(65_535)}😀y`, 'json')).toBe(`${'x'.repeat(65_535)}…`);
  });

  it('cuts what is nested deeper than 100 levels, so that others may walk it', () => {
    const value = literalValue(JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`), 'json');
    expect(JSON.stringify(value)).toBe(`${'['.repeat(100)}"…"${']'.repeat(100)}`);
  });

  it('makes text of what should be text', () => {
    expect(literalText(undefined, 'hcl')).toBeNull();
    expect(literalText(null, 'hcl')).toBeNull();
    expect(literalText(5, 'hcl')).toBe('5');
    expect(literalText(['a'], 'hcl')).toBe('["a"]');
  });

  it('gives types as they are written, with the line ends of one kind', () => {
    expect(typeText('${object({\r\n a = string\r\n})}')).toBe('object({\n a = string\n})');
    expect(typeText('string')).toBe('string');
    expect(typeText(null)).toBeNull();
  });

  it.each([
    [true, true],
    ['true', true],
    ['${var.x}', true],
    [false, false],
    ['false', false],
    [null, false],
    [undefined, false],
  ])('sensitive = %j counts as %j', (given, counted) => {
    expect(isTrue(given)).toBe(counted);
  });
});
