import { expect, it } from 'vitest';
import { crossVersionObjectReference } from '../autoscaling/v2/metric.ts';
import { objectReference } from '../core/v1/references.ts';
import { service } from '../core/v1/service.ts';
import { status } from '../meta/v1/status.ts';
import { inFieldOrder } from './field-order.ts';

const ordered = (...args: Parameters<typeof inFieldOrder>): string => JSON.stringify(inFieldOrder(...args));

it('writes what defaults have filled in where Go has it', () => {
  const object = {
    metadata: { name: 'a', labels: { b: '1', a: '2' } },
    spec: { type: 'ClusterIP', ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }], clusterIP: '10.96.0.9' },
    apiVersion: 'v1',
    kind: 'Service',
    unknown: { z: 1, a: 2 },
  };
  expect(ordered(service, object)).toBe(
    '{"kind":"Service","apiVersion":"v1","metadata":{"name":"a","labels":{"a":"2","b":"1"}},' +
      '"spec":{"ports":[{"protocol":"TCP","port":80,"targetPort":80}],"clusterIP":"10.96.0.9","type":"ClusterIP"},"unknown":{"z":1,"a":2}}',
  );
});

it('writes references that were declared in another order than Go has', () => {
  const reference = { apiVersion: 'v1', kind: 'A', name: 'b', uid: 'c' };
  expect(ordered(objectReference, reference)).toBe('{"kind":"A","name":"b","uid":"c","apiVersion":"v1"}');
  expect(ordered(crossVersionObjectReference, { apiVersion: 'v1', kind: 'A', name: 'b' })).toBe(
    '{"kind":"A","name":"b","apiVersion":"v1"}',
  );
  expect(ordered(status, { details: { kind: 'A', name: 'b', group: 'c' } })).toBe('{"details":{"name":"b","group":"c","kind":"A"}}');
});

it('takes what does not fit its schema as it is', () => {
  const odd = { kind: 'Service', spec: { ports: { a: 1 }, selector: ['x'] }, status: null };
  expect(inFieldOrder(service, odd)).toEqual(odd);
});
