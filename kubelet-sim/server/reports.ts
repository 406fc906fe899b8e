import type { ServerResponse } from 'node:http';
import { isStatic } from '../node/admission.ts';
import { KUBELET_VERSION } from '../node/node-object.ts';
import { summaryOf } from '../node/node-stats.ts';
import { cadvisorMetrics } from './cadvisor-metrics.ts';
import { type Call, nodeOf } from './call.ts';
import { groupStatsOf } from './control-group-stats.ts';
import { kubeletMetrics, probeMetrics, resourceMetrics } from './metrics-text.ts';
import { METRICS_CONTENT_TYPE } from './prometheus-text.ts';
import type { ServedNode } from './served-nodes.ts';

/** Answers a GET of something that a node reports about itself. */
type Report = (call: Call, response: ServerResponse) => void;

const sendJson = (response: ServerResponse, body: object): void => {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
};

const sendMetrics = (response: ServerResponse, text: string): void => {
  response.setHeader('content-type', METRICS_CONTENT_TYPE).end(text);
};

const isOn = (text: string | null): boolean => text === 'true' || text === '1';

const listOf = (items: readonly object[]): object => ({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items });

const servedBy = ({ node, nodes }: Call): readonly ServedNode[] => (node ? [node] : [...nodes.all()]);

/** Pods as the kubelet knows them, with what it notes of each. Upstream: `ConfigSourceAnnotationKey`, `pkg/kubelet/types`. */
function podList(call: Call): object {
  const workers = servedBy(call).flatMap(({ workers }) => [...workers]);
  return listOf(
    workers.map(({ pod: { metadata, spec }, status }) => {
      const seen = { 'kubernetes.io/config.seen': status.startTime ?? metadata.creationTimestamp, 'kubernetes.io/config.source': 'api' };
      return { metadata: { ...metadata, annotations: { ...metadata.annotations, ...seen } }, spec, status };
    }),
  );
}

/** Pods as the runtime knows them: what runs of those whose sandbox is there. Upstream: `ToAPIPod`, `pkg/kubelet/container/runtime.go`. */
function runningPods(call: Call): object {
  return listOf(servedBy(call).flatMap(runningOn));
}

function runningOn({ workers, runtime }: ServedNode): object[] {
  const running = runtime.listContainers().filter(({ state }) => state === 'running');
  return [...workers].flatMap(({ pod: { metadata }, sandboxId }) => {
    const { name, namespace, uid } = metadata;
    const own = running.filter(({ podUid }) => podUid === uid);
    const containers = own.map((each) => ({ name: each.name, image: each.imageRef.replace(/^.*@/, ''), resources: {} }));
    const isThere = own.length > 0 || (sandboxId !== undefined && runtime.podSandboxStatus(sandboxId)?.ready);
    return isThere ? [{ metadata: { name, namespace, uid }, spec: { containers: own.length > 0 ? containers : null }, status: {} }] : [];
  });
}

function stateOf(node: ServedNode) {
  const containersByState: Record<string, number> = { created: 0, exited: 0, running: 0 };
  for (const { state } of node.runtime.listContainers()) containersByState[state] = (containersByState[state] ?? 0) + 1;
  const runningPods = node.runtime.listPodSandboxes().filter(({ ready }) => ready).length;
  const workers = [...node.workers];
  const pods = workers.map(({ pod, lifecycle }) => ({
    isStatic: isStatic(pod),
    lifecycle,
    ephemeralContainers: pod.spec.ephemeralContainers?.length ?? 0,
  }));
  return {
    node: node.name,
    version: KUBELET_VERSION,
    counts: node.counts,
    runningPods,
    containersByState,
    pods,
    times: node.times,
    workers,
  };
}

/** What a kubelet reports, by path. */
export const REPORTS: ReadonlyMap<string, Report> = new Map<string, Report>([
  ['/pods', (call, response) => sendJson(response, podList(call))],
  ['/runningpods', (call, response) => sendJson(response, runningPods(call))],
  ['/configz', (call, response) => sendJson(response, { kubeletconfig: nodeOf(call).configuration() })],
  [
    '/stats/summary',
    (call, response) => {
      const node = nodeOf(call);
      sendJson(response, summaryOf(node.name, node.usage(), isOn(call.url.searchParams.get('only_cpu_and_memory'))));
    },
  ],
  [
    '/metrics',
    (call, response) => {
      const node = nodeOf(call);
      sendMetrics(response, kubeletMetrics(stateOf(node), node.usage()));
    },
  ],
  [
    '/metrics/cadvisor',
    (call, response) => {
      const node = nodeOf(call);
      const groups = groupStatsOf({ usage: node.usage(), runtime: node.runtime, machine: node.machine });
      sendMetrics(response, cadvisorMetrics(node.machine, groups));
    },
  ],
  ['/metrics/probes', (call, response) => sendMetrics(response, probeMetrics(nodeOf(call).workers))],
  ['/metrics/resource', (call, response) => sendMetrics(response, resourceMetrics(nodeOf(call).usage()))],
]);
