import { describeJsonError, describeParserError } from './parser-messages';

describe('messages of the parser', () => {
  it.each([
    [
      'parse config: [module.tf:2,10-3,1: Invalid expression; Expected one.]',
      'line 2: Invalid expression; Expected one.',
    ],
    [
      'parse config: [module.tf:7,1-2: Invalid character; Not used. module.tf:1,2-3: Invalid block; No.]',
      'line 7: Invalid character; Not used.',
    ],
    [
      'convert to HCL: convert file: convert body: convert block: invalid HCL detected for "a" block',
      'invalid HCL detected for "a" block',
    ],
    ['anything else', 'anything else'],
  ])('%j is told as %j', (message, told) => {
    expect(describeParserError(message)).toBe(told);
  });

  it('of JSON tell the line when V8 tells the place, and do not quote the file', () => {
    const text = '{\n "a": "secret"\n "b": 1}';
    const error = catchError(() => JSON.parse(text));
    expect(describeJsonError(error, text)).toBe('line 3: is not valid JSON');
    const quoting = '{"password": secret}';
    expect(
      describeJsonError(
        catchError(() => JSON.parse(quoting)),
        quoting,
      ),
    ).toMatch(/^(line 1: )?is not valid JSON$/);
  });
});

function catchError(action: () => void): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
