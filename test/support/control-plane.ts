import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isNotFound, type KindInfo, type KubeObject, type Live } from '../../api/index.ts';
import { apiServerOptions, composeApiServer } from '../../apiserver/index.ts';
import { type ApiClient, type ClientConfig, createClient, loadKubeconfig, type Query } from '../../client/index.ts';
import { createControllerManager, type Settings } from '../../controller-manager/index.ts';
import {
  type Metrics,
  parseOptions,
  type Service,
  seededRandom,
  silentLogger,
  systemClock,
  type VirtualClock,
} from '../../runtime/index.ts';
import { startFakeKubelet } from './fake-kubelet.ts';
import { type Gates, gated } from './gates.ts';

/** How long a condition may take to come true. */
const WAIT_MS_MAX = 120_000;
const POLL_MS = 10;

/** A part of the control plane in this process, with the administrator's client; everything ends with it. */
export interface ControlPlane extends AsyncDisposable {
  readonly client: ApiClient;
  /** Where the API server keeps its keys, and the kubeconfigs of all processes. */
  readonly directory: string;
  /** Where the API server is, and whom to trust. */
  readonly config: ClientConfig;
  /** How controller managers get in. */
  readonly manager: ClientConfig;
  /** Makes objects, each of its own kind. */
  create<T extends KubeObject>(kind: KindInfo, object: object): Promise<Live<T>>;
  get<T extends KubeObject>(kind: KindInfo, name: string, namespace?: string): Promise<Live<T>>;
  list<T extends KubeObject>(kind: KindInfo, namespace?: string): Promise<Live<T>[]>;
  /** Waits until an object is as wanted. */
  eventually<T extends KubeObject>(kind: KindInfo, name: string, wanted: (object: Live<T>) => boolean): Promise<Live<T>>;
  /** Waits until the objects of a kind are as wanted. */
  eventuallyAll<T extends KubeObject>(kind: KindInfo, wanted: (objects: Live<T>[]) => boolean, namespace?: string): Promise<Live<T>[]>;
  eventuallyGone(kind: KindInfo, name: string, namespace?: string): Promise<void>;
}

export interface ControlPlaneOptions {
  /** As `--controllers`. */
  readonly controllers?: readonly string[] | undefined;
  readonly settings?: Partial<Settings> | undefined;
  /** Names of nodes on which pods are made to run. */
  readonly nodes?: readonly string[] | undefined;
  /** Time for server and controllers; it goes on a little with each look at a condition. The machine's unless given. */
  readonly clock?: VirtualClock | undefined;
  /** How far the clock goes with each look. */
  readonly stepMs?: number | undefined;
  /** Where the controllers count. */
  readonly metrics?: Metrics | undefined;
  /** What the controllers' reads pass through; open when the plane ends. */
  readonly gates?: Gates | undefined;
  /** Answers GETs of the controllers in the server's place: the body, or undefined to let them through. */
  answer?(path: string, query: Query): object | undefined;
}

/** The stand-ins of nodes report once, and are not to go silent while a test takes long on a busy machine. */
const PATIENCE: Partial<Settings> = { nodeMonitorGracePeriodMs: 3_600_000 };

/** Starts an API server, a controller manager and, for the nodes, a stand-in of scheduler and kubelet. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const directory = await mkdtemp(join(tmpdir(), 'nanokube-plane-'));
  const environment = { clock: options.clock ?? systemClock, random: seededRandom(1), logger: silentLogger };
  const argv = ['--data-dir', directory, '--ephemeral', '--secure-port', '0', '--log-level', 'silent'];
  const server = await composeApiServer(parseOptions(apiServerOptions, argv).values, environment);
  await server.start();
  const ca = { certFile: join(directory, 'pki/ca.crt'), keyFile: join(directory, 'pki/ca.key') };
  const signer = (name: string) => ({ [`kubernetes.io/${name}`]: ca });
  const signers = {
    ...signer('kube-apiserver-client'),
    ...signer('kube-apiserver-client-kubelet'),
    ...signer('kubelet-serving'),
    ...signer('legacy-unknown'),
  };
  const serviceAccountKey = readFileSync(join(directory, 'pki/sa.key'), 'utf8');
  const config = (name: string) => loadKubeconfig(join(directory, `${name}.kubeconfig`));
  const client = createClient({ ...config('admin'), userAgent: 'test' });
  const managerConfig = config('controller-manager');
  const managerClient = createClient({ ...managerConfig, userAgent: 'kube-controller-manager', clock: environment.clock });
  const manager: Service = createControllerManager({
    ...environment,
    client: answering(options.gates ? gated(managerClient, options.gates) : managerClient, (path, query) => options.answer?.(path, query)),
    controllers: options.controllers,
    metrics: options.metrics,
    settings: { rootCa: managerConfig.ca, signers, serviceAccountKey, ...(options.clock ? {} : PATIENCE), ...options.settings },
    // The lease would be renewed every two seconds of however many years.
    leaderElection: options.clock ? undefined : {},
    freeze: true,
  });
  const kubelet = await startFakeKubelet(client, options.nodes ?? []);
  await manager.start();
  return {
    client,
    directory,
    config: { server: managerConfig.server, ca: managerConfig.ca },
    manager: managerConfig,
    ...conveniences(client, options.clock && { clock: options.clock, stepMs: options.stepMs ?? 500 }),
    [Symbol.asyncDispose]: async () => {
      options.gates?.openAll();
      await kubelet.stop();
      await manager.stop();
      await managerClient.close();
      await client.close();
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A client some of whose answers are made up. */
const answering = (client: ApiClient, answer: NonNullable<ControlPlaneOptions['answer']>): ApiClient => ({
  resource: (kind) => client.resource(kind),
  stream: (path, request) => client.stream(path, request),
  close: () => client.close(),
  request: (method, path, request) => {
    const body = method === 'GET' ? answer(path, request?.query ?? {}) : undefined;
    return body
      ? Promise.resolve({ status: 200, headers: {}, body: Buffer.from(JSON.stringify(body)) })
      : client.request(method, path, request);
  },
});

