// What Kubernetes' conformance tests ask of the machinery that every kind shares: lists in pieces, watches, discovery, garbage, namespaces, policies.
import { describe, expect, it } from 'vitest';
import { waitFor } from '../../support/cluster.ts';
import type { Json } from '../../support/conformance.ts';
import { c } from './cluster.ts';

const HTTPD = 'registry.k8s.io/e2e-test-images/httpd:2.4.38-4';
const PAUSE = 'registry.k8s.io/pause:3.10.1';
const NAMESPACES = '/api/v1/namespaces';

const configMap = (ns: string, name = '') => `${NAMESPACES}/${ns}/configmaps${name === '' ? '' : `/${name}`}`;

describe.concurrent('lists in chunks', () => {
  const total = 400;
  const templates = async (base: string) => {
    const path = `${NAMESPACES}/${await c.namespace(base)}/podtemplates`;
    const template = { spec: { containers: [{ name: 'test', image: 'test2' }] } };
    const name = (i: number) => `template-${String(i).padStart(4, '0')}`;
    for (let i = 0; i < total; i += 20)
      await Promise.all(Array.from({ length: 20 }, (_, j) => c.must('POST', path, { metadata: { name: name(i + j) }, template })));
    return { path, name };
  };
  const page = (path: string, limit: number, token = '') => c.call('GET', `${path}?limit=${limit}&continue=${encodeURIComponent(token)}`);

  /** Reads on from a token to the end. */
  const readOn = async (
    { path, name }: Awaited<ReturnType<typeof templates>>,
    limit: number,
    from = { found: 0, token: '', version: '' },
  ) => {
    let { found, token, version } = from;
    do {
      const { body } = await page(path, limit, token);
      version ||= body.metadata.resourceVersion;
      expect(body.metadata.resourceVersion).toBe(version);
      expect(body.items.length).toBeLessThanOrEqual(limit);
      for (const item of body.items) expect(item.metadata.name).toBe(name(found++));
      token = body.metadata.continue ?? '';
      expect(body.metadata.remainingItemCount).toBe(token === '' ? undefined : total - found);
    } while (token !== '');
    expect(found).toBe(total);
  };

  it('come in order, of one moment, and say how many remain', async () => {
    const all = await templates('chunks');
    await readOn(all, 17);
    expect((await page(all.path, total + 1)).body.items).toHaveLength(total);
  });

  it('go on from the last key when their moment is compacted away', async () => {
    const all = await templates('compacted');
    const first = await page(all.path, 40);
    const { continue: token, resourceVersion } = first.body.metadata;
    const expired: Json = await waitFor(
      async () => {
        // Compaction has nothing to do while nothing happens.
        await c.patch(`${all.path}/${all.name(0)}`, { metadata: { annotations: { at: String(performance.now()) } } });
        const answer = await page(all.path, 40, token);
        return answer.status === 410 ? answer : undefined;
      },
      60_000,
      () => 'the token never expired',
    );
    expect(expired.body.reason).toBe('Expired');
    const next = await page(all.path, 40, expired.body.metadata.continue);
    expect(next.body.metadata.resourceVersion).not.toBe(resourceVersion);
    await readOn(all, 40, { found: 40, token: expired.body.metadata.continue, version: '' });
  });
});

