import { PassThrough } from 'node:stream';
import {
  AppsV1Api,
  CoreV1Api,
  KubeConfig,
  type KubernetesObject,
  Log,
  makeInformer,
  type V1ConfigMap,
  Watch,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster, waitFor } from '../support/cluster.ts';

let cluster: TestCluster;
let config: KubeConfig;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 2 });
  config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
});

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
});

describe('@kubernetes/client-node', () => {
  it('creates a deployment, sees it become available and reads a log', async () => {
    const apps = config.makeApiClient(AppsV1Api);
    const core = config.makeApiClient(CoreV1Api);
    await apps.createNamespacedDeployment({
      namespace: 'default',
      body: {
        metadata: { name: 'talker' },
        spec: {
          replicas: 2,
          selector: { matchLabels: { app: 'talker' } },
          template: {
            metadata: { labels: { app: 'talker' } },
            spec: { containers: [{ name: 'main', image: 'busybox', command: ['sh', '-c', 'echo hello from $HOSTNAME; sleep 3600'] }] },
          },
        },
      },
    });
    await waitFor(
      async () => (await apps.readNamespacedDeployment({ name: 'talker', namespace: 'default' })).status?.availableReplicas === 2,
      60_000,
      () => 'the deployment never became available',
    );
    const { items } = await core.listNamespacedPod({ namespace: 'default', labelSelector: 'app=talker' });
    expect(items).toHaveLength(2);
    const pod = items[0]?.metadata?.name ?? '';
    let text = '';
    await waitFor(
      async () => {
        const out = new PassThrough();
        await new Log(config).log('default', pod, 'main', out, { follow: false });
        text = (await out.setEncoding('utf8').toArray()).join('');
        return text !== '';
      },
      60_000,
      () => 'no log came',
    );
    expect(text).toBe(`hello from ${pod}\n`);
  });

  it('keeps an informer that sees every change', async () => {
    const core = config.makeApiClient(CoreV1Api);
    const informer = makeInformer(config, '/api/v1/namespaces/default/configmaps', () =>
      core.listNamespacedConfigMap({ namespace: 'default' }),
    );
    const seen: string[] = [];
    const note = (verb: string) => (object: KubernetesObject) => {
      if (object.metadata?.name?.startsWith('informed')) seen.push(`${verb} ${object.metadata.name}`);
    };
    informer.on('add', note('add'));
    informer.on('update', note('update'));
    informer.on('delete', note('delete'));
    await informer.start();
    const body: V1ConfigMap = { metadata: { name: 'informed' }, data: { a: '1' } };
    const created = await core.createNamespacedConfigMap({ namespace: 'default', body });
    await core.replaceNamespacedConfigMap({ name: 'informed', namespace: 'default', body: { ...created, data: { a: '2' } } });
    await core.deleteNamespacedConfigMap({ name: 'informed', namespace: 'default' });
    await waitFor(
      () => seen.length >= 3,
      60_000,
      () => `the informer saw ${seen.join(', ')}`,
    );
    await informer.stop();
    expect(seen).toEqual(['add informed', 'update informed', 'delete informed']);
  });

  it('watches with bookmarks', async () => {
    const types = new Set<string>();
    const watch = new Watch(config);
    const controller = await watch.watch(
      '/api/v1/namespaces',
      { sendInitialEvents: true, allowWatchBookmarks: true, resourceVersionMatch: 'NotOlderThan' },
      (type) => types.add(type),
      () => undefined,
    );
    await waitFor(
      () => types.has('BOOKMARK'),
      60_000,
      () => `only ${[...types].join()} came`,
    );
    controller.abort();
    expect(types.has('ADDED')).toBe(true);
  });

  it('gets errors with code and reason', async () => {
    const core = config.makeApiClient(CoreV1Api);
    await expect(core.readNamespacedPod({ name: 'nothing', namespace: 'default' })).rejects.toMatchObject({ code: 404 });
  });
});
