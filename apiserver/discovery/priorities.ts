// Which groups come first, and which versions in them (kubernetes, `pkg/controlplane/apiserver/aggregator.go`, `pkg/controlplane/server.go`).

/** The rank of a version's group among groups, and its own within the group; higher first. */
export interface Priority {
  readonly group: number;
  readonly version: number;
}

const GROUPS: Readonly<Record<string, number>> = {
  '': 18_000,
  apps: 17_800,
  'events.k8s.io': 17_750,
  'authentication.k8s.io': 17_700,
  'authorization.k8s.io': 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  'certificates.k8s.io': 17_300,
  'networking.k8s.io': 17_200,
  policy: 17_100,
  'rbac.authorization.k8s.io': 17_000,
  'storage.k8s.io': 16_800,
  'admissionregistration.k8s.io': 16_700,
  'apiextensions.k8s.io': 16_700,
  'scheduling.k8s.io': 16_600,
  'coordination.k8s.io': 16_500,
  'node.k8s.io': 16_300,
  'discovery.k8s.io': 16_200,
  'resource.k8s.io': 16_200,
  'flowcontrol.apiserver.k8s.io': 16_100,
  // As metrics-server's APIService has it.
  'metrics.k8s.io': 100,
};

/** By `group/version`; what is not here has what is usual for how stable it is. */
const VERSIONS: Readonly<Record<string, number>> = {
  '/v1': 1,
  'admissionregistration.k8s.io/v1alpha1': 9,
  'admissionregistration.k8s.io/v1beta1': 12,
  'autoscaling/v2': 30,
  'autoscaling/v2beta2': 1,
  'coordination.k8s.io/v1alpha2': 12,
  'coordination.k8s.io/v1beta1': 13,
  'discovery.k8s.io/v1beta1': 12,
  'events.k8s.io/v1beta1': 5,
  'flowcontrol.apiserver.k8s.io/v1': 21,
  'flowcontrol.apiserver.k8s.io/v1beta3': 18,
  'metrics.k8s.io/v1beta1': 100,
  'resource.k8s.io/v1': 21,
};
const STABLE = 15;
const BETA = 9;
const ALPHA = 1;

const usual = (version: string): number => (version.includes('alpha') ? ALPHA : version.includes('beta') ? BETA : STABLE);

/** The group of APIServices themselves has none, and always comes first. */
export const OWN_GROUP = 'apiregistration.k8s.io';
const OWN_PRIORITY: Priority = { group: 20_001, version: 0 };

/** Of what a CustomResourceDefinition defines. */
export const CUSTOM_PRIORITY: Priority = { group: 1000, version: 100 };

/** Of a group that is served from the start; undefined if it is not known. */
export function builtInPriority(group: string, version: string): Priority | undefined {
  if (group === OWN_GROUP) return OWN_PRIORITY;
  const rank = GROUPS[group];
  return rank === undefined ? undefined : { group: rank, version: VERSIONS[`${group}/${version}`] ?? usual(version) };
}
