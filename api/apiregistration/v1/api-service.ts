import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, bytes, int32, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const serviceReference = message('io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.ServiceReference', '', () => ({
  namespace: string(1, ''),
  name: string(2, ''),
  port: int32(3, '', { pointer: true }),
}));
export interface ServiceReference extends Of<typeof serviceReference> {}

export const apiServiceSpec = message('io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceSpec', '', () => ({
  service: ref(serviceReference, 1, '', { pointer: true }),
  group: string(2, ''),
  version: string(3, ''),
  insecureSkipTLSVerify: bool(4, ''),
  caBundle: bytes(5, '', { listType: 'atomic' }),
  groupPriorityMinimum: int32(7, '', { required: true }),
  versionPriority: int32(8, '', { required: true }),
}));
export interface APIServiceSpec extends Of<typeof apiServiceSpec> {}

export const apiServiceCondition = message('io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceCondition', '', () => ({
  type: string(1, '', { required: true }),
  status: string(2, '', { required: true }),
  lastTransitionTime: time(3, ''),
  reason: string(4, ''),
  message: string(5, ''),
}));
export interface APIServiceCondition extends Of<typeof apiServiceCondition> {}

export const apiServiceStatus = message('io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceStatus', '', () => ({
  conditions: list(of(apiServiceCondition), 1, '', {
    listType: 'map',
    listMapKeys: ['type'],
    patchMergeKey: 'type',
    patchStrategy: 'merge',
  }),
}));
export interface APIServiceStatus extends Of<typeof apiServiceStatus> {}

export const apiService = message('io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(apiServiceSpec, 2, '', { present: true }),
  status: ref(apiServiceStatus, 3, '', { present: true }),
}));
export interface APIService extends Of<typeof apiService> {}
