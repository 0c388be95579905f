import { type PresentState, serialOfRollback, succession, type SuccessionContext } from './state-succession';

const state = (serial: number, lineage = 'a', more: Partial<PresentState> = {}): PresentState => ({
  serial,
  lineage,
  sha256: `${serial}${lineage}`,
  resourceCount: 1,
  ...more,
});
const EMPTY = { resourceCount: 0 };
const RUN: SuccessionContext = { mayChangeLineage: false, isRollback: false, highestSerial: null };
const PERSON: SuccessionContext = { ...RUN, mayChangeLineage: true };

describe('succession', () => {
  it.each<[string, string, PresentState | null, PresentState]>([
    ['the first', 'next', null, state(7)],
    ['a higher serial', 'next', state(1), state(2)],
    ['a much higher serial', 'next', state(1), state(9)],
    ['the same bytes again', 'same', state(2), state(2)],
    ['another content of the same serial', 'refused', state(2), state(2, 'a', { sha256: 'other' })],
    ['a lower serial', 'refused', state(2), state(1)],
    ['a lower serial over a state that holds nothing', 'refused', state(2, 'a', EMPTY), state(1)],
    ['another lineage', 'refused', state(2), state(3, 'b')],
    ['no lineage', 'refused', state(2), state(3, '')],
    ['no lineage over a state that holds nothing', 'refused', state(2, 'a', EMPTY), state(3, '')],
    ['after a state without lineage', 'next', state(0, ''), state(1, 'b')],
  ])('%s, of anybody: %s', (_what, kind, present, next) => {
    expect(succession(present, next, RUN).kind).toBe(kind);
    expect(succession(present, next, PERSON).kind).toBe(kind);
  });

  it.each<[string, string, PresentState, SuccessionContext]>([
    ['a person, over a state that holds nothing', 'next', state(9, 'a', EMPTY), PERSON],
    ['a run, over a state that holds nothing', 'refused', state(9, 'a', EMPTY), RUN],
    ['a person, over resources', 'refused', state(9, 'a'), PERSON],
    ['a person, over what nobody can see', 'refused', state(9, 'a', { resourceCount: null }), PERSON],
    ['a person, above what the lineage had', 'next', state(9, 'a', EMPTY), { ...PERSON, highestSerial: 2 }],
    ['a rollback, over resources', 'next', state(9, 'a'), { ...PERSON, isRollback: true, highestSerial: 2 }],
    [
      'a rollback, over what nobody can see',
      'next',
      state(9, 'a', { resourceCount: null }),
      { ...PERSON, isRollback: true },
    ],
    ['a rollback, not above what it had', 'refused', state(9, 'a'), { ...PERSON, isRollback: true, highestSerial: 3 }],
    ['a person, not above it', 'refused', state(9, 'a', EMPTY), { ...PERSON, highestSerial: 3 }],
  ])('another lineage with a lower serial, of %s: %s', (_what, kind, present, context) => {
    expect(succession(present, state(3, 'b'), context).kind).toBe(kind);
  });

  it('tells which lineage ends', () => {
    expect(succession(state(9, 'a', EMPTY), state(1, 'b'), PERSON)).toEqual({ kind: 'next', endedLineage: 'a' });
    expect(succession(state(9, 'a', EMPTY), state(10), PERSON)).toEqual({ kind: 'next', endedLineage: null });
  });

  it.each<[PresentState, RegExp]>([
    [state(9), /lineage "b", .* "a".* holds resources.*Destroy them first/],
    [state(9, 'a', { resourceCount: null }), /may hold resources \(the tool has encrypted it\)/],
  ])('says why another lineage is refused: %#', (present, reason) => {
    expect(succession(present, state(1, 'b'), PERSON)).toMatchObject({ reason: expect.stringMatching(reason) });
  });
});

it('a rollback gets a serial above the present one and above all of its lineage', () => {
  expect(serialOfRollback(state(9), 9)).toBe(10);
  expect(serialOfRollback(state(1, 'b'), 9)).toBe(10);
  expect(serialOfRollback(state(20, 'b'), 9)).toBe(21);
  expect(serialOfRollback(null, 9)).toBe(10);
});
