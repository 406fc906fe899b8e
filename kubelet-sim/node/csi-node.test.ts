import { expect, test } from 'vitest';
import type { CSINode, Live } from '../../api/index.ts';
import type { NodeDriver } from '../runtime/node-drivers.ts';
import { withDriver } from './csi-node.ts';

const aDriver = (own: Partial<NodeDriver> = {}): NodeDriver => ({
  name: 'd.io',
  nodeId: 'n',
  topology: { zone: 'a', 'd.io/node': 'n' },
  volumesMax: 0,
  can: () => Promise.resolve(false),
  stage: () => Promise.resolve(),
  unstage: () => Promise.resolve(),
  publish: () => Promise.resolve(),
  unpublish: () => Promise.resolve(),
  expand: () => Promise.resolve(),
  close: () => undefined,
  ...own,
});

const OTHER = { name: 'e.io', nodeID: 'n', topologyKeys: [] };
const OWN = { name: 'd.io', nodeID: 'n', topologyKeys: ['d.io/node', 'zone'] };
const nodeWith = (drivers: CSINode['spec']['drivers']): Live<CSINode> => ({
  metadata: { name: 'n', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
  spec: { drivers },
});

test.each([
  ['comes', [OTHER], aDriver(), true, [OTHER, OWN]],
  ['comes with a bound', [], aDriver({ volumesMax: 3 }), true, [{ ...OWN, allocatable: { count: 3 } }]],
  ['is there already', [OWN], aDriver(), true, undefined],
  ['says otherwise', [{ ...OWN, nodeID: 'old' }], aDriver(), true, [OWN]],
  ['leaves', [OWN, OTHER], aDriver(), false, [OTHER]],
  ['was not there', [OTHER], aDriver(), false, undefined],
] as const)('a driver %s', (...[, before, driver, isThere, wanted]) => {
  expect(withDriver(nodeWith([...before]), { driver, isThere })?.spec.drivers).toEqual(wanted);
});
