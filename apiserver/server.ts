import { setMaxListeners } from 'node:events';
import { apiextensionsKinds, apiregistrationKinds, apiVersionOf, flowcontrolKinds, type KindInfo, type ServedKind } from '../api/index.ts';
import { type ObjectType, typeOfMessage } from '../api/schema.ts';
import { type Clock, HealthSlis, type Logger, type MetricRules, type Random, type Service } from '../runtime/index.ts';
import type { Store } from '../store/index.ts';
import type { ServedVersions } from './admission/matching/served-versions.ts';
import type { AdmissionMetrics } from './admission/metrics.ts';
import type { AdmissionPlugin } from './admission/plugin.ts';
import { Aggregator } from './aggregation/index.ts';
import { FieldManager } from './apply/field-manager.ts';
import type { TokenRequests } from './auth/token-request.ts';
import type { Authenticator, Authorizer } from './auth/types.ts';
import { ConversionMetrics, createCustomResources } from './custom-resources/index.ts';
import type { FeatureGates } from './feature-gates.ts';
import { createFairness, type Fairness } from './flow-control/index.ts';
import { createHttpServer, type HttpServer, listenError, type ServingTls } from './http/http-server.ts';
import { metricsHandlers } from './metrics-api/index.ts';
import type { AccessMetrics } from './pipeline/access-metrics.ts';
import type { Auditor, Exchange } from './pipeline/exchange.ts';
import { FlowControl, type FlowController } from './pipeline/flow-control.ts';
import { Pipeline, type PipelineOptions } from './pipeline/pipeline.ts';
import { RequestMetrics } from './pipeline/request-metrics.ts';
import { AdmissionChain } from './registry/admission-chain.ts';
import { ClaimRepair } from './registry/claims.ts';
import { ComparisonMetrics } from './registry/comparison-metrics.ts';
import { InProcessObjects } from './registry/in-process-objects.ts';
import type { ObjectReader, ObjectWriter } from './registry/objects.ts';
import { repairEvents } from './registry/repair-events.ts';
import type { Resource, ResourcePlace } from './registry/resource.ts';
import { type Strategy, type StrategyTable, strategyKey } from './registry/strategy.ts';
import { inItsVersion, storedKindOf } from './registry/version-view.ts';
import { createBinding } from './rest/binding.ts';
import { type Component, componentStatusHandlers } from './rest/component-status.ts';
import { BodyDecoder } from './rest/decode-body.ts';
import { Encoder } from './rest/encoder.ts';
import { type HealthCheck, healthChecks } from './rest/health.ts';
import { KindHost } from './rest/kind-host.ts';
import { KindVersions } from './rest/kind-versions.ts';
import { type CreateOnly, Kinds } from './rest/kinds.ts';
import { KubeletConnector } from './rest/kubelet-connector.ts';
import { type MetricsSources, ServerMetrics } from './rest/metrics.ts';
import { Negotiator } from './rest/negotiation.ts';
import { Pacer } from './rest/pacer.ts';
import { requestObject } from './rest/request-object.ts';
import type { Endpoint, Rest, Review } from './rest/rest.ts';
import { answerReview } from './rest/review.ts';
import { answerRoot, type DocumentSource, type RootOptions } from './rest/root.ts';
import { route } from './rest/router.ts';
import { Scheme } from './rest/scheme.ts';
import { answerSnapshot } from './rest/snapshot.ts';
import { RuleMetrics } from './schema-rules/index.ts';
import { type ApiServerSettings, SETTING_DEFAULTS } from './server-settings.ts';
import { Shards, type StoreOverride } from './shards.ts';
import type { StoreProbes } from './store-probe.ts';
import { sizeOf } from './store-size.ts';
import type { PodDialer } from './webhook/index.ts';

/** How long requests that are being served may take once the server stops. */
const DRAIN_MS = 2500;

/** Kinds that are told, not kept, by `group/resource`. */
const CREATE_ONLY: Readonly<Record<string, CreateOnly>> = { '/bindings': createBinding };

/** Kinds whose objects are made when they are asked for, by `group/resource`. */
const computedHandlers = (components: readonly Component[]) => ({
  '/componentstatuses': componentStatusHandlers(components),
  ...metricsHandlers(),
});

