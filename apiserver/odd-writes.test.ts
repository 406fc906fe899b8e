// Writes that say what few writes say: when an object goes, a number that is none, fields that two endpoints own.
import { expect, it } from 'vitest';
import { appsKinds, coreKinds, type KubeObject } from '../api/index.ts';
import type { AdmissionAttributes } from './admission/plugin.ts';
import { daemonSetStrategy } from './strategies/apps/daemon-set.ts';
import { replicaSetStrategy } from './strategies/apps/replica-set.ts';
import { statefulSetStrategy } from './strategies/apps/stateful-set.ts';
import { jobStrategy } from './strategies/batch/job.ts';
import { configMapStrategy } from './strategies/core/config-map.ts';
import { persistentVolumeClaimStrategy } from './strategies/core/persistent-volume-claim.ts';
import { serviceStrategy } from './strategies/core/service/strategy.ts';
import { StrategyHarness } from './strategies/testing/harness.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const SETS = '/apis/apps/v1/namespaces/default/daemonsets';
const REPLICAS = '/apis/apps/v1/namespaces/default/replicasets';
const TYPE = {
  apply: 'application/apply-patch+yaml',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
};
const selector = { matchLabels: { a: 'b' } };
const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } };

const start = () =>
  startTestServer({
    strategies: { '/configmaps': configMapStrategy, 'apps/daemonsets': daemonSetStrategy, 'apps/replicasets': replicaSetStrategy },
  });
const patch = (server: TestServer, path: string, body: unknown, type: keyof typeof TYPE) =>
  server.request('PATCH', path, { body, headers: { 'content-type': TYPE[type] } });

it('what an apply makes may be on its way out, and goes with the next write', async () => {
  await using server = await start();
  const map = (metadata: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm', ...metadata }, data: { a: '1' } });
  const deletionTimestamp = '2020-01-01T00:00:00Z';
  const made = await patch(server, `${MAPS}/m?fieldManager=m`, map({ deletionTimestamp }), 'apply');
  expect([made.status, made.json<KubeObject>().metadata.deletionTimestamp]).toEqual([201, deletionTimestamp]);
  expect((await patch(server, `${MAPS}/m?fieldManager=n`, map({}), 'apply')).status).toBe(200);
  expect((await server.request('GET', `${MAPS}/m`)).status).toBe(404);
  const posted = await server.request('POST', MAPS, { body: map({ deletionTimestamp }) });
  expect(posted.json<KubeObject>().metadata.deletionTimestamp).toBeUndefined();
});

it('what an apply makes is stored though a webhook gives it a resourceVersion, which a POST is refused for', async () => {
  const admission = [{ name: 'hook', admit: (_: unknown, { object }: AdmissionAttributes) => void (object && numbered(object)) }];
  await using server = await startTestServer({ strategies: { '/configmaps': configMapStrategy }, admission });
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' } };
  expect((await patch(server, `${MAPS}/m?fieldManager=m`, map, 'apply')).status).toBe(201);
  const posted = await server.request('POST', MAPS, { body: { ...map, metadata: { name: 'n' } } });
  expect(posted.json()).toMatchObject({ code: 500, message: 'resourceVersion should not be set on objects to be created' });
});

function numbered({ metadata }: KubeObject): void {
  metadata.resourceVersion = '5';
}

it.each([
  ['merge', 422, 'strconv.ParseInt: parsing "x": invalid syntax'],
  ['strategic', 500, 'strconv.ParseInt: parsing "x": invalid syntax'],
  ['apply', 500, 'failed to convert to unversioned (/d; apps/v1, Kind=DaemonSet): strconv.ParseInt: parsing "x": invalid syntax'],
] as const)('an annotation that should be a number is refused in a patch (%s) as what has no form inside', async (type, code, why) => {
  await using server = await start();
  const body = { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'd' }, spec: { selector, template } };
  expect((await server.request('POST', SETS, { body })).status).toBe(201);
  const metadata = { name: 'd', annotations: { 'deprecated.daemonset.template.generation': 'x' } };
  const refused = await patch(
    server,
    `${SETS}/d${type === 'apply' ? '?fieldManager=m&force=true' : ''}`,
    { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata },
    type,
  );
  const status = refused.json<{ code: number; message: string }>();
  expect([status.code, code === 500 ? status.message : status.message.slice(-why.length)]).toEqual([code, why]);
  const posted = await server.request('POST', SETS, { body: { ...body, metadata: { ...metadata, name: 'e' } } });
  const whole = `DaemonSet in version "v1" cannot be handled as a DaemonSet: strconv.ParseInt: parsing "x": invalid syntax`;
  expect(posted.json()).toMatchObject({ code: 400, message: whole });
  // Before anybody looks whether it is there, or under which name.
  const put = await server.request('PUT', `${SETS}/nope`, { body: { ...body, metadata } });
  expect(put.json()).toMatchObject({ code: 400, message: whole });
});

