import type { StoredVariable } from './variable';
import { assertKeptAreThere, changesBetween } from './variable-changes';

const stored = (key: string, fields: Partial<StoredVariable> = {}): StoredVariable => ({
  id: `id-${key}`,
  key,
  category: 'env',
  value: 'v',
  parsed: null,
  sensitive: false,
  hcl: false,
  position: 0,
  ...fields,
});

describe('changes of a list', () => {
  it('are told by name', () => {
    const before = [
      stored('same'),
      stored('other'),
      stored('gone'),
      stored('kept', { sensitive: true, value: 'v1.x' }),
    ];
    const after = [
      stored('same', { id: 'new', position: 4 }),
      stored('other', { value: 'w' }),
      stored('kept', { sensitive: true, value: 'v1.x' }),
      stored('same', { category: 'terraform' }),
    ];
    expect(changesBetween(before, after)).toEqual({
      added: ['terraform.same'],
      changed: ['env.other'],
      removed: ['env.gone'],
    });
  });
});

describe('a list that keeps a stored value', () => {
  const before = [stored('a'), stored('b')];
  const keepsA = [stored('a', { position: 3 }), stored('b', { id: 'new' }), stored('c')];

  it('is stored while that is still there', () => {
    expect(() => assertKeptAreThere(before, [stored('a')], keepsA)).not.toThrow();
  });

  it('is refused when that was replaced or removed meanwhile', () => {
    for (const now of [[stored('a', { id: 'newer' })], []]) {
      expect(() => assertKeptAreThere(before, now, keepsA)).toThrow(
        expect.objectContaining({ kind: 'conflict', code: 'variables-changed' }),
      );
    }
  });
});
