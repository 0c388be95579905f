import { randomBytes } from 'node:crypto';
import { SecretBox, SecretUnreadableError } from './secret-box';

describe('SecretBox', () => {
  const box = new SecretBox(randomBytes(32));

  it.each(['', 'hunter2', 'ñ🔑\n\0', 'x'.repeat(100_000)])('gives back what it was given', (text) => {
    expect(box.open(box.seal(text, 'a'), 'a')).toBe(text);
  });

  it('never seals the same text the same way', () => {
    expect(box.seal('hunter2', 'a')).not.toBe(box.seal('hunter2', 'a'));
  });

  it('refuses another key, another context, and every flipped byte', () => {
    const sealed = box.seal('hunter2', 'a');
    expect(() => new SecretBox(randomBytes(32)).open(sealed, 'a')).toThrow(SecretUnreadableError);
    expect(() => box.open(sealed, 'b')).toThrow(SecretUnreadableError);
    const bytes = Buffer.from(sealed.slice(3), 'base64');
    for (let place = 0; place < bytes.length; place++) {
      const damaged = Buffer.from(bytes);
      damaged[place]! ^= 1;
      expect(() => box.open(`v1.${damaged.toString('base64')}`, 'a')).toThrow(SecretUnreadableError);
    }
    expect(() => box.open('nonsense', 'a')).toThrow(SecretUnreadableError);
  });
});
