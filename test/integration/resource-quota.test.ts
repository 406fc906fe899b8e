// Quotas: the API server charges, the controller gives back and puts right.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import {
  apiextensionsKinds,
  type ConfigMap,
  coreKinds,
  isForbidden,
  type KindInfo,
  type KubeObject,
  type Pod,
  type ResourceQuota,
} from '../../api/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { Gates } from '../support/gates.ts';

const { resourcequotas, configmaps, pods, namespaces } = coreKinds;

const gates = new Gates();
let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ controllers: ['resourcequota', 'serviceaccount'], gates });
});
afterEach(() => gates.openAll());
afterAll(() => plane?.[Symbol.asyncDispose]());

async function aNamespace(name: string, hard: Record<string, string>): Promise<void> {
  await plane.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  await plane.eventuallyAll(coreKinds.serviceaccounts, (all) => all.length === 1, name);
  await plane.create(resourcequotas, { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q', namespace: name }, spec: { hard } });
}
const used = (namespace: string, wanted: Record<string, string>) =>
  plane.eventuallyAll<ResourceQuota>(
    resourcequotas,
    ([quota]) => Object.entries(wanted).every(([name, amount]) => quota?.status.used?.[name] === amount),
    namespace,
  );
const configMap = (namespace: string, name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace } });
const pod = (namespace: string, name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace },
  spec: { containers: [{ name: 'c', image: 'x', resources: { requests: { cpu: '250m' } } }] },
});

it('what is used is counted when a quota is made, and given back when objects go or end', async () => {
  await aNamespace('counted', { pods: '2', 'requests.cpu': '1', 'count/configmaps': '5' });
  await used('counted', { pods: '0', 'requests.cpu': '0', 'count/configmaps': '0' });
  for (const name of ['a', 'b']) await plane.create(pods, pod('counted', name));
  await expect(plane.create(pods, pod('counted', 'c'))).rejects.toSatisfy(isForbidden);
  await plane.create(configmaps, configMap('counted', 'c'));
  await used('counted', { pods: '2', 'requests.cpu': '500m', 'count/configmaps': '1' });
  await plane.client.resource<Pod>(pods).delete('a', { namespace: 'counted', gracePeriodSeconds: 0 });
  await plane.client.resource<ConfigMap>(configmaps).delete('c', { namespace: 'counted' });
  await used('counted', { pods: '1', 'requests.cpu': '250m', 'count/configmaps': '0' });
  await plane.client
    .resource<Pod>(pods)
    .patch('b', { status: { phase: 'Succeeded' } }, { namespace: 'counted', type: 'merge', subresource: 'status' });
  await used('counted', { pods: '0', 'requests.cpu': '0' });
});

it('a pod that is charged while another ends is not charged for both, though the count agrees with what the cache says was used', async () => {
  await aNamespace('replaced', { pods: '5' });
  await plane.create(pods, pod('replaced', 'a'));
  await used('replaced', { pods: '1' });
  gates.holdAt('watch resourcequotas', (quota) => JSON.stringify(quota).includes('"pods":"2"'));
  gates.close('get resourcequotas');
  await plane.create(pods, pod('replaced', 'b'));
  await used('replaced', { pods: '2' });
  await plane.client
    .resource<Pod>(pods)
    .patch('a', { status: { phase: 'Succeeded' } }, { namespace: 'replaced', type: 'merge', subresource: 'status' });
  // It has counted one pod, and asks whether the quota is as the cache has it.
  await expect.poll(() => gates.waiting('get resourcequotas'), { interval: 10, timeout: 60_000 }).toBe(1);
  gates.openAll();
  await used('replaced', { pods: '1' });
});

