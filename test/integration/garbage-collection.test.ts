// What the garbage collector does with owners that are strange: elsewhere, in a circle, of kinds that come and go.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import {
  apiextensionsKinds,
  autoscalingKinds,
  type ConfigMap,
  type CustomResourceDefinition,
  coreKinds,
  type Event,
  type KindInfo,
  type KubeObject,
  type Live,
} from '../../api/index.ts';
import { createClient, type ResourceClient } from '../../client/index.ts';
import { createControllerManager } from '../../controller-manager/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { Gates, gated } from '../support/gates.ts';

const { configmaps, namespaces, nodes, secrets } = coreKinds;
const { customresourcedefinitions } = apiextensionsKinds;

const gates = new Gates();
let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ controllers: ['garbagecollector', 'namespace'], gates });
});
afterEach(() => gates.openAll());
afterAll(() => plane?.[Symbol.asyncDispose]());

const configMap = (name: string, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', ...metadata },
});
const refer = ({ metadata }: Live<KubeObject>, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: metadata.name,
  uid: metadata.uid,
  ...more,
});
const told = (name: string) =>
  plane.eventuallyAll<Event>(coreKinds.events, (all) =>
    all.some(({ reason, involvedObject }) => reason === 'OwnerRefInvalidNamespace' && involvedObject.name === name),
  );
const remove = (kind: KindInfo, name: string, propagationPolicy: 'Background' | 'Foreground') =>
  plane.client.resource(kind).delete(name, { namespace: kind.namespaced ? 'default' : undefined, propagationPolicy });

it('an owner in another namespace is none: that is told, and the dependent goes', async () => {
  await plane.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'away' } });
  const owner = await plane.create<ConfigMap>(configmaps, configMap('far', { namespace: 'away' }));
  await plane.create(configmaps, configMap('astray', { ownerReferences: [refer(owner)] }));
  const [event] = (await told('astray')).filter(({ involvedObject }) => involvedObject.name === 'astray');
  expect([event?.type, event?.message, event?.source?.component]).toEqual([
    'Warning',
    `ownerRef [v1/ConfigMap, namespace: default, name: far, uid: ${owner.metadata.uid}] does not exist in namespace "default"`,
    'garbage-collector-controller',
  ]);
  await plane.eventuallyGone(configmaps, 'astray');
});

it('a cluster-scoped object cannot belong to one in a namespace: that is told, and it stays', async () => {
  const owner = await plane.create<ConfigMap>(configmaps, configMap('small'));
  await plane.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'big', ownerReferences: [refer(owner)] } });
  await told('big');
  await plane.client.resource(configmaps).delete('small', { namespace: 'default' });
  await plane.create(configmaps, configMap('marker', { ownerReferences: [refer(owner)] }));
  await plane.eventuallyGone(configmaps, 'marker');
  expect((await plane.get(nodes, 'big')).metadata.deletionTimestamp).toBeUndefined();
});

it('who own each other go when one is deleted, in the foreground too', async () => {
  const one = await plane.create<ConfigMap>(configmaps, configMap('one'));
  const two = await plane.create<ConfigMap>(configmaps, configMap('two', { ownerReferences: [refer(one, { blockOwnerDeletion: true })] }));
  await plane.client
    .resource<ConfigMap>(configmaps)
    .patch('one', { metadata: { ownerReferences: [refer(two, { blockOwnerDeletion: true })] } }, { namespace: 'default', type: 'merge' });
  await remove(configmaps, 'one', 'Foreground');
  await plane.eventuallyGone(configmaps, 'one');
  await plane.eventuallyGone(configmaps, 'two');
});

it('what left its owner just before that went in the foreground stays, with what belongs to it', async () => {
  const boss = await plane.create<ConfigMap>(configmaps, configMap('boss'));
  const ownerReferences = [refer(boss, { blockOwnerDeletion: true })];
  const metadata = { name: 'middle', namespace: 'default', ownerReferences };
  const middle = await plane.create<KubeObject>(secrets, { apiVersion: 'v1', kind: 'Secret', metadata });
  await plane.create(configmaps, configMap('leaf', { ownerReferences: [refer(middle, { kind: 'Secret' })] }));
  // It knows of the owner, and not that there is none any more.
  gates.holdAt('watch secrets', ({ metadata: { name, ownerReferences } }) => name === 'middle' && !ownerReferences?.length);
  await plane.client.resource(secrets).patch('middle', { metadata: { ownerReferences: null } }, { namespace: 'default', type: 'merge' });
  gates.close('get secrets');
  await remove(configmaps, 'boss', 'Foreground');
  await expect.poll(() => gates.waiting('get secrets'), { interval: 10 }).toBe(1);
  gates.openAll();
  await plane.eventuallyGone(configmaps, 'boss');
  expect((await plane.get(secrets, 'middle')).metadata.deletionTimestamp).toBeUndefined();
  expect((await plane.get(configmaps, 'leaf')).metadata.deletionTimestamp).toBeUndefined();
});

