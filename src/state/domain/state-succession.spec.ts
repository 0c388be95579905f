import { PresentState, succession } from './state-succession';

const state = (serial: number, lineage = 'a', sha256 = `${serial}${lineage}`): PresentState => ({
  serial,
  lineage,
  sha256,
});

it.each<[string, string, PresentState | null, PresentState]>([
  ['the first', 'next', null, state(7)],
  ['a higher serial', 'next', state(1), state(2)],
  ['a much higher serial', 'next', state(1), state(9)],
  ['the same bytes again', 'same', state(2), state(2)],
  ['another content of the same serial', 'refused', state(2), state(2, 'a', 'other')],
  ['a lower serial', 'refused', state(2), state(1)],
  ['another lineage', 'refused', state(2), state(3, 'b')],
  ['no lineage', 'refused', state(2), state(3, '')],
  ['after a state without lineage', 'next', state(0, ''), state(1, 'b')],
])('%s: %s', (_what, kind, present, next) => {
  expect(succession(present, next).kind).toBe(kind);
});
