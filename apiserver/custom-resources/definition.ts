// What a CustomResourceDefinition says, read off it: upstream's `pkg/apihelpers` (apiextensions-apiserver).
import type { CustomResourceDefinition, CustomResourceDefinitionCondition, CustomResourceDefinitionNames } from '../../api/index.ts';

export type Crd = CustomResourceDefinition;
export type CrdVersion = NonNullable<Crd['spec']['versions']>[number];
export type CrdCondition = CustomResourceDefinitionCondition;
export type CrdNames = CustomResourceDefinitionNames;

/** What keeps a definition until its objects are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

export const conditionOf = (crd: Crd, type: string): CrdCondition | undefined =>
  crd.status.conditions?.find((condition) => condition.type === type);

export const isConditionTrue = (crd: Crd, type: string): boolean => conditionOf(crd, type)?.status === 'True';

/** What a condition is to say; when it came to say so is kept where it does not change. */
export type Finding = Pick<CrdCondition, 'type' | 'status' | 'reason' | 'message'>;

/** Puts a condition in the place of the one of its type, or behind the others: upstream's `SetCRDCondition`. */
export function setCondition(crd: Crd, finding: Finding, time: string): void {
  const conditions = [...(crd.status.conditions ?? [])];
  const at = conditions.findIndex(({ type }) => type === finding.type);
  const before = conditions[at];
  const lastTransitionTime = before?.status === finding.status ? before.lastTransitionTime : time;
  const condition: CrdCondition = { ...finding, lastTransitionTime };
  if (at >= 0) conditions[at] = condition;
  else conditions.push(condition);
  crd.status.conditions = conditions;
}

export function removeCondition(crd: Crd, type: string): void {
  crd.status.conditions = (crd.status.conditions ?? []).filter((condition) => condition.type !== type);
}

/** Whether two conditions say the same, times aside. */
export const isEquivalent = (a: Finding | undefined, b: Finding | undefined): boolean =>
  a === b || (a?.status === b?.status && (a?.reason ?? '') === (b?.reason ?? '') && (a?.message ?? '') === (b?.message ?? ''));

/** The versions that are offered. */
export const servedVersions = (crd: Crd): CrdVersion[] => (crd.spec.versions ?? []).filter(({ served }) => served);

/** The version that objects are stored in. @throws when there is none: validation lets no such definition in. */
export function storageVersion(crd: Crd): CrdVersion {
  const found = (crd.spec.versions ?? []).find(({ storage }) => storage);
  if (!found) throw new Error(`${crd.metadata.name} has no storage version`);
  return found;
}

export const isNamespaced = (crd: Crd): boolean => crd.spec.scope === 'Namespaced';

/** `widgets.example.com`: what a definition is called. */
export const resourceOf = (crd: Crd): { group: string; resource: string } => ({ group: crd.spec.group, resource: crd.spec.names.plural });

/** The names in use. */
export const acceptedNamesOf = ({ status }: Crd): CrdNames => status.acceptedNames ?? { kind: '', plural: '' };

/** Whether its objects can be asked for: upstream serves them as soon as the names are accepted. */
export const isServable = (crd: Crd): boolean => isConditionTrue(crd, 'NamesAccepted') || isConditionTrue(crd, 'Established');
