import { fromLabelSelector, type LabelSelectorQuery, type Node, type Pod, type PodCondition } from '../../api/index.ts';
import type { Clock, Logger, Random, Timer } from '../../runtime/index.ts';
import type { NodeScripts } from '../node/agent-options.ts';
import type { NodeAgent } from '../node/node-agent.ts';
import type { PodScripts } from '../pod/node-services.ts';
import type { PodWorker } from '../pod/pod-worker.ts';
import type { ContainerBehaviour } from '../runtime/cri.ts';
import type { PullBehaviour } from '../runtime/image-service.ts';
import type { SimulationPolicy } from './definitions.ts';
import { annotatedFields, type Fields, type NodeScript, type PodScript, readNodeScript, readPodScript } from './fields.ts';

/** A policy, read. */
interface Policy {
  readonly name: string;
  readonly pods:
    | { readonly labels: LabelSelectorQuery; readonly namespaces: ReadonlySet<string> | undefined; readonly script: PodScript }
    | undefined;
  readonly nodes:
    | { readonly labels: LabelSelectorQuery; readonly names: ReadonlySet<string> | undefined; readonly fields: Fields }
    | undefined;
}

export interface ScriptsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly agents: () => Iterable<NodeAgent>;
}

/**
 * How pods and nodes are to behave: annotations of their own first, then policies in the order of their names. A pod that nothing speaks of
 * costs a look at its annotations.
 */
export class Scripts implements NodeScripts {
  readonly #options: ScriptsOptions;
  #policies: readonly Policy[] = [];
  /** What was read of a pod, as long as neither it nor the policies change. */
  #read = new WeakMap<Pod, PodScript | undefined>();
  readonly #done = new Map<string, Pick<NodeScript, 'reboot'> & { readonly shutdown?: string | undefined }>();
  readonly #scripted = new Set<string>();
  readonly #flaps = new Map<string, Timer>();

  constructor(options: ScriptsOptions) {
    this.#options = options;
  }

  of({ name }: { readonly name: string }): PodScripts {
    return {
      behaviourOf: (pod, container) => this.#behaviourOf(pod, container, true),
      readinessOf: (pod, container) => this.#readinessOf(name, pod, container),
      pullOf: (pod, container) => this.#pullOf(pod, container),
    };
  }

  isLoading({ workers }: { readonly workers: Iterable<PodWorker> }): boolean {
    for (const { pod } of workers) {
      const { memoryBytes, logLines } = this.#scriptOf(pod)?.behaviour ?? {};
      if (memoryBytes || logLines) return true;
    }
    return false;
  }

