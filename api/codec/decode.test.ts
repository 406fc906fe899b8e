import { describe, expect, test } from 'vitest';
import { customResourceDefinition } from '../apiextensions/v1/custom-resource-definition.ts';
import { deployment } from '../apps/v1/deployment.ts';
import { certificateSigningRequest } from '../certificates/v1/certificate-signing-request.ts';
import { lease } from '../coordination/v1/lease.ts';
import { configMap, secret } from '../core/v1/config-map.ts';
import { pod } from '../core/v1/pod.ts';
import { service } from '../core/v1/service.ts';
import { endpointSlice } from '../discovery/v1/endpoint-slice.ts';
import { parseJson } from '../json.ts';
import type { AnyMessage } from '../schema/message.ts';
import { decode } from './decode.ts';
import { decodeText, duplicateFields } from './duplicates.ts';
import { emptyAt, hasEmpties } from './given-empties.ts';

const json = (message: AnyMessage, raw: unknown): string => JSON.stringify(decode(message, raw).object);
const failure = (message: AnyMessage, raw: unknown): string => {
  try {
    decode(message, raw);
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
  return 'decoded';
};

describe('normal form', () => {
  test('what Go writes always is there, what it omits when zero is not', () => {
    expect(
      json(pod, { metadata: { name: 'a', labels: {}, generation: 0 }, spec: { containers: [{ name: 'c' }], hostNetwork: false } }),
    ).toBe('{"metadata":{"name":"a"},"spec":{"containers":[{"name":"c","resources":{}}]},"status":{}}');
    expect(json(deployment, { spec: {} })).toBe(
      '{"metadata":{},"spec":{"selector":null,"template":{"metadata":{},"spec":{"containers":null}},"strategy":{}},"status":{}}',
    );
  });

  test('kind comes first, fields in the order of their declaration, map keys sorted', () => {
    expect(json(configMap, { data: { b: '2', a: '1' }, metadata: { name: 'x' }, apiVersion: 'v1', kind: 'ConfigMap' })).toBe(
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x"},"data":{"a":"1","b":"2"}}',
    );
  });

  test('pointers are kept when zero, and null counts as absent', () => {
    expect(json(deployment, { spec: { replicas: 0, paused: null, minReadySeconds: null } })).toContain(
      '"spec":{"replicas":0,"selector":null',
    );
    expect(json(configMap, null)).toBe('{"metadata":{}}');
  });

  test('null items and map values become zero values; an empty list that is always written becomes null', () => {
    expect(json(configMap, { data: { a: null } })).toBe('{"metadata":{},"data":{"a":""}}');
    expect(json(secret, { data: { a: null } })).toBe('{"metadata":{},"data":{"a":""}}');
    expect(json(pod, { spec: { containers: [null] } })).toContain('"containers":[{"name":"","resources":{}}]');
    expect(json(endpointSlice, { addressType: 'IPv4', endpoints: [] })).toBe(
      '{"metadata":{},"addressType":"IPv4","endpoints":null,"ports":null}',
    );
  });

  test('quantities, times and bytes are normalised', () => {
    const { object } = decode(pod, {
      metadata: { creationTimestamp: '2024-02-29T10:00:00.5+02:00' },
      spec: { containers: [{ name: 'c', resources: { requests: { memory: '1024Mi', cpu: 0.5 } } }] },
    });
    expect(object).toMatchObject({
      metadata: { creationTimestamp: '2024-02-29T08:00:00Z' },
      spec: { containers: [{ resources: { requests: { cpu: '500m', memory: '1Gi' } } }] },
    });
    expect(decode(secret, { data: { a: 'YWJj\nZGVm' } }).object.data).toEqual({ a: 'YWJjZGVm' });
    expect(decode(lease, { spec: { renewTime: '2024-01-01T00:00:00.123456+01:00' } }).object.spec?.renewTime).toBe(
      '2023-12-31T23:00:00.123456Z',
    );
    expect(json(pod, { metadata: { creationTimestamp: '0001-01-01T00:00:00Z' } })).toContain('"metadata":{}');
  });

  test('bytes that are given as empty are bytes: they are left out where Go has omitempty, and null is none', () => {
    expect(json(secret, { data: { a: '', b: [] } })).toBe('{"metadata":{},"data":{"a":"","b":""}}');
    const request = (spec: object, status: object = {}) => decode(certificateSigningRequest, { spec, status }).object;
    expect(request({ request: '' }).spec.request).toBe('');
    expect(request({ request: [] }).spec.request).toBe('');
    expect(request({}).spec.request).toBeNull();
    const signed = request({}, { certificate: '' });
    expect(signed.status).toEqual({});
    expect(emptyAt(signed, 'status.certificate')).toBe('');
    expect(emptyAt(request({}), 'status.certificate')).toBeUndefined();
    expect(hasEmpties(signed, 'status')).toBe(false);
  });

  test('large integers survive', () => {
    const { object } = decode(pod, parseJson('{"spec":{"terminationGracePeriodSeconds":9223372036854775807}}'));
    expect(object.spec.terminationGracePeriodSeconds).toBe(9223372036854775807n);
  });

  test('a label called __proto__ is kept and changes no prototype', () => {
    const { object } = decode(configMap, parseJson('{"data":{"z":"1","__proto__":"x"}}'));
    expect(JSON.stringify(object.data)).toBe('{"__proto__":"x","z":"1"}');
    expect(Object.getPrototypeOf(object.data)).toBe(Object.prototype);
    expect(decode(configMap, parseJson('{"__proto__":{"data":{}}}')).unknown).toEqual(['unknown field "__proto__"']);
  });

  test('a schema of many levels is read in no more than its own time', () => {
    let schema: object = { type: 'string' };
    for (let level = 0; level < 60; level++) schema = { type: 'object', properties: { a: schema } };
    const spec = { versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }] };
    const [version] = decode(customResourceDefinition, { spec }).object.spec.versions;
    expect(version?.schema).toEqual({ openAPIV3Schema: schema });
  });
});

