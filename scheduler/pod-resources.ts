import { type Pod, podLimits, podRequests } from '../api/index.ts';

/** Where it is served, beside the metrics. */
export const POD_RESOURCES_PATH = '/metrics/resources';

/** Of both metrics, sorted by name. */
const SUBJECT = 'by pod, as scheduler and kubelet reckon it, with the unit of the resource if it has one.';
const LIMIT = { name: 'kube_pod_resource_limit', help: `[STABLE] What pods may use, ${SUBJECT}`, of: podLimits };
const REQUEST = { name: 'kube_pod_resource_request', help: `[STABLE] What pods ask for, ${SUBJECT}`, of: podRequests };

/** What the pods that are not done ask for, and may use, in Prometheus' text format. Upstream: `pkg/scheduler/metrics/resources`. */
export function podResourcesText(pods: readonly Pod[]): string {
  const counted = pods.filter(({ spec, status }) => !spec.nodeName || !['Succeeded', 'Failed'].includes(status.phase ?? ''));
  return [LIMIT, REQUEST].map((metric) => familyText(metric, counted)).join('');
}

function familyText({ name, help, of }: typeof LIMIT, pods: readonly Pod[]): string {
  const lines = pods.flatMap((pod) =>
    [...of(pod)].flatMap(([resource, amount]) => (amount.isZero ? [] : [`${name}{${labelsOf(pod, resource)}} ${amount.approximate()}\n`])),
  );
  return lines.length === 0 ? '' : `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.sort().join('')}`;
}

function labelsOf({ metadata, spec }: Pod, resource: string): string {
  const { name: pod = '', namespace = '' } = metadata;
  const { nodeName: node = '', priority = '', schedulerName: scheduler = '' } = spec;
  const labels = { namespace, node, pod, priority: String(priority), resource, scheduler, unit: unitOf(resource) };
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',');
}

function unitOf(resource: string): string {
  if (resource === 'cpu') return 'cores';
  if (['memory', 'storage', 'ephemeral-storage'].includes(resource) || resource.startsWith('hugepages-')) return 'bytes';
  return resource.startsWith('attachable-volumes-') ? 'integer' : '';
}
