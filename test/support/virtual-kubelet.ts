import { coreKinds, isConflict, isInvalid, isNotFound, type Live, type Node, type Pod, toTime } from '../../api/index.ts';
import { type ApiClient, createInformerFactory, type Informer } from '../../client/index.ts';
import { type Clock, type Random, silentLogger } from '../../runtime/index.ts';

export interface VirtualKubeletOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly nodes: readonly string[];
}

/** Longest time that scheduling, starting and stopping a pod take. */
const SCHEDULE_MS_MAX = 300;
const START_MS_MAX = 2000;
const STOP_MS_MAX = 1500;
/** Pods of Jobs end by themselves, some of them badly. */
const JOB_NAME = 'batch.kubernetes.io/job-name';
const WORK_MS_MAX = 4000;
const FAILS_ONE_IN = 6;

/** Stands in for scheduler and kubelets on any clock: each step of a pod's life takes a random time. */
export class VirtualKubelet {
  readonly #options: VirtualKubeletOptions;
  readonly #end = new AbortController();
  #serial = 1;
  readonly #steps = new Map<string, Promise<void>>();
  readonly pods: Informer<Pod>;

  constructor(options: VirtualKubeletOptions) {
    this.#options = options;
    const { client, clock, random } = options;
    const factory = createInformerFactory({ client, clock, random, logger: silentLogger });
    this.pods = factory.informer<Pod>(coreKinds.pods);
    const onPod = (pod: Live<Pod>) => this.#queueStep(pod);
    this.pods.addHandler({ onAdd: onPod, onUpdate: onPod, onDelete: ({ metadata }) => this.#steps.delete(metadata.uid) });
    factory.start(this.#end.signal);
  }

  async registerNodes(): Promise<void> {
    const resource = this.#options.client.resource<Node>(coreKinds.nodes);
    const now = toTime(this.#options.clock.now());
    for (const name of this.#options.nodes) {
      const metadata = { name, labels: { 'kubernetes.io/hostname': name } };
      const node = await resource.create({ apiVersion: 'v1', kind: 'Node', metadata, spec: {} });
      const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: '', lastHeartbeatTime: now, lastTransitionTime: now };
      await resource.updateStatus({ ...node, status: { conditions: [ready] } });
      // A new node is tainted as not ready until its life cycle is looked after.
      await resource.patch(name, { spec: { taints: null } }, { type: 'merge' });
    }
  }

  /** Ends a pod with this phase, as a kubelet does that evicts it or whose containers have ended. */
  async endPod({ metadata: { name, namespace, uid } }: Live<Pod>, phase: 'Failed' | 'Succeeded'): Promise<void> {
    const conditions = [{ type: 'Ready', status: 'False', lastTransitionTime: toTime(this.#options.clock.now()) }];
    await this.#tolerant(() =>
      this.#pods.patch(name, { metadata: { uid }, status: { phase, conditions } }, { namespace, type: 'strategic', subresource: 'status' }),
    );
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await Promise.allSettled(this.#steps.values());
  }

  get #pods() {
    return this.#options.client.resource<Pod>(coreKinds.pods);
  }

  #queueStep(pod: Live<Pod>): void {
    const { uid } = pod.metadata;
    this.#steps.set(
      uid,
      (this.#steps.get(uid) ?? Promise.resolve()).then(() => this.#tolerant(() => this.#step(pod))),
    );
  }

  /** Others change pods too: the next event brings us back. */
  async #tolerant(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#end.signal.aborted && !isConflict(error) && !isNotFound(error) && !isInvalid(error)) throw error;
    }
  }

  async #step(pod: Live<Pod>): Promise<void> {
    const { name, namespace, uid } = pod.metadata;
    if (pod.metadata.deletionTimestamp) {
      // Those on no node are the pod collector's.
      if (!pod.spec.nodeName) return;
      await this.#pause(STOP_MS_MAX);
      if (pod.status.phase === 'Pending' || pod.status.phase === 'Running') await this.endPod(pod, 'Failed');
      await this.#pods.delete(name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } });
    } else if (!pod.spec.nodeName) {
      await this.#pause(SCHEDULE_MS_MAX);
      const { nodes, random } = this.#options;
      const target = { kind: 'Node', name: wantedNode(pod) ?? nodes[random.integer(nodes.length)] ?? '' };
      const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name, uid }, target };
      await this.#pods.createSubresource(name, 'binding', body, { namespace });
    } else if (pod.status.phase === 'Pending') {
      await this.#pause(START_MS_MAX);
      await this.#start(pod);
    } else if (pod.status.phase === 'Running' && pod.metadata.labels?.[JOB_NAME]) {
      await this.#pause(WORK_MS_MAX);
      await this.endPod(pod, this.#options.random.integer(FAILS_ONE_IN) === 0 ? 'Failed' : 'Succeeded');
    }
  }

  async #start({ metadata: { name, namespace, uid } }: Live<Pod>): Promise<void> {
    const now = toTime(this.#options.clock.now());
    const conditions = ['Ready', 'ContainersReady', 'Initialized'].map((type) => ({ type, status: 'True', lastTransitionTime: now }));
    const serial = this.#serial++;
    const podIP = `10.${100 + (serial >> 16)}.${(serial >> 8) & 255}.${serial & 255}`;
    const status = { phase: 'Running', conditions, startTime: now, podIP, podIPs: [{ ip: podIP }] };
    await this.#pods.patch(name, { metadata: { uid }, status }, { namespace, type: 'strategic', subresource: 'status' });
  }

  #pause(msMax: number): Promise<void> {
    return this.#options.clock.sleep(this.#options.random.integer(msMax), this.#end.signal);
  }
}

function wantedNode({ spec }: Pod): string | undefined {
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return terms[0]?.matchFields?.[0]?.values?.[0];
}
