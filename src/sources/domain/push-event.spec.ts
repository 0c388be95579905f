import { mayBringTags, parsePushEvent } from './push-event';

describe('push events', () => {
  it.each<[string, boolean, unknown]>([
    ['GitHub, GitLab or Gitea: a tag', true, { ref: 'refs/tags/v1.0.0', before: '0', after: '1' }],
    ['GitHub, GitLab or Gitea: a branch', false, { ref: 'refs/heads/main' }],
    ['GitHub: a created tag', true, { ref: 'v1.0.0', ref_type: 'tag' }],
    ['Bitbucket: a tag', true, { push: { changes: [{ new: { type: 'tag', name: 'v1.0.0' }, old: null }] } }],
    ['Bitbucket: a branch', false, { push: { changes: [{ new: { type: 'branch', name: 'main' } }] } }],
    [
      'Bitbucket: a branch and a tag',
      true,
      { push: { changes: [{ new: { type: 'branch' } }, { new: { type: 'tag' } }] } },
    ],
    ['Bitbucket: a deleted branch', false, { push: { changes: [{ new: null, old: { type: 'branch' } }] } }],
    ['a ping', true, { zen: 'Keep it logically awesome.' }],
    ['something odd', true, { push: { changes: [null] } }],
    ['nothing', true, null],
    ['text', true, 'push'],
  ])('%s: %s', (_what, expected, payload) => {
    expect(mayBringTags(payload)).toBe(expected);
  });

  it('are read from JSON and from forms', () => {
    expect(parsePushEvent('{"ref":"refs/tags/v1"}')).toEqual({ ref: 'refs/tags/v1' });
    expect(parsePushEvent(`payload=${encodeURIComponent('{"ref":"refs/heads/a b"}')}`)).toEqual({
      ref: 'refs/heads/a b',
    });
    expect(parsePushEvent('payload=%%%')).toBeNull();
    expect(parsePushEvent('<xml/>')).toBeNull();
    expect(parsePushEvent('')).toBeNull();
  });
});
