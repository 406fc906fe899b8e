import { describe, expect, it } from 'vitest';
import { appsKinds } from '../../../api/index.ts';
import { StrategyHarness } from '../testing/harness.ts';
import { statefulSetStrategy } from './stateful-set.ts';

const statefulSets = new StrategyHarness(statefulSetStrategy, appsKinds.statefulsets);

const selector = { matchLabels: { app: 'a' } };
const container = { name: 'c', image: 'x:1' };
const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [container] } };
const claim = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1024Mi' } } } };
const create = (spec: object) => statefulSets.create({ metadata: { name: 's' }, spec: { selector, template, ...spec } });
const stored = (spec: object = {}) => statefulSets.stored({ metadata: { name: 's' }, spec: { selector, template, ...spec } });

describe('StatefulSet', () => {
  it('is given its policies', () => {
    const { spec, status, metadata } = stored();
    expect(metadata.generation).toBe(1);
    expect(status).toEqual({ replicas: 0, availableReplicas: 0 });
    expect(spec).toMatchObject({
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      podManagementPolicy: 'OrderedReady',
      replicas: 1,
      revisionHistoryLimit: 10,
      serviceName: '',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    });
    expect(stored({ updateStrategy: { type: 'RollingUpdate' } }).spec.updateStrategy).toEqual({ type: 'RollingUpdate' });
  });

  it('completes its claims, which give its pods volumes', () => {
    const mounting = { ...container, volumeMounts: [{ name: 'data', mountPath: '/data' }] };
    const { spec } = stored({ volumeClaimTemplates: [claim], template: { ...template, spec: { containers: [mounting] } } });
    expect(spec.volumeClaimTemplates).toEqual([
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, volumeMode: 'Filesystem' },
        status: { phase: 'Pending' },
      },
    ]);
    const other = { ...container, volumeMounts: [{ name: 'other', mountPath: '/data' }] };
    expect(create({ volumeClaimTemplates: [claim], template: { ...template, spec: { containers: [other] } } }).errors).toEqual([
      'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "other"',
    ]);
  });

  it('counts the volumes of claims before those of the template', () => {
    const spec = { containers: [container], volumes: [{ name: 'Odd', emptyDir: {} }] };
    expect(create({ volumeClaimTemplates: [claim], template: { ...template, spec } }).errors).toEqual([
      expect.stringMatching(/^spec\.template\.spec\.volumes\[1\]\.name: Invalid value: "Odd"/),
    ]);
  });

  it('looks at policies, counts, names, selector and template, in that order', () => {
    const { errors } = create({
      podManagementPolicy: 'Odd',
      updateStrategy: { type: 'Canary' },
      persistentVolumeClaimRetentionPolicy: { whenScaled: 'Odd' },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }],
      replicas: -1,
      minReadySeconds: -1,
      ordinals: { start: -1 },
      serviceName: 'A_b',
      selector: {},
      template: { ...template, spec: { containers: [container], restartPolicy: 'Never', activeDeadlineSeconds: 1 } },
    });
    expect(errors).toEqual([
      "spec.podManagementPolicy: Invalid value: \"Odd\": must be 'OrderedReady' or 'Parallel'",
      'spec.updateStrategy: Invalid value: {"Type":"Canary","RollingUpdate":null}: must be \'RollingUpdate\' or \'OnDelete\'',
      'spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "Odd": supported values: "Retain", "Delete"',
      'spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required',
      'spec.volumeClaimTemplates[0].spec.resources[storage]: Required value',
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
      'spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0',
      'spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0',
      expect.stringMatching(/^spec.serviceName: Invalid value: "A_b": a lowercase RFC 1123 label/),
      'spec.selector: Invalid value: {}: empty selector is invalid for statefulset',
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
      'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not Supported',
    ]);
  });

  it('gives its pods host names and volumes of its own, whatever its template says', () => {
    const volumes = ['data', 'other', 'data'].map((name) => ({ name, emptyDir: {} }));
    const spec = { containers: [container], hostname: 'Not_One', subdomain: 'Not_One', volumes };
    expect(create({ volumeClaimTemplates: [claim], template: { ...template, spec } }).errors).toEqual([]);
    expect(create({ template: { ...template, spec } }).errors).toEqual(['spec.template.spec.volumes[2].name: Duplicate value: "data"']);
  });

  it("says twice what is wrong with its template's labels and annotations", () => {
    const metadata = { labels: { app: 'a', b: '-' }, annotations: { '-': '' } };
    const { errors } = create({ template: { metadata, spec: { containers: [] } } });
    expect(errors.map((error) => error.slice(0, error.indexOf(' ')))).toEqual([
      'spec.template.labels:',
      'spec.template.annotations:',
      'spec.template.spec.containers:',
      'spec.template.labels:',
      'spec.template.annotations:',
    ]);
  });

  it('changes in a few ways only', () => {
    const old = stored({ volumeClaimTemplates: [claim] });
    const fine = { replicas: 3, minReadySeconds: 2, ordinals: { start: 1 }, updateStrategy: { type: 'OnDelete', rollingUpdate: null } };
    const { object, errors } = statefulSets.patch(old, { spec: fine });
    expect(errors).toEqual([]);
    expect(object.metadata.generation).toBe(2);
    expect(statefulSets.patch(old, { spec: { serviceName: 'Other' } }).errors).toEqual([
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ]);
  });

  it('is warned of a history without end', () => {
    expect(create({ revisionHistoryLimit: -1 }).warnings).toEqual([
      'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
    ]);
  });

  it('is warned of claims of parts of bytes, at each update again', () => {
    const fraction = { ...claim, spec: { ...claim.spec, resources: { requests: { storage: '1500m' } } } };
    const text = 'resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer';
    expect(create({ volumeClaimTemplates: [fraction] }).warnings).toEqual([`spec.volumeClaimTemplates[0].${text}`]);
    const old = stored({ volumeClaimTemplates: [fraction] });
    expect(statefulSets.patch(old, { metadata: { labels: { a: 'b' } } }).warnings).toEqual([`spec.volumeClaimTemplates[0].Spec.${text}`]);
  });

  it('counts right in its status', () => {
    const status = { replicas: 1, readyReplicas: 1, availableReplicas: 2 };
    expect(statefulSets.patch(stored(), { status }, 'status').errors).toEqual([
      'status.availableReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 2: cannot be greater than status.readyReplicas',
    ]);
  });

  it('shows a row', () => {
    expect(statefulSets.row(stored({ replicas: 2 }))).toEqual(['s', '0/2', '<unknown>', 'c', 'x:1']);
  });
});
