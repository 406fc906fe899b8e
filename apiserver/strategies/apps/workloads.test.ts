import { describe, expect, it } from 'vitest';
import { appsKinds } from '../../../api/index.ts';
import { ConversionError } from '../../../api/schema.ts';
import { StrategyHarness } from '../testing/harness.ts';
import { controllerRevisionStrategy } from './controller-revision.ts';
import { daemonSetStrategy } from './daemon-set.ts';
import { replicaSetStrategy } from './replica-set.ts';

const selector = { matchLabels: { app: 'a' } };
const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'x:1' }] } };
const CREATED = '2023-12-31T23:59:30Z';

describe('ReplicaSet', () => {
  const replicaSets = new StrategyHarness(replicaSetStrategy, appsKinds.replicasets);
  const body = { metadata: { name: 'r' }, spec: { selector, template } };

  it('has one replica, and a status of none', () => {
    const { spec, status, metadata } = replicaSets.stored(body);
    expect(spec.replicas).toBe(1);
    expect(status).toEqual({ replicas: 0 });
    expect(metadata.generation).toBe(1);
  });

  it('checks its numbers first, and says deployment of an empty selector', () => {
    expect(replicaSets.create({ ...body, spec: { replicas: -1, minReadySeconds: -1, selector: {}, template } }).errors).toEqual([
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
      'spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0',
      'spec.selector: Invalid value: {}: empty selector is invalid for deployment',
    ]);
  });

  it('counts changes of its spec, not of annotations, and keeps its selector', () => {
    const old = replicaSets.stored(body);
    expect(replicaSets.patch(old, { metadata: { annotations: { a: 'b' } } }).object.metadata.generation).toBe(1);
    expect(replicaSets.patch(old, { spec: { replicas: 3 } }).object.metadata.generation).toBe(2);
    const other = { selector: { matchLabels: { app: 'b' } }, template: { metadata: { labels: { app: 'b' } } } };
    expect(replicaSets.patch(old, { spec: other }).errors).toEqual([
      'spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable',
    ]);
  });

  it('says once what is wrong with a change', () => {
    const wrong = 'spec.replicas: Invalid value: -1: must be greater than or equal to 0';
    expect(replicaSets.patch(replicaSets.stored(body), { spec: { replicas: -1 } }).errors).toEqual([wrong]);
  });

  it('counts right in its status', () => {
    const { errors, object } = replicaSets.patch(
      replicaSets.stored(body),
      { status: { replicas: 1, fullyLabeledReplicas: 2, terminatingReplicas: 1 } },
      'status',
    );
    expect(errors).toEqual(['status.fullyLabeledReplicas: Invalid value: 2: cannot be greater than status.replicas']);
    expect(object.status.terminatingReplicas).toBeUndefined();
  });

  it('shows a row', () => {
    const values = { matchExpressions: [{ key: 'app', operator: 'In', values: ['b', 'a'] }] };
    const replicaSet = replicaSets.stored({ ...body, spec: { selector: values, template, replicas: 2 } });
    replicaSet.metadata.creationTimestamp = CREATED;
    replicaSet.status = { replicas: 2, readyReplicas: 1 };
    expect(replicaSets.row(replicaSet)).toEqual(['r', 2, 2, 1, '30s', 'c', 'x:1', 'app in (a,b)']);
  });
});

