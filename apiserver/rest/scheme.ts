import { apiVersionOf, type KindInfo } from '../../api/index.ts';

/** Kinds that are known in every group version. */
const META_KINDS = ['CreateOptions', 'DeleteOptions', 'GetOptions', 'ListOptions', 'PatchOptions', 'UpdateOptions', 'WatchEvent'];
const CORE_META_KINDS = ['List', 'Status', 'APIVersions', 'APIGroup', 'APIGroupList', 'APIResourceList'];

/** Versions of kinds that are no longer served, yet still known: bodies in them have an error text of their own. */
const FORMER: Readonly<Record<string, readonly string[]>> = {
  'extensions/v1beta1': ['DaemonSet', 'Deployment', 'Ingress', 'NetworkPolicy', 'ReplicaSet', 'Scale'],
  'apps/v1beta1': ['ControllerRevision', 'Deployment', 'Scale', 'StatefulSet'],
  'apps/v1beta2': ['ControllerRevision', 'DaemonSet', 'Deployment', 'ReplicaSet', 'Scale', 'StatefulSet'],
  'batch/v1beta1': ['CronJob', 'JobTemplate'],
  'policy/v1beta1': ['Eviction', 'PodDisruptionBudget'],
  'networking.k8s.io/v1beta1': ['IPAddress', 'Ingress', 'IngressClass', 'ServiceCIDR'],
  'discovery.k8s.io/v1beta1': ['EndpointSlice'],
  'events.k8s.io/v1beta1': ['Event'],
  'coordination.k8s.io/v1beta1': ['Lease', 'LeaseCandidate'],
  'rbac.authorization.k8s.io/v1beta1': ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'],
  'rbac.authorization.k8s.io/v1alpha1': ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'],
  'authentication.k8s.io/v1beta1': ['SelfSubjectReview', 'TokenReview'],
  'authorization.k8s.io/v1beta1': ['LocalSubjectAccessReview', 'SelfSubjectAccessReview', 'SelfSubjectRulesReview', 'SubjectAccessReview'],
  'autoscaling/v2beta1': ['HorizontalPodAutoscaler'],
  'autoscaling/v2beta2': ['HorizontalPodAutoscaler'],
  'scheduling.k8s.io/v1beta1': ['PriorityClass'],
  'scheduling.k8s.io/v1alpha1': ['PriorityClass'],
  'storage.k8s.io/v1beta1': ['CSIDriver', 'CSINode', 'CSIStorageCapacity', 'StorageClass', 'VolumeAttachment', 'VolumeAttributesClass'],
  'node.k8s.io/v1beta1': ['RuntimeClass'],
};

/** What upstream calls its scheme in `no kind … is registered`. */
const SCHEME_NAME = 'pkg/api/legacyscheme/scheme.go:30';

/** Which kinds there are in which versions: for the errors about bodies of another kind than the URL's. */
export class Scheme {
  readonly #kinds = new Map<string, Set<string>>();

  constructor(infos: readonly KindInfo[]) {
    for (const info of infos) {
      this.#add(apiVersionOf(info), [info.kind, `${info.kind}List`, ...META_KINDS]);
      for (const { kind, group = info.group, version = info.version } of info.subresources)
        this.#add(apiVersionOf({ group, version }), [kind]);
    }
    this.#add('v1', CORE_META_KINDS);
    for (const [apiVersion, kinds] of Object.entries(FORMER)) this.#add(apiVersion, kinds);
  }

  /** Why a body of one kind is not one of another; undefined when only the version differs. */
  mismatch(body: { readonly apiVersion: string; readonly kind: string }, wanted: Pick<KindInfo, 'group' | 'kind'>): string | undefined {
    if (!this.#kinds.get(body.apiVersion)?.has(body.kind)) return notRegistered(body);
    if (body.kind === wanted.kind) return undefined;
    const version = body.apiVersion.slice(body.apiVersion.indexOf('/') + 1);
    return `converting (${version}.${body.kind}) to (${internalPackage(wanted)}.${wanted.kind}): unknown conversion`;
  }

  #add(apiVersion: string, kinds: readonly string[]): void {
    const known = this.#kinds.get(apiVersion) ?? new Set();
    for (const kind of kinds) known.add(kind);
    this.#kinds.set(apiVersion, known);
  }
}

/** What is said of a kind that there is not in a version. */
export const notRegistered = ({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): string =>
  `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme ${JSON.stringify(SCHEME_NAME)}`;

/** The Go package that holds a group's internal types; it shows in messages. */
export const internalPackage = ({ group }: Pick<KindInfo, 'group'>): string => (group === '' ? 'core' : (group.split('.')[0] ?? group));
