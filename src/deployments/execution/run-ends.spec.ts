import { cancelMessage } from './run-ends';

describe('cancelMessage', () => {
  it.each([
    [false, 'stopped', 'Cancelled by ana.'],
    [true, 'never begun', 'nothing was applied'],
    [true, 'stopped', 'what was applied before is in the state'],
    [true, 'killed', 'may be missing from the state'],
  ] as const)('apply: %s, %s', (isApply, how, part) => {
    expect(cancelMessage('ana', isApply, how)).toContain(part);
    expect(cancelMessage('ana', isApply, how).startsWith('Cancelled by ana')).toBe(true);
  });
});
