import { describe, expect, test } from 'vitest';
import { customResourceDefinition } from '../../apiextensions/v1/custom-resource-definition.ts';
import { deployment } from '../../apps/v1/deployment.ts';
import { lease } from '../../coordination/v1/lease.ts';
import { configMap } from '../../core/v1/config-map.ts';
import { pod } from '../../core/v1/pod.ts';
import { resourceQuota } from '../../core/v1/quota.ts';
import { ingress } from '../../networking/v1/ingress.ts';
import { podDisruptionBudget } from '../../policy/v1/pod-disruption-budget.ts';
import type { AnyMessage } from '../../schema/message.ts';
import { decode } from '../decode.ts';
import { decodeProtobuf, encodeProtobuf, encodeProtobufList, encodeProtobufWatchEvent, PROTOBUF_MAGIC } from './index.ts';

/** Bodies that `kubectl create` 1.33 sent. */
const FROM_KUBECTL: readonly (readonly [string, AnyMessage, string, string])[] = [
  [
    'Deployment',
    deployment,
    'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50ErgBCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEoYBCAMSDAoKCgNhcHASA3dlYhpsChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEkwSLgoFbmdpbngSBW5naW54KgAyCgoAEAAYUCIAKgBCAGoAcgCAAQCIAQCQAQCiAQAaADIAQgBKAFIAWABgAGgAggEAigEAmgEAwgEAIgIKACgAOAAaDAgAEAAYACAAKAA4ABoAIgA=',
    '{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"web","labels":{"app":"web"}},"spec":{"replicas":3,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"nginx","image":"nginx","ports":[{"containerPort":80}],"resources":{}}]}},"strategy":{}},"status":{}}',
  ],
  [
    'ResourceQuota',
    resourceQuota,
    'azhzAAoTCgJ2MRINUmVzb3VyY2VRdW90YRI0ChEKAXESABoAIgAqADIAOABCABIdCgoKA2NwdRIDCgExCg8KBm1lbW9yeRIFCgMxR2kaABoAIgA=',
    '{"kind":"ResourceQuota","apiVersion":"v1","metadata":{"name":"q"},"spec":{"hard":{"cpu":"1","memory":"1Gi"}},"status":{}}',
  ],
  [
    'PodDisruptionBudget',
    podDisruptionBudget,
    'azhzAAogCglwb2xpY3kvdjESE1BvZERpc3J1cHRpb25CdWRnZXQSNgoRCgFwEgAaACIAKgAyADgAQgASFQoJCAEQABoDNTAlEggKBgoBYRIBYhoKCAAYACAAKAAwABoAIgA=',
    '{"kind":"PodDisruptionBudget","apiVersion":"policy/v1","metadata":{"name":"p"},"spec":{"minAvailable":"50%","selector":{"matchLabels":{"a":"b"}}},"status":{"disruptionsAllowed":0,"currentHealthy":0,"desiredHealthy":0,"expectedPods":0}}',
  ],
  [
    'Ingress',
    ingress,
    'azhzAAofChRuZXR3b3JraW5nLms4cy5pby92MRIHSW5ncmVzcxI8ChEKAWkSABoAIgAqADIAOABCABIjGiEKAWgSHAoaChgKAi9wEgsiCQoBcxIECgAQUBoFRXhhY3QaAgoAGgAiAA==',
    '{"kind":"Ingress","apiVersion":"networking.k8s.io/v1","metadata":{"name":"i"},"spec":{"rules":[{"host":"h","http":{"paths":[{"path":"/p","pathType":"Exact","backend":{"service":{"name":"s","port":{"number":80}}}}]}}]},"status":{"loadBalancer":{}}}',
  ],
];

const meta = { apiVersion: 'v1', kind: 'Thing' };
const roundTrip = (message: AnyMessage, object: unknown): unknown =>
  decodeProtobuf(encodeProtobuf(message, object, { apiVersion: '', kind: '' })).decode(message);

