import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, item, map, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const configMap = message(
  'io.k8s.api.core.v1.ConfigMap',
  'Configuration as keys and values, for pods to read as variables or files; at most 1 MiB.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    immutable: bool(4, 'True freezes the data for good: only the metadata may change, or the whole be deleted.', { pointer: true }),
    data: map(item.string(), 2, 'Text by key; a key is a file name of letters, digits, dashes, dots and underscores.'),
    binaryData: map(item.bytes(), 3, 'Bytes by key, base64 in JSON; a key cannot also stand in data.'),
  }),
);
export interface ConfigMap extends Of<typeof configMap> {}

export const secret = message(
  'io.k8s.api.core.v1.Secret',
  'Confidential data as keys and values, such as passwords and certificates; at most 1 MiB.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    immutable: bool(5, 'True freezes the data for good: only the metadata may change, or the whole be deleted.', { pointer: true }),
    data: map(item.bytes(), 2, 'Bytes by key, base64 in JSON; base64 is an encoding, not encryption.'),
    stringData: map(item.string(), 4, 'Plain text that the server merges into data on write, winning over it; never returned.'),
    type: string(3, 'What the secret is for, which decides the keys it must have; Opaque unless given, and fixed.'),
  }),
);
export interface Secret extends Of<typeof secret> {}
