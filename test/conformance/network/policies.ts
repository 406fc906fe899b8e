import { expect, it } from 'vitest';
import { AGNHOST, type Thing, type World } from './world.ts';

const PORTS = [80, 81];
const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;
/** How long a connection that is not to come about is waited for; one that is gets twice as much with each try. */
const CONNECT_MS_MIN = 300;
const CONNECT_MS_MAX = 10_000;
type Protocol = (typeof PROTOCOLS)[number];

/** A pod of the model: `x/a`. */
type PodName = `${string}/${string}`;

/** Pods in three namespaces that listen on two ports by three protocols, each container on one, as upstream's model has them (`netpol/kubernetes`). */
class Model {
  readonly #world: World;
  readonly #paths = new Map<string, string>();
  readonly #ips = new Map<PodName, string>();

  constructor(world: World) {
    this.#world = world;
  }

  static async start(world: World, prefix: string): Promise<Model> {
    const model = new Model(world);
    const namespaces = await Promise.all(
      ['x', 'y', 'z'].map(async (ns) => [ns, await world.namespace(`${prefix}-${ns}`, { ns })] as const),
    );
    await Promise.all(
      namespaces.map(async ([ns, path]) => {
        model.#paths.set(ns, path);
        const pods = await world.pods(path, ...['a', 'b'].map(modelPod));
        for (const { metadata, status } of pods) model.#ips.set(`${ns}/${metadata.name}`, status.podIP);
      }),
    );
    return model;
  }

