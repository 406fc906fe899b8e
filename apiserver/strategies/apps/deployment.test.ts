import { describe, expect, it } from 'vitest';
import { appsKinds } from '../../../api/index.ts';
import { ConversionError } from '../../../api/schema.ts';
import { StrategyHarness } from '../testing/harness.ts';
import { deploymentStrategy } from './deployment.ts';

const deployments = new StrategyHarness(deploymentStrategy, appsKinds.deployments);

const selector = { matchLabels: { app: 'a' } };
const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } };
const create = (spec: object) => deployments.create({ metadata: { name: 'd', namespace: 'ns' }, spec: { selector, template, ...spec } });
const stored = (spec: object = {}) =>
  deployments.stored({ metadata: { name: 'd', namespace: 'ns' }, spec: { selector, template, ...spec } });

describe('defaults of a Deployment', () => {
  it('fills in the smallest one', () => {
    const { object, errors } = create({});
    expect(errors).toEqual([]);
    expect(object.status).toEqual({});
    expect(object.metadata.generation).toBe(1);
    expect(object.spec).toEqual({
      progressDeadlineSeconds: 600,
      replicas: 1,
      revisionHistoryLimit: 10,
      selector,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      template: {
        metadata: { labels: { app: 'a' } },
        spec: {
          containers: [
            {
              name: 'c',
              image: 'nginx',
              imagePullPolicy: 'Always',
              resources: {},
              terminationMessagePath: '/dev/termination-log',
              terminationMessagePolicy: 'File',
            },
          ],
          dnsPolicy: 'ClusterFirst',
          restartPolicy: 'Always',
          schedulerName: 'default-scheduler',
          securityContext: {},
          terminationGracePeriodSeconds: 30,
        },
      },
    });
  });

  it('leaves Recreate alone, and fills half a rolling update', () => {
    expect(stored({ strategy: { type: 'Recreate' }, replicas: 0 }).spec).toMatchObject({ replicas: 0, strategy: { type: 'Recreate' } });
    expect(stored({ strategy: { rollingUpdate: { maxSurge: 0 } } }).spec.strategy).toEqual({
      type: 'RollingUpdate',
      rollingUpdate: { maxSurge: 0, maxUnavailable: '25%' },
    });
  });

  it('does not request up to limits, or copy ports: that is for pods', () => {
    const container = { name: 'c', image: 'x', resources: { limits: { cpu: '2000m' } }, ports: [{ containerPort: 80 }] };
    const { spec } = stored({ template: { ...template, spec: { hostNetwork: true, containers: [container] } } });
    expect(spec.template.spec?.containers[0]).toMatchObject({
      resources: { limits: { cpu: '2' } },
      ports: [{ containerPort: 80, protocol: 'TCP' }],
    });
    expect(spec.template.spec?.containers[0]?.resources?.requests).toBeUndefined();
  });
});

describe('what is refused of a Deployment', () => {
  const noMatch = 'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`';
  const cases: readonly (readonly [name: string, spec: object, errors: readonly string[]])[] = [
    ['another selector', { selector: { matchLabels: { b: 'c' } } }, [noMatch]],
    ['no selector', { selector: null }, ['spec.selector: Required value', noMatch]],
    ['an empty selector', { selector: {} }, ['spec.selector: Invalid value: {}: empty selector is invalid for deployment']],
    [
      'a selector that cannot be read',
      { selector: { matchExpressions: [{ key: 'a', operator: 'Nope' }] } },
      [
        'spec.selector.matchExpressions[0].operator: Invalid value: "Nope": not a valid selector operator',
        'spec.selector: Invalid value: {"matchExpressions":[{"key":"a","operator":"Nope"}]}: invalid label selector',
      ],
    ],
    [
      'nothing',
      { selector: null, template: null },
      [
        'spec.selector: Required value',
        'spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`',
        'spec.template.spec.containers: Required value',
      ],
    ],
    [
      'no room to roll',
      { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } } },
      ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0'],
    ],
    [
      'percentages',
      { strategy: { rollingUpdate: { maxSurge: 'abc', maxUnavailable: '101%' } } },
      [
        'spec.strategy.rollingUpdate.maxSurge: Invalid value: "abc": a valid percent string must be a numeric string followed by an ending \'%\' ' +
          "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
        'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
      ],
    ],
    [
      'Recreate that rolls',
      { strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } },
      ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
    ],
    [
      'an unknown strategy',
      { strategy: { type: 'Canary' } },
      ['spec.strategy: Unsupported value: {"Type":"Canary","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate"'],
    ],
    [
      'numbers below zero',
      { replicas: -1, minReadySeconds: -1, revisionHistoryLimit: -1, progressDeadlineSeconds: -1 },
      [
        'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
        'spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0',
        'spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0',
        'spec.progressDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0',
        'spec.progressDeadlineSeconds: Invalid value: -1: must be greater than minReadySeconds',
      ],
    ],
    [
      'a short deadline',
      { minReadySeconds: 600 },
      ['spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds'],
    ],
    [
      'pods that end',
      { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never', activeDeadlineSeconds: 5 } } },
      [
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported',
      ],
    ],
    [
      'ephemeral containers, with resources without any',
      {
        template: { ...template, spec: { ...template.spec, ephemeralContainers: [{ name: 'e', image: 'x', resources: { limits: {} } }] } },
      },
      [
        'spec.template.spec.ephemeralContainers[0].resources: Forbidden: cannot be set for an Ephemeral Container',
        'spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod template',
      ],
    ],
    [
      'ephemeral containers, with a list that is dropped',
      { template: { ...template, spec: { ...template.spec, ephemeralContainers: [{ name: 'e', image: 'x', restartPolicyRules: [] }] } } },
      ['spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod template'],
    ],
  ];

  it.each(cases)('%s', (_name, spec, errors) => {
    expect(create(spec).errors).toEqual(errors);
  });
});

