// The guestbook, descriptions, applied configurations, taints and quotas, as upstream's tests of kubectl have them (test/e2e/kubectl/kubectl.go).
import { expect } from 'vitest';
import { AGNHOST, BUSYBOX, HTTPD, type Scope } from '../apps/world.ts';
import { expectLines, feed, PRIMARY, primary, primaryService } from './support.ts';

export async function runsTheGuestbook(scope: Scope): Promise<void> {
  const parts = [
    ['frontend', { app: 'guestbook', tier: 'frontend' }, 80, 3, ['--backend-port', '6379']],
    ['agnhost-primary', { app: 'agnhost', role: 'primary', tier: 'backend' }, 6379, 1, ['--http-port', '6379']],
    [
      'agnhost-replica',
      { app: 'agnhost', role: 'replica', tier: 'backend' },
      6379,
      2,
      ['--replicaof', 'agnhost-primary', '--http-port', '6379'],
    ],
  ] as const;
  for (const [name, labels, port] of parts)
    await feed(
      scope,
      { apiVersion: 'v1', kind: 'Service', metadata: { name, labels }, spec: { ports: [{ port }], selector: labels } },
      'create',
    );
  for (const [name, labels, port, replicas, args] of parts) {
    const resources = { requests: { cpu: '100m', memory: '100Mi' } };
    const container = { name, image: AGNHOST, args: ['guestbook', ...args], ports: [{ containerPort: port }], resources };
    const template = { metadata: { labels }, spec: { terminationGracePeriodSeconds: 1, containers: [container] } };
    await feed(
      scope,
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec: { replicas, selector: { matchLabels: labels }, template } },
      'create',
    );
  }
  await scope.running('tier=frontend,app=guestbook', 3);
  const ask = async (cmd: string, value: string) => {
    const path = scope.path('services', 'frontend', `proxy/guestbook?cmd=${cmd}&key=messages&value=${value}`);
    return JSON.stringify((await scope.world.call('GET', path)).body);
  };
  const answers = (cmd: string, value: string, wanted: string) =>
    scope.until(
      `the guestbook never answered ${wanted}`,
      () => ask(cmd, value),
      (text) => text === wanted,
    );
  // Both replicas have to know the primary, or they would learn of nothing.
  const registered = async () => {
    const logs = await scope.kubectl('logs', '-l', 'app=agnhost,role=primary');
    return [...logs.matchAll(/Node '.*' registered/g)].length;
  };
  await scope.until('the replicas never registered', registered, (count) => count === 2);
  await answers('get', '', '{"data":""}');
  await answers('set', 'TestEntry', '{"message":"Updated"}');
  for (let i = 0; i < 6; i += 1) await answers('get', '', '{"data":"TestEntry"}');
}

export async function describes(scope: Scope): Promise<void> {
  await feed(scope, primary, 'create');
  await feed(scope, primaryService, 'create');
  const [pod] = await scope.running('app=agnhost', 1);
  expectLines(await scope.kubectl('describe', 'pod', pod.metadata.name), [
    ['Name:', 'agnhost-primary-'],
    ['Namespace:', scope.namespace],
    ['Node:'],
    ['Labels:', 'app=agnhost'],
    ['role=primary'],
    ['Annotations:'],
    ['Status:', 'Running'],
    ['IP:'],
    ['Controlled By:', 'ReplicationController/agnhost-primary'],
    ['Image:', AGNHOST],
    ['State:', 'Running'],
    ['QoS Class:', 'BestEffort'],
  ]);
  await scope.eventually('replicationcontrollers', 'agnhost-primary', ({ status }) => status.readyReplicas === 1);
  expectLines(await scope.kubectl('describe', 'rc', 'agnhost-primary'), [
    ['Name:', 'agnhost-primary'],
    ['Namespace:', scope.namespace],
    ['Selector:', 'app=agnhost,role=primary'],
    ['Labels:', 'app=agnhost'],
    ['role=primary'],
    ['Annotations:'],
    ['Replicas:', '1 current', '1 desired'],
    ['Pods Status:', '1 Running', '0 Waiting', '0 Succeeded', '0 Failed'],
    ['Pod Template:'],
    ['Image:', AGNHOST],
    ['Events:'],
  ]);
  expectLines(await scope.kubectl('describe', 'service', 'agnhost-primary'), [
    ['Name:', 'agnhost-primary'],
    ['Namespace:', scope.namespace],
    ['Labels:', 'app=agnhost'],
    ['role=primary'],
    ['Annotations:'],
    ['Selector:', 'app=agnhost', 'role=primary'],
    ['Type:', 'ClusterIP'],
    ['IP:'],
    ['Port:', '<unset>', '6379/TCP'],
    ['Endpoints:'],
    ['Session Affinity:', 'None'],
  ]);
  expectLines(await scope.kubectl('describe', 'node', 'node-0'), [
    ['Name:', 'node-0'],
    ['Labels:'],
    ['Annotations:'],
    ['CreationTimestamp:'],
    ['Conditions:'],
    ['Type', 'Status', 'LastHeartbeatTime', 'LastTransitionTime', 'Reason', 'Message'],
    ['Addresses:'],
    ['Capacity:'],
    ['Version:'],
    ['Kernel Version:'],
    ['OS Image:'],
    ['Container Runtime Version:'],
    ['Kubelet Version:'],
    ['Pods:'],
  ]);
  expectLines(await scope.kubectl('describe', 'namespace', scope.namespace), [
    ['Name:', scope.namespace],
    ['Labels:'],
    ['Annotations:'],
    ['Status:', 'Active'],
  ]);
  const container = { name: 'test', image: BUSYBOX, args: ['/bin/true'] };
  const jobTemplate = { spec: { template: { spec: { containers: [container], restartPolicy: 'OnFailure' } } } };
  const limits = { startingDeadlineSeconds: 30, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 };
  const spec = { schedule: '*/1 * * * *', concurrencyPolicy: 'Allow', suspend: false, ...limits, jobTemplate };
  await feed(scope, { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'cronjob-test' }, spec }, 'create');
  expectLines(await scope.kubectl('describe', 'cronjob', 'cronjob-test'), [
    ['Name:', 'cronjob-test'],
    ['Namespace:', scope.namespace],
    ['Labels:'],
    ['Annotations:'],
    ['Schedule:', '*/1 * * * *'],
    ['Concurrency Policy:', 'Allow'],
    ['Suspend:', 'False'],
    ['Successful Job History Limit:', '3'],
    ['Failed Job History Limit:', '1'],
    ['Starting Deadline Seconds:', '30s'],
    ['Selector:'],
    ['Parallelism:'],
    ['Completions:'],
  ]);
}

