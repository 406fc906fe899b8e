import {
  appsKinds,
  coreKinds,
  EVERYTHING,
  fromLabelSelector,
  fromLabels,
  type LabelSelectorQuery,
  type Live,
  matchesNode,
  type Node,
  type Pod,
  type ReplicaSet,
  type ReplicationController,
  type Service,
  type StatefulSet,
  type TopologySpreadConstraint,
  untolerated,
} from '../../api/index.ts';
import { controllerOf, type InformerFactory } from '../../client/index.ts';
import type { PodQuery } from '../state/pod-counts.ts';
import type { PodInfo } from '../state/pod-info.ts';

export const HOSTNAME = 'kubernetes.io/hostname';

/** A topology spread constraint, read once. Upstream: `plugins/podtopologyspread/common.go`. */
export interface SpreadConstraint {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly whenUnsatisfiable: string;
  readonly selector: LabelSelectorQuery;
  readonly minDomains: number;
  readonly honorsAffinity: boolean;
  readonly honorsTaints: boolean;
  /** The pods it counts. */
  readonly query: PodQuery;
}

/** What the scheduler asks of pods that ask for nothing. */
export type DefaultConstraint = Pick<TopologySpreadConstraint, 'maxSkew' | 'topologyKey' | 'whenUnsatisfiable'> &
  Partial<TopologySpreadConstraint>;

/** Upstream's `System` defaults. */
export const SYSTEM_CONSTRAINTS: readonly DefaultConstraint[] = [
  { topologyKey: HOSTNAME, whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 5 },
];

/** What a node must be to count for a constraint: suitable for the pod, as far as the constraint cares. */
export function counts({ honorsAffinity, honorsTaints }: SpreadConstraint, { pod }: PodInfo, node: Live<Node>): boolean {
  if (honorsAffinity && (pod.spec.nodeSelector || pod.spec.affinity?.nodeAffinity) && !matchesNode(pod.spec, node)) return false;
  return !honorsTaints || untolerated(node.spec.taints, pod.spec.tolerations, HARD) === undefined;
}

const HARD = ['NoSchedule', 'NoExecute'];

/** Whether `counts` is true of every node, so that nobody needs to look at nodes one by one. */
export const countsAll = ({ honorsAffinity, honorsTaints }: SpreadConstraint, { pod: { spec } }: PodInfo): boolean =>
  !honorsTaints && !(honorsAffinity && (spec.nodeSelector || spec.affinity?.nodeAffinity));

/** Finds the constraints of pods: their own, or the default ones over the pods of their services and controllers. */
export class SpreadConstraints {
  readonly #defaults: readonly DefaultConstraint[];
  readonly #selectors: OwnerSelectors;
  readonly #read = new WeakMap<readonly TopologySpreadConstraint[], Map<string, readonly SpreadConstraint[]>>();

  constructor(defaults: readonly DefaultConstraint[], informers: InformerFactory) {
    this.#defaults = defaults;
    this.#selectors = new OwnerSelectors(informers);
  }

  of(info: PodInfo, whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway'): readonly SpreadConstraint[] {
    const own = info.pod.spec.topologySpreadConstraints;
    const all = own && own.length > 0 ? this.#own(own, info) : this.#default(info, whenUnsatisfiable);
    return all.length === 0 ? all : all.filter((constraint) => constraint.whenUnsatisfiable === whenUnsatisfiable);
  }

  #own(own: readonly TopologySpreadConstraint[], info: PodInfo): readonly SpreadConstraint[] {
    // Only what the pod says itself depends on its labels; all else is the template's.
    if (own.some(({ matchLabelKeys = [] }) => matchLabelKeys.length > 0)) return own.map((constraint) => readConstraint(constraint, info));
    const byNamespace = this.#read.get(own) ?? new Map<string, readonly SpreadConstraint[]>();
    this.#read.set(own, byNamespace);
    const known = byNamespace.get(info.namespace) ?? own.map((constraint) => readConstraint(constraint, info));
    byNamespace.set(info.namespace, known);
    return known;
  }

  #default(info: PodInfo, whenUnsatisfiable: string): readonly SpreadConstraint[] {
    const wanted = this.#defaults.filter((constraint) => constraint.whenUnsatisfiable === whenUnsatisfiable);
    if (wanted.length === 0) return [];
    const selector = this.#selectors.of(info.pod);
    return selector.empty ? [] : wanted.map((constraint) => constraintOf(constraint, selector, info.namespace));
  }
}

