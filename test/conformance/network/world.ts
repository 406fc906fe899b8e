import { Agent, request } from 'node:https';
import { Writable } from 'node:stream';
import { Exec, KubeConfig, type V1Status } from '@kubernetes/client-node';
import { waitFor } from '../../support/cluster.ts';

/** The image of upstream's network tests. */
export const AGNHOST = 'registry.k8s.io/e2e-test-images/agnhost:2.57';

const WAIT_MS = 120_000;

/** An object as it comes from the API; what a test reads of it, it knows to be there. */
// biome-ignore lint/suspicious/noExplicitAny: objects of all kinds, looked at by tests only
export type Thing = any;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Said {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** A cluster as upstream's tests see it: objects by their paths, commands in pods, waiting. */
export class World {
  readonly config = new KubeConfig();
  readonly #agent: Agent;
  readonly #server: URL;
  #namespaces = 0;

  constructor(kubeconfig: string) {
    this.config.loadFromFile(kubeconfig);
    const cluster = this.config.getCurrentCluster();
    const user = this.config.getCurrentUser();
    const decode = (text = '') => Buffer.from(text, 'base64').toString();
    this.#server = new URL(cluster?.server ?? '');
    this.#agent = new Agent({
      keepAlive: true,
      ca: decode(cluster?.caData),
      cert: decode(user?.certData),
      key: decode(user?.keyData),
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Asks the API server; whatever it answers. */
  ask(method: string, path: string, body?: object, type = 'application/json'): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = this.#server;
      const sent = body ? JSON.stringify(body) : undefined;
      const headers = sent === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(sent) };
      const asked = request({ hostname, port, method, path, headers, agent: this.#agent }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('error', reject).on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      });
      asked.on('error', reject).end(sent);
    });
  }

  /** Follows what becomes of objects; `stop` ends it and answers the types of all events, with the names of their objects. */
  async watch(path: string): Promise<{ seen: string[]; stop(): void }> {
    const { hostname, port } = this.#server;
    const seen: string[] = [];
    let rest = '';
    const asked = request({ hostname, port, path, agent: this.#agent });
    await new Promise<void>((resolve, reject) => {
      asked.on('response', (response) => {
        resolve();
        response.on('error', () => undefined); // it is ended by `stop`
        response.setEncoding('utf8').on('data', (chunk: string) => {
          const lines = (rest + chunk).split('\n');
          rest = lines.pop() ?? '';
          for (const { type, object } of lines.map((line) => JSON.parse(line))) seen.push(`${type} ${object.metadata.name}`);
        });
      });
      asked.on('error', reject).end();
    });
    return { seen, stop: () => asked.destroy() };
  }

  /** Asks for an object; an error when that is refused. */
  async object(method: string, path: string, body?: object, type?: string): Promise<Thing> {
    const { status, text } = await this.ask(method, path, body, type);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
    return JSON.parse(text);
  }

  get(path: string): Promise<Thing> {
    return this.object('GET', path);
  }

  create(path: string, body: object): Promise<Thing> {
    return this.object('POST', path, body);
  }

  patch(path: string, body: object, type = 'application/merge-patch+json'): Promise<Thing> {
    return this.object('PATCH', path, body, type);
  }

  remove(path: string, body?: object): Promise<Thing> {
    return this.object('DELETE', path, body);
  }

  /** A namespace of its own; answers the path of what is in it. */
  async namespace(prefix: string, labels: Readonly<Record<string, string>> = {}): Promise<string> {
    const name = `${prefix}-${++this.#namespaces}`;
    await this.create('/api/v1/namespaces', { metadata: { name, labels } });
    await this.until(
      `the service account of ${name}`,
      async () => (await this.ask('GET', `/api/v1/namespaces/${name}/serviceaccounts/default`)).status === 200,
    );
    return `/api/v1/namespaces/${name}`;
  }

  /** Waits until something holds. */
  until<T>(what: string, condition: () => Promise<T>, ms = WAIT_MS): Promise<T> {
    return waitFor(condition, ms, () => `waited in vain for ${what}`);
  }

  /** Makes pods and waits until all of them are ready. */
  async pods(namespace: string, ...pods: readonly object[]): Promise<Thing[]> {
    const made = await Promise.all(pods.map((pod) => this.create(`${namespace}/pods`, pod)));
    return await Promise.all(made.map(({ metadata }) => this.ready(`${namespace}/pods/${metadata.name}`)));
  }

  ready(path: string): Promise<Thing> {
    return this.until(`${path} to be ready`, async () => {
      const pod = await this.get(path);
      return pod.status.conditions?.some((one: Thing) => one.type === 'Ready' && one.status === 'True') ? pod : undefined;
    });
  }

  /** Waits until the endpoints of a service are these addresses with their ports. */
  async endpoints(namespace: string, service: string, wanted: Readonly<Record<string, readonly number[]>>): Promise<void> {
    const text = JSON.stringify(sorted(wanted));
    let last = '';
    await this.until(`endpoints of ${service} ${text}`, async () => {
      const { subsets = [] } = await this.get(`${namespace}/endpoints/${service}`);
      const found: Record<string, number[]> = {};
      for (const { addresses = [], ports = [] } of subsets)
        for (const { targetRef } of addresses)
          found[targetRef.name] = [...(found[targetRef.name] ?? []), ...ports.map((port: Thing) => port.port)];
      last = JSON.stringify(sorted(found));
      return last === text;
    });
  }

  /** Runs a command in a pod. */
  exec(namespace: string, pod: string, command: readonly string[], container?: string): Promise<Said> {
    const name = namespace.split('/').at(-1) ?? '';
    const texts = { stdout: '', stderr: '' };
    const into = (key: 'stdout' | 'stderr') =>
      new Writable({
        write: (chunk: Buffer, _, done) => {
          texts[key] += chunk.toString();
          done();
        },
      });
    return new Promise((resolve, reject) => {
      const end = ({ status, details, message }: V1Status) => {
        const code = status === 'Success' ? 0 : Number(details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message ?? -1);
        if (code < 0) reject(new Error(`exec in ${pod}: ${message}`));
        else resolve({ ...texts, code });
      };
      new Exec(this.config)
        .exec(name, pod, container ?? '', [...command], into('stdout'), into('stderr'), null, false, end)
        .then((socket) => socket.on('close', () => reject(new Error(`exec in ${pod}: it ended without a status`))))
        .catch(reject);
    });
  }

  /** Runs a line of shell in a pod. */
  sh(namespace: string, pod: string, script: string): Promise<Said> {
    return this.exec(namespace, pod, ['sh', '-c', script]);
  }

  /** Asks again and again until the answer is as wanted: what nodes know of pods and services comes to them a moment later. */
  async becomes<T>(what: string, ask: () => Promise<T>, isWanted: (answer: T) => boolean): Promise<void> {
    let last: T | undefined;
    const looked = async () => {
      last = await ask();
      return isWanted(last);
    };
    await waitFor(looked, WAIT_MS, () => `${what} is ${JSON.stringify(last)}`);
  }

  /** Waits until a line of shell in a pod prints what is wanted. */
  says({ ns, pod, script, wanted }: { ns: string; pod: string; script: string; wanted: string }): Promise<void> {
    return this.becomes(
      `${script} in ${pod}, not ${wanted},`,
      () => this.sh(ns, pod, script),
      ({ stdout }) => stdout === wanted,
    );
  }

  /** The names that a service's answers say, for many questions. */
  async namesBehind(namespace: string, client: string, url: string, times = 15): Promise<string[]> {
    const { stdout } = await this.sh(namespace, client, `for i in $(seq 0 ${times}); do echo; curl -q -s --connect-timeout 2 ${url}; done`);
    return [...new Set(stdout.split('\n').filter(Boolean))].sort();
  }

  /** Whether something answers a pod on a port of a host, by a protocol, as upstream's tests ask it. */
  async reaches(namespace: string, pod: string, where: string, { protocol = 'tcp', ms = 1000 } = {}): Promise<string> {
    const { code, stderr } = await this.exec(namespace, pod, ['/agnhost', 'connect', `--timeout=${ms}ms`, `--protocol=${protocol}`, where]);
    return code === 0 ? 'yes' : (stderr.split(/[:\n]/)[0] ?? '');
  }
}

const sorted = (map: Readonly<Record<string, readonly number[]>>) =>
  Object.entries(map)
    .map(([name, ports]) => [name, [...ports].sort()])
    .sort();

/** A pod of agnhost, as upstream makes it. */
export const agnhostPod = (
  name: string,
  args: readonly string[] = ['pause'],
  more: { labels?: object; spec?: object; container?: object } = {},
) => ({
  metadata: { name, labels: more.labels },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'agnhost-container', image: AGNHOST, args, ...more.container }],
    ...more.spec,
  },
});
