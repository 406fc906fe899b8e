// What stands behind Services: slices of their pods' addresses, mirrors of Endpoints that are made by hand, addresses of load balancers.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  coreKinds,
  discoveryKinds,
  type EndpointSlice,
  type Endpoints,
  type Event,
  type KubeObject,
  type Live,
  type Node,
  type Pod,
  type Service,
} from '../../api/index.ts';
import { createClient, type ResourceClient } from '../../client/index.ts';
import { createControllerManager } from '../../controller-manager/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { Gates, gated } from '../support/gates.ts';

const { services, pods, endpoints } = coreKinds;
const { endpointslices } = discoveryKinds;

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ nodes: ['n1', 'n2'] });
});
afterAll(() => plane?.[Symbol.asyncDispose]());

const service = (name: string, spec: object, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default', ...metadata },
  spec: { ports: [{ port: 80, targetPort: 8080 }], ...spec },
});
const pod = (name: string, app: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels: { app } },
  spec: { containers: [{ name: 'c', image: 'nginx' }] },
});
const of = (slices: Live<EndpointSlice>[], name: string) =>
  slices
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name)
    .map((slice) => ({ ...slice, endpoints: slice.endpoints ?? [] }));
const slicesOf = (name: string, wanted: (slices: Live<EndpointSlice>[]) => boolean) =>
  plane.eventuallyAll<EndpointSlice>(endpointslices, (all) => wanted(of(all, name))).then((all) => of(all, name));

describe('the slices of a Service', () => {
  it('follow its pods, and go with it', async () => {
    await plane.create(services, service('web', { selector: { app: 'web' } }));
    await slicesOf('web', ([slice]) => slice?.endpoints.length === 0);
    await plane.create(pods, pod('web-1', 'web'));
    await plane.create(pods, pod('web-2', 'web'));
    const [slice] = await slicesOf('web', ([one]) => one?.endpoints.filter(({ conditions }) => conditions?.ready).length === 2);
    expect(slice?.metadata.name).toMatch(/^web-[a-z0-9]{5}$/);
    expect(slice?.metadata.labels?.['endpointslice.kubernetes.io/managed-by']).toBe('endpointslice-controller.k8s.io');
    expect(slice?.ports).toEqual([{ name: '', port: 8080, protocol: 'TCP' }]);
    const written = slice?.metadata.resourceVersion;
    await plane.client
      .resource<Pod>(pods)
      .patch('web-1', { metadata: { labels: { app: 'other' } } }, { namespace: 'default', type: 'merge' });
    const [less] = await slicesOf('web', ([one]) => one?.endpoints.length === 1);
    expect(less?.endpoints[0]?.targetRef?.name).toBe('web-2');
    expect(less?.metadata.resourceVersion).not.toBe(written);
    await plane.client.resource<Service>(services).delete('web', { namespace: 'default' });
    await slicesOf('web', (all) => all.length === 0);
  });

  it('have no owner of lists that nothing was put in', async () => {
    await plane.create(services, service('vacant', { selector: { app: 'vacant' } }));
    const [slice] = await slicesOf('vacant', (all) => all.length === 1);
    const owned = slice?.metadata.managedFields?.map(({ fieldsV1 }) => Object.keys(fieldsV1 ?? {}).sort());
    expect(owned).toEqual([['f:addressType', 'f:metadata']]);
  });

  it('are put right when somebody changes or deletes them', async () => {
    await plane.create(services, service('kept', { selector: { app: 'kept' } }));
    await plane.create(pods, pod('kept-1', 'kept'));
    const [slice] = await slicesOf('kept', ([one]) => one?.endpoints.length === 1);
    const resource = plane.client.resource<EndpointSlice>(endpointslices);
    await resource.patch(slice?.metadata.name ?? '', { endpoints: [] }, { namespace: 'default', type: 'merge' });
    await slicesOf('kept', ([one]) => one?.endpoints.length === 1);
    await resource.delete(slice?.metadata.name ?? '', { namespace: 'default' });
    const [again] = await slicesOf('kept', ([one]) => one?.endpoints.length === 1 && one.metadata.uid !== slice?.metadata.uid);
    expect(again?.endpoints[0]?.targetRef?.name).toBe('kept-1');
  });

  it('have no pod whose node is not known, and an event says so, until it is', async () => {
    await plane.create(services, service('lost', { selector: { app: 'lost' } }));
    const body = pod('lost-1', 'lost');
    await plane.create(pods, { ...body, spec: { ...body.spec, nodeName: 'nowhere' } });
    const message =
      'Error updating Endpoint Slices for Service default/lost: skipping Pod lost-1 for Service default/lost: Node nowhere Not Found';
    await plane.eventuallyAll<Event>(coreKinds.events, (all) =>
      all.some((event) => event.reason === 'FailedToUpdateEndpointSlices' && event.message === message),
    );
    expect(of(await plane.list<EndpointSlice>(endpointslices, 'default'), 'lost').flatMap((slice) => slice.endpoints)).toEqual([]);
    await plane.create<Node>(coreKinds.nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'nowhere' } });
    await slicesOf('lost', ([one]) => one?.endpoints[0]?.nodeName === 'nowhere');
  });

  it('of the API server itself are there', async () => {
    const [slice] = of(await plane.list<EndpointSlice>(endpointslices, 'default'), 'kubernetes');
    // Only an address that others can reach is somebody's endpoint.
    expect(slice === undefined || slice.endpoints.length === 1).toBe(true);
  });
});