export async function applies(scope: Scope): Promise<void> {
  await feed(scope, primary, 'create');
  const added = { ...PRIMARY, 'kubectl.kubernetes.io/apply-test': 'ADDED' };
  const template = { ...primary.spec.template, metadata: { labels: added } };
  await feed(
    scope,
    { ...primary, metadata: { ...primary.metadata, labels: added }, spec: { ...primary.spec, selector: added, template } },
    'apply',
  );
  const { metadata } = await scope.get('replicationcontrollers', 'agnhost-primary');
  expect(metadata.labels).toEqual(added);
  expect(metadata.annotations).toHaveProperty(['kubectl.kubernetes.io/last-applied-configuration']);

  await feed(scope, primaryService, 'create');
  const before = (await scope.get('services', 'agnhost-primary')).spec;
  await feed(scope, primaryService, 'apply');
  expect((await scope.get('services', 'agnhost-primary')).spec).toEqual(before);

  const labels = { app: 'httpd' };
  const deployment = (image: string, spec: object) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'httpd', labels },
    spec: {
      ...spec,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'httpd', image }] } },
    },
  });
  const lastApplied = () => feed(scope, deployment(HTTPD, { replicas: 2 }), 'apply', 'view-last-applied', '-o', 'json');
  await feed(scope, deployment(HTTPD, { replicas: 2 }), 'apply');
  expect(await lastApplied()).toContain('"replicas": 2');
  await feed(scope, deployment(HTTPD, {}), 'apply', 'set-last-applied');
  expect(await lastApplied()).not.toContain('"replicas": 2');
  await scope.kubectl('scale', 'deployment', 'httpd', '--replicas=3');
  await feed(scope, deployment(BUSYBOX, {}), 'apply');
  const { spec } = await scope.get('deployments', 'httpd');
  expect([spec.replicas, spec.template.spec.containers[0].image]).toEqual([3, BUSYBOX]);
}

export async function taintsAndMakesQuotas(scope: Scope): Promise<void> {
  const key = 'kubernetes.io/e2e-taint-key-002';
  const shown = () => scope.kubectl('describe', 'node', 'node-2');
  for (const taint of ['first:NoSchedule', 'another:PreferNoSchedule']) {
    await scope.kubectl('taint', 'nodes', 'node-2', `${key}=${taint}`);
    expectLines(await shown(), [['Name:', 'node-2'], ['Taints:'], [`${key}=${taint}`]]);
  }
  await scope.kubectl('taint', 'nodes', 'node-2', `${key}:NoSchedule-`);
  expect(await shown()).not.toContain('first:NoSchedule');
  await scope.kubectl('taint', 'nodes', 'node-2', `${key}-`);
  expect(await shown()).not.toContain(key);

  await scope.kubectl('create', 'quota', 'million', '--hard=pods=1000000,services=1000000');
  const million = (await scope.get('resourcequotas', 'million')).spec;
  expect(million).toEqual({ hard: { pods: '1M', services: '1M' } });
  await scope.kubectl('create', 'quota', 'scopes', '--hard=pods=1000000', '--scopes=BestEffort,NotTerminating');
  expect((await scope.get('resourcequotas', 'scopes')).spec.scopes).toEqual(['BestEffort', 'NotTerminating']);
  const refused = await scope.world.kubectl.run([
    '-n',
    scope.namespace,
    'create',
    'quota',
    'foo',
    '--hard=hard=pods=1000000',
    '--scopes=Foo',
  ]);
  expect(refused.code).not.toBe(0);
}
