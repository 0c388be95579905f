import * as document from './state-document';
import { NotAStateError } from './state-document';

const bytes = (text: string): Buffer => Buffer.from(text);
const text = (of: Uint8Array): string => Buffer.from(of).toString('utf8');
const readState = (state: string): document.StateContent => document.readState(bytes(state));
const withSerial = (state: string, serial: number): string => text(document.withSerial(bytes(state), serial));
const emptied = (state: string, serial: number): string => text(document.emptied(bytes(state), serial));
const shownOutputs = (state: string): unknown => JSON.parse(text(document.shownOutputs(bytes(state))));

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
    expect(readState(STATE)).toMatchObject({ serial: 3, lineage: 'b1c1', resourceCount: 2 });
    expect([...readState(STATE).outputs!.keys()]).toEqual(['plain', 'secret']);
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
      outputs: new Map(),
    });
  });

  it.each([
    ['{"version":3,"version":4,"serial":1,"serial":2,"lineage":"a","lineage":"b"}', { serial: 2, lineage: 'b' }],
    [`${STATE.slice(0, -1)},"resources":[]}`, { resourceCount: 0 }],
    ['{"version":4,"serial":1,"resources":[null,1,[],{"mode":"managed","instances":{}}]}', { resourceCount: 0 }],
    ['{"version":4,"serial":1,"resources":[{"instances":[1],"mode":"managed"}]}', { resourceCount: 1 }],
    ['{"version":4,"serial":1,"resources":[{"mode":"managed","instances":[1],"instances":[]}]}', { resourceCount: 0 }],
    [String.raw`{"version":4,"\u0073erial":1e3}`, { serial: 1000 }],
  ])('takes the last of several, and what is written in another way: %s', (state, expected) => {
    expect(readState(state)).toMatchObject(expected);
  });

  it('reads a state that would take a parser gigabytes', () => {
    const state = `{"version":4,"serial":1,"x":[${'{},'.repeat(10_000_000)}0],"resources":[]}`;
    expect(readState(state).resourceCount).toBe(0);
  });
});

describe('shownOutputs', () => {
  it('gives outputs without the values of sensitive ones', () => {
    expect(shownOutputs(STATE)).toEqual({
      plain: { value: 'x', type: 'string', sensitive: false },
      secret: { value: null, type: ['list', 'string'], sensitive: true },
    });
    expect(shownOutputs('{"version":4,"serial":1}')).toEqual({});
    expect(shownOutputs('{"serial":1,"encrypted_data":"x","outputs":{"a":{"value":1}}}')).toEqual({});
  });

  it('leaves values as they are written', () => {
    const state = '{"version":4,"serial":1,"outputs":{"n":{"value":12345678901234567890,"type":"number"}}}';
    expect(text(document.shownOutputs(bytes(state)))).toBe(
      '{"n":{"value":12345678901234567890,"type":"number","sensitive":false}}',
    );
  });

  it.each([
    // Of an output that is there twice, or is said to be sensitive twice, the last one counts.
    ['{"a":{"value":"hidden"},"a":{"value":"hidden","sensitive":true}}', { a: { value: null, sensitive: true } }],
    [
      String.raw`{"a":{"value":"hidden"},"\u0061":{"value":"hidden","sensitive":true}}`,
      { a: { value: null, sensitive: true } },
    ],
    ['{"a":{"sensitive":false,"value":"hidden","sensitive":true}}', { a: { value: null, sensitive: true } }],
    ['{"a":null,"b":"x","c":{}}', { a: { value: null }, b: { value: null, sensitive: false }, c: { type: null } }],
    ['{"__proto__":{"value":1}}', JSON.parse('{"__proto__":{"value":1}}')],
    [String.raw`{"\"":{"value":[{"a":"b"}]}}`, { '"': { value: [{ a: 'b' }] } }],
  ])('of %s', (outputs, expected) => {
    const shown = text(document.shownOutputs(bytes(`{"version":4,"serial":1,"outputs":${outputs}}`)));
    expect(JSON.parse(shown)).toMatchObject(expected);
    expect(shown).not.toContain('hidden');
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
  const large = (serial: number): string => `{"x":"${String.raw`a\n`.repeat(5_000_000)}","serial":${serial}}`;
  expect(withSerial(large(3), 4) === large(4)).toBe(true);
});

it.each(['{"serial":1e3}', '{"serial":1.0}', '{"a":1}', '{"serial":3,"serial":1e1}'])(
  'a rollback does not touch %s, whose serial is not plain',
  (text) => expect(() => withSerial(text, 9)).toThrow(NotAStateError),
);

it('refuses outputs that are nested too deeply to be told', () => {
  const nested = (levels: number): string =>
    `{"version":4,"serial":1,"outputs":{"a":{"value":${'['.repeat(levels)}${']'.repeat(levels)}}}}`;
  expect([...readState(nested(400)).outputs!.keys()]).toEqual(['a']);
  expect(() => readState(nested(100_000))).toThrow(NotAStateError);
});

it('an emptied state keeps its lineage', () => {
  expect(JSON.parse(emptied(STATE, 4))).toEqual({
    version: 4,
    terraform_version: '1.11.4',
    serial: 4,
    lineage: 'b1c1',
    outputs: {},
    resources: [],
    check_results: null,
  });
});
