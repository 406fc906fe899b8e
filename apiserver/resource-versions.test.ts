// resource.k8s.io in v1beta2 and v1beta1.
import { expect, test } from 'vitest';
import type { KubeObject } from '../api/index.ts';
import { ALL_KINDS, encodeProtobuf } from '../api/schema.ts';
import { runtimeConfig } from './runtime-config.ts';
import { resourceClaimStrategy } from './strategies/resource/resource-claim.ts';
import { resourceClaimTemplateStrategy } from './strategies/resource/resource-claim-template.ts';
import { resourceSliceStrategy } from './strategies/resource/resource-slice.ts';
import { startTestServer } from './testing/test-server.ts';

const strategies = {
  'resource.k8s.io/resourceclaims': resourceClaimStrategy,
  'resource.k8s.io/resourceclaimtemplates': resourceClaimTemplateStrategy,
  'resource.k8s.io/resourceslices': resourceSliceStrategy,
};
const infos = ALL_KINDS.map(({ info }) => info);
const serve = () => startTestServer({ strategies, kinds: ALL_KINDS, isServed: runtimeConfig(['api/beta=true'], infos) });

const path = (version: string, resource: string, name = '') =>
  `/apis/resource.k8s.io/${version}/${resource === 'resourceslices' ? '' : 'namespaces/default/'}${resource}${name && `/${name}`}`;

type Body = KubeObject & { spec: { devices: unknown; spec?: { devices: unknown } } };

test('a request of v1beta1 is what v1 and v1beta2 have in exactly, with the same defaults', async () => {
  await using server = await serve();
  const flat = { name: 'a', deviceClassName: 'gpu', selectors: [{ cel: { expression: 'true' } }] };
  const others = { name: 'b', firstAvailable: [{ name: 's', deviceClassName: 'gpu' }] };
  const body = { metadata: { name: 'c' }, spec: { devices: { requests: [flat, others] } } };
  const answer = await server.request('POST', path('v1beta1', 'resourceclaims'), { body });
  expect(answer.status, answer.text).toBe(201);
  expect(answer.headers.warning).toBeUndefined();
  const defaults = { allocationMode: 'ExactCount', count: 1 };
  const alternatives = [{ name: 's', deviceClassName: 'gpu', ...defaults }];
  expect(answer.json<Body>().spec.devices).toEqual({
    requests: [
      { ...flat, ...defaults },
      { name: 'b', deviceClassName: '', firstAvailable: alternatives },
    ],
  });
  const { name, ...exactly } = { ...flat, ...defaults };
  for (const version of ['v1', 'v1beta2']) {
    const { apiVersion, spec } = (await server.request('GET', path(version, 'resourceclaims', 'c'))).json<Body>();
    expect(apiVersion).toBe(`resource.k8s.io/${version}`);
    expect(spec.devices).toEqual({
      requests: [
        { name, exactly },
        { name: 'b', firstAvailable: alternatives },
      ],
    });
  }
});

test('a template of v1 is read in v1beta1, and what is wrong there is told as of what is stored', async () => {
  await using server = await serve();
  const exactly = { deviceClassName: 'gpu', allocationMode: 'All' };
  const claim = (request: object) => ({ metadata: { name: 't' }, spec: { spec: { devices: { requests: [request] } } } });
  await server.request('POST', path('v1', 'resourceclaimtemplates'), { body: claim({ name: 'a', exactly }) });
  const { spec } = (await server.request('GET', path('v1beta1', 'resourceclaimtemplates', 't'))).json<Body>();
  expect(spec.spec?.devices).toEqual({ requests: [{ name: 'a', ...exactly }] });
  const refused = await server.request('POST', path('v1beta1', 'resourceclaimtemplates'), { body: claim({ name: 'a', count: 3 }) });
  expect(refused.json().message).toContain('spec.spec.devices.requests[0].exactly.deviceClassName: Required value');
});

test('devices of v1beta1 have what they can do in basic', async () => {
  await using server = await serve();
  const basic = { attributes: { model: { string: 'x' } }, capacity: { memory: { value: '1Gi' } } };
  const pool = { name: 'p', generation: 1, resourceSliceCount: 1 };
  const spec = { driver: 'd.x', pool, nodeName: 'n', allNodes: false, devices: [{ name: 'd', basic }, { name: 'e' }] };
  const answer = await server.request('POST', path('v1beta1', 'resourceslices'), { body: { metadata: { name: 's' }, spec } });
  expect(answer.status, answer.text).toBe(201);
  const { allNodes, ...shown } = spec;
  const devices = [
    { name: 'd', basic },
    { name: 'e', basic: {} },
  ];
  expect(answer.json<Body>().spec).toEqual({ ...shown, devices });
  const { spec: present } = (await server.request('GET', path('v1', 'resourceslices', 's'))).json<Body>();
  expect(present).toEqual({ ...shown, devices: [{ name: 'd', ...basic }, { name: 'e' }] });
  expect((await server.request('GET', `${path('v1beta1', 'resourceslices')}?fieldSelector=spec.nodeName%3Dm`)).json()).toMatchObject({
    items: [],
  });
});

test('what devices of v1beta1 have in basic has numbers of its own in protobuf', () => {
  const slice = ALL_KINDS.find(({ info }) => info.version === 'v1beta1' && info.kind === 'ResourceSlice')?.message;
  if (!slice) throw new Error('there are no slices');
  const whole = {
    metadata: { name: 's' },
    spec: { driver: '', pool: { name: '' }, devices: [{ name: '', basic: { nodeName: 'n', allowMultipleAllocations: true } }] },
  };
  const bytes = encodeProtobuf(slice, whole, { apiVersion: 'resource.k8s.io/v1beta1', kind: 'ResourceSlice' });
  // basic (field 2, 5 bytes): nodeName (field 4), allowMultipleAllocations (field 11).
  expect(bytes.toString('hex')).toContain('1205' + '22016e' + '5801');
});
