import { shownName } from './shown-name';

describe('shown name', () => {
  it('shows a plain name as it is', () => {
    expect(shownName('modules/größe 1.tf')).toBe('"modules/größe 1.tf"');
  });

  it('shows nothing that a terminal would act on', () => {
    expect(shownName('a\u0000b\nc\u001b[31m\u202ed\ud800e\u2028')).toBe('"a?b?c?[31m?d?e?"');
  });

  it('shortens a long name in the middle', () => {
    const shown = shownName(`${'a'.repeat(300)}/main.tf`);
    expect(shown).toHaveLength(83);
    expect(shown).toMatch(/^"a{50}…a{22}\/main\.tf"$/);
  });
});