describe.concurrent('watches', () => {
  const label = 'watch-this-configmap';

  it('tell each watcher of what its selector matches, and of nothing else', async () => {
    const ns = await c.namespace('watchers');
    const by = (selector: string) => c.watch(`${configMap(ns)}?watch=true&labelSelector=${encodeURIComponent(selector)}`);
    using a = await by(`${label}=A`);
    using b = await by(`${label}=B`);
    using both = await by(`${label} in (A,B)`);
    const make = (name: string, value: string) => c.must('POST', configMap(ns), { metadata: { name, labels: { [label]: value } } });
    await make('a', 'A');
    for (const mutation of ['1', '2']) await c.patch(configMap(ns, 'a'), { data: { mutation } });
    await c.must('DELETE', configMap(ns, 'a'));
    await make('b', 'B');
    await c.must('DELETE', configMap(ns, 'b'));
    await both.next('DELETED', ({ metadata }) => metadata.name === 'b');
    await b.next('DELETED');
    await a.next('DELETED');
    const told = ({ frames }: typeof a) =>
      frames.map(({ type, object }) => `${type} ${object.metadata.name} ${object.data?.mutation ?? ''}`.trim());
    const ofA = ['ADDED a', 'MODIFIED a 1', 'MODIFIED a 2', 'DELETED a 2'];
    expect(told(a)).toEqual(ofA);
    expect(told(b)).toEqual(['ADDED b', 'DELETED b']);
    expect(told(both)).toEqual([...ofA, 'ADDED b', 'DELETED b']);
  });

  it('begin where they are told to, and go on where another ended', async () => {
    const ns = await c.namespace('restart');
    await c.must('POST', configMap(ns), { metadata: { name: 'one', labels: { [label]: 'x' } } });
    const first = await c.patch(configMap(ns, 'one'), { data: { mutation: '1' } });
    await c.patch(configMap(ns, 'one'), { data: { mutation: '2' } });
    await c.must('DELETE', configMap(ns, 'one'));
    const from = (version: string) => c.watch(`${configMap(ns)}?watch=true&labelSelector=${label}%3Dx&resourceVersion=${version}`);
    using seen = await from(first.metadata.resourceVersion);
    await seen.next('DELETED');
    expect(seen.frames.map(({ type, object }) => [type, object.data.mutation])).toEqual([
      ['MODIFIED', '2'],
      ['DELETED', '2'],
    ]);
    using again = await from(seen.frames[0]?.object.metadata.resourceVersion);
    await again.next('DELETED');
    expect(again.frames).toEqual(seen.frames.slice(1));
  });

  it('tell of an object that a selector no longer matches as deleted, and as added when it does again', async () => {
    const ns = await c.namespace('labels');
    const path = configMap(ns, 'one');
    using seen = await c.watch(`${configMap(ns)}?watch=true&labelSelector=${label}%3Dx`);
    await c.must('POST', configMap(ns), { metadata: { name: 'one', labels: { [label]: 'x' } } });
    const relabel = (value: string, mutation: string) => c.patch(path, { metadata: { labels: { [label]: value } }, data: { mutation } });
    await relabel('x', '1');
    await relabel('wrong', '1');
    await relabel('wrong', '2');
    await relabel('x', '3');
    await c.must('DELETE', path);
    await seen.next('DELETED', ({ data }) => data.mutation === '3');
    expect(seen.frames.map(({ type, object }) => `${type} ${object.data?.mutation ?? 0}`)).toEqual([
      'ADDED 0',
      'MODIFIED 1',
      'DELETED 1',
      'ADDED 3',
      'DELETED 3',
    ]);
  });

  it('tell the same in the same order, wherever they begin', async () => {
    const ns = await c.namespace('order');
    const { metadata } = await c.get(configMap(ns));
    using first = await c.watch(`${configMap(ns)}?watch=true&resourceVersion=${metadata.resourceVersion}`);
    const writing = (async () => {
      for (let i = 0; i < 40; i++) {
        await c.must('POST', configMap(ns), { metadata: { name: `cm-${i}` } });
        if (i % 3 === 0) await c.must('DELETE', configMap(ns, `cm-${i}`));
        else await c.patch(configMap(ns, `cm-${i}`), { data: { i: String(i) } });
      }
    })();
    const others = [];
    for (let i = 0; i < 20; i++) {
      const event: Json = await waitFor(
        () => first.frames[i * 3],
        60_000,
        () => 'no event came',
      );
      others.push({
        at: i * 3 + 1,
        watch: await c.watch(`${configMap(ns)}?watch=true&resourceVersion=${event.object.metadata.resourceVersion}`),
      });
    }
    await writing;
    await waitFor(
      () => first.frames.length === 80,
      60_000,
      () => `${first.frames.length} events came`,
    );
    for (const { at, watch } of others) {
      await waitFor(
        () => watch.frames.length === 80 - at,
        60_000,
        () => `${watch.frames.length} events came from ${at} on`,
      );
      expect(watch.frames).toEqual(first.frames.slice(at));
      watch[Symbol.dispose]();
    }
  });
});

