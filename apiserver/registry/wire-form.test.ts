import { describe, expect, test } from 'vitest';
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

describe('the revision stands where Go writes it', () => {
  const meta = {
    managedFields: [{ manager: 'm', fieldsV1: {}, apiVersion: 'v1' }],
    ownerReferences: [{ uid: 'o', apiVersion: 'v1', kind: 'A', name: 'b' }],
    annotations: { resourceVersion: '5', uid: 'x' },
    labels: { uid: 'y' },
    generation: 1,
    creationTimestamp: '2026-01-02T03:04:05Z',
    uid: 'u',
    namespace: 'n',
    name: 'a\\"uid":"',
  };
  const stamped = (form: WireForm): string =>
    form.serve(form.encode({ data: { b: '1' }, alpha: 1, metadata: meta } as never), 7).toString();

  test('of a struct: behind the uid, and metadata in the order of its declaration', () => {
    expect(stamped(wire)).toBe(
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a\\\\\\"uid\\":\\"","namespace":"n","uid":"u","resourceVersion":"7","generation":1,' +
        '"creationTimestamp":"2026-01-02T03:04:05Z","labels":{"uid":"y"},"annotations":{"resourceVersion":"5","uid":"x"},' +
        '"ownerReferences":[{"uid":"o","apiVersion":"v1","kind":"A","name":"b"}],"managedFields":[{"manager":"m","fieldsV1":{},"apiVersion":"v1"}]},' +
        '"data":{"b":"1"},"alpha":1}\n',
    );
  });

  test('of a map: by name, as everything else', () => {
    const form = new WireForm({ group: 'example.com', version: 'v1', kind: 'Foo' }, true);
    const served = stamped(form);
    expect(served).toBe(
      '{"alpha":1,"apiVersion":"example.com/v1","data":{"b":"1"},"kind":"Foo","metadata":{"annotations":{"resourceVersion":"5","uid":"x"},' +
        '"creationTimestamp":"2026-01-02T03:04:05Z","generation":1,"labels":{"uid":"y"},"managedFields":[{"apiVersion":"v1","fieldsV1":{},"manager":"m"}],' +
        '"name":"a\\\\\\"uid\\":\\"","namespace":"n","ownerReferences":[{"apiVersion":"v1","kind":"A","name":"b","uid":"o"}],"resourceVersion":"7","uid":"u"}}\n',
    );
    expect(form.withRevision(Buffer.from(served), 7, 123).toString()).toBe(
      served.replace('"resourceVersion":"7"', '"resourceVersion":"123"'),
    );
  });

  test('at the beginning, where what lies in the store has no uid', () => {
    const stored = Buffer.from('{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","ownerReferences":[{"uid":"o"}]}}');
    expect(wire.serve(stored, 7).toString()).toContain('"metadata":{"resourceVersion":"7","name":"a","ownerReferences":[{"uid":"o"}]}}');
  });
});
