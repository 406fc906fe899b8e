import { hostname } from 'node:os';
import { join } from 'node:path';
import { ALL_KINDS, BUILT_IN_KINDS } from '../api/schema.ts';
import {
  type CertificateFiles,
  type Environment,
  type MetricRules,
  type NamedCertificate,
  type RequestHeaderOptions,
  readMetricRules,
  type Service,
} from '../runtime/index.ts';
import { createSharedCompaction, type Store } from '../store/index.ts';
import { type Access, openAccess } from './access.ts';
import { AdmissionMetrics, createAdmission } from './admission/index.ts';
import {
  createAuthenticator,
  createAuthorizer,
  createOpenIdDocuments,
  createTokenIssuer,
  createTokenRequests,
  KEYS_PATH,
  withFreshObjects,
} from './auth/index.ts';
import { createBootstrap, MasterLeases, NODE_RULES, serverIdentity } from './bootstrap/index.ts';
import { hashOf, type ReloadStatus } from './config-reload.ts';
import { dataDirectoryOf, servingPairOf } from './data-directory.ts';
import { createDiscovery } from './discovery/index.ts';
import type { Encryption } from './encryption/index.ts';
import { advertiseAddressOf, externalAddressOf } from './external-address.ts';
import { aggregationOf, kubeletsOf, requestHeadersOf } from './front-proxy.ts';
import { openOverrides, openStore } from './open-store.ts';
import { createOpenApi } from './openapi/index.ts';
import { AccessMetrics } from './pipeline/access-metrics.ts';
import {
  type CertificatePair,
  ensurePki,
  FollowedPair,
  type Pki,
  type ServingContent,
  ServingFiles,
  type ServingPaths,
  writeKubeconfigs,
} from './pki/index.ts';
import { AllocationMetrics } from './registry/allocation-metrics.ts';
import { cachedKinds } from './registry/cached-kinds.ts';
import { CertificateMetrics } from './registry/certificate-metrics.ts';
import type { ObjectReader } from './registry/objects.ts';
import { type Component, componentsOf } from './rest/component-status.ts';
import { createReviews } from './reviews/index.ts';
import {
  type ApiServer,
  type ApiServerOptions,
  type ApiServerParts,
  type ApiServerSettings,
  createApiServer,
  type PartsContext,
} from './server.ts';
import { type ApiServerValues, type CompiledOptions, compileOptions, readPem, storeOverrides } from './settings.ts';
import type { StoreOverride } from './shards.ts';
import { createStoreProbe, type StoreProbes } from './store-probe.ts';
import { createStrategies } from './strategies/index.ts';

/**
 * The API server as a process has it: database, certificates and all parts, from the options alone.
 *
 * @throws OptionError, UserError when the options cannot be followed.
 */
export function composeApiServer(values: ApiServerValues, environment: Environment): Service {
  return new ComposedApiServer(values, compileOptions(values), environment);
}

class ComposedApiServer implements Service {
  readonly #values: ApiServerValues;
  readonly #compiled: CompiledOptions;
  readonly #environment: Environment;
  /** Where certificates and kubeconfigs are. */
  readonly #directory: string;
  /** What was started, to be stopped in the opposite order. */
  readonly #running: Pick<Service, 'stop'>[] = [];
  readonly #stopping = new AbortController();
  readonly #accessMetrics = new AccessMetrics(hashOf(serverIdentity(hostname())));
  readonly #allocations: AllocationMetrics;
  readonly #metricRules: MetricRules;
  #server: ApiServer | undefined;
  /** What is served; known once the server is made. */
  #kinds: PartsContext['kinds'] | undefined;
  #certificates: Service | undefined;
  /** What is shown to others, from files. */
  readonly #pairs: FollowedPair[] = [];
  #url: string | undefined;

  constructor(values: ApiServerValues, compiled: CompiledOptions, environment: Environment) {
    this.#values = values;
    this.#compiled = compiled;
    this.#environment = environment;
    this.#directory = dataDirectoryOf(values);
    this.#allocations = new AllocationMetrics(environment.clock);
    this.#metricRules = readMetricRules(values, environment.logger);
  }

  get url(): string | undefined {
    return this.#url;
  }

  get stopMsMax(): number {
    return STOP_MS_MAX + this.#values['shutdown-delay-duration'];
  }