describe('protobuf bodies', () => {
  test.each(FROM_KUBECTL)('a %s as Go writes it', (kind, message, base64, json) => {
    const body = decodeProtobuf(Buffer.from(base64, 'base64'));
    expect(body.kind).toBe(kind);
    const object = body.decode(message);
    expect(JSON.stringify(object)).toBe(json);
    expect(decodeProtobuf(encodeProtobuf(message, object, body)).decode(message)).toEqual(object);
  });

  test('inlined structs, numbers of every size, times and raw JSON', () => {
    const object = decode(pod, {
      metadata: {
        creationTimestamp: '2024-05-06T07:08:09Z',
        managedFields: [{ manager: 'm', fieldsV1: { 'f:spec': { '.': {} } } }],
        annotations: { ünï: 'ḉ\u{1f600}', long: 'x'.repeat(20_000) },
      },
      spec: {
        terminationGracePeriodSeconds: -9223372036854775808n,
        activeDeadlineSeconds: 4_294_967_296,
        priority: -2_000_000_000,
        volumes: [
          { name: 'a', hostPath: { path: '/x', type: '' } },
          { name: 'b', emptyDir: {} },
        ],
        containers: [{ name: 'c', livenessProbe: { httpGet: { port: 'web' }, periodSeconds: 200 } }],
      },
    }).object;
    expect(roundTrip(pod, object)).toEqual(object);
    const times = decode(lease, { spec: { renewTime: '2024-05-06T07:08:09.123456Z', leaseDurationSeconds: 15 } }).object;
    expect(roundTrip(lease, times)).toEqual(times);
  });

  test('the schema of a CRD, whose JSON unions have fields of their own', () => {
    const schema = {
      type: 'object',
      default: { a: [1, null] },
      properties: {
        a: { type: 'array', items: { type: 'string' }, enum: [1, 'x', { y: true }] },
        b: { additionalProperties: false, additionalItems: { type: 'integer', maximum: 1.5 } },
        c: { items: [{ type: 'string' }, { type: 'number' }], dependencies: { d: ['e', 'f'], g: { type: 'object' } } },
        d: { additionalProperties: true },
      },
    };
    const spec = {
      group: 'g',
      names: { kind: 'K', plural: 'ks' },
      scope: 'Namespaced',
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    };
    const { object, unknown } = decode(customResourceDefinition, { spec });
    expect(unknown).toEqual([]);
    expect(roundTrip(customResourceDefinition, object)).toEqual(object);
  });

  test('what is a value in Go is written when it is zero, too, a pointer is not; maps by their keys', () => {
    const bytes = encodeProtobuf(configMap, { metadata: { name: 'x' }, data: { b: '2', a: '1' } }, meta);
    const metadata = '\x0a\x01x\x12\0\x1a\0\x22\0\x2a\0\x32\0\x38\0\x42\0';
    const raw = `\x0a\x11${metadata}\x12\x06\x0a\x01a\x12\x011\x12\x06\x0a\x01b\x12\x012`;
    expect(bytes.toString('latin1')).toContain(raw);
    const spec = encodeProtobuf(
      pod,
      decode(pod, { metadata: {}, spec: { containers: [{ name: 'c', ports: [{ containerPort: 80 }] }] } }).object,
      meta,
    );
    expect(spec.toString('latin1')).toContain('\x32\x0a\x0a\0\x10\0\x18\x50\x22\0\x2a\0'); // a port: name, hostPort, containerPort, protocol, hostIP
  });

  test('a list holds its items in order', () => {
    const items = ['a', 'b'].map((name) => decode(configMap, { metadata: { name } }).object);
    const bytes = encodeProtobufList(configMap, { metadata: { resourceVersion: '5' }, items }, { apiVersion: 'v1', kind: 'ConfigMapList' });
    const body = decodeProtobuf(bytes);
    expect(body.kind).toBe('ConfigMapList');
    expect(bytes.indexOf('a')).toBeLessThan(bytes.lastIndexOf('b'));
  });

  test('a watch frame is its length, the type and the object', () => {
    const frame = encodeProtobufWatchEvent('ADDED', encodeProtobuf(configMap, { metadata: { name: 'x' } }, meta));
    expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
    expect(frame.subarray(4, 11).toString('latin1')).toBe('\n\x05ADDED');
    expect(frame.includes(PROTOBUF_MAGIC)).toBe(true);
  });

  test('packed numbers and unknown fields are understood', () => {
    // supplementalGroups = 4 packed [1, 300]; field 99 a varint.
    const securityContext = Buffer.from([0x22, 3, 1, 0xac, 2, 0x98, 6, 7]);
    const spec = Buffer.concat([Buffer.from([0x72, securityContext.length]), securityContext]);
    const raw = Buffer.concat([Buffer.from([0x12, spec.length]), spec]);
    const body = Buffer.concat([PROTOBUF_MAGIC, Buffer.from([0x12, raw.length]), raw]);
    expect(decodeProtobuf(body).decode(pod).spec.securityContext).toEqual({ supplementalGroups: [1, 300] });
  });

  test.each([
    ['', 'empty data'],
    ['k8s\0', 'empty body'],
    ['{}', 'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]'],
    ['k8s\0\x12\x05abc', 'unexpected EOF'],
    ['k8s\0\x00', 'proto: illegal tag 0 (wire type 0)'],
    ['k8s\0\x2b', 'proto: illegal wireType 3'],
    ['k8s\0\x12\x02\x10\x01', 'proto: wrong wireType = 0 for field Data'],
    [`k8s\0\x18${'\xff'.repeat(11)}`, 'proto: integer overflow'],
  ])('%j is refused', (text, message) => {
    expect(() => decodeProtobuf(Buffer.from(text, 'latin1')).decode(configMap)).toThrow(message);
  });
});
