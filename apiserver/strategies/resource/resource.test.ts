import { describe, expect, it } from 'vitest';
import { resourceKinds } from '../../../api/index.ts';
import { NOW, StrategyHarness } from '../testing/harness.ts';
import { deviceClassStrategy } from './device-class.ts';
import { resourceClaimStrategy } from './resource-claim.ts';
import { resourceClaimTemplateStrategy } from './resource-claim-template.ts';
import { resourceSliceStrategy } from './resource-slice.ts';

const CREATED = '2023-12-31T23:59:30Z';
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const IDENTIFIER =
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')";
const NO_REQUEST = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
const selector = (expression: string) => ({ cel: { expression } });

describe('DeviceClass', () => {
  const classes = new StrategyHarness(deviceClassStrategy, resourceKinds.deviceclasses);
  const withSelector = (expression: string) => classes.create({ spec: { selectors: [selector(expression)] } }).errors;
  const AT = 'spec.selectors[0].cel.expression';

  it('counts generations, and drops what is behind a gate', () => {
    const stored = classes.stored({ spec: { extendedResourceName: 'example.com/gpu' } });
    expect(stored).toMatchObject({ metadata: { generation: 1 }, spec: {} });
    expect(stored.spec).not.toHaveProperty('extendedResourceName');
    expect(classes.patch(stored, { metadata: { labels: { a: 'b' } } }).object.metadata.generation).toBe(1);
    expect(classes.patch(stored, { spec: { selectors: [selector('true')] } }).object.metadata.generation).toBe(2);
  });

  it('takes selectors over devices', () => {
    for (const good of [
      "device.driver == 'gpu.example.com'",
      "device.attributes['gpu.example.com'].memory > 3",
      "device.capacity['gpu.example.com'].memory.compareTo(quantity('1Gi')) >= 0",
      "cel.bind(gpu, device.attributes['gpu.example.com'], gpu.a && gpu.b)",
      "device.attributes['x'].version.isGreaterThan(semver('1.0.0'))",
      "device.attributes['x'].anything",
    ]) {
      expect(withSelector(good)).toEqual([]);
    }
  });

  it('refuses expressions as upstream does', () => {
    expect(withSelector('device.attributes[true].someBoolean')).toEqual([
      `${AT}: Invalid value: "device.attributes[true].someBoolean": compilation failed: ERROR: <input>:1:18: found no matching overload for '_[_]' applied to '(map(string, map(string, any)), bool)'\n | device.attributes[true].someBoolean\n | .................^`,
    ]);
    expect(withSelector('device.driver')).toEqual([
      `${AT}: Invalid value: "device.driver": must evaluate to bool or the unknown type, not string`,
    ]);
    expect(withSelector('cel.bind(a.b, 1, true)')).toEqual([
      expect.stringContaining('cel.bind() variable names must be simple identifiers'),
    ]);
    const ten = '[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]';
    const nested = ['x', 'y', 'z', 'z2', 'z3', 'z4', 'z5'].reduceRight(
      (inner, name) => `${ten}.all(${name}, ${inner})`,
      "int('1'.find('[0-9]*')) < 100",
    );
    expect(withSelector(nested)).toEqual([`${AT}: Forbidden: too complex, exceeds cost limit`]);
    expect(withSelector(`device.driver == "${'x'.repeat(10 * 1024)}"`)).toEqual([`${AT}: Too long: may not be more than 10240 bytes`]);
    expect(classes.create({ spec: { selectors: [{}] } }).errors).toEqual(['spec.selectors[0].cel: Required value']);
  });

  it('checks the settings of drivers', () => {
    const config = [
      {},
      { opaque: { driver: '', parameters: null } },
      { opaque: { driver: 'a.b', parameters: 'text' } },
      { opaque: { driver: 'a.b', parameters: { text: 'x'.repeat(10 * 1024) } } },
    ];
    expect(classes.create({ spec: { config } }).errors).toEqual([
      'spec.config[0].opaque: Required value',
      'spec.config[1].opaque.driver: Required value',
      expect.stringMatching(/^spec\.config\[1\]\.opaque\.driver: Invalid value: "": a lowercase RFC 1123 subdomain/),
      'spec.config[1].opaque.parameters: Required value',
      'spec.config[2].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object',
      'spec.config[3].opaque.parameters: Too long: may not be more than 10240 bytes',
    ]);
  });
});

