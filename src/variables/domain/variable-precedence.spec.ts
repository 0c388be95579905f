import type { VariableName } from './variable';
import { bySetPrecedence, effectiveVariables } from './variable-precedence';

interface Named extends VariableName {
  from: string;
}
const terraform = (key: string, from: string): Named => ({ category: 'terraform', key, from });
const env = (key: string, from: string): Named => ({ category: 'env', key, from });
const shown = (variables: Named[]): string[] =>
  variables.map(({ category, key, from }) => `${category} ${key} ${from}`).sort();

describe('which variable counts', () => {
  it('is the one of the highest level, for each category by itself', () => {
    const levels = [
      [terraform('a', 'set'), terraform('b', 'set'), env('a', 'set')],
      [terraform('a', 'own'), env('c', 'own')],
    ];
    expect(shown(effectiveVariables(levels))).toEqual(['env a set', 'env c own', 'terraform a own', 'terraform b set']);
  });

  it('is what a higher level gives by TF_VAR_, and the var-file within one level', () => {
    const levels = [
      [terraform('a', 'set'), terraform('b', 'set')],
      [env('TF_VAR_a', 'own'), env('TF_VAR_b', 'own'), terraform('b', 'own')],
    ];
    expect(shown(effectiveVariables(levels))).toEqual(['env TF_VAR_a own', 'env TF_VAR_b own', 'terraform b own']);
  });

  it('is none that the run itself gives', () => {
    const levels = [[terraform('a', 'own'), terraform('TOKEN', 'own'), env('TOKEN', 'own'), env('TF_VAR_a', 'own')]];
    expect(shown(effectiveVariables(levels, ['TOKEN', 'TF_VAR_a']))).toEqual(['terraform TOKEN own']);
  });

  it('of two sets is that of the one whose name sorts first, by code and not by language', () => {
    expect(
      bySetPrecedence([{ name: 'b' }, { name: 'B' }, { name: 'a' }, { name: 'é' }]).map(({ name }) => name),
    ).toEqual(['é', 'b', 'a', 'B']);
  });
});
