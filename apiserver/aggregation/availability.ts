// Keeps the condition Available of APIServices. Upstream: kube-aggregator, `pkg/controllers/status`.
import {
  type APIService,
  apiregistrationKinds,
  coreKinds,
  discoveryKinds,
  type EndpointSlice,
  type Endpoints,
  isNotFound,
  type KindInfo,
  type Service as KubeService,
  type Live,
  toTime,
} from '../../api/index.ts';
import { runController, WorkQueue } from '../../client/index.ts';
import type { Clock, Logger, Service } from '../../runtime/index.ts';
import type { UserInfo } from '../auth/types.ts';
import type { ObjectReader, ObjectWriter } from '../registry/objects.ts';
import { addressesOf, inGo, SERVICE_LABEL, slicesOf } from '../webhook/index.ts';
import { AvailabilityMetrics, isAvailable } from './availability-metrics.ts';
import { type Finding, failedDiscovery, findServiceProblem, LOCAL, PASSED, type ServiceState, withFinding } from './availability-plan.ts';
import { hostOf, type RemoteClient } from './remote-client.ts';
import { type RemoteService, remoteServiceOf } from './remote-service.ts';

const API_SERVICES = apiregistrationKinds.apiservices;
/** APIServices looked at at the same time. */
const WORKERS = 5;
/** The longest wait before a server that does not answer is asked again. */
const BACKOFF_MS_MAX = 30_000;
/** How often all others are asked, whatever happens. */
const RESYNC_MS = 30_000;
/** How often a server is asked each time: one good answer will do. */
const ATTEMPTS = 5;
const PROBE_MS_MAX = 5000;
/** Who may see what every API server has to show. */
const PROBER: UserInfo = { name: 'system:kube-aggregator', groups: ['system:masters'] };

export interface AvailabilityOptions {
  readonly objects: ObjectReader & ObjectWriter;
  /** What is served from the start. */
  readonly kinds: readonly KindInfo[];
  readonly client: RemoteClient;
  /** What other servers serve. */
  remotes(): ReadonlyMap<string, RemoteService>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Availability implements Service {
  readonly metrics: AvailabilityMetrics;
  readonly #options: AvailabilityOptions;
  readonly #queue: WorkQueue;
  readonly #listeners: Disposable[] = [];
  /** Of Services and what is behind them; only while there are others. */
  #followed: Disposable[] = [];
  readonly #stopping = new AbortController();
  #resync: Disposable | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: AvailabilityOptions) {
    this.#options = options;
    this.metrics = new AvailabilityMetrics(options.objects);
    this.#queue = new WorkQueue({ clock: options.clock, backoffMsMax: BACKOFF_MS_MAX });
  }

