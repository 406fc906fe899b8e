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

function podList({ node, nodes }: Call, isWanted: (phase: string | undefined) => boolean): object {
  const items = [...(node ? [node] : nodes.all())].flatMap(({ workers }) =>
    [...workers].filter(({ status }) => isWanted(status.phase)).map(({ pod: { metadata, spec }, status }) => ({ metadata, spec, status })),
  );
  return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items };
}

function stateOf(node: ServedNode) {
  const containersByState: Record<string, number> = { created: 0, exited: 0, running: 0 };
  for (const { state } of node.runtime.listContainers()) containersByState[state] = (containersByState[state] ?? 0) + 1;
  const runningPods = node.runtime.listPodSandboxes().filter(({ ready }) => ready).length;
  const pods = [...node.workers].map(({ pod, lifecycle }) => ({
    isStatic: isStatic(pod),
    lifecycle,
    ephemeralContainers: pod.spec.ephemeralContainers?.length ?? 0,
  }));
  return { node: node.name, version: KUBELET_VERSION, counts: node.counts, runningPods, containersByState, pods };
}

/** What a kubelet reports, by path. */
export const REPORTS: ReadonlyMap<string, Report> = new Map<string, Report>([
  [
    '/pods',
    (call, response) =>
      sendJson(
        response,
        podList(call, () => true),
      ),
  ],
  [
    '/runningpods',
    (call, response) =>
      sendJson(
        response,
        podList(call, (phase) => phase === 'Running'),
      ),
  ],
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
