import { bool, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { objectFieldSelector, resourceFieldSelector } from './references.ts';

export const configMapEnvSource = message('io.k8s.api.core.v1.ConfigMapEnvSource', 'A config map whose keys all become variables.', () => ({
  name: string([1, 1], "Name of the config map, in the pod's namespace.", { default: '' }),
  optional: bool(2, 'True starts the container even if the config map is missing.', { pointer: true }),
}));
export interface ConfigMapEnvSource extends Of<typeof configMapEnvSource> {}

export const configMapKeySelector = message(
  'io.k8s.api.core.v1.ConfigMapKeySelector',
  'One key of a config map.',
  () => ({
    name: string([1, 1], "Name of the config map, in the pod's namespace.", { default: '' }),
    key: string(2, 'Key to take the value of.', { required: true }),
    optional: bool(3, 'True goes on even if the config map or the key is missing.', { pointer: true }),
  }),
  { mapType: 'atomic' },
);
export interface ConfigMapKeySelector extends Of<typeof configMapKeySelector> {}

export const secretEnvSource = message('io.k8s.api.core.v1.SecretEnvSource', 'A secret whose keys all become variables.', () => ({
  name: string([1, 1], "Name of the secret, in the pod's namespace.", { default: '' }),
  optional: bool(2, 'True starts the container even if the secret is missing.', { pointer: true }),
}));
export interface SecretEnvSource extends Of<typeof secretEnvSource> {}

export const envFromSource = message('io.k8s.api.core.v1.EnvFromSource', 'A config map or secret to take variables from.', () => ({
  prefix: string(1, 'Text to put before each name.'),
  configMapRef: ref(configMapEnvSource, 2, 'The config map to read.', { pointer: true }),
  secretRef: ref(secretEnvSource, 3, 'The secret to read.', { pointer: true }),
}));
export interface EnvFromSource extends Of<typeof envFromSource> {}

export const secretKeySelector = message(
  'io.k8s.api.core.v1.SecretKeySelector',
  'One key of a secret.',
  () => ({
    name: string([1, 1], "Name of the secret, in the pod's namespace.", { default: '' }),
    key: string(2, 'Key to take the value of.', { required: true }),
    optional: bool(3, 'True goes on even if the secret or the key is missing.', { pointer: true }),
  }),
  { mapType: 'atomic' },
);
export interface SecretKeySelector extends Of<typeof secretKeySelector> {}

export const fileKeySelector = message(
  'io.k8s.api.core.v1.FileKeySelector',
  'One variable in a file of NAME=VALUE lines on a volume.',
  () => ({
    volumeName: string(1, 'Name of the volume with the file; an emptyDir.', { required: true }),
    path: string(2, "Path of the file, relative to the volume's root and without dots that lead out of it.", { required: true }),
    key: string(3, 'Name of the variable in the file.', { required: true }),
    optional: bool(4, 'True goes on even if the file or the key is missing.', { pointer: true, default: false }),
  }),
  { mapType: 'atomic' },
);
export interface FileKeySelector extends Of<typeof fileKeySelector> {}

export const envVarSource = message(
  'io.k8s.api.core.v1.EnvVarSource',
  'Where a variable takes its value from; exactly one source.',
  () => ({
    fieldRef: ref(objectFieldSelector, 1, 'A field of the pod, such as metadata.name, spec.nodeName or status.podIP.', { pointer: true }),
    resourceFieldRef: ref(resourceFieldSelector, 2, 'A request or limit of a container, such as limits.memory.', { pointer: true }),
    configMapKeyRef: ref(configMapKeySelector, 3, 'A key of a config map.', { pointer: true }),
    secretKeyRef: ref(secretKeySelector, 4, 'A key of a secret.', { pointer: true }),
    fileKeyRef: ref(fileKeySelector, 5, "A key in a file on one of the pod's volumes.", { pointer: true }),
  }),
);
export interface EnvVarSource extends Of<typeof envVarSource> {}

export const envVar = message('io.k8s.api.core.v1.EnvVar', 'One environment variable.', () => ({
  name: string(1, 'Name of the variable: printable ASCII without an equals sign.', { required: true }),
  value: string(2, 'Its value; $(NAME) stands for a variable defined earlier, $$ for a dollar. Empty unless given.'),
  valueFrom: ref(envVarSource, 3, 'Where to take the value from; not together with value.', { pointer: true }),
}));
export interface EnvVar extends Of<typeof envVar> {}
