import { beforeAll, describe, expect, it } from 'vitest';
import type { AllocationResult, DeviceClass, Live, ResourceSlice } from '../../../../api/index.ts';
import { aNode } from '../../../testing/builders.ts';
import { allocate } from './allocate.ts';
import { Inventory } from './inventory.ts';
import type { Claim } from './requests.ts';
import { loadSelectors, Selectors } from './selectors.ts';
import { aClaim, aClass, aDevice, all, aSlice, cel, DRIVER, exactly, firstOf, or } from './testing.ts';

beforeAll(loadSelectors);

interface World {
  readonly slices?: readonly Live<ResourceSlice>[];
  readonly classes?: readonly Live<DeviceClass>[];
  /** `pool/device`, of driver-a. */
  readonly allocated?: readonly string[];
  readonly node?: string;
}

function results(claims: readonly Claim[], { slices = [], classes = [aClass()], allocated = [], node = 'node-1' }: World) {
  const inventory = new Inventory();
  for (const slice of slices) inventory.set(slice);
  const taken = new Set(allocated.map((id) => `${DRIVER}/${id}`));
  return allocate(aNode(node).labelled({ zone: 'a' }).build(), claims, {
    poolsOf: (of) => inventory.poolsOf(of),
    selectors: new Selectors(),
    deviceClass: (name) => classes.find(({ metadata }) => metadata.name === name),
    isAllocated: (device) => taken.has(device),
    checkTime: () => undefined,
  });
}

const show = ({ devices }: AllocationResult): string =>
  (devices?.results ?? [])
    .map(({ request, pool, device, adminAccess }) => `${request}=${pool.replace('pool-', '')}/${device}${adminAccess ? ' admin' : ''}`)
    .join(', ');

