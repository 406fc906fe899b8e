import {
  coordinationKinds,
  coreKinds,
  isConflict,
  isNotFound,
  type Lease,
  type Live,
  type Node,
  type Pod,
  toMicroTime,
  toTime,
} from '../../api/index.ts';
import { type ApiClient, createInformerFactory } from '../../client/index.ts';
import { seededRandom, silentLogger, systemClock } from '../../runtime/index.ts';

/** A pod with this label is left alone once it is on its node. */
export const STUCK = 'test/stuck';

/**
 * Stands in for scheduler and kubelets: gives pods to nodes in turn (or to the one they name), makes them run and ready at once, and lets
 * deleted ones go. Nodes report once; keep them alive with {@link renewLease}.
 */
export async function startFakeKubelet(client: ApiClient, nodes: readonly string[]): Promise<{ stop(): Promise<void> }> {
  if (nodes.length === 0) return { stop: () => Promise.resolve() };
  for (const name of nodes) await registerNode(client, name);
  const end = new AbortController();
  const informers = createInformerFactory({ client, clock: systemClock, random: seededRandom(2), logger: silentLogger });
  const pods = informers.informer<Pod>(coreKinds.pods);
  const under = new Map<string, Promise<void>>();
  /** One for each pod: no two have one address. */
  const serials = new Map<string, number>();
  let turn = 0;
  const handle = (pod: Live<Pod>) => {
    const key = pod.metadata.uid;
    if (!serials.has(key)) serials.set(key, serials.size);
    const serial = serials.get(key) ?? 0;
    const work = (under.get(key) ?? Promise.resolve()).then(() => step(client, pod, () => nodes[turn++ % nodes.length] ?? '', serial));
    under.set(key, work.catch(ignoreRaces));
  };
  pods.addHandler({ onAdd: handle, onUpdate: handle });
  informers.start(end.signal);
  return {
    stop: async () => {
      end.abort();
      await Promise.allSettled(under.values());
    },
  };
}

/** Others change pods too; the next event of the pod brings us back. */
function ignoreRaces(error: unknown): void {
  if (!isConflict(error) && !isNotFound(error)) throw error;
}

export async function registerNode(client: ApiClient, name: string): Promise<void> {
  const resource = client.resource<Node>(coreKinds.nodes);
  await resource.create({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name } },
    spec: {},
  });
  const now = toTime(systemClock.now());
  const conditions = ['Ready'].map((type) => ({
    type,
    status: 'True',
    reason: 'KubeletReady',
    message: '',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  }));
  // As a kubelet: controllers have heard of the node by now, and may have changed it.
  await resource.patch(name, { status: { conditions } }, { type: 'strategic', subresource: 'status' });
  await renewLease(client, name);
}

/** A sign of life. */
export async function renewLease(client: ApiClient, name: string): Promise<void> {
  const resource = client.resource<Lease>(coordinationKinds.leases);
  const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime: toMicroTime(systemClock.now()) };
  try {
    await resource.patch(name, { spec }, { namespace: 'kube-node-lease', type: 'merge' });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await resource.create({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace: 'kube-node-lease' }, spec });
  }
}

async function step(client: ApiClient, pod: Live<Pod>, pick: () => string, serial: number): Promise<void> {
  const { name, namespace } = pod.metadata;
  const resource = client.resource<Pod>(coreKinds.pods);
  if (pod.metadata.deletionTimestamp) {
    if (pod.spec.nodeName) await resource.delete(name, { namespace, gracePeriodSeconds: 0 });
    return;
  }
  if (!pod.spec.nodeName) {
    const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target: { kind: 'Node', name: wantedNode(pod) ?? pick() } };
    await resource.createSubresource(name, 'binding', body, { namespace });
    return;
  }
  if (pod.status.phase !== 'Pending' || pod.metadata.labels?.[STUCK]) return;
  const now = toTime(systemClock.now());
  const podIP = `10.1.${Math.floor(serial / 250)}.${(serial % 250) + 1}`;
  const conditions = ['Ready', 'ContainersReady', 'Initialized'].map((type) => ({ type, status: 'True', lastTransitionTime: now }));
  const status = { phase: 'Running', startTime: pod.metadata.creationTimestamp, podIP, podIPs: [{ ip: podIP }], conditions };
  await resource.patch(name, { status }, { namespace, type: 'strategic', subresource: 'status' });
}

function wantedNode({ spec }: Pod): string | undefined {
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return terms[0]?.matchFields?.[0]?.values?.[0];
}