  start(): Promise<void> {
    const { objects, clock, logger } = this.#options;
    this.#listeners.push(objects.onChange<APIService>(API_SERVICES, ({ object }) => this.#changed(object.metadata.name)));
    for (const { metadata } of objects.list(API_SERVICES)) this.#changed(metadata.name);
    this.#running = runController({
      name: 'api-service-availability',
      queue: this.#queue,
      workers: WORKERS,
      reconcile: (name) => this.#reconcile(name),
      clock,
      logger,
      signal: this.#stopping.signal,
    });
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    for (const listener of [...this.#listeners, ...this.#followed]) listener[Symbol.dispose]();
    this.#resync?.[Symbol.dispose]();
    this.#stopping.abort();
    await this.#running;
  }

  #changed(name: string): void {
    this.#queue.add(name);
    const { size } = this.#options.remotes();
    if (size > 0 && this.#followed.length === 0) this.#follow();
    if (size > 0 || this.#followed.length === 0) return;
    for (const listener of this.#followed.splice(0)) listener[Symbol.dispose]();
    this.#resync?.[Symbol.dispose]();
  }

  #follow(): void {
    const { objects, kinds } = this.#options;
    const byName = ({ metadata }: Live<KubeService | Endpoints>) => this.#serviceChanged(metadata.namespace ?? '', metadata.name);
    const bySlice = ({ metadata }: Live<EndpointSlice>) =>
      this.#serviceChanged(metadata.namespace ?? '', metadata.labels?.[SERVICE_LABEL] ?? '');
    const { services, endpoints } = coreKinds;
    const { endpointslices } = discoveryKinds;
    if (kinds.includes(services)) this.#followed.push(objects.onChange<KubeService>(services, ({ object }) => byName(object)));
    if (kinds.includes(endpoints)) this.#followed.push(objects.onChange<Endpoints>(endpoints, ({ object }) => byName(object)));
    if (kinds.includes(endpointslices)) {
      this.#followed.push(objects.onChange<EndpointSlice>(endpointslices, ({ object }) => bySlice(object)));
    }
    this.#tick();
  }

  #tick(): void {
    this.#resync = this.#options.clock.setTimer(RESYNC_MS, () => {
      for (const name of this.#options.remotes().keys()) this.#queue.add(name);
      this.#tick();
    });
  }

  #serviceChanged(namespace: string, name: string): void {
    for (const { name: apiService, service } of this.#options.remotes().values()) {
      if (service.namespace === namespace && service.name === name) this.#queue.add(apiService);
    }
  }

  /** Rejects, to be called again, when the server could not be asked. */
  async #reconcile(name: string): Promise<void> {
    const { objects } = this.#options;
    const apiService = objects.get<APIService>(API_SERVICES, '', name);
    if (!apiService) return;
    const remote = remoteServiceOf(apiService);
    if (!remote && !withFinding(apiService.status.conditions, LOCAL, '')) return;
    const found = remote ? (findServiceProblem(remote, this.#stateOf(remote)) ?? (await this.#ask(remote))) : LOCAL;
    await this.#report(name, found);
    if (found.reason === failedDiscovery('').reason) throw new Error(found.message);
  }

  #stateOf({ service }: RemoteService): ServiceState {
    const { objects } = this.#options;
    return {
      service: objects.get<KubeService>(coreKinds.services, service.namespace, service.name),
      slices: slicesOf(objects, service),
      hasAddresses: (portName) => addressesOf(objects, service, portName).length > 0,
      hasEndpoints: objects.get<Endpoints>(coreKinds.endpoints, service.namespace, service.name) !== undefined,
    };
  }

  async #ask(remote: RemoteService): Promise<Finding> {
    const attempts = Array.from({ length: ATTEMPTS }, () => this.#probe(remote));
    try {
      return await Promise.any(attempts);
    } catch (error) {
      const last = error instanceof AggregateError ? error.errors.at(-1) : error;
      return failedDiscovery(last instanceof Error ? last.message : String(last));
    }
  }

  /** @throws Error with upstream's text. */
  async #probe(remote: RemoteService): Promise<Finding> {
    const { client } = this.#options;
    const address = client.addressOf(remote);
    const path = remote.name === LEGACY_NAME ? `/api/${remote.version}` : `/apis/${remote.group}/${remote.version}`;
    const url = `https://${hostOf(address)}${path}`;
    const failed = (why: string, cause?: unknown) => new Error(`failing or missing response from ${url}: ${why}`, { cause });
    let status: number;
    try {
      status = await client.probe(address, { path, user: PROBER, timeoutMs: PROBE_MS_MAX });
    } catch (error) {
      throw failed(`Get ${JSON.stringify(url)}: ${inGo(error, address)}`, error);
    }
    if (status < 200 || status >= 300) throw failed(`bad status from ${url}: ${status}`);
    return PASSED;
  }

  async #report(name: string, found: Finding): Promise<void> {
    const { objects, clock } = this.#options;
    const isLocal = found === LOCAL;
    let wasAvailable = false;
    try {
      await objects.updateStatus<APIService>(API_SERVICES, '', name, (current) => {
        // It may have become something else meanwhile, which comes back as a change.
        if (isLocal === (current.spec.service !== undefined)) return undefined;
        wasAvailable = isAvailable(current);
        const conditions = withFinding(current.status.conditions, found, toTime(clock.now()));
        return conditions && { ...current, status: { conditions } };
      });
      if (wasAvailable && found.status !== 'True') this.metrics.fell(name, found.reason ?? '');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** The APIService of the core group. */
const LEGACY_NAME = 'v1.';
