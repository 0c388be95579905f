import { hashKey, isKeyFormat, keyPrefix, makeKey } from './key-format';

describe('API keys', () => {
  it('are plm_ and 40 or more characters of base62, never twice the same', () => {
    const keys = Array.from({ length: 500 }, makeKey);
    expect(keys.every((key) => /^plm_[0-9A-Za-z]{43}$/.test(key) && isKeyFormat(key))).toBe(true);
    expect(new Set(keys).size).toBe(500);
  });

  it.each([
    '',
    'plm_',
    `plm_${'a'.repeat(39)}`,
    `plm_${'a'.repeat(40)}!`,
    `PLM_${'a'.repeat(43)}`,
    `plm_${'a'.repeat(201)}`,
  ])('are not like %p', (text) => {
    expect(isKeyFormat(text)).toBe(false);
  });

  it('are known by hash and prefix alone', () => {
    const key = makeKey();
    expect(hashKey(key)).toMatch(/^[0-9a-f]{64}$/);
    expect(key.startsWith(keyPrefix(key))).toBe(true);
    expect(keyPrefix(key)).toHaveLength(12);
  });
});
