import { describe, expect, it } from 'vitest';
import { coreKinds } from '../../../api/index.ts';
import { StrategyHarness } from '../testing/harness.ts';
import { podTemplateStrategy } from './pod-template.ts';
import { replicationControllerStrategy } from './replication-controller.ts';

const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'x:1' }] } };

describe('ReplicationController', () => {
  const controllers = new StrategyHarness(replicationControllerStrategy, coreKinds.replicationcontrollers);

  it('takes labels and selector of its template', () => {
    const { metadata, spec, status } = controllers.stored({ spec: { template } });
    expect(metadata.labels).toEqual({ app: 'a' });
    expect(spec).toMatchObject({ replicas: 1, selector: { app: 'a' } });
    expect(status).toEqual({ replicas: 0 });
    expect(controllers.stored({ metadata: { name: 'x', labels: { own: 'b' } }, spec: { template } }).metadata.labels).toEqual({ own: 'b' });
  });

  it('needs a selector and a template that fits', () => {
    expect(controllers.create({ spec: {} }).errors).toEqual(['spec.selector: Required value', 'spec.template: Required value']);
    expect(controllers.create({ spec: { selector: { app: 'b' }, template, replicas: -1, minReadySeconds: -2 } }).errors).toEqual([
      'spec.minReadySeconds: Invalid value: -2: must be greater than or equal to 0',
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
      'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
    ]);
  });

  it('may get another selector, and shows it', () => {
    const old = controllers.stored({ spec: { template } });
    const other = { selector: { app: 'b' }, template: { metadata: { labels: { app: 'b' } } } };
    const { object, errors } = controllers.patch(old, { spec: other });
    expect(errors).toEqual([]);
    expect(object.metadata.generation).toBe(2);
    expect(controllers.row(object)).toEqual(['x', 1, 0, 0, '<unknown>', 'c', 'x:1', 'app=b']);
  });

  it('counts right in its status', () => {
    const old = controllers.stored({ spec: { template } });
    expect(controllers.patch(old, { status: { replicas: 1, readyReplicas: 2 } }, 'status').errors).toEqual([
      'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas',
    ]);
  });
});

describe('PodTemplate', () => {
  const templates = new StrategyHarness(podTemplateStrategy, coreKinds.podtemplates);

  it('is completed, and counts its changes', () => {
    const old = templates.stored({ template });
    expect(old.template?.spec).toMatchObject({ restartPolicy: 'Always', dnsPolicy: 'ClusterFirst' });
    expect(old.metadata.generation).toBe(1);
    expect(templates.patch(old, { metadata: { annotations: { a: 'b' } } }).object.metadata.generation).toBe(1);
    expect(templates.patch(old, { template: { metadata: { labels: { b: 'c' } } } }).object.metadata.generation).toBe(2);
    expect(templates.row(old)).toEqual(['x', 'c', 'x:1', 'app=a']);
  });

  it('is looked at, and warned of, under its own path', () => {
    expect(templates.create({ template: { spec: { containers: [] } } }).errors).toEqual(['template.spec.containers: Required value']);
    const ports = { containers: [{ name: 'c', image: 'x:1', ports: [{ containerPort: 80 }, { containerPort: 80 }] }] };
    expect(templates.create({ template: { ...template, spec: ports } }).warnings).toEqual([
      'template.spec.containers[0].ports[1]: duplicate port definition with template.spec.containers[0].ports[0]',
    ]);
  });
});
