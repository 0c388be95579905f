import { describeHolder, parseLockInfo, plainOperation } from './lock-info';

describe('lock info', () => {
  it('is read as the tool sends it', () => {
    const info = {
      ID: 'x',
      Operation: 'OperationTypeApply',
      Info: '',
      Who: 'me@host',
      Version: '1.11.4',
      Created: 'now',
      Path: '',
    };
    expect(parseLockInfo(JSON.stringify(info))).toEqual(info);
    expect(parseLockInfo('{"ID":"x"}')).toMatchObject({ ID: 'x', Operation: '', Who: '' });
    expect(parseLockInfo(JSON.stringify({ ID: 'y'.repeat(5000) }))?.ID).toHaveLength(1024);
  });

  it.each(['', 'null', '[]', '"x"', '{'])('of %j is none', (text) => expect(parseLockInfo(text)).toBeNull());

  it('names its holder', () => {
    const since = '2026-11-27T14:02:33.000Z';
    const run = { runId: '7f3c9d1e-0000-4000-8000-000000000000', operation: 'apply', who: 'alice (plm_abcd)', since };
    expect(describeHolder(run)).toBe('run 7f3c9d1e (apply by alice (plm_abcd)) since 14:02 UTC');
    expect(describeHolder({ ...run, runId: null })).toBe('alice (plm_abcd) (apply) since 14:02 UTC');
  });

  it.each([
    ['OperationTypeApply', 'apply'],
    ['OperationTypeRefresh', 'refresh'],
    ['', 'unknown operation'],
    ['custom', 'custom'],
  ])('%s is %s', (operation, plain) => expect(plainOperation(operation)).toBe(plain));
});