  /** The policies there are now: what runs behaves by them from now on. */
  setPolicies(policies: readonly SimulationPolicy[]): void {
    this.#policies = policies
      .toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
      .flatMap((policy) => this.#readPolicy(policy));
    this.#read = new WeakMap();
    for (const agent of this.#options.agents()) {
      if (agent.node) this.nodeChanged(agent, agent.node);
      for (const worker of agent.workers) this.#applyTo(agent, worker);
    }
  }

  /** A node's labels or annotations may have changed. */
  nodeChanged(agent: NodeAgent, node: Node): void {
    const script = this.#nodeScriptOf(node);
    if (!script && !this.#scripted.has(agent.name)) return;
    if (script) this.#scripted.add(agent.name);
    else this.#scripted.delete(agent.name);
    agent.setFaults(script?.faults ?? {});
    const done = this.#done.get(agent.name);
    this.#done.set(agent.name, { reboot: script?.reboot, shutdown: script?.shutdown?.text });
    if (script?.reboot !== undefined && script.reboot !== done?.reboot) agent.reboot();
    if (script?.shutdown?.text !== done?.shutdown) this.#shutDown(agent, script?.shutdown);
  }

  /** Switches a node off; without periods that is taken back. */
  #shutDown({ name: node, shutdown }: NodeAgent, script: NodeScript['shutdown']): void {
    const done = script ? shutdown.begin(script.periods) : shutdown.takeBack();
    done.catch((error: unknown) => this.#options.logger.warn({ err: error, node }, 'shutdown broken off'));
  }

  /** What runs follows annotations that its pod is given, and those that are taken away. */
  podChanged(agent: Pick<NodeAgent, 'runtime'>, worker: PodWorker, before: Pod): void {
    const isPlain = ({ metadata }: Pod) => annotatedFields(metadata.annotations) === undefined;
    if (this.#policies.length === 0 && isPlain(before) && isPlain(worker.pod)) return;
    const [old, now] = [this.#scriptOf(before), this.#scriptOf(worker.pod)];
    if (old !== now && JSON.stringify(old) !== JSON.stringify(now)) this.#applyTo(agent, worker);
  }

  /** Behaviour of what runs already follows the policies too. */
  #applyTo(agent: Pick<NodeAgent, 'runtime'>, worker: PodWorker): void {
    for (const { name } of worker.pod.spec.containers) {
      const id = worker.containerId(name);
      if (id === undefined || agent.runtime.containerStatus(id)?.state !== 'running') continue;
      agent.runtime.updateContainerBehaviour(id, this.#behaviourOf(worker.pod, name, false) ?? {});
    }
    worker.poke();
  }

  #scriptOf(pod: Pod): PodScript | undefined {
    if (this.#read.has(pod)) return this.#read.get(pod);
    const script = this.#readScript(pod);
    this.#read.set(pod, script);
    return script;
  }

  #readScript(pod: Pod): PodScript | undefined {
    const fields = annotatedFields(pod.metadata.annotations);
    const own = fields && this.#try(() => readPodScript(fields), { pod: pod.metadata.name, namespace: pod.metadata.namespace });
    return own ?? this.#policies.find((policy) => isOf(policy, pod))?.pods?.script;
  }

  #behaviourOf(pod: Pod, container: string, isStart: boolean): ContainerBehaviour | undefined {
    const script = this.#scriptOf(pod);
    if (!script || !speaksOf(script, container)) return undefined;
    const { crash, behaviour } = script;
    if (!crash || !isStart || this.#options.random.next() >= crash.probability) return behaviour;
    return { ...behaviour, exitAfter: { ms: Math.floor(this.#options.random.next() * crash.withinMs), code: crash.code } };
  }

  #pullOf(pod: Pod, container: string): PullBehaviour | undefined {
    const script = this.#scriptOf(pod);
    return script && speaksOf(script, container) ? script.pull : undefined;
  }

  #readinessOf(node: string, pod: Pod, container: string): boolean | undefined {
    const script = this.#scriptOf(pod);
    if (script?.ready === undefined || !speaksOf(script, container)) return undefined;
    if (typeof script.ready === 'boolean') return script.ready;
    const { readyMs, notReadyMs } = script.ready;
    const since = Date.parse(startOf(pod) ?? '') || this.#options.clock.now();
    const at = Math.max(0, this.#options.clock.now() - since) % (readyMs + notReadyMs);
    const isReady = at < readyMs;
    this.#lookAgain(node, pod, (isReady ? readyMs : readyMs + notReadyMs) - at);
    return isReady;
  }

  /** One timer for each pod that flaps. */
  #lookAgain(node: string, pod: Pod, delayMs: number): void {
    const uid = pod.metadata.uid ?? '';
    if (this.#flaps.has(uid)) return;
    this.#flaps.set(
      uid,
      this.#options.clock.setTimer(Math.max(delayMs, 1), () => {
        this.#flaps.delete(uid);
        for (const agent of this.#options.agents()) if (agent.name === node) agent.workerOf(uid)?.poke();
      }),
    );
  }

  #nodeScriptOf(node: Node): NodeScript | undefined {
    const fields = annotatedFields(node.metadata.annotations);
    const policies = this.#policies.flatMap(({ nodes }) => {
      if (!nodes) return [];
      const isNamed = nodes.names === undefined || nodes.names.has(node.metadata.name ?? '');
      return isNamed && nodes.labels.matches(node.metadata.labels ?? {}) ? [nodes.fields] : [];
    });
    if (!fields && policies.length === 0) return undefined;
    // Several policies may each bring their own misfortune.
    const all: Fields = Object.assign({}, ...policies.toReversed(), fields);
    return this.#try(() => readNodeScript(all), { node: node.metadata.name });
  }

  #readPolicy({ metadata: { name = '' }, spec = {} }: SimulationPolicy): Policy[] {
    const { podSelector, pods, nodeSelector, nodes } = spec;
    const read = this.#try(
      (): Policy => ({
        name,
        pods: pods && {
          labels: fromLabelSelector(podSelector ?? {}),
          namespaces: podSelector?.namespaces && new Set(podSelector.namespaces),
          script: readPodScript(textsOf(pods)),
        },
        nodes: nodes && {
          labels: fromLabelSelector(nodeSelector ?? {}),
          names: nodeSelector?.names && new Set(nodeSelector.names),
          fields: checkedNodes(nodes),
        },
      }),
      { policy: name },
    );
    return read ? [read] : [];
  }

  #try<T>(read: () => T, about: object): T | undefined {
    try {
      return read();
    } catch (error) {
      this.#options.logger.warn({ err: error, ...about }, 'a script cannot be read, and is passed over');
      return undefined;
    }
  }
}

const textsOf = (fields: Readonly<Record<string, unknown>>): Fields =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value === undefined ? undefined : String(value)]));

function checkedNodes(nodes: Readonly<Record<string, unknown>>): Fields {
  const fields = textsOf(nodes);
  readNodeScript(fields);
  return fields;
}

const speaksOf = ({ containers }: PodScript, name: string): boolean => containers === undefined || containers.includes(name);

function isOf({ pods }: Policy, { metadata }: Pod): boolean {
  if (!pods) return false;
  if (pods.namespaces && !pods.namespaces.has(metadata.namespace ?? '')) return false;
  return pods.labels.matches(metadata.labels ?? {});
}

const startOf = ({ status }: Pod): string | undefined =>
  status?.startTime ?? status?.conditions?.find(({ type }: PodCondition) => type === 'PodScheduled')?.lastTransitionTime;
