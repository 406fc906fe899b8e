import { typedLocalObjectReference } from '../../core/v1/references.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { int32, item, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const serviceBackendPort = message(
  'io.k8s.api.networking.v1.ServiceBackendPort',
  'A port of a service, by name or number.',
  () => ({
    name: string(1, 'Name of the port; not together with number.'),
    number: int32(2, 'Number of the port, 1 to 65535; not together with name.'),
  }),
  { mapType: 'atomic' },
);
export interface ServiceBackendPort extends Of<typeof serviceBackendPort> {}

export const ingressServiceBackend = message('io.k8s.api.networking.v1.IngressServiceBackend', 'A service that answers requests.', () => ({
  name: string(1, "Name of the service, in the ingress's namespace.", { required: true }),
  port: ref(serviceBackendPort, 2, 'Which of its ports.'),
}));
export interface IngressServiceBackend extends Of<typeof ingressServiceBackend> {}

export const ingressBackend = message(
  'io.k8s.api.networking.v1.IngressBackend',
  'What answers requests: a service or another resource.',
  () => ({
    service: ref(ingressServiceBackend, 4, 'A service.', { pointer: true }),
    resource: ref(typedLocalObjectReference, 3, 'Another object in the namespace that the controller understands, such as a bucket.', {
      pointer: true,
    }),
  }),
);
export interface IngressBackend extends Of<typeof ingressBackend> {}

export const httpIngressPath = message('io.k8s.api.networking.v1.HTTPIngressPath', 'Which paths go to which backend.', () => ({
  path: string(1, 'Path to match, beginning with a slash; required with Exact and Prefix.'),
  pathType: string(3, 'Exact, Prefix (by whole elements between slashes) or ImplementationSpecific.', {
    required: true,
    nullable: true,
    enum: ['Exact', 'ImplementationSpecific', 'Prefix'],
  }),
  backend: ref(ingressBackend, 2, 'What answers.', { required: true }),
}));
export interface HTTPIngressPath extends Of<typeof httpIngressPath> {}

export const httpIngressRuleValue = message(
  'io.k8s.api.networking.v1.HTTPIngressRuleValue',
  'Paths of one host, and their backends.',
  () => ({
    paths: list(of(httpIngressPath), 1, 'The paths; the longest that matches wins.', { required: true, listType: 'atomic' }),
  }),
);
export interface HTTPIngressRuleValue extends Of<typeof httpIngressRuleValue> {}

export const ingressTLS = message('io.k8s.api.networking.v1.IngressTLS', 'Hosts served over TLS, and their certificate.', () => ({
  hosts: list(item.string(), 1, "Hosts the certificate covers; the controller's own choice unless given.", { listType: 'atomic' }),
  secretName: string(2, 'Secret with the certificate and key; SNI picks among several by host.'),
}));
export interface IngressTLS extends Of<typeof ingressTLS> {}

export const ingressRule = message('io.k8s.api.networking.v1.IngressRule', 'Where requests for one host go.', () => ({
  host: string(1, 'Full host name, or *.example.com for one label more; every host unless given. No port, no address.'),
  http: ref(httpIngressRuleValue, [2, 1], 'Where they go by path; all to the default backend unless given.', { pointer: true }),
}));
export interface IngressRule extends Of<typeof ingressRule> {}

export const ingressSpec = message('io.k8s.api.networking.v1.IngressSpec', 'Which requests from outside go to which services.', () => ({
  ingressClassName: string(4, 'Class, and so the controller, that serves it; the default class unless given.', { pointer: true }),
  defaultBackend: ref(ingressBackend, 1, 'Answers what no rule matches; needed if there are no rules.', { pointer: true }),
  tls: list(of(ingressTLS), 2, 'Hosts served over TLS, on port 443.', { listType: 'atomic' }),
  rules: list(of(ingressRule), 3, 'Where requests go by host and path.', { listType: 'atomic' }),
}));
export interface IngressSpec extends Of<typeof ingressSpec> {}

export const ingressPortStatus = message(
  'io.k8s.api.networking.v1.IngressPortStatus',
  "State of one port of an ingress's load balancer.",
  () => ({
    port: int32(1, 'Port number.', { required: true }),
    protocol: string(2, 'Protocol of the port.', { required: true, enum: ['SCTP', 'TCP', 'UDP'] }),
    error: string(3, 'Why the port does not work, as a CamelCase word; absent if it does.', { pointer: true }),
  }),
);
export interface IngressPortStatus extends Of<typeof ingressPortStatus> {}

export const ingressLoadBalancerIngress = message(
  'io.k8s.api.networking.v1.IngressLoadBalancerIngress',
  'One address at which an ingress takes requests.',
  () => ({
    ip: string(1, 'IP address, for load balancers that have one.'),
    hostname: string(2, 'Host name, for load balancers known by name.'),
    ports: list(of(ingressPortStatus), 4, 'State of each port.', { listType: 'atomic' }),
  }),
);
export interface IngressLoadBalancerIngress extends Of<typeof ingressLoadBalancerIngress> {}

export const ingressLoadBalancerStatus = message(
  'io.k8s.api.networking.v1.IngressLoadBalancerStatus',
  'Where an ingress takes requests.',
  () => ({
    ingress: list(of(ingressLoadBalancerIngress), 1, 'Its addresses.', { listType: 'atomic' }),
  }),
);
export interface IngressLoadBalancerStatus extends Of<typeof ingressLoadBalancerStatus> {}

export const ingressStatus = message('io.k8s.api.networking.v1.IngressStatus', 'State of an ingress.', () => ({
  loadBalancer: ref(ingressLoadBalancerStatus, 1, 'Where it takes requests.'),
}));
export interface IngressStatus extends Of<typeof ingressStatus> {}

export const ingress = message(
  'io.k8s.api.networking.v1.Ingress',
  'Routes HTTP requests from outside to services, by host and path.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(ingressSpec, 2, 'The state that is wanted.', { present: true }),
    status: ref(ingressStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
  }),
);
export interface Ingress extends Of<typeof ingress> {}

export const ingressClassParametersReference = message(
  'io.k8s.api.networking.v1.IngressClassParametersReference',
  'Names an object with settings for a class.',
  () => ({
    apiGroup: string(1, 'API group of the object; the core group unless given.', { pointer: true }),
    kind: string(2, 'Kind of the object.', { required: true }),
    name: string(3, 'Name of the object.', { required: true }),
    scope: string(4, 'Cluster (the default) or Namespace: where the object lives.', { nullable: true }),
    namespace: string(5, 'Namespace of the object; required with scope Namespace.', { pointer: true }),
  }),
);
export interface IngressClassParametersReference extends Of<typeof ingressClassParametersReference> {}

export const ingressClassSpec = message('io.k8s.api.networking.v1.IngressClassSpec', 'Who serves the ingresses of a class.', () => ({
  controller: string(1, 'Controller in charge, such as example.com/ingress; cannot be changed.'),
  parameters: ref(ingressClassParametersReference, 2, 'Object with settings for the controller, if it wants one.', { pointer: true }),
}));
export interface IngressClassSpec extends Of<typeof ingressClassSpec> {}

export const ingressClass = message('io.k8s.api.networking.v1.IngressClass', 'A class of ingresses, served by one controller.', () => ({
  apiVersion: string(undefined, 'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.'),
  kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
  metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
    present: true,
  }),
  spec: ref(ingressClassSpec, 2, 'Who serves the class.', { present: true }),
}));
export interface IngressClass extends Of<typeof ingressClass> {}
