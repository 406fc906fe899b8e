// Ingresses as networking.k8s.io/v1beta1 has them: backends are flat, and paths need no type. Upstream: `pkg/apis/networking/v1beta1/conversion.go`,
// `defaults.go`, and the rules by version of `pkg/apis/networking/validation` (1.19 to 1.21).
import {
  type Ingress,
  type IngressBackend,
  type KubeObject,
  type NetworkingV1beta1Ingress,
  type NetworkingV1beta1IngressBackend,
  networkingKinds,
} from '../../../api/index.ts';
import { olderKinds } from '../../../api/schema.ts';
import { rulesOfView, type VersionRules, type VersionView } from '../../registry/strategy.ts';
import { listOf } from '../../validation/field-errors.ts';
import { normalForm } from '../normal-form.ts';

const asBeta = (object: KubeObject): NetworkingV1beta1Ingress => object as NetworkingV1beta1Ingress;

/** The rules of the version are given with the strategy: errors name its fields. */
export const ingressV1beta1 = (rules: VersionRules<Ingress>): VersionView => ({
  setDefaults: (object: KubeObject) => {
    for (const { http } of listOf(asBeta(object).spec.rules)) {
      for (const path of listOf(http?.paths)) path.pathType ??= 'ImplementationSpecific';
    }
  },
  toStored: (object: KubeObject) => {
    const { spec, ...same } = asBeta(object);
    const { backend, ...others } = spec;
    const defaultBackend = backend && toStored(backend);
    const stored = { ...same, spec: { ...others, defaultBackend, rules: rulesWith(spec.rules, toStored) } };
    return normalForm<Ingress>(networkingKinds.ingresses, stored);
  },
  fromStored: (object: KubeObject) => {
    const { spec, ...same } = object as Ingress;
    const { defaultBackend, ...others } = spec;
    const backend = defaultBackend && fromStored(defaultBackend);
    return normalForm(olderKinds.ingressesV1beta1, { ...same, spec: { ...others, backend, rules: rulesWith(spec.rules, fromStored) } });
  },
  rules: rulesOfView(rules),
});

interface RuleWith<B> {
  readonly http?: { readonly paths: readonly { readonly backend: B }[] } | undefined;
}

/** Rules with other backends. */
const rulesWith = <A, B>(rules: readonly RuleWith<A>[] | undefined, convert: (backend: A) => B): object[] | undefined =>
  rules?.map((rule) => {
    if (!rule.http) return rule;
    const paths = listOf(rule.http.paths).map((path) => ({ ...path, backend: convert(path.backend) }));
    return { ...rule, http: { ...rule.http, paths } };
  });

/** A port of 0 is none; any text is a name. */
function toStored({ serviceName = '', servicePort = 0, resource }: NetworkingV1beta1IngressBackend): IngressBackend {
  if (serviceName === '' && servicePort === 0) return { resource };
  const port = typeof servicePort === 'string' ? { name: servicePort } : { number: servicePort };
  return { resource, service: { name: serviceName, port } };
}

function fromStored({ service, resource }: IngressBackend): NetworkingV1beta1IngressBackend {
  if (!service) return { resource };
  return { resource, serviceName: service.name, servicePort: service.port?.name || (service.port?.number ?? 0) };
}
