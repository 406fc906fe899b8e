import { describe, expect, it } from 'vitest';
import { featureGates } from './feature-gates.ts';

describe('--feature-gates', () => {
  it.each<readonly [readonly string[], boolean]>([
    [[], false],
    [['MutatingAdmissionPolicy=true'], true],
    [['AllBeta=true'], true],
    [['AllAlpha=true'], false],
    [['AllBeta=true', 'MutatingAdmissionPolicy=false'], false],
  ])('%j', (entries, isOn) => {
    expect(featureGates(entries).has('MutatingAdmissionPolicy')).toBe(isOn);
  });

  it.each([
    ['Nothing=true', 'option --feature-gates names an unknown gate "Nothing"; there is MutatingAdmissionPolicy, AllAlpha, AllBeta'],
    ['AllBeta', 'option --feature-gates takes AllBeta=true or AllBeta=false, not "AllBeta"'],
    ['AllBeta=maybe', 'option --feature-gates takes AllBeta=true or AllBeta=false, not "AllBeta=maybe"'],
  ])('%s is refused', (entry, why) => {
    expect(() => featureGates([entry])).toThrow(why);
  });
});