describe('ResourceClaim', () => {
  const claims = new StrategyHarness(resourceClaimStrategy, resourceKinds.resourceclaims);
  const exactly = { deviceClassName: 'gpu' };
  const body = (devices: object) => ({ spec: { devices } });
  const plain = body({
    requests: [
      { name: 'a', exactly },
      { name: 'b', firstAvailable: [{ name: 'one', deviceClassName: 'gpu' }] },
    ],
  });

  it('asks for one device unless told otherwise, and drops what is behind gates, but no tolerations', () => {
    const toleration = { key: 'k', value: 'v' };
    const requests = [{ name: 'a', exactly: { ...exactly, tolerations: [toleration], capacity: { requests: { m: '1' } } } }];
    const { object, errors } = claims.create(body({ requests }));
    expect(errors).toEqual([]);
    expect(object.spec.devices?.requests).toEqual([
      { name: 'a', exactly: { ...exactly, allocationMode: 'ExactCount', count: 1, tolerations: [{ ...toleration, operator: 'Equal' }] } },
    ]);
    expect(object.status).toEqual({});
    const wrong = { key: 'a b', operator: 'Exists', value: 'v', effect: 'PreferNoSchedule' };
    const at = 'spec.devices.requests[0].exactly.tolerations[0]';
    expect(claims.create(body({ requests: [{ name: 'a', exactly: { ...exactly, tolerations: [wrong] } }] })).errors).toEqual([
      expect.stringContaining(`${at}.key: Invalid value: "a b"`),
      `${at}.value: Invalid value: "v": must be empty for operator \`Exists\``,
      `${at}.effect: Unsupported value: "PreferNoSchedule": supported values: "NoExecute", "NoSchedule"`,
    ]);
  });

  it('checks its requests', () => {
    const requests = [
      { name: 'A_' },
      { name: 'a', exactly: { deviceClassName: '', count: -1 } },
      { name: 'a', exactly: { ...exactly, allocationMode: 'All', count: 2 } },
      {
        name: 'b',
        exactly: { ...exactly, allocationMode: 'Some' },
        firstAvailable: [
          { name: 'x', ...exactly },
          { name: 'x', ...exactly },
        ],
      },
    ];
    expect(claims.create(body({ requests })).errors).toEqual([
      `spec.devices.requests[0].name: Invalid value: "A_": ${LABEL}`,
      'spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required',
      'spec.devices.requests[1].exactly.deviceClassName: Required value',
      'spec.devices.requests[1].exactly.count: Invalid value: -1: must be greater than zero',
      "spec.devices.requests[2].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'",
      'spec.devices.requests[3].firstAvailable[1].name: Duplicate value: "x"',
      'spec.devices.requests[3].exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"',
      'spec.devices.requests[3]: Invalid value: null: exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set',
      'spec.devices.requests[2].name: Duplicate value: "a"',
    ]);
  });

  it('checks its constraints and settings', () => {
    const constraints = [
      { requests: ['a', 'c'], matchAttribute: 'missing-domain' },
      { matchAttribute: '' },
      {},
      { distinctAttribute: 'b' },
      { matchAttribute: 'foo/bar' },
    ];
    const config = [{ requests: ['b/one', 'b/two', 'b/one/x'], opaque: { driver: 'd', parameters: {} } }];
    expect(claims.create(body({ ...plain.spec.devices, constraints, config })).errors).toEqual([
      `spec.devices.constraints[0].requests[1]: Invalid value: "c": ${NO_REQUEST}`,
      `spec.devices.constraints[0].matchAttribute: Invalid value: "missing-domain": ${IDENTIFIER}`,
      'spec.devices.constraints[0].matchAttribute: Invalid value: "missing-domain": must include a domain',
      'spec.devices.constraints[1].matchAttribute: Required value: name required',
      'spec.devices.constraints[2].matchAttribute: Required value',
      'spec.devices.constraints[3].distinctAttribute: Invalid value: "b": must include a domain',
      `spec.devices.config[0].requests[1]: Invalid value: "b/two": ${NO_REQUEST}`,
      `spec.devices.config[0].requests[2]: Invalid value: "b/one/x": ${NO_REQUEST}`,
    ]);
    const many = Array.from({ length: 33 }, (_, i) => ({ name: `r${i}`, exactly }));
    expect(claims.create(body({ requests: many })).errors).toEqual(['spec.devices.requests: Too many: 33: must have at most 32 items']);
  });

  it('gives access for administration in marked namespaces only', () => {
    const requests = [{ name: 'a', exactly: { ...exactly, adminAccess: true } }];
    expect(claims.create(body({ requests })).errors).toEqual([
      'spec.devices.requests[0].adminAccess: Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace',
    ]);
  });

  it('keeps what it asks for', () => {
    const { errors } = claims.patch(claims.stored(plain), {
      spec: { devices: { requests: [{ name: 'a', exactly: { deviceClassName: 'other' } }] } },
    });
    expect(errors).toEqual([
      expect.stringMatching(
        /^spec: Invalid value: \{"Devices":\{"Requests":\[\{"Name":"a","Exactly":\{"DeviceClassName":"other".*: field is immutable$/,
      ),
    ]);
  });

  const device = { driver: 'd.example.com', pool: 'p', device: 'x' };
  const allocation = { devices: { results: [{ request: 'b/one', ...device }] } };
  const allocate = (status: object) => claims.patch(claims.stored(plain), { status }, 'status');

  it('is allocated once, and says who uses it', () => {
    const consumer = { resource: 'pods', name: 'p', uid: 'u' };
    const { object, errors } = allocate({ allocation, reservedFor: [consumer] });
    expect(errors).toEqual([]);
    object.metadata.creationTimestamp = CREATED;
    expect(claims.row(object, NOW)).toEqual(['x', 'allocated,reserved', '30s']);
    expect(claims.patch(object, { status: { allocation: { devices: { results: [] } } } }, 'status').errors).toEqual([
      expect.stringMatching(
        /^status\.allocation: Invalid value: \{"Devices":\{"Results":\[\],"Config":null\},"NodeSelector":null,"AllocationTimestamp":null\}: field is immutable$/,
      ),
    ]);
    expect(allocate({ reservedFor: [{}, consumer, consumer] }).errors).toEqual([
      'status.reservedFor[0].resource: Required value',
      'status.reservedFor[0].name: Required value',
      'status.reservedFor[0].uid: Required value',
      'status.reservedFor[2].uid: Duplicate value: "u"',
      'status.reservedFor: Forbidden: may not be specified when `allocated` is not set',
    ]);
    const deleted = { ...object, metadata: { ...object.metadata, deletionTimestamp: CREATED } };
    expect(claims.row(deleted)).toEqual(['x', 'deleted,allocated,reserved', '30s']);
    expect(claims.patch(deleted, { status: { reservedFor: [consumer, { ...consumer, uid: 'v' }] } }, 'status').errors).toEqual([
      'status.reservedFor: Forbidden: new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set',
    ]);
  });

  it('checks what was allocated', () => {
    const results = [{ request: 'nope', driver: 'd', pool: '', device: 'D' }];
    const config = [{ source: 'Elsewhere', opaque: { driver: 'd', parameters: {} } }];
    expect(allocate({ allocation: { devices: { results, config } } }).errors).toEqual([
      `status.allocation.devices.results[0].request: Invalid value: "nope": ${NO_REQUEST}`,
      'status.allocation.devices.results[0].pool: Required value',
      `status.allocation.devices.results[0].device: Invalid value: "D": ${LABEL}`,
      'status.allocation.devices.config[0].source: Unsupported value: "Elsewhere": supported values: "FromClaim", "FromClass"',
    ]);
  });

  it('takes the state of allocated devices, and forgets that of others', () => {
    const networkData = { ips: ['10.9.8.0/24', '10.9.8.0/24', '300.9.8.0/24'], interfaceName: 'x'.repeat(257) };
    const devices = [
      { ...device, networkData },
      { ...device, device: 'y' },
    ];
    expect(allocate({ allocation, devices }).errors).toEqual([
      'status.devices[0].networkData.interfaceName: Too long: may not be more than 256 bytes',
      'status.devices[0].networkData.ips[2]: Invalid value: "300.9.8.0/24": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)',
      'status.devices[0].networkData.ips[1]: Duplicate value: "10.9.8.0/24"',
      'status.devices[1]: Invalid value: {"Driver":{},"Pool":{},"Device":{},"ShareID":{}}: must be an allocated device in the claim',
    ]);
    const { object } = allocate({ allocation, devices: [device] });
    const [result] = allocation.devices.results;
    const sharing = { status: { allocation: { ...allocation, devices: { results: [{ ...result, shareID: 'x' }] } } } };
    expect(claims.patch(object, sharing, 'status').object.status).not.toHaveProperty('devices');
    const tolerating = { status: { allocation: { ...allocation, devices: { results: [{ ...result, tolerations: [{ key: 'k' }] }] } } } };
    expect(claims.patch(object, tolerating, 'status').errors).toEqual([
      expect.stringContaining('"Tolerations":[{"Key":"k","Operator":"Equal"'),
    ]);
    const freed = claims.patch(object, { status: { allocation: null } }, 'status');
    expect(freed).toMatchObject({ errors: [], object: { status: {} } });
    expect(freed.object.status).not.toHaveProperty('devices');
  });
});

it('a ResourceClaimTemplate keeps the claim that it is for', () => {
  const templates = new StrategyHarness(resourceClaimTemplateStrategy, resourceKinds.resourceclaimtemplates);
  const stored = templates.stored({
    spec: { spec: { devices: { requests: [{ name: 'g', exactly: { deviceClassName: 'c', allocationMode: 'All' } }] } } },
  });
  expect(templates.patch(stored, { spec: { metadata: { labels: { a: 'b' } } } }).errors).toEqual([
    expect.stringMatching(/^spec: Invalid value: \{"labels":\{"a":"b"\},"Spec":\{"Devices":.*: field is immutable$/),
  ]);
  expect(
    templates.create({ spec: { metadata: { labels: { 'a b': 'c' } }, spec: { devices: { requests: [{ name: 'g' }] } } } }).errors,
  ).toEqual([
    expect.stringMatching(/^spec\.metadata\.labels: Invalid value: "a b": /),
    'spec.spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required',
  ]);
});

describe('ResourceSlice', () => {
  const slices = new StrategyHarness(resourceSliceStrategy, resourceKinds.resourceslices);
  const pool = { name: 'p', generation: 1, resourceSliceCount: 1 };
  const spec = { driver: 'd.example.com', pool, nodeName: 'n1', devices: [{ name: 'x' }] };

  it('is shown and selected by its node and driver', () => {
    const slice = slices.stored({ spec });
    slice.metadata.creationTimestamp = CREATED;
    expect(slices.row(slice)).toEqual(['x', 'n1', 'd.example.com', 'p', '30s']);
    const fields = Object.entries(resourceSliceStrategy.fieldSelectors ?? {}).map(([name, read]) => [name, read(slice)]);
    expect(fields).toEqual([
      ['spec.nodeName', 'n1'],
      ['spec.driver', 'd.example.com'],
    ]);
    expect(slices.patch(slice, { spec: { pool: { generation: 2 } } })).toMatchObject({
      errors: [],
      object: { metadata: { generation: 2 } },
    });
  });

  it('drops what is behind gates, and warns of drivers in capitals', () => {
    const devices = [
      { name: 'x', taints: [{ key: 'k', effect: 'NoSchedule' }], allNodes: true, capacity: { m: { value: '1', requestPolicy: {} } } },
    ];
    const { object, errors, warnings } = slices.create({ spec: { ...spec, driver: 'D.example.com', devices, sharedCounters: [] } });
    expect(errors).toEqual([]);
    expect(object.spec.devices).toEqual([{ name: 'x', capacity: { m: { value: '1' } } }]);
    expect(warnings).toEqual(['spec.driver: driver names should be lowercase; "D.example.com" contains uppercase characters']);
  });

  it('checks its place, pool and devices', () => {
    const attributes = {
      'a/': { int: 1 },
      '/b': { int: 1 },
      '1x': {},
      ok: { int: 1, bool: true },
      v: { version: '1' },
      s: { string: 'x'.repeat(65) },
    };
    const wrong = { driver: 'd', pool: { name: 'A', generation: -1, resourceSliceCount: 0 }, nodeName: '', allNodes: false };
    expect(slices.create({ spec: { ...wrong, devices: [{ name: 'x', attributes }, { name: 'x' }] } }).errors).toEqual([
      expect.stringMatching(/^spec\.pool\.name: Invalid value: "A": a lowercase RFC 1123 subdomain/),
      'spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero',
      'spec.pool.generation: Invalid value: -1: must be greater than or equal to zero',
      'spec.nodeName: Invalid value: "": must be either unset or set to a non-empty string',
      'spec.allNodes: Invalid value: false: must be either unset or set to true',
      'spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required',
      'spec.devices[0].attributes[/b]: Required value: the domain must not be empty',
      `spec.devices[0].attributes[1x]: Invalid value: "1x": ${IDENTIFIER}`,
      'spec.devices[0].attributes[1x]: Required value: exactly one value must be specified',
      'spec.devices[0].attributes[a/]: Required value: the name must not be empty',
      'spec.devices[0].attributes[ok]: Invalid value: {"IntValue":1,"BoolValue":true,"StringValue":null,"VersionValue":null}: exactly one value must be specified',
      'spec.devices[0].attributes[s].string: Too long: may not be more than 64 bytes',
      'spec.devices[0].attributes[v].version: Invalid value: "1": must be a string compatible with semver.org spec 2.0.0',
      'spec.devices[1].name: Duplicate value: "x"',
    ]);
  });

  it.each([
    [{ nodeSelectorTerms: [] }, '[]'],
    [{ nodeSelectorTerms: null }, 'null'],
    [{}, 'null'],
  ])('a node selector without terms is shown as it was given: %j', (nodeSelector, shown) => {
    expect(slices.create({ spec: { ...spec, nodeSelector } }).errors).toEqual([
      'spec.nodeSelector.nodeSelectorTerms: Required value: must have at least one node selector term',
      `spec.nodeSelector.nodeSelectorTerms: Invalid value: ${shown}: must have exactly one node selector term`,
      'spec: Invalid value: "{`nodeName`, `nodeSelector`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set',
    ]);
  });

  it('keeps its driver, pool and node', () => {
    const change = { spec: { driver: 'e.example.com', pool: { name: 'q' }, nodeName: 'n2' } };
    expect(slices.patch(slices.stored({ spec }), change).errors).toEqual([
      'spec.pool.name: Invalid value: "q": field is immutable',
      'spec.driver: Invalid value: "e.example.com": field is immutable',
      'spec.nodeName: Invalid value: "n2": field is immutable',
    ]);
  });
});