  get pods(): PodName[] {
    return [...this.#ips.keys()].sort();
  }

  path(ns: string): string {
    return this.#paths.get(ns) ?? '';
  }

  ip(pod: PodName): string {
    return this.#ips.get(pod) ?? '';
  }

  async reaches(from: PodName, to: PodName, { port = 80, protocol = 'tcp' as Protocol, ms = CONNECT_MS_MIN } = {}): Promise<boolean> {
    const [ns = '', name = ''] = from.split('/');
    const command = ['/agnhost', 'connect', `${this.ip(to)}:${port}`, `--timeout=${ms}ms`, `--protocol=${protocol}`];
    return (await this.#world.exec(this.path(ns), name, command, 'cont-80-tcp')).code === 0;
  }

  /** Whether a pair can tell: all that come to or from the pod that policies are about, and some of the others. */
  #tells([from, to]: readonly [PodName, PodName]): boolean {
    return (
      from === 'x/a' ||
      to === 'x/a' ||
      (from === 'y/a' && to === 'z/b') ||
      (from === 'x/b' && to === 'y/a') ||
      (from === 'z/a' && to === 'x/b')
    );
  }

  /** Waits until who reaches whom is as wanted, pair by pair. */
  async become(wanted: (from: PodName, to: PodName) => boolean, how: { port?: number; protocol?: Protocol } = {}): Promise<void> {
    const pairs = this.pods.flatMap((from) => this.pods.map((to) => [from, to] as const)).filter((pair) => this.#tells(pair));
    let wrong: string[] = [];
    // Who is to be reached answers in the end, however busy the machine is; at first it may be a policy of before that is in the way.
    let ms = CONNECT_MS_MIN / 2;
    await this.#world
      .until('reachability', async () => {
        ms = Math.min(2 * ms, CONNECT_MS_MAX);
        const found = await Promise.all(
          pairs.map(async ([from, to]) => {
            const isWanted = from === to || wanted(from, to);
            const isReached = await this.reaches(from, to, isWanted ? { ...how, ms } : how);
            return isReached === isWanted ? [] : [`${from} -> ${to}`];
          }),
        );
        wrong = found.flat();
        return wrong.length === 0;
      })
      .catch(() => expect(wrong).toEqual([]));
  }

  async apply(ns: string, name: string, spec: object): Promise<void> {
    const path = `/apis/networking.k8s.io/v1/namespaces/${this.path(ns).split('/').at(-1)}/networkpolicies`;
    const { status } = await this.#world.ask('GET', `${path}/${name}`);
    if (status === 200)
      await this.#world.patch(`${path}/${name}`, [{ op: 'replace', path: '/spec', value: spec }], 'application/json-patch+json');
    else await this.#world.create(path, { metadata: { name }, spec });
  }

  async clear(): Promise<void> {
    for (const path of this.#paths.values())
      await this.#world.remove(`/apis/networking.k8s.io/v1/namespaces/${path.split('/').at(-1)}/networkpolicies`);
  }

  label(pod: PodName, labels: Record<string, string | null>): Promise<Thing> {
    const [ns = '', name = ''] = pod.split('/');
    return this.#world.patch(`${this.path(ns)}/pods/${name}`, { metadata: { labels } });
  }

  labelNamespace(ns: string, labels: Record<string, string | null>): Promise<Thing> {
    return this.#world.patch(this.path(ns), { metadata: { labels } });
  }
}

function modelPod(name: string) {
  const containers = PORTS.flatMap((port) =>
    PROTOCOLS.map((protocol) => ({
      name: `cont-${port}-${protocol}`,
      image: AGNHOST,
      command:
        protocol === 'sctp'
          ? ['/agnhost', 'porter']
          : ['/agnhost', 'serve-hostname', `--${protocol}`, '--http=false', '--port', String(port)],
      env: protocol === 'sctp' ? [{ name: `SERVE_SCTP_PORT_${port}`, value: 'foo' }] : [],
      ports: [{ containerPort: port, name: `serve-${port}-${protocol}`, protocol: protocol.toUpperCase() }],
    })),
  );
  return { metadata: { name, labels: { pod: name } }, spec: { terminationGracePeriodSeconds: 0, containers } };
}

const nsOf = (pod: PodName): string => pod.split('/')[0] ?? '';
const A = { matchLabels: { pod: 'a' } };
const B = { matchLabels: { pod: 'b' } };

/** What policies let pass (upstream `test/e2e/network/netpol/network_policy.go`), one after the other on one model. */
export function policies(world: () => World): void {
  it('network policies let pass what they say, by pods, namespaces, blocks, ports and protocols, as labels and rules change', async () => {
    const m = await Model.start(world(), 'netpol');
    const free = () => true;
    const step = async (wanted: (from: PodName, to: PodName) => boolean, how: { port?: number; protocol?: Protocol } = {}) =>
      await m.become(wanted, how);
    const toA = (allowed: (from: PodName) => boolean) => (from: PodName, to: PodName) => to !== 'x/a' || allowed(from);
    for (const protocol of PROTOCOLS) await step(free, { protocol });

    // a policy with nothing in it denies; for egress too when it is named
    await m.apply('x', 'deny', { podSelector: {}, policyTypes: ['Ingress'] });
    for (const protocol of PROTOCOLS) await step((_, to) => nsOf(to) !== 'x', { protocol });
    await m.apply('x', 'deny', { podSelector: {}, policyTypes: ['Egress', 'Ingress'] });
    await step((from, to) => nsOf(from) !== 'x' && nsOf(to) !== 'x');
    await m.clear();

    // who may come, by pod, by namespace, by both, by either
    const allow = async (from: object[]) => await m.apply('x', 'allow', { podSelector: A, ingress: [{ from }] });
    await allow([{ podSelector: B }]);
    await step(toA((from) => from === 'x/b'));
    await allow([{ namespaceSelector: { matchLabels: { ns: 'y' } } }]);
    await step(toA((from) => nsOf(from) === 'y'));
    await allow([{ namespaceSelector: { matchExpressions: [{ key: 'ns', operator: 'NotIn', values: ['x'] }] }, podSelector: B }]);
    await step(toA((from) => nsOf(from) !== 'x' && from.endsWith('b')));
    await allow([{ namespaceSelector: { matchLabels: { ns: 'y' } } }, { podSelector: B }]);
    await step(toA((from) => nsOf(from) === 'y' || from === 'x/b'));
    await allow([
      { ipBlock: { cidr: `${m.ip('y/b')}/32` } },
      { ipBlock: { cidr: '10.0.0.0/8', except: [`${m.ip('y/a')}/32`, `${m.ip('z/a')}/32`, `${m.ip('x/b')}/32`] } },
    ]);
    await step(toA((from) => from === 'y/b' || from === 'z/b'));

    // labels count as they are now, of pods and of namespaces
    await allow([{ namespaceSelector: { matchLabels: { ns2: 'new' } } }, { podSelector: { matchLabels: { pod2: 'new' } } }]);
    await step(toA(() => false));
    await m.label('x/b', { pod2: 'new' });
    await m.labelNamespace('z', { ns2: 'new' });
    await step(toA((from) => from === 'x/b' || nsOf(from) === 'z'));
    await m.label('x/b', { pod2: null });
    await m.labelNamespace('z', { ns2: null });
    await step(toA(() => false));
    await m.clear();

    // ports, by number, name, range and protocol; policies add up
    await m.apply('x', 'port', { podSelector: A, ingress: [{ ports: [{ port: 81 }] }] });
    await step(toA(() => false));
    await step(free, { port: 81 });
    await step(
      toA(() => false),
      { port: 81, protocol: 'udp' },
    );
    await m.apply('x', 'more', {
      podSelector: A,
      ingress: [
        {
          from: [{ namespaceSelector: { matchLabels: { ns: 'y' } } }],
          ports: [{ port: 'serve-80-tcp' }, { port: 'serve-80-udp', protocol: 'UDP' }],
        },
      ],
    });
    await step(toA((from) => nsOf(from) === 'y'));
    await step(
      toA((from) => nsOf(from) === 'y'),
      { protocol: 'udp' },
    );
    await step(
      toA(() => false),
      { protocol: 'sctp' },
    );
    await m.apply('x', 'more', { podSelector: A, ingress: [{ ports: [{ port: 79, endPort: 81, protocol: 'SCTP' }] }] });
    await step(free, { protocol: 'sctp' });
    await m.apply('x', 'more', { podSelector: A, ingress: [{}] });
    await step(free);
    await m.clear();

    // where pods may go
    await m.apply('x', 'out', {
      podSelector: A,
      policyTypes: ['Egress'],
      egress: [
        { to: [{ namespaceSelector: { matchLabels: { ns: 'y' } }, podSelector: B }], ports: [{ port: 80 }, { port: 80, protocol: 'UDP' }] },
      ],
    });
    const fromA = (allowed: (to: PodName) => boolean) => (from: PodName, to: PodName) => from !== 'x/a' || allowed(to);
    await step(fromA((to) => to === 'y/b'));
    await step(
      fromA((to) => to === 'y/b'),
      { protocol: 'udp' },
    );
    await step(
      fromA(() => false),
      { port: 81 },
    );
    await m.apply('x', 'out', {
      podSelector: A,
      policyTypes: ['Egress'],
      egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: [`${m.ip('z/b')}/32`] } }] }],
    });
    await step(fromA((to) => to !== 'z/b'));
  });
}
