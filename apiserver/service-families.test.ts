// IP families of Services on clusters of one and of two: `pkg/registry/core/service/storage/alloc.go` and its tests.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openMemoryStore, prefixRange, type Store } from '../store/index.ts';
import { serviceStrategy } from './strategies/core/service/strategy.ts';
import { serviceCidrStrategy } from './strategies/networking/ip-address.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

const PATH = '/api/v1/namespaces/default/services';
const CIDRS_PATH = '/apis/networking.k8s.io/v1/servicecidrs';
const JUDGED = { type: 'Ready', reason: 'Judged', message: '', lastTransitionTime: '2024-01-01T00:00:00Z' };
const V4 = '10.0.0.0/24';
const V6 = 'fd00:1::/108';
const MERGE = { 'content-type': 'application/merge-patch+json' };

interface Spec {
  readonly clusterIP: string;
  readonly clusterIPs: readonly string[];
  readonly ipFamilies: readonly string[];
  readonly ipFamilyPolicy: string;
}

const stack: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of stack.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

class Cluster {
  readonly #server: TestServer;
  readonly #store: Store;

  constructor(server: TestServer, store: Store) {
    this.#server = server;
    this.#store = store;
  }

  create = (spec: object, name = 'a') => this.#send('POST', PATH, { metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } });
  change = (spec: object, name = 'a') => this.#send('PATCH', `${PATH}/${name}`, { spec }, MERGE);

  addRange = (name: string, ...cidrs: string[]) => this.#send('POST', CIDRS_PATH, { metadata: { name }, spec: { cidrs } });
  judgeRange = (name: string, status: string) =>
    this.#send('PATCH', `${CIDRS_PATH}/${name}/status`, { status: { conditions: [{ ...JUDGED, status }] } }, MERGE);

  /** The addresses that are somebody's. */
  async claimed(): Promise<string[]> {
    const { kvs } = await this.#store.range(prefixRange('/registry/ipaddresses/'));
    return kvs.map(({ key }) => key.slice(key.lastIndexOf('/') + 1)).sort();
  }

