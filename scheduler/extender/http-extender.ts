import type { Pod } from '../../api/index.ts';
import type { ExtenderConfiguration } from '../config/configuration.ts';
import type { Victims } from '../framework/plugin.ts';
import type { NodeInfo } from '../state/node-info.ts';
import type { PodInfo } from '../state/pod-info.ts';
import type { Snapshot } from '../state/snapshot.ts';
import type { Extender, ExtenderVerdict } from './extender.ts';
import { type ExtenderTransport, httpTransport } from './http-transport.ts';

/** Answers of extenders, as upstream's types are written (kube-scheduler `extender/v1`). */
interface FilterAnswer {
  readonly Nodes?: { readonly items?: readonly { readonly metadata: { readonly name: string } }[] | null } | null;
  readonly NodeNames?: readonly string[] | null;
  readonly FailedNodes?: Readonly<Record<string, string>> | null;
  readonly FailedAndUnresolvableNodes?: Readonly<Record<string, string>> | null;
  readonly Error?: string;
}

interface PreemptionAnswer {
  readonly NodeNameToMetaVictims?: Readonly<
    Record<string, { readonly Pods?: readonly { readonly UID: string }[] | null; readonly NumPDBViolations?: number } | null>
  > | null;
}

/** An extender over HTTP. Upstream: `pkg/scheduler/extender.go`. */
export class HttpExtender implements Extender {
  readonly #configuration: ExtenderConfiguration;
  readonly #snapshot: Snapshot;
  readonly #transport: ExtenderTransport;

  constructor(configuration: ExtenderConfiguration, snapshot: Snapshot, transport: ExtenderTransport = httpTransport(configuration)) {
    this.#configuration = configuration;
    this.#snapshot = snapshot;
    this.#transport = transport;
  }

  get name(): string {
    return this.#configuration.urlPrefix;
  }

  get ignorable(): boolean {
    return this.#configuration.ignorable;
  }

  get weight(): number {
    return this.#configuration.weight;
  }

  get filters(): boolean {
    return this.#configuration.filterVerb !== '';
  }

  get prioritizes(): boolean {
    return this.#configuration.prioritizeVerb !== '';
  }

  get binds(): boolean {
    return this.#configuration.bindVerb !== '';
  }

  get preempts(): boolean {
    return this.#configuration.preemptVerb !== '';
  }

  /** One that manages no resources is asked about every pod; else about those that request or limit one of them. */
  isInterested({ pod }: PodInfo): boolean {
    const managed = new Set(this.#configuration.managedResources.map(({ name }) => name));
    return (
      managed.size === 0 ||
      containersOf(pod).some(({ resources }) => mentions(resources?.requests, managed) || mentions(resources?.limits, managed))
    );
  }

  async filter({ pod }: PodInfo, nodes: readonly NodeInfo[]): Promise<ExtenderVerdict> {
    const answer = await this.#post<FilterAnswer>(this.#configuration.filterVerb, { Pod: pod, ...this.#nodeArgs(nodes) });
    if (answer.Error) throw new Error(answer.Error);
    const byName = new Map(nodes.map((node) => [node.name, node]));
    const names = answer.NodeNames ?? answer.Nodes?.items?.map(({ metadata }) => metadata.name) ?? [];
    const feasible = names.map((name) => {
      const node = byName.get(name);
      if (!node)
        throw new Error(
          `extender ${JSON.stringify(this.name)} claims a filtered node ${JSON.stringify(name)} which is not found in the input node list`,
        );
      return node;
    });
    return { feasible, failed: mapOf(answer.FailedNodes), failedForGood: mapOf(answer.FailedAndUnresolvableNodes) };
  }

  async prioritize({ pod }: PodInfo, nodes: readonly NodeInfo[]): Promise<ReadonlyMap<string, number>> {
    const body = { Pod: pod, ...this.#nodeArgs(nodes) };
    const answer = await this.#post<readonly { readonly Host: string; readonly Score: number }[]>(this.#configuration.prioritizeVerb, body);
    return new Map(answer.map(({ Host, Score }) => [Host, Score]));
  }

  async bind({ pod: { metadata } }: PodInfo, nodeName: string): Promise<void> {
    const body = { PodName: metadata.name, PodNamespace: metadata.namespace, PodUID: metadata.uid, Node: nodeName };
    const answer = await this.#post<{ readonly Error?: string }>(this.#configuration.bindVerb, body);
    if (answer.Error) throw new Error(answer.Error);
  }

  async processPreemption({ pod }: PodInfo, candidates: ReadonlyMap<string, Victims>): Promise<Map<string, Victims>> {
    const answer = await this.#post<PreemptionAnswer>(this.#configuration.preemptVerb, { Pod: pod, ...this.#victimArgs(candidates) });
    const kept = new Map<string, Victims>();
    for (const [name, victims] of Object.entries(answer.NodeNameToMetaVictims ?? {})) {
      const pods = (victims?.Pods ?? []).map(({ UID }) => this.#podOn(name, UID));
      kept.set(name, { pods, violations: victims?.NumPDBViolations ?? 0 });
    }
    return kept;
  }

  #podOn(nodeName: string, uid: string): PodInfo {
    const pod = this.#snapshot.get(nodeName)?.pods.get(uid);
    if (pod) return pod;
    throw new Error(
      `extender: ${this.name} claims to preempt pod (UID: ${uid}) on node: ${nodeName}, but the pod is not found on that node`,
    );
  }

  #nodeArgs(nodes: readonly NodeInfo[]): object {
    if (this.#configuration.nodeCacheCapable) return { Nodes: null, NodeNames: nodes.map(({ name }) => name) };
    return { Nodes: { items: nodes.map(({ node }) => node) }, NodeNames: null };
  }

  #victimArgs(candidates: ReadonlyMap<string, Victims>): object {
    const each = (pods: (victims: Victims) => object[]) =>
      Object.fromEntries([...candidates].map(([name, victims]) => [name, { Pods: pods(victims), NumPDBViolations: victims.violations }]));
    if (this.#configuration.nodeCacheCapable) return { NodeNameToMetaVictims: each(({ pods }) => pods.map(({ uid }) => ({ UID: uid }))) };
    return { NodeNameToVictims: each(({ pods }) => pods.map(({ pod }) => pod)) };
  }

  async #post<T>(verb: string, body: object): Promise<T> {
    const url = `${this.#configuration.urlPrefix.replace(/\/+$/, '')}/${verb}`;
    return (await this.#transport(url, body)) as T;
  }
}

const containersOf = ({ spec: { initContainers = [], containers } }: Pod) => [...containers, ...initContainers];

const mentions = (list: Readonly<Record<string, string>> | undefined, names: ReadonlySet<string>): boolean =>
  Object.keys(list ?? {}).some((name) => names.has(name));

const mapOf = (record: Readonly<Record<string, string>> | null | undefined): ReadonlyMap<string, string> =>
  new Map(Object.entries(record ?? {}));
