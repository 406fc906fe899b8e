import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { coreKinds } from '../api/index.ts';
import { BUILT_IN_KINDS } from '../api/schema.ts';
import { type Environment, type Service, UserError } from '../runtime/index.ts';
import { openLevelStore, openMemoryStore, type Store } from '../store/index.ts';
import { createAdmission } from './admission/index.ts';
import { AllocationError, formatIp, parseCidr } from './allocators/ip-allocator.ts';
import { type Authorizer, createAuthenticator, createAuthorizer, PRIVILEGED_GROUP } from './auth/index.ts';
import { createBootstrap, defaultAdvertiseAddress } from './bootstrap/index.ts';
import { createDiscovery } from './discovery/index.ts';
import { type ApiServerOptionValues, checkOptions, readPortRange } from './options.ts';
import { ensurePki, type Pki, writeKubeconfigs } from './pki/index.ts';
import { Expiry } from './registry/expiry.ts';
import type { ObjectReader } from './registry/objects.ts';
import { createReviews } from './reviews/index.ts';
import { type ApiServer, type ApiServerParts, createApiServer, type PartsContext, type ServingTls } from './server.ts';
import { createStrategies } from './strategies/index.ts';

/** The kinds that are served. */
const KINDS = BUILT_IN_KINDS;

/**
 * Puts the API server together from its options, with keys, store and the objects of a new cluster: what `nanokube apiserver` runs.
 *
 * @throws UserError for options that cannot be, and files and databases that cannot be used.
 */
export async function composeApiServer(values: ApiServerOptionValues, environment: Environment): Promise<Service> {
  checkOptions(values);
  const { clock } = environment;
  const addresses = addressesOf(values);
  const pki = await ensurePki({ directory: join(values['data-dir'], 'pki'), hosts: addresses.hosts, clock });
  const settings: Inputs = { values, environment, pki, addresses, files: readFiles(values, pki) };
  const store = await openStore(values, environment);
  return new ComposedServer(settings, store);
}

interface Inputs {
  readonly values: ApiServerOptionValues;
  readonly environment: Environment;
  readonly pki: Pki;
  readonly addresses: Addresses;
  readonly files: Files;
}

class ComposedServer implements Service {
  readonly #inputs: Inputs;
  readonly #store: Store;
  readonly #server: ApiServer;
  readonly #expiry: Expiry;
  #bootstrap: Service | undefined;
  #stopping: Promise<void> | undefined;

  constructor(inputs: Inputs, store: Store) {
    this.#inputs = inputs;
    this.#store = store;
    const { values, environment, files } = inputs;
    this.#server = createApiServer({
      ...environment,
      store,
      kinds: KINDS,
      parts: (context) => createParts(inputs, context, () => this.#server),
      tls: files.tls,
      host: values['bind-address'],
      port: values['secure-port'],
      settings: {
        maxRequestsInFlight: values['max-requests-inflight'],
        maxMutatingRequestsInFlight: values['max-mutating-requests-inflight'],
        requestTimeoutMs: values['request-timeout'],
        minRequestTimeoutMs: values['min-request-timeout'] * 1000,
        watchCacheSize: values['default-watch-cache-size'],
        kubelet: { ...files.kubelet, addressTypes: values['kubelet-preferred-address-types'] },
        privilegedGroup: PRIVILEGED_GROUP,
      },
      bootstrap: () => this.#fillCluster(),
    });
    const { objects } = this.#server;
    this.#expiry = new Expiry({ ...environment, kind: coreKinds.events, ttlMs: values['event-ttl'], objects });
  }

  get url(): string {
    return this.#server.url;
  }

  async start(): Promise<void> {
    try {
      await this.#server.start();
      this.#expiry.start();
      await writeKubeconfigs(this.#inputs.values['data-dir'], this.#inputs.pki, this.url);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#expiry.stop();
    await this.#bootstrap?.stop();
    await this.#server.stop();
    await this.#store.close();
  }

  /** The objects that a new cluster has. */
  async #fillCluster(): Promise<void> {
    const { values, environment, files, addresses } = this.#inputs;
    this.#bootstrap = createBootstrap({
      ...environment,
      objects: this.#server.objects,
      kinds: KINDS.map(({ info }) => info),
      clientCa: files.tls.clientCa ?? '',
      serviceClusterIpRange: values['service-cluster-ip-range'],
      address: () => ({ serviceIp: addresses.serviceIp, advertiseAddress: addresses.advertise, port: this.#server.port }),
    });
    await this.#bootstrap.start();
  }
}

