import { bool, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { objectFieldSelector, resourceFieldSelector } from './references.ts';

export const configMapEnvSource = message('io.k8s.api.core.v1.ConfigMapEnvSource', '', () => ({
  name: string([1, 1], ''),
  optional: bool(2, '', { pointer: true }),
}));
export interface ConfigMapEnvSource extends Of<typeof configMapEnvSource> {}

export const configMapKeySelector = message(
  'io.k8s.api.core.v1.ConfigMapKeySelector',
  '',
  () => ({
    name: string([1, 1], ''),
    key: string(2, '', { required: true }),
    optional: bool(3, '', { pointer: true }),
  }),
  { mapType: 'atomic' },
);
export interface ConfigMapKeySelector extends Of<typeof configMapKeySelector> {}

export const secretEnvSource = message('io.k8s.api.core.v1.SecretEnvSource', '', () => ({
  name: string([1, 1], ''),
  optional: bool(2, '', { pointer: true }),
}));
export interface SecretEnvSource extends Of<typeof secretEnvSource> {}

export const envFromSource = message('io.k8s.api.core.v1.EnvFromSource', '', () => ({
  prefix: string(1, ''),
  configMapRef: ref(configMapEnvSource, 2, '', { pointer: true }),
  secretRef: ref(secretEnvSource, 3, '', { pointer: true }),
}));
export interface EnvFromSource extends Of<typeof envFromSource> {}

export const secretKeySelector = message(
  'io.k8s.api.core.v1.SecretKeySelector',
  '',
  () => ({
    name: string([1, 1], ''),
    key: string(2, '', { required: true }),
    optional: bool(3, '', { pointer: true }),
  }),
  { mapType: 'atomic' },
);
export interface SecretKeySelector extends Of<typeof secretKeySelector> {}

export const fileKeySelector = message(
  'io.k8s.api.core.v1.FileKeySelector',
  '',
  () => ({
    volumeName: string(1, '', { required: true }),
    path: string(2, '', { required: true }),
    key: string(3, '', { required: true }),
    optional: bool(4, '', { pointer: true }),
  }),
  { mapType: 'atomic' },
);
export interface FileKeySelector extends Of<typeof fileKeySelector> {}

export const envVarSource = message('io.k8s.api.core.v1.EnvVarSource', '', () => ({
  fieldRef: ref(objectFieldSelector, 1, '', { pointer: true }),
  resourceFieldRef: ref(resourceFieldSelector, 2, '', { pointer: true }),
  configMapKeyRef: ref(configMapKeySelector, 3, '', { pointer: true }),
  secretKeyRef: ref(secretKeySelector, 4, '', { pointer: true }),
  fileKeyRef: ref(fileKeySelector, 5, '', { pointer: true }),
}));
export interface EnvVarSource extends Of<typeof envVarSource> {}

export const envVar = message('io.k8s.api.core.v1.EnvVar', '', () => ({
  name: string(1, '', { required: true }),
  value: string(2, ''),
  valueFrom: ref(envVarSource, 3, '', { pointer: true }),
}));
export interface EnvVar extends Of<typeof envVar> {}
