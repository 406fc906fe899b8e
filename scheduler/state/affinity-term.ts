import { EVERYTHING, fromLabelSelector, type LabelSelectorQuery, type Live, type Pod, type PodAffinityTerm } from '../../api/index.ts';
import type { PodInfo } from './pod-info.ts';

/** A pod affinity term, read once. Upstream: kube-scheduler `framework.AffinityTerm`. */
export interface AffinityTerm {
  /** Terms that ask for the same have the same key. */
  readonly key: string;
  readonly namespaces: ReadonlySet<string>;
  readonly namespaceSelector: LabelSelectorQuery;
  readonly selector: LabelSelectorQuery;
  readonly topologyKey: string;
}

export interface WeightedAffinityTerm {
  /** Of term and weight. */
  readonly key: string;
  readonly term: AffinityTerm;
  readonly weight: number;
}

/** The inter-pod affinity of a pod. */
export interface PodAffinities {
  readonly required: readonly AffinityTerm[];
  readonly requiredAnti: readonly AffinityTerm[];
  readonly preferred: readonly WeightedAffinityTerm[];
  readonly preferredAnti: readonly WeightedAffinityTerm[];
}

export const NO_AFFINITIES: PodAffinities = { required: [], requiredAnti: [], preferred: [], preferredAnti: [] };

/** The labels of a namespace, when it is known. */
export type NamespaceLabels = (namespace: string) => Readonly<Record<string, string>> | undefined;

/** Whether a pod is one of those a term means. */
export function termMatches(
  { namespaces, namespaceSelector, selector }: AffinityTerm,
  { pod, namespace }: PodInfo,
  labelsOf: NamespaceLabels,
): boolean {
  if (!namespaces.has(namespace) && !namespaceMatches(namespaceSelector, namespace, labelsOf)) return false;
  return selector.matches(pod.metadata.labels);
}

const namespaceMatches = (selector: LabelSelectorQuery, namespace: string, labelsOf: NamespaceLabels): boolean =>
  selector.empty || (selector.requirements.length > 0 && selector.matches(labelsOf(namespace) ?? {}));

/** Equal parts of cached pods are one part: what was read of an affinity once serves all pods of a template. */
const read = new WeakMap<object, Map<string, PodAffinities>>();

/** Reads the inter-pod affinity of a pod. */
export function affinitiesOf(pod: Live<Pod>): PodAffinities {
  const { affinity } = pod.spec;
  if (!affinity?.podAffinity && !affinity?.podAntiAffinity) return NO_AFFINITIES;
  const namespace = pod.metadata.namespace ?? '';
  let byNamespace = read.get(affinity);
  if (!byNamespace) {
    byNamespace = new Map();
    read.set(affinity, byNamespace);
  }
  let affinities = byNamespace.get(namespace);
  if (!affinities) {
    affinities = readAffinities(affinity, namespace);
    byNamespace.set(namespace, affinities);
  }
  return affinities;
}

function readAffinities({ podAffinity, podAntiAffinity }: NonNullable<Pod['spec']['affinity']>, namespace: string): PodAffinities {
  const weighted = ({ weight, podAffinityTerm }: { readonly weight: number; readonly podAffinityTerm: PodAffinityTerm }) => {
    const term = termOf(podAffinityTerm, namespace);
    return { term, weight, key: `${weight}|${term.key}` };
  };
  const plain = (term: PodAffinityTerm) => termOf(term, namespace);
  return {
    required: (podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(plain),
    requiredAnti: (podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(plain),
    preferred: (podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(weighted),
    preferredAnti: (podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(weighted),
  };
}

/** Without namespaces and namespaceSelector a term means the pod's own namespace. */
function termOf({ labelSelector, namespaces = [], namespaceSelector, topologyKey }: PodAffinityTerm, own: string): AffinityTerm {
  const names = new Set(namespaces.length === 0 && !namespaceSelector ? [own] : namespaces);
  return withNamespaces(
    { namespaceSelector: fromLabelSelector(namespaceSelector), selector: fromLabelSelector(labelSelector), topologyKey },
    names,
  );
}

function withNamespaces(parts: Omit<AffinityTerm, 'key' | 'namespaces'>, namespaces: ReadonlySet<string>): AffinityTerm {
  const { namespaceSelector, selector, topologyKey } = parts;
  const key = JSON.stringify([topologyKey, textOf(selector), textOf(namespaceSelector), [...namespaces].sort()]);
  return { ...parts, namespaces, key };
}

/** A selector of everything and one of nothing both read as the empty text. */
const textOf = (selector: LabelSelectorQuery): string | null =>
  selector.empty || selector.requirements.length > 0 ? selector.toString() : null;

/** The term with the namespaces that its selector selects now named, so that matching needs no labels. Upstream: `mergeAffinityTermNamespacesIfNotEmpty`. */
export function withSelectedNamespaces(term: AffinityTerm, selected: (selector: LabelSelectorQuery) => readonly string[]): AffinityTerm {
  const { namespaceSelector, selector, topologyKey, namespaces } = term;
  if (namespaceSelector.empty || namespaceSelector.requirements.length === 0) return term;
  return withNamespaces(
    { selector, topologyKey, namespaceSelector: fromLabelSelector(undefined) },
    new Set([...namespaces, ...selected(namespaceSelector)]),
  );
}

/** Whether a term is about every namespace there is. */
export const isAboutAll = ({ namespaceSelector }: AffinityTerm): boolean => namespaceSelector.empty || namespaceSelector === EVERYTHING;
