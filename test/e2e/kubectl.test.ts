import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findKubectls, kubectlOf, manifestFile, useCluster } from '../support/cluster.ts';

const kubectls = findKubectls();
const world = useCluster();
const { kubectl } = world;
const { until } = kubectl;

const applied = (name: string) => kubectl('apply', '-f', manifestFile(name));
const jsonpath = (...args: string[]) => [...args.slice(0, -1), '-o', `jsonpath=${args.at(-1)}`];

describe('every kubectl on this machine', () => {
  it('is there: CI installs one', () => {
    expect(kubectls.length).toBeGreaterThan(0);
  });

  it.each(kubectls)('%s looks around', async (binary) => {
    const look = kubectlOf(binary, world.cluster.kubeconfig);
    expect(await look('get', 'nodes', '-o', 'wide')).toMatch(/node-0\s+Ready\s+<none>\s+\S+\s+v1\.34/);
    expect(await look('get', 'all', '-A')).toMatch(/default\s+service\/kubernetes\s+ClusterIP\s+10\.96\.0\.1\s+<none>\s+443\/TCP/);
    expect(await look('api-resources')).toMatch(/deployments\s+deploy\s+apps\/v1\s+true\s+Deployment/);
    expect(await look('explain', 'deployment.spec.strategy')).toMatch(/rollingUpdate/);
    expect(await look('cluster-info')).toContain('Kubernetes control plane');
    expect(await look('version')).toMatch(/Server Version:.*v1\.34/);
    expect(await look('auth', 'can-i', '--list')).toMatch(/\*\.\*\s+\[\]\s+\[\]\s+\[\*\]/);
  });

  it.each(kubectls)('%s creates, reads and deletes', async (binary) => {
    const use = kubectlOf(binary, world.cluster.kubeconfig);
    const namespace = `v-${kubectls.indexOf(binary)}`;
    await use('create', 'namespace', namespace);
    const inside = (...args: string[]) => use('-n', namespace, ...args);
    await inside('create', 'deployment', 'web', '--image=nginx', '--replicas=2');
    await inside('create', 'configmap', 'settings', '--from-literal=colour=blue');
    await inside('create', 'secret', 'generic', 'password', '--from-literal=word=hidden');
    await inside('create', 'service', 'clusterip', 'web', '--tcp=80:8080');
    await inside('rollout', 'status', 'deployment/web', '--timeout=110s');
    expect(await inside('get', 'configmap', 'settings', '-o', 'jsonpath={.data.colour}')).toBe('blue');
    expect(await inside('get', 'deployment', 'web')).toMatch(/web\s+2\/2\s+2\s+2/);
    await use('delete', 'namespace', namespace, '--timeout=110s');
  });
});

it('a node changes itself alone, and not what it is labelled by others', async () => {
  const asNode = ['--as=system:node:node-0', '--as-group=system:nodes'];
  const labelled = await kubectl.run(['label', 'node', 'node-0', 'node-restriction.kubernetes.io/team=red', ...asNode]);
  expect(labelled.stderr).toContain('is not allowed to modify labels: node-restriction.kubernetes.io/team');
  expect((await kubectl.run(['label', 'node', 'node-1', 'a=b', ...asNode])).stderr).toContain('only its own Node object');
  await kubectl('label', 'node', 'node-0', 'example.com/own=yes', ...asNode);
});

