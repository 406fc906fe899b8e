import { typedLocalObjectReference } from '../../core/v1/references.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { int32, item, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const serviceBackendPort = message(
  'io.k8s.api.networking.v1.ServiceBackendPort',
  '',
  () => ({
    name: string(1, ''),
    number: int32(2, ''),
  }),
  { mapType: 'atomic' },
);
export interface ServiceBackendPort extends Of<typeof serviceBackendPort> {}

export const ingressServiceBackend = message('io.k8s.api.networking.v1.IngressServiceBackend', '', () => ({
  name: string(1, '', { required: true }),
  port: ref(serviceBackendPort, 2, ''),
}));
export interface IngressServiceBackend extends Of<typeof ingressServiceBackend> {}

export const ingressBackend = message('io.k8s.api.networking.v1.IngressBackend', '', () => ({
  service: ref(ingressServiceBackend, 4, '', { pointer: true }),
  resource: ref(typedLocalObjectReference, 3, '', { pointer: true }),
}));
export interface IngressBackend extends Of<typeof ingressBackend> {}

export const httpIngressPath = message('io.k8s.api.networking.v1.HTTPIngressPath', '', () => ({
  path: string(1, ''),
  pathType: string(3, '', { required: true, nullable: true, enum: ['Exact', 'ImplementationSpecific', 'Prefix'] }),
  backend: ref(ingressBackend, 2, '', { required: true }),
}));
export interface HTTPIngressPath extends Of<typeof httpIngressPath> {}

export const httpIngressRuleValue = message('io.k8s.api.networking.v1.HTTPIngressRuleValue', '', () => ({
  paths: list(of(httpIngressPath), 1, '', { required: true, listType: 'atomic' }),
}));
export interface HTTPIngressRuleValue extends Of<typeof httpIngressRuleValue> {}

export const ingressTLS = message('io.k8s.api.networking.v1.IngressTLS', '', () => ({
  hosts: list(item.string(), 1, '', { listType: 'atomic' }),
  secretName: string(2, ''),
}));
export interface IngressTLS extends Of<typeof ingressTLS> {}

export const ingressRule = message('io.k8s.api.networking.v1.IngressRule', '', () => ({
  host: string(1, ''),
  http: ref(httpIngressRuleValue, [2, 1], '', { pointer: true }),
}));
export interface IngressRule extends Of<typeof ingressRule> {}

export const ingressSpec = message('io.k8s.api.networking.v1.IngressSpec', '', () => ({
  ingressClassName: string(4, '', { pointer: true }),
  defaultBackend: ref(ingressBackend, 1, '', { pointer: true }),
  tls: list(of(ingressTLS), 2, '', { listType: 'atomic' }),
  rules: list(of(ingressRule), 3, '', { listType: 'atomic' }),
}));
export interface IngressSpec extends Of<typeof ingressSpec> {}

export const ingressPortStatus = message('io.k8s.api.networking.v1.IngressPortStatus', '', () => ({
  port: int32(1, '', { required: true }),
  protocol: string(2, '', { required: true, enum: ['SCTP', 'TCP', 'UDP'] }),
  error: string(3, '', { pointer: true }),
}));
export interface IngressPortStatus extends Of<typeof ingressPortStatus> {}

export const ingressLoadBalancerIngress = message('io.k8s.api.networking.v1.IngressLoadBalancerIngress', '', () => ({
  ip: string(1, ''),
  hostname: string(2, ''),
  ports: list(of(ingressPortStatus), 4, '', { listType: 'atomic' }),
}));
export interface IngressLoadBalancerIngress extends Of<typeof ingressLoadBalancerIngress> {}

export const ingressLoadBalancerStatus = message('io.k8s.api.networking.v1.IngressLoadBalancerStatus', '', () => ({
  ingress: list(of(ingressLoadBalancerIngress), 1, '', { listType: 'atomic' }),
}));
export interface IngressLoadBalancerStatus extends Of<typeof ingressLoadBalancerStatus> {}

export const ingressStatus = message('io.k8s.api.networking.v1.IngressStatus', '', () => ({
  loadBalancer: ref(ingressLoadBalancerStatus, 1, ''),
}));
export interface IngressStatus extends Of<typeof ingressStatus> {}

export const ingress = message('io.k8s.api.networking.v1.Ingress', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(ingressSpec, 2, '', { present: true }),
  status: ref(ingressStatus, 3, '', { present: true }),
}));
export interface Ingress extends Of<typeof ingress> {}

export const ingressClassParametersReference = message('io.k8s.api.networking.v1.IngressClassParametersReference', '', () => ({
  kind: string(2, '', { required: true }),
  apiGroup: string(1, '', { pointer: true }),
  name: string(3, '', { required: true }),
  scope: string(4, '', { nullable: true }),
  namespace: string(5, '', { pointer: true }),
}));
export interface IngressClassParametersReference extends Of<typeof ingressClassParametersReference> {}

export const ingressClassSpec = message('io.k8s.api.networking.v1.IngressClassSpec', '', () => ({
  controller: string(1, ''),
  parameters: ref(ingressClassParametersReference, 2, '', { pointer: true }),
}));
export interface IngressClassSpec extends Of<typeof ingressClassSpec> {}

export const ingressClass = message('io.k8s.api.networking.v1.IngressClass', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(ingressClassSpec, 2, '', { present: true }),
}));
export interface IngressClass extends Of<typeof ingressClass> {}
