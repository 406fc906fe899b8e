import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { coreKinds } from '../api/index.ts';
import { BUILT_IN_KINDS } from '../api/schema.ts';
import { type Environment, type Service, UserError } from '../runtime/index.ts';
import { createSharedCompaction, openLevelStore, openMemoryStore, type Store, StoreError } from '../store/index.ts';
import { createAdmission } from './admission/index.ts';
import {
  type Authorizer,
  createAuthenticator,
  createAuthorizer,
  createOpenIdDocuments,
  createTokenIssuer,
  createTokenRequests,
} from './auth/index.ts';
import { createBootstrap, defaultAdvertiseAddress, NODE_RULES } from './bootstrap/index.ts';
import { createDiscovery } from './discovery/index.ts';
import { createOpenApi } from './openapi/index.ts';
import { ensurePki, type Pki, writeKubeconfigs } from './pki/index.ts';
import { Expiry } from './registry/expiry.ts';
import type { ObjectReader } from './registry/objects.ts';
import { createReviews } from './reviews/index.ts';
import {
  type ApiServer,
  type ApiServerParts,
  type ApiServerSettings,
  createApiServer,
  type PartsContext,
  type ServingTls,
} from './server.ts';
import { type ApiServerValues, type CompiledOptions, compileOptions, readPem } from './settings.ts';
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
  /** What was started, to be stopped in the opposite order. */
  readonly #running: Pick<Service, 'stop'>[] = [];
  #url: string | undefined;

  constructor(values: ApiServerValues, compiled: CompiledOptions, environment: Environment) {
    this.#values = values;
    this.#compiled = compiled;
    this.#environment = environment;
  }

  get url(): string | undefined {
    return this.#url;
  }

  async start(): Promise<void> {
    try {
      // The database first: whoever holds it owns the directory, and nobody else writes there.
      const store = await this.#openStore();
      const pki = await ensurePki({
        directory: join(this.#values['data-dir'], 'pki'),
        hosts: this.#hosts(),
        clock: this.#environment.clock,
      });
      const server = this.#createServer(store, pki);
      await this.#run(server);
      await writeKubeconfigs(this.#values['data-dir'], pki, server.url);
      this.#url = server.url;
      await this.#startUpkeep(store, server);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    for (const service of this.#running.splice(0).reverse()) await service.stop();
  }

  async #run(service: Service): Promise<void> {
    this.#running.push(service);
    await service.start();
  }

  async #openStore(): Promise<Store> {
    const { clock, logger } = this.#environment;
    const directory = join(this.#values['data-dir'], 'store');
    try {
      mkdirSync(this.#values['data-dir'], { recursive: true });
      const store = this.#values.ephemeral ? await openMemoryStore() : await openLevelStore({ directory, clock, logger });
      this.#running.push({ stop: () => store.close() });
      return store;
    } catch (error) {
      throw error instanceof StoreError ? new UserError(error.message, { cause: error }) : unusable(this.#values['data-dir'], error);
    }
  }

  #hosts(): string[] {
    const { 'bind-address': bind, 'advertise-address': advertise, 'external-hostname': name } = this.#values;
    const every = [this.#compiled.kubernetesServiceIp, bind, advertise ?? defaultAdvertiseAddress(), name];
    return every.flatMap((host) => (host === undefined || host === '0.0.0.0' || host === '::' ? [] : [host]));
  }

  #createServer(store: Store, pki: Pki): ApiServer {
    const { clock, random, logger } = this.#environment;
    const values = this.#values;
    const clientCaFile = values['client-ca-file'];
    const clientCa = clientCaFile === undefined ? pki.ca : `${pki.ca}\n${readPem('client-ca-file', clientCaFile)}`;
    const bootstrap = async (server: ApiServer) => {
      const address = () => ({
        serviceIp: this.#compiled.kubernetesServiceIp,
        advertiseAddress: values['advertise-address'] ?? defaultAdvertiseAddress(),
        port: server.port,
      });
      const kinds = BUILT_IN_KINDS.map(({ info }) => info);
      const { objects } = server;
      await this.#run(
        createBootstrap({ objects, kinds, clientCa, serviceClusterIpRange: values['service-cluster-ip-range'], address, clock, logger }),
      );
    };
    const server: ApiServer = createApiServer({
      store,
      kinds: BUILT_IN_KINDS,
      parts: (context) => this.#parts(context, pki, () => server.url),
      tls: servingTls(values, pki, clientCa),
      clock,
      random,
      logger,
      host: values['bind-address'],
      port: values['secure-port'],
      settings: this.#settings(pki),
      bootstrap,
    });
    return server;
  }

  #parts({ objects, kinds }: PartsContext, pki: Pki, url: () => string): ApiServerParts {
    const values = this.#values;
    const { clock, random } = this.#environment;
    const authenticator = createAuthenticator({
      tokenAuthFile: values['token-auth-file'],
      anonymousAuth: values['anonymous-auth'],
      serviceAccountKeys: [pki.serviceAccount.publicKey],
      serviceAccountIssuers: values['service-account-issuer'],
      apiAudiences: this.#compiled.apiAudiences,
      objects,
      clock,
    });
    const modes = values['authorization-mode'];
    const nodeRules = modes.includes('Node') ? NODE_RULES : undefined;
    const roleBased = modes.includes('AlwaysAllow') ? undefined : createAuthorizer({ objects, nodeRules });
    const authorizer = roleBased ?? ALWAYS_ALLOW;
    return {
      strategies: createStrategies({
        serviceClusterIpRange: values['service-cluster-ip-range'],
        serviceNodePortRange: this.#compiled.serviceNodePortRange,
        objects,
      }),
      admission: [
        ...createAdmission({
          objects,
          random,
          enabled: values['enable-admission-plugins'],
          disabled: values['disable-admission-plugins'],
        }),
        ...(roleBased ? [roleBased.escalationCheck] : []),
      ],
      authenticator,
      authorizer,
      reviews: createReviews({ authenticator, authorizer, clock }),
      discovery: createDiscovery({ kinds: () => kinds.infos(), serverAddress: () => new URL(url()).host }),
      openapi: createOpenApi({ kinds: () => kinds.published(), clock }),
      ...this.#tokens(objects, pki, () => new URL(url()).host),
    };
  }

  /** What makes tokens of service accounts, and tells others how to check them. */
  #tokens(objects: ObjectReader, { serviceAccount }: Pki, serverAddress: () => string): Pick<ApiServerParts, 'tokens' | 'openid'> {
    const values = this.#values;
    const { clock, random } = this.#environment;
    const { tokenIssuer: issuer, apiAudiences } = this.#compiled;
    return {
      tokens: createTokenRequests({
        issuer: createTokenIssuer({ issuer, privateKey: serviceAccount.privateKey, clock, random }),
        objects,
        clock,
        apiAudiences,
        extendExpiration: values['service-account-extend-token-expiration'],
        maxExpirationSeconds: Math.floor(values['service-account-max-token-expiration'] / 1000),
      }),
      openid: createOpenIdDocuments({ issuer, publicKeys: [serviceAccount.publicKey], serverAddress }),
    };
  }

  #settings(pki: Pki): Partial<ApiServerSettings> {
    const values = this.#values;
    const { 'kubelet-client-certificate': certificate, 'kubelet-client-key': key, 'kubelet-certificate-authority': ca } = values;
    return {
      maxRequestsInFlight: values['max-requests-inflight'],
      maxMutatingRequestsInFlight: values['max-mutating-requests-inflight'],
      requestTimeoutMs: values['request-timeout'],
      minRequestTimeoutMs: values['min-request-timeout'] * 1000,
      watchCacheSize: values['default-watch-cache-size'] || undefined,
      kubelet: {
        certificate: certificate === undefined ? pki.kubeletClient.certificate : readPem('kubelet-client-certificate', certificate),
        key: key === undefined ? pki.kubeletClient.key : readPem('kubelet-client-key', key),
        ca: ca === undefined ? undefined : readPem('kubelet-certificate-authority', ca),
        addressTypes: values['kubelet-preferred-address-types'],
      },
    };
  }

  async #startUpkeep(store: Store, { objects }: ApiServer): Promise<void> {
    const { clock, logger } = this.#environment;
    await this.#run(createSharedCompaction({ store, intervalMs: this.#values['compaction-interval'], clock, logger }));
    await this.#run(new Expiry({ kind: coreKinds.events, objects, ttlMs: this.#values['event-ttl'], clock, logger }));
  }
}

/** Everybody may do everything, with --authorization-mode=AlwaysAllow. */
const ALWAYS_ALLOW: Authorizer = {
  authorize: () => ({ allowed: true, reason: '' }),
  rulesFor: () => ({
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  }),
};

function servingTls(values: ApiServerValues, pki: Pki, clientCa: string): ServingTls {
  const { 'tls-cert-file': cert, 'tls-private-key-file': key } = values;
  if (cert === undefined || key === undefined) return { cert: pki.server.certificate, key: pki.server.key, clientCa };
  return { cert: readPem('tls-cert-file', cert), key: readPem('tls-private-key-file', key), clientCa };
}

function unusable(directory: string, error: unknown): Error {
  const why = error instanceof Error ? error.message : String(error);
  return new UserError(`the data directory ${directory} cannot be used (${why}); give another with --data-dir`, { cause: error });
}
