/** A cluster as Kubernetes' own end-to-end tests use one: an administrator, a namespace for each test, and patience. */
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { afterAll, beforeAll } from 'vitest';
import { loadKubeconfig } from '../../client/index.ts';
import { findKubectls, type Kubectl, kubectlOf, logsOf, startCluster, type TestCluster, waitFor } from './cluster.ts';

const WAIT_MS_MAX = 120_000;

// biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever JSON came
export type Json = any;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: Json;
}

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** What the body is; JSON unless given. Texts are sent as they are. */
  readonly contentType?: string | undefined;
  readonly accept?: string | undefined;
  /** Somebody else, instead of the administrator. */
  readonly token?: string | undefined;
}

export interface WatchFrame {
  readonly type: string;
  readonly object: Json;
}

export interface Watching extends Disposable {
  readonly frames: readonly WatchFrame[];
  readonly ended: boolean;
  /** Waits for a frame behind those that were waited for before. */
  next(type: string, wanted?: (object: Json) => boolean): Promise<Json>;
}

export interface ConformanceCluster extends AsyncDisposable {
  readonly cluster: TestCluster;
  /** The newest kubectl there is; undefined where there is none. */
  readonly kubectl: Kubectl | undefined;
  call(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Answer>;
  /** As `call`; an answer that is no success fails the test. */
  must(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Json>;
  get(path: string): Promise<Json>;
  patch(path: string, body: unknown, type?: 'merge' | 'strategic-merge' | 'json' | 'apply'): Promise<Json>;
  /** Waits until what is there is as wanted. */
  eventually(path: string, wanted: (object: Json) => boolean): Promise<Json>;
  gone(path: string): Promise<void>;
  watch(path: string): Promise<Watching>;
  /** A namespace as the tests' framework makes it: a name by chance, labels, and whatever every namespace has. */
  namespace(base: string, labels?: Readonly<Record<string, string>>): Promise<string>;
  log(namespace: string, pod: string): Promise<string>;
}

export async function startConformance(options: Parameters<typeof startCluster>[0] = {}): Promise<ConformanceCluster> {
  const cluster = await startCluster({ ...options, args: ['--ephemeral', ...(options.args ?? [])] });
  const { ca = '', cert = '', key = '' } = loadKubeconfig(cluster.kubeconfig);
  const agent = new Agent({ keepAlive: true, ca, cert, key });
  const anonymous = new Agent({ keepAlive: true, ca });
  const { hostname, port } = new URL(cluster.url);
  const open = (method: string, path: string, body: unknown, { headers, contentType, accept, token }: CallOptions) => {
    const bytes = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const sent = request({
      hostname,
      port,
      method,
      path,
      agent: token === undefined ? agent : anonymous,
      headers: {
        accept: accept ?? 'application/json',
        ...(bytes === undefined ? {} : { 'content-type': contentType ?? 'application/json', 'content-length': Buffer.byteLength(bytes) }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
    });
    sent.end(bytes);
    return sent;
  };
  const call = (method: string, path: string, body?: unknown, more: CallOptions = {}) =>
    new Promise<Answer>((resolve, reject) => {
      open(method, path, body, more)
        .on('error', reject)
        .on('response', (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: jsonOf(text, response.headers) }),
          );
        });
    });
  const must = async (method: string, path: string, body?: unknown, more?: CallOptions) => {
    const answer = await call(method, path, body, more);
    if (answer.status < 200 || answer.status > 299) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  };
  const eventually = async (path: string, wanted: (object: Json) => boolean) => {
    let last = '';
    return await waitFor(
      async () => {
        const { status, body, text } = await call('GET', path);
        last = text;
        return status === 200 && wanted(body) ? body : undefined;
      },
      WAIT_MS_MAX,
      () => `${path} is ${last}\n${logsOf(cluster.directory)}`,
    );
  };
  const [kubectl] = findKubectls().slice(-1);
  return {
    cluster,
    kubectl: kubectl === undefined ? undefined : kubectlOf(kubectl, cluster.kubeconfig),
    call,
    must,
    eventually,
    get: (path) => must('GET', path),
    patch: (path, body, type = 'merge') =>
      must('PATCH', path, body, { contentType: `application/${type}-patch+${type === 'apply' ? 'yaml' : 'json'}` }),
    gone: async (path) => {
      await waitFor(
        async () => (await call('GET', path)).status === 404,
        WAIT_MS_MAX,
        () => `${path} is still there`,
      );
    },
    watch: (path) =>
      new Promise((resolve, reject) => {
        const sent = open('GET', path, undefined, {});
        sent.on('error', reject).on('response', (response) => {
          if (response.statusCode !== 200) reject(new Error(`watch ${path}: ${response.statusCode}`));
          resolve(watching(path, response, () => sent.destroy()));
        });
      }),
    namespace: async (base, labels = {}) => {
      const metadata = { generateName: `${base}-`, labels: { 'e2e-framework': base, 'e2e-run': 'run', ...labels } };
      const { name } = (await must('POST', '/api/v1/namespaces', { metadata })).metadata;
      await eventually(`/api/v1/namespaces/${name}/serviceaccounts/default`, () => true);
      await eventually(`/api/v1/namespaces/${name}/configmaps/kube-root-ca.crt`, () => true);
      return name;
    },
    log: async (namespace, pod) => (await call('GET', `/api/v1/namespaces/${namespace}/pods/${pod}/log`)).text,
    [Symbol.asyncDispose]: async () => {
      agent.destroy();
      anonymous.destroy();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

/** The same, started before all tests of a file and ended after them. */
export function sharedConformance(options?: Parameters<typeof startCluster>[0]): ConformanceCluster {
  let started: ConformanceCluster | undefined;
  const it = (): ConformanceCluster => {
    if (started) return started;
    throw new Error('the cluster is there only while tests run');
  };
  beforeAll(async () => {
    started = await startConformance(options);
  });
  afterAll(async () => {
    await started?.[Symbol.asyncDispose]();
  });
  return {
    get cluster() {
      return it().cluster;
    },
    get kubectl() {
      return it().kubectl;
    },
    call: (...args) => it().call(...args),
    must: (...args) => it().must(...args),
    get: (...args) => it().get(...args),
    patch: (...args) => it().patch(...args),
    eventually: (...args) => it().eventually(...args),
    gone: (...args) => it().gone(...args),
    watch: (...args) => it().watch(...args),
    namespace: (...args) => it().namespace(...args),
    log: (...args) => it().log(...args),
    [Symbol.asyncDispose]: () => it()[Symbol.asyncDispose](),
  };
}

function jsonOf(text: string, headers: IncomingHttpHeaders): Json {
  return (headers['content-type'] ?? '').includes('json') && text !== '' ? JSON.parse(text) : undefined;
}

function watching(path: string, stream: NodeJS.ReadableStream, end: () => void): Watching {
  const frames: WatchFrame[] = [];
  let ended = false;
  let text = '';
  let seen = 0;
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (text + chunk).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) frames.push(JSON.parse(line));
  });
  stream.on('error', () => undefined); // a watch that its reader ends
  stream.on('close', () => {
    ended = true;
  });
  return {
    frames,
    get ended() {
      return ended;
    },
    next: (type, wanted = () => true) =>
      waitFor(
        () => {
          const index = frames.findIndex((frame, i) => i >= seen && frame.type === type && wanted(frame.object));
          if (index < 0) return undefined;
          seen = index + 1;
          return frames[index]?.object;
        },
        WAIT_MS_MAX,
        () => `no ${type} came on ${path}: ${JSON.stringify(frames.slice(seen))}`,
      ),
    [Symbol.dispose]: end,
  };
}
