import type { ConfigMap, EndpointSlice, IngressClass, Live, Secret, Service } from '../../../../api/index.ts';
import type { InCluster } from '../in-cluster/in-cluster.ts';
import { Mirror, type Mirrored, type MirrorHandler } from '../in-cluster/mirror.ts';
import type { ProcessContext } from '../program.ts';
import type { LiveIngress, World } from './world.ts';
import { nameOf } from './world.ts';

export interface StoreOptions {
  /** The namespace that is looked at; all of them when `''`. */
  readonly namespace: string;
  /** False when the account may not see IngressClasses: then nobody looks at them. */
  readonly hasClasses: boolean;
  /** An Ingress that changed. */
  ingressChanged(now: LiveIngress | undefined, before: LiveIngress | undefined): void;
  configMapChanged(now: Live<ConfigMap> | undefined, before: Live<ConfigMap> | undefined): void;
  /** Something changed that the configuration was made of. */
  changed(): void;
  failed(error: unknown): void;
}

const SERVICE_LABEL = 'kubernetes.io/service-name';

/** The objects that the controller watches (upstream `internal/ingress/controller/store`). */
export class ObjectStore implements World {
  readonly #options: StoreOptions;
  readonly #mirrors: Mirror<Mirrored>[] = [];
  readonly #open: <T extends Mirrored>(group: string, resource: string, handler?: MirrorHandler<T>['changed'], query?: string) => Mirror<T>;
  readonly #slices = new Map<string, Map<string, Live<EndpointSlice>>>();
  /** The Services, Secrets and ConfigMaps that the configuration asked for: changes of others are nobody's concern. */
  readonly #asked = new Set<string>();
  #classes: Mirror<Live<IngressClass>> | undefined;
  #services: Mirror<Live<Service>> | undefined;
  #secrets: Mirror<Live<Secret>> | undefined;
  #configMaps: Mirror<Live<ConfigMap>> | undefined;
  #ingresses: Mirror<LiveIngress> | undefined;

  constructor(context: ProcessContext, server: InCluster, options: StoreOptions) {
    this.#options = options;
    this.#open = <T extends Mirrored>(
      group: string,
      resource: string,
      changed: MirrorHandler<T>['changed'] = options.changed,
      query = '',
    ) => {
      const scope = options.namespace === '' || resource === 'ingressclasses' ? '' : `/namespaces/${options.namespace}`;
      const mirror = new Mirror<T>(context, server, `/${group}${scope}/${resource}${query}`, { changed, failed: options.failed });
      this.#mirrors.push(mirror);
      return mirror;
    };
  }

  /** Begins to watch; resolves once all objects are known. The Ingresses come last: what is said of them depends on the others. */
  async start(): Promise<void> {
    const { hasClasses, changed, configMapChanged, ingressChanged } = this.#options;
    const concerns =
      <T extends Mirrored>(kind: string): MirrorHandler<T>['changed'] =>
      (now, before) => {
        const one = now ?? before;
        if (one && this.#asked.has(`${kind} ${nameOf(one)}`)) changed();
      };
    this.#classes = hasClasses ? this.#open('apis/networking.k8s.io/v1', 'ingressclasses') : undefined;
    this.#services = this.#open<Live<Service>>('api/v1', 'services', concerns('service'));
    this.#secrets = this.#open<Live<Secret>>('api/v1', 'secrets', concerns('secret'), '?fieldSelector=type%21%3Dhelm.sh%2Frelease.v1');
    this.#configMaps = this.#open<Live<ConfigMap>>('api/v1', 'configmaps', (now, before) => {
      concerns<Live<ConfigMap>>('configmap')(now, before);
      configMapChanged(now, before);
    });
    this.#open<Live<EndpointSlice>>('apis/discovery.k8s.io/v1', 'endpointslices', (now, before) => this.#sliceChanged(now, before));
    await Promise.all(this.#mirrors.map(({ listed }) => listed));
    this.#ingresses = this.#open<LiveIngress>('apis/networking.k8s.io/v1', 'ingresses', ingressChanged);
    await this.#ingresses.listed;
  }

  #sliceChanged(now: Live<EndpointSlice> | undefined, before: Live<EndpointSlice> | undefined): void {
    for (const slice of [before, now]) {
      if (!slice) continue;
      const service = `${slice.metadata.namespace}/${slice.metadata.labels?.[SERVICE_LABEL] ?? ''}`;
      const own = this.#slices.get(service) ?? new Map<string, Live<EndpointSlice>>();
      if (slice === now) own.set(slice.metadata.name, slice);
      else own.delete(slice.metadata.name);
      if (own.size > 0) this.#slices.set(service, own);
      else this.#slices.delete(service);
      if (this.#asked.has(`service ${service}`)) this.#options.changed();
    }
  }

  /** Forgets what was asked for; a new configuration asks again. */
  beginAsking(): void {
    this.#asked.clear();
  }

  ingresses(): readonly LiveIngress[] {
    return this.#ingresses?.all() ?? [];
  }

  /** Undefined when nobody may look at classes. */
  get classes(): Pick<Mirror<Live<IngressClass>>, 'get'> | undefined {
    return this.#classes;
  }

  service(key: string): Live<Service> | undefined {
    this.#asked.add(`service ${key}`);
    return this.#services?.get(key);
  }

  slices(key: string): readonly Live<EndpointSlice>[] {
    this.#asked.add(`service ${key}`);
    return [...(this.#slices.get(key)?.values() ?? [])];
  }

  secret(key: string): Live<Secret> | undefined {
    this.#asked.add(`secret ${key}`);
    return this.#secrets?.get(key);
  }

  configMap(key: string): Live<ConfigMap> | undefined {
    this.#asked.add(`configmap ${key}`);
    return this.#configMaps?.get(key);
  }

  close(): void {
    for (const mirror of this.#mirrors) mirror.close();
  }
}
