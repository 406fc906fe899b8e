import type { IngressLoadBalancerIngress, Live, Node, Pod, Service } from '../../../../api/index.ts';
import { parseIp } from '../../../../api/index.ts';
import { ask, type InCluster } from '../in-cluster/in-cluster.ts';
import type { ProcessContext } from '../program.ts';
import type { ControllerFlags } from './flags.ts';
import type { LiveIngress } from './world.ts';

/** An address at which Ingresses are reached. */
export type Address = Pick<IngressLoadBalancerIngress, 'ip' | 'hostname'>;

const addressOf = (text: string): Address => (parseIp(text) ? { ip: text } : { hostname: text });

/** Where Ingresses are reached, and what their status says of it (upstream `internal/ingress/status`). */
export class IngressStatus {
  readonly #context: ProcessContext;
  readonly #server: InCluster;
  readonly #flags: ControllerFlags;
  readonly #pod: Pod;

  /** @param pod the controller's own */
  constructor(context: ProcessContext, server: InCluster, flags: ControllerFlags, pod: Pod) {
    this.#context = context;
    this.#server = server;
    this.#flags = flags;
    this.#pod = pod;
  }

  #get(path: string): Promise<unknown> {
    return ask(this.#context, this.#server, { method: 'GET', path });
  }

  /** Those of the flags, of the Service that is published, or of the nodes that the controller's pods are on. @throws RefusedError, ConnectError */
  async addresses(): Promise<readonly Address[]> {
    const { publishStatusAddress, publishService } = this.#flags;
    if (publishStatusAddress !== '') return publishStatusAddress.split(/,\s*/).map(addressOf);
    if (publishService !== '') {
      const [namespace, name] = publishService.split('/');
      return ofService((await this.#get(`/api/v1/namespaces/${namespace}/services/${name}`)) as Live<Service>);
    }
    const ready = (await this.#pods(this.#pod.metadata?.labels ?? {})).filter(isReady);
    const names = new Set(ready.map(({ spec }) => spec?.nodeName ?? ''));
    const nodes = await Promise.all([...names].map(async (name) => (await this.#get(`/api/v1/nodes/${name}`)) as Node));
    const found = nodes.flatMap((node) => nodeAddresses(node, this.#flags.reportsInternalAddress));
    return [...new Set(found)].sort().map(addressOf);
  }

  /** Whether others of the controller's pods go on. @throws RefusedError, ConnectError */
  async hasOthers(): Promise<boolean> {
    const labels = Object.entries(this.#pod.metadata?.labels ?? {}).filter(([name]) => !OF_TEMPLATES.has(name));
    return (await this.#pods(Object.fromEntries(labels))).length > 1;
  }

  async #pods(labels: Readonly<Record<string, string>>): Promise<readonly Pod[]> {
    const selector = encodeURIComponent(
      Object.entries(labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(','),
    );
    const list = await this.#get(`/api/v1/namespaces/${this.#pod.metadata?.namespace}/pods?labelSelector=${selector}`);
    return (list as { readonly items: readonly Pod[] }).items;
  }

  /** Writes addresses to the status of an Ingress. @throws RefusedError, ConnectError */
  async write({ metadata: { namespace = '', name } }: LiveIngress, addresses: readonly Address[]): Promise<void> {
    const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses/${name}`;
    const current = (await this.#get(path)) as LiveIngress;
    const body = { ...current, status: { loadBalancer: { ingress: addresses } } };
    await ask(this.#context, this.#server, { method: 'PUT', path: `${path}/status`, body });
  }
}

const OF_TEMPLATES: ReadonlySet<string> = new Set(['pod-template-hash', 'controller-revision-hash', 'pod-template-generation']);

const isReady = ({ status }: Pod): boolean =>
  status?.phase === 'Running' && (status.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True');

/** External addresses, or internal ones where there are none or these are asked for. */
function nodeAddresses({ status }: Node, isInternal: boolean): readonly string[] {
  const of = (wanted: string) => (status?.addresses ?? []).filter(({ type }) => type === wanted).map(({ address }) => address);
  const external = isInternal ? [] : of('ExternalIP');
  return external.length > 0 ? external : of('InternalIP');
}

function ofService({ spec, status }: Live<Service>): readonly Address[] {
  const external = (spec.externalIPs ?? []).map((ip) => ({ ip }));
  switch (spec.type) {
    case 'ExternalName':
      return [{ hostname: spec.externalName ?? '' }];
    case 'LoadBalancer': {
      const own = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ({
        ...(hostname ? { hostname } : {}),
        ...(ip ? { ip } : {}),
      }));
      return [...own, ...external.filter(({ ip }) => !own.some((one) => one.ip === ip))];
    }
    case 'NodePort':
      return external.length > 0 ? external : [{ ip: spec.clusterIP ?? '' }];
    default:
      return [{ ip: spec.clusterIP ?? '' }];
  }
}

/** Whether an Ingress says so already. */
export function hasAddresses({ status }: LiveIngress, wanted: readonly Address[]): boolean {
  const texts = (all: readonly Address[]) =>
    all
      .map(({ ip, hostname }) => `${hostname ?? ''} ${ip ?? ''}`)
      .sort()
      .join();
  return texts(status?.loadBalancer?.ingress ?? []) === texts(wanted);
}
