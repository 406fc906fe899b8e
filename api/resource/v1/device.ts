import { rawExtension, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const celDeviceSelector = message('io.k8s.api.resource.v1.CELDeviceSelector', '', () => ({
  expression: string(1, '', { required: true }),
}));
export interface CELDeviceSelector extends Of<typeof celDeviceSelector> {}

export const deviceSelector = message('io.k8s.api.resource.v1.DeviceSelector', '', () => ({
  cel: ref(celDeviceSelector, 1, '', { pointer: true }),
}));
export interface DeviceSelector extends Of<typeof deviceSelector> {}

export const opaqueDeviceConfiguration = message('io.k8s.api.resource.v1.OpaqueDeviceConfiguration', '', () => ({
  driver: string(1, '', { required: true }),
  parameters: rawExtension(2, '', { required: true }),
}));
export interface OpaqueDeviceConfiguration extends Of<typeof opaqueDeviceConfiguration> {}