describe('pods', () => {
  it('runs init containers in order, and their output is in the logs', async () => {
    await applied('init-containers');
    await kubectl('wait', '--for=condition=Ready', 'pod/two-steps', '--timeout=110s');
    expect(await kubectl('logs', 'two-steps', '-c', 'first')).toBe('step one\n');
    expect(await kubectl('logs', 'two-steps', '-c', 'second')).toBe('step two\ndone\n');
    const ended = await kubectl(...jsonpath('get', 'pod', 'two-steps', '{.status.initContainerStatuses[*].state.terminated.reason}'));
    expect(ended).toBe('Completed Completed');
  });

  it('keeps to restart policies', async () => {
    await applied('restart-policies');
    await until(jsonpath('get', 'pod', 'clean-exit', '{.status.phase}'), 'Succeeded');
    await until(jsonpath('get', 'pod', 'once', '{.status.phase}'), 'Failed');
    await until(['get', 'pod', 'crashing'], /CrashLoopBackOff/);
    // It may be about to crash again.
    await until(['logs', 'crashing'], 'about to fail\n');
    expect(await kubectl(...jsonpath('get', 'pod', 'clean-exit', '{.status.containerStatuses[0].restartCount}'))).toBe('0');
    expect(await kubectl(...jsonpath('get', 'pod', 'crashing', '{.status.containerStatuses[0].lastState.terminated.exitCode}'))).toBe('3');
  });

  it('classes pods by quality of service', async () => {
    await applied('quality-of-service');
    const classes = await kubectl(
      ...jsonpath('get', 'pods', 'qos-guaranteed', 'qos-burstable', 'qos-besteffort', '{.items[*].status.qosClass}'),
    );
    expect(classes).toBe('Guaranteed Burstable BestEffort');
  });

  it('holds a pod until a node carries the label it selects', async () => {
    await applied('node-selector');
    await until(
      ['get', 'events', '--field-selector', 'involvedObject.name=needs-ssd', '-o', 'jsonpath={.items[*].message}'],
      /0\/3 nodes are available: 3 node\(s\) didn't match Pod's node affinity\/selector\./,
    );
    await kubectl('label', 'node', 'node-1', 'disktype=ssd');
    await until(jsonpath('get', 'pod', 'needs-ssd', '{.spec.nodeName} {.status.phase}'), 'node-1 Running');
  });

  it('streams a log as it is written', async () => {
    await kubectl(
      'run',
      'ticker',
      '--image=busybox',
      '--restart=Never',
      '--',
      'sh',
      '-c',
      'for i in 1 2 3; do echo tick $i; sleep 1; done',
    );
    await until(jsonpath('get', 'pod', 'ticker', '{.status.phase}'), /Running|Succeeded/);
    expect(await kubectl('logs', '-f', 'ticker')).toBe('tick 1\ntick 2\ntick 3\n');
  });

  it('describes a pod with its events', async () => {
    const described = () => kubectl('describe', 'pod', 'two-steps');
    for (const reason of ['Scheduled', 'Pulled', 'Created', 'Started'])
      await expect.poll(described).toMatch(new RegExp(`Normal\\s+${reason}`));
    // The command is there since 1.26.
    const told = kubectl.minor < 26 ? await described() : await kubectl('events', '--for', 'pod/two-steps');
    expect(told).toContain('Successfully assigned default/two-steps');
  });
});

describe('deployments', () => {
  it('rolls out, changes, undoes, pauses and restarts', async () => {
    await applied('deployments');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=110s');
    await kubectl('wait', '--for=condition=Available', 'deployment/batchy', '--timeout=110s');
    await kubectl('set', 'image', 'deployment/web', 'web=nginx:1.27');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=110s');
    expect(await kubectl('rollout', 'history', 'deployment/web')).toMatch(/^1\s.*\n2\s/m);
    await kubectl('rollout', 'undo', 'deployment/web');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=110s');
    expect(await kubectl(...jsonpath('get', 'deployment', 'web', '{.spec.template.spec.containers[0].image}'))).toBe('nginx:1.26');
    await kubectl('rollout', 'pause', 'deployment/web');
    await kubectl('set', 'image', 'deployment/web', 'web=nginx:1.28');
    await until(jsonpath('get', 'deployment', 'web', '{.status.conditions[?(@.type=="Progressing")].reason}'), 'DeploymentPaused');
    expect(await kubectl('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.containers[0].image}')).not.toContain('1.28');
    await kubectl('rollout', 'resume', 'deployment/web');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=110s');
    await kubectl('rollout', 'restart', 'deployment/batchy');
    await kubectl('rollout', 'status', 'deployment/batchy', '--timeout=110s');
    await expect.poll(() => kubectl('describe', 'deployment', 'web')).toMatch(/ScalingReplicaSet/);
  });

  it('scales, labels, annotates, patches, edits and shows differences', async () => {
    await kubectl('scale', 'deployment/web', '--replicas=6');
    await until(['get', 'deployment', 'web'], /web\s+6\/6/);
    await kubectl('label', 'deployment', 'web', 'team=red');
    await kubectl('annotate', 'deployment', 'web', 'note=hello');
    await kubectl('patch', 'deployment', 'web', '-p', '{"spec":{"minReadySeconds":1}}');
    await kubectl('patch', 'deployment', 'web', '--type=json', '-p', '[{"op":"replace","path":"/spec/minReadySeconds","value":0}]');
    await kubectl('patch', 'deployment', 'web', '--type=merge', '-p', '{"metadata":{"labels":{"team":"blue"}}}');
    expect(await kubectl(...jsonpath('get', 'deployment', 'web', '{.metadata.labels.team}'))).toBe('blue');
    const editor = join(world.cluster.directory, 'editor.sh');
    writeFileSync(editor, '#!/bin/sh\nsed -i "s/replicas: 6/replicas: 3/" "$1"\n', { mode: 0o755 });
    const edited = await kubectl.run(['edit', 'deployment', 'web'], { env: { KUBE_EDITOR: editor } });
    expect(edited.stderr + edited.stdout).toContain('deployment.apps/web edited');
    await until(['get', 'deployment', 'web'], /web\s+3\/3/);
    const { code, stdout } = await kubectl.run(['diff', '-f', manifestFile('deployments')]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/-\s+replicas: 3\n\+\s+replicas: 4/);
  });

  it('is exposed, and a service has the endpoints of its ready pods', async () => {
    await kubectl('expose', 'deployment', 'web', '--port=80');
    expect(await kubectl('get', 'service', 'web')).toMatch(/web\s+ClusterIP\s+10\.96\.\d+\.\d+\s+<none>\s+80\/TCP/);
    await until(jsonpath('get', 'endpoints', 'web', '{range .subsets[*].addresses[*]}{.targetRef.kind} {end}'), 'Pod Pod Pod ');
  });

  it('takes its pods with it, or leaves them', async () => {
    await kubectl('delete', 'deployment', 'web', '--timeout=110s');
    await until(['get', 'pods,replicasets', '-l', 'app=web', '--no-headers', '--ignore-not-found'], '');
    await kubectl('delete', 'deployment', 'batchy', '--cascade=orphan');
    expect(await kubectl('get', 'replicasets', '-l', 'app=batchy', '-o', 'name')).toContain('replicaset.apps/batchy-');
    await kubectl('delete', 'replicasets', '-l', 'app=batchy', '--cascade=foreground', '--timeout=110s');
    await until(['get', 'pods', '-l', 'app=batchy', '--no-headers', '--ignore-not-found'], '');
  });
});