describe('the revision a Deployment is to go back to', () => {
  const KEY = 'deprecated.deployment.rollback.to';
  const asked = (revision: string, more = {}) =>
    deployments.create({ metadata: { name: 'd', annotations: { [KEY]: revision, ...more } }, spec: { selector, template } });

  it('is a number, or nothing', () => {
    expect(asked('+03').object.metadata.annotations).toEqual({ [KEY]: '3' });
    expect(asked('', { a: 'b' }).object.metadata.annotations).toEqual({ a: 'b' });
    expect(asked('-1').errors).toEqual(['spec.rollback.version: Invalid value: -1: must be greater than or equal to 0']);
    expect(() => asked('x')).toThrow(
      new ConversionError(`failed to parse annotation[${KEY}]=x as int64: strconv.ParseInt: parsing "x": invalid syntax`),
    );
  });

  it('does not change with the status', () => {
    const patch = { metadata: { annotations: { [KEY]: '4', a: 'b' } } };
    expect(deployments.patch(asked('3').object, patch, 'status').object.metadata.annotations).toEqual({ [KEY]: '3', a: 'b' });
    expect(deployments.patch(stored(), patch, 'status').object.metadata.annotations).toEqual({ a: 'b' });
  });
});

describe('updates of a Deployment', () => {
  it('count spec and annotations as generations, not labels or what was sent', () => {
    const old = stored();
    const generation = (patch: object) => deployments.patch(old, patch).object.metadata.generation;
    expect(generation({ metadata: { labels: { x: 'y' }, generation: 99 } })).toBe(1);
    expect(generation({ spec: { replicas: 1 } })).toBe(1);
    expect(generation({ spec: { replicas: 2 } })).toBe(2);
    expect(generation({ metadata: { annotations: { a: '1' } } })).toBe(2);
  });

  it('do not change the selector or the status', () => {
    const labels = { app: 'b' };
    const { object, errors } = deployments.patch(stored(), {
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels } } },
      status: { replicas: 9 },
    });
    expect(errors).toEqual(['spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable']);
    expect(object.status).toEqual({});
  });

  it('of the status keep spec and labels, and count right', () => {
    const { object, errors } = deployments.patch(
      stored(),
      {
        metadata: { labels: { x: 'y' }, annotations: { a: 'b' } },
        spec: { replicas: 5 },
        status: { replicas: 1, readyReplicas: 2, availableReplicas: 3 },
      },
      'status',
    );
    expect(object.metadata).toMatchObject({ annotations: { a: 'b' } });
    expect(object.metadata.labels).toBeUndefined();
    expect(object.spec.replicas).toBe(1);
    expect(errors).toEqual([
      'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas',
    ]);
  });
});

it('warns of names and templates, on update only when something changed', () => {
  const nodeSelector = { 'beta.kubernetes.io/os': 'linux' };
  const body = { metadata: { name: 'with.dots' }, spec: { selector, template: { ...template, spec: { ...template.spec, nodeSelector } } } };
  const { object, warnings } = deployments.create(body);
  const ofTemplate = 'spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead';
  expect(warnings).toEqual([
    'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]',
    ofTemplate,
  ]);
  expect(deployments.patch(object, { metadata: { labels: { a: 'b' } } }).warnings).toEqual([]);
  expect(deployments.patch(object, { spec: { replicas: 2 } }).warnings).toEqual([ofTemplate]);
});

it('shows a row', () => {
  const deployment = stored({ replicas: 3 });
  deployment.metadata.creationTimestamp = '2023-12-31T23:59:30Z';
  expect(deployments.row(deployment)).toEqual(['d', '0/3', 0, 0, '30s', 'c', 'nginx', 'app=a']);
});
