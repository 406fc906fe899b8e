import { describe, expect, it } from 'vitest';
import type { Crd, CrdNames } from './definition.ts';
import { planNames } from './naming.ts';

const NONE: CrdNames = { kind: '', plural: '' };

const crd = (names: Partial<CrdNames>, accepted: CrdNames = NONE, conditions: Crd['status']['conditions'] = []): Crd => {
  const plural = names.plural ?? 'widgets';
  return {
    metadata: { name: `${plural}.example.com` },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      versions: [],
      names: { plural, singular: 'widget', kind: 'Widget', listKind: 'WidgetList', ...names },
    },
    status: { acceptedNames: accepted, conditions, storedVersions: [] },
  };
};
const holder = (accepted: Partial<CrdNames>): Crd => crd({ plural: 'others' }, { kind: 'Other', plural: 'others', ...accepted });

describe('names', () => {
  it('that nobody has are accepted, and the definition is installed', () => {
    const own = crd({ shortNames: ['wd'] });
    expect(planNames(own, [own])).toEqual({
      acceptedNames: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList', shortNames: ['wd'] },
      namesAccepted: { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
      established: { type: 'Established', status: 'False', reason: 'Installing', message: 'the initial names have been accepted' },
    });
  });

  it.each<[Partial<CrdNames>, string, string]>([
    [{ plural: 'widgets' }, 'PluralConflict', '"widgets" is already in use'],
    [{ singular: 'widget' }, 'SingularConflict', '"widget" is already in use'],
    [{ shortNames: ['w1', 'w2'] }, 'ShortNamesConflict', '["w1" is already in use, "w2" is already in use]'],
    [{ kind: 'Widget' }, 'KindConflict', '"Widget" is already in use'],
    [{ listKind: 'WidgetList' }, 'ListKindConflict', '"WidgetList" is already in use'],
    // Names of resources clash with each other, whichever they are.
    [{ shortNames: ['widget'] }, 'SingularConflict', '"widget" is already in use'],
  ])('that %j has taken are a %s', (accepted, reason, message) => {
    const own = crd({ shortNames: ['w1', 'w2'] });
    const planned = planNames(own, [own, holder(accepted)]);
    expect(planned?.namesAccepted).toEqual({ type: 'NamesAccepted', status: 'False', reason, message });
    expect(planned?.established).toMatchObject({ status: 'False', reason: 'NotAccepted' });
  });

  it('of another group do not clash', () => {
    const other = holder({ kind: 'Widget' });
    other.spec.group = 'elsewhere.com';
    expect(planNames(crd({}), [other])?.namesAccepted).toMatchObject({ status: 'True' });
  });

  it('that are accepted already need nothing', () => {
    const own = crd({});
    const accepted = crd({}, own.spec.names);
    expect(planNames(accepted, [accepted])).toBeUndefined();
  });

  it('what is established stays so, though a new name is taken', () => {
    const established = { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: '' };
    const own = crd({ shortNames: ['w1'] }, crd({}).spec.names, [established]);
    const planned = planNames(own, [own, holder({ shortNames: ['w1'] })]);
    expect(planned?.namesAccepted).toMatchObject({ status: 'False', reason: 'ShortNamesConflict' });
    expect(planned?.established).toBe(established);
  });

  it('a conflict that is told already is not told again', () => {
    const told = { type: 'NamesAccepted', status: 'False', reason: 'KindConflict', message: '"Widget" is already in use' };
    const { kind: _, ...rest } = crd({}).spec.names;
    const own = crd({}, { ...rest, kind: '' }, [told]);
    expect(planNames(own, [own, holder({ kind: 'Widget' })])).toBeUndefined();
  });
});
