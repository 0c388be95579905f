import { backendProblem, clashesWithOverride, isCommittedState, overrideFileName } from './managed-backend';

describe('the backend that init settled on', () => {
  it.each<[string, unknown]>([
    ['http with nothing in it', { backend: { type: 'http', config: { address: null, username: null } } }],
    ['http without any configuration', { backend: { type: 'http', config: {} } }],
  ])('is ours: %s', (_what, recorded) => expect(backendProblem(recorded)).toBeNull());

  it.each<[string, unknown, RegExp]>([
    ['none', null, /no backend/],
    ['nonsense', 'x', /no backend/],
    ['an old file', { version: 3 }, /no backend/],
    ['another one', { backend: { type: 's3', config: {} } }, /"s3"/],
    ['http of somebody else', { backend: { type: 'http', config: { address: 'https://evil.example' } } }, /"address"/],
    ['http without a lock', { backend: { type: 'http', config: { lock_address: '' } } }, /"lock_address"/],
  ])('is not ours: %s', (_what, recorded, problem) => expect(backendProblem(recorded)).toMatch(problem));
});

it('files are told by their names', () => {
  expect(overrideFileName('terraform')).toBe('~platform_override.tf');
  expect(overrideFileName('tofu')).toBe('~platform_override.tofu');
  for (const name of ['~platform_override.tf', '~platform_override.tofu', '~platform_override.tf.json']) {
    expect(clashesWithOverride(name)).toBe(true);
  }
  expect(clashesWithOverride('platform_override.tf')).toBe(false);
  for (const name of ['terraform.tfstate', 'terraform.tfstate.backup', 'terraform.tfstate.d', 'errored.tfstate']) {
    expect(isCommittedState(name)).toBe(true);
  }
  expect(isCommittedState('prod.tfstate')).toBe(false);
});
