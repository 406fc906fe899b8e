import { rawExtension, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const celDeviceSelector = message('io.k8s.api.resource.v1.CELDeviceSelector', 'A test on a device in CEL.', () => ({
  expression: string(1, 'Expression over device, with its driver, attributes and capacity; true chooses it.', { required: true }),
}));
export interface CELDeviceSelector extends Of<typeof celDeviceSelector> {}

export const deviceSelector = message('io.k8s.api.resource.v1.DeviceSelector', 'A test on a device.', () => ({
  cel: ref(celDeviceSelector, 1, 'The test in CEL; required.', { pointer: true }),
}));
export interface DeviceSelector extends Of<typeof deviceSelector> {}

export const opaqueDeviceConfiguration = message(
  'io.k8s.api.resource.v1.OpaqueDeviceConfiguration',
  'Settings that only a driver understands.',
  () => ({
    driver: string(1, 'Name of the driver they are for.', { required: true }),
    parameters: rawExtension(2, "The settings, with a kind and apiVersion of the driver's making; at most 10 KiB.", { required: true }),
  }),
);
export interface OpaqueDeviceConfiguration extends Of<typeof opaqueDeviceConfiguration> {}
