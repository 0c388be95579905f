import { ProblemList } from './problem-list';

describe('problems', () => {
  it('are one line each, without control characters, and not longer than 500 characters', () => {
    const problems = new ProblemList();
    problems.add('evil\n\u001b[31m.tf', 'first\r\nsecond \u202e\ud800');
    problems.add('long.tf', 'x'.repeat(10_000));
    const [first, second] = problems.toArray();
    expect(first).toBe('evil [31m.tf: first second');
    expect(second).toHaveLength(501);
  });

  it('are 200 at most; the rest is counted', () => {
    const problems = new ProblemList();
    for (let i = 0; i < 250; i++) problems.add(`${i}.tf`, 'bad');
    expect(problems.toArray()).toHaveLength(201);
    expect(problems.toArray().at(-1)).toBe('… and 50 more problems');
  });
});