describe('Endpoints that are made by hand', () => {
  it('keep to themselves when they last changed', async () => {
    await plane.create(services, service('timed', {}));
    await plane.create(endpoints, {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: {
        name: 'timed',
        namespace: 'default',
        annotations: { note: 'y', 'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:00Z' },
      },
      subsets: [{ addresses: [{ ip: '10.9.0.3' }], ports: [{ port: 5432 }] }],
    });
    const [mirror] = await slicesOf('timed', (all) => all.length === 1);
    expect(mirror?.metadata.annotations).toEqual({ note: 'y' });
  });

  it('are mirrored as long as their Service has no selector', async () => {
    await plane.create(services, service('db', {}));
    await plane.create(endpoints, {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name: 'db', namespace: 'default' },
      subsets: [{ addresses: [{ ip: '10.9.0.1' }], ports: [{ port: 5432 }] }],
    });
    const [mirror] = await slicesOf('db', ([one]) => one?.endpoints[0]?.addresses[0] === '10.9.0.1');
    expect(mirror?.metadata.labels?.['endpointslice.kubernetes.io/managed-by']).toBe('endpointslicemirroring-controller.k8s.io');
    await plane.client
      .resource<Endpoints>(endpoints)
      .patch('db', { subsets: [{ addresses: [{ ip: '10.9.0.2' }], ports: [{ port: 5432 }] }] }, { namespace: 'default', type: 'merge' });
    await slicesOf('db', ([one]) => one?.endpoints[0]?.addresses[0] === '10.9.0.2');
    await plane.client
      .resource<Service>(services)
      .patch('db', { spec: { selector: { app: 'db' } } }, { namespace: 'default', type: 'merge' });
    await slicesOf('db', ([one]) => one?.metadata.labels?.['endpointslice.kubernetes.io/managed-by'] === 'endpointslice-controller.k8s.io');
  });
});

describe('Endpoints of a Service with a selector', () => {
  it('keep what somebody else writes until the Service or its pods change, and come back when deleted', async () => {
    await plane.create(services, service('edited', { selector: { app: 'edited' } }));
    await plane.create(pods, pod('edited-1', 'edited'));
    const isFull = ({ subsets }: Endpoints) => subsets?.[0]?.addresses?.length === 1;
    await plane.eventually<Endpoints>(endpoints, 'edited', isFull);
    const resource = plane.client.resource<Endpoints>(endpoints);
    await resource.patch('edited', { subsets: [] }, { namespace: 'default', type: 'merge' });
    // What comes after it, and is as much waited with, has been seen to: so has it.
    await plane.create(services, service('later', { selector: { app: 'later' } }));
    await plane.create(pods, pod('later-1', 'later'));
    await plane.eventually<Endpoints>(endpoints, 'later', isFull);
    expect((await resource.get('edited', { namespace: 'default' })).subsets ?? []).toEqual([]);
    await resource.delete('edited', { namespace: 'default' });
    await plane.eventually<Endpoints>(endpoints, 'edited', isFull);
  });
});

describe('Endpoints of no Service', () => {
  it('are left alone, when they change too', async () => {
    const subsets = [{ addresses: [{ ip: '10.9.0.1' }], ports: [{ port: 80 }] }];
    await plane.create(endpoints, { apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'orphan', namespace: 'default' }, subsets });
    const resource = plane.client.resource<Endpoints>(endpoints);
    await resource.patch('orphan', { metadata: { labels: { a: 'b' } } }, { namespace: 'default', type: 'merge' });
    // What comes after it, and is as much waited with, has been seen to: so has it.
    await plane.create(services, service('after', { selector: { app: 'after' } }));
    await plane.create(pods, pod('after-1', 'after'));
    await plane.eventually<Endpoints>(endpoints, 'after', ({ subsets }) => subsets?.[0]?.addresses?.length === 1);
    expect((await resource.get('orphan', { namespace: 'default' })).metadata.labels).toEqual({ a: 'b' });
  });
});

