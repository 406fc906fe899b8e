import { objectMeta } from '../../meta/v1/object-meta.ts';
import { list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { deviceSelector, opaqueDeviceConfiguration } from './device.ts';

export const deviceClassConfiguration = message('io.k8s.api.resource.v1.DeviceClassConfiguration', '', () => ({
  opaque: ref(opaqueDeviceConfiguration, [1, 1], '', { pointer: true }),
}));
export interface DeviceClassConfiguration extends Of<typeof deviceClassConfiguration> {}

export const deviceClassSpec = message('io.k8s.api.resource.v1.DeviceClassSpec', '', () => ({
  selectors: list(of(deviceSelector), 1, '', { listType: 'atomic' }),
  config: list(of(deviceClassConfiguration), 2, '', { listType: 'atomic' }),
  extendedResourceName: string(4, '', { pointer: true }),
}));
export interface DeviceClassSpec extends Of<typeof deviceClassSpec> {}

export const deviceClass = message('io.k8s.api.resource.v1.DeviceClass', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(deviceClassSpec, 2, '', { required: true }),
}));
export interface DeviceClass extends Of<typeof deviceClass> {}