it('an owner that another endpoint wrote a second time is there once after the next write', async () => {
  await using server = await start();
  const body = { metadata: { name: 'r' }, spec: { replicas: 2, selector, template } };
  await server.request('POST', `${REPLICAS}?fieldManager=m`, { body });
  const scaled = { metadata: { name: 'r' }, spec: { replicas: 2 } };
  await server.request('PUT', `${REPLICAS}/r/scale?fieldManager=s`, { body: scaled });
  const owners = async () =>
    ((await server.request('GET', `${REPLICAS}/r`)).json<KubeObject>().metadata.managedFields ?? []).map(({ manager }) => manager);
  expect(await owners()).toEqual(['m', 'm']);
  await patch(server, `${REPLICAS}/r`, {}, 'merge');
  expect(await owners()).toEqual(['m']);
});

it('an immutable ConfigMap without data may be given no data', () => {
  const maps = new StrategyHarness(configMapStrategy, coreKinds.configmaps);
  const map = maps.stored({ immutable: true, binaryData: { b: 'eA==' } });
  expect(maps.patch(map, { data: {} }).errors).toEqual([]);
  expect(maps.patch(map, { data: { a: '1' } }).errors).toEqual(['data: Forbidden: field is immutable when `immutable` is set']);
});

it('a partition that a StatefulSet does not give is shown as none', () => {
  const sets = new StrategyHarness(statefulSetStrategy, appsKinds.statefulsets);
  const { errors } = sets.create({ spec: { selector, template, updateStrategy: { type: 'OnDelete', rollingUpdate: {} } } });
  expect(errors).toEqual([
    'spec.updateStrategy.rollingUpdate: Invalid value: {"Partition":0,"MaxUnavailable":null}: only allowed for updateStrategy \'RollingUpdate\'',
  ]);
});

it('the first write of a Job or a claim stores the defaults that it was made without, and the next one that changes nothing is none', async () => {
  const strategies = { 'batch/jobs': jobStrategy, '/persistentvolumeclaims': persistentVolumeClaimStrategy };
  await using server = await startTestServer({ strategies });
  const paths = {
    Job: '/apis/batch/v1/namespaces/default/jobs',
    PersistentVolumeClaim: '/api/v1/namespaces/default/persistentvolumeclaims',
  };
  const job = { spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } } };
  const claim = { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };
  const versions = async (path: string, body: object) => {
    const { resourceVersion: made } = (await server.request('POST', path, { body })).json<KubeObject>().metadata;
    const { metadata: first } = (await patch(server, `${path}/a`, {}, 'merge')).json<KubeObject>();
    const { metadata: second } = (await patch(server, `${path}/a`, {}, 'merge')).json<KubeObject>();
    return [first.resourceVersion === made, second.resourceVersion === first.resourceVersion];
  };
  expect(await versions(paths.Job, { metadata: { name: 'a' }, ...job })).toEqual([false, true]);
  expect(await versions(paths.PersistentVolumeClaim, { metadata: { name: 'a' }, ...claim })).toEqual([false, true]);
  await server.request('DELETE', `${paths.Job}/a?propagationPolicy=Background`);
  expect(await versions(paths.Job, { metadata: { name: 'a', labels: { own: 'one' } }, ...job })).toEqual([true, true]);
});

it('a PUT or an apply of the status of a Service that is not there makes one, without an address', async () => {
  const ranges = { serviceClusterIpRange: '10.0.0.0/24', serviceNodePortRange: { from: 30_000, to: 30_100 }, eventTtlSeconds: 0 };
  await using server = await startTestServer({
    serves: ['/services'],
    strategies: (objects) => ({ '/services': serviceStrategy({ ...ranges, objects }) }),
  });
  const body = { apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } };
  const path = '/api/v1/namespaces/default/services';
  const put = await server.request('PUT', `${path}/s/status`, { body });
  expect(put.status).toBe(201);
  expect(put.json<KubeObject & { spec: object }>().spec).not.toHaveProperty('clusterIP');
  const applied = await patch(server, `${path}/t/status?fieldManager=m`, { ...body, metadata: { name: 't' } }, 'apply');
  expect(applied.status).toBe(201);
  expect((await patch(server, `${path}/u/status`, { status: {} }, 'merge')).status).toBe(404);
});
