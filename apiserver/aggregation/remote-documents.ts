// What other servers tell of themselves: their part of discovery and OpenAPI, read again and again.
// Upstream: kube-aggregator, `pkg/apiserver/handler_discovery.go`, `pkg/controllers/openapi*`.
import { type APIService, apiregistrationKinds } from '../../api/index.ts';
import { runController, WorkQueue } from '../../client/index.ts';
import type { Clock, Logger, Service } from '../../runtime/index.ts';
import type { UserInfo } from '../auth/types.ts';
import type { RemoteVersion } from '../discovery/index.ts';
import type { RemoteSpec } from '../openapi/index.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { readAggregated, readResourceList, readSpec, readSpecUrl } from './discovery-documents.ts';
import type { DocumentRequest, RemoteClient, RemoteDocument } from './remote-client.ts';
import type { RemoteService } from './remote-service.ts';

const API_SERVICES = apiregistrationKinds.apiservices;
const WORKERS = 2;
/** How often all documents are read anew. */
const RESYNC_MS = 60_000;
/** The longest wait before a server that does not answer is asked again. */
const BACKOFF_MS_MAX = 30_000;
const DISCOVERY_MS_MAX = 5000;
const SPEC_MS_MAX = 60_000;
const DISCOVERER: UserInfo = { name: 'system:kube-aggregator', groups: ['system:masters'] };
const SPEC_READER: UserInfo = { name: 'system:aggregator', groups: [] };
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const ACCEPT = `${AGGREGATED},${AGGREGATED.replace('v=v2;', 'v=v2beta1;')}`;

export interface RemoteDocumentsOptions {
  readonly objects: ObjectReader;
  readonly client: RemoteClient;
  /** What other servers serve. */
  remotes(): ReadonlyMap<string, RemoteService>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What is known of one version. */
interface Told {
  readonly resources: readonly unknown[];
  readonly freshness: RemoteVersion['freshness'];
  readonly spec: RemoteSpec | undefined;
}

const UNKNOWN: Told = { resources: [], freshness: 'Stale', spec: undefined };

export class RemoteDocuments implements Service {
  readonly #options: RemoteDocumentsOptions;
  readonly #queue: WorkQueue;
  readonly #told = new Map<string, Told>();
  readonly #stopping = new AbortController();
  #versions: readonly RemoteVersion[] | undefined;
  #specs: readonly RemoteSpec[] | undefined;
  #resync: Disposable | undefined;
  #listener: Disposable | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: RemoteDocumentsOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({ clock: options.clock, backoffMsMax: BACKOFF_MS_MAX });
  }

  /** What other servers serve, as discovery tells it: the same array as long as nothing changes. */
  versions(): readonly RemoteVersion[] {
    this.#versions ??= [...this.#options.remotes().values()].map(({ name, group, version, groupPriority, versionPriority }) => {
      const { resources, freshness } = this.#told.get(name) ?? UNKNOWN;
      return { group, version, groupPriority, versionPriority, resources, freshness };
    });
    return this.#versions;
  }

  /** Their specifications, the most important first: likewise. */
  specs(): readonly RemoteSpec[] {
    this.#specs ??= [...this.#options.remotes().values()]
      .sort((a, b) => b.groupPriority - a.groupPriority || b.versionPriority - a.versionPriority || (a.name < b.name ? -1 : 1))
      .flatMap(({ name }) => this.#told.get(name)?.spec ?? []);
    return this.#specs;
  }

  start(): Promise<void> {
    const { objects, clock, logger } = this.#options;
    this.#listener = objects.onChange<APIService>(API_SERVICES, ({ object }) => this.#changed(object.metadata.name));
    for (const name of this.#options.remotes().keys()) this.#changed(name);
    this.#running = runController({
      name: 'api-service-documents',
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
    this.#listener?.[Symbol.dispose]();
    this.#resync?.[Symbol.dispose]();
    this.#stopping.abort();
    await this.#running;
  }

  #changed(name: string): void {
    const remotes = this.#options.remotes();
    if (!remotes.has(name) && !this.#told.delete(name)) return;
    this.#forget();
    this.#queue.add(name);
    if (remotes.size > 0) this.#resync ??= this.#tick();
  }

  #tick(): Disposable {
    return this.#options.clock.setTimer(RESYNC_MS, () => {
      const names = [...this.#options.remotes().keys()];
      for (const name of names) this.#queue.add(name);
      this.#resync = names.length > 0 ? this.#tick() : undefined;
    });
  }

  #forget(): void {
    this.#versions = undefined;
    this.#specs = undefined;
  }

  /** Rejects, to be called again, when something could not be read: then what was known stays. */
  async #reconcile(name: string): Promise<void> {
    const remote = this.#options.remotes().get(name);
    if (!remote) return;
    const [resources, spec] = await Promise.allSettled([this.#resourcesOf(remote), this.#specOf(remote)]);
    if (this.#options.remotes().get(name) !== remote) return; // it has changed, which comes back
    const before = this.#told.get(name) ?? UNKNOWN;
    this.#told.set(name, {
      resources: resources.status === 'fulfilled' ? resources.value : before.resources,
      freshness: resources.status === 'fulfilled' ? 'Current' : 'Stale',
      spec: spec.status === 'fulfilled' ? spec.value : before.spec,
    });
    this.#forget();
    for (const result of [resources, spec]) if (result.status === 'rejected') throw result.reason;
  }

  /** The resources of one version: from the document of all, or from the version's own where there is none. */
  async #resourcesOf(remote: RemoteService): Promise<readonly unknown[]> {
    const ask = (path: string, accept: string) => this.#read(remote, { path, accept, user: DISCOVERER, timeoutMs: DISCOVERY_MS_MAX });
    const all = await ask('/apis', ACCEPT);
    if (all.status === 200 && all.contentType.includes('as=APIGroupDiscoveryList')) return readAggregated(JSON.parse(all.text), remote);
    if (all.status === 503) throw new Error('the server is unavailable');
    const path = remote.group === '' ? `/api/${remote.version}` : `/apis/${remote.group}/${remote.version}`;
    const own = await ask(path, 'application/json');
    if (own.status !== 200) throw new Error(`${path} was answered ${own.status}`);
    return readResourceList(JSON.parse(own.text));
  }

  async #specOf(remote: RemoteService): Promise<RemoteSpec> {
    const ask = (path: string) => this.#read(remote, { path, accept: 'application/json', user: SPEC_READER, timeoutMs: SPEC_MS_MAX });
    const [index, v2] = await Promise.all([ask('/openapi/v3'), ask('/openapi/v2')]);
    const name = `apis/${remote.group}/${remote.version}`;
    return {
      name,
      url: index.status === 200 ? readSpecUrl(JSON.parse(index.text), name) : undefined,
      v2: v2.status === 200 ? readSpec(JSON.parse(v2.text)) : undefined,
    };
  }

  #read(remote: RemoteService, request: DocumentRequest): Promise<RemoteDocument> {
    return this.#options.client.document(remote, request);
  }
}