/** What the parts of the server are given to be made. */
export interface PartsContext {
  readonly objects: ObjectReader & ObjectWriter;
  /** The kinds that discovery and OpenAPI tell of. */
  readonly kinds: Pick<KindHost, 'infos' | 'published'>;
  /** The kinds as admission knows them. */
  readonly versions: ServedVersions;
  /** What other servers serve; absent where APIServices are not served. */
  readonly others: Pick<Aggregator, 'versions' | 'remotes' | 'specs'> | undefined;
  /** The way to what runs in pods. */
  readonly dialer: PodDialer;
}

/** The parts that decide and describe; made by others. */
export interface ApiServerParts {
  readonly strategies: StrategyTable;
  readonly admission: readonly AdmissionPlugin[];
  /** What plugins measure, and what is measured of them; absent where nothing is. */
  readonly admissionMetrics?: AdmissionMetrics | undefined;
  readonly accessMetrics?: AccessMetrics | undefined;
  /** What strategies count; absent where nothing is. */
  readonly strategyMetrics?: { text(): string } | undefined;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  /** Create-only kinds, by `group/resource`. */
  readonly reviews: ReadonlyMap<string, Review>;
  readonly discovery: DocumentSource;
  readonly openapi: DocumentSource;
  /** The tokens of service accounts, and the keys they can be checked with; absent where none are made. */
  readonly tokens?: TokenRequests | undefined;
  readonly openid?: DocumentSource | undefined;
}

export type { ApiServerSettings, ServingTls };

export interface ApiServerOptions {
  readonly store: Store;
  /** Where some kinds are instead. */
  readonly overrides?: readonly StoreOverride[] | undefined;
  /** All that there are. */
  readonly kinds: readonly ServedKind[];
  /** Which of them are served; all unless given. */
  isServed?(kind: KindInfo): boolean;
  /** Makes the parts, which may keep `objects`: it can be read once the server has started. */
  parts(context: PartsContext): ApiServerParts;
  readonly tls: ServingTls;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly settings?: Partial<ApiServerSettings> | undefined;
  /** Makes what notes requests for the audit log; `bodyOf` reads a request's body as JSON. */
  readonly audit?: ((bodyOf: (exchange: Exchange) => unknown) => Auditor) | undefined;
  /** What begins traces of requests; absent where nothing is traced. */
  readonly tracer?: PipelineOptions['tracer'];
  /** How a store that is elsewhere is asked whether it is well. */
  readonly probes?: StoreProbes | undefined;
  /** What objects are sealed with in the store; nothing is unless given. */
  readonly sealing?: ResourcePlace['sealing'];
  /** Metrics of that. */
  readonly encryption?: { text(): string } | undefined;
  /** Checks of what the store is used through, beside those of the store itself. */
  readonly storageChecks?: readonly HealthCheck[] | undefined;
  /** The parts of the control plane that ComponentStatuses tell of. */
  readonly components?: readonly Component[] | undefined;
  /** The features that metrics tell of. */
  readonly features?: FeatureGates['all'] | undefined;
  /** What is told of what is counted; all unless given. */
  readonly metricRules?: MetricRules | undefined;
  /** Done once requests are served, before the server calls itself ready: the objects of a new cluster. */
  bootstrap?(server: ApiServer): Promise<void>;
}

/** A running API server. */
export interface ApiServer extends Service {
  /** `https://host:port`, once started. */
  readonly url: string;
  readonly port: number;
  /** Serves new connections with another certificate, and takes client certificates of other CAs. */
  serveWith(tls: ServingTls): void;
  /** Readiness fails from now on: {@link Service.stop} comes next. */
  announceStop(): void;
  /** The objects, for the server's own parts and for tests. */
  readonly objects: ObjectReader & ObjectWriter;
}

/** Builds the API server on a store that its caller opened, and closes after {@link Service.stop}. */
export const createApiServer = (options: ApiServerOptions): ApiServer => new Server(options);

class Server implements ApiServer {
  readonly objects: InProcessObjects;
  readonly #options: ApiServerOptions;
  readonly #settings: ApiServerSettings;
  #computed: Readonly<Partial<Record<string, Endpoint['handlers']>>> = {};
  readonly #shards: Shards;
  readonly #kinds = new Kinds();
  readonly #host: KindHost;
  readonly #customResources: Service | undefined;
  readonly #ruleMetrics: RuleMetrics;
  readonly #conversions: ConversionMetrics;
  readonly #comparisons: ComparisonMetrics;
  readonly #aggregator: Aggregator | undefined;
  readonly #stopping = new AbortController();
  readonly #kubelets: KubeletConnector;
  readonly #claims: ClaimRepair;
  readonly #admission: readonly AdmissionPlugin[];
  readonly #auditor: Auditor | undefined;
  /** Absent where there are plain limits only. */
  readonly #fairness: Fairness | undefined;
  readonly #pipeline: Pipeline;
  readonly #rest: Rest;
  readonly #root: RootOptions;
  readonly #http: HttpServer;
  #bootstrapped = false;
  #isStopping = false;
  #stopped: Promise<void> | undefined;

