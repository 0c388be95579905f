import { HELP, parseCommandLine } from './command-line';
import { RUNNER_COMMANDS } from './protocol/runner-protocol';

describe('parseCommandLine', () => {
  it.each([
    [[], { action: 'run', stream: false }],
    [['--stream'], { action: 'run', stream: true }],
    [['--help'], { action: 'help' }],
    [['--stream', '-h'], { action: 'help' }],
    [['--version'], { action: 'version' }],
  ])('%j', (args, choice) => {
    expect(parseCommandLine(args)).toEqual(choice);
  });

  it.each(['--verbose', 'plan', '-', ''])('refuses %j', (argument) => {
    expect(parseCommandLine([argument])).toMatchObject({ action: 'refuse' });
  });

  it('has help that names every command', () => {
    for (const command of RUNNER_COMMANDS) expect(HELP).toContain(command);
  });
});