describe('DaemonSet', () => {
  const daemonSets = new StrategyHarness(daemonSetStrategy, appsKinds.daemonsets);
  const body = { metadata: { name: 'd' }, spec: { selector, template } };
  const generations = ({
    metadata,
  }: {
    metadata: { generation?: number | undefined; annotations?: Record<string, string> | undefined };
  }) => [metadata.generation, metadata.annotations?.['deprecated.daemonset.template.generation']];

  it('rolls one at a time, and counts its templates', () => {
    const daemonSet = daemonSets.stored(body);
    expect(daemonSet.spec).toMatchObject({
      revisionHistoryLimit: 10,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
    });
    expect(daemonSet.status).toEqual({ currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 });
    expect(generations(daemonSet)).toEqual([1, '1']);
  });

  it('has both bounds of a rolling update as soon as it has one, also when it does not roll', () => {
    const updateStrategy = { type: 'OnDelete', rollingUpdate: { maxSurge: 1 } };
    const { spec } = daemonSets.stored({ ...body, spec: { ...body.spec, updateStrategy } });
    expect(spec.updateStrategy).toEqual({ type: 'OnDelete', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
  });

  it('says once what is wrong with a change', () => {
    const wrong = 'spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0';
    expect(daemonSets.patch(daemonSets.stored(body), { spec: { minReadySeconds: -1 } }).errors).toEqual([wrong]);
  });

  it('counts templates apart from specs', () => {
    const old = daemonSets.stored(body);
    expect(generations(daemonSets.patch(old, { spec: { minReadySeconds: 5 } }).object)).toEqual([2, '1']);
    const image = { template: { spec: { containers: [{ name: 'c', image: 'x:2' }] } } };
    expect(generations(daemonSets.patch(old, { spec: image }).object)).toEqual([2, '2']);
    const lie = { annotations: { 'deprecated.daemonset.template.generation': '9' } };
    expect(generations(daemonSets.patch(old, { metadata: lie }).object)).toEqual([1, '1']);
    expect(generations(daemonSets.patch(old, { metadata: lie }, 'status').object)).toEqual([1, '1']);
  });

  // Upstream's conversion reads the annotation as a number.
  it.each([
    ['+007', '7'],
    ['0', '1'],
    ['9223372036854775807', '9223372036854775807'],
    ['', 'strconv.ParseInt: parsing "": invalid syntax'],
    ['7x', 'strconv.ParseInt: parsing "7x": invalid syntax'],
    ['9223372036854775808', 'strconv.ParseInt: parsing "9223372036854775808": value out of range'],
  ])('that says its templates are %j', (text, outcome) => {
    const metadata = { name: 'd', annotations: { 'deprecated.daemonset.template.generation': text } };
    const made = () => generations(daemonSets.stored({ ...body, metadata }))[1];
    if (/^\d/.test(outcome)) expect(made()).toBe(outcome);
    else expect(made).toThrow(new ConversionError(outcome));
  });

  it.each<readonly [name: string, spec: object, errors: readonly string[]]>([
    [
      'no selector',
      { selector: null },
      ['spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`'],
    ],
    ['an empty selector', { selector: {} }, ['spec.selector: Invalid value: {}: empty selector is invalid for daemonset']],
    [
      'an unknown strategy',
      { updateStrategy: { type: 'Odd' } },
      ['spec.updateStrategy: Unsupported value: {"Type":"Odd","RollingUpdate":null}: supported values: "RollingUpdate", "OnDelete"'],
    ],
    [
      'surge and unavailable',
      { updateStrategy: { rollingUpdate: { maxSurge: 1 } } },
      ['spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero'],
    ],
    [
      'a percentage below zero, which counts as none',
      { updateStrategy: { rollingUpdate: { maxSurge: '-5%' } } },
      [expect.stringMatching(/^spec\.updateStrategy\.rollingUpdate\.maxSurge: Invalid value: "-5%": a valid percent/)],
    ],
    [
      'what only begins with a number',
      { updateStrategy: { rollingUpdate: { maxUnavailable: '2 pods' } } },
      [
        expect.stringMatching(/^spec\.updateStrategy\.rollingUpdate\.maxUnavailable: Invalid value: "2 pods": a valid percent/),
        'spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0',
      ],
    ],
    [
      'neither',
      { updateStrategy: { rollingUpdate: { maxUnavailable: '0%' } } },
      ['spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0'],
    ],
  ])('refuses %s', (_name, spec, errors) => {
    expect(daemonSets.create({ ...body, spec: { selector, template, ...spec } }).errors).toEqual(errors);
  });

  it('never counts collisions down', () => {
    const { object } = daemonSets.patch(daemonSets.stored(body), { status: { collisionCount: 2 } }, 'status');
    expect(daemonSets.patch(object, { status: { collisionCount: 1 } }, 'status').errors).toEqual([
      'status.collisionCount: Invalid value: 1: cannot be decremented',
    ]);
  });

  it('shows a row', () => {
    const daemonSet = daemonSets.stored({
      ...body,
      spec: { selector, template: { ...template, spec: { ...template.spec, nodeSelector: { b: '2', a: '1', 'a.x/y': '3' } } } },
    });
    daemonSet.metadata.creationTimestamp = CREATED;
    daemonSet.status = { desiredNumberScheduled: 3, currentNumberScheduled: 2, numberReady: 1, numberMisscheduled: 0 };
    expect(daemonSets.row(daemonSet)).toEqual(['d', 3, 2, 1, 0, 0, 'a.x/y=3,a=1,b=2', '30s', 'c', 'x:1', 'app=a']);
  });
});

describe('ControllerRevision', () => {
  const revisions = new StrategyHarness(controllerRevisionStrategy, appsKinds.controllerrevisions);
  const data = { spec: { template: { x: [1, 2, { y: null }] } } };

  it('keeps its data', () => {
    const old = revisions.stored({ metadata: { name: 'r' }, data, revision: 1 });
    expect(revisions.patch(old, { revision: 5 })).toMatchObject({ errors: [], object: { data, revision: 5 } });
    expect(revisions.patch(old, { data: { other: 1 } }).errors).toEqual([
      'data: Invalid value: {"other":1,"spec":{"template":{"x":[1,2,{"y":null}]}}}: field is immutable',
    ]);
  });

  it('needs data and a number', () => {
    expect(revisions.create({ revision: -1, data: {} }).errors).toEqual([
      'revision: Invalid value: -1: must be greater than or equal to 0',
    ]);
    expect(revisions.create({ revision: -1 }).errors).toEqual([
      'revision: Invalid value: -1: must be greater than or equal to 0',
      'data: Required value: data is mandatory',
    ]);
    for (const other of [true, 0, 'x', []]) {
      expect(revisions.create({ revision: 1, data: other }).errors).toEqual(['data: Required value: data must be a valid JSON object']);
    }
    const old = revisions.stored({ metadata: { name: 'r' }, data, revision: 1 });
    expect(revisions.patch(old, { data: null }).errors).toEqual(['data: Invalid value: null: field is immutable']);
  });

  it('shows a row', () => {
    const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd', uid: 'u', controller: true };
    const revision = revisions.stored({ metadata: { name: 'r', ownerReferences: [owner], creationTimestamp: CREATED }, data, revision: 2 });
    expect(revisions.row(revision)).toEqual(['r', 'daemonset.apps/d', 2, '30s']);
  });
});