/** What the claims get, `nothing`, or why they are wrong. */
function outcome(claims: Claim | readonly Claim[], world: World): string | string[] {
  try {
    const list: readonly Claim[] = Array.isArray(claims) ? claims : [claims];
    const found = results(list, world)?.map(show) ?? 'nothing';
    return Array.isArray(found) && found.length === 1 ? (found[0] ?? '') : found;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const two = aSlice('s', [aDevice('d1'), aDevice('d2')]);
const sizes = aSlice('s', [aDevice('big', {}, { memory: '2Gi' }), aDevice('small', {}, { memory: '1Gi' })]);
const large = { selectors: [cel(`device.capacity["${DRIVER}"].memory.compareTo(quantity("2Gi")) >= 0`)] };
const one = aClaim('c', [exactly('r')]);
const onlySlice = (name: string, device: string, pool: object) =>
  aSlice(name, [aDevice(device)], { pool: { name: 'pool-p', generation: 1, resourceSliceCount: 1, ...pool } });
const many = (count: number, more: object = {}) =>
  aSlice(
    'many',
    Array.from({ length: count }, (_, i) => aDevice(`d${i}`)),
    more,
  );
const numa = (...values: number[]) =>
  aSlice(
    's',
    values.map((int, i) => aDevice(`d${i}`, { numa: { int } })),
  );
const sameNuma = { constraints: [{ matchAttribute: `${DRIVER}/numa` }] };

type Row = readonly [what: string, claims: Claim | readonly Claim[], world: World, outcome: string | string[]];

/** As `allocatortesting/allocator_testing.go`, for the gates that are on by default. */
const ROWS: readonly Row[] = [
  ['one device', one, { slices: [two] }, 'r=s/d1'],
  ['devices of another node', one, { slices: [aSlice('s', [aDevice('d')], { nodeName: 'node-2' })] }, 'nothing'],
  [
    'a small and a large one',
    aClaim('c', [exactly('s'), exactly('l', large)]),
    { slices: [aSlice('s', [...(sizes.spec.devices ?? [])].reverse())] },
    's=s/small, l=s/big',
  ],
  [
    'a request that leaves the next one what it needs',
    aClaim('c', [exactly('s'), exactly('l', large)]),
    { slices: [sizes] },
    's=s/small, l=s/big',
  ],
  [
    'a claim that leaves the next one what it needs',
    [aClaim('x', [exactly('s')]), aClaim('y', [exactly('l', large)])],
    { slices: [sizes] },
    ['s=s/small', 'l=s/big'],
  ],
  [
    'devices of several slices',
    aClaim('c', [exactly('r', { count: 2 })]),
    { slices: [onlySlice('x', 'd1', { resourceSliceCount: 2 }), onlySlice('y', 'd2', { resourceSliceCount: 2 })] },
    'r=p/d1, r=p/d2',
  ],
  ['an out of date slice', one, { slices: [onlySlice('x', 'old', {}), onlySlice('y', 'new', { generation: 2 })] }, 'r=p/new'],
  [
    'a pool that has a device twice',
    one,
    { slices: [onlySlice('x', 'd', { resourceSliceCount: 2 }), onlySlice('y', 'd', { resourceSliceCount: 2 })] },
    'pool pool-p is invalid: duplicate device name d',
  ],
  ['no slices', one, {}, 'nothing'],
  ['too few that match', aClaim('c', [exactly('s', large), exactly('l', large)]), { slices: [sizes] }, 'nothing'],
  [
    'no class',
    one,
    { slices: [two], classes: [] },
    'claim default/c, request r: could not retrieve device class class-a: deviceclass.resource.k8s.io "class-a" not found',
  ],
  [
    'a request without a class',
    aClaim('c', [exactly('r', { deviceClassName: '' })]),
    { slices: [two] },
    'claim default/c, request r: missing device class name (unsupported request type?)',
  ],
  ['no claims', [], {}, []],
  ['all devices', aClaim('c', [all('r')]), { slices: [two] }, 'r=s/d1, r=s/d2'],
  [
    'all devices of a pool that is being changed',
    aClaim('c', [all('r')]),
    { slices: [onlySlice('x', 'd', { resourceSliceCount: 2 })] },
    `claim default/c, request r: asks for all devices, but resource pool ${DRIVER}/pool-p is currently being updated`,
  ],
  [
    'all devices of a pool that cannot be',
    aClaim('c', [all('r')]),
    { slices: [aSlice('s', [aDevice('d'), aDevice('d')])] },
    `claim default/c, request r: asks for all devices, but resource pool ${DRIVER}/pool-s is currently invalid`,
  ],
  ['one of a pool that is being changed', one, { slices: [onlySlice('x', 'd', { resourceSliceCount: 2 })] }, 'r=p/d'],
  ['all large ones and another', aClaim('c', [all('l', large), exactly('s')]), { slices: [sizes] }, 'l=s/big, s=s/small'],
  ['another, and all large ones', aClaim('c', [exactly('s'), all('l', large)]), { slices: [sizes] }, 's=s/small, l=s/big'],
  ['all devices and another that is not there', aClaim('c', [all('l'), exactly('s')]), { slices: [sizes] }, 'nothing'],
  ['all of no devices', aClaim('c', [all('r')]), { slices: [aSlice('s', [])] }, 'nothing'],
  ['all devices without slices', aClaim('c', [all('r')]), {}, 'nothing'],
  ['all devices, some of which are gone', aClaim('c', [all('r')]), { slices: [two], allocated: ['pool-s/d1'] }, 'nothing'],
  [
    'all devices, to administrate them',
    aClaim('c', [all('r', { adminAccess: true })]),
    { slices: [two], allocated: ['pool-s/d1'] },
    'r=s/d1 admin, r=s/d2 admin',
  ],
  [
    'a device to administrate it, twice in a claim',
    aClaim('c', [exactly('r', { adminAccess: true, count: 2 })]),
    { slices: [two], allocated: ['pool-s/d1'] },
    'r=s/d1 admin, r=s/d2 admin',
  ],
  ['too many devices to administrate', aClaim('c', [exactly('r', { adminAccess: true, count: 3 })]), { slices: [two] }, 'nothing'],
  [
    'a device that two claims administrate',
    [aClaim('x', [exactly('r', { adminAccess: true })]), aClaim('y', [exactly('r', { adminAccess: true })])],
    { slices: [two] },
    ['r=s/d1 admin', 'r=s/d1 admin'],
  ],
  [
    'a device that is taken before it is administrated',
    [aClaim('x', [exactly('r', { adminAccess: true })]), one],
    { slices: [two] },
    ['r=s/d1 admin', 'r=s/d2'],
  ],
  ['a device of all nodes', one, { slices: [aSlice('s', [aDevice('d')], { allNodes: true })], node: 'elsewhere' }, 'r=s/d'],
  [
    'a device of some nodes',
    one,
    {
      slices: [
        aSlice('s', [aDevice('d')], {
          nodeSelector: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }] },
        }),
      ],
    },
    'r=s/d',
  ],
  [
    'a device of other nodes',
    one,
    {
      slices: [
        aSlice('s', [aDevice('d')], {
          nodeSelector: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['b'] }] }] },
        }),
      ],
    },
    'nothing',
  ],
  [
    'devices of both',
    aClaim('c', [exactly('r', { count: 2 })]),
    { slices: [aSlice('net', [aDevice('d')], { allNodes: true }), two] },
    'r=s/d1, r=s/d2',
  ],
  ['a device that is gone', one, { slices: [aSlice('s', [aDevice('d')])], allocated: ['pool-s/d'] }, 'nothing'],
  ['devices that agree', aClaim('c', [exactly('r', { count: 2 })], sameNuma), { slices: [numa(1, 2, 1)] }, 'r=s/d0, r=s/d2'],
  [
    'devices that agree, not beginning with the first',
    aClaim('c', [exactly('r', { count: 2 })], sameNuma),
    { slices: [numa(1, 2, 2)] },
    'r=s/d1, r=s/d2',
  ],
  ['devices that do not agree', aClaim('c', [exactly('r', { count: 2 })], sameNuma), { slices: [numa(1, 2, 3)] }, 'nothing'],
  [
    'an attribute that nobody has',
    aClaim('c', [exactly('r')], { constraints: [{ matchAttribute: `${DRIVER}/size` }] }),
    { slices: [numa(1)] },
    'nothing',
  ],
  [
    'an attribute of another domain',
    aClaim('c', [exactly('r')], { constraints: [{ matchAttribute: 'other.io/numa' }] }),
    { slices: [numa(1)] },
    'nothing',
  ],
  [
    'an attribute by its full name',
    aClaim('c', [exactly('r')], { constraints: [{ matchAttribute: 'other.io/numa' }] }),
    { slices: [aSlice('s', [aDevice('d', { 'other.io/numa': { int: 1 } })])] },
    'r=s/d',
  ],
  [
    'values of different types',
    aClaim('c', [exactly('r', { count: 2 })], sameNuma),
    { slices: [aSlice('s', [aDevice('x', { numa: { int: 1 } }), aDevice('y', { numa: { string: '1' } })])] },
    'nothing',
  ],
  [
    'versions and truths that agree',
    aClaim('c', [exactly('r', { count: 2 })], { constraints: [{ matchAttribute: `${DRIVER}/v` }, { matchAttribute: `${DRIVER}/b` }] }),
    {
      slices: [
        aSlice(
          's',
          ['x', 'y'].map((name) => aDevice(name, { v: { version: '1.0.0' }, b: { bool: true } })),
        ),
      ],
    },
    'r=s/x, r=s/y',
  ],
  [
    'all devices, which do not agree',
    aClaim('c', [all('r')], sameNuma),
    { slices: [numa(1, 2)] },
    `claim default/c, request r: cannot add device ${DRIVER}/pool-s/d1 because a claim constraint would not be satisfied`,
  ],
  [
    'agreement of some requests only',
    aClaim('c', [exactly('x'), exactly('y'), exactly('z')], { constraints: [{ matchAttribute: `${DRIVER}/numa`, requests: ['x', 'z'] }] }),
    { slices: [numa(1, 2, 1)] },
    'x=s/d0, y=s/d1, z=s/d2',
  ],
  [
    'a constraint of no known sort',
    aClaim('c', [exactly('r')], { constraints: [{}] }),
    { slices: [two] },
    'claim default/c, constraint #0: empty constraint (unsupported constraint type?)',
  ],
  [
    'a selector of no known sort',
    aClaim('c', [exactly('r', { selectors: [{}] })]),
    { slices: [two] },
    'claim default/c, request r, selector #0: CEL expression empty (unsupported selector type?)',
  ],
  [
    'a mode of no known sort',
    aClaim('c', [exactly('r', { allocationMode: 'Some' })]),
    { slices: [two] },
    'claim default/c, request r: unsupported count mode Some',
  ],
  [
    'a share of a device',
    aClaim('c', [exactly('r', { capacity: { requests: { memory: '1Gi' } } })]),
    { slices: [two] },
    'claim default/c, request r: has capacity requests, but the DRAConsumableCapacity feature is disabled',
  ],
  [
    'a selector that fails',
    aClaim('c', [exactly('r', { selectors: [cel(`device.attributes["${DRIVER}"].none`)] })]),
    { slices: [two] },
    'claim default/c: selector #0: CEL runtime error: no such key: none',
  ],
  [
    'a selector of all devices that fails',
    aClaim('c', [all('r', { selectors: [cel(`device.attributes["${DRIVER}"].none`)] })]),
    { slices: [two] },
    'claim default/c: selector #0: CEL runtime error: no such key: none',
  ],
  [
    "a class's selector that fails",
    one,
    { slices: [two], classes: [aClass('class-a', { selectors: [cel('true'), cel(`device.attributes["${DRIVER}"].none`)] })] },
    'class class-a: selector #1: CEL runtime error: no such key: none',
  ],
  [
    "a class's selector that is wrong",
    one,
    { slices: [two], classes: [aClass('class-a', { selectors: [cel('1')] })] },
    'class class-a: selector #0: CEL compile error: must evaluate to bool or the unknown type, not int',
  ],
  [
    "a class's selector",
    one,
    {
      slices: [sizes],
      classes: [aClass('class-a', { selectors: [cel(`device.capacity["${DRIVER}"].memory.isLessThan(quantity("2Gi"))`)] })],
    },
    'r=s/small',
  ],
  [
    'as many devices as can be',
    aClaim('c', [exactly('r', { count: 32 })]),
    { slices: [many(33)] },
    Array.from({ length: 32 }, (_, i) => `r=many/d${i}`).join(', '),
  ],
  [
    'more devices than can be',
    aClaim('c', [exactly('x', { count: 32 }), exactly('y')]),
    { slices: [many(40)] },
    'claim default/c: number of requested devices 33 exceeds the claim limit of 32',
  ],
  [
    'more devices than can be, all',
    aClaim('c', [all('r')]),
    { slices: [many(33)] },
    'claim default/c: number of requested devices 33 exceeds the claim limit of 32',
  ],
  ['the first alternative', aClaim('c', [firstOf('r', or('x'), or('y'))]), { slices: [two] }, 'r/x=s/d1'],
  [
    'the next alternative',
    aClaim('c', [firstOf('r', or('x', { count: 3 }), or('y', { count: 2 }))]),
    { slices: [two] },
    'r/y=s/d1, r/y=s/d2',
  ],
  [
    'no alternative',
    aClaim('c', [firstOf('r', or('x', { count: 3 }), or('y', large))]),
    { slices: [aSlice('s', [aDevice('d', {}, { memory: '1Gi' })])] },
    'nothing',
  ],
  [
    'an alternative that takes all',
    aClaim('c', [firstOf('r', or('x', { count: 3 }), or('y', { allocationMode: 'All' }))]),
    { slices: [two] },
    'r/y=s/d1, r/y=s/d2',
  ],
  [
    'an alternative that leaves the next request something',
    aClaim('c', [firstOf('x', or('two', { count: 2 }), or('one')), exactly('y')]),
    { slices: [two] },
    'x/one=s/d1, y=s/d2',
  ],
  [
    'an alternative that is small enough',
    aClaim('c', [firstOf('x', or('many', { count: 32 }), or('few', { count: 30 })), exactly('y', { count: 2 })]),
    { slices: [many(40)] },
    [...Array.from({ length: 30 }, (_, i) => `x/few=many/d${i}`), 'y=many/d30', 'y=many/d31'].join(', '),
  ],
  [
    'agreement of all alternatives of a request',
    aClaim('c', [exactly('a'), firstOf('r', or('x', { count: 2 }), or('y'))], {
      constraints: [{ matchAttribute: `${DRIVER}/numa`, requests: ['a', 'r'] }],
    }),
    { slices: [numa(1, 2, 1)] },
    'a=s/d0, r/y=s/d2',
  ],
  [
    'agreement of one alternative',
    aClaim('c', [exactly('a'), firstOf('r', or('x'), or('y'))], {
      constraints: [{ matchAttribute: `${DRIVER}/numa`, requests: ['a', 'r/x'] }],
    }),
    { slices: [numa(1, 2)] },
    'a=s/d0, r/y=s/d1',
  ],
  [
    'nodes of single devices',
    one,
    { slices: [aSlice('s', [aDevice('d')], { nodeName: undefined, perDeviceNodeSelection: true })] },
    'nothing',
  ],
  [
    'devices with counters, or conditions of binding',
    one,
    {
      slices: [
        aSlice('s', [
          { ...aDevice('x'), consumesCounters: [{ counterSet: 'c', counters: {} }] },
          { ...aDevice('y'), bindingConditions: ['b'] },
        ]),
      ],
    },
    'nothing',
  ],
  [
    'devices with taints, of which the gate is off',
    one,
    { slices: [aSlice('s', [{ ...aDevice('d'), taints: [{ key: 'k', effect: 'NoSchedule' }] }])] },
    'r=s/d',
  ],
];

