import { expect, test } from 'vitest';
import { coreKinds } from '../../api/index.ts';
import { WireForm } from './wire-form.ts';

const wire = new WireForm(coreKinds.configmaps);
const object = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'ä', resourceVersion: '4' }, data: { k: '"\u2028"' } };

test('a served object is the stored one with its revision, without parsing', () => {
  const stored = wire.encode(object);
  expect(stored.toString()).toBe('{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"ä"},"data":{"k":"\\"\\u2028\\""}}');
  const served = wire.serve(stored, 12);
  expect(served.toString().endsWith('}\n')).toBe(true);
  expect(JSON.parse(served.toString())).toEqual({ ...object, metadata: { resourceVersion: '12', name: 'ä' } });
  expect(JSON.parse(`{${served.subarray(wire.itemAt).toString()}`)).toEqual({
    metadata: { resourceVersion: '12', name: 'ä' },
    data: object.data,
  });
});

test('encoding leaves the object as it was', () => {
  wire.encode(object);
  expect(object.metadata.resourceVersion).toBe('4');
});

test('a revision is replaced by one of another length', () => {
  const served = wire.serve(wire.encode(object), 99);
  expect(wire.withRevision(served, 99, 100)).toEqual(wire.serve(wire.encode(object), 100));
});

test('bytes of another layout are recognised', () => {
  expect(wire.isStored(wire.encode(object))).toBe(true);
  expect(wire.isStored(Buffer.from('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}'))).toBe(false);
});