  constructor(options: ApiServerOptions) {
    const { clock, random, logger } = options;
    this.#options = options;
    this.#settings = { ...SETTING_DEFAULTS, ...options.settings };
    setMaxListeners(0, this.#stopping.signal); // one for each watch
    const infos = options.kinds.map(({ info }) => info);
    this.#shards = new Shards(options, infos, this.#settings);
    this.objects = new InProcessObjects({ now: () => clock.now(), fresh: () => this.#shards.fresh() });
    const served = options.kinds.filter(({ info }) => this.#isServed(info));
    this.#comparisons = new ComparisonMetrics(clock);
    this.#host = new KindHost({
      kinds: this.#kinds,
      shards: this.#shards,
      random,
      place: this.#place(),
      builtIn: served,
      comparisons: this.#comparisons,
    });
    this.#kubelets = new KubeletConnector(this.#settings.kubelet, this.objects);
    this.#aggregator = this.#createAggregator(served.map(({ info }) => info));
    const parts = options.parts(this.#partsContext(served));
    this.#admission = parts.admission;
    this.#addKinds(parts);
    const resources = [...this.#kinds.endpoints()].map(({ resource }) => resource);
    const tell = repairEvents({ objects: this.objects, clock, random, logger });
    const storeOf = (resource: Resource) => this.#shards.of(resource).store;
    this.#claims = new ClaimRepair({ storeOf, resources, clock, logger, tell });
    this.#ruleMetrics = new RuleMetrics(clock);
    this.#conversions = new ConversionMetrics(clock);
    this.#customResources = infos.includes(apiextensionsKinds.customresourcedefinitions) ? this.#createCustomResources() : undefined;
    const negotiator = new Negotiator();
    const encoder = new Encoder(negotiator);
    this.#rest = {
      sourceOf: (resource) => this.#shards.of(resource),
      negotiator,
      encoder,
      pacer: new Pacer(),
      decoder: new BodyDecoder(new Scheme(infos)),
      admission: new AdmissionChain(parts.admission, parts.admissionMetrics),
      authorizer: parts.authorizer,
      tokens: parts.tokens,
      objects: this.objects,
      kubelets: this.#kubelets,
      clock,
      random,
      logger,
      stopping: this.#stopping.signal,
      minRequestTimeoutMs: this.#settings.minRequestTimeoutMs,
      endpointOf: (kind) => this.#kinds.endpointOf(kind),
    };
    const requests = new RequestMetrics(parts.accessMetrics);
    this.#auditor = options.audit?.((exchange) => requestObject(exchange, this.#kinds));
    this.#fairness = this.#settings.priorityAndFairness ? this.#createFairness() : undefined;
    const flowControl = this.#fairness?.control ?? this.#plainLimits();
    const metrics = this.#createMetrics(parts, { requests, inFlight: flowControl, store: this.#shards.meter });
    this.#root = {
      kinds: this.#kinds,
      infos: () => this.#host.infos(),
      health: this.#healthChecks(),
      slis: new HealthSlis(),
      otherPaths: () => this.#aggregator?.paths() ?? [],
      discovery: parts.discovery,
      openapi: parts.openapi,
      openid: parts.openid,
      metrics: () => metrics.text(),
      dump: (exchange) => this.#fairness?.dump(exchange),
      snapshot: (exchange) => answerSnapshot(exchange, this.#shards.main.store, this.#settings.privilegedGroup),
    };
    this.#pipeline = this.#createPipeline(parts, { flowControl, metrics: requests, encodeStatus: encoder.status });
    this.#http = this.#createHttp();
  }

  #createCustomResources(): Service {
    const { clock, random, logger } = this.#options;
    return createCustomResources({
      host: this.#host,
      objects: this.objects,
      clock,
      random,
      logger,
      dialer: this.#kubelets,
      metrics: this.#ruleMetrics,
      conversions: this.#conversions,
    });
  }

  #createMetrics(parts: ApiServerParts, more: Pick<MetricsSources, 'requests' | 'inFlight' | 'store'>): ServerMetrics {
    const { encryption, metricRules, features, clock } = this.#options;
    return new ServerMetrics({
      ...more,
      fairness: this.#fairness,
      admission: parts.admissionMetrics,
      auditor: this.#auditor,
      encryption,
      aggregator: this.#aggregator,
      rules: this.#ruleMetrics,
      conversions: this.#conversions,
      comparisons: this.#comparisons,
      strategies: parts.strategyMetrics,
      told: metricRules,
      handshakeErrors: () => this.#http.handshakeErrors(),
      repairErrors: () => this.#claims.errors,
      logRequests: this.#kubelets.logRequests,
      revisionOf: (resource) => this.#shards.of(resource).hub.revision,
      features,
      storeBytes: () => sizeOf(this.#shards.main.store, clock),
      endpoints: () => this.#kinds.endpoints(),
    });
  }

  #createHttp(): HttpServer {
    const { tls, clock, random } = this.#options;
    const { http2StreamsMax: streamsMax, goawayChance, tlsLimits, http } = this.#settings;
    return createHttpServer(tls, (request, response, upgrade) => void this.#pipeline.handle(request, response, upgrade), {
      streamsMax,
      movesOn: goawayChance > 0 ? () => random.next() < goawayChance : undefined,
      tlsLimits,
      ...http,
      clock,
    });
  }