function readConstraint(constraint: TopologySpreadConstraint, { pod, namespace }: PodInfo): SpreadConstraint {
  const given = fromLabelSelector(constraint.labelSelector);
  const labels = pod.metadata.labels ?? {};
  const keys = (constraint.matchLabelKeys ?? []).filter((key) => labels[key] !== undefined);
  const isNothing = !given.empty && given.requirements.length === 0;
  if (keys.length === 0 || isNothing) return constraintOf(constraint, given, namespace);
  return constraintOf(constraint, both(given, fromLabels(Object.fromEntries(keys.map((key) => [key, labels[key] ?? ''])))), namespace);
}

function constraintOf(constraint: DefaultConstraint, selector: LabelSelectorQuery, namespace: string): SpreadConstraint {
  const { maxSkew, topologyKey, whenUnsatisfiable, minDomains = 1, nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' } = constraint;
  const honors = { honorsAffinity: nodeAffinityPolicy === 'Honor', honorsTaints: nodeTaintsPolicy === 'Honor' };
  return { maxSkew, topologyKey, whenUnsatisfiable, selector, minDomains, ...honors, query: queryOf(selector, namespace) };
}

/** An empty selector counts nothing here; pods that are going do not count. Upstream: `countPodsMatchSelector`. */
function queryOf(selector: LabelSelectorQuery, namespace: string): PodQuery {
  const nothing = selector.empty || selector.requirements.length === 0;
  return {
    key: `spread ${namespace} ${nothing ? '' : selector.toString()}`,
    namespaces: new Set([namespace]),
    selector,
    matches: ({ pod }) => !nothing && pod.metadata.deletionTimestamp === undefined && selector.matches(pod.metadata.labels),
  };
}

/** Selects what both select. */
export function both(a: LabelSelectorQuery, b: LabelSelectorQuery): LabelSelectorQuery {
  if (a.empty) return b;
  if (b.empty) return a;
  const requirements = [...a.requirements, ...b.requirements];
  return {
    requirements,
    empty: false,
    matches: (labels) => a.matches(labels) && b.matches(labels),
    toString: () => `${a.toString()},${b.toString()}`,
  };
}

/** Selectors of the pods that belong together, by services and controllers. Upstream: `plugins/helper/spread.go` DefaultSelector. */
class OwnerSelectors {
  readonly #services;
  readonly #controllers: readonly {
    readonly apiVersion: string;
    readonly kind: string;
    selectorOf(namespace: string, name: string): LabelSelectorQuery;
  }[];

  constructor(informers: InformerFactory) {
    this.#services = informers.informer<Service>(coreKinds.services);
    const replicationControllers = informers.informer<ReplicationController>(coreKinds.replicationcontrollers);
    const replicaSets = informers.informer<ReplicaSet>(appsKinds.replicasets);
    const statefulSets = informers.informer<StatefulSet>(appsKinds.statefulsets);
    this.#controllers = [
      {
        apiVersion: 'v1',
        kind: 'ReplicationController',
        selectorOf: (namespace, name) => fromLabels(replicationControllers.get(namespace, name)?.spec.selector),
      },
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', selectorOf: (namespace, name) => selectorOf(replicaSets.get(namespace, name)) },
      { apiVersion: 'apps/v1', kind: 'StatefulSet', selectorOf: (namespace, name) => selectorOf(statefulSets.get(namespace, name)) },
    ];
  }

  of(pod: Live<Pod>): LabelSelectorQuery {
    const namespace = pod.metadata.namespace ?? '';
    const merged: Record<string, string> = {};
    for (const { spec } of this.#services.list(namespace)) {
      if (spec.selector && fromLabels(spec.selector).matches(pod.metadata.labels)) Object.assign(merged, spec.selector);
    }
    const owner = controllerOf(pod);
    const controller = this.#controllers.find(({ apiVersion, kind }) => kind === owner?.kind && apiVersion === owner.apiVersion);
    const ofOwner = controller?.selectorOf(namespace, owner?.name ?? '') ?? EVERYTHING;
    return both(fromLabels(merged), ofOwner);
  }
}

/** An owner that is gone selects nothing more. */
function selectorOf(owner: ReplicaSet | StatefulSet | undefined): LabelSelectorQuery {
  return owner?.spec?.selector ? fromLabelSelector(owner.spec.selector) : EVERYTHING;
}