it('who names an owner by a version or kind that is not served stays; by another version that is, goes with it', async () => {
  const spec = { scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' }, maxReplicas: 1 };
  const { horizontalpodautoscalers } = autoscalingKinds;
  const owner = await plane.create(horizontalpodautoscalers, {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'scaler', namespace: 'default' },
    spec,
  });
  const named = (name: string, apiVersion: string, kind = 'HorizontalPodAutoscaler', more: object = {}) =>
    plane.create(configmaps, configMap(name, { ownerReferences: [refer(owner, { apiVersion, kind, ...more })] }));
  await named('other-version', 'autoscaling/v1');
  await named('preferred', 'autoscaling/v2');
  await named('old-version', 'autoscaling/v2beta2');
  await named('old-group', 'extensions/v1beta1');
  await named('unknown-kind', 'autoscaling/v2', 'Scaler');
  await named('other-name', 'autoscaling/v1', 'HorizontalPodAutoscaler', { name: 'another' });
  await named('other-kind', 'v1', 'ConfigMap');
  // One uid, several owners: each is judged by what it names.
  await plane.eventuallyGone(configmaps, 'other-name');
  await plane.eventuallyGone(configmaps, 'other-kind');
  const left = async () => {
    const names = (await plane.list(configmaps)).map(({ metadata }) => metadata.name);
    return names.filter((name) => /^(other|preferred|old|unknown)/.test(name)).sort();
  };
  expect(await left()).toEqual(['old-group', 'old-version', 'other-version', 'preferred', 'unknown-kind']);
  await remove(horizontalpodautoscalers, 'scaler', 'Background');
  await plane.eventuallyGone(configmaps, 'other-version');
  await plane.eventuallyGone(configmaps, 'preferred');
  expect(await left()).toEqual(['old-group', 'old-version', 'unknown-kind']);
});

/** Has custom resources of this kind served. */
async function serve(kind: string): Promise<void> {
  const singular = kind.toLowerCase();
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  await plane.create(customresourcedefinitions, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${singular}s.example.com` },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: `${singular}s`, singular, kind, listKind: `${kind}List` },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  });
  const isServed = ({ status }: Live<CustomResourceDefinition>) =>
    status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True') === true;
  await plane.eventually<CustomResourceDefinition>(customresourcedefinitions, `${singular}s.example.com`, isServed);
}

it('a kind that comes after it was asked what is served, and before definitions are listed, is followed at once', async () => {
  const client = createClient({ ...plane.manager, userAgent: 'second' });
  const listed: string[] = [];
  const lagging = <T extends KubeObject>(inner: ResourceClient<T>): ResourceClient<T> => ({
    ...inner,
    list: async (options) => {
      const { resource } = inner.kind;
      listed.push(resource);
      await gates.pass(`list ${resource}`);
      return await inner.list(options);
    },
  });
  const all = gated(client, gates);
  gates.close('list customresourcedefinitions');
  const second = createControllerManager({
    client: { ...all, resource: (kind) => lagging(all.resource(kind)) },
    controllers: ['garbagecollector'],
  });
  await second.start();
  await expect.poll(() => listed, { interval: 10 }).toContain('customresourcedefinitions');
  await serve('Gadget');
  gates.openAll();
  await expect.poll(() => listed, { interval: 10 }).toContain('gadgets');
  await second.stop();
  await client.close();
  await plane.client.resource(customresourcedefinitions).delete('gadgets.example.com');
});

it('custom resources are followed when their kind comes, and forgotten when it goes', async () => {
  await serve('Widget');
  const widgets: KindInfo = { ...configmaps, group: 'example.com', kind: 'Widget', resource: 'widgets', singular: 'widget' };
  const owner = await plane.create(widgets, {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name: 'w', namespace: 'default' },
  });
  const reference = { ...refer(owner), apiVersion: 'example.com/v1', kind: 'Widget' };
  await plane.create(configmaps, configMap('of-widget', { ownerReferences: [reference] }));
  await remove(widgets, 'w', 'Background');
  await plane.eventuallyGone(configmaps, 'of-widget');
  await plane.client.resource(customresourcedefinitions).delete('widgets.example.com');
  await plane.eventuallyGone(customresourcedefinitions, 'widgets.example.com');
  const after = await plane.create<ConfigMap>(configmaps, configMap('after'));
  await plane.create(configmaps, configMap('still', { ownerReferences: [refer(after)] }));
  await remove(configmaps, 'after', 'Background');
  await plane.eventuallyGone(configmaps, 'still');
});
