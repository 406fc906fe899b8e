import { typedLocalObjectReference } from '../../core/v1/references.ts';
import { intOrString, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { otherVersion } from '../../schema/other-version.ts';
import {
  type IngressClass,
  type Ingress as PresentIngress,
  type HTTPIngressPath as PresentPath,
  type IngressSpec as PresentSpec,
  ingress as present,
  ingressClass as presentClass,
} from '../v1/ingress.ts';

const VERSIONS = { from: 'io.k8s.api.networking.v1.', to: 'io.k8s.api.networking.v1beta1.' };

export const ingressBackend = message(
  'io.k8s.api.networking.v1beta1.IngressBackend',
  'What answers requests: a service or another resource.',
  () => ({
    serviceName: string(1, "Name of the service, in the ingress's namespace."),
    servicePort: intOrString(2, 'Which of its ports, by number or name.'),
    resource: ref(typedLocalObjectReference, 3, 'Another object in the namespace that the controller understands, such as a bucket.', {
      pointer: true,
    }),
  }),
);
export interface IngressBackend extends Of<typeof ingressBackend> {}

/** Backends were flat, and the default one had no word for that in its name. */
export const ingress = otherVersion<Ingress>(present, {
  ...VERSIONS,
  fields: {
    IngressSpec: {
      defaultBackend: undefined,
      backend: ref(ingressBackend, 1, 'Answers what no rule matches; needed if there are no rules.', { pointer: true }),
    },
    HTTPIngressPath: {
      pathType: string(3, 'Exact, Prefix (by whole elements between slashes) or ImplementationSpecific, which is the default.', {
        pointer: true,
        enum: ['Exact', 'ImplementationSpecific', 'Prefix'],
      }),
      backend: ref(ingressBackend, 2, 'What answers.', { required: true }),
    },
  },
});

export type HTTPIngressPath = Omit<PresentPath, 'backend' | 'pathType'> & { pathType?: string | undefined; backend: IngressBackend };
export interface IngressRule {
  host?: string | undefined;
  http?: { paths: HTTPIngressPath[] } | undefined;
}
export type IngressSpec = Omit<PresentSpec, 'defaultBackend' | 'rules'> & {
  backend?: IngressBackend | undefined;
  rules?: IngressRule[] | undefined;
};
export type Ingress = Omit<PresentIngress, 'spec'> & { spec: IngressSpec };

/** The same fields. */
export const ingressClass = otherVersion<IngressClass>(presentClass, VERSIONS);
