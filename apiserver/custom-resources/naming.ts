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

/** A name that is wanted: who else may have it, and what it is called in a conflict. */
interface Wanted {
  readonly reason: string;
  /** Those that are not free. */
  readonly clashing: readonly string[];
  /** Takes it. */
  accept(): void;
}

/** Takes each name that is free; the last one that is not gives the reason. */
function acceptNames(crd: Crd, { resources, kinds }: Taken): Pick<Naming, 'acceptedNames' | 'namesAccepted'> {
  const wanted = crd.spec.names;
  const accepted: CrdNames = { ...acceptedNamesOf(crd), categories: wanted.categories };
  const one = <K extends 'plural' | 'singular' | 'kind' | 'listKind'>(reason: string, name: K, used: ReadonlySet<string>): Wanted => {
    const text = wanted[name] ?? '';
    const isFree = text === (accepted[name] ?? '') || !used.has(text);
    return { reason, clashing: isFree ? [] : [text], accept: () => Object.assign(accepted, { [name]: wanted[name] }) };
  };
  const shortNames = (wanted.shortNames ?? []).filter((name) => !accepted.shortNames?.includes(name) && resources.has(name));
  const each: readonly Wanted[] = [
    one('PluralConflict', 'plural', resources),
    one('SingularConflict', 'singular', resources),
    { reason: 'ShortNamesConflict', clashing: shortNames, accept: () => Object.assign(accepted, { shortNames: wanted.shortNames }) },
    one('KindConflict', 'kind', kinds),
    one('ListKindConflict', 'listKind', kinds),
  ];
  for (const { clashing, accept } of each) if (clashing.length === 0) accept();
  const conflict = each.findLast(({ clashing }) => clashing.length > 0);
  return { acceptedNames: accepted, namesAccepted: conflict ? refused(conflict) : NO_CONFLICTS };
}

function refused({ reason, clashing }: Wanted): Finding {
  const texts = [...new Set(clashing.map((name) => `${JSON.stringify(name)} is already in use`))];
  const message = texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
  return { type: 'NamesAccepted', status: 'False', reason, message };
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