describe('a controller manager that starts', () => {
  /** What is listed, and so cached, lacks what has come last. */
  const behind = <T extends KubeObject>(inner: ResourceClient<T>): ResourceClient<T> => ({
    ...inner,
    list: async (options) => {
      const all = await inner.list(options);
      const isOld = ({ metadata }: T) => inner.kind !== services || metadata.name !== 'b-late';
      return { ...all, items: all.items.filter(isOld) };
    },
  });
  const made = (name: string, annotations = {}) => ({
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name, namespace: 'default', annotations },
    subsets: [{ addresses: [{ ip: '10.9.0.1' }], ports: [{ port: 80 }] }],
  });

  it('deletes Endpoints whose Service the server does not have, unless leaders were elected by them', async () => {
    await plane.create(endpoints, made('a-leader', { 'control-plane.alpha.kubernetes.io/leader': '{}' }));
    await plane.create(endpoints, made('b-late'));
    await plane.create(endpoints, made('c-stray'));
    await plane.create(services, service('b-late', {}));
    const client = createClient({ ...plane.manager, userAgent: 'second' });
    const gates = new Gates();
    gates.close('watch services');
    const held = gated(client, gates);
    const second = createControllerManager({
      client: { ...held, resource: (kind) => behind(held.resource(kind)) },
      controllers: ['endpoints-controller'],
      // One after the other, by name: when the last is gone, the others have been seen to.
      settings: { concurrentEndpointSyncs: 1 },
    });
    await second.start();
    await plane.eventuallyAll<Endpoints>(endpoints, (all) => !all.some(({ metadata }) => metadata.name === 'c-stray'));
    const left = (await plane.list<Endpoints>(endpoints, 'default')).map(({ metadata }) => metadata.name);
    expect(left).toEqual(expect.arrayContaining(['a-leader', 'b-late']));
    gates.openAll();
    await second.stop();
    await client.close();
  });
});

describe('a Service of type LoadBalancer', () => {
  const balanced = (name: string, spec: object = {}) => service(name, { type: 'LoadBalancer', selector: { app: name }, ...spec });
  const addressed = (name: string) =>
    plane.eventually<Service>(services, name, ({ status }) => status?.loadBalancer?.ingress?.[0]?.ip !== undefined);
  const ipOf = ({ status }: Live<Service>) => status?.loadBalancer?.ingress?.[0]?.ip;

  it('gets an address, one of its own, which is free again when it goes', async () => {
    await plane.create(services, balanced('one'));
    await plane.create(services, balanced('two'));
    const [one, two] = [await addressed('one'), await addressed('two')];
    expect(one.status?.loadBalancer?.ingress).toEqual([{ ip: expect.stringMatching(/^198\.18\./), ipMode: 'VIP' }]);
    expect(one.metadata.finalizers).toEqual(['service.kubernetes.io/load-balancer-cleanup']);
    expect(ipOf(two)).not.toBe(ipOf(one));
    await plane.client.resource<Service>(services).delete('one', { namespace: 'default' });
    await plane.eventuallyGone(services, 'one');
    await plane.create(services, balanced('three', { loadBalancerIP: ipOf(one) }));
    expect(ipOf(await addressed('three'))).toBe(ipOf(one));
  });

  it('tells of what is done, and lets go when its type changes', async () => {
    await plane.create(services, balanced('told'));
    await addressed('told');
    const change = { spec: { type: 'ClusterIP' } };
    await plane.client.resource<Service>(services).patch('told', change, { namespace: 'default', type: 'merge' });
    const gone = await plane.eventually<Service>(services, 'told', ({ metadata }) => metadata.finalizers === undefined);
    expect(gone.status?.loadBalancer?.ingress).toBeUndefined();
    const events = await plane.eventuallyAll<Event>(coreKinds.events, (all) => reasons(all).length === 5);
    expect(reasons(events)).toEqual([
      ['EnsuringLoadBalancer', 'Ensuring load balancer'],
      ['EnsuredLoadBalancer', 'Ensured load balancer'],
      ['Type', 'LoadBalancer -> ClusterIP'],
      ['DeletingLoadBalancer', 'Deleting load balancer'],
      ['DeletedLoadBalancer', 'Deleted load balancer'],
    ]);
  });

  const reasons = (events: Live<Event>[]) =>
    events
      .filter(({ involvedObject }) => involvedObject.name === 'told')
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
      .map(({ reason, message }) => [reason, message]);
});

describe('nodes of a cluster of both families', () => {
  it('get a block of each', async () => {
    const settings = { clusterCidr: '10.240.0.0/16,fd00:240::/56', nodeCidrMaskSizeIpv4: 26, serviceClusterIpRange: ['10.240.0.0/26'] };
    await using dual = await startControlPlane({ controllers: ['nodeipam'], nodes: ['d1'], settings });
    const node = await dual.eventually<Node>(coreKinds.nodes, 'd1', ({ spec }) => spec.podCIDR !== undefined);
    expect(node.spec).toMatchObject({ podCIDR: '10.240.0.64/26', podCIDRs: ['10.240.0.64/26', 'fd00:240::/64'] });
  });
});
