import { HELP, parseCommandLine } from './command-line';
import { GO_COMMANDS, RUNNER_COMMANDS } from './protocol/runner-protocol';

describe('parseCommandLine', () => {
  it.each([
    [[], { action: 'run', stream: false, additionalTools: [] }],
    [['--stream'], { action: 'run', stream: true, additionalTools: [] }],
    [['--tools', 'go'], { action: 'run', stream: false, additionalTools: ['go'] }],
    [['--tools=go'], { action: 'run', stream: false, additionalTools: ['go'] }],
    [['--tools', 'go', '--stream'], { action: 'run', stream: true, additionalTools: ['go'] }],
    [['--stream', '--tools', 'go,go', '--tools', 'go'], { action: 'run', stream: true, additionalTools: ['go'] }],
    [['--help'], { action: 'help' }],
    [['--stream', '-h'], { action: 'help' }],
    [['--version'], { action: 'version' }],
    [['--tools', 'go', '--version'], { action: 'version' }],
    [['--serve'], { action: 'serve' }],
  ])('%j', (args, choice) => {
    expect(parseCommandLine(args)).toEqual(choice);
  });

  it.each(['--verbose', 'plan', '-', ''])('refuses %j', (argument) => {
    expect(parseCommandLine([argument])).toMatchObject({ action: 'refuse' });
  });

  it.each([
    [['--tools', 'rust'], '"rust" is not an additional tool of iac-runner: --tools takes'],
    [['--tools', 'terraform'], '"terraform" is not an additional tool'],
    [['--tools', 'go,bash'], '"bash" is not an additional tool'],
    [['--tools', 'go, go'], '" go" is not an additional tool'],
    [['--tools', '--stream'], '"--stream" is not an additional tool'],
    [['--tools=Go'], '"Go" is not an additional tool'],
    [['--tools'], '--tools takes additional tools with commas between; there is only go'],
    [['--tools='], '--tools takes additional tools with commas between; there is only go'],
    [['--tools', 'go,'], '--tools takes additional tools with commas between; there is only go'],
    [['--toolsgo'], '--toolsgo is not an option'],
    [['--serve', '--serve'], '--serve goes with no other option'],
    [['--stream', '--serve'], '--serve goes with no other option'],
    [['--serve', '--tools', 'go'], '--serve goes with no other option'],
  ])('refuses %j', (args, message) => {
    expect(parseCommandLine(args)).toEqual({ action: 'refuse', message: expect.stringContaining(message) as string });
  });

  it('has help that names every option and every command', () => {
    for (const option of ['--stream', '--tools', '--help', '--version', '--serve']) expect(HELP).toContain(option);
    for (const command of [...RUNNER_COMMANDS, ...GO_COMMANDS]) expect(HELP).toContain(command);
  });
});
