// How a driver tells a kubelet of itself: pluginregistration/v1 (staging/src/k8s.io/kubelet/pkg/apis/pluginregistration/v1/api.proto).
import { bool, type MessageOf, message, methodsOf, string, strings } from '../../runtime/grpc.ts';

/** What a driver is, and where and in which versions it is reached. */
export const PluginInfo = message({ type: string(1), name: string(2), endpoint: string(3), supportedVersions: strings(4) });
export type PluginInfo = MessageOf<typeof PluginInfo>;

const method = methodsOf('pluginregistration.Registration');
export const REGISTRATION = {
  getInfo: method('GetInfo', message({}), PluginInfo),
  notifyRegistrationStatus: method('NotifyRegistrationStatus', message({ pluginRegistered: bool(1), error: string(2) }), message({})),
};
