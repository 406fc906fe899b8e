import {
  type ConfigMap,
  coreKinds,
  isNotFound,
  type KindInfo,
  type KubeObject,
  type Live,
  nodeKinds,
  type Pod,
  parseTime,
  type RuntimeClass,
  type Secret,
  type Service,
} from '../../api/index.ts';
import type { ApiClient } from '../../client/index.ts';
import type { Clock } from '../../runtime/index.ts';

/** Objects that pods refer to. Absent ones are undefined. */
export interface ConfigSource {
  configMap(namespace: string, name: string): Promise<Live<ConfigMap> | undefined>;
  secret(namespace: string, name: string): Promise<Live<Secret> | undefined>;
  /** Services of a namespace. */
  services(namespace: string): Promise<readonly Live<Service>[]>;
  runtimeClass(name: string): Promise<Live<RuntimeClass> | undefined>;
  /** A token for a pod's service account. */
  serviceAccountToken(pod: Pod, request: { readonly audience: string; readonly expirationSeconds: number }): Promise<IssuedToken>;
}

/** A token and how long it is good, as the API server says. */
export interface IssuedToken {
  readonly token: string;
  readonly expiresAt: number;
}

/** How long an answer is good: mounted files follow their source with this delay, and many pods that start at once ask once. */
const FRESH_MS = 2000;
/** Answers kept; beyond it, those no longer good are let go. */
const ANSWERS_MAX = 10_000;

interface Answer<T> {
  readonly at: number;
  readonly value: Promise<T>;
}

/** Asks the API server, and remembers the answers for a moment. */
export class ClientConfigSource implements ConfigSource {
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #configMaps = new Map<string, Answer<Live<ConfigMap> | undefined>>();
  readonly #secrets = new Map<string, Answer<Live<Secret> | undefined>>();
  readonly #services = new Map<string, Answer<readonly Live<Service>[]>>();
  readonly #runtimeClasses = new Map<string, Answer<Live<RuntimeClass> | undefined>>();

  constructor(client: ApiClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  configMap(namespace: string, name: string): Promise<Live<ConfigMap> | undefined> {
    return this.#remember(this.#configMaps, `${namespace}/${name}`, () => this.#get<ConfigMap>(coreKinds.configmaps, namespace, name));
  }

  secret(namespace: string, name: string): Promise<Live<Secret> | undefined> {
    return this.#remember(this.#secrets, `${namespace}/${name}`, () => this.#get<Secret>(coreKinds.secrets, namespace, name));
  }

  services(namespace: string): Promise<readonly Live<Service>[]> {
    return this.#remember(
      this.#services,
      namespace,
      async () => (await this.#client.resource<Service>(coreKinds.services).list({ namespace })).items,
    );
  }

  runtimeClass(name: string): Promise<Live<RuntimeClass> | undefined> {
    return this.#remember(this.#runtimeClasses, name, () => this.#get<RuntimeClass>(nodeKinds.runtimeclasses, undefined, name));
  }

  async serviceAccountToken(pod: Pod, request: { readonly audience: string; readonly expirationSeconds: number }): Promise<IssuedToken> {
    const { namespace = '', name = '', uid = '' } = pod.metadata;
    const spec = {
      audiences: request.audience === '' ? [] : [request.audience],
      expirationSeconds: request.expirationSeconds,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
    };
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${pod.spec.serviceAccountName ?? 'default'}/token`;
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: {}, spec };
    const answer = await this.#client.request('POST', path, { body });
    const parsed: unknown = JSON.parse(answer.body.toString('utf8'));
    return tokenOf(parsed);
  }

  async #get<T extends KubeObject>(kind: KindInfo, namespace: string | undefined, name: string): Promise<Live<T> | undefined> {
    try {
      return await this.#client.resource<T>(kind).get(name, { namespace });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #remember<T>(answers: Map<string, Answer<T>>, key: string, ask: () => Promise<T>): Promise<T> {
    const now = this.#clock.monotonic();
    const known = answers.get(key);
    if (known && now - known.at < FRESH_MS) return known.value;
    if (answers.size >= ANSWERS_MAX) for (const [old, { at }] of answers) if (now - at >= FRESH_MS) answers.delete(old);
    const value = ask();
    answers.set(key, { at: now, value });
    value.catch(() => answers.delete(key));
    return value;
  }
}

function tokenOf(answer: unknown): IssuedToken {
  const status = typeof answer === 'object' && answer !== null && 'status' in answer ? answer.status : undefined;
  if (typeof status === 'object' && status !== null && 'token' in status && 'expirationTimestamp' in status) {
    const { token, expirationTimestamp } = status;
    if (typeof token === 'string' && typeof expirationTimestamp === 'string') return { token, expiresAt: parseTime(expirationTimestamp) };
  }
  throw new Error('the API server answered a TokenRequest without a token');
}