/** The parts that decide and describe, on the objects of the server. */
function createParts({ values, environment, pki }: Inputs, { objects, infos }: PartsContext, server: () => ApiServer): ApiServerParts {
  const { clock, random } = environment;
  const authorizer = authorizerOf(values, objects);
  const authenticator = createAuthenticator({
    objects,
    clock,
    tokenAuthFile: values['token-auth-file'] === '' ? undefined : values['token-auth-file'],
    anonymousAuth: values['anonymous-auth'],
    serviceAccountKeys: [pki.serviceAccount.publicKey],
  });
  return {
    strategies: createStrategies({
      objects,
      serviceClusterIpRange: values['service-cluster-ip-range'],
      serviceNodePortRange: readPortRange(values['service-node-port-range']),
    }),
    admission: createAdmission({
      objects,
      random,
      enabled: values['enable-admission-plugins'],
      disabled: values['disable-admission-plugins'],
    }),
    authenticator,
    authorizer,
    reviews: createReviews({ authenticator, authorizer, clock }),
    discovery: createDiscovery({ kinds: () => infos, serverAddress: () => new URL(server().url).host }),
    openapi: { respond: () => undefined },
  };
}

/** Everybody may do everything, with --authorization-mode=AlwaysAllow. */
const ALWAYS_ALLOW: Authorizer = {
  authorize: () => ({ allowed: true, reason: '' }),
  rulesFor: () => ({
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  }),
};

const authorizerOf = (values: ApiServerOptionValues, objects: ObjectReader): Authorizer =>
  values['authorization-mode'].includes('AlwaysAllow') ? ALWAYS_ALLOW : createAuthorizer({ objects });

interface Addresses {
  /** First address of the Services' range. */
  readonly serviceIp: string;
  readonly advertise: string | undefined;
  /** What the serving certificate must name. */
  readonly hosts: readonly string[];
}

/** Addresses that mean all of this machine's. */
const ANY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

function addressesOf(values: ApiServerOptionValues): Addresses {
  const bound = ANY_ADDRESS.has(values['bind-address']) ? undefined : values['bind-address'];
  const advertise = values['advertise-address'] || (bound ?? defaultAdvertiseAddress());
  const serviceIp = firstServiceIp(values['service-cluster-ip-range']);
  return { serviceIp, advertise, hosts: [serviceIp, advertise, bound].filter((host) => host !== undefined) };
}

function firstServiceIp(range: string): string {
  try {
    return formatIp(parseCidr(range).first + 1);
  } catch (error) {
    if (error instanceof AllocationError) throw new UserError(`--service-cluster-ip-range: ${error.message}`);
    throw error;
  }
}

interface Files {
  readonly tls: ServingTls;
  readonly kubelet: { readonly certificate: string; readonly key: string };
}

/** The PEMs that options name, or the own ones. */
function readFiles(values: ApiServerOptionValues, pki: Pki): Files {
  const fileOf = (name: 'tls-cert-file' | 'tls-private-key-file' | 'client-ca-file' | KubeletFile) => readFile(name, values[name]);
  const clientCa = fileOf('client-ca-file');
  return {
    tls: {
      cert: fileOf('tls-cert-file') ?? pki.server.certificate,
      key: fileOf('tls-private-key-file') ?? pki.server.key,
      clientCa: clientCa === undefined ? pki.ca : `${pki.ca}\n${clientCa}`,
    },
    kubelet: {
      certificate: fileOf('kubelet-client-certificate') ?? pki.kubeletClient.certificate,
      key: fileOf('kubelet-client-key') ?? pki.kubeletClient.key,
    },
  };
}

type KubeletFile = 'kubelet-client-certificate' | 'kubelet-client-key';

function readFile(optionName: string, path: string): string | undefined {
  if (path === '') return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`--${optionName}: ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function openStore(values: ApiServerOptionValues, { clock, logger }: Environment): Promise<Store> {
  if (values.ephemeral) return openMemoryStore();
  return openLevelStore({ directory: join(values['data-dir'], 'store'), logger, clock });
}
