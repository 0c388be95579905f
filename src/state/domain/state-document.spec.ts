import { emptied, NotAStateError, readState, withSerial } from './state-document';

const STATE = JSON.stringify({
  version: 4,
  terraform_version: '1.11.4',
  serial: 3,
  lineage: 'b1c1',
  outputs: {
    plain: { value: 'x', type: 'string' },
    secret: { value: ['y'], type: ['list', 'string'], sensitive: true },
  },
  resources: [
    { mode: 'managed', type: 'terraform_data', name: 'a', instances: [{}, {}] },
    { mode: 'data', type: 'external', name: 'b', instances: [{}] },
    { mode: 'managed', type: 'x', name: 'c', instances: [] },
  ],
});

describe('readState', () => {
  it('reads what the platform must know', () => {
    expect(readState(STATE)).toEqual({
      serial: 3,
      lineage: 'b1c1',
      resourceCount: 2,
      outputs: {
        plain: { value: 'x', type: 'string', sensitive: false },
        secret: { value: ['y'], type: ['list', 'string'], sensitive: true },
      },
    });
  });

  it('sees serial and lineage alone of one that tofu has encrypted', () => {
    const text = JSON.stringify({ serial: 2, lineage: 'l', meta: {}, encrypted_data: 'x', encryption_version: 'v0' });
    expect(readState(text)).toEqual({ serial: 2, lineage: 'l', resourceCount: null, outputs: null });
  });

  it.each([
    '',
    '{',
    '[]',
    'null',
    '"x"',
    '{}',
    '{"version":4}',
    '{"version":3,"serial":1}',
    '{"version":4,"serial":-1}',
    '{"version":4,"serial":1.5}',
    '{"version":4,"serial":9007199254740991}',
    '{"version":4,"serial":"1"}',
    '{"version":4,"serial":1,"lineage":1}',
  ])('refuses %s', (text) => expect(() => readState(text)).toThrow(NotAStateError));

  it('takes odd parts for empty ones', () => {
    expect(readState('{"version":4,"serial":1,"resources":{},"outputs":[]}')).toEqual({
      serial: 1,
      lineage: '',
      resourceCount: 0,
      outputs: {},
    });
  });
});

it.each([
  [STATE, STATE.replace('"serial":3', '"serial":9')],
  [
    '{ "version": 4,\n  "serial" : 3,\n "x": 12345678901234567890 }',
    '{ "version": 4,\n  "serial" : 9,\n "x": 12345678901234567890 }',
  ],
  [
    '{"a":{"serial":1},"b":["serial"],"c":"serial","d":"\\"serial\\":5","serial":3}',
    '{"a":{"serial":1},"b":["serial"],"c":"serial","d":"\\"serial\\":5","serial":9}',
  ],
  // Of two, the last one counts.
  ['{"serial":1,"serial":3}', '{"serial":1,"serial":9}'],
  ['{"\\u0073erial":3}', '{"\\u0073erial":9}'],
  [String.raw`{"x\\":"\"","serial":3}`, String.raw`{"x\\":"\"","serial":9}`],
])('a rollback changes the serial and nothing else: %#', (before, after) => {
  expect(withSerial(before, 9)).toBe(after);
});

it('a rollback takes a state with a string of many megabytes', () => {
  const text = (serial: number): string => `{"x":"${String.raw`a\n`.repeat(5_000_000)}","serial":${serial}}`;
  expect(withSerial(text(3), 4) === text(4)).toBe(true);
});

it.each(['{"serial":1e3}', '{"serial":1.0}', '{"a":1}', '{"serial":3,"serial":1e1}'])(
  'a rollback does not touch %s, whose serial is not plain',
  (text) => expect(() => withSerial(text, 9)).toThrow(NotAStateError),
);

it('refuses outputs that are nested too deeply to be told', () => {
  const text = (levels: number): string =>
    `{"version":4,"serial":1,"outputs":{"a":{"value":${'['.repeat(levels)}${']'.repeat(levels)}}}}`;
  expect(readState(text(400)).outputs).toHaveProperty('a');
  expect(() => readState(text(100_000))).toThrow(NotAStateError);
});

it('an emptied state keeps its lineage', () => {
  expect(readState(emptied(STATE, 4))).toEqual({ serial: 4, lineage: 'b1c1', resourceCount: 0, outputs: {} });
});
