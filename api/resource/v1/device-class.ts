import { objectMeta } from '../../meta/v1/object-meta.ts';
import { list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { deviceSelector, opaqueDeviceConfiguration } from './device.ts';

export const deviceClassConfiguration = message(
  'io.k8s.api.resource.v1.DeviceClassConfiguration',
  'Settings for devices of a class.',
  () => ({
    opaque: ref(opaqueDeviceConfiguration, [1, 1], 'Settings that only the driver understands.', { pointer: true }),
  }),
);
export interface DeviceClassConfiguration extends Of<typeof deviceClassConfiguration> {}

export const deviceClassSpec = message(
  'io.k8s.api.resource.v1.DeviceClassSpec',
  'Which devices are of a class, and how they are set up.',
  () => ({
    selectors: list(of(deviceSelector), 1, 'Tests that a device must all pass.', { listType: 'atomic' }),
    config: list(of(deviceClassConfiguration), 2, 'Settings for each device of the class that is allocated.', { listType: 'atomic' }),
    extendedResourceName: string(4, 'Extended resource that pods can ask for to get a device of the class; the newest class wins.', {
      pointer: true,
    }),
  }),
);
export interface DeviceClassSpec extends Of<typeof deviceClassSpec> {}

export const deviceClass = message('io.k8s.api.resource.v1.DeviceClass', 'A class of devices, from which claims can ask for some.', () => ({
  apiVersion: string(undefined, 'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.'),
  kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
  metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
    present: true,
  }),
  spec: ref(deviceClassSpec, 2, 'Which devices are of the class, and how they are set up.', { required: true }),
}));
export interface DeviceClass extends Of<typeof deviceClass> {}
