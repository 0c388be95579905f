import { AnsiStripper } from './ansi';

function strip(...chunks: string[]): string {
  const stripper = new AnsiStripper();
  return chunks.map((chunk) => stripper.push(chunk)).join('') + stripper.flush();
}

const cases: [string, string, string][] = [
  ['text', 'plain text\r\n\ttab\0 ünï 😀', 'plain text\r\n\ttab\0 ünï 😀'],
  ['colours', '\x1b[1m\x1b[38;5;196mred\x1b[0m and \x1b[38;2;1;2;3mmore\x1b[m', 'red and more'],
  ['colours with colons', '\x1b[4:3mcurly', 'curly'],
  ['movements and modes', '\x1b[2J\x1b[1;1H\x1b[?25lX\x1b[?1049h\x1b[12345m\x1b[1 q', 'X'],
  ['single escapes', '\x1b(BA\x1b7B\x1bcC\x1b#8D', 'ABCD'],
  ['a title', '\x1b]0;my title with blanks: é\x07after', 'after'],
  ['a link', '\x1b]8;;javascript:alert(1) x\x1b\\text\x1b]8;;\x1b\\', 'text'],
  ['a clipboard string', '\x1b]52;c;c2VjcmV0\x9cX', 'X'],
  ['a device control string', '\x1bP1$r0m\x1b\\X\x1b_app\x1b\\Y\x1b^pm\x1b\\Z', 'XYZ'],
  ['C1 characters', '\x9b31mred\x9b0m\x9d0;title\x9c!', 'red!'],
  ['a cancelled sequence', '\x1b[31\x18A\x1b]0;title\x1aB', 'AB'],
  ['a sequence broken off by a line break', '\x1b[31\nA', '\nA'],
  ['a sequence in a sequence', '\x1b[3\x1b[31mA\x1b\x1b[0mB', 'AB'],
  ['a title that is not ended', '\x1b]0;title\r\nA\x1b[31mB', '0;title\r\nAB'],
  ['a title broken off by a colour', '\x1b]0;title\x1b[31mA\x9b0mB\x1b]1;x\x9b31mC', '0;titleAB1;xC'],
  ['an escape before a letter outside of ASCII', '\x1béA\x1b[é', 'éAé'],
  ['half a sequence at the end', 'A\x1b[31', 'A'],
  ['half a title at the end', 'A\x1b]0;B', 'A0;B'],
  ['only an escape at the end', 'A\x1b', 'A'],
];

describe('AnsiStripper', () => {
  it.each(cases)('%s', (_name, text, expected) => {
    expect(strip(text)).toBe(expected);
  });

  it.each(cases)('does the same wherever the text is cut: %s', (_name, text, expected) => {
    for (let first = 0; first <= text.length; first++) {
      for (let second = first; second <= text.length; second++) {
        expect(strip(text.slice(0, first), text.slice(first, second), text.slice(second))).toBe(expected);
      }
    }
    expect(strip(...text.split(''))).toBe(expected);
  });

  it('shows a string that is too long to be one, however it comes', () => {
    const long = 'x'.repeat(10_000);
    expect(strip(`\x1b]0;${long}`)).toBe(`0;${long}`);
    expect(strip(...`\x1b]0;${long}\x07`.split(''))).toBe(`0;${long}\x07`);
    expect(strip(`\x1b[${'1'.repeat(10_000)}m`)).toHaveLength(10_001);
  });

  it('gives plain text at once', () => {
    const stripper = new AnsiStripper();
    expect(stripper.push('a\x1b[3')).toBe('a');
    expect(stripper.push('1mb')).toBe('b');
  });
});
