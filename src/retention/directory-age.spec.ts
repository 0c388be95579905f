import { FoundDirectory, mayRemove } from './directory-age';

const name = '7b0c5bd2-9a3b-4e51-8d6e-0f3d4c1b2a90';
const limit = new Date('2026-01-02T00:00:00Z');
const before = new Date('2026-01-01T00:00:00Z');
const after = new Date('2026-01-03T00:00:00Z');

describe('mayRemove', () => {
  it.each<[string, boolean, FoundDirectory]>([
    [
      'a run that ended before',
      true,
      { name, modifiedAt: after, run: { isFinal: true, completedAt: before.toISOString() } },
    ],
    [
      'a run that ended after',
      false,
      { name, modifiedAt: before, run: { isFinal: true, completedAt: after.toISOString() } },
    ],
    ['an active run', false, { name, modifiedAt: before, run: { isFinal: false, completedAt: null } }],
    ['an old directory of no run', true, { name, modifiedAt: before, run: null }],
    ['a young directory of no run', false, { name, modifiedAt: after, run: null }],
    ['something that is not named like a run', false, { name: 'lost+found', modifiedAt: before, run: null }],
    ['the spare runners', false, { name: '.runners', modifiedAt: before, run: null }],
  ])('%s: %s', (_what, expected, directory) => {
    expect(mayRemove(directory, limit)).toBe(expected);
  });
});
