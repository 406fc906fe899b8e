// A cluster of real processes and its administrator, as the programs of upstream's conformance suite have them: requests as bytes, watches,
// commands over WebSockets, and a namespace for each test. What only one group of tests asks for is in the `world.ts` of its folder.
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { logsOf, type TestCluster, waitFor } from '../support/cluster.ts';

// biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever JSON came
export type Json = any;

export const MERGE = 'application/merge-patch+json';
export const STRATEGIC = 'application/strategic-merge-patch+json';

/** How long something may take to come true. */
export const WAIT_MS_MAX = 90_000;

/** Where resources are served, those of the core group apart. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  'apis/apps/v1': ['deployments', 'replicasets', 'statefulsets', 'daemonsets', 'controllerrevisions'],
  'apis/batch/v1': ['jobs', 'cronjobs'],
  'apis/coordination.k8s.io/v1': ['leases'],
  'apis/node.k8s.io/v1': ['runtimeclasses'],
  'apis/policy/v1': ['poddisruptionbudgets'],
  'apis/rbac.authorization.k8s.io/v1': ['clusterrolebindings'],
  'apis/scheduling.k8s.io/v1': ['priorityclasses'],
  'apis/storage.k8s.io/v1': [
    ...['storageclasses', 'csidrivers', 'csinodes', 'csistoragecapacities'],
    ...['volumeattachments', 'volumeattributesclasses'],
  ],
};
const CLUSTER_WIDE = new Set([
  ...['namespaces', 'nodes', 'persistentvolumes', 'priorityclasses', 'runtimeclasses', 'clusterrolebindings'],
  ...['storageclasses', 'csidrivers', 'csinodes', 'volumeattachments', 'volumeattributesclasses'],
]);

export const prefixOf = (resource: string): string =>
  Object.entries(GROUPS).find(([, resources]) => resources.includes(resource))?.[0] ?? 'api/v1';

interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Answer extends Pick<RawAnswer, 'status' | 'headers'> {
  /** Parsed, where it is JSON. */
  readonly body: Json;
}

export interface WatchEvent {
  readonly type: string;
  readonly object: Json;
}

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
  /** What the last channel said: `Success`, or why not. */
  readonly status: Json;
}

export class ClusterWorld implements AsyncDisposable {
  readonly cluster: TestCluster;
  readonly #agent: Agent;
  #count = 0;

  constructor(cluster: TestCluster) {
    this.cluster = cluster;
    const pki = (name: string) => readFileSync(join(cluster.directory, 'pki', name));
    this.#agent = new Agent({ keepAlive: true, ca: pki('ca.crt'), cert: pki('admin.crt'), key: pki('admin.key') });
  }

  async call(method: string, path: string, body?: unknown, type?: string): Promise<Answer> {
    const { text, ...answer } = await this.ask(method, path, body === undefined ? undefined : JSON.stringify(body), type);
    return { ...answer, body: parsed(text) };
  }