describe('discovery', () => {
  const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const expected = `admissionregistration.k8s.io/v1/validatingwebhookconfigurations apiextensions.k8s.io/v1/customresourcedefinitions
    apiregistration.k8s.io/v1/apiservices apps/v1/deployments authentication.k8s.io/v1/tokenreviews authorization.k8s.io/v1/selfsubjectaccessreviews
    autoscaling/v1/horizontalpodautoscalers autoscaling/v2/horizontalpodautoscalers batch/v1/jobs certificates.k8s.io/v1/certificatesigningrequests
    coordination.k8s.io/v1/leases discovery.k8s.io/v1/endpointslices events.k8s.io/v1/events networking.k8s.io/v1/ingresses node.k8s.io/v1/runtimeclasses
    policy/v1/poddisruptionbudgets scheduling.k8s.io/v1/priorityclasses storage.k8s.io/v1/csinodes`.split(/\s+/);

  it('tells a version, of integers', async () => {
    const { major, minor } = await c.get('/version');
    expect([major, minor]).toEqual([expect.stringMatching(/^\d+$/), expect.stringMatching(/^\d+$/)]);
  });

  it('names a preferred version of each group, and each version has resources', async () => {
    const { groups } = await c.get('/apis');
    for (const { name, versions, preferredVersion } of groups) {
      expect(versions).toContainEqual(preferredVersion);
      const group = await c.get(`/apis/${name}`);
      expect(group.preferredVersion).toEqual(preferredVersion);
      for (const { groupVersion } of versions) {
        const list = await c.get(`/apis/${groupVersion}`);
        expect([list.kind, list.groupVersion]).toEqual(['APIResourceList', groupVersion]);
        expect(list.resources.length).toBeGreaterThan(0);
      }
    }
  });

  it('comes whole, when it is asked for so', async () => {
    const of = async (path: string) => {
      const { items } = await c.must('GET', path, undefined, { accept: aggregated });
      return items.flatMap(({ metadata, versions }: Json) =>
        versions.flatMap(({ version, resources }: Json) =>
          resources.map(({ resource }: Json) => `${metadata.name ?? ''}/${version}/${resource}`),
        ),
      );
    };
    expect(await of('/apis')).toEqual(expect.arrayContaining(expected));
    expect(await of('/api')).toEqual(expect.arrayContaining(['/v1/namespaces']));
  });

  it('makes tables of pods, in pages too, and none of what has no metadata', async () => {
    const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const ns = await c.namespace('tables');
    const pods = `${NAMESPACES}/${ns}/pods`;
    await c.must('POST', pods, { metadata: { name: 'pod-1' }, spec: { containers: [{ name: 'c', image: PAUSE }] } });
    const { columnDefinitions, rows } = await c.must('GET', `${pods}/pod-1`, undefined, { accept: table });
    expect(columnDefinitions[0].name).toBe('Name');
    expect(rows).toHaveLength(1);
    expect(rows[0].cells).toHaveLength(columnDefinitions.length);
    expect(rows[0].cells[0]).toBe('pod-1');
    const review = { spec: { nonResourceAttributes: { path: '/', verb: 'get' } } };
    const { status } = await c.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review, { accept: table });
    expect(status).toBe(406);
  });
});

