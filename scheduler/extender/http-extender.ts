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
    checkError(answer);
    const byName = new Map(nodes.map((node) => [node.name, node]));
    // Names are of use only from an extender that is asked by name.
    const named = this.#configuration.nodeCacheCapable ? fieldOf(answer, 'NodeNames') : undefined;
    const names = named ?? fieldOf(answer, 'Nodes')?.items?.map(({ metadata }) => metadata.name) ?? [];
    const feasible = names.map((name) => {
      const node = byName.get(name);
      if (!node)
        throw new Error(
          `extender ${JSON.stringify(this.name)} claims a filtered node ${JSON.stringify(name)} which is not found in the input node list`,
        );
      return node;
    });
    return { feasible, failed: mapOf(fieldOf(answer, 'FailedNodes')), failedForGood: mapOf(fieldOf(answer, 'FailedAndUnresolvableNodes')) };
  }

  async prioritize({ pod }: PodInfo, nodes: readonly NodeInfo[]): Promise<ReadonlyMap<string, number>> {
    const body = { Pod: pod, ...this.#nodeArgs(nodes) };
    const answer = await this.#post<readonly { readonly Host: string; readonly Score: number }[]>(this.#configuration.prioritizeVerb, body);
    const scores = new Map<string, number>();
    // A host that is named twice has both scores, as `prioritizeNodes` of schedule_one.go adds them up.
    for (const each of answer) {
      const host = fieldOf(each, 'Host') ?? '';
      scores.set(host, (scores.get(host) ?? 0) + (fieldOf(each, 'Score') ?? 0));
    }
    return scores;
  }

  async bind({ pod: { metadata } }: PodInfo, nodeName: string): Promise<void> {
    const body = { PodName: metadata.name, PodNamespace: metadata.namespace, PodUID: metadata.uid, Node: nodeName };
    checkError(await this.#post<{ readonly Error?: string }>(this.#configuration.bindVerb, body));
  }

  async processPreemption({ pod }: PodInfo, candidates: ReadonlyMap<string, Victims>): Promise<Map<string, Victims>> {
    const answer = await this.#post<PreemptionAnswer>(this.#configuration.preemptVerb, { Pod: pod, ...this.#victimArgs(candidates) });
    const kept = new Map<string, Victims>();
    for (const [name, victims] of Object.entries(fieldOf(answer, 'NodeNameToMetaVictims') ?? {})) {
      const pods = (fieldOf(victims, 'Pods') ?? []).map((each) => this.#podOn(name, fieldOf(each, 'UID') ?? ''));
      kept.set(name, { pods, violations: fieldOf(victims, 'NumPDBViolations') ?? 0 });
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

  /** What is not told is null, and a list has metadata: Go's types have no `omitempty` there. */
  #nodeArgs(nodes: readonly NodeInfo[]): object {
    if (this.#configuration.nodeCacheCapable) return { Nodes: null, NodeNames: nodes.map(({ name }) => name) };
    return { Nodes: { metadata: {}, items: nodes.map(({ node }) => node) }, NodeNames: null };
  }

  #victimArgs(candidates: ReadonlyMap<string, Victims>): object {
    const each = (pods: (victims: Victims) => object[]) =>
      Object.fromEntries([...candidates].map(([name, victims]) => [name, { Pods: pods(victims), NumPDBViolations: victims.violations }]));
    if (this.#configuration.nodeCacheCapable)
      return { NodeNameToVictims: null, NodeNameToMetaVictims: each(({ pods }) => pods.map(({ uid }) => ({ UID: uid }))) };
    return { NodeNameToVictims: each(({ pods }) => pods.map(({ pod }) => pod)), NodeNameToMetaVictims: null };
  }

  async #post<T>(verb: string, body: object): Promise<T> {
    const url = `${this.#configuration.urlPrefix.replace(/\/+$/, '')}/${verb}`;
    return (await this.#transport(verb, url, body)) as T;
  }
}

/** A field of an answer, as Go finds it: by its name, in whatever case its letters are. */
function fieldOf<T extends object, K extends keyof T & string>(answer: T | null, name: K): T[K] | undefined {
  if (answer === null || Object.hasOwn(answer, name)) return answer?.[name];
  const lower = name.toLowerCase();
  const written = Object.keys(answer).find((key) => key.toLowerCase() === lower);
  return written === undefined ? undefined : answer[written as K];
}

function checkError(answer: { readonly Error?: string }): void {
  const error = fieldOf(answer, 'Error');
  if (error) throw new Error(error);
}

const containersOf = ({ spec: { initContainers = [], containers } }: Pod) => [...containers, ...initContainers];

const mentions = (list: Readonly<Record<string, string>> | undefined, names: ReadonlySet<string>): boolean =>
  Object.keys(list ?? {}).some((name) => names.has(name));

const mapOf = (record: Readonly<Record<string, string>> | null | undefined): ReadonlyMap<string, string> =>
  new Map(Object.entries(record ?? {}));
