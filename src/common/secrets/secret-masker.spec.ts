import { encodedForms, essentialForms, secretCore } from './secret-forms';
import { isMaskable, maskText, SecretMasker, SecretPatterns } from './secret-masker';

/** A small generator of reproducible numbers, so that a failure can be run again. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function randomText(random: (below: number) => number, alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet.charAt(random(alphabet.length))).join('');
}

function formsOf(secrets: string[]): string[] {
  const cores = secrets.flatMap((secret) => secretCore(secret) ?? []);
  return cores.flatMap((core) => [...essentialForms(core), ...encodedForms(core)]);
}

/** The plain way to the same result: every place where any form occurs, overlapping places joined. */
function maskPlainly(forms: string[], text: string): string {
  const places = forms.flatMap((form) => {
    const found: [number, number][] = [];
    for (let at = text.indexOf(form); at !== -1; at = text.indexOf(form, at + 1)) found.push([at, at + form.length]);
    return found;
  });
  places.sort(([a], [b]) => a - b);
  let output = '';
  let end = 0;
  for (const [from, to] of places) {
    if (from >= end) output += `${text.slice(end, from)}***`;
    end = Math.max(end, to);
  }
  return output + text.slice(end);
}

/** Cuts at random places; some pieces are empty. */
function cut(random: (below: number) => number, input: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let from = 0; from < input.length;) {
    const size = random(4) === 0 ? random(40) : random(4);
    pieces.push(input.subarray(from, from + size));
    from += size;
  }
  return pieces;
}

function maskBytes(masker: SecretMasker, pieces: Buffer[]): Buffer {
  return Buffer.concat([...pieces.map((piece) => Buffer.from(masker.push(piece))), masker.flush()]);
}

function mask(masker: SecretMasker, ...pieces: Buffer[]): string {
  return maskBytes(masker, pieces).toString();
}

