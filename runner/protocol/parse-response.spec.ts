import { parseRunnerResponse, RunnerProtocolError } from './parse-response';

const GOOD = {
  success: true,
  output: 'Apply complete!\n',
  exit_code: 0,
  error_msg: '',
  started_at: '2025-12-16T10:00:00Z',
  ended_at: '2025-12-16T10:05:00.123Z',
};
const BAD = { ...GOOD, success: false, exit_code: 1, error_msg: 'terraform plan exited with status 1' };

describe('parseRunnerResponse', () => {
  it.each([
    ['a success', GOOD],
    ['a failure', BAD],
    ['a tool that never started', { ...BAD, exit_code: null }],
    [
      'everything',
      { ...BAD, exit_code: 137, output_truncated: true, timed_out: true, cancelled: false, signal: 'SIGKILL' },
    ],
  ])('takes %s', (_what, response) => {
    expect(parseRunnerResponse(`${JSON.stringify(response)}\n`)).toEqual(response);
    expect(parseRunnerResponse(JSON.stringify(response))).toEqual(response);
  });

  it('takes a success that leaves out the empty error_msg', () => {
    expect(parseRunnerResponse(JSON.stringify({ ...GOOD, error_msg: undefined }))).toEqual(GOOD);
  });

  it('takes only the fields it knows', () => {
    const line = JSON.stringify(GOOD).replace('{', '{"later":1,"__proto__":{"cancelled":true},');
    const response = parseRunnerResponse(line);
    expect(response).toEqual(GOOD);
    expect(response.cancelled).toBeUndefined();
  });

  it.each<[string, string]>([
    ['', 'there is no answer'],
    ['\n', 'there is no answer'],
    ['<html></html>', 'the answer is not JSON'],
    [JSON.stringify(GOOD).slice(0, -1), 'the answer is not JSON'],
    [`${JSON.stringify(GOOD)}\n${JSON.stringify(GOOD)}\n`, 'the answer is more than one line'],
    [`warning\n${JSON.stringify(GOOD)}\n`, 'the answer is more than one line'],
    [`${JSON.stringify(GOOD)}${JSON.stringify(GOOD)}`, 'the answer is not JSON'],
    ['[]', 'the answer is not a JSON object'],
    ['null', 'the answer is not a JSON object'],
    ['{}', 'success is missing'],
  ])('refuses %j', (text, reason) => {
    expect(() => parseRunnerResponse(text)).toThrow(new RunnerProtocolError(reason));
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['success beside exit code 3', { ...GOOD, exit_code: 3 }, 'success and exit_code contradict each other'],
    ['success without an exit code', { ...GOOD, exit_code: null }, 'success and exit_code contradict each other'],
    ['failure beside exit code 0', { ...BAD, exit_code: 0 }, 'success and exit_code contradict each other'],
    ['failure without a reason', { ...BAD, error_msg: undefined }, 'a failure without error_msg'],
    ['no output', { ...GOOD, output: undefined }, 'output is missing'],
    ['output that is null', { ...GOOD, output: null }, 'output has the wrong type or form'],
    ['success as text', { ...GOOD, success: 'true' }, 'success has the wrong type or form'],
    ['an exit code as text', { ...GOOD, exit_code: '0' }, 'exit_code has the wrong type or form'],
    ['a negative exit code', { ...BAD, exit_code: -1 }, 'exit_code has the wrong type or form'],
    ['an exit code of 256', { ...BAD, exit_code: 256 }, 'exit_code has the wrong type or form'],
    ['a local time', { ...GOOD, started_at: '2025-12-16T10:00:00+02:00' }, 'started_at has the wrong type or form'],
    ['no time at all', { ...GOOD, ended_at: 'soon' }, 'ended_at has the wrong type or form'],
    ['a month 13', { ...GOOD, ended_at: '2025-13-16T10:00:00Z' }, 'ended_at has the wrong type or form'],
    ['a flag as number', { ...BAD, cancelled: 1 }, 'cancelled has the wrong type or form'],
    ['a signal as number', { ...BAD, signal: 9 }, 'signal has the wrong type or form'],
  ])('refuses %s', (_what, response, reason) => {
    expect(() => parseRunnerResponse(JSON.stringify(response))).toThrow(new RunnerProtocolError(reason));
  });
});
