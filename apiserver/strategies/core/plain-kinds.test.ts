// Rules of kinds without a test file of their own; names of cases follow upstream's tables in `pkg/apis/core/validation`.
import { describe, expect, it, test } from 'vitest';
import { coordinationKinds, coreKinds, networkingKinds, nodeKinds } from '../../../api/index.ts';
import { leaseStrategy } from '../coordination/lease.ts';
import { ipAddressStrategy } from '../networking/ip-address.ts';
import { runtimeClassStrategy } from '../node/runtime-class.ts';
import { StrategyHarness } from '../testing/harness.ts';
import { configMapStrategy, DATA_BYTES_MAX } from './config-map.ts';
import { endpointsStrategy } from './endpoints.ts';
import { namespaceStrategy } from './namespace.ts';
import { nodeStrategy } from './node.ts';
import { secretStrategy } from './secret.ts';
import { serviceAccountStrategy } from './service-account.ts';

describe('Node', () => {
  const nodes = new StrategyHarness(nodeStrategy, coreKinds.nodes);

  it('has one network of each family', () => {
    expect(nodes.create({ spec: { podCIDRs: ['10.0.0.0/24', '10.1.0.0/24'] } }).errors).toEqual([
      'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.1.0.0/24"]: may specify no more than one CIDR for each IP family',
    ]);
    expect(nodes.create({ spec: { podCIDRs: ['10.0.0.0/24', 'x'] } }).errors).toEqual([
      'spec.podCIDRs[1]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      'spec.podCIDRs: Internal error: invalid PodCIDRs. failed to check with dual stack with error:failed to parse cidr value:"x" with error:invalid CIDR address: x',
      'spec.podCIDRs: Invalid value: ["10.0.0.0/24","x"]: may specify no more than one CIDR for each IP family',
    ]);
  });

  it('says its network in both fields, the older of which is right', () => {
    expect(nodes.stored({ spec: { podCIDR: '10.0.0.0/24' } }).spec.podCIDRs).toEqual(['10.0.0.0/24']);
    expect(nodes.stored({ spec: { podCIDRs: ['10.0.0.0/24', 'fd00::/64'] } }).spec.podCIDR).toBe('10.0.0.0/24');
    expect(nodes.stored({ spec: { podCIDR: '10.2.0.0/24', podCIDRs: ['10.1.0.0/24', 'fd00::/64'] } }).spec.podCIDRs).toEqual([
      '10.2.0.0/24',
    ]);
  });

  it('keeps what was given once', () => {
    const node = nodes.stored({ spec: { podCIDR: '10.0.0.0/24', externalID: 'a' } });
    expect(nodes.patch(node, { spec: { podCIDR: '10.1.0.0/24', externalID: 'b' } }).errors).toEqual([
      'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
      'spec.externalID: Forbidden: may not be updated',
    ]);
    expect(nodes.patch(node, { spec: { taints: [{ key: 'a', effect: 'X' }] } }).errors).toEqual(
      new Array(2).fill(
        'metadata.taints[0].effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      ),
    );
  });

  it('has one network of a family, and keeps its provider’s name for it', () => {
    expect(nodes.create({ spec: { podCIDRs: ['fd00::/64', 'fd00::/64'] } }).errors).toEqual([
      'spec.podCIDRs: Invalid value: ["fd00::/64","fd00::/64"]: may specify no more than one CIDR for each IP family',
    ]);
    const node = nodes.stored({});
    const named = nodes.patch(node, { spec: { providerID: 'a://b' } });
    expect(named.errors).toEqual([]);
    expect(nodes.patch(named.object, { spec: { providerID: null } }).errors).toEqual([
      'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
    ]);
  });

  it.each([
    ['taints', '[{"key":"a","effect":"NoSchedule"}]', []],
    ['taints', '{', ['metadata.annotations: Invalid value: "scheduler.alpha.kubernetes.io/taints": unexpected end of JSON input']],
    [
      'taints',
      '[{"key":"a","effect":"X"}]',
      [
        'metadata.annotations.scheduler.alpha.kubernetes.io/taints[0].effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      ],
    ],
    ['preferAvoidPods', '{"preferAvoidPods":[{"podSignature":{"podController":{"controller":true}}}]}', []],
    [
      'preferAvoidPods',
      '{"preferAvoidPods":[{},{"podSignature":{"podController":{"controller":false}}}]}',
      [
        'metadata.annotations.scheduler.alpha.kubernetes.io/preferAvoidPods[0].PodSignature: Required value',
        'metadata.annotations.scheduler.alpha.kubernetes.io/preferAvoidPods[1].PodSignature.PodController.Controller: Invalid value: false: must point to a controller',
      ],
    ],
    [
      'preferAvoidPods',
      '[]',
      [
        'metadata.annotations.AvoidPods: Invalid value: "scheduler.alpha.kubernetes.io/preferAvoidPods": json: cannot unmarshal array into Go value of type v1.AvoidPods',
      ],
    ],
  ])('has %s in an annotation that was a field once: %s', (name, text, errors) => {
    const annotations = { [`scheduler.alpha.kubernetes.io/${name}`]: text };
    expect(nodes.create({ metadata: { name: 'x', annotations } }).errors).toEqual(errors);
    expect(nodes.patch(nodes.stored({}), { metadata: { annotations } }).errors).toEqual([...errors, ...errors]);
  });

  it('has no address twice once it is there, and no negative resources', () => {
    const addresses = [1, 2].map(() => ({ type: 'InternalIP', address: '1.2.3.4' }));
    const node = nodes.stored({ status: { addresses } });
    expect(nodes.patch(node, { status: { capacity: { cpu: '-1' } } }, 'status').errors).toEqual([
      'status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0',
      'status.allocatable.cpu: Invalid value: "-1": must be greater than or equal to 0',
      'status.addresses[1]: Duplicate value: {"Type":"InternalIP","Address":"1.2.3.4"}',
    ]);
  });

  it('has resources to the thousandth, and all of them for pods unless it says otherwise', () => {
    const node = nodes.stored({ status: { capacity: { cpu: '100u', memory: '1.0001' } } });
    expect(node.status.allocatable).toEqual({ cpu: '1m', memory: '1001m' });
    expect(nodes.patch(node, { status: { capacity: { cpu: '9u' } } }, 'status').object.status.capacity?.cpu).toBe('1m');
  });

  it('warns of what is out of use', () => {
    const { object, warnings } = nodes.create({ spec: { externalID: 'a', podCIDR: '10.0.0.1/24', configSource: {} } });
    expect(warnings).toEqual([
      'spec.externalID: this field is deprecated, and is unused by Kubernetes',
      'spec.podCIDRs[0]: CIDR value "10.0.0.1/24" is ambiguous in this context (should be "10.0.0.0/24" or "10.0.0.1/32"?)',
    ]);
    expect(object.spec).not.toHaveProperty('configSource');
  });
});

describe('Namespace', () => {
  it('has finalizers with a domain, or Kubernetes’ own', () => {
    const namespaces = new StrategyHarness(namespaceStrategy, coreKinds.namespaces);
    const plain = 'Invalid value: "foo": name is neither a standard finalizer name nor is it fully qualified';
    expect(namespaces.create({ spec: { finalizers: ['foo', 'a.b/c'] } }).errors).toEqual([`spec.finalizers: ${plain}`]);
    const namespace = namespaces.stored({});
    expect(namespaces.patch(namespace, { spec: { finalizers: ['kubernetes', 'foo'] } }, 'finalize').errors).toEqual([
      `spec.finalizers[1]: ${plain}`,
    ]);
  });
});

test('the first deletion of a namespace only begins its end, whether there is something to wait for or not', () => {
  const metadata = { deletionTimestamp: '2024-01-01T00:00:00Z' };
  const isHeld = (more: object) => namespaceStrategy.holdsDeletion?.({ metadata: {}, spec: {}, status: {}, ...more });
  expect([isHeld({}), isHeld({ metadata }), isHeld({ metadata, spec: { finalizers: ['kubernetes'] } })]).toEqual([true, false, true]);
});

describe('the phase of a Namespace', () => {
  const namespaces = new StrategyHarness(namespaceStrategy, coreKinds.namespaces);
  const ending = { deletionTimestamp: '2024-01-01T00:00:00Z' };

  it.each([
    [{}, { phase: 'Active' }, []],
    [{}, {}, []],
    [{}, { phase: 'Terminating' }, ['"Terminating": may only be \'Active\' if `deletionTimestamp` is empty']],
    [ending, { phase: 'Terminating' }, []],
    [ending, { phase: null }, ['"Active": may only be \'Terminating\' if `deletionTimestamp` is not empty']],
  ])('goes with its deletion: %j, %j', (metadata, status, errors) => {
    const old = namespaces.stored({ metadata: { name: 'x', ...metadata } });
    expect(namespaces.patch(old, { status }, 'status').errors).toEqual(errors.map((error) => `status.Phase: Invalid value: ${error}`));
    expect(namespaces.patch(old, { status: { phase: null } }, 'status').object.status.phase).toBe('Active');
  });
});

describe('Secret', () => {
  const secrets = new StrategyHarness(secretStrategy, coreKinds.secrets);
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const bad = (text: string): string => `data[.dockercfg]: Invalid value: "<secret contents redacted>": ${text}`;

  it.each([
    ['{}', []],
    ['null', []],
    ['[1]', [bad('json: cannot unmarshal array into Go value of type map[string]interface {}')]],
    ['true', [bad('json: cannot unmarshal bool into Go value of type map[string]interface {}')]],
    ['bad', [bad("invalid character 'b' looking for beginning of value")]],
  ])('of registries holds an object: %s', (text, errors) => {
    const data = { '.dockercfg': base64(text) };
    expect(secrets.create({ type: 'kubernetes.io/dockercfg', data }).errors).toEqual(errors);
  });

  it('of SSH holds a key, not an empty text; of TLS may', () => {
    expect(secrets.create({ type: 'kubernetes.io/ssh-auth', data: { 'ssh-privatekey': '' } }).errors).toEqual([
      'data[ssh-privatekey]: Required value',
    ]);
    const { errors, warnings } = secrets.create({ type: 'kubernetes.io/tls', data: { 'tls.crt': '', 'tls.key': '' } });
    expect(errors).toEqual([]);
    expect(warnings).toEqual(['tls: failed to find any PEM data in certificate input']);
  });
});

describe('Endpoints', () => {
  const endpoints = new StrategyHarness(endpointsStrategy, coreKinds.endpoints);
  const withAddress = (address: object, port: object = { port: 80 }) => ({ subsets: [{ addresses: [address], ports: [port] }] });

  it('check addresses, nodes and protocols of applications', () => {
    const bad = withAddress({ ip: 'x', nodeName: 'N_' }, { port: 80, appProtocol: 'a b' });
    expect(endpoints.create(bad).errors.map((error) => error.replace(/(a lowercase|name part).*/, '…'))).toEqual([
      'subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      'subsets[0].addresses[0].nodeName: Invalid value: "N_": …',
      'subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address',
      'subsets[0].ports[0].appProtocol: Invalid value: "a b": …',
    ]);
  });

  it('take addresses with leading zeros, with advice', () => {
    const { errors, warnings } = endpoints.create(withAddress({ ip: '01.2.3.4' }));
    expect(errors).toEqual([]);
    expect(warnings).toEqual([
      'subsets[0].addresses[0].ip: non-standard IP address "01.2.3.4" will be considered invalid in a future Kubernetes release: use "1.2.3.4"',
    ]);
  });

  it.each([
    ['0.0.0.0', 'may not be unspecified (0.0.0.0)'],
    ['0::0', 'may not be unspecified (0::0)'],
    ['::ffff:127.0.0.2', 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
    ['0:0::1', 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
    ['febf::1', 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
    ['ff12::1', 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
    ['fe8::1', undefined],
    ['224.0.1.1', undefined],
    ['::2', undefined],
  ])('are nowhere special: %s', (ip, why) => {
    const errors = endpoints.create(withAddress({ ip })).errors.filter((error) => !error.includes('must be a valid'));
    expect(errors).toEqual(why ? [`subsets[0].addresses[0].ip: Invalid value: "${ip}": ${why}`] : []);
  });

  it('may stay wrong as they are', () => {
    const old = endpoints.create(withAddress({ ip: 'x' })).object;
    expect(endpoints.patch(old, { metadata: { labels: { a: 'b' } } }).errors).toEqual([]);
  });
});

describe('Lease', () => {
  it('has nothing of coordinated leader election, whose gate is off', () => {
    const leases = new StrategyHarness(leaseStrategy, coordinationKinds.leases);
    const lease = leases.stored({ spec: { holderIdentity: 'a', strategy: 'OldestEmulationVersion', preferredHolder: 'b' } });
    expect(lease.spec).toEqual({ holderIdentity: 'a' });
    expect(leases.patch(lease, { spec: { preferredHolder: 'b' } }).object.spec).toEqual({ holderIdentity: 'a' });
  });
});

describe('ServiceAccount', () => {
  it('keeps the names of its Secrets alone', () => {
    const accounts = new StrategyHarness(serviceAccountStrategy, coreKinds.serviceaccounts);
    const account = accounts.stored({ secrets: [{ name: 'a', kind: 'Secret', namespace: 'x' }, { kind: 'Secret' }] });
    expect(account.secrets).toEqual([{ name: 'a' }, {}]);
    expect(accounts.patch(account, { secrets: [{ name: 'b', uid: 'u' }] }).object.secrets).toEqual([{ name: 'b' }]);
  });
});

describe('Secret and ConfigMap', () => {
  const FIXED = 'field is immutable when `immutable` is set';

  it('that are immutable keep what they have, of which an empty map is more than none', () => {
    const secrets = new StrategyHarness(secretStrategy, coreKinds.secrets);
    const secret = secrets.stored({ immutable: true });
    expect(secrets.patch(secret, { data: {} }).errors).toEqual([`data: Forbidden: ${FIXED}`]);
    expect(secrets.patch(secret, { metadata: { labels: { a: 'b' } } }).errors).toEqual([]);
    const maps = new StrategyHarness(configMapStrategy, coreKinds.configmaps);
    const map = maps.stored({ immutable: true, data: { a: '' } });
    expect(maps.patch(map, { data: { a: '' }, binaryData: {} }).errors).toEqual([`binaryData: Forbidden: ${FIXED}`]);
    expect(maps.patch(map, { data: { a: '' }, binaryData: null }).errors).toEqual([]);
    // Of the whole, which has no name: Go prints the empty path so.
    const data = { a: 'x'.repeat(1024 * 1024 + 1) };
    expect(maps.create({ data }).errors).toEqual(['[]: Too long: may not be more than 1048576 bytes']);
  });
});

describe('ConfigMap', () => {
  it('that is too large is told of as upstream does: of no field', () => {
    const maps = new StrategyHarness(configMapStrategy, coreKinds.configmaps);
    const errors = ['[]: Too long: may not be more than 1048576 bytes'];
    expect(maps.create({ data: { a: 'x'.repeat(DATA_BYTES_MAX + 1) } }).errors).toEqual(errors);
    expect(maps.create({ data: { a: 'x'.repeat(DATA_BYTES_MAX) } }).errors).toEqual([]);
  });
});

describe('RuntimeClass', () => {
  it('warns of labels of nodes that are out of use', () => {
    const classes = new StrategyHarness(runtimeClassStrategy, nodeKinds.runtimeclasses);
    const scheduling = { nodeSelector: { 'beta.kubernetes.io/os': 'linux', a: 'b' } };
    const text = 'scheduling.nodeSelector: deprecated since v1.14; use "kubernetes.io/os" instead';
    expect(classes.create({ handler: 'a', scheduling }).warnings).toEqual([text]);
    expect(classes.patch(classes.stored({ handler: 'a' }), { scheduling }).warnings).toEqual([text]);
  });
});

describe('IPAddress', () => {
  it('shows its age, for which there is no column', () => {
    const addresses = new StrategyHarness(ipAddressStrategy, networkingKinds.ipaddresses);
    const metadata = { name: '10.0.0.1', creationTimestamp: '2023-12-31T23:59:30Z' };
    const parentRef = { group: 'g', resource: 'r', namespace: 'n', name: 'x' };
    expect(addresses.row(addresses.stored({ metadata, spec: { parentRef } }))).toEqual(['10.0.0.1', 'r.g/n/x', '30s']);
  });
});
