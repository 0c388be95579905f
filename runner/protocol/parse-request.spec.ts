import { parseRunnerRequest, RunnerRequestError } from './parse-request';

const SEED = {
  tool: 'terraform',
  work_dir: '/work',
  command: 'init',
  args: ['additional', 'arguments'],
  env_vars: { TF_VAR_name: 'value', AWS_REGION: 'us-east-1' },
  timeout: 30,
};

const parse = (change: Record<string, unknown>) => parseRunnerRequest(JSON.stringify({ ...SEED, ...change }));

describe('parseRunnerRequest', () => {
  it('fills in the defaults', () => {
    expect(parseRunnerRequest('{"tool":"tofu","work_dir":"/w","command":"plan"}')).toEqual({
      tool: 'tofu',
      work_dir: '/w',
      command: 'plan',
      args: [],
      env_vars: {},
      timeout: 30,
      tty: true,
      columns: 160,
      max_output_bytes: 10_485_760,
      grace_seconds: 30,
    });
  });

  it('takes every field', () => {
    const optional = {
      tool_version: '1.11.4-rc1',
      tty: false,
      columns: 80,
      max_output_bytes: 0,
      grace_seconds: 0.5,
      log_file: '/l/log',
    };
    expect(parse(optional)).toEqual({ ...SEED, ...optional });
  });

  it('takes a fraction of a minute, and a whole day', () => {
    expect(parse({ timeout: 0.001 }).timeout).toBe(0.001);
    expect(parse({ timeout: 1440 }).timeout).toBe(1440);
  });

  it('takes the name of a token for a host with a port', () => {
    const env_vars = { 'TF_TOKEN_registry.example-1.test:8443': 't' };
    expect(parse({ env_vars }).env_vars).toEqual(env_vars);
  });

  it('keeps a variable called __proto__ a variable', () => {
    const { env_vars } = parseRunnerRequest(
      '{"tool":"tofu","work_dir":"/w","command":"plan","env_vars":{"__proto__":"x"}}',
    );
    expect(Object.keys(env_vars)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(env_vars)).toBe(Object.prototype);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['an unknown field', { log_flie: '/l' }, /"log_flie" is not a field of a request. The fields are tool, .*log_file/],
    ['no tool', { tool: undefined }, /^tool must be one of terraform, tofu; it is missing$/],
    ['a tool of another type', { tool: ['terraform'] }, /it is an array/],
    ['another command', { command: 'fmt' }, /^command must be one of init, .*force-unlock for terraform; it is "fmt"$/],
    ['a property of Object as command', { command: 'constructor' }, /command/],
    ['a relative path', { work_dir: 'w' }, /work_dir must be an absolute path/],
    ['NUL in a path', { work_dir: '/w\0' }, /work_dir must not contain a NUL/],
    ['a relative log file', { log_file: 'l' }, /log_file must be an absolute path/],
    ['args that are a string', { args: '-x' }, /args must be an array of strings/],
    ['args with a number', { args: ['a', 1] }, /args\[1\] must be a string; it is 1/],
    ['an argument that is too long', { args: ['x'.repeat(131_072)] }, /args\[0\] is longer/],
    ['env_vars that are an array', { env_vars: [] }, /env_vars must be an object/],
    ['a value that is a number', { env_vars: { A: 1 } }, /env_vars.A must be a string/],
    ['a name with =', { env_vars: { 'A=B': '' } }, /"A=B" cannot be the name/],
    ['an empty name', { env_vars: { '': '' } }, /"" cannot be the name/],
    ['a function of bash', { env_vars: { 'BASH_FUNC_x%%': '() { :; }' } }, /cannot be the name/],
    ['NUL in a value', { env_vars: { A: 'x\0' } }, /env_vars.A must not contain a NUL/],
    ['a value that is too long', { env_vars: { A: 'x'.repeat(131_070) } }, /env_vars.A is larger .*128 KiB/],
    ['too much altogether', { args: Array.from({ length: 16 }, () => 'x'.repeat(100_000)) }, /together larger/],
    ['a timeout of 0', { timeout: 0 }, /timeout must be a number of minutes above 0 and at most 1440; it is 0/],
    ['a negative timeout', { timeout: -1 }, /timeout/],
    ['a timeout as text', { timeout: '30' }, /timeout/],
    ['a timeout of null', { timeout: null }, /timeout .*it is null/],
    ['more than a day', { timeout: 1440.1 }, /timeout/],
    ['a version with v', { tool_version: 'v1.2.3' }, /tool_version must be an exact version/],
    ['a range of versions', { tool_version: '~> 1.2' }, /tool_version/],
    ['a path as version', { tool_version: '../1.2.3' }, /tool_version/],
    ['half a column', { columns: 80.5 }, /columns must be a whole number from 20 to 1000/],
    ['tty as text', { tty: 'false' }, /tty must be true or false/],
    ['more output than an answer can hold', { max_output_bytes: 67_108_865 }, /max_output_bytes/],
    ['a grace period of more than an hour', { grace_seconds: 3601 }, /grace_seconds/],
  ])('refuses %s', (_what, change, message) => {
    expect(() => parse(change)).toThrow(RunnerRequestError);
    expect(() => parse(change)).toThrow(message);
  });

  it('takes a value of exactly the largest size', () => {
    expect(parse({ env_vars: { A: 'x'.repeat(131_069) } }).env_vars.A).toHaveLength(131_069);
  });

  it.each([
    ['', /empty/],
    [' \n', /empty/],
    ['{', /not JSON/],
    ['[]', /one JSON object/],
    ['null', /one JSON object/],
    ['"x"', /one JSON object/],
  ])('refuses the text %j', (text, message) => {
    expect(() => parseRunnerRequest(text)).toThrow(message);
  });

  describe('tool go', () => {
    const GO = { tool: 'go', work_dir: '/w', command: 'build' };
    const parseGo = (change: Record<string, unknown>) =>
      parseRunnerRequest(JSON.stringify({ ...GO, ...change }), ['go']);

    it.each(['build', 'version', 'mod'])('takes %s where go was allowed', (command) => {
      expect(parseGo({ command, args: ['-o', '/o'] })).toMatchObject({ tool: 'go', command, args: ['-o', '/o'] });
    });

    it('is refused where it was not', () => {
      expect(() => parseRunnerRequest(JSON.stringify(GO))).toThrow(
        new RunnerRequestError('tool go is accepted only when iac-runner is started with --tools go'),
      );
    });

    it('comes on top: terraform is taken as before', () => {
      expect(parseRunnerRequest(JSON.stringify(SEED), ['go'])).toMatchObject(SEED);
    });

    it.each<[string, Record<string, unknown>, string]>([
      ['run', { command: 'run' }, 'command must be one of build, version, mod for go; it is "run"'],
      ['apply', { command: 'apply' }, 'command must be one of build, version, mod for go; it is "apply"'],
      ['no command', { command: undefined }, 'command must be one of build, version, mod for go; it is missing'],
      [
        'a version',
        { tool_version: '1.22.0' },
        'tool_version cannot be chosen for go: the version is the one the runner has',
      ],
      ['another tool', { tool: 'gofmt' }, 'tool must be one of terraform, tofu, go; it is "gofmt"'],
    ])('refuses %s', (_what, change, message) => {
      expect(() => parseGo(change)).toThrow(new RunnerRequestError(message));
    });

    it.each(['build', 'mod'])('does not lend its command %s to the other tools', (command) => {
      for (const tool of ['terraform', 'tofu']) {
        expect(() => parseGo({ tool, command })).toThrow(
          new RegExp(`^command must be one of init, .*force-unlock for ${tool}; it is "${command}"$`),
        );
      }
    });
  });

  it('never shows a value in a message', () => {
    const secret = 'hunter2-hunter2';
    for (const env_vars of [{ A: `${secret}\0` }, { A: [secret] }, { 'B=': secret }, { A: secret.repeat(20_000) }]) {
      expect(() => parse({ env_vars })).toThrow(
        expect.not.objectContaining({ message: expect.stringContaining(secret) }) as Error,
      );
    }
  });
});
