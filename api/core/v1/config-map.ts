import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, item, map, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const configMap = message('io.k8s.api.core.v1.ConfigMap', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  immutable: bool(4, '', { pointer: true }),
  data: map(item.string(), 2, ''),
  binaryData: map(item.bytes(), 3, ''),
}));
export interface ConfigMap extends Of<typeof configMap> {}

export const secret = message('io.k8s.api.core.v1.Secret', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  immutable: bool(5, '', { pointer: true }),
  data: map(item.bytes(), 2, ''),
  stringData: map(item.string(), 4, ''),
  type: string(3, ''),
}));
export interface Secret extends Of<typeof secret> {}