describe.concurrent('garbage', () => {
  const rc = (ns: string, name: string, replicas: number) => ({
    metadata: { name, namespace: ns },
    spec: {
      replicas,
      selector: { gctest: name },
      template: {
        metadata: { labels: { gctest: name } },
        spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'nginx', image: PAUSE }] },
      },
    },
  });
  const controller = async (ns: string, name: string, replicas: number) => {
    const all = `${NAMESPACES}/${ns}/replicationcontrollers`;
    const { metadata } = await c.must('POST', all, rc(ns, name, replicas));
    await c.eventually(`${all}/${name}`, ({ status }) => status.replicas === replicas);
    const remove = (propagationPolicy?: string, more: object = {}) =>
      c.must('DELETE', `${all}/${name}`, {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        preconditions: { uid: metadata.uid },
        ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
        ...more,
      });
    return { path: `${all}/${name}`, pods: `${NAMESPACES}/${ns}/pods`, uid: metadata.uid, remove };
  };

  it('is collected in the background, first of all pods, and not when it is orphaned', async () => {
    const ns = await c.namespace('gc');
    const doomed = await controller(ns, 'background', 2);
    await doomed.remove('Background');
    await c.eventually(doomed.pods, ({ items }) => items.length === 0);
    const orphaned = await controller(ns, 'orphan', 10);
    await orphaned.remove('Orphan');
    await c.gone(orphaned.path);
    const { items } = await c.get(orphaned.pods);
    expect(items).toHaveLength(10);
    for (const { metadata } of items) expect(metadata.ownerReferences).toBeUndefined();
    const old = await controller(ns, 'old-way', 2);
    await old.remove(undefined, { orphanDependents: true });
    await c.gone(old.path);
    expect((await c.get(`${old.pods}?labelSelector=gctest%3Dold-way`)).items).toHaveLength(2);
  });

  it('goes with a Deployment, or stays when it is orphaned: ReplicaSet and pods', async () => {
    const ns = await c.namespace('gc-deployment');
    const apps = `/apis/apps/v1/namespaces/${ns}`;
    const make = async () => {
      const labels = { gctest: 'deployment' };
      const spec = {
        replicas: 2,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'nginx', image: HTTPD }] } },
      };
      const { metadata } = await c.must('POST', `${apps}/deployments`, { metadata: { name: 'simpletest.deployment' }, spec });
      await c.eventually(`${apps}/replicasets`, ({ items }) => items[0]?.status.replicas === 2);
      return (propagationPolicy: string) =>
        c.must('DELETE', `${apps}/deployments/simpletest.deployment`, { preconditions: { uid: metadata.uid }, propagationPolicy });
    };
    await (await make())('Background');
    await c.eventually(`${apps}/replicasets`, ({ items }) => items.length === 0);
    await c.eventually(`${NAMESPACES}/${ns}/pods`, ({ items }) => items.length === 0);
    await (await make())('Orphan');
    await c.eventually(`${apps}/deployments`, ({ items }) => items.length === 0);
    const { items } = await c.get(`${apps}/replicasets`);
    expect(items.map(({ metadata }: Json) => metadata.ownerReferences)).toEqual([undefined]);
    expect((await c.get(`${NAMESPACES}/${ns}/pods`)).items).toHaveLength(2);
  });

  it('goes before its owner in the foreground, but not what somebody else owns too', async () => {
    const ns = await c.namespace('gc-foreground');
    const first = await controller(ns, 'simpletest-rc-to-be-deleted', 10);
    const stays = await controller(ns, 'simpletest-rc-to-stay', 0);
    const { items } = await c.get(first.pods);
    const owner = { apiVersion: 'v1', kind: 'ReplicationController', name: 'simpletest-rc-to-stay', uid: stays.uid };
    for (const { metadata } of items.slice(0, 5))
      await c.patch(`${first.pods}/${metadata.name}`, { metadata: { ownerReferences: [owner] } }, 'strategic-merge');
    await first.remove('Foreground');
    await c.gone(first.path);
    const left = (await c.get(first.pods)).items;
    expect(left.map(({ metadata }: Json) => metadata.name).sort()).toEqual(
      items
        .slice(0, 5)
        .map(({ metadata }: Json) => metadata.name)
        .sort(),
    );
    for (const { metadata } of left) {
      expect(metadata.deletionTimestamp).toBeUndefined();
      expect(metadata.ownerReferences.map(({ name }: Json) => name)).toEqual(['simpletest-rc-to-stay']);
    }
  });

  it('is not held up by a circle of owners', async () => {
    const ns = await c.namespace('gc-circle');
    const pods = `${NAMESPACES}/${ns}/pods`;
    const make = (name: string) =>
      c.must('POST', pods, {
        metadata: { name },
        spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'nginx', image: PAUSE }] },
      });
    const all = await Promise.all(['pod1', 'pod2', 'pod3'].map(make));
    for (const [i, { metadata }] of all.entries()) {
      const { name, uid } = all[(i + 2) % 3].metadata;
      const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name, uid, controller: true, blockOwnerDeletion: true }];
      await c.patch(`${pods}/${metadata.name}`, { metadata: { ownerReferences } }, 'strategic-merge');
    }
    await c.must('DELETE', `${pods}/pod1`, { propagationPolicy: 'Foreground' });
    await c.eventually(pods, ({ items }) => items.length === 0);
  });

  it('of custom resources is collected, and orphaned, as any other', async () => {
    const group = 'garbage.example.com';
    await c.must('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: `things.${group}` },
      spec: {
        group,
        scope: 'Cluster',
        names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    });
    const things = `/apis/${group}/v1/things`;
    await c.eventually(things, () => true);
    const make = (name: string, ownerReferences: readonly object[] = []) =>
      c.must('POST', things, { apiVersion: `${group}/v1`, kind: 'Thing', metadata: { name, ownerReferences } });
    const family = async (name: string) => {
      const { metadata } = await make(`${name}-owner`);
      await make(`${name}-dependent`, [{ apiVersion: `${group}/v1`, kind: 'Thing', name: metadata.name, uid: metadata.uid }]);
    };
    await family('a');
    await c.must('DELETE', `${things}/a-owner`, { propagationPolicy: 'Background' });
    await c.gone(`${things}/a-dependent`);
    await family('b');
    await c.must('DELETE', `${things}/b-owner`, { propagationPolicy: 'Orphan' });
    await c.gone(`${things}/b-owner`);
    expect((await c.get(`${things}/b-dependent`)).metadata.ownerReferences).toBeUndefined();
  });
});