describe('mistakes, in the words of Go', () => {
  const container = (more: object): object => ({ spec: { containers: [{ name: 'c', ...more }] } });

  // sigs.k8s.io/json, `literalStore`: integers are read by strconv.ParseInt, from what is written.
  test.each([
    ['{"spec":{"ports":[{"port":80.0}]}}', 'number 80.0 into Go struct field ServicePort.spec.ports.port of type int32'],
    ['{"spec":{"ports":[{"port": 8e1}]}}', 'number 8e1 into Go struct field ServicePort.spec.ports.port of type int32'],
    ['{"spec":{"ports":[{"port":1e400}]}}', 'number 1e400 into Go struct field ServicePort.spec.ports.port of type int32'],
    ['{"spec":{"ports":[{"targetPort":8.50}]}}', 'number 8.50 into Go struct field ServicePort.spec.ports.targetPort of type int32'],
    ['{"metadata":{"generation":1.0}}', 'number 1.0 into Go struct field ObjectMeta.metadata.generation of type int64'],
    ['{"metadata":{"generation" : 1.0}}', 'number 1.0 into Go struct field ObjectMeta.metadata.generation of type int64'],
    ['{"metadata":1.0}', 'number into Go struct field Service.metadata of type v1.ObjectMeta'],
    ['{"metadata":{"name":1.0}}', 'number into Go struct field ObjectMeta.metadata.name of type string'],
  ])('%s is not of the type, by how the number is written', (text, message) => {
    expect(() => decode(service, parseJson(text), text)).toThrow(`json: cannot unmarshal ${message}`);
  });

  test('numbers with a fraction are for quantities and strings', () => {
    const text = '{"metadata":{"annotations":{"a":":1.5"}},"spec":{"containers":[{"resources":{"limits":{"cpu":1.50}}}]}}';
    expect(decode(pod, parseJson(text), text).object.spec.containers[0]?.resources?.limits).toEqual({ cpu: '1500m' });
  });

  test.each([
    [configMap, { data: ['a'] }, 'json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string'],
    [configMap, { data: { a: 1 } }, 'json: cannot unmarshal number into Go struct field ConfigMap.data of type string'],
    [configMap, { metadata: { name: true } }, 'json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.name of type string'],
    [
      configMap,
      { metadata: { labels: { a: 1 } } },
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      pod,
      container({ ports: [{ containerPort: '80' }] }),
      'json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32',
    ],
    [
      pod,
      { spec: { securityContext: [] } },
      'json: cannot unmarshal array into Go struct field PodSpec.spec.securityContext of type v1.PodSecurityContext',
    ],
    [
      pod,
      { spec: { restartPolicy: 1 } },
      'json: cannot unmarshal number into Go struct field PodSpec.spec.restartPolicy of type v1.RestartPolicy',
    ],
    [
      pod,
      container({ securityContext: { capabilities: { add: [true] } } }),
      'json: cannot unmarshal bool into Go struct field Capabilities.spec.containers.securityContext.capabilities.add of type v1.Capability',
    ],
    [
      pod,
      container({ resources: { limits: 'x' } }),
      'json: cannot unmarshal string into Go struct field ResourceRequirements.spec.containers.resources.limits of type v1.ResourceList',
    ],
    [
      deployment,
      { spec: { strategy: { rollingUpdate: { maxSurge: true } } } },
      'json: cannot unmarshal bool into Go struct field RollingUpdateDeployment.spec.strategy.rollingUpdate.maxSurge of type int32',
    ],
    [
      service,
      { spec: { ports: [{ port: '80' }] } },
      'json: cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32',
    ],
    [
      deployment,
      { spec: { replicas: 1.5 } },
      'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      deployment,
      { spec: { replicas: 3e9 } },
      'json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      pod,
      container({ resources: { limits: { cpu: 'lots' } } }),
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [
      lease,
      { spec: { renewTime: '2024-01-01T00:00:00Z' } },
      'parsing time "2024-01-01T00:00:00Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
    ],
    [
      pod,
      { metadata: { creationTimestamp: 'today' } },
      'parsing time "today" as "2006-01-02T15:04:05Z07:00": cannot parse "today" as "2006"',
    ],
  ])('%#', (message, raw, text) => {
    expect(failure(message, raw)).toBe(`DecodeError: ${text}`);
  });

  test.each([
    ['*', 0],
    ['/', 0],
    ['Always', 4],
    ['QUJD\nQ', 5],
    ['Q===', 1],
    ['QQ=', 3],
    ['QQ=Q', 2],
    ['QQ==Q', 4],
    ['QUI=\n=', 5],
  ])('%j is no base64, from byte %i on', (a, at) => {
    expect(failure(secret, { data: { a } })).toBe(`DecodeError: illegal base64 data at input byte ${at}`);
  });

  test('the first wrong type is reported, but a refused text comes before it', () => {
    expect(failure(configMap, { data: 1, immutable: 'x' })).toContain('ConfigMap.data');
    expect(failure(pod, { spec: { hostname: 1, containers: [{ resources: { limits: { cpu: 'x' } } }] } })).toContain(
      'quantities must match',
    );
  });
});

describe('unknown and repeated fields', () => {
  test('unknown fields are dropped and reported with their path, in document order', () => {
    const { object, unknown } = decode(pod, {
      foo: 1,
      spec: { containers: [{ bar: {} }, { name: 'b', Image: 'x' }] },
      metadata: { Labels: {} },
    });
    expect(unknown).toEqual([
      'unknown field "foo"',
      'unknown field "spec.containers[0].bar"',
      'unknown field "spec.containers[1].Image"',
      'unknown field "metadata.Labels"',
    ]);
    expect(JSON.stringify(object)).toBe(
      '{"metadata":{},"spec":{"containers":[{"name":"","resources":{}},{"name":"b","resources":{}}]},"status":{}}',
    );
  });

  test('repeated ones are told apart from unknown ones, in document order', () => {
    const text =
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":{"a":"1","a":"2"},"foo":1},"data":{"k":"v"},"data":{"k":"w"},"extra":{"deep":1},"Immutable":true}';
    const raw = parseJson(text);
    expect(decodeText(configMap, raw, text).unknown).toEqual([
      'duplicate field "metadata.labels.a"',
      'unknown field "metadata.foo"',
      'duplicate field "data"',
      'unknown field "extra"',
      'unknown field "Immutable"',
    ]);
    expect(duplicateFields(text)).toEqual(['duplicate field "metadata.labels.a"', 'duplicate field "data"']);
  });

  test('a repeated field is read into what was there: structs and maps are joined, a null takes away only what can be nothing', () => {
    const read = (text: string) => decodeText(pod, parseJson(text), text);
    const text =
      '{"metadata":{"name":"a","name":null,"labels":{"a":"1"}},"metadata":{"labels":{"b":"2"},"annotations":null},' +
      '"spec":{"hostNetwork":true,"hostNetwork":null,"priority":1,"priority":null,"containers":[{"name":"c"}]},"spec":{"nodeName":"n"}}';
    const { object, unknown } = read(text);
    expect(object).toMatchObject({
      metadata: { name: 'a', labels: { a: '1', b: '2' } },
      spec: { hostNetwork: true, containers: [{ name: 'c' }], nodeName: 'n' },
    });
    expect(object).not.toHaveProperty('spec.priority');
    expect(unknown).toContain('duplicate field "spec.hostNetwork"');
    expect(() => read('{"metadata":{"creationTimestamp":{},"creationTimestamp":null}}')).toThrow(
      'json: cannot unmarshal object into Go struct field ObjectMeta.metadata.creationTimestamp of type string',
    );
    expect(() => read('{"metadata":{"name":true,"name":"a"}}')).toThrow(
      'json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.name of type string',
    );
  });

  test('quotes, colons and braces inside strings are not taken for keys', () => {
    const text = '{"a\\"b":"x\\":\\\\","c" : [{"d":"{:"}, ":" ]}';
    expect(duplicateFields(text)).toEqual([]);
    expect(duplicateFields('{"a":[{"b":1},{"b":{"c":1,"c":2}}]}')).toEqual(['duplicate field "a[1].b.c"']);
  });

  test('undefined in an object made by code is no field at all', () => {
    expect(decode(configMap, { metadata: { name: 'x', labels: undefined }, bogus: undefined })).toEqual({
      object: { metadata: { name: 'x' } },
      unknown: [],
    });
  });
});