describe('SecretMasker', () => {
  const patterns = new SecretPatterns(['hunter2-very-secret', 'abcdefabc']);

  it.each<[string, string]>([
    ['nothing here\n', 'nothing here\n'],
    ['password=hunter2-very-secret!', 'password=***!'],
    ['hunter2-very-secrethunter2-very-secret', '******'],
    ['hunter2-very-secre', 'hunter2-very-secre'],
    ['abcdefabcdefabc', '***'],
    ['abcdefabcabcdefabc', '******'],
    ['hunter2-very-abcdefabc', 'hunter2-very-***'],
    ['', ''],
  ])('%j becomes %j, wherever it is cut', (input, expected) => {
    const bytes = Buffer.from(input);
    for (let at = 0; at <= bytes.length; at++) {
      expect(mask(new SecretMasker(patterns), bytes.subarray(0, at), bytes.subarray(at))).toBe(expected);
    }
    expect(mask(new SecretMasker(patterns), ...[...bytes].map((byte) => Buffer.from([byte])))).toBe(expected);
  });

  it('holds back only what may be the beginning of a secret', () => {
    const masker = new SecretMasker(patterns);
    const push = (text: string) => masker.push(Buffer.from(text)).toString();
    expect(push('a whole line\n')).toBe('a whole line\n');
    expect(push('prompt> hunter2-very')).toBe('prompt> ');
    expect(masker.consumed).toBe(21);
    expect(push('-different')).toBe('hunter2-very-different');
    expect(push(' hunter2-very-secret')).toBe(' ***');
    expect(masker.consumed).toBe(63);
    expect(push('hunter2')).toBe('');
    expect(masker.flush().toString()).toBe('hunter2');
    expect(masker.consumed).toBe(70);
    expect(push('-very-secret')).toBe('-very-secret');
  });

  it('waits with a mask while an overlapping secret may make it longer', () => {
    const masker = new SecretMasker(patterns);
    expect(masker.push(Buffer.from('x abcdefabc')).toString()).toBe('x ');
    expect(masker.consumed).toBe(2);
    expect(masker.push(Buffer.from('def')).toString()).toBe('');
    expect(masker.push(Buffer.from('-')).toString()).toBe('***def-');
  });

  it('keeps bytes that are no text', () => {
    const bytes = Buffer.from([0xff, 0x00, 0xc3, 0x28, ...Buffer.from('abcdefabc'), 0xe2, 0x82]);
    const masker = new SecretMasker(patterns);
    const output = Buffer.concat([masker.push(bytes), masker.flush()]);
    expect(output).toEqual(Buffer.from([0xff, 0x00, 0xc3, 0x28, ...Buffer.from('***'), 0xe2, 0x82]));
  });

  it('does not keep the memory of a chunk', () => {
    const masker = new SecretMasker(patterns);
    const chunk = Buffer.from('hunter2-very-');
    masker.push(chunk);
    chunk.fill(0);
    expect(masker.flush().toString()).toBe('hunter2-very-');
  });

  it('gives the same buffer back when there is no secret', () => {
    const masker = new SecretMasker(new SecretPatterns([]));
    const chunk = Buffer.from('anything');
    expect(masker.push(chunk)).toBe(chunk);
    expect(masker.flush()).toHaveLength(0);
    expect(masker.consumed).toBe(8);
  });

  it('masks in chunks that are longer than a slice of its work', () => {
    const text = `${'x'.repeat(65_530)}hunter2-very-secret${'y'.repeat(200_000)}abcdefabc`;
    const masked = `${'x'.repeat(65_530)}***${'y'.repeat(200_000)}***`;
    expect(mask(new SecretMasker(patterns), Buffer.from(text)) === masked).toBe(true);
  });

  // Few different characters, so that secrets overlap, contain each other and begin again and again.
  it.each(Array.from({ length: 150 }, (_, seed) => seed))(
    'does what plain replacing does, however it is cut (%i)',
    (seed) => {
      const random = randomNumbers(seed);
      const alphabet = ['ab', 'abc', 'a"\n+ é'][seed % 3] ?? '';
      const secrets = Array.from({ length: 1 + random(4) }, () => randomText(random, alphabet, 6 + random(8)));
      const forms = formsOf(secrets);
      const text = Array.from({ length: 30 }, () =>
        random(3) > 0 || forms.length === 0
          ? randomText(random, alphabet, random(12))
          : (forms[random(forms.length)] ?? '').slice(random(3)),
      ).join('');
      const input = Buffer.from(text);
      const expected = maskPlainly(forms, text);
      const built = new SecretPatterns(secrets);

      expect(maskText(built, text)).toBe(expected);
      for (let round = 0; round < 3; round++) {
        expect(mask(new SecretMasker(built), ...cut(random, input))).toBe(expected);

        // A new masker takes over at `consumed` of an old one that was stopped somewhere.
        const first = new SecretMasker(built);
        const stopped = input.subarray(0, random(input.length + 1));
        const output = cut(random, stopped).map((piece) => Buffer.from(first.push(piece)));
        const rest = maskBytes(new SecretMasker(built), [input.subarray(first.consumed)]);
        expect(Buffer.concat([...output, rest]).toString()).toBe(expected);
      }
    },
  );
});

describe('SecretPatterns', () => {
  it('counts what is too short, and does not mask it', () => {
    const patterns = new SecretPatterns(['abc', 'abc', '', ' 12345 \n', 'long enough']);
    expect(patterns.tooShort).toBe(2);
    expect(maskText(patterns, 'abc 12345 long enough')).toBe('abc 12345 ***');
    expect(['abcde', ' abcde\n', 'abcdef'].map(isMaskable)).toEqual([false, false, true]);
  });

  it('does not show secrets when it is printed', () => {
    const patterns = new SecretPatterns(['hunter2-very-secret']);
    expect(JSON.stringify({ patterns, masker: new SecretMasker(patterns) })).toBe(
      '{"patterns":{"tooShort":0,"withoutEncodedForms":0},"masker":{}}',
    );
  });

  it('masks a megabyte of secrets at least as they are', () => {
    const random = randomNumbers(1);
    const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';
    const secrets = [50, 100_000, 120_000, 130_000].map((length) => randomText(random, alphabet, length));
    const patterns = new SecretPatterns(secrets);
    expect(patterns.withoutEncodedForms).toBeLessThan(4);
    expect(maskText(patterns, secrets.join(' '))).toBe('*** *** *** ***');
    expect(maskText(patterns, Buffer.from(secrets[0] ?? '').toString('base64'))).toBe('***');
  });
});