it('a pod that gets a deadline, or ends by it, is given back at once by the quotas that it was in the scope of', async () => {
  await aNamespace('scoped', { 'count/configmaps': '1' });
  for (const scope of ['NotTerminating', 'Terminating']) {
    await plane.create(resourcequotas, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: scope.toLowerCase(), namespace: 'scoped' },
      spec: { hard: { pods: '1' }, scopes: [scope] },
    });
  }
  const usedPods = (notTerminating: string, terminating: string) =>
    plane.eventuallyAll<ResourceQuota>(
      resourcequotas,
      (quotas) => {
        const of = (name: string) => quotas.find(({ metadata }) => metadata.name === name)?.status.used?.pods;
        return of('notterminating') === notTerminating && of('terminating') === terminating;
      },
      'scoped',
    );
  await usedPods('0', '0');
  await plane.create(pods, pod('scoped', 'a'));
  await usedPods('1', '0');
  const one = plane.client.resource<Pod>(pods);
  await one.patch('a', { spec: { activeDeadlineSeconds: 3600 } }, { namespace: 'scoped', type: 'merge' });
  await usedPods('0', '1');
  await one.patch('a', { status: { phase: 'Failed' } }, { namespace: 'scoped', type: 'merge', subresource: 'status' });
  await usedPods('0', '0');
});

it('new limits are counted at once', async () => {
  await aNamespace('changed', { pods: '1' });
  await used('changed', { pods: '0' });
  await plane.client
    .resource<ResourceQuota>(resourcequotas)
    .patch('q', { spec: { hard: { 'count/secrets': '3' } } }, { namespace: 'changed', type: 'merge' });
  await used('changed', { pods: '0', 'count/secrets': '0' });
});

it('custom kinds are counted as soon as they are served', async () => {
  await aNamespace('custom', { 'count/widgets.example.com': '2', pods: '1' });
  await used('custom', { pods: '0' });
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  await plane.create(apiextensionsKinds.customresourcedefinitions, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  });
  await used('custom', { 'count/widgets.example.com': '0' });
  const widgets: KindInfo = { ...configmaps, group: 'example.com', kind: 'Widget', resource: 'widgets', singular: 'widget' };
  const widget = (name: string) => ({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name, namespace: 'custom' } });
  await plane.create(widgets, widget('a'));
  await plane.create(widgets, widget('b'));
  await expect(plane.create(widgets, widget('c'))).rejects.toSatisfy(isForbidden);
  await plane.client.resource(widgets).delete('a', { namespace: 'custom' });
  await used('custom', { 'count/widgets.example.com': '1' });
});

it('what is used is what there is, however many come and go at once, and never beyond the limit', async () => {
  await aNamespace('busy', { 'count/configmaps': '10' });
  await used('busy', { 'count/configmaps': '0' });
  const resource = plane.client.resource<ConfigMap>(configmaps);
  let refused = 0;
  const comeAndGo = async (worker: number) => {
    for (let i = 0; i < 8; i++) {
      const name = `c-${worker}-${i}`;
      try {
        await resource.create(configMap('busy', name));
        if (i % 2 === 0) await resource.delete(name, { namespace: 'busy' });
      } catch (error) {
        if (!isForbidden(error)) throw error;
        refused++;
      }
    }
  };
  await Promise.all(Array.from({ length: 20 }, (_, worker) => comeAndGo(worker)));
  const left = await plane.list<KubeObject>(configmaps, 'busy');
  expect(left.length).toBeLessThanOrEqual(10);
  expect(refused).toBeGreaterThan(0);
  await used('busy', { 'count/configmaps': String(left.length) });
});

it('what was on its way when a quota came is counted, too', async () => {
  await plane.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'early' } });
  const resource = plane.client.resource<ConfigMap>(configmaps);
  const come = Array.from({ length: 40 }, (_, i) =>
    resource.create(configMap('early', `c-${i}`)).catch((error: unknown) => {
      if (!isForbidden(error)) throw error;
    }),
  );
  const spec = { hard: { 'count/configmaps': '100' } };
  await plane.create(resourcequotas, { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q', namespace: 'early' }, spec });
  await Promise.all(come);
  const { length } = await plane.list<KubeObject>(configmaps, 'early');
  await used('early', { 'count/configmaps': String(length) });
});