describe('the devices of claims', () => {
  it.each(ROWS)('%s', (_, claims, world, expected) => {
    expect(outcome(claims, world)).toEqual(expected);
  });

  it('are looked for as long as there is time', () => {
    const context = { poolsOf: () => [], selectors: new Selectors(), deviceClass: () => aClass(), isAllocated: () => false };
    const checkTime = () => {
      throw new Error('enough');
    };
    expect(() => allocate(aNode('n').build(), [one], { ...context, checkTime })).toThrow('enough');
  });
});

describe('what is written of an allocation', () => {
  const opaque = (attribute: string) => ({ opaque: { driver: DRIVER, parameters: { attribute } } });
  const configured = aClass('class-a', { config: [opaque('class')] });
  const configOf = (claim: Claim) => results([claim], { slices: [many(4)], classes: [configured] })?.[0]?.devices?.config;

  it('holds the settings of a class once, for all its requests, and those of the claim', () => {
    expect(configOf(aClaim('c', [exactly('x'), exactly('y')], { config: [opaque('all'), { ...opaque('one'), requests: ['y'] }] }))).toEqual(
      [
        { source: 'FromClass', requests: ['x', 'y'], ...opaque('class') },
        { source: 'FromClaim', ...opaque('all') },
        { source: 'FromClaim', requests: ['y'], ...opaque('one') },
      ],
    );
  });

  it('holds the settings of the alternative that was chosen', () => {
    const config = [
      { ...opaque('x'), requests: ['r/x'] },
      { ...opaque('y'), requests: ['r/y'] },
      { ...opaque('r'), requests: ['r'] },
    ];
    expect(configOf(aClaim('c', [firstOf('r', or('x', { count: 5 }), or('y'))], { config }))).toEqual([
      { source: 'FromClass', requests: ['r/y'], ...opaque('class') },
      { source: 'FromClaim', requests: ['r/y'], ...opaque('y') },
      { source: 'FromClaim', requests: ['r'], ...opaque('r') },
    ]);
  });

  const placed = (slices: readonly Live<ResourceSlice>[], count = 1) =>
    results([aClaim('c', [exactly('r', { count })])], { slices })?.[0]?.nodeSelector;
  const inZone = { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }] };
  const hasZone = { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'Exists' }] }] };

  it('says which nodes reach the devices', () => {
    const thisNode = { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['node-1'] }] }] };
    const everywhere = aSlice('all', [aDevice('d')], { allNodes: true });
    const zone = (name: string, nodeSelector: typeof inZone | typeof hasZone) => aSlice(name, [aDevice('d')], { nodeSelector });
    expect(placed([two])).toEqual(thisNode);
    expect(placed([everywhere])).toBeUndefined();
    expect(placed([everywhere, zone('z', inZone)], 2)).toEqual(inZone);
    expect(placed([zone('y', inZone), zone('z', inZone)], 2)).toEqual(inZone);
    expect(placed([zone('y', inZone), zone('z', hasZone)], 2)).toEqual({
      nodeSelectorTerms: [
        { matchExpressions: [...(inZone.nodeSelectorTerms[0]?.matchExpressions ?? []), { key: 'zone', operator: 'Exists' }] },
      ],
    });
    expect(placed([everywhere, two], 3)).toEqual(thisNode);
  });
});

describe('the inventory', () => {
  it('forgets what is gone, and what has moved', () => {
    const inventory = new Inventory();
    const node = aNode('node-1').build();
    const ids = () => inventory.poolsOf(node).flatMap(({ devices }) => devices.map(({ id }) => id));
    inventory.set(two);
    expect(ids()).toHaveLength(2);
    const moved = aSlice('s', [aDevice('d3')], { allNodes: true });
    inventory.delete(two);
    inventory.set(moved);
    expect(ids()).toEqual([`${DRIVER}/pool-s/d3`]);
    inventory.delete(moved);
    expect(ids()).toEqual([]);
  });
});
