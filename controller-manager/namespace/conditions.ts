import { type NamespaceCondition, toTime } from '../../api/index.ts';

/** What came of an attempt to delete everything in a namespace. */
export interface DeletionFindings {
  /** Groups that did not tell what they serve, each with why. */
  readonly discoveryErrors: readonly string[];
  /** Why nothing could be found out at all. */
  readonly discoveryFailure?: string | undefined;
  readonly contentErrors: readonly string[];
  /** How many objects are left, by resource and group. */
  readonly remaining: readonly { readonly resource: string; readonly group: string; readonly count: number }[];
  /** How many objects wait for each finalizer. */
  readonly finalizers: ReadonlyMap<string, number>;
}

interface Statement {
  readonly type: string;
  readonly fine: readonly [reason: string, message: string];
  /** What is wrong, if it is. */
  wrong(findings: DeletionFindings): readonly [reason: string, message: string] | undefined;
}

const listed = (errors: readonly string[]): string => [...errors].sort().join(', ');

const STATEMENTS: readonly Statement[] = [
  {
    type: 'NamespaceDeletionDiscoveryFailure',
    fine: ['ResourcesDiscovered', 'All resources successfully discovered'],
    wrong: ({ discoveryErrors: errors, discoveryFailure: failure }) => {
      if (failure !== undefined) return ['DiscoveryFailed', failure];
      if (errors.length === 0) return undefined;
      const what = `unable to retrieve the complete list of server APIs: ${listed(errors)}`;
      return ['DiscoveryFailed', `Discovery failed for some groups, ${errors.length} failing: ${what}`];
    },
  },
  {
    type: 'NamespaceDeletionGroupVersionParsingFailure',
    fine: ['ParsedGroupVersions', 'All legacy kube types successfully parsed'],
    wrong: () => undefined,
  },
  {
    type: 'NamespaceDeletionContentFailure',
    fine: ['ContentDeleted', 'All content successfully deleted, may be waiting on finalization'],
    wrong: ({ contentErrors: errors }) =>
      errors.length
        ? ['ContentDeletionFailed', `Failed to delete all resource types, ${errors.length} remaining: ${listed(errors)}`]
        : undefined,
  },
  {
    type: 'NamespaceContentRemaining',
    fine: ['ContentRemoved', 'All content successfully removed'],
    wrong: ({ remaining }) => {
      const texts = remaining.map(({ resource, group, count }) => `${resource}.${group} has ${count} resource instances`).sort();
      return texts.length ? ['SomeResourcesRemain', `Some resources are remaining: ${texts.join(', ')}`] : undefined;
    },
  },
  {
    type: 'NamespaceFinalizersRemaining',
    fine: ['ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
    wrong: ({ finalizers }) => {
      const texts = [...finalizers].map(([name, count]) => `${name} in ${count} resource instances`).sort();
      return texts.length
        ? ['SomeFinalizersRemain', `Some content in the namespace has finalizers remaining: ${texts.join(', ')}`]
        : undefined;
    },
  },
];

/**
 * The conditions of a namespace that is being emptied.
 *
 * @returns undefined when they are as they should be.
 */
export function deletionConditions(
  current: readonly NamespaceCondition[],
  findings: DeletionFindings,
  now: number,
): NamespaceCondition[] | undefined {
  const conditions = [...current];
  let changed = false;
  for (const { type, fine, wrong } of STATEMENTS) {
    const failure = wrong(findings);
    const [reason, message] = failure ?? fine;
    const status = failure ? 'True' : 'False';
    const at = conditions.findIndex((condition) => condition.type === type);
    const before = conditions[at];
    if (before?.status === status && before.reason === reason && before.message === message) continue;
    changed = true;
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : toTime(now);
    conditions.splice(at < 0 ? conditions.length : at, at < 0 ? 0 : 1, { type, status, lastTransitionTime, reason, message });
  }
  return changed ? conditions : undefined;
}