  ask(method: string, path: string, body?: string, type = 'application/json'): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      // Of a DELETE Node tells the length of what is sent only when it is told itself.
      const headers = body === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) };
      const outgoing = request(`${this.cluster.url}/${path}`, { agent: this.#agent, method, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
        response.on('error', reject);
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  /** All that comes over a WebSocket until it is closed. */
  webSocket(path: string, protocol = 'v4.channel.k8s.io'): Promise<Buffer[]> {
    const { ca, cert, key } = this.#agent.options;
    return new Promise((resolve, reject) => {
      const messages: Buffer[] = [];
      const socket = new WebSocket(`${this.cluster.url.replace(/^http/, 'ws')}/${path}`, [protocol], { ca, cert, key });
      socket.on('message', (data: Buffer) => messages.push(Buffer.from(data)));
      socket.on('error', reject);
      socket.on('close', () => resolve(messages));
    });
  }

  /** Watches until an event is as wanted; returns all that came. */
  watch(path: string, query: Readonly<Record<string, string>>, wanted: (event: WatchEvent) => boolean): Promise<WatchEvent[]> {
    const url = `${this.cluster.url}/${path}?${new URLSearchParams({ watch: '1', ...query })}`;
    return new Promise((resolve, reject) => {
      const seen: WatchEvent[] = [];
      const end = (act: () => void) => {
        clearTimeout(timer);
        outgoing.destroy();
        act();
      };
      const fail = (why: string) => end(() => reject(new Error(`${why} of ${path}: ${shown(seen)}`)));
      const timer = setTimeout(() => fail(`no event as wanted (${wanted})`), WAIT_MS_MAX);
      const outgoing = request(url, { agent: this.#agent }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
          const lines = text.split('\n');
          text = lines.pop() ?? '';
          for (const line of lines) {
            const event: WatchEvent = JSON.parse(line);
            seen.push(event);
            if (wanted(event)) return end(() => resolve(seen));
          }
        });
        response.on('end', () => fail('the watch ended'));
        // Destroyed by ourselves once all is seen.
        response.on('error', () => undefined);
      });
      outgoing.on('error', (error) => end(() => reject(error)));
      outgoing.end();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    await this.cluster[Symbol.asyncDispose]();
  }

  /** A namespace of its own, in which pods can be made: upstream's framework does not begin before. */
  protected async begin<S extends NamespaceScope>(make: (namespace: string) => S): Promise<S> {
    this.#count += 1;
    const name = `e2e-${this.#count}`;
    await this.call('POST', 'api/v1/namespaces', { metadata: { name } });
    const scope = make(name);
    await scope.until(`${name} got no account`, async () => !(await scope.isGone('serviceaccounts', 'default')));
    await scope.until(`${name} got no certificate`, async () => !(await scope.isGone('configmaps', 'kube-root-ca.crt')));
    return scope;
  }
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What was seen, for a message: without what is long and says little. */
export const shown = (value: unknown): string =>
  (JSON.stringify(value, (key, member: unknown) => (key === 'managedFields' ? undefined : member)) ?? 'nothing').slice(0, 4000);

/** A request that was refused. */
export class Refused extends Error {
  /** Of the answer; 0 when it was kubectl that was refused. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

interface PatchOptions {
  readonly type?: string;
  readonly sub?: string;
}

const selected = (labelSelector: string): string => `?labelSelector=${encodeURIComponent(labelSelector)}`;

/** One namespace, and what belongs to none; a request that is refused is an error that says why. */
export class NamespaceScope {
  readonly world: ClusterWorld;
  readonly namespace: string;

  constructor(world: ClusterWorld, namespace: string) {
    this.world = world;
    this.namespace = namespace;
  }

  path(resource: string, ...rest: readonly string[]): string {
    const within = CLUSTER_WIDE.has(resource) ? [] : ['namespaces', this.namespace];
    return [prefixOf(resource), ...within, resource, ...rest].join('/');
  }

  async ok(method: string, path: string, body?: unknown, type?: string): Promise<Json> {
    const answer = await this.world.call(method, path, body, type);
    if (answer.status < 400) return answer.body;
    throw new Refused(answer.status, `${method} ${path}: ${answer.status} ${answer.body?.message ?? answer.body}`);
  }

  create(resource: string, object: object, ...rest: readonly string[]): Promise<Json> {
    return this.ok('POST', this.path(resource, ...rest), object);
  }

  get(resource: string, name: string, ...rest: readonly string[]): Promise<Json> {
    return this.ok('GET', this.path(resource, name, ...rest));
  }

  put(resource: string, object: Json, ...rest: readonly string[]): Promise<Json> {
    return this.ok('PUT', this.path(resource, object.metadata.name, ...rest), object);
  }

  patch(resource: string, name: string, change: unknown, { type = STRATEGIC, sub }: PatchOptions = {}): Promise<Json> {
    return this.ok('PATCH', this.path(resource, name, ...(sub === undefined ? [] : [sub])), change, type);
  }

  remove(resource: string, name: string, options?: object): Promise<Json> {
    return this.ok('DELETE', this.path(resource, name), options);
  }

  removeAll(resource: string, labelSelector: string, options?: object): Promise<Json> {
    return this.ok('DELETE', this.path(resource) + selected(labelSelector), options);
  }

  list(resource: string, labelSelector = ''): Promise<Json> {
    return this.ok('GET', this.path(resource) + selected(labelSelector));
  }

  /** Of all namespaces. */
  listAll(resource: string, labelSelector: string): Promise<Json> {
    return this.ok('GET', `${prefixOf(resource)}/${resource}${selected(labelSelector)}`);
  }

  async items(resource: string, labelSelector = ''): Promise<Json[]> {
    return (await this.list(resource, labelSelector)).items;
  }

  async isGone(resource: string, name: string): Promise<boolean> {
    return (await this.world.call('GET', this.path(resource, name))).status === 404;
  }

  /** Reads, changes and writes, again when somebody else was faster. */
  async update(resource: string, name: string, change: (object: Json) => void, ...rest: readonly string[]): Promise<Json> {
    for (;;) {
      const object = await this.get(resource, name);
      change(object);
      const answer = await this.world.call('PUT', this.path(resource, name, ...rest), object);
      if (answer.status === 409) continue;
      if (answer.status < 400) return answer.body;
      throw new Refused(answer.status, `update of ${resource}/${name}: ${answer.body?.message}`);
    }
  }

  /** Waits until something holds; what was last seen is in the message when it does not. */
  async until<T>(what: string, look: () => Promise<T>, wanted: (value: T) => unknown = Boolean): Promise<T> {
    let last: T | undefined;
    const holds = async () => {
      last = await look();
      return wanted(last);
    };
    await waitFor(holds, WAIT_MS_MAX, () => `${what}, last: ${shown(last)}\n${logsOf(this.world.cluster.directory)}`);
    return last as T;
  }

  /** Waits until an object is as wanted. */
  eventually(resource: string, name: string, wanted: (object: Json) => unknown): Promise<Json> {
    return this.until(`${resource}/${name} never became as wanted: ${wanted}`, () => this.get(resource, name), wanted);
  }

  gone(resource: string, name: string): Promise<boolean> {
    return this.until(`${resource}/${name} stayed`, () => this.isGone(resource, name));
  }

  /** A container's log. @param query with its question mark */
  async log(pod: string, query = ''): Promise<string> {
    const { status, text } = await this.world.ask('GET', `${this.path('pods', pod, 'log')}${query}`);
    if (status >= 400) throw new Refused(status, `log of ${pod}: ${text}`);
    return text;
  }

  /** Runs a command in a container. */
  async exec(pod: string, command: readonly string[], container?: string): Promise<Output> {
    const query = new URLSearchParams([
      ['stdout', '1'],
      ['stderr', '1'],
      ...(container === undefined ? [] : [['container', container]]),
      ...command.map((word) => ['command', word]),
    ] as [string, string][]);
    const messages = await this.world.webSocket(`${this.path('pods', pod, 'exec')}?${query}`);
    const channel = (number: number) =>
      Buffer.concat(messages.filter(([first]) => first === number).map((message) => message.subarray(1))).toString();
    return { stdout: channel(1), stderr: channel(2), status: JSON.parse(channel(3)) };
  }

  /** Messages of an object's events of a reason. */
  async told(name: string, reason: string): Promise<string[]> {
    const fields = encodeURIComponent(`involvedObject.name=${name},reason=${reason}`);
    const { items } = await this.ok('GET', `${this.path('events')}?fieldSelector=${fields}`);
    return items.map(({ message }: Json) => message);
  }

  /** Waits until somebody is told something. */
  event(name: string, reason: string, wanted: RegExp): Promise<string[]> {
    return this.until(
      `${name} was never told of ${reason} ${wanted}`,
      () => this.told(name, reason),
      (messages) => messages.some((message) => wanted.test(message)),
    );
  }

  /** Is deleted with all that is in it; nobody waits. */
  async dispose(): Promise<void> {
    await this.world.call('DELETE', `api/v1/namespaces/${this.namespace}`);
  }
}

export const conditionOf = ({ status }: Json, type: string): Json => (status.conditions ?? []).find((one: Json) => one.type === type);

/** Runs a test in a namespace of its own. */
export const inScope =
  <S extends NamespaceScope>(world: () => { scope(): Promise<S> }, test: (scope: S) => Promise<void>): (() => Promise<void>) =>
  async () => {
    const scope = await world().scope();
    await test(scope);
    await scope.dispose();
  };
