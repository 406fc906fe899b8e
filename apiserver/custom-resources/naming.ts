// Whose names are whose: upstream's naming controller (apiextensions-apiserver, `pkg/controller/status/naming_controller.go`).
import { ownership } from '../../api/schema.ts';
import { acceptedNamesOf, type Crd, type CrdNames, conditionOf, type Finding, isEquivalent } from './definition.ts';

/** What the names of a definition come to. */
export interface Naming {
  readonly acceptedNames: CrdNames;
  readonly namesAccepted: Finding;
  readonly established: Finding;
}

/**
 * Decides which names a definition gets.
 *
 * @param others all definitions, this one may be among them.
 * @returns undefined when nothing changes.
 */
export function planNames(crd: Crd, others: readonly Crd[]): Naming | undefined {
  if (ownership.equalValues(crd.spec.names, acceptedNamesOf(crd))) return undefined;
  const { acceptedNames, namesAccepted } = acceptNames(crd, taken(crd, others));
  const unchanged =
    ownership.equalValues(acceptedNamesOf(crd), acceptedNames) && isEquivalent(namesAccepted, conditionOf(crd, 'NamesAccepted'));
  return unchanged ? undefined : { acceptedNames, namesAccepted, established: establishedFor(crd, namesAccepted) };
}

interface Taken {
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

/** The names in use in a definition's group, its own among them. */
function taken({ spec: { group } }: Crd, all: readonly Crd[]): Taken {
  const accepted = all.filter(({ spec }) => spec.group === group).map(acceptedNamesOf);
  return {
    resources: new Set(accepted.flatMap(({ plural, singular = '', shortNames }) => [plural, singular, ...(shortNames ?? [])])),
    kinds: new Set(accepted.flatMap(({ kind, listKind = '' }) => [kind, listKind])),
  };
}

/** Takes each name that is free; the last one that is not gives the reason. */
function acceptNames(crd: Crd, { resources, kinds }: Taken): Pick<Naming, 'acceptedNames' | 'namesAccepted'> {
  const wanted = crd.spec.names;
  const accepted: CrdNames = { ...acceptedNamesOf(crd) };
  let conflict: Finding | undefined;
  const isFree = (name: string, own: string, used: ReadonlySet<string>) => name === own || !used.has(name);
  const refuse = (reason: string, names: readonly string[]) => {
    const each = names.map((name) => `${JSON.stringify(name)} is already in use`);
    const message = each.length === 1 ? (each[0] ?? '') : `[${[...new Set(each)].join(', ')}]`;
    conflict = { type: 'NamesAccepted', status: 'False', reason, message };
  };
  if (isFree(wanted.plural, accepted.plural, resources)) accepted.plural = wanted.plural;
  else refuse('PluralConflict', [wanted.plural]);
  if (isFree(wanted.singular ?? '', accepted.singular ?? '', resources)) accepted.singular = wanted.singular;
  else refuse('SingularConflict', [wanted.singular ?? '']);
  const clashing = (wanted.shortNames ?? []).filter((name) => !accepted.shortNames?.includes(name) && resources.has(name));
  if (clashing.length > 0) refuse('ShortNamesConflict', clashing);
  else accepted.shortNames = wanted.shortNames;
  if (isFree(wanted.kind, accepted.kind, kinds)) accepted.kind = wanted.kind;
  else refuse('KindConflict', [wanted.kind]);
  if (isFree(wanted.listKind ?? '', accepted.listKind ?? '', kinds)) accepted.listKind = wanted.listKind;
  else refuse('ListKindConflict', [wanted.listKind ?? '']);
  accepted.categories = wanted.categories;
  return { acceptedNames: accepted, namesAccepted: conflict ?? NO_CONFLICTS };
}

const NO_CONFLICTS: Finding = { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' };
const NOT_ACCEPTED: Finding = { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' };
const INSTALLING: Finding = {
  type: 'Established',
  status: 'False',
  reason: 'Installing',
  message: 'the initial names have been accepted',
};

/** What is established stays so, whatever becomes of its names. */
function establishedFor(crd: Crd, { status }: Finding): Finding {
  const before = conditionOf(crd, 'Established');
  if (before?.status !== 'True' && status === 'True') return INSTALLING;
  return before ?? NOT_ACCEPTED;
}