  async start(): Promise<void> {
    for (const each of this.#compiled.featureGates.unheeded) this.#environment.logger.info(each, 'feature gate has no effect here');
    try {
      // The database first: whoever holds it owns the directory, and nobody else writes there. With etcd, others may.
      const store = await this.#openStore();
      const overrides = await this.#openOverrides();
      const pki = await ensurePki({
        directory: join(this.#directory, 'pki'),
        hosts: this.#hosts(),
        clock: this.#environment.clock,
      });
      const access = await openAccess(this.#values, this.#compiled, { ...this.#environment, metrics: this.#accessMetrics });
      for (const service of access.services) await this.#run(service);
      const given = { overrides, audit: await this.#audit(access.egress), tracer: await this.#tracing(), ...(await this.#encryption()) };
      const server = this.#createServer(store, { pki, access }, given);
      this.#server = server;
      await this.#run(server);
      if (this.#certificates) await this.#run(this.#certificates);
      for (const pair of this.#pairs) await this.#run(pair);
      await writeKubeconfigs(this.#directory, pki, server.url);
      this.#url = server.url;
      await this.#startUpkeep([store, ...overrides.map((each) => each.store)], server);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#server?.announceStop();
    for (const service of this.#running.splice(0).reverse()) await service.stop();
  }

  async #run(service: Service): Promise<void> {
    this.#running.push(service);
    await service.start();
  }

  async #openStore(): Promise<Store> {
    const store = await openStore(this.#values, this.#environment, this.#stopping.signal);
    this.#running.push({ stop: () => store.close() });
    return store;
  }

  async #openOverrides(): Promise<StoreOverride[]> {
    const opened = await openOverrides(this.#values, this.#environment, this.#stopping.signal);
    for (const { store } of opened) this.#running.push({ stop: () => store.close() });
    return opened.map((each) => ({ ...each, probes: this.#probesOf(each.store) }));
  }

  #hosts(): string[] {
    const { 'bind-address': bind, 'external-hostname': name } = this.#values;
    const every = [this.#compiled.kubernetesServiceIp, bind, advertiseAddressOf(this.#values), name];
    return every.flatMap((host) => (host === undefined || host === '0.0.0.0' || host === '::' ? [] : [host]));
  }

  #createServer(
    store: Store,
    { pki, access }: Omit<Prepared, 'clientCa' | 'requestHeaders'>,
    given: Pick<ApiServerOptions, 'overrides' | 'audit' | 'tracer' | 'sealing' | 'storageChecks' | 'encryption'>,
  ): ApiServer {
    const { clock, random, logger } = this.#environment;
    const values = this.#values;
    const { namedCertificates: named } = this.#compiled;
    const files = { ...servingPaths(values), named };
    let serving: ServingContent = { ...readServing(values, pki), named: named.map(readNamed) };
    const requestHeaders = requestHeadersOf(values, () => serving.frontProxyCa);
    const tls = () => ({ ...serving, clientCa: `${serving.clientCa}\n${requestHeaders.ca}` });
    const bootstrap = async (server: ApiServer) => {
      const address = () => ({
        serviceIp: this.#compiled.kubernetesServiceIp,
        advertiseAddress: advertiseAddressOf(values),
        port: server.port,
      });
      const kinds = BUILT_IN_KINDS.map(({ info }) => info);
      const { objects } = server;
      const leases = values['endpoint-reconciler-type'] === 'lease' ? new MasterLeases(store, this.#compiled.storageRoot) : undefined;
      const serviceClusterIpRange = values['service-cluster-ip-range'];
      const clientCa = () => serving.clientCa;
      const cluster = { objects, kinds, clientCa, requestHeaders, serviceClusterIpRange, address, leases, hostname: hostname() };
      await this.#run(createBootstrap({ ...cluster, clock, random, logger }));
    };
    const server: ApiServer = createApiServer({
      store,
      kinds: ALL_KINDS,
      isServed: this.#compiled.isServed,
      parts: (context) => this.#parts(context, { pki, access, clientCa: () => serving.clientCa, requestHeaders }, () => server.url),
      tls: tls(),
      clock,
      random,
      logger,
      host: values['bind-address'],
      port: values['secure-port'],
      settings: this.#settings({ pki, access }),
      probes: this.#probes(store),
      components: this.#components(store, given.overrides),
      features: this.#compiled.featureGates.all,
      metricRules: this.#metricRules,
      bootstrap,
      ...given,
    });
    this.#certificates = new ServingFiles({
      paths: files,
      content: serving,
      clock,
      logger,
      onChange: (content) => {
        serving = content;
        server.serveWith(tls());
      },
    });
    return server;
  }

  /** Loaded only when something is encrypted. */
  async #encryption(): Promise<Pick<ApiServerOptions, 'sealing' | 'storageChecks' | 'encryption'>> {
    const { 'encryption-provider-config': path, 'encryption-provider-config-automatic-reload': reload } = this.#values;
    if (path === undefined) return {};
    const module = await import('./encryption/index.ts');
    const { clock, random, logger } = this.#environment;
    const onReload = (status: ReloadStatus) => this.#accessMetrics.reloaded('encryption', status, clock.now());
    const onHash = (hash: string) => this.#accessMetrics.configured('encryption', hash);
    const server = hashOf(serverIdentity(hostname()));
    const encryption: Encryption = new module.Encryption({ path, reload, server, onReload, onHash, clock, random, logger });
    await this.#run(encryption);
    return {
      sealing: (kind) => encryption.sealingOf(kind),
      storageChecks: encryption.healthCheck && [encryption.healthCheck],
      encryption: { text: () => encryption.metricsText() },
    };
  }

  /** Loaded only when something is traced. */
  async #tracing(): Promise<ApiServerOptions['tracer']> {
    const { 'tracing-config-file': path } = this.#values;
    if (path === undefined || path === '') return undefined;
    const { createTracing } = await import('./tracing/index.ts');
    const { clock, logger } = this.#environment;
    const tracing = createTracing({ path, identity: serverIdentity(hostname()), clock, logger });
    await this.#run(tracing);
    return tracing.tracer;
  }

  /** Loaded only when there is something to note. */
  async #audit(egress: Access['egress']): Promise<ApiServerOptions['audit']> {
    if (this.#values['audit-policy-file'] === undefined) return undefined;
    const { createAuditor } = await import('./audit/index.ts');
    return createAuditor(this.#values, { ...this.#environment, dial: egress?.get('controlplane') });
  }

  /** A store elsewhere is asked whether it is well; one of our own we know. */
  #probes(store: Store): ApiServerOptions['probes'] {
    return this.#values['etcd-servers'].length === 0 ? undefined : this.#probesOf(store);
  }

  #probesOf(store: Store): StoreProbes {
    const values = this.#values;
    const { clock } = this.#environment;
    const key = `${this.#compiled.storageRoot}/health`;
    return {
      health: createStoreProbe({ store, key, timeoutMs: values['etcd-healthcheck-timeout'], clock }),
      readiness: createStoreProbe({ store, key, timeoutMs: values['etcd-readycheck-timeout'], clock }),
    };
  }

  /** Each etcd member that is named counts, one of our own is one. */
  #components(store: Store, overrides: readonly StoreOverride[] = []): readonly Component[] {
    const { 'etcd-servers': servers, 'etcd-servers-overrides': others, 'component-ports-file': file } = this.#values;
    const main = this.#probesOf(store).health;
    const more = storeOverrides(others).flatMap((each, i) => each.servers.map(() => overrides[i]?.probes.health ?? main));
    return componentsOf({ file, probes: [main, ...servers.slice(1).map(() => main), ...more], clock: this.#environment.clock });
  }

  #parts(
    { objects, kinds, versions, others, dialer }: PartsContext,
    { pki, access, clientCa, requestHeaders }: Prepared,
    url: () => string,
  ): ApiServerParts {
    const values = this.#values;
    this.#kinds = kinds;
    const { clock, random } = this.#environment;
    const accessMetrics = this.#accessMetrics;
    const authenticator = createAuthenticator({
      onCertificate: (leftMs) => accessMetrics.certificateShown(leftMs),
      tokenMetrics: accessMetrics.tokens,
      tokenAuthFile: values['token-auth-file'],
      ...access.authentication,
      serviceAccountKeys: this.#serviceAccountKeys(pki).publicKeys,
      serviceAccountIssuers: values['service-account-issuer'],
      apiAudiences: this.#compiled.apiAudiences,
      bootstrapTokens: values['enable-bootstrap-token-auth'],
      clientCa,
      requestHeaders,
      objects,
      writer: objects,
      clock,
    });
    const { decisions } = accessMetrics;
    const authorizer = createAuthorizer({ objects, nodeRules: NODE_RULES, chain: access.authorizers, decisions });
    const admissionMetrics = new AdmissionMetrics(clock);
    const certificates = new CertificateMetrics();
    const tokens = this.#tokens(objects, pki, url);
    return {
      admissionMetrics,
      accessMetrics,
      strategyMetrics: { text: () => `${this.#allocations.text()}${certificates.text()}` },
      strategies: createStrategies(
        {
          serviceClusterIpRange: values['service-cluster-ip-range'],
          serviceNodePortRange: this.#compiled.serviceNodePortRange,
          eventTtlSeconds: Math.ceil(values['event-ttl'] / 1000),
          objects,
          allocations: this.#allocations,
          certificates,
        },
        { authorizer: authorizer.local, kinds: () => kinds.infos() },
      ),
      admission: [
        ...createAdmission({
          objects,
          versions,
          authorizer,
          kinds: () => kinds.infos(),
          clock,
          dialer,
          metrics: admissionMetrics,
          features: this.#compiled.featureGates.on,
          random,
          enabled: values['enable-admission-plugins'],
          disabled: values['disable-admission-plugins'],
          configFile: values['admission-control-config-file'],
          tolerationSeconds: {
            notReady: values['default-not-ready-toleration-seconds'],
            unreachable: values['default-unreachable-toleration-seconds'],
          },
        }),
        authorizer.escalationCheck,
      ],
      authenticator: withFreshObjects(authenticator, objects),
      authorizer,
      reviews: createReviews({ authenticator, authorizer, clock, fresh: () => objects.fresh() }),
      discovery: createDiscovery({
        kinds: () => kinds.infos(),
        serverAddress: () => externalAddressOf(values, ownPort(url())),
        services: others,
      }),
      openapi: createOpenApi({
        kinds: () => kinds.published(),
        others: others && (() => others.specs()),
        clock,
        openid: tokens.openid !== undefined,
      }),
      ...tokens,
    };
  }

  /** What makes tokens of service accounts, and tells others how to check them. */
  #tokens(objects: ObjectReader, pki: Pki, url: () => string): Pick<ApiServerParts, 'tokens' | 'openid'> {
    const values = this.#values;
    const { clock, random } = this.#environment;
    const { tokenIssuer: issuer, apiAudiences } = this.#compiled;
    const { privateKey, publicKeys } = this.#serviceAccountKeys(pki);
    return {
      tokens: createTokenRequests({
        issuer: createTokenIssuer({ issuer, privateKey, clock, random }),
        objects,
        clock,
        apiAudiences,
        extendExpiration: values['service-account-extend-token-expiration'],
        maxExpirationSeconds: Math.floor(values['service-account-max-token-expiration'] / 1000),
      }),
      openid: createOpenIdDocuments({ issuer, publicKeys, keysUrl: () => this.#keysUrl(issuer, url()) }),
    };
  }

  /** Where pods get the keys, too; under the issuer, when that is how this server is called. */
  #keysUrl(issuer: string, url: string): string {
    const { host } = new URL(url);
    const isOurs = URL.canParse(issuer) && new URL(issuer).host === host;
    const own = isOurs ? host : externalAddressOf(this.#values, ownPort(url));
    return this.#values['service-account-jwks-uri'] ?? `https://${own}${KEYS_PATH}`;
  }

  /** The data directory's key, or the keys that several servers share. */
  #serviceAccountKeys({ serviceAccount }: Pki): { privateKey: string; publicKeys: string[] } {
    const { 'service-account-signing-key-file': signing, 'service-account-key-file': others } = this.#values;
    if (signing === undefined) return { privateKey: serviceAccount.privateKey, publicKeys: [serviceAccount.publicKey] };
    const privateKey = readPem('service-account-signing-key-file', signing);
    const publicKeys = others.map((path) => readPem('service-account-key-file', path));
    return { privateKey, publicKeys: publicKeys.length > 0 ? publicKeys : [privateKey] };
  }

  #settings({ pki, access }: Pick<Prepared, 'pki' | 'access'>): Partial<ApiServerSettings> {
    const values = this.#values;
    const toKubelets = this.#followed('kubelet-client-certificate', 'kubelet-client-key', pki.kubeletClient);
    const toServers = this.#followed('proxy-client-cert-file', 'proxy-client-key-file', pki.frontProxy.client);
    const streams = values['http2-max-streams-per-connection'];
    return {
      ...(streams > 0 ? { http2StreamsMax: streams } : {}),
      goawayChance: values['goaway-chance'],
      tlsLimits: this.#compiled.tlsLimits,
      http: { http2: !values['disable-http2-serving'] },
      refusesAtStop: values['shutdown-send-retry-after'],
      maxRequestsInFlight: values['max-requests-inflight'],
      maxMutatingRequestsInFlight: values['max-mutating-requests-inflight'],
      priorityAndFairness: values['enable-priority-and-fairness'],
      requestTimeoutMs: values['request-timeout'],
      minRequestTimeoutMs: values['min-request-timeout'] * 1000,
      watchCacheSize: values['default-watch-cache-size'] || undefined,
      isCached: cachedKinds(values['watch-cache'], values['watch-cache-sizes']),
      storageRoot: this.#compiled.storageRoot,
      shutdownDelayMs: values['shutdown-delay-duration'],
      browsers: this.#compiled.browsers,
      leaseReuseSeconds: values['lease-reuse-duration-seconds'],
      kubelet: kubeletsOf(values, toKubelets, access.egress?.get('cluster')),
      aggregation: aggregationOf(values, toServers),
    };
  }

  /** A certificate that is shown to others, as it is now: that of the files which options name, else our own. */
  #followed(certificateOption: PairOption, keyOption: PairOption, own: CertificatePair): () => CertificatePair {
    const { [certificateOption]: certificate, [keyOption]: key } = this.#values;
    if (certificate === undefined || key === undefined) return () => own;
    const { clock, logger } = this.#environment;
    const content = { certificate: readPem(certificateOption, certificate), key: readPem(keyOption, key) };
    const pair = new FollowedPair({ paths: { certificate, key }, content, clock, logger });
    this.#pairs.push(pair);
    return () => pair.current;
  }

  async #startUpkeep(stores: readonly Store[], { objects }: ApiServer): Promise<void> {
    const { clock, logger } = this.#environment;
    if (this.#values['admission-policy-status']) {
      const { createPolicyStatus } = await import('./admission/policy/type-checking/status-writer.ts');
      await this.#run(createPolicyStatus({ objects, kinds: () => this.#kinds?.published() ?? [], clock, logger }));
    }
    const intervalMs = this.#values['etcd-compaction-interval'];
    for (const store of stores) await this.#run(createSharedCompaction({ store, intervalMs, clock, logger }));
  }
}

/** The options that name a certificate, or its key, which is shown to others. */
type PairOption = 'kubelet-client-certificate' | 'kubelet-client-key' | 'proxy-client-cert-file' | 'proxy-client-key-file';

/** What is read before the server is made. */
interface Prepared {
  readonly pki: Pki;
  readonly access: Access;
  /** PEM of the CAs of client certificates, as they are now. */
  readonly clientCa: () => string;
  readonly requestHeaders: RequestHeaderOptions;
}

/** How long a stop may take beside the delay that was asked for. */
const STOP_MS_MAX = 4500;

/** The port of this server's own URL; none is written for that of https. */
const ownPort = (url: string): number => Number(new URL(url).port || 443);

/** Where certificate and CAs of clients are looked for as long as the server runs. */
function servingPaths(values: ApiServerValues): Omit<ServingPaths, 'named'> {
  const { 'client-ca-file': clientCa } = values;
  const own = (name: string) => join(dataDirectoryOf(values), 'pki', name);
  return {
    ...(servingPairOf(values) ?? { cert: own('apiserver.crt'), key: own('apiserver.key') }),
    clientCas: [own('ca.crt'), ...(clientCa === undefined ? [] : [clientCa])],
    frontProxyCa: values['requestheader-client-ca-file'],
  };
}

/** A certificate for other names, read at the start. */
const readNamed = ({ cert, key, names }: CertificateFiles): NamedCertificate => ({
  cert: readPem('tls-sni-cert-key', cert),
  key: readPem('tls-sni-cert-key', key),
  names,
});

/** And what was in them at the start. */
function readServing(values: ApiServerValues, pki: Pki): Omit<ServingContent, 'named'> {
  const { 'client-ca-file': clientCa, 'requestheader-client-ca-file': frontProxyCa } = values;
  const brought = servingPairOf(values);
  return {
    cert: brought === undefined ? pki.server.certificate : readPem('tls-cert-file', brought.cert),
    key: brought === undefined ? pki.server.key : readPem('tls-private-key-file', brought.key),
    clientCa: clientCa === undefined ? pki.ca : `${pki.ca}\n${readPem('client-ca-file', clientCa)}`,
    frontProxyCa: frontProxyCa === undefined ? pki.frontProxy.ca : readPem('requestheader-client-ca-file', frontProxyCa),
  };
}