interface VirtualTime {
  readonly clock: VirtualClock;
  readonly stepMs: number;
}

type Conveniences = Omit<ControlPlane, 'client' | 'directory' | 'config' | 'manager' | typeof Symbol.asyncDispose>;

function conveniences(client: ApiClient, time: VirtualTime | undefined): Conveniences {
  const list = async <T extends KubeObject>(kind: KindInfo, namespace?: string) =>
    (await client.resource<T>(kind).list({ namespace: kind.namespaced ? namespace : undefined })).items;
  return {
    list,
    create: async <T extends KubeObject>(kind: KindInfo, object: object) => {
      const { body } = await client.request('POST', pathOf(kind, object), { body: object, contentType: 'application/json' });
      return parse<T>(body);
    },
    get: (kind, name, namespace = 'default') =>
      client.resource<never>(kind).get(name, { namespace: kind.namespaced ? namespace : undefined }),
    eventually: async <T extends KubeObject>(kind: KindInfo, name: string, wanted: (object: Live<T>) => boolean) => {
      const namespace = kind.namespaced ? 'default' : undefined;
      let last: Live<T> | undefined;
      return await waitFor(
        async () => {
          last = await orAbsent(client.resource<T>(kind).get(name, { namespace }));
          return last && wanted(last) ? last : undefined;
        },
        () => `${kind.kind} ${name} is ${JSON.stringify(last, undefined, 1)}`,
        time,
      );
    },
    eventuallyAll: async <T extends KubeObject>(kind: KindInfo, wanted: (objects: Live<T>[]) => boolean, namespace = 'default') => {
      let last: Live<T>[] = [];
      return await waitFor(
        async () => {
          last = await list<T>(kind, namespace);
          return wanted(last) ? last : undefined;
        },
        () => `the objects of ${kind.resource} are ${JSON.stringify(last, undefined, 1)}`,
        time,
      );
    },
    eventuallyGone: async (kind, name, namespace = 'default') => {
      const get = () => orAbsent(client.resource<KubeObject>(kind).get(name, { namespace: kind.namespaced ? namespace : undefined }));
      let last: KubeObject | undefined;
      await waitFor(
        async () => {
          last = await get();
          return last === undefined ? true : undefined;
        },
        () => `${kind.kind} ${name} is still there: ${JSON.stringify(last, undefined, 1)}`,
        time,
      );
    },
  };
}

function pathOf(kind: KindInfo, object: object): string {
  const base = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const namespace = 'metadata' in object && isNamed(object.metadata) ? object.metadata.namespace : undefined;
  return kind.namespaced ? `${base}/namespaces/${namespace ?? 'default'}/${kind.resource}` : `${base}/${kind.resource}`;
}

const isNamed = (metadata: unknown): metadata is { namespace?: string } => typeof metadata === 'object' && metadata !== null;

function parse<T>(body: Buffer): T {
  return JSON.parse(body.toString());
}

async function orAbsent<T>(getting: Promise<T>): Promise<T | undefined> {
  try {
    return await getting;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * @param state says how things are, for the message when the wait was in vain.
 * @param time goes on by a step before each further attempt.
 */
export async function waitFor<T>(attempt: () => Promise<T | undefined>, state: () => string, time?: VirtualTime): Promise<T> {
  const end = performance.now() + WAIT_MS_MAX;
  for (;;) {
    const found = await attempt();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`waited ${WAIT_MS_MAX} ms in vain; ${state()}`);
    if (time) await time.clock.advance(time.stepMs);
    else await systemClock.sleep(POLL_MS);
  }
}
