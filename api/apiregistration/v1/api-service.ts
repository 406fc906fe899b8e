import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, bytes, int32, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const serviceReference = message(
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.ServiceReference',
  'A service that serves part of the API.',
  () => ({
    namespace: string(1, 'Namespace of the service.'),
    name: string(2, 'Name of the service.'),
    port: int32(3, 'Port of the service; 443 unless given.', { pointer: true }),
  }),
);
export interface ServiceReference extends Of<typeof serviceReference> {}

export const apiServiceSpec = message(
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceSpec',
  'Which part of the API is served by whom.',
  () => ({
    service: ref(serviceReference, 1, 'Service requests are passed on to; absent if this API server answers itself.', { pointer: true }),
    group: string(2, 'The API group.'),
    version: string(3, 'The version.'),
    insecureSkipTLSVerify: bool(4, "True does not check the service's certificate; better to give caBundle."),
    caBundle: bytes(5, "Authorities to check the service's certificate with, in PEM; the system's unless given.", { listType: 'atomic' }),
    groupPriorityMinimum: int32(7, 'Rank of the group among others, higher first, 1 to 20000; the highest of its versions counts.', {
      required: true,
    }),
    versionPriority: int32(8, 'Rank of the version in its group, higher first, 1 to 1000.', { required: true }),
  }),
);
export interface APIServiceSpec extends Of<typeof apiServiceSpec> {}

export const apiServiceCondition = message(
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceCondition',
  'One aspect: Available is the only one.',
  () => ({
    type: string(1, 'Which aspect of the object this condition speaks of.', { required: true }),
    status: string(2, 'True, False or Unknown.', { required: true }),
    lastTransitionTime: time(3, 'When status last went from one value to another.'),
    reason: string(4, 'One CamelCase word for programs: why the condition last changed.'),
    message: string(5, 'Explanation for people of why the condition last changed.'),
  }),
);
export interface APIServiceCondition extends Of<typeof apiServiceCondition> {}

export const apiServiceStatus = message(
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceStatus',
  'Whether that part of the API can be reached.',
  () => ({
    conditions: list(of(apiServiceCondition), 1, 'Whether it is available.', {
      listType: 'map',
      listMapKeys: ['type'],
      patchMergeKey: 'type',
      patchStrategy: 'merge',
    }),
  }),
);
export interface APIServiceStatus extends Of<typeof apiServiceStatus> {}

export const apiService = message(
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService',
  'One group and version of the API, and who serves it; called VERSION.GROUP.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(apiServiceSpec, 2, 'Which part of the API is served by whom.', { present: true }),
    status: ref(apiServiceStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
  }),
);
export interface APIService extends Of<typeof apiService> {}