  #place(): ResourcePlace {
    const { sealing, logger } = this.#options;
    const { storageRoot: root, watchCacheSize: eventsMax, isCached } = this.#settings;
    const onUnreadable = (err: unknown, key: string) =>
      logger.error({ err, key }, 'an object in the store cannot be read: who asks for it is told why, who watches is sent away');
    return { root, eventsMax, isCached, sealing, onUnreadable };
  }

  #healthChecks(): ReturnType<typeof healthChecks> {
    return healthChecks({
      storeOpen: () => this.#shards.synced && this.#shards.meter.failure === undefined,
      synced: () => this.#shards.synced,
      bootstrapped: () => this.#bootstrapped,
      stopping: () => this.#isStopping,
      probes: this.#options.probes,
      overrides: this.#options.overrides?.map(({ probes }) => probes),
      ofStorage: this.#options.storageChecks,
    });
  }

  #createFairness(): Fairness {
    const { clock, logger, kinds } = this.#options;
    const { maxRequestsInFlight, maxMutatingRequestsInFlight, requestTimeoutMs } = this.#settings;
    return createFairness({
      seats: maxRequestsInFlight + maxMutatingRequestsInFlight,
      requestTimeoutMs,
      objects: this.objects,
      hasObjects: kinds.some(({ info }) => info === flowcontrolKinds.flowschemas),
      resourceOf: (info) => this.#kinds.endpointOf(info)?.resource,
      clock,
      logger,
    });
  }

  #plainLimits(): FlowController {
    const { maxRequestsInFlight: readOnlyMax, maxMutatingRequestsInFlight: mutatingMax, privilegedGroup } = this.#settings;
    return new FlowControl({ readOnlyMax, mutatingMax, privilegedGroup });
  }

  #createPipeline(parts: ApiServerParts, more: Pick<PipelineOptions, 'flowControl' | 'metrics' | 'encodeStatus'>): Pipeline {
    const { clock, random, logger } = this.#options;
    return new Pipeline({
      ...more,
      authenticator: parts.authenticator,
      authorizer: parts.authorizer,
      auditor: this.#auditor,
      tracer: this.#options.tracer,
      requestTimeoutMs: this.#settings.requestTimeoutMs,
      browsers: this.#settings.browsers,
      clock,
      random,
      logger,
      dispatch: (exchange) => this.#dispatch(exchange),
    });
  }

  get port(): number {
    return this.#http.port ?? this.#options.port;
  }

  get url(): string {
    const { host } = this.#options;
    const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
    return `https://${shown.includes(':') ? `[${shown}]` : shown}:${this.port}`;
  }

  async start(): Promise<void> {
    const { host, port, bootstrap, logger } = this.#options;
    await this.#shards.start();
    try {
      await this.#claims.start();
      await this.#customResources?.start();
      this.#fairness?.start();
      await this.#aggregator?.start();
      await this.#http.listen(host, port);
      await Promise.all([bootstrap?.(this), this.#aggregator?.register()]);
      this.#bootstrapped = true;
      this.#fairness?.keepStatus();
    } catch (error) {
      await this.stop();
      throw listenError(error, host, port);
    }
    logger.info({ url: this.url }, 'API server is serving');
  }

  serveWith(tls: ServingTls): void {
    this.#http.serveWith(tls);
  }

  announceStop(): void {
    this.#isStopping = true;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /**
   * Readiness fails at once; requests are served for as long as load balancers may take to notice. Then watches end, requests being served are
   * finished, and connections are closed, each when its answer is out. Upstream: apiserver/pkg/server/genericapiserver.go.
   */
  async #stop(): Promise<void> {
    this.announceStop();
    const { shutdownDelayMs, refusesAtStop } = this.#settings;
    if (this.#bootstrapped && shutdownDelayMs > 0) await this.#options.clock.sleep(shutdownDelayMs);
    this.#stopping.abort();
    this.#pipeline.close();
    const forced = this.#options.clock.setTimer(DRAIN_MS, () => this.#http.destroy());
    if (refusesAtStop) await this.#pipeline.drain(DRAIN_MS);
    await this.#http.close();
    forced.cancel();
    this.#pipeline.stop();
    this.#fairness?.stop();
    this.#kubelets.close();
    for (const plugin of this.#admission) plugin.close?.();
    await this.#aggregator?.stop();
    await this.#customResources?.stop();
    await this.#claims.stop();
    this.#shards.stop();
    await this.#auditor?.close();
  }

  #isServed(info: KindInfo): boolean {
    return this.#options.isServed?.(info) ?? true;
  }

  #addKinds(parts: ApiServerParts): void {
    this.#computed = computedHandlers(this.#options.components ?? []);
    for (const kind of this.#options.kinds) this.#addKind(kind, parts);
    this.objects.bind((kind) => this.#kinds.endpointOf(kind)?.registry);
  }

  /** What is stored is there for the server's own parts and for other versions, served or not. */
  #addKind(kind: ServedKind, { strategies, reviews }: ApiServerParts): void {
    const { kinds } = this.#options;
    const { info } = kind;
    const key = strategyKey(info);
    const answer = reviews.get(key);
    const create = answer ? reviewer(kind, answer) : CREATE_ONLY[key];
    const isServed = this.#isServed(info);
    if (create) {
      if (isServed) this.#host.addCreateOnly(info, create);
      return;
    }
    if (!isServed && info.storedAs !== undefined) return;
    const strategy = strategies.get(strategyKey(storedKindOf(info, kinds)));
    if (!strategy) throw new Error(`no strategy for ${key}`);
    // A strategy and a message only ever meet objects of their own kind.
    const type = typeOfMessage(kind.message) as ObjectType;
    const definition = { info, type, strategy: strategy as unknown as Strategy, isHidden: !isServed };
    const handlers = this.#computed[key];
    if (!handlers) this.#host.add(inItsVersion(definition, kinds));
    else if (isServed) this.#host.addComputed(definition, handlers);
  }

  #partsContext(served: readonly ServedKind[]): PartsContext {
    const versions = new KindVersions(this.#kinds, served);
    return { objects: this.objects, kinds: this.#host, versions, others: this.#aggregator, dialer: this.#kubelets };
  }

  #createAggregator(kinds: readonly KindInfo[]): Aggregator | undefined {
    const { clock, random, logger } = this.#options;
    if (!kinds.includes(apiregistrationKinds.apiservices)) return undefined;
    const { aggregation: settings } = this.#settings;
    return new Aggregator({ objects: this.objects, kinds, settings, clock, random, logger, dialer: this.#kubelets });
  }

  #dispatch(exchange: Exchange): Promise<void> | void {
    const owner = this.#aggregator?.ownerOf(exchange);
    if (owner) return this.#aggregator?.pass(exchange, owner);
    const { info } = exchange;
    if (!info.isResource) return answerRoot(exchange, this.#root);
    return route(this.#rest, this.#kinds, exchange);
  }
}

/** Answers a kind of which objects are questions. */
function reviewer(kind: ServedKind, answer: Review): CreateOnly {
  const fields = new FieldManager({
    apiVersion: apiVersionOf(kind.info),
    kind: kind.info.kind,
    type: typeOfMessage(kind.message) as ObjectType,
  });
  return (rest, exchange) => answerReview(rest, exchange, { kind, answer, fields });
}
