import { type Container, goQuote, type Pod, parseQuantity } from '../../api/index.ts';

/** What a pod's fields are while it runs on its node. */
export interface PodFacts {
  readonly pod: Pod;
  /** One, or one of each family; none before there is a sandbox. */
  readonly podIPs: readonly string[];
  readonly hostIPs: readonly string[];
  /** What `limits.*` mean for a container that has none. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/** The value of a `fieldRef`; throws for a path that there is not. */
export function fieldValue({ pod, podIPs, hostIPs }: PodFacts, path: string): string {
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (subscript) return pod.metadata[subscript[1] === 'labels' ? 'labels' : 'annotations']?.[subscript[2] ?? ''] ?? '';
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name ?? '';
    case 'metadata.namespace':
      return pod.metadata.namespace ?? '';
    case 'metadata.uid':
      return pod.metadata.uid ?? '';
    case 'metadata.labels':
      return mapText(pod.metadata.labels);
    case 'metadata.annotations':
      return mapText(pod.metadata.annotations);
    case 'spec.nodeName':
      return pod.spec.nodeName ?? '';
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName ?? '';
    case 'status.hostIP':
      return hostIPs[0] ?? '';
    case 'status.hostIPs':
      return hostIPs.join();
    case 'status.podIP':
      return podIPs[0] ?? '';
    case 'status.podIPs':
      return podIPs.join();
    default:
      throw new Error(`unsupported fieldPath: ${path}`);
  }
}

/** A container of a pod by its name. @throws Error when there is none such */
export function containerNamed({ spec }: Pod, name: string): Container {
  const found = [...spec.containers, ...(spec.initContainers ?? [])].find((container) => container.name === name);
  if (!found) throw new Error(`container ${name} not found`);
  return found;
}

/** `key="value"` lines, sorted by key, with values quoted as Go quotes them. Upstream: `FormatMap`, `pkg/fieldpath/fieldpath.go`. */
const mapText = (map: Readonly<Record<string, string>> | undefined): string =>
  Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${goQuote(value)}`)
    .join('\n');

/** Where a container has no limit, that of its pod as a whole counts. */
const POD_LEVEL: ReadonlySet<string> = new Set(['cpu', 'memory']);

/**
 * What `limits.*` say of a container without one: the pod's, or what the node has to give. Upstream: `defaultPodLimitsForDownwardAPI`,
 * `pkg/kubelet/kubelet_resources.go`.
 */
function limitOfAll({ pod, allocatable }: PodFacts, resource: string): string {
  const ofPod = POD_LEVEL.has(resource) ? pod.spec.resources?.limits?.[resource] : undefined;
  return ofPod !== undefined && !parseQuantity(ofPod).isZero ? ofPod : (allocatable[resource] ?? '0');
}

/** The value of a `resourceFieldRef`, in units of its divisor, rounded up. */
export function resourceValue(
  facts: PodFacts,
  container: Container,
  reference: { readonly resource: string; readonly divisor?: string | undefined },
): string {
  const [kind, ...rest] = reference.resource.split('.');
  const resource = rest.join('.');
  const { requests = {}, limits = {} } = container.resources ?? {};
  const limit = parseQuantity(limits[resource] ?? '0').isZero ? limitOfAll(facts, resource) : (limits[resource] ?? '0');
  const quantity = parseQuantity(kind === 'limits' ? limit : (requests[resource] ?? limits[resource] ?? '0'));
  const given = parseQuantity(reference.divisor ?? '1');
  const divisor = given.isZero ? parseQuantity('1') : given;
  const ratio = resource === 'cpu' ? quantity.milli() / divisor.milli() : quantity.value() / divisor.value();
  return String(Math.ceil(ratio));
}