describe.concurrent('namespaces', () => {
  it('take their pods and services with them when they go', async () => {
    const ns = await c.namespace('nsdeletetest');
    await c.must('POST', `${NAMESPACES}/${ns}/pods`, {
      metadata: { name: 'test-pod' },
      spec: { containers: [{ name: 'nginx', image: PAUSE }] },
    });
    await c.must('POST', `${NAMESPACES}/${ns}/services`, {
      metadata: { name: 'test-service' },
      spec: { selector: { foo: 'bar' }, ports: [{ port: 80, targetPort: 80 }] },
    });
    await c.eventually(`${NAMESPACES}/${ns}/pods/test-pod`, ({ status }) => status.phase === 'Running');
    await c.must('DELETE', `${NAMESPACES}/${ns}`);
    await c.gone(`${NAMESPACES}/${ns}`);
    await c.must('POST', NAMESPACES, { metadata: { name: ns } });
    for (const path of ['pods/test-pod', 'services/test-service'])
      expect((await c.call('GET', `${NAMESPACES}/${ns}/${path}`)).status).toBe(404);
  });

  it('end their pods before all else', async () => {
    const ns = await c.namespace('ordered');
    const pod = {
      metadata: { name: 'pod', finalizers: ['e2e.example.com/finalizer'] },
      spec: { containers: [{ name: 'c', image: PAUSE }] },
    };
    await c.must('POST', `${NAMESPACES}/${ns}/pods`, pod);
    await c.must('POST', configMap(ns), { metadata: { name: 'kept-until-then' } });
    await c.must('DELETE', `${NAMESPACES}/${ns}`);
    const held = await c.eventually(`${NAMESPACES}/${ns}`, ({ status }) =>
      status.conditions?.some(({ type, status: state }: Json) => type === 'NamespaceDeletionContentFailure' && state === 'False'),
    );
    expect(held.status.phase).toBe('Terminating');
    // What is left is told of the rest, which nobody has looked at yet.
    expect(held.status.conditions).toContainEqual(
      expect.objectContaining({ type: 'NamespaceFinalizersRemaining', status: 'False', reason: 'ContentHasNoFinalizers' }),
    );
    expect((await c.get(configMap(ns, 'kept-until-then'))).metadata.deletionTimestamp).toBeUndefined();
    await c.patch(`${NAMESPACES}/${ns}/pods/pod`, { metadata: { finalizers: null } });
    await c.gone(`${NAMESPACES}/${ns}`);
  });

  it('are patched and updated, with their status and finalizers apart', async () => {
    const ns = await c.namespace('nspatch');
    const path = `${NAMESPACES}/${ns}`;
    expect((await c.patch(path, { metadata: { labels: { testLabel: 'testValue' } } }, 'strategic-merge')).metadata.labels.testLabel).toBe(
      'testValue',
    );
    const current = await c.get(path);
    current.metadata.labels[ns] = 'updated';
    expect((await c.must('PUT', path, current)).metadata.labels[ns]).toBe('updated');
    expect((await c.get(`${path}/status`)).status.phase).toBe('Active');
    const conditions = [{ type: 'StatusPatch', status: 'True', reason: 'E2E', message: 'Patched by an e2e test' }];
    const patched = await c.patch(`${path}/status`, { metadata: { annotations: { patched: 'true' } }, status: { conditions } });
    expect(patched.status.conditions).toEqual([expect.objectContaining(conditions[0])]);
    patched.status.conditions.push({ type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Updated by an e2e test' });
    expect((await c.must('PUT', `${path}/status`, patched)).status.conditions).toHaveLength(2);
    const finalizer = 'e2e.example.com/fakeFinalizer';
    const before = await c.get(path);
    const finalized = await c.must('PUT', `${path}/finalize`, { ...before, spec: { finalizers: [...before.spec.finalizers, finalizer] } });
    expect(finalized.spec.finalizers).toEqual(['kubernetes', finalizer]);
    const freed = await c.must('PUT', `${path}/finalize`, { ...finalized, spec: { finalizers: ['kubernetes'] } });
    expect(freed.spec.finalizers).toEqual(['kubernetes']);
  });
});
