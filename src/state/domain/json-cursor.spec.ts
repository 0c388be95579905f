import { JsonCursor, JsonError } from './json-cursor';

/** Whether the text is one JSON value; throws what is no refusal. */
function isJson(text: string): boolean {
  try {
    const cursor = new JsonCursor(Buffer.from(text));
    const place = cursor.skip();
    cursor.end();
    expect(JSON.parse(text.slice(place.from, place.to))).toEqual(JSON.parse(text));
    return true;
  } catch (error) {
    if (error instanceof JsonError) return false;
    throw error;
  }
}

function isParsed(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('JsonCursor', () => {
  it.each([
    ...['0', '-0', '10.5', '1e5', '-1.5E+10', '2e-3', '""', '"a\\n\\u00e9\\""', 'true', 'false', 'null', '[]', '{}'],
    ...[' [ ] ', '{ "a" : [ 1 , { } , [ ] ] , "b" : { "c" : null } }\n', '[[],[[]],{"a":{}}]', '"\u007f"'],
  ])('walks over %s', (text) => expect(isJson(text)).toBe(true));

  it.each([
    ...[
      '',
      ' ',
      '{',
      '[',
      '"',
      '"\\',
      '"a',
      '01',
      '-',
      '1.',
      '.5',
      '1e',
      '+1',
      '0x1',
      'NaN',
      'tru',
      'nullx',
      'undefined',
    ],
    ...[
      '[1,]',
      '[,1]',
      '{"a":1,}',
      '{"a"}',
      '{a:1}',
      "{'a':1}",
      '{"a":1 "b":2}',
      '[1 2]',
      '[1}',
      '{"a":1]',
      '1 2',
      '[]]',
    ],
    ...['"\n"', '"\\x"', '"\\u12"', '"\\u12g4"', '{1:2}', '\ufeff{}', '\u00a01', '//x\n1', '{"a":}', '{,}', '[1]x'],
  ])('refuses %j', (text) => {
    expect(isParsed(text)).toBe(false);
    expect(isJson(text)).toBe(false);
  });

  it('agrees with JSON.parse about thousands of texts that are slightly broken', () => {
    const good =
      '{"a":[1,-2.5e3,true,null,{"b":"x\\n\\u0041\\\\","c":[]},[[]],{}],"d":{"e":"","f":false}, "g" : "{[,]}" }';
    const alphabet = '{}[]",:\\ 0123.eE+-truefalsn\nu\t';
    // Always the same numbers, so that what fails once fails again.
    let seed = 42;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed % below;
    };
    let accepted = 0;
    for (let round = 0; round < 20_000; round++) {
      let text = good;
      for (let change = random(3); change >= 0; change--) {
        const at = random(text.length);
        const letter = alphabet[random(alphabet.length)]!;
        const length = random(3);
        text = text.slice(0, at) + (length === 2 ? '' : letter) + text.slice(at + length);
      }
      const isGood = isParsed(text);
      if (isGood) accepted += 1;
      if (isJson(text) !== isGood) throw new Error(`JSON.parse says ${isGood} of ${text}`);
    }
    expect(accepted).toBeGreaterThan(500);
  });

  it('refuses what is nested too deeply, without running out of stack', () => {
    const nested = (levels: number): Buffer => Buffer.from('['.repeat(levels) + ']'.repeat(levels));
    expect(new JsonCursor(nested(500)).skip(500)).toEqual({ from: 0, to: 1000 });
    expect(() => new JsonCursor(nested(501)).skip(500)).toThrow('nested too deeply');
    expect(() => new JsonCursor(nested(1_000_000)).skip()).toThrow('nested too deeply');
  });

  it('tells members and elements by their places', () => {
    const text = '{"a": [1, "x"], "b\\u0041" : {}}';
    const cursor = new JsonCursor(Buffer.from(text));
    const seen: unknown[] = [];
    cursor.members((key) => {
      seen.push(cursor.read(key));
      if (cursor.isAtArray) cursor.elements(() => seen.push(cursor.read(cursor.skip())));
      else seen.push(cursor.isAtObject, cursor.skip());
    });
    cursor.end();
    expect(seen).toEqual(['a', 1, 'x', 'bA', true, { from: 28, to: 30 }]);
  });
});
