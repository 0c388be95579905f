import { type CallEnd, neverStarted, toResponse } from './outcome';

const END: CallEnd = {
  tool: 'terraform',
  command: 'apply',
  exit: { code: 0, signal: null },
  output: { text: 'out', isTruncated: false },
  startedAt: new Date('2025-12-16T10:00:00Z'),
  endedAt: new Date('2025-12-16T10:05:00Z'),
  timeoutMinutes: 30,
  stopCause: undefined,
  wasKilled: false,
};
const failed = { code: 1, signal: null };

describe('toResponse', () => {
  it('is the seed’s response for a tool that ended well', () => {
    expect(toResponse(END)).toEqual({
      success: true,
      output: 'out',
      exit_code: 0,
      error_msg: '',
      started_at: '2025-12-16T10:00:00.000Z',
      ended_at: '2025-12-16T10:05:00.000Z',
    });
  });

  it.each<[string, Partial<CallEnd>, string]>([
    ['a status', { exit: failed }, 'terraform apply exited with status 1'],
    [
      'a status and stderr',
      { exit: failed, output: { text: '', isTruncated: false, stderrEnd: ' why\n' } },
      'terraform apply exited with status 1: why',
    ],
    ['a signal', { exit: { code: null, signal: 'SIGSEGV' } }, 'terraform apply was killed by SIGSEGV'],
    ['a timeout', { exit: failed, stopCause: 'timeout' }, 'terraform apply timed out after 30 minutes'],
    [
      'a short timeout',
      { exit: failed, stopCause: 'timeout', timeoutMinutes: 0.05 },
      'terraform apply timed out after 3 seconds',
    ],
    [
      'a timeout of one',
      { exit: failed, stopCause: 'timeout', timeoutMinutes: 1 },
      'terraform apply timed out after 1 minute',
    ],
    ['a cancel', { exit: failed, stopCause: 'cancel' }, 'terraform apply was cancelled'],
  ])('has a sentence for %s', (_what, end, message) => {
    expect(toResponse({ ...END, ...end })).toMatchObject({ success: false, error_msg: message });
  });

  it('warns when the tool had to be killed', () => {
    const end: CallEnd = { ...END, exit: { code: null, signal: 'SIGKILL' }, stopCause: 'timeout', wasKilled: true };
    expect(toResponse(end)).toMatchObject({ exit_code: 137, signal: 'SIGKILL', timed_out: true });
    expect(toResponse(end).error_msg).toMatch(/timed out after 30 minutes; .* was killed, .* may be unsaved/);
  });

  it('is a success when a tool that was told to stop still did its work', () => {
    const response = toResponse({ ...END, stopCause: 'cancel' });
    expect(response).toMatchObject({ success: true, cancelled: true });
    expect(response.error_msg).toBe('');
  });
});

describe('neverStarted', () => {
  it('has no exit code', () => {
    expect(neverStarted('why', END.startedAt, true)).toMatchObject({
      ...{ success: false, output: '', exit_code: null, error_msg: 'why', cancelled: true },
    });
  });
});