describe('maskText', () => {
  const multiline = '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n';
  const long = 'correct horse battery staple, and then some more words to make it longer than a line';

  it.each<[string, string, string, string]>([
    ['itself', 's3cr3t', 'x s3cr3t y', 'x *** y'],
    ['without the line break at its end', 's3cr3t\n', 'x s3cr3t y', 'x *** y'],
    ['in JSON', 'a"b\\c\nd e', '{"a":"a\\"b\\\\c\\nd e"}', '{"a":"***"}'],
    [
      'in JSON in JSON',
      'a"b\\cde',
      JSON.stringify({ a: JSON.stringify({ b: 'a"b\\cde' }) }),
      '{"a":"{\\"b\\":\\"***\\"}"}',
    ],
    ['as jsonencode writes it', 'a<b>&c-d', '"a\\u003cb\\u003e\\u0026c-d"', '"***"'],
    ['in ASCII JSON', 'pässwörd', '"p\\u00e4ssw\\u00f6rd"', '"***"'],
    ['as an HCL string', 'a"b${c}\n%{d}', 'x = "a\\"b$${c}\\n%%{d}"', 'x = "***"'],
    ['in an HCL heredoc', 'abc${d}e', 'abc$${d}e', '***'],
    [
      'in a URL',
      'p@ss w/rd',
      'https://u:p%40ss%20w%2Frd@h/?q=p%40ss+w%2Frd&r=p%40ss%20w%2frd',
      'https://u:***@h/?q=***&r=***',
    ],
    ['as user information of a URL', 'a$b&c=d@e', 'https://u:a$b&c=d%40e@h', 'https://u:***@h'],
    ['strictly escaped in a URL', "it's(me)!", 'it%27s%28me%29%21', '***'],
    ['in HTML', `a<b>&"c'`, `a&lt;b&gt;&amp;&#34;c&#39; a&lt;b&gt;&amp;&quot;c&#x27;`, '*** ***'],
    ['in base64', 's3cr3t-value', Buffer.from('s3cr3t-value').toString('base64'), '***'],
    ['in base64 with padding', 's3cr3t-value!', `${Buffer.from('s3cr3t-value!').toString('base64')};`, '***;'],
    ['in base64 that is wrapped', long, Buffer.from(long).toString('base64').replace(/.{76}/g, '$&\n'), '***\n***'],
    ['several lines in a terminal', 'ab\ncd\nef', 'ab\r\ncd\r\nef', '***'],
    [
      'lines that are indented',
      multiline,
      multiline.replace(/^/gm, '    '),
      '    -----BEGIN PRIVATE KEY-----\n    ***\n    ***\n    -----END PRIVATE KEY-----\n    ',
    ],
    ['as a whole when it has several lines', multiline, `<${multiline}>`, '<***\n>'],
  ])('%s', (_name, secret, text, expected) => {
    expect(maskText(new SecretPatterns([secret]), text)).toBe(expected);
  });

  it.each([0, 1, 2, 3, 4, 5])('finds a secret inside of longer base64 text, %i bytes after its beginning', (offset) => {
    const secret = 'very/secret?value~~';
    const patterns = new SecretPatterns([secret]);
    for (const after of ['', '!', '!!', '!!!']) {
      for (const encoding of ['base64', 'base64url'] as const) {
        const masked = maskText(patterns, Buffer.from('u'.repeat(offset) + secret + after).toString(encoding));
        const [front = '', back = ''] = masked.split('***');
        expect(masked).toContain('***');
        // At most the characters that hold a part of the secret and a part of something else are left.
        expect(front.length).toBeLessThanOrEqual(Math.ceil((offset * 8) / 6));
        expect(back.length).toBeLessThanOrEqual(Math.ceil((after.length * 8) / 6) + 3);
      }
    }
  });

  it('returns the same text when there is nothing to mask', () => {
    const lone = 'lone \ud800 surrogate';
    expect(maskText(new SecretPatterns(['s3cr3t']), lone)).toBe(lone);
    expect(maskText(new SecretPatterns([]), 's3cr3t')).toBe('s3cr3t');
  });

  it('takes a secret that is not well formed Unicode', () => {
    expect(maskText(new SecretPatterns(['secret\ud800']), 'a secret\ufffd')).toBe('a ***');
  });
});
