import { describe, expect, it } from 'vitest';
import { storageKinds } from '../../../api/index.ts';
import { StrategyHarness } from '../testing/harness.ts';
import { csiDriverStrategy } from './csi-driver.ts';
import { csiNodeStrategy, csiStorageCapacityStrategy } from './csi-node.ts';
import { storageClassStrategy, volumeAttributesClassStrategy } from './storage-class.ts';

const CREATED = '2023-12-31T23:59:30Z';

describe('StorageClass', () => {
  const classes = new StrategyHarness(storageClassStrategy, storageKinds.storageclasses);
  const body = { provisioner: 'example.com/p', parameters: { type: 'ssd' } };

  it('deletes volumes and binds at once unless told otherwise, and says who is the default', () => {
    const marked = { ...body, metadata: { name: 'a', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } };
    const storageClass = classes.stored(marked);
    expect(storageClass).toMatchObject({ reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' });
    storageClass.metadata.creationTimestamp = CREATED;
    expect(classes.row(storageClass)).toEqual(['a (default)', 'example.com/p', 'Delete', 'Immediate', false, '30s']);
  });

  it('keeps what volumes were made with', () => {
    const change = { parameters: { type: 'hdd' }, reclaimPolicy: 'Retain', volumeBindingMode: 'WaitForFirstConsumer' };
    expect(classes.patch(classes.stored(body), change).errors).toEqual([
      'parameters: Forbidden: updates to parameters are forbidden.',
      'reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.',
      'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
    ]);
    expect(classes.patch(classes.stored(body), { allowVolumeExpansion: true }).errors).toEqual([]);
    const bare = classes.stored({ provisioner: 'example.com/p' });
    expect(classes.patch(bare, { parameters: {} }).errors).toEqual(['parameters: Forbidden: updates to parameters are forbidden.']);
    expect(classes.patch(bare, { parameters: null }).errors).toEqual([]);
    const terms = [{ matchLabelExpressions: [{ key: 'z', values: [] }] }];
    expect(classes.patch(classes.stored(body), { provisioner: 'A b', allowedTopologies: terms }).errors).toEqual([
      expect.stringMatching(/^provisioner: Invalid value: "a b": name part must/),
      'allowedTopologies[0].matchLabelExpressions[0].values: Required value',
      'provisioner: Forbidden: updates to provisioner are forbidden.',
    ]);
  });

  it('checks its fields and topologies', () => {
    const term = { matchLabelExpressions: [{ key: 'z', values: ['a', 'a'] }] };
    const wrong = {
      provisioner: '',
      parameters: { '': 'x' },
      reclaimPolicy: 'Recycle',
      volumeBindingMode: 'Late',
      allowedTopologies: [term, term],
    };
    expect(classes.create(wrong).errors).toEqual([
      'provisioner: Required value',
      'parameters: Invalid value: "": field can not be empty.',
      'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"',
      'volumeBindingMode: Unsupported value: "Late": supported values: "Immediate", "WaitForFirstConsumer"',
      'allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "a"',
      'allowedTopologies[1].matchLabelExpressions[0].values[1]: Duplicate value: "a"',
      'allowedTopologies[1].matchLabelExpressions: Duplicate value: ""',
    ]);
    const repeated = 'allowedTopologies[0].matchLabelExpressions: Duplicate value: ""';
    expect(classes.create({ ...body, allowedTopologies: [{}] }).errors).toEqual([repeated]);
    const second = repeated.replace('[0]', '[1]');
    expect(classes.create({ ...body, allowedTopologies: [{}, {}] }).errors).toEqual([repeated, repeated, second, second, second]);
  });
});

it('a VolumeAttributesClass needs parameters, and keeps them', () => {
  const classes = new StrategyHarness(volumeAttributesClassStrategy, storageKinds.volumeattributesclasses);
  expect(classes.create({ driverName: 'd' }).errors).toEqual(['parameters: Required value: must contain at least one key/value pair']);
  const stored = classes.stored({ driverName: 'd', parameters: { a: 'b' } });
  expect(classes.patch(stored, { driverName: 'e', parameters: { a: 'c' } }).errors).toEqual([
    'driverName: Forbidden: updates to driverName are forbidden.',
    'parameters: Forbidden: updates to parameters are forbidden.',
  ]);
  expect(classes.patch(stored, { driverName: '' }).errors).toEqual([
    'driverName: Required value',
    'driverName: Forbidden: updates to driverName are forbidden.',
    'driverName: Required value',
  ]);
});

describe('CSIDriver', () => {
  const drivers = new StrategyHarness(csiDriverStrategy, storageKinds.csidrivers);

  it('has defaults, and counts changes of some fields', () => {
    const driver = drivers.stored({ spec: {} });
    expect(driver.spec).toEqual({
      attachRequired: true,
      podInfoOnMount: false,
      storageCapacity: false,
      fsGroupPolicy: 'ReadWriteOnceWithFSType',
      volumeLifecycleModes: ['Persistent'],
      requiresRepublish: false,
      seLinuxMount: false,
    });
    expect(drivers.patch(driver, { metadata: { labels: { a: 'b' } } }).object.metadata.generation).toBeUndefined();
    expect(drivers.patch(driver, { spec: { podInfoOnMount: true } }).object.metadata.generation).toBe(1);
    expect(drivers.patch(driver, { spec: { requiresRepublish: true } }).object.metadata.generation).toBe(1);
    driver.metadata.creationTimestamp = CREATED;
    expect(drivers.row(driver)).toEqual(['x', true, false, false, '<unset>', false, 'Persistent', '30s']);
  });

  it('drops what is behind a gate that is off', () => {
    expect(drivers.stored({ spec: { nodeAllocatableUpdatePeriodSeconds: 30 } }).spec.nodeAllocatableUpdatePeriodSeconds).toBeUndefined();
  });

  it('keeps how it attaches', () => {
    const change = { spec: { attachRequired: false, volumeLifecycleModes: ['Ephemeral'] } };
    expect(drivers.patch(drivers.stored({ spec: {} }), change).errors).toEqual([
      'spec.attachedRequired: Invalid value: false: field is immutable',
      'spec.volumeLifecycleModes: Invalid value: ["Ephemeral"]: field is immutable',
    ]);
  });

  it('checks its fields', () => {
    const tokenRequests = [{ audience: 'a', expirationSeconds: 5 }, { audience: 'a' }, { audience: 'b', expirationSeconds: 2 ** 33 }];
    const spec = { fsGroupPolicy: 'X', volumeLifecycleModes: ['Y'], tokenRequests };
    expect(drivers.create({ metadata: { name: 'a'.repeat(64) }, spec }).errors).toEqual([
      'spec.fsGroupPolicy: Unsupported value: "X": supported values: "File", "None", "ReadWriteOnceWithFSType"',
      'spec.tokenRequests[0].expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes',
      'spec.tokenRequests[1].audience: Duplicate value: "a"',
      'spec.tokenRequests[2].expirationSeconds: Invalid value: 8589934592: may not specify a duration larger than 2^32 seconds',
      'spec.volumeLifecycleModes: Unsupported value: "Y": supported values: "Persistent", "Ephemeral"',
    ]);
  });
});

describe('CSINode', () => {
  const nodes = new StrategyHarness(csiNodeStrategy, storageKinds.csinodes);
  const driver = { name: 'a.example.com', nodeID: 'n', topologyKeys: ['k'], allocatable: { count: 1 } };

  it('checks its drivers', () => {
    const wrong = { name: 'a.example.com', nodeID: '', topologyKeys: ['k', 'k'], allocatable: { count: -1 } };
    expect(nodes.create({ spec: { drivers: [driver, wrong] } }).errors).toEqual([
      'spec.drivers[1].nodeID: Required value',
      'spec.drivers[1].allocatable.count: Invalid value: -1: must be greater than or equal to 0',
      'spec.drivers[1].name: Duplicate value: "a.example.com"',
      'spec.drivers[1]: Duplicate value: "k"',
    ]);
    expect(nodes.create({ spec: { drivers: [{ ...driver, topologyKeys: ['a b'] }] } }).errors).toEqual([
      expect.stringContaining('spec.drivers[0]: Invalid value: "a b": name part must consist of'),
    ]);
  });

  it('lets no driver change that stays, and others come and go', () => {
    const stored = nodes.stored({ spec: { drivers: [driver] } });
    expect(nodes.patch(stored, { spec: { drivers: [{ ...driver, name: 'b.example.com' }] } }).errors).toEqual([]);
    expect(nodes.patch(stored, { spec: { drivers: [{ ...driver, allocatable: { count: 2 } }] } }).errors).toEqual([
      'spec.drivers: Invalid value: {"Name":"a.example.com","NodeID":"n","TopologyKeys":["k"],"Allocatable":{"Count":2}}: field is immutable',
    ]);
    expect(nodes.patch(stored, { spec: { drivers: [{ ...driver, nodeID: 'm' }] } }).errors).toEqual([
      'spec.drivers: Invalid value: {"Name":"a.example.com","NodeID":"m","TopologyKeys":["k"],"Allocatable":{"Count":1}}: field is immutable',
    ]);
    expect(nodes.patch(stored, { spec: { drivers: [{ ...driver, nodeID: '' }] } }).errors).toEqual([
      'spec.drivers[0].nodeID: Required value',
      'spec.drivers[0].nodeID: Required value',
      'spec.drivers: Invalid value: {"Name":"a.example.com","NodeID":"","TopologyKeys":["k"],"Allocatable":{"Count":1}}: field is immutable',
    ]);
    stored.metadata.creationTimestamp = CREATED;
    expect(nodes.row(stored)).toEqual(['x', 1, '30s']);
  });
});

it('a CSIStorageCapacity is about one class and area', () => {
  const capacities = new StrategyHarness(csiStorageCapacityStrategy, storageKinds.csistoragecapacities);
  expect(capacities.create({ storageClassName: 'A', capacity: '-1' }).errors).toEqual([
    expect.stringContaining('storageClassName: Invalid value: "A": a lowercase RFC 1123 subdomain'),
    'capacity: Invalid value: "-1": must be greater than or equal to 0',
  ]);
  const stored = capacities.stored({ storageClassName: 'a', capacity: '1Gi' });
  expect(capacities.patch(stored, { capacity: '2Gi' }).errors).toEqual([]);
  expect(capacities.patch(stored, { storageClassName: 'b' }).errors).toEqual(['storageClassName: Invalid value: "b": field is immutable']);
});

describe('labels of nodes that are out of use', () => {
  const key = 'beta.kubernetes.io/os';
  const text = 'deprecated since v1.14; use "kubernetes.io/os" instead';

  it('are told of in classes and capacities', () => {
    const classes = new StrategyHarness(storageClassStrategy, storageKinds.storageclasses);
    const allowedTopologies = [{ matchLabelExpressions: [{ key, values: ['x'] }] }];
    expect(classes.create({ provisioner: 'a', allowedTopologies }).warnings).toEqual([
      `allowedTopologies[0].matchLabelExpressions[0].key: ${text}`,
    ]);
    const capacities = new StrategyHarness(csiStorageCapacityStrategy, storageKinds.csistoragecapacities);
    const nodeTopology = { matchLabels: { [key]: 'x' }, matchExpressions: [{ key, operator: 'Exists' }] };
    expect(capacities.create({ storageClassName: 'a', nodeTopology }).warnings).toEqual([
      `nodeTopology.matchExpressions[0].key: ${key} is ${text}`,
      `nodeTopology.matchLabels.${key}: ${text}`,
    ]);
  });
});
