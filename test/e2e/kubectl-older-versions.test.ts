// Versions of the API that came before the stable ones, with every kubectl on this machine; kubectl 1.20 knows no others.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServerProcess, startApiServerProcess } from '../support/api-server-process.ts';
import { findKubectls, kubectlOf } from '../support/cluster.ts';

let directory: string;
let server: ApiServerProcess;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'nanokube-test-'));
  server = await startApiServerProcess(directory, ['--runtime-config=api/removed=true']);
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } };
const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const cpu = { type: 'Resource', resource: { name: 'cpu', targetAverageUtilization: 50 } };
const rule = { http: { paths: [{ path: '/', backend: { serviceName: 'web', servicePort: 80 } }] } };

const objects = (name: string): readonly object[] =>
  [
    { apiVersion: 'policy/v1beta1', kind: 'PodDisruptionBudget', spec: { minAvailable: 1, selector: {} } },
    {
      apiVersion: 'batch/v1beta1',
      kind: 'CronJob',
      spec: { schedule: '0 0 1 1 *', suspend: true, jobTemplate: { spec: { template } } },
    },
    { apiVersion: 'networking.k8s.io/v1beta1', kind: 'Ingress', spec: { rules: [{ host: 'a.example', ...rule }] } },
    { apiVersion: 'autoscaling/v2beta1', kind: 'HorizontalPodAutoscaler', spec: { scaleTargetRef, maxReplicas: 3, metrics: [cpu] } },
    {
      apiVersion: 'discovery.k8s.io/v1beta1',
      kind: 'EndpointSlice',
      addressType: 'IPv4',
      endpoints: [{ addresses: ['192.0.2.1'], topology: { 'kubernetes.io/hostname': 'n' } }],
    },
  ].map((object) => ({ ...object, metadata: { name } }));

describe.each(findKubectls())('%s', (binary) => {
  const name = `older-${findKubectls().indexOf(binary)}`;

  it('applies and deletes them, and is warned', async () => {
    const use = kubectlOf(binary, server.kubeconfig);
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects(name) });
    const applied = await use.run(['apply', '-f', '-'], { input: list });
    expect(applied).toMatchObject({ code: 0 });
    expect(applied.stdout.trim().split('\n')).toHaveLength(objects(name).length);
    const budget = 'policy/v1beta1 PodDisruptionBudget is deprecated in v1.21+, unavailable in v1.25+; use policy/v1 PodDisruptionBudget';
    expect(applied.stderr).toContain(budget);
    // Lists that are replaced as a whole are sent again, for what was defaulted in them.
    const again = await use.run(['apply', '-f', '-'], { input: list });
    expect(again.stdout).toContain(`poddisruptionbudget.policy/${name} unchanged`);

    const read = async (resource: string, path: string) => await use('get', resource, name, '-o', `jsonpath={${path}}`);
    expect(await read('ingress.v1.networking.k8s.io', '.spec.rules[0].http.paths[0].backend.service.name')).toBe('web');
    expect(await read('ingress.v1beta1.networking.k8s.io', '.spec.rules[0].http.paths[0].backend.serviceName')).toBe('web');
    expect(await read('horizontalpodautoscalers.v2.autoscaling', '.spec.metrics[0].resource.target.averageUtilization')).toBe('50');
    expect(await read('horizontalpodautoscalers.v1.autoscaling', '.spec.targetCPUUtilizationPercentage')).toBe('50');
    expect(await read('endpointslice.v1.discovery.k8s.io', '.endpoints[0].nodeName')).toBe('n');
    expect(await use('get', 'cronjob.v1beta1.batch', name, '--no-headers')).toContain('0 0 1 1 *');

    const deleted = await use.run(['delete', '-f', '-'], { input: list });
    expect(deleted.code).toBe(0);
    expect(deleted.stdout.trim().split('\n')).toHaveLength(objects(name).length);
  });

  it('applies them on the server, in one version and the other, and has them explained', async () => {
    const use = kubectlOf(binary, server.kubeconfig);
    const apply = (object: object, manager: string) =>
      use.run(['apply', '--server-side', `--field-manager=${manager}`, '-f', '-'], { input: JSON.stringify(object) });
    const budget = { kind: 'PodDisruptionBudget', metadata: { name: `${name}-s` } };
    const spec = { minAvailable: 1, selector: { matchLabels: { app: 'a' } } };
    expect(await apply({ apiVersion: 'policy/v1beta1', ...budget, spec }, 'a')).toMatchObject({ code: 0 });
    const conflict = await apply({ apiVersion: 'policy/v1', ...budget, spec: { minAvailable: 2 } }, 'b');
    expect(conflict.code).toBe(1);
    expect(conflict.stderr).toContain('.spec.minAvailable');
    expect(await use('explain', 'pdb.spec', '--api-version=policy/v1beta1')).toContain('minAvailable');
  });
});