  async #send(method: string, path: string, body: object, headers: Record<string, string> = {}) {
    const answer = await this.#server.request(method, path, { body, headers });
    const { spec, details } = answer.json<{ spec?: Spec; details?: { causes?: { field: string; message: string }[] } }>();
    return { spec, problems: (details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`) };
  }
}

async function cluster(range: string, store?: Store): Promise<Cluster> {
  const kept = store ?? (await openMemoryStore());
  if (!store) stack.push({ [Symbol.asyncDispose]: () => kept.close() });
  const server = await startTestServer({
    store: kept,
    serves: ['/services', 'networking.k8s.io/servicecidrs'],
    strategies: (objects) => ({
      'networking.k8s.io/servicecidrs': serviceCidrStrategy,
      '/services': serviceStrategy({
        serviceClusterIpRange: range,
        serviceNodePortRange: { from: 30_000, to: 30_100 },
        eventTtlSeconds: 0,
        objects,
      }),
    }),
  });
  stack.push(server);
  return new Cluster(server, kept);
}

const ofFamilies = (ipFamilyPolicy: string, ...ipFamilies: string[]) => ({ ipFamilyPolicy, ipFamilies });

describe('new Services', () => {
  it.each([
    ['one family', `${V4}`, {}, ofFamilies('SingleStack', 'IPv4')],
    ['the other alone', `${V6}`, {}, ofFamilies('SingleStack', 'IPv6')],
    ['two, not asked for', `${V4},${V6}`, {}, ofFamilies('SingleStack', 'IPv4')],
    ['two, preferred', `${V4},${V6}`, { ipFamilyPolicy: 'PreferDualStack' }, ofFamilies('PreferDualStack', 'IPv4', 'IPv6')],
    ['two, in another order', `${V4},${V6}`, ofFamilies('RequireDualStack', 'IPv6'), ofFamilies('RequireDualStack', 'IPv6', 'IPv4')],
    ['the second one', `${V4},${V6}`, { ipFamilies: ['IPv6'] }, ofFamilies('SingleStack', 'IPv6')],
    ['one, two preferred', V4, { ipFamilyPolicy: 'PreferDualStack' }, ofFamilies('PreferDualStack', 'IPv4')],
    ['headless without a selector', V4, { clusterIP: 'None' }, ofFamilies('RequireDualStack', 'IPv4', 'IPv6')],
    ['headless with one', V4, { clusterIP: 'None', selector: { a: 'b' } }, ofFamilies('SingleStack', 'IPv4')],
    ['by its address', `${V4},${V6}`, { clusterIP: 'fd00:1::5' }, ofFamilies('SingleStack', 'IPv6')],
  ] as const)('%s', async (...[, range, spec, wanted]) => {
    const { spec: made } = await (await cluster(range)).create(spec);
    expect(made).toMatchObject(wanted);
    if ('clusterIP' in spec && spec.clusterIP === 'None') return;
    expect(made?.clusterIPs.map((ip) => (ip.includes(':') ? 'IPv6' : 'IPv4'))).toEqual(wanted.ipFamilies);
    expect(made?.clusterIP).toBe(made?.clusterIPs[0]);
  });

  it('claim each of their addresses, as IPAddresses of their family', async () => {
    const both = await cluster(`${V4},${V6}`);
    const { spec } = await both.create({
      ipFamilyPolicy: 'RequireDualStack',
      clusterIP: '10.0.0.9',
      clusterIPs: ['10.0.0.9', 'fd00:1::0:9'],
    });
    expect(spec?.clusterIPs).toEqual(['10.0.0.9', 'fd00:1::0:9']);
    expect(await both.claimed()).toEqual(['10.0.0.9', 'fd00:1::9']);
    expect((await both.create({ clusterIP: 'fd00:1::9' }, 'b')).problems).toEqual([
      'spec.clusterIPs: Invalid value: ["fd00:1::9"]: failed to allocate IP fd00:1::9: provided IP is already allocated',
    ]);
    expect((await both.create({ clusterIP: 'fd00:2::9' }, 'b')).problems).toEqual([
      'spec.clusterIPs: Invalid value: ["fd00:2::9"]: failed to allocate IP fd00:2::9: the provided network does not match the current range',
    ]);
    expect((await both.create({ clusterIP: '10.0.0.255' }, 'b')).problems).toEqual([
      'spec.clusterIPs: Invalid value: ["10.0.0.255"]: failed to allocate IP 10.0.0.255: the provided network does not match the current range',
    ]);
  });

  it.each([
    [
      'two where there is one',
      V4,
      { ipFamilyPolicy: 'RequireDualStack' },
      ['spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services'],
    ],
    ['one that is not there', V4, { ipFamilies: ['IPv6'] }, ['spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster']],
    [
      'an address of one that is not there',
      V4,
      { clusterIP: 'fd00:1::5' },
      ['spec.clusterIPs[0]: Invalid value: ["fd00:1::5"]: IPv6 is not configured on this cluster'],
    ],
    [
      'two families for one',
      `${V4},${V6}`,
      ofFamilies('SingleStack', 'IPv4', 'IPv6'),
      [
        "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
      ],
    ],
    [
      'two addresses for one',
      `${V4},${V6}`,
      { clusterIP: '10.0.0.5', clusterIPs: ['10.0.0.5', 'fd00:1::5'] },
      [
        "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified",
      ],
    ],
    [
      'two addresses of one family',
      `${V4},${V6}`,
      { clusterIP: '10.0.0.5', clusterIPs: ['10.0.0.5', '10.0.0.6'] },
      ['spec.clusterIPs: Invalid value: ["10.0.0.5","10.0.0.6"]: may specify no more than one IP for each IP family'],
    ],
    ['a family twice', `${V4},${V6}`, { ipFamilies: ['IPv4', 'IPv4'] }, ['spec.ipFamilies[1]: Duplicate value: "IPv4"']],
    [
      'addresses in another order',
      `${V4},${V6}`,
      { ...ofFamilies('RequireDualStack', 'IPv6'), clusterIP: '10.0.0.5' },
      ['spec.clusterIPs[0]: Invalid value: "10.0.0.5": expected an IPv6 value as indicated by `ipFamilies[0]`'],
    ],
    [
      'None and an address',
      `${V4},${V6}`,
      { clusterIP: 'None', clusterIPs: ['None', '10.0.0.5'] },
      ['spec.clusterIPs: Invalid value: ["None","10.0.0.5"]: \'None\' must be the first and only value'],
    ],
  ])('refuses %s', async (...[, range, spec, problems]) => {
    expect((await (await cluster(range)).create(spec)).problems).toEqual(problems);
  });

  it('an ExternalName has neither addresses nor families', async () => {
    const both = await cluster(`${V4},${V6}`);
    const name = { type: 'ExternalName', externalName: 'a.example' };
    expect((await both.create({ ...name, ...ofFamilies('SingleStack', 'IPv4') })).problems).toEqual([
      'spec.ipFamilies: Forbidden: may not be set for ExternalName services',
      'spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services',
    ]);
    const { spec } = await both.create(name);
    expect(spec?.ipFamilies).toBeUndefined();
  });
});

describe('ranges that are added', () => {
  it('give addresses when the first is used up, and those that are asked for', async () => {
    const small = await cluster('10.0.0.0/30');
    await small.create({}, 'a');
    await small.create({}, 'b');
    await small.addRange('more', '10.1.0.0/28', 'fd00:1::/120');
    const given = await vi.waitFor(async () => {
      const { spec } = await small.create({}, 'c');
      expect(spec?.clusterIP).toMatch(/^10\.1\.0\./);
      return spec?.clusterIP;
    });
    const free = given === '10.1.0.14' ? '10.1.0.13' : '10.1.0.14';
    expect((await small.create({ clusterIP: free }, 'd')).spec?.clusterIP).toBe(free);
    expect((await small.create({ clusterIP: '10.1.0.15' }, 'e')).problems).toEqual([
      'spec.clusterIPs: Invalid value: ["10.1.0.15"]: failed to allocate IP 10.1.0.15: the provided network does not match the current range',
    ]);
    // Which families there are is not theirs to say.
    expect((await small.create({ ipFamilies: ['IPv6'] }, 'e')).problems).not.toEqual([]);
  });

  it('give what a smaller one keeps for itself', async () => {
    const small = await cluster('10.0.1.0/30');
    const asked = () => small.create({ clusterIP: '10.0.1.0' });
    expect((await asked()).spec).toBeUndefined();
    await small.addRange('more', '10.0.0.0/16');
    await vi.waitFor(async () => expect((await asked()).spec?.clusterIP).toBe('10.0.1.0'));
  });

  it('give none while they are not ready', async () => {
    const one = await cluster(V4);
    await one.addRange('more', '10.1.0.0/28');
    await one.judgeRange('more', 'False');
    const asked = () => one.create({ clusterIP: '10.1.0.5' });
    await vi.waitFor(async () =>
      expect((await asked()).problems).toEqual([
        'spec.clusterIPs: Invalid value: ["10.1.0.5"]: failed to allocate IP 10.1.0.5: the provided network does not match the current range',
      ]),
    );
    await one.judgeRange('more', 'True');
    await vi.waitFor(async () => expect((await asked()).spec?.clusterIP).toBe('10.1.0.5'));
  });
});

describe('changed Services', () => {
  it('get a second address, and give it back', async () => {
    const both = await cluster(`${V4},${V6}`);
    const { spec: first } = await both.create({});
    const { spec: grown } = await both.change({ ipFamilyPolicy: 'RequireDualStack' });
    expect(grown).toMatchObject({ clusterIP: first?.clusterIP, ipFamilies: ['IPv4', 'IPv6'] });
    expect(await both.claimed()).toEqual([...(grown?.clusterIPs ?? [])].sort());
    const { spec: shrunk } = await both.change({ ipFamilyPolicy: 'SingleStack' });
    expect(shrunk).toMatchObject({ clusterIPs: [first?.clusterIP], ipFamilies: ['IPv4'] });
    expect(await both.claimed()).toEqual([first?.clusterIP]);
  });

  it('do not lose one unless it is said so', async () => {
    const both = await cluster(`${V4},${V6}`);
    const { spec } = await both.create({ ipFamilyPolicy: 'RequireDualStack' });
    expect((await both.change({ clusterIPs: [spec?.clusterIP] })).problems).toEqual([
      'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": must be \'SingleStack\' to release the secondary cluster IP',
    ]);
    expect((await both.change({ ipFamilies: ['IPv4'] })).problems).toEqual([
      'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": must be \'SingleStack\' to release the secondary IP family',
    ]);
    const [, second] = spec?.clusterIPs ?? [];
    expect((await both.change({ clusterIPs: [spec?.clusterIP, 'fd00:1::77'] })).problems).toEqual([
      `spec.clusterIPs[1]: Invalid value: ["${spec?.clusterIP}","fd00:1::77"]: may not change once set`,
    ]);
    expect(second).toBeDefined();
  });

  it('keep their families when they become others, and have none as ExternalName', async () => {
    const both = await cluster(`${V4},${V6}`);
    await both.create({ ipFamilyPolicy: 'PreferDualStack' });
    const { spec: external } = await both.change({ type: 'ExternalName', externalName: 'a.example' });
    expect(external).toMatchObject({ type: 'ExternalName' });
    expect(external?.clusterIPs).toBeUndefined();
    expect(await both.claimed()).toEqual([]);
    const { spec: back } = await both.change({ type: 'ClusterIP', externalName: null });
    expect(back).toMatchObject(ofFamilies('SingleStack', 'IPv4'));
    expect(await both.claimed()).toEqual([back?.clusterIP]);
  });

  it('that prefer two do not follow the cluster by themselves', async () => {
    const store = await openMemoryStore();
    stack.push({ [Symbol.asyncDispose]: () => store.close() });
    await (await cluster(V4, store)).create({ ipFamilyPolicy: 'PreferDualStack' });
    const both = await cluster(`${V4},${V6}`, store);
    expect((await both.change({ selector: { a: 'b' } })).spec).toMatchObject(ofFamilies('PreferDualStack', 'IPv4'));
    expect((await both.change(ofFamilies('PreferDualStack', 'IPv4', 'IPv6'))).spec?.clusterIPs).toHaveLength(2);
  });
});

describe('Services that knew of one address only', () => {
  const stored = async (store: Store, name: string, spec: object) => {
    const object = { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default', uid: `uid-${name}` }, spec };
    const value = Buffer.from(JSON.stringify(object));
    await store.txn({ compare: [], success: [{ op: 'put', key: `/registry/services/specs/default/${name}`, value }] });
  };

  it('are read with what they would have now, and can be changed', async () => {
    const store = await openMemoryStore();
    await stored(store, 'a', { clusterIP: '10.0.0.9', ports: [{ port: 80 }] });
    await stored(store, 'b', { clusterIP: 'None', selector: { a: 'b' }, ports: [{ port: 80 }] });
    await stored(store, 'c', { clusterIP: 'None', ports: [{ port: 80 }] });
    await stored(store, 'd', { type: 'ExternalName', externalName: 'x.example', internalTrafficPolicy: 'Cluster' });
    const old = await cluster(V4, store);
    const changed = async (name: string) => (await old.change({ publishNotReadyAddresses: true }, name)).spec;
    expect(await changed('a')).toMatchObject({ clusterIPs: ['10.0.0.9'], ...ofFamilies('SingleStack', 'IPv4') });
    expect(await changed('b')).toMatchObject({ clusterIPs: ['None'], ...ofFamilies('SingleStack', 'IPv4') });
    expect(await changed('c')).toMatchObject({ clusterIPs: ['None'], ...ofFamilies('RequireDualStack', 'IPv4', 'IPv6') });
    expect(await changed('d')).not.toHaveProperty('internalTrafficPolicy');
  });

  it('lose their address when they become another type, said by one who knows of one', async () => {
    const one = await cluster(V4);
    await one.create({ clusterIP: 'None' });
    const { spec, problems } = await one.change({ type: 'ExternalName', externalName: 'x.example', clusterIPs: null });
    expect([problems, spec?.clusterIP, spec?.clusterIPs]).toEqual([[], undefined, undefined]);
  });
});

it('no address is given of the range of the option while the ServiceCIDRs that name it go', async () => {
  const one = await cluster(V4);
  await one.addRange('kubernetes', V4);
  await one.addRange('more', '10.9.0.0/24');
  expect((await one.create({}, 'a')).spec?.clusterIP).toMatch(/^10\.0\.0\./);
  await one.judgeRange('kubernetes', 'False');
  expect((await one.create({}, 'b')).spec?.clusterIP).toMatch(/^10\.9\.0\./);
});
