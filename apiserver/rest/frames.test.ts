import { expect, test } from 'vitest';
import { decodeProtobuf } from '../../api/schema.ts';
import type { Resource } from '../registry/resource.ts';
import type { Entry } from '../watch-cache/entry.ts';
import { partialProtobufFrames } from './frames.ts';
import { partialMessage } from './partial-message.ts';

test('metadata is watched as protobuf, of custom resources too', () => {
  const wire = { kind: 'Widget', apiVersion: 'example.com/v1' };
  const writer = partialProtobufFrames({ wire, type: {}, strategy: {} } as Resource, { form: 'PartialObjectMetadata', version: 'v1' });
  const bytes = Buffer.from('{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"n":1}}\n');
  const frame = writer.change('MODIFIED', { bytes } as Entry);
  expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
  expect(frame.subarray(6, 14).toString()).toBe('MODIFIED');
  const envelope = decodeProtobuf(frame.subarray(frame.indexOf('k8s\0')));
  expect(envelope).toMatchObject({ apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata' });
  expect(envelope.decode(partialMessage)).toMatchObject({ metadata: { name: 'a' } });
});