describe('daemon sets and nodes', () => {
  it('runs a pod on every node, and rolls out a change', async () => {
    await applied('daemonset');
    await kubectl('rollout', 'status', 'daemonset/agent', '--timeout=110s');
    expect(await kubectl('get', 'daemonset', 'agent')).toMatch(/agent\s+3\s+3\s+3\s+3\s+3/);
    await kubectl('set', 'image', 'daemonset/agent', 'agent=fluentd:v1.17');
    await kubectl('rollout', 'status', 'daemonset/agent', '--timeout=110s');
    await kubectl('rollout', 'undo', 'daemonset/agent');
    await kubectl('rollout', 'status', 'daemonset/agent', '--timeout=110s');
    expect(await kubectl(...jsonpath('get', 'daemonset', 'agent', '{.spec.template.spec.containers[0].image}'))).toBe('fluentd:v1.16');
  });

  it('cordons, drains and brings back a node', async ({ skip }) => {
    skip(kubectl.minor < 22, 'older ones evict by a version that is not served');
    await kubectl('create', 'deployment', 'movable', '--image=nginx', '--replicas=6');
    await kubectl('rollout', 'status', 'deployment/movable', '--timeout=110s');
    await kubectl('cordon', 'node-0');
    expect(await kubectl('get', 'node', 'node-0')).toContain('Ready,SchedulingDisabled');
    await kubectl('drain', 'node-0', '--ignore-daemonsets', '--force', '--delete-emptydir-data', '--timeout=110s');
    await until(['get', 'deployment', 'movable'], /movable\s+6\/6/);
    const nodes = await kubectl('get', 'pods', '-l', 'app=movable', '-o', 'jsonpath={.items[*].spec.nodeName}');
    expect(nodes).not.toContain('node-0');
    await kubectl('uncordon', 'node-0');
    await kubectl('taint', 'nodes', 'node-0', 'role=special:NoSchedule');
    expect(await kubectl('describe', 'node', 'node-0')).toContain('role=special:NoSchedule');
    await kubectl('taint', 'nodes', 'node-0', 'role-');
    await kubectl('delete', 'deployment', 'movable');
  });
});

describe('mistakes', () => {
  const cases: [string, string, RegExp][] = [
    ['an unknown kind', 'apiVersion: v1\nkind: Pot\nmetadata: {name: a}\n', /no matches for kind "Pot" in version "v1"/],
    ['a wrong name', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: No_Good}\n', /metadata.name: Invalid value: "No_Good"/],
    [
      'missing fields',
      'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {}\n',
      /spec.containers: Required value|missing required field "containers"/,
    ],
    ['an unknown field', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndatum: {}\n', /unknown field "datum"/],
    ['what is not YAML', 'apiVersion: v1\nkind: [\n', /error parsing|did not find|yaml/],
  ];
  it.each(cases)('%s is refused with a clear error', async (_name, manifest, wanted) => {
    const { code, stderr } = await kubectl.run(['create', '-f', '-'], { input: manifest });
    expect(code).not.toBe(0);
    expect(stderr).toMatch(wanted);
  });
});
