// API servers beside this one: what APIServices name is theirs to answer.
//
//     APIServices ──> who serves what ──> requests passed on
//         ^                  └──────────> discovery, OpenAPI: told of beside our own
//         ├── made for what is served here, and kept in step with custom resources
//         └── told whether those that others serve can be reached
import { type APIService, apiregistrationKinds, type KindInfo } from '../../api/index.ts';
import type { Clock, Logger, Random } from '../../runtime/index.ts';
import type { RankedVersion, RemoteVersion, VersionOwners } from '../discovery/index.ts';
import type { RemoteSpec } from '../openapi/index.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { ObjectReader, ObjectWriter } from '../registry/objects.ts';
import type { PodDialer } from '../webhook/index.ts';
import { Availability } from './availability.ts';
import { type ProxyParts, proxyRequest } from './proxy.ts';
import { Registration } from './registration.ts';
import { type ProxyCertificate, RemoteClient } from './remote-client.ts';
import { RemoteDocuments } from './remote-documents.ts';
import type { RemoteService } from './remote-service.ts';
import { ServiceList } from './service-list.ts';

const API_SERVICES = apiregistrationKinds.apiservices;

export interface AggregationSettings {
  /** How this server makes itself known to the others. */
  readonly certificate?: (() => ProxyCertificate) | undefined;
  readonly rejectRedirects: boolean;
  /** Further headers, in lower case, in which proxies before this server name users: they are not passed on. */
  readonly namesUser?: ((lowerCaseName: string) => boolean) | undefined;
}

export interface AggregatorOptions {
  readonly objects: ObjectReader & ObjectWriter;
  /** What is served from the start. */
  readonly kinds: readonly KindInfo[];
  readonly settings: AggregationSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly dialer: PodDialer;
}

export class Aggregator implements VersionOwners {
  readonly #options: AggregatorOptions;
  readonly #services: ServiceList;
  readonly #client: RemoteClient;
  readonly #registration: Registration;
  readonly #availability: Availability;
  readonly #documents: RemoteDocuments;
  readonly #proxy: ProxyParts;
  #listener: Disposable | undefined;

  constructor(options: AggregatorOptions) {
    const { objects, kinds, settings, clock, random, logger, dialer } = options;
    this.#options = options;
    this.#services = new ServiceList(objects, () => this.#registration.kept());
    this.#registration = new Registration({ objects, kinds, clock, logger, onChange: () => this.#services.refresh() });
    this.#client = new RemoteClient({ objects, random, clock, dialer, certificate: settings.certificate });
    const remotes = () => this.#services.remotes;
    this.#availability = new Availability({ objects, kinds, client: this.#client, remotes, clock, logger });
    this.#documents = new RemoteDocuments({ objects, client: this.#client, remotes, clock, logger });
    this.#proxy = { client: this.#client, clock, rejectRedirects: settings.rejectRedirects, namesUser: settings.namesUser };
  }

  /** Resolves once it is known who serves what. */
  async start(): Promise<void> {
    // The first to hear of changes: the others ask what came of them.
    this.#listener = this.#options.objects.onChange<APIService>(API_SERVICES, () => {
      this.#services.refresh();
      this.#client.keep(this.#services.remotes);
    });
    this.#services.refresh();
    this.#registration.listen();
    await this.#availability.start();
    await this.#documents.start();
  }

  /** Resolves once there are APIServices for everything that is served here. */
  register(): Promise<void> {
    return this.#registration.start();
  }

  async stop(): Promise<void> {
    this.#listener?.[Symbol.dispose]();
    await this.#registration.stop();
    await this.#availability.stop();
    await this.#documents.stop();
    this.#client.close();
  }

  versions(): readonly RankedVersion[] {
    return this.#services.ranks();
  }

  remotes(): readonly RemoteVersion[] {
    return this.#documents.versions();
  }

  specs(): readonly RemoteSpec[] {
    return this.#documents.specs();
  }

  /** Metrics, in the format of /metrics. */
  text(): string {
    return this.#availability.metrics.text();
  }

  /** Paths that others answer, in upstream's list of paths. */
  paths(): string[] {
    return [...this.#services.remotes.values()].flatMap(({ group, version }) =>
      group === '' ? [`/api/${version}`] : [`/apis/${group}`, `/apis/${group}/${version}`],
    );
  }

  /** Whose a request is, if it is not ours. */
  ownerOf(exchange: Exchange): RemoteService | undefined {
    const { remotes } = this.#services;
    if (remotes.size === 0) return undefined;
    const name = nameOf(exchange.request.url ?? '');
    return name === undefined ? undefined : remotes.get(name);
  }

  /** Lets the owner of a request answer it. */
  pass(exchange: Exchange, owner: RemoteService): Promise<void> {
    return proxyRequest(this.#proxy, exchange, owner);
  }
}

const SPECS = '/openapi/v3/';

/** The name of the APIService that a URL is under; undefined when it is under none. */
function nameOf(url: string): string | undefined {
  const [path = ''] = url.split('?', 1);
  const [root, first, second = '', third = ''] = (path.startsWith(SPECS) ? path.slice(SPECS.length - 1) : path).split('/');
  if (root !== '') return undefined;
  if (first === 'api') return 'v1.';
  // A slash in disguise would mean one thing to us and another to them.
  if (first !== 'apis' || second === '' || third === '' || /%2f/i.test(path)) return undefined;
  return `${third}.${second}`;
}
